//! Sending photos, reading without recording, looking back, deciding.

use crate::case::By::{AnotherTechnician, Nobody, Operator, Technician};
use crate::case::{Case, case};
use crate::given::{Given, accepted, in_review};
use crate::photos::{
    AGREES, ANOTHER, DAMAGED, DEADLY, DIFFERS, ENDLESS, NAMELESS, NOTHING, SLOW, VAST, jpeg,
};
use crate::table::assert_table;
use store::Settled;

pub(crate) fn cases() -> Vec<Case> {
    [sent(), senders(), refused_uploads(), read(), looked_at(), decided(), refused_decisions()]
        .concat()
}

fn sent() -> Vec<Case> {
    let send = |says| case(says).by(Technician).calls("POST /v1/scans");
    vec![
        send("barcode and print agree: the serial is accepted and owed to the registry")
            .photo(AGREES)
            .answers(201),
        send("a label and the device's screen are one scan, with what was said about it")
            .form(&[
                ("photo", &jpeg(AGREES)),
                ("screen", &jpeg("S/N: 0821032398")),
                ("details", br#"{"site":"Pier 3","merchant":"310100048140001"}"#),
            ])
            .header("idempotency-key", "terminal-1")
            .answers(201),
        send("barcode and print differ: a person has to look").photo(DIFFERS).answers(201),
        send("nothing is on the photo: it is unreadable").photo(NOTHING).answers(201),
        send("a damaged photo is a scan with its reason").photo(DAMAGED).answers(201),
        send("a photo that takes too long is a scan with its reason").photo(SLOW).answers(201),
        send("a photo that kills the reader stays queued for another attempt")
            .photo(DEADLY)
            .answers(202),
        send("who does not want to wait is answered at once")
            .photo(AGREES)
            .header("prefer", "respond-async")
            .answers(202),
        send("who waited long enough is answered before the verdict")
            .given([Given::Setting("answer_ms_max = 400")])
            .photo(ENDLESS)
            .answers(202),
        send("the same terminal again is linked to the first registration")
            .given([accepted()])
            .by(AnotherTechnician)
            .photo(AGREES)
            .answers(201),
        send("a label that names no maker is no second device beside the one that did")
            .given([accepted()])
            .photo(NAMELESS)
            .answers(201),
        send("a label that names a maker is no second device beside the one that did not")
            .given([Given::Scan(Technician, NAMELESS, "{}")])
            .photo(AGREES)
            .answers(201),
        send("a terminal at a merchant goes to no other one: what was said is refused")
            .given([Given::Scan(AnotherTechnician, AGREES, r#"{"merchant":"Shop"}"#)])
            .form(&[("photo", &jpeg(AGREES)), ("details", br#"{"merchant":"Another"}"#)])
            .answers(201),
        send("where a list is required, a serial that is not on it is not accepted")
            .given([Given::Setting("estate = \"required\"")])
            .photo(AGREES)
            .answers(201),
        send("where a list is required, a serial that is on it is accepted")
            .given([
                Given::Setting("estate = \"required\""),
                Given::Called(Operator, "POST /v1/estate", "serial\n0821032398\n"),
            ])
            .photo(AGREES)
            .answers(201),
        send("an Idempotency-Key belongs to whoever sent it")
            .given([Given::Keyed(AnotherTechnician, ANOTHER, "terminal-1")])
            .photo(AGREES)
            .header("idempotency-key", "terminal-1")
            .answers(201),
        send("a repetition answers the same scan")
            .given([Given::Keyed(Technician, AGREES, "terminal-1")])
            .photo(AGREES)
            .header("idempotency-key", "terminal-1")
            .answers(201),
    ]
}

fn senders() -> Vec<Case> {
    let send = |says| case(says).by(Technician).calls("POST /v1/scans");
    vec![
        send("photos come from who took them")
            .header("labelscan-sender", "van%207")
            .photo(NOTHING)
            .answers(201),
        send("photos that somebody else took on this phone are not the caller's")
            .header("labelscan-sender", "van%208")
            .photo(NOTHING)
            .refuses(409, "sender_changed"),
        send("a sender that is no text is nobody")
            .header("labelscan-sender", "%ff")
            .photo(NOTHING)
            .refuses(409, "sender_changed"),
    ]
}

fn refused_uploads() -> Vec<Case> {
    let send = |says| case(says).by(Technician).calls("POST /v1/scans");
    vec![
        send("a word with spaces is no Idempotency-Key")
            .photo(AGREES)
            .header("idempotency-key", "a b")
            .refuses(400, "idempotency_key_invalid"),
        send("a form that ends in the middle is refused")
            .body(crate::case::FORM, b"--b\r\nContent-Disposition: form-data; name=\"photo\"")
            .refuses(400, "body_malformed"),
        send("a text is no upload")
            .body("text/plain", b"0821032398")
            .refuses(415, "content_type_unsupported"),
        send("a text that says that it is a JPEG is no photo")
            .body("image/jpeg", b"0821032398")
            .refuses(415, "not_a_photo"),
        send("a GIF is not read").body("image/gif", b"GIF89a").refuses(415, "format_unsupported"),
        send("an empty photo is refused").body("image/jpeg", b"").refuses(422, "photo_empty"),
        send("a form without a photo is refused")
            .form(&[("details", b"{}")])
            .refuses(422, "photo_missing"),
        send("a part of an unknown name is refused")
            .form(&[("photo", &jpeg(AGREES)), ("file", b"x")])
            .refuses(422, "part_unknown"),
        send("details of an unknown name are refused")
            .form(&[("photo", &jpeg(AGREES)), ("details", br#"{"shop":"Pier 3"}"#)])
            .refuses(422, "details_invalid"),
        send("a photo beyond the limit is refused")
            .given([Given::Setting("photo_bytes_max = 8")])
            .photo(AGREES)
            .refuses(413, "photo_too_large"),
        send("a photo more than allowed is refused")
            .given([Given::Setting("photos_max = 1")])
            .form(&[("photo", &jpeg(AGREES)), ("photo", &jpeg(AGREES))])
            .refuses(413, "too_many_photos"),
        send("a body that is said to be beyond every limit is refused before it comes")
            .photo(AGREES)
            .header("content-length", "999999999999")
            .refuses(413, "body_too_large"),
        send("other photos under the same key are refused")
            .given([Given::Keyed(Technician, AGREES, "terminal-1")])
            .photo(ANOTHER)
            .header("idempotency-key", "terminal-1")
            .refuses(422, "idempotency_key_reused"),
        send("a body that does not end is given up")
            .given([Given::Setting("body_ms_max = 50")])
            .endless_body()
            .refuses(408, "request_timeout"),
        send("another site's page may send nothing")
            .photo(AGREES)
            .header("sec-fetch-site", "cross-site")
            .refuses(403, "cross_site"),
        send("who has no key sends nothing").by(Nobody).photo(AGREES).refuses(401, "not_signed_in"),
        send("who comes too often has to wait")
            .given([Given::TooOften(Technician)])
            .photo(AGREES)
            .refuses(429, "rate_limited"),
        case("a method that is not offered is refused")
            .calls("PUT /v1/scans")
            .refuses(405, "method_not_allowed"),
    ]
}

fn read() -> Vec<Case> {
    let read = |says| case(says).by(Technician).calls("POST /v1/read");
    vec![
        read("a serial is read and nothing is recorded").photo(AGREES).answers(200),
        read("who showed the terminal first is told")
            .given([accepted()])
            .photo(AGREES)
            .answers(200),
        read("a damaged photo is refused").photo(DAMAGED).refuses(422, "photo_damaged"),
        read("a photo of too many pixels is refused").photo(VAST).refuses(422, "too_many_pixels"),
        read("a photo that takes too long is given up").photo(SLOW).refuses(422, "reader_timeout"),
        read("a photo that kills the reader is given up")
            .photo(DEADLY)
            .refuses(422, "reader_failed"),
        read("a text is no photo")
            .body("text/plain", b"0821032398")
            .refuses(415, "content_type_unsupported"),
    ]
}

fn looked_at() -> Vec<Case> {
    vec![
        case("a technician lists own scans, newest first")
            .given([
                accepted(),
                Given::Scan(AnotherTechnician, ANOTHER, "{}"),
                Given::Scan(Technician, DIFFERS, "{}"),
            ])
            .calls("GET /v1/scans")
            .answers(200),
        case("an operator lists everybody's scans of a status")
            .given([accepted(), Given::Scan(AnotherTechnician, DIFFERS, "{}")])
            .by(Operator)
            .calls("GET /v1/scans?status=review&most=1")
            .answers(200),
        case("a page of no scans is refused")
            .calls("GET /v1/scans?most=0")
            .refuses(400, "parameter_invalid"),
        case("what no page gave is no place in the list")
            .calls("GET /v1/scans?after=msg_1")
            .refuses(400, "parameter_invalid"),
        case("a parameter that is unknown is refused")
            .calls("GET /v1/scans?limit=5")
            .refuses(400, "parameter_invalid"),
        case("a technician looks at an own scan")
            .given([accepted()])
            .calls("GET /v1/scans/{scan}")
            .answers(200),
        case("what the registry refused reaches the technician")
            .given([accepted(), Given::Settled(refusal)])
            .calls("GET /v1/scans/{scan}")
            .answers(200),
        case("another technician's scan is not to be seen")
            .given([accepted()])
            .by(AnotherTechnician)
            .calls("GET /v1/scans/{scan}")
            .refuses(404, "not_found"),
        case("there is no such scan")
            .calls("GET /v1/scans/0195b0c4-6b6e-7c3a-9a51-3f6f0c2d8e11")
            .refuses(404, "not_found"),
        case("an id that is none is refused")
            .calls("GET /v1/scans/first")
            .refuses(400, "parameter_invalid"),
        case("a scan that somebody changed in the database is not shown")
            .given([accepted(), Given::Damaged("UPDATE scans SET judgement = x'00'")])
            .calls("GET /v1/scans/{scan}")
            .refuses(500, "internal"),
        case("a technician looks at the photo of an own scan")
            .given([accepted()])
            .calls("GET /v1/scans/{scan}/photo")
            .answers(200),
        case("another technician's photo is not to be seen")
            .given([accepted()])
            .by(AnotherTechnician)
            .calls("GET /v1/scans/{scan}/photo")
            .refuses(404, "not_found"),
        case("a scan of one photo has no second")
            .given([accepted()])
            .calls("GET /v1/scans/{scan}/photo?n=1")
            .refuses(404, "not_found"),
    ]
}

fn refusal() -> Settled {
    Settled::Refused { code: "not_in_estate".to_owned(), why: "it is not ours".to_owned() }
}

fn decided() -> Vec<Case> {
    let decide = |says| case(says).given([in_review()]).calls("POST /v1/scans/{scan}/decision");
    vec![
        decide("a technician confirms a candidate: it is accepted and owed to the registry")
            .json(r#"{"action":"confirm","serial":"0821032398"}"#)
            .answers(200),
        decide("an operator types another serial")
            .by(Operator)
            .json(r#"{"action":"correct","serial":"082 103 2411","typed_again":"0821032411"}"#)
            .answers(200),
        decide("a technician says that there is no serial")
            .json(r#"{"action":"reject"}"#)
            .answers(200),
        decide("the same decision again changes nothing")
            .given([Given::Called(
                Technician,
                "POST /v1/scans/{scan}/decision",
                r#"{"action":"reject"}"#,
            )])
            .json(r#"{"action":"reject"}"#)
            .answers(200),
    ]
}

fn refused_decisions() -> Vec<Case> {
    let decide = |says| case(says).given([in_review()]).calls("POST /v1/scans/{scan}/decision");
    vec![
        decide("a rejection takes no serial")
            .json(r#"{"action":"reject","serial":"0821032398"}"#)
            .refuses(422, "decision_invalid"),
        decide("a confirmation needs a serial")
            .json(r#"{"action":"confirm"}"#)
            .refuses(422, "decision_invalid"),
        decide("what was not read cannot be confirmed")
            .json(r#"{"action":"confirm","serial":"0821032411"}"#)
            .refuses(422, "decision_invalid"),
        decide("three characters are no serial")
            .json(r#"{"action":"correct","serial":"S/N"}"#)
            .refuses(422, "decision_invalid"),
        decide("a decision of an unknown kind is refused")
            .json(r#"{"action":"guess"}"#)
            .refuses(400, "body_malformed"),
        decide("a decision that is no JSON is refused")
            .body("text/plain", b"reject")
            .refuses(415, "content_type_unsupported"),
        decide("another technician decides nothing")
            .by(AnotherTechnician)
            .json(r#"{"action":"reject"}"#)
            .refuses(404, "not_found"),
        decide("what was decided is not confirmed by somebody else")
            .given([Given::Called(
                Technician,
                "POST /v1/scans/{scan}/decision",
                r#"{"action":"reject"}"#,
            )])
            .by(Operator)
            .json(r#"{"action":"confirm","serial":"0821032398"}"#)
            .refuses(409, "conflict"),
    ]
}

#[tokio::test]
async fn scans_are_sent_read_looked_at_and_decided() {
    assert_table("scans", cases()).await;
}
