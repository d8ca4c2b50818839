//! Handing the scans that wait for a person to people.

use crate::case::By::{AnotherOperator, Operator, Technician};
use crate::case::{Case, case};
use crate::given::{Given, in_review};
use crate::table::assert_table;

const NEXT: &str = "POST /v1/reviews/next";
const HOLDER: &str = r#"{"holder":"window-1"}"#;

pub(crate) fn cases() -> Vec<Case> {
    let next = |says| case(says).by(Operator).calls(NEXT).json(HOLDER);
    let aside = |says| {
        case(says)
            .given([in_review(), Given::Called(Operator, NEXT, HOLDER)])
            .by(Operator)
            .calls("POST /v1/reviews/{scan}/aside")
            .json(HOLDER)
    };
    vec![
        next("an operator gets the scan that waits longest").given([in_review()]).answers(200),
        next("nothing waits").answers(200),
        next("nobody gets what another operator looks at")
            .given([in_review(), Given::Called(AnotherOperator, NEXT, HOLDER)])
            .answers(200),
        next("what nobody looks at any more is handed out again")
            .given([in_review(), Given::Called(AnotherOperator, NEXT, HOLDER), Given::Minutes(3)])
            .answers(200),
        next("a holder of no letters is refused")
            .json(r#"{"holder":"window 1"}"#)
            .refuses(400, "parameter_invalid"),
        next("a technician reviews nothing").by(Technician).refuses(403, "forbidden"),
        aside("an operator puts aside what is in hand").answers(204),
        aside("what another holds is not put aside").by(AnotherOperator).refuses(409, "conflict"),
        aside("what was in hand too long is not put aside")
            .given([Given::Minutes(3)])
            .refuses(409, "conflict"),
        aside("a holder of no letters is refused")
            .json(r#"{"holder":""}"#)
            .refuses(400, "parameter_invalid"),
    ]
}

#[tokio::test]
async fn reviews_are_handed_out_one_by_one() {
    assert_table("reviews", cases()).await;
}
