//! What a photo and a person's word do to a terminal: it registers, a bind is said, what a person
//! types is held against what was read, and what was wrong is undone, corrected or withdrawn.

use crate::case::By::{AnotherOperator, AnotherTechnician, Operator, Technician};
use crate::case::{Case, case};
use crate::given::{Given, accepted, event, in_review};
use crate::photos::{AGREES, ANOTHER, NOTHING, jpeg};
use crate::table::assert_table;
use store::Settled;

const SEND: &str = "POST /v1/scans";
const OPERATE: &str = "POST /v1/scans/{scan}/operation";
const DECIDE: &str = "POST /v1/scans/{scan}/decision";
const ANNA: &str = r#"{"operation":"bind","merchant":"Café Anna"}"#;
/// A serial that no photo of these cases shows.
const INVENTED: &str = r#"{"action":"correct","serial":"HELLOWORLD1"}"#;
const INVENTED_TWICE: &str =
    r#"{"action":"correct","serial":"HELLOWORLD1","typed_again":"hello-world1"}"#;

pub(crate) fn cases() -> Vec<Case> {
    [registered(), asked_afterwards(), refused_operations(), typed(), undone(), corrected()]
        .concat()
}

/// The same terminal's photo, with what was said.
fn sent(says: &'static str, details: &'static str) -> Case {
    case(says)
        .calls(SEND)
        .form(&[("photo", &jpeg(AGREES)[..]), ("details", details.as_bytes())])
        .answers(201)
}

fn said(details: &'static str) -> Given {
    Given::Scan(Technician, AGREES, details)
}

fn delivered() -> Given {
    Given::Settled(|| Settled::Delivered { answer: None })
}

fn decided(by: crate::case::By, json: &'static str) -> Given {
    Given::Called(by, DECIDE, json)
}

fn registered() -> Vec<Case> {
    vec![
        sent(
            "a photo without an operation registers, and a merchant beside it changes nothing",
            r#"{"merchant":"Café Anna","site":"Pier 3"}"#,
        ),
        sent("a terminal that was registered goes to a merchant: the registry is told", ANNA)
            .given([accepted(), delivered()]),
        sent(
            "a terminal goes from one merchant to another: the registry is told",
            r#"{"operation":"bind","merchant":"Berta"}"#,
        )
        .given([accepted(), said(ANNA)]),
        sent(
            "a terminal number that is said later is told",
            r#"{"operation":"bind","tid":"10023456"}"#,
        )
        .given([said(ANNA)]),
        sent("the same bind again is nothing new", ANNA).given([
            accepted(),
            said(ANNA),
            delivered(),
            delivered(),
        ]),
        sent("a terminal that is seen again is nothing new", "{}").given([said(ANNA), delivered()]),
        sent("the registry is told of each sighting where it wants to be", "{}")
            .given([Given::Setting("sighting_event = \"on\""), said(ANNA)]),
        sent("a photo without an operation binds where that is the default", "{}")
            .given([Given::Setting("default_operation = \"bind\"")]),
        sent(
            "a bind to nobody registers, and what is missing is asked for",
            r#"{"operation":"bind"}"#,
        ),
        sent(
            "a swap for nothing registers, and what is missing is asked for",
            r#"{"operation":"swap"}"#,
        ),
        sent(
            "a swap for a terminal that nobody has seen registers, and the old one is asked for",
            r#"{"operation":"swap","replaces":"ZZZ123456"}"#,
        ),
    ]
}

