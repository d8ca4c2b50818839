//! Finding terminals, and taking the finds home as a file.

use crate::case::By::Operator;
use crate::case::{Case, case};
use crate::given::{Given, accepted, event};
use crate::photos::ANOTHER;
use crate::table::assert_table;

/// Two terminals, the second at a merchant.
fn two() -> [Given; 2] {
    let at_merchant = r#"{"merchant":"=Shop","site":"Pier 3","model":"A920"}"#;
    [accepted(), Given::Scan(crate::case::By::AnotherTechnician, ANOTHER, at_merchant)]
}

pub(crate) fn cases() -> Vec<Case> {
    let operator = |says| case(says).given(two()).by(Operator);
    vec![
        operator("an operator lists terminals, newest first")
            .calls("GET /v1/terminals")
            .answers(200),
        operator("an operator finds a terminal by its merchant and its state")
            .calls("GET /v1/terminals?q=shop&state=submitted&registration=queued")
            .answers(200),
        operator("an operator lists a page of terminals, and where the next one begins")
            .calls("GET /v1/terminals?most=1")
            .answers(200),
        operator("an operator goes on after a page")
            .calls("GET /v1/terminals?most=1&after=pax:0821032411")
            .answers(200),
        operator("a state that there is not is refused")
            .calls("GET /v1/terminals?state=lost")
            .refuses(400, "parameter_invalid"),
        operator("a search of more than 64 characters is refused")
            .calls(
                "GET /v1/terminals?q=\
                 00000000001111111111222222222233333333334444444444555555555566666",
            )
            .refuses(400, "parameter_invalid"),
        operator("an operator looks at one terminal")
            .given([event(r#"{"event":"retire","note":"broken"}"#)])
            .calls("GET /v1/terminals/082-103-2398")
            .answers(200),
        operator("no terminal has this serial")
            .calls("GET /v1/terminals/0821032399")
            .refuses(404, "not_found"),
        operator("an operator takes terminals home as JSON")
            .calls("GET /v1/terminals/export?format=json")
            .answers(200),
        operator(
            "an operator takes the finds home for a spreadsheet, in which nothing is a formula",
        )
        .calls("GET /v1/terminals/export?format=csv&q=shop")
        .answers(200),
        operator("a file of an unknown kind is refused")
            .calls("GET /v1/terminals/export?format=xlsx")
            .refuses(400, "parameter_invalid"),
    ]
}

#[tokio::test]
async fn terminals_are_found_and_exported() {
    assert_table("terminals", cases()).await;
}
