//! What happens to a terminal without a photo: operations, notes, and being compared with what is
//! recorded.

use crate::case::By::{AnotherTechnician, Operator, Technician};
use crate::case::{Case, case};
use crate::given::{Given, accepted, event};
use crate::photos::ANOTHER;
use crate::table::assert_table;
use store::Settled;

const EVENTS: &str = "POST /v1/terminals/0821032398/events";
const VERIFY: &str = "POST /v1/terminals/0821032398/verify";

/// The registry took the oldest registration that waits.
fn registered() -> Given {
    Given::Settled(|| Settled::Delivered { answer: None })
}

/// Another terminal, as a technician says it.
fn another(details: &'static str) -> Given {
    Given::Scan(AnotherTechnician, ANOTHER, details)
}

pub(crate) fn cases() -> Vec<Case> {
    [recorded(), forbidden(), refused(), verified()].concat()
}

fn recorded() -> Vec<Case> {
    let record = |says| case(says).given([accepted()]).by(Operator).calls(EVENTS);
    vec![
        record("an operator says that a terminal left its merchant: the registry is owed that")
            .given([registered()])
            .json(r#"{"event":"unbind","note":"the shop closed"}"#)
            .answers(201),
        record("the same operation again changes nothing")
            .given([registered(), event(r#"{"event":"unbind"}"#)])
            .json(r#"{"event":"unbind"}"#)
            .answers(201),
        record("a terminal that left its merchant goes to another one")
            .given([registered(), event(r#"{"event":"unbind"}"#)])
            .json(r#"{"event":"bind","merchant":"310100048140001","tid":"10023456"}"#)
            .answers(201),
        record("a terminal goes into stock")
            .given([registered(), event(r#"{"event":"unbind"}"#)])
            .json(r#"{"event":"stock_in"}"#)
            .answers(201),
        record("a terminal takes another one's place")
            .given([registered(), event(r#"{"event":"unbind"}"#), another("{}")])
            .json(r#"{"event":"swap","replaces":"0821032411"}"#)
            .answers(201),
        record("a terminal goes out of service for good: the registry is not told")
            .json(r#"{"event":"retire","note":"broken"}"#)
            .answers(201),
        record("a note is kept").json(r#"{"event":"note","note":"a scratch"}"#).answers(201),
    ]
}

fn forbidden() -> Vec<Case> {
    let forbidden = |says| case(says).given([accepted()]).by(Operator).calls(EVENTS);
    let bind = r#"{"event":"bind","merchant":"310100048140001"}"#;
    vec![
        forbidden("a retired terminal goes to no merchant")
            .given([event(r#"{"event":"retire"}"#)])
            .json(bind)
            .refuses(409, "terminal_retired"),
        forbidden("a terminal whose place another took goes to no merchant")
            .given([another(r#"{"operation":"swap","replaces":"0821032398"}"#)])
            .json(bind)
            .refuses(409, "terminal_swapped"),
        forbidden("a terminal at a merchant does not go into stock")
            .given([event(bind)])
            .json(r#"{"event":"stock_in"}"#)
            .refuses(409, "terminal_bound"),
        forbidden("a terminal in stock leaves no merchant")
            .given([event(r#"{"event":"unbind"}"#), event(r#"{"event":"stock_in"}"#)])
            .json(r#"{"event":"unbind"}"#)
            .refuses(409, "terminal_not_bound"),
        forbidden("a terminal that is retired is not replaced")
            .given([
                another("{}"),
                event(r#"{"event":"unbind"}"#),
                Given::Called(
                    Operator,
                    "POST /v1/terminals/0821032411/events",
                    r#"{"event":"retire"}"#,
                ),
            ])
            .json(r#"{"event":"swap","replaces":"0821032411"}"#)
            .refuses(409, "replaced_not_in_service"),
        forbidden("a terminal does not replace itself")
            .given([event(r#"{"event":"unbind"}"#)])
            .json(r#"{"event":"swap","replaces":"0821032398"}"#)
            .refuses(409, "swap_with_itself"),
    ]
}

fn refused() -> Vec<Case> {
    let refused = |says| case(says).given([accepted()]).by(Operator).calls(EVENTS);
    vec![
        refused("a swap that names nothing to replace is refused")
            .json(r#"{"event":"swap"}"#)
            .refuses(422, "details_invalid"),
        refused("an event of an unknown kind is refused")
            .json(r#"{"event":"sell"}"#)
            .refuses(400, "body_malformed"),
        refused("a technician records nothing")
            .by(Technician)
            .json(r#"{"event":"retire"}"#)
            .refuses(403, "forbidden"),
        case("nothing happens to a terminal that nobody saw")
            .by(Operator)
            .calls(EVENTS)
            .json(r#"{"event":"retire"}"#)
            .refuses(404, "not_found"),
        case("of two makers' terminals with one serial the one that is named is meant")
            .given(two_makers())
            .by(Operator)
            .calls("POST /v1/terminals/pax:0821032398/events")
            .json(r#"{"event":"note","note":"a scratch"}"#)
            .answers(201),
        case("of two makers' terminals with one serial the maker must be named")
            .given(two_makers())
            .by(Operator)
            .calls(EVENTS)
            .json(r#"{"event":"retire"}"#)
            .refuses(409, "serial_ambiguous"),
    ]
}

/// Two makers' terminals with one serial, the second as somebody named it.
fn two_makers() -> [Given; 3] {
    [
        Given::Setting("typed_serials = \"allow\""),
        accepted(),
        another(r#"{"operation":"swap","replaces":"verifone:0821032398"}"#),
    ]
}

fn verified() -> Vec<Case> {
    let shop = r#"{"operation":"bind","merchant":"Shop"}"#;
    let at_shop = Given::Scan(Technician, crate::photos::AGREES, shop);
    let verify = |says| case(says).given([at_shop.clone()]).calls(VERIFY);
    vec![
        verify("a technician meets a terminal where it belongs, and is not told more")
            .json(r#"{"merchant":"Shop"}"#)
            .answers(200),
        verify("an operator meets a terminal at another merchant")
            .by(Operator)
            .json(r#"{"merchant":"Another","note":"behind the bar"}"#)
            .answers(200),
        verify("a retired terminal is told")
            .given([event(r#"{"event":"retire"}"#)])
            .json("{}")
            .answers(200),
        case("a technician meets a terminal that nobody saw")
            .calls(VERIFY)
            .json("{}")
            .answers(200),
        verify("a merchant's name has an end")
            .json(
                r#"{"merchant":"                                                                  x                                                                                                                                        x"}"#,
            )
            .refuses(422, "details_invalid"),
    ]
}

#[tokio::test]
async fn operations_follow_what_stands() {
    assert_table("operations", cases()).await;
}
