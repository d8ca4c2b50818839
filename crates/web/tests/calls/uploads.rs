//! Uploads in parts, for networks that break.

use crate::case::By::{AnotherTechnician, Technician};
use crate::case::{Case, case};
use crate::given::Given;
use crate::photos::{AGREES, ENDLESS};
use crate::table::assert_table;

const PART: &str = "application/partial-upload";
/// Bytes of the photo [`AGREES`].
const WHOLE: usize = 3 + AGREES.len();

/// A technician sent the first part of two: the beginning of a photo.
fn begun() -> Given {
    Given::UploadBegun(Technician, "code_128 0821032398", WHOLE)
}

pub(crate) fn cases() -> Vec<Case> {
    [begin_and_look(), parts(), refused_parts(), given_up()].concat()
}

fn begin_and_look() -> Vec<Case> {
    let look = |says| case(says).given([begun()]).calls("HEAD /v1/uploads/{made}");
    vec![
        case("a technician begins an upload in parts")
            .calls("POST /v1/scans")
            .photo("code_128 0821032398")
            .header("upload-complete", "?0")
            .header("upload-length", "42")
            .answers(201),
        case("an upload whose length is not said is refused")
            .calls("POST /v1/scans")
            .photo("code_128 0821032398")
            .header("upload-complete", "?0")
            .refuses(400, "parameter_invalid"),
        case("an upload beyond what may be held is refused")
            .given([Given::Setting("resumable_bytes_max = 8")])
            .calls("POST /v1/scans")
            .photo("code_128 0821032398")
            .header("upload-complete", "?0")
            .header("upload-length", "42")
            .refuses(413, "body_too_large"),
        look("who sends it asks how much has arrived").answers(204),
        look("of an upload that is a scan nothing is missing")
            .given([Given::LastPart(Technician, "22", " | S/N: 0821032398 | PAX")])
            .answers(204),
        look("the upload that was idle longest makes room for another")
            .given([Given::Setting("resumable_uploads_max = 1"), begun()])
            .calls("HEAD /v1/uploads/{made_before}")
            .refuses(404, "not_found"),
        look("another technician's upload is not to be seen")
            .by(AnotherTechnician)
            .refuses(404, "not_found"),
    ]
}

fn parts() -> Vec<Case> {
    let part = |says| case(says).given([begun()]).calls("PATCH /v1/uploads/{made}");
    vec![
        part("a part in the middle is kept")
            .header("upload-offset", "22")
            .header("upload-complete", "?0")
            .body(PART, b" | S/N: ")
            .answers(204),
        part("the last part is answered like the whole upload")
            .header("upload-offset", "22")
            .header("upload-complete", "?1")
            .body(PART, b" | S/N: 0821032398 | PAX")
            .answers(201),
        part("the last part again answers the same scan")
            .given([Given::LastPart(Technician, "22", " | S/N: 0821032398 | PAX")])
            .header("upload-offset", "46")
            .header("upload-complete", "?1")
            .body(PART, b"")
            .answers(201),
        case("the whole under the same Idempotency-Key is the same scan")
            .given([begun(), Given::LastPart(Technician, "22", " | S/N: 0821032398 | PAX")])
            .calls("POST /v1/scans")
            .header("idempotency-key", "terminal-1")
            .photo(AGREES)
            .answers(201),
        case("the last part of a photo that is still being read is answered before the verdict")
            .given([
                Given::Setting("answer_ms_max = 400"),
                Given::UploadBegun(Technician, "is read", 3 + ENDLESS.len()),
            ])
            .calls("PATCH /v1/uploads/{made}")
            .header("upload-offset", "10")
            .header("upload-complete", "?1")
            .body(PART, b" without end")
            .answers(202),
    ]
}

fn refused_parts() -> Vec<Case> {
    let part = |says| case(says).given([begun()]).calls("PATCH /v1/uploads/{made}");
    vec![
        part("a part that begins elsewhere than the upload ends is refused")
            .header("upload-offset", "5")
            .header("upload-complete", "?1")
            .body(PART, b" | S/N: 0821032398 | PAX")
            .refuses(409, "upload_offset_mismatch"),
        part("a last part that leaves something missing is refused")
            .header("upload-offset", "22")
            .header("upload-complete", "?1")
            .body(PART, b"")
            .refuses(400, "body_malformed"),
        part("a part that does not say where it begins is refused")
            .header("upload-complete", "?1")
            .body(PART, b" | S/N: 0821032398 | PAX")
            .refuses(400, "parameter_invalid"),
        part("a part is no photo")
            .header("upload-offset", "22")
            .body("image/jpeg", b" | S/N: 0821032398 | PAX")
            .refuses(415, "content_type_unsupported"),
        part("a part beyond the whole is refused")
            .header("upload-offset", "22")
            .body(PART, b" | S/N: 0821032398 | PAX and more")
            .refuses(413, "body_too_large"),
        part("another technician adds nothing")
            .by(AnotherTechnician)
            .header("upload-offset", "22")
            .header("upload-complete", "?1")
            .body(PART, b" | S/N: 0821032398 | PAX")
            .refuses(404, "not_found"),
    ]
}

fn given_up() -> Vec<Case> {
    let give_up = |says| case(says).given([begun()]).calls("DELETE /v1/uploads/{made}");
    vec![
        give_up("who sends it gives it up").answers(204),
        give_up("another technician ends nothing").by(AnotherTechnician).refuses(404, "not_found"),
    ]
}

#[tokio::test]
async fn uploads_in_parts_are_begun_continued_and_given_up() {
    assert_table("uploads", cases()).await;
}