fn asked_afterwards() -> Vec<Case> {
    let operate = |says| case(says).calls(OPERATE);
    let old = || Given::Scan(Technician, ANOTHER, ANNA);
    vec![
        operate("what was not said with the photo is said afterwards")
            .given([said(r#"{"operation":"bind"}"#)])
            .json(ANNA)
            .answers(200),
        operate("a terminal takes the place of another one that was photographed: all of it")
            .given([old(), said(r#"{"operation":"swap"}"#)])
            .json(r#"{"operation":"swap","replaces":"0821032411"}"#)
            .answers(200),
        operate("another technician's terminal is left alone")
            .given([accepted()])
            .by(AnotherTechnician)
            .json(ANNA)
            .refuses(404, "not_found"),
        operate("nothing is done with a terminal that is still in question")
            .given([in_review()])
            .json(ANNA)
            .refuses(404, "not_found"),
    ]
}

fn refused_operations() -> Vec<Case> {
    let operate = |says| case(says).given([accepted()]).calls(OPERATE);
    let makers = [
        Given::Setting("typed_serials = \"allow\""),
        accepted(),
        Given::Scan(
            Technician,
            ANOTHER,
            r#"{"operation":"swap","replaces":"verifone:0821032398"}"#,
        ),
    ];
    vec![
        operate("a bind names the merchant or the terminal number")
            .json(r#"{"operation":"bind","site":"Pier 3"}"#)
            .refuses(409, "merchant_missing"),
        operate("a swap names a terminal that somebody has seen")
            .json(r#"{"operation":"swap","replaces":"ZZZ123456"}"#)
            .refuses(409, "replaced_unknown"),
        operate("a swap names something")
            .json(r#"{"operation":"swap"}"#)
            .refuses(422, "details_invalid"),
        case("of two makers' terminals with one serial a swap names one")
            .given(makers)
            .calls(OPERATE)
            .json(r#"{"operation":"swap","replaces":"0821032398"}"#)
            .refuses(409, "replaces_missing"),
    ]
}

fn typed() -> Vec<Case> {
    let grey = || Given::Scan(Technician, NOTHING, "{}");
    let unread = |says| case(says).given([grey()]).calls(DECIDE);
    let near = r#"{"action":"correct","serial":"]C0O82 103 2398\r\n"}"#;
    vec![
        case("what differs from a reading by look-alikes is taken as it is typed")
            .given([in_review()])
            .calls(DECIDE)
            .json(near)
            .answers(200),
        unread("what nobody read is typed twice").json(INVENTED).refuses(422, "type_again"),
        unread("what is typed twice is twice the same")
            .json(r#"{"action":"correct","serial":"HELLOWORLD1","typed_again":"HELLOWORLD2"}"#)
            .refuses(422, "decision_invalid"),
        unread("what a technician types and nobody read waits for somebody else")
            .json(INVENTED_TWICE)
            .answers(200),
        unread("a technician does not confirm what a technician typed")
            .given([decided(Technician, INVENTED_TWICE)])
            .json(r#"{"action":"confirm","serial":"HELLOWORLD1"}"#)
            .refuses(422, "decision_invalid"),
        unread("an operator confirms what a technician typed")
            .given([decided(Technician, INVENTED_TWICE)])
            .by(Operator)
            .json(r#"{"action":"confirm","serial":"HELLOWORLD1"}"#)
            .answers(200),
        unread("an operator types twice, too")
            .by(Operator)
            .json(INVENTED)
            .refuses(422, "type_again"),
        unread("what a technician types is taken where that is allowed")
            .given([Given::Setting("typed_serials = \"allow\"")])
            .json(INVENTED_TWICE)
            .answers(200),
        case("a terminal that is known is changed by nobody's typing alone")
            .given([Given::Setting("typed_serials = \"allow\""), accepted()])
            .given([Given::Scan(AnotherTechnician, NOTHING, r#"{"operation":"unbind"}"#)])
            .by(AnotherTechnician)
            .calls(DECIDE)
            .json(r#"{"action":"correct","serial":"0821032398","typed_again":"0821032398"}"#)
            .answers(200),
        case("where a serial must be expected, a technician's word does not do")
            .given([Given::Setting("estate = \"required\""), in_review()])
            .calls(DECIDE)
            .json(r#"{"action":"confirm","serial":"0821032398"}"#)
            .answers(200),
    ]
}

fn undone() -> Vec<Case> {
    let undo = |says| case(says).calls(DECIDE).json(r#"{"action":"undo"}"#);
    let confirmed = || decided(Technician, r#"{"action":"confirm","serial":"0821032398"}"#);
    vec![
        undo("a decision is undone before the registry is told")
            .given([in_review(), confirmed()])
            .answers(200),
        undo("an operator undoes a technician's decision")
            .given([in_review(), confirmed()])
            .by(Operator)
            .answers(200),
        undo("what the registry may have been told is not undone")
            .given([in_review(), confirmed(), Given::Minutes(1)])
            .refuses(409, "conflict"),
        undo("an operator's decision is not a technician's to undo")
            .given([in_review(), decided(Operator, r#"{"action":"reject"}"#)])
            .refuses(409, "conflict"),
        undo("where nobody decided there is nothing to undo")
            .given([accepted()])
            .refuses(409, "conflict"),
        undo("undo takes no serial")
            .given([in_review(), confirmed()])
            .json(r#"{"action":"undo","serial":"0821032398"}"#)
            .refuses(422, "decision_invalid"),
    ]
}

fn corrected() -> Vec<Case> {
    let wrong = |says| case(says).given([said(ANNA), delivered()]).by(Operator).calls(DECIDE);
    let right = r#"{"action":"correct","serial":"0821032411","typed_again":"0821032411"}"#;
    let review = |says| case(says).given([in_review()]).calls(DECIDE);
    let first = r#"{"action":"confirm","serial":"0821032398"}"#;
    let second = r#"{"action":"correct","serial":"0821032399"}"#;
    vec![
        wrong("what is rejected after the registry was told is withdrawn")
            .json(r#"{"action":"reject"}"#)
            .answers(200),
        wrong("what is corrected after the registry was told takes the wrong one's place")
            .json(right)
            .answers(200),
        wrong("a terminal that another photo shows is not withdrawn")
            .given([Given::Scan(AnotherTechnician, AGREES, "{}")])
            .json(r#"{"action":"reject"}"#)
            .answers(200),
        case("an operator says that there is no such terminal")
            .given([said(ANNA), delivered()])
            .by(Operator)
            .calls("POST /v1/terminals/0821032398/events")
            .json(r#"{"event":"withdraw","note":"the label was another device's"}"#)
            .answers(201),
        sent("a terminal that was withdrawn is registered by a photo that shows it", "{}")
            .given([accepted(), event(r#"{"event":"withdraw"}"#)]),
        review("a technician does not override an operator")
            .given([decided(Operator, first)])
            .json(second)
            .refuses(409, "conflict"),
        review("an operator overrides a technician")
            .given([decided(Technician, first)])
            .by(Operator)
            .json(second)
            .answers(200),
        review("who has not seen another operator's decision does not replace it")
            .given([decided(AnotherOperator, first)])
            .by(Operator)
            .json(second)
            .refuses(409, "conflict"),
        review("who has seen another operator's decision replaces it")
            .given([decided(AnotherOperator, first)])
            .by(Operator)
            .json(r#"{"action":"correct","serial":"0821032399","instead_of":"082 103 2398"}"#)
            .answers(200),
    ]
}

#[tokio::test]
async fn what_is_registered_is_what_happened() {
    assert_table("registering", cases()).await;
}
