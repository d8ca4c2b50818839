//! What the registry was told, and telling it again.

use crate::case::By::Operator;
use crate::case::{Case, case};
use crate::given::{Given, accepted};
use crate::table::assert_table;
use store::Settled;

/// The registry refused a registration: `{delivery}`.
fn refused() -> [Given; 2] {
    let refusal =
        || Settled::Refused { code: "not_in_estate".to_owned(), why: "not ours".to_owned() };
    [accepted(), Given::Settled(refusal)]
}

/// The registry never took a registration: `{delivery}`.
fn exhausted() -> [Given; 2] {
    [accepted(), Given::Settled(|| Settled::Exhausted { why: "no answer".to_owned() })]
}

pub(crate) fn cases() -> Vec<Case> {
    let operator = |says| case(says).by(Operator);
    vec![
        operator("an operator lists what waits for the registry")
            .given([accepted()])
            .calls("GET /v1/deliveries")
            .answers(200),
        operator("an operator lists what the registry refused")
            .given(refused())
            .calls("GET /v1/deliveries?status=refused")
            .answers(200),
        operator("a status that there is not is refused")
            .calls("GET /v1/deliveries?status=lost")
            .refuses(400, "parameter_invalid"),
        operator("an operator has a refused registration delivered again")
            .given(refused())
            .calls("POST /v1/deliveries/{delivery}/replay")
            .answers(204),
        operator("what was delivered is not delivered again")
            .given([accepted(), Given::Settled(|| Settled::Delivered { answer: None })])
            .calls("POST /v1/deliveries/{delivery}/replay")
            .refuses(409, "conflict"),
        operator("there is no such delivery")
            .calls("POST /v1/deliveries/msg_0/replay")
            .refuses(404, "not_found"),
        operator("an operator has everything delivered again that never arrived")
            .given(exhausted())
            .calls("POST /v1/deliveries/replay")
            .json(r#"{"status":"exhausted"}"#)
            .answers(200),
        operator("what waits is not to be delivered again")
            .calls("POST /v1/deliveries/replay")
            .json(r#"{"status":"queued"}"#)
            .refuses(400, "body_malformed"),
    ]
}

#[tokio::test]
async fn deliveries_are_listed_and_tried_again() {
    assert_table("deliveries", cases()).await;
}
