//! The serials that are expected, and new ones.

use crate::case::By::Operator;
use crate::case::{Case, case};
use crate::given::{Given, accepted};
use crate::table::assert_table;

const LIST: &str = "serial,site\n0821032398,Pier 3\n0821032411,Pier 4\n";

/// An operator imported a list of two serials.
fn imported() -> Given {
    Given::Called(Operator, "POST /v1/estate", LIST)
}

pub(crate) fn cases() -> Vec<Case> {
    [listed(), imports(), removed(), issued()].concat()
}

fn listed() -> Vec<Case> {
    let list = |says| case(says).given([imported()]).by(Operator);
    vec![
        list("an operator lists the serials that are expected")
            .calls("GET /v1/estate?most=1")
            .answers(200),
        list("the former name of most goes on working until the next version")
            .calls("GET /v1/estate?limit=1")
            .answers(200),
        list("an operator goes on after a page whose last serial was taken off")
            .given([Given::Called(Operator, "DELETE /v1/estate/0821032398", "")])
            .calls("GET /v1/estate?most=1&after=1772352000000.0.0821032398")
            .answers(200),
        list("a serial is no place in the list")
            .calls("GET /v1/estate?after=0821032398")
            .refuses(400, "parameter_invalid"),
        list("an operator searches them").calls("GET /v1/estate?q=2411").answers(200),
        list("a page of more than 200 is refused")
            .calls("GET /v1/estate?most=201")
            .refuses(400, "parameter_invalid"),
    ]
}

fn imports() -> Vec<Case> {
    let import = |says| case(says).by(Operator).calls("POST /v1/estate");
    vec![
        import("an operator imports a list, of which a line holds no serial")
            .csv("S/N;site\n0821032398;Pier 3\nx;Pier 4\n")
            .answers(200),
        case("an operator asks what a list would replace, and nothing is replaced")
            .given([imported()])
            .by(Operator)
            .calls("POST /v1/estate?replace=true&dry_run=true")
            .csv("serial\n0821032398\n")
            .answers(200),
        case("an operator replaces the list")
            .given([imported()])
            .by(Operator)
            .calls("POST /v1/estate?replace=true")
            .csv("serial\n0821032398\n")
            .answers(200),
        import("a list without any serial replaces nothing")
            .csv("serial\n")
            .refuses(400, "body_malformed"),
        import("a workbook is no list")
            .body("text/csv", b"PK\x03\x04 and so on")
            .refuses(415, "content_type_unsupported"),
        import("a list of more serials than allowed is refused")
            .given([Given::Setting("estate_serials_max = 1")])
            .csv(LIST)
            .refuses(413, "body_too_large"),
        import("a list of more bytes than allowed is refused")
            .given([Given::Setting("estate_bytes_max = 10")])
            .csv(LIST)
            .refuses(413, "body_too_large"),
    ]
}

fn removed() -> Vec<Case> {
    let remove = |says| case(says).given([imported()]).by(Operator);
    vec![
        remove("an operator takes a serial off the list")
            .calls("DELETE /v1/estate/082-103-2398")
            .answers(204),
        remove("what is not expected is not taken off")
            .calls("DELETE /v1/estate/0821032399")
            .refuses(404, "not_found"),
    ]
}

fn issued() -> Vec<Case> {
    let issue = |says| case(says).by(Operator).calls("POST /v1/serials");
    vec![
        issue("an operator has a serial made, which is expected from now on")
            .given([accepted()])
            .json(r#"{"count":1,"batch":"pallet 7"}"#)
            .answers(201),
        issue("no serials are none").json(r#"{"count":0}"#).refuses(400, "parameter_invalid"),
        issue("a format that there is not is refused")
            .json(r#"{"count":1,"format":"nobody-1"}"#)
            .refuses(400, "parameter_invalid"),
        issue("a wish that is not known is refused")
            .json(r#"{"count":1,"colour":"red"}"#)
            .refuses(400, "body_malformed"),
    ]
}

#[tokio::test]
async fn expected_serials_are_listed_imported_removed_and_made() {
    assert_table("estate", cases()).await;
}
