//! The registry: how it is doing, opening the way to it, and its own list.

use crate::case::By::Operator;
use crate::case::{Case, case};
use crate::given::{Given, accepted};
use crate::table::assert_table;

pub(crate) fn cases() -> Vec<Case> {
    let operator = |says| case(says).by(Operator);
    let compare = |says| operator(says).calls("POST /v1/registry/reconciliation");
    vec![
        operator("no registry is set").calls("GET /v1/registry").answers(200),
        operator("an operator asks how the registry is doing")
            .given([Given::Registry])
            .calls("GET /v1/registry")
            .answers(200),
        operator("an operator opens the way to the registry again")
            .given([Given::Registry])
            .calls("POST /v1/registry/reopen")
            .answers(204),
        operator("there is no way to a registry that is not set")
            .calls("POST /v1/registry/reopen")
            .refuses(409, "conflict"),
        compare("an operator holds the registry's list against what was seen")
            .given([accepted()])
            .csv("serial\n0821032411\nO821032398\n0821032411\n")
            .answers(200),
        compare("a list without any serial is refused")
            .csv("serial\n")
            .refuses(400, "body_malformed"),
    ]
}

#[tokio::test]
async fn the_registry_is_looked_at_and_opened_again() {
    assert_table("registry", cases()).await;
}
