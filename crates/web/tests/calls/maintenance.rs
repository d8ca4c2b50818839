//! Warranty and maintenance of a terminal, with photos.

use crate::case::By::{Operator, Technician};
use crate::case::{Case, case};
use crate::given::{Given, accepted};
use crate::photos::NOTHING;
use crate::table::assert_table;

const RECORDS: &str = "POST /v1/terminals/0821032398/maintenance";
const PHOTOS: &str = "POST /v1/terminals/0821032398/maintenance/{made}/photos";
const REPAIR: &str = r#"{"on":"2026-02-27","kind":"repair","note":"New battery."}"#;

const INSPECTION: &str = r#"{"on":"2026-02-28","kind":"inspection","note":"Seals whole."}"#;

/// A terminal with a record of a repair: `{made}`.
fn repaired() -> [Given; 2] {
    [accepted(), Given::Called(Operator, RECORDS, REPAIR)]
}

/// A photo of the repair: `{photo}`.
fn photographed() -> Given {
    Given::Sent(Operator, PHOTOS, NOTHING)
}

pub(crate) fn cases() -> Vec<Case> {
    [records(), warranty(), photos()].concat()
}

fn records() -> Vec<Case> {
    let add = |says| case(says).given([accepted()]).by(Operator).calls(RECORDS);
    let edit = |says| {
        case(says)
            .given(repaired())
            .by(Operator)
            .calls("PUT /v1/terminals/0821032398/maintenance/{made}")
            .json(r#"{"on":"2026-02-28","kind":"part","note":"New battery and case."}"#)
    };
    vec![
        add("an operator records a repair").json(REPAIR).answers(201),
        add("a record of nothing is refused")
            .json(r#"{"on":"2026-02-27","kind":"repair","note":"  "}"#)
            .refuses(400, "parameter_invalid"),
        add("a day that there is not is refused")
            .json(r#"{"on":"2026-02-30","kind":"repair","note":"x"}"#)
            .refuses(400, "body_malformed"),
        case("nothing is recorded of a terminal that nobody saw")
            .by(Operator)
            .calls(RECORDS)
            .json(REPAIR)
            .refuses(404, "not_found"),
        edit("an operator edits a record: what it said before stays in the audit trail")
            .answers(200),
        edit("a technician edits nothing").by(Technician).refuses(403, "forbidden"),
        case("what was not recorded is not edited")
            .given([accepted()])
            .by(Operator)
            .calls("PUT /v1/terminals/0821032398/maintenance/0195b0c4-6b6e-7c3a-9a51-3f6f0c2d8e11")
            .json(REPAIR)
            .refuses(404, "not_found"),
        case("an operator looks at what was done")
            .given(repaired())
            .given([photographed()])
            .by(Operator)
            .calls("GET /v1/terminals/0821032398/maintenance")
            .answers(200),
        case("an operator looks at the work page by page, the newest first")
            .given(repaired())
            .given([Given::Called(Operator, RECORDS, INSPECTION)])
            .by(Operator)
            .calls("GET /v1/terminals/0821032398/maintenance?most=1")
            .answers(200),
        case("the page after a record of another terminal is refused")
            .given([accepted()])
            .by(Operator)
            .calls("GET /v1/terminals/0821032398/maintenance?after=0195b0c4-6b6e-7c3a-9a51-3f6f0c2d8e11")
            .refuses(400, "parameter_invalid"),
        case("no work was done on a terminal that nobody saw")
            .by(Operator)
            .calls("GET /v1/terminals/0821032398/maintenance")
            .refuses(404, "not_found"),
    ]
}

fn warranty() -> Vec<Case> {
    let set = |says| {
        case(says).given([accepted()]).by(Operator).calls("PUT /v1/terminals/0821032398/warranty")
    };
    vec![
        set("an operator sets the last day of the warranty")
            .json(r#"{"until":"2028-01-31"}"#)
            .answers(200),
        set("a day that there is not is refused")
            .json(r#"{"until":"2028-02-31"}"#)
            .refuses(400, "body_malformed"),
        case("a terminal that nobody saw has no warranty")
            .by(Operator)
            .calls("PUT /v1/terminals/0821032398/warranty")
            .json(r#"{"until":null}"#)
            .refuses(404, "not_found"),
    ]
}

fn photos() -> Vec<Case> {
    let add = |says| case(says).given(repaired()).by(Operator).calls(PHOTOS);
    let one = |says| case(says).given(repaired()).given([photographed()]).by(Operator);
    vec![
        add("an operator adds a photo to a record").photo(NOTHING).answers(201),
        add("a text is no photo")
            .body("text/plain", b"a battery")
            .refuses(415, "content_type_unsupported"),
        add("a text that says that it is a JPEG is no photo")
            .body("image/jpeg", b"a battery")
            .refuses(415, "not_a_photo"),
        add("a record has no more photos than a scan")
            .given([Given::Setting("photos_max = 1"), photographed()])
            .photo(NOTHING)
            .refuses(413, "too_many_photos"),
        case("a photo needs its record")
            .given([accepted()])
            .by(Operator)
            .calls(
                "POST /v1/terminals/0821032398/maintenance/0195b0c4-6b6e-7c3a-9a51-3f6f0c2d8e11/photos",
            )
            .photo(NOTHING)
            .refuses(404, "not_found"),
        one("an operator looks at the photo")
            .calls("GET /v1/terminals/0821032398/maintenance/{made}/photos/{photo}")
            .answers(200),
        one("there is no such photo")
            .calls("GET /v1/terminals/0821032398/maintenance/{made}/photos/{made}")
            .refuses(404, "not_found"),
        one("an operator takes the photo away")
            .calls("DELETE /v1/terminals/0821032398/maintenance/{made}/photos/{photo}")
            .answers(204),
        one("what is not there is not taken away")
            .calls("DELETE /v1/terminals/0821032398/maintenance/{made}/photos/{made}")
            .refuses(404, "not_found"),
    ]
}

#[tokio::test]
async fn maintenance_is_recorded_edited_and_photographed() {
    assert_table("maintenance", cases()).await;
}
