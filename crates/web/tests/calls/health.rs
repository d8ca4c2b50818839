//! `/healthz` and `/readyz`, and the formats.

use crate::case::{By, Case, case};
use crate::given::Given;
use crate::table::assert_table;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("anybody asks whether the process answers")
            .by(By::Nobody)
            .calls("GET /healthz")
            .answers(200),
        case("anybody asks whether the service can take photos")
            .by(By::Nobody)
            .calls("GET /readyz")
            .answers(200),
        case("the service is not ready while no reader is up")
            .given([Given::NoReaderUp])
            .by(By::Nobody)
            .calls("GET /readyz")
            .answers(503),
        case("the service is not ready while the database is gone")
            .given([Given::StoreGone])
            .by(By::Nobody)
            .calls("GET /readyz")
            .answers(503),
        case("a technician asks which forms serials have").calls("GET /v1/formats").answers(200),
    ]
}

#[tokio::test]
async fn health_and_formats_answer_as_described() {
    assert_table("health", cases()).await;
}
