//! What a stranger may send: nothing of it costs more than an answer, and whoever is honest is
//! served meanwhile.

use crate::{SOON, clear_photo, serial_of};
use serde_json::json;
use std::time::Duration;
use tests::decompression_bombs::decompression_bombs;
use tests::harness::{Answer, Installation, eventually};
use tests::hostile_clients::{drip, lie, slow_beginning};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is said but once.
const NEVER: Duration = Duration::from_secs(3600);

/// The stable code of a refusal or of the first reason.
fn code(answer: &Answer) -> &str {
    let reason = answer.body["reasons"][0]["code"].as_str();
    answer.body["code"].as_str().or(reason).unwrap_or_default()
}

#[tokio::test]
async fn a_bomb_is_answered_with_a_code_and_costs_no_more_than_a_reader() {
    let installation = Installation::new();
    let server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    for (number, (name, bomb)) in decompression_bombs().into_iter().enumerate() {
        let answer = caller
            .upload_raw(&format!("bomb-{number}"), &bomb)
            .await
            .unwrap_or_else(|| panic!("{name}"));
        assert!(answer.status < 500, "{name}: {answer:?}");
        assert_ne!(answer.body["status"], "accepted", "{name}");
        assert!(!code(&answer).is_empty(), "{name}: {answer:?}");
    }
    let photo = clear_photo(61);
    let after = caller.upload("after", &[&photo.jpeg]).await.expect("an answer");
    assert_eq!(after.serial(), serial_of(&photo), "{after:?}");
    assert_eq!(server.stop().await, Some(0));
    let log = installation.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn what_is_no_photo_is_told_by_its_content_and_a_name_is_never_a_path() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    let files = [
        (&b"PK\x03\x04\x14\0\0\0\x08\0and so on"[..], "not_a_photo"),
        (b"%PDF-1.7\n1 0 obj", "not_a_photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format_unsupported"),
        (b"<?xml version='1.0'?><!DOCTYPE svg>", "format_unsupported"),
        (b"II*\0\x08\0\0\0\0\0\0\0", "format_unsupported"),
        (b"MM\0*\0\0\0\x08\0\0\0\0", "format_unsupported"),
        (b"GIF89a\x01\0\x01\0\0\0\0", "format_unsupported"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "format_unsupported"),
    ];
    for (number, (bytes, expected)) in files.into_iter().enumerate() {
        let answer = caller.upload_raw(&format!("file-{number}"), bytes).await.expect("an answer");
        assert_eq!((answer.status, code(&answer)), (415, expected), "{answer:?}");
    }

    let photo = clear_photo(62);
    let part = reqwest::multipart::Part::bytes(photo.jpeg.clone());
    let part = part.file_name("../../../../tmp/labelscan-escaped.jpg");
    let form = reqwest::multipart::Form::new().part("photo", part);
    let request = caller.request(reqwest::Method::POST, "/v1/scans").multipart(form);
    let scan = caller.send(request).await.expect("an answer");
    assert_eq!(scan.status, 201, "{scan:?}");
    assert!(!std::path::Path::new("/tmp/labelscan-escaped.jpg").exists());

    let stored = caller.get(&format!("/v1/scans/{}/photo", scan.id())).await.expect("an answer");
    let header = |name: &str| stored.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let expected = format!("inline; filename=\"{}.jpeg\"", scan.id());
    assert_eq!(header("content-disposition"), expected);
    assert!(header("content-security-policy").contains("default-src 'none'"));
}

#[tokio::test]
async fn a_heic_photo_is_read_like_any_other() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let caller = installation.caller("phone", "technician").await;
    let photo = clear_photo(63);
    let colour = image::load_from_memory(&photo.jpeg).expect("a JPEG").into_rgb8();
    let options = heifer::EncodeOptions::default();
    let heic = heifer::encode_rgb8(colour.width(), colour.height(), &colour, &options);
    let heic = heic.expect("a HEIC file");
    let scan = caller.upload_raw("heic", &heic).await.expect("an answer");
    assert_eq!((scan.status, scan.serial()), (201, serial_of(&photo).as_str()), "{scan:?}");
    let stored = caller.get(&format!("/v1/scans/{}/photo", scan.id())).await.expect("an answer");
    assert_eq!(stored.content_type, "image/heic");
}

#[tokio::test]
async fn slow_and_lying_clients_are_shed_while_an_honest_one_is_served() {
    let mut installation = Installation::new();
    installation.set("LABELSCAN_HEADER_MS_MAX", "6000");
    installation.set("LABELSCAN_BODY_MS_MAX", "6000");
    installation.set("LABELSCAN_CONNECTIONS_MAX", "600");
    installation.set("LABELSCAN_PHOTO_BYTES_MAX", "2000000");
    installation.set("LABELSCAN_REQUESTS_PER_SECOND_MAX", "1000");
    let server = installation.start().await;
    let honest = installation.caller("depot", "technician").await;
    let liar = installation.caller("liar", "technician").await;
    let slow = (0..500_usize).map(|number| {
        let (address, beginning) = (installation.address(), slow_beginning(number, liar.key()));
        tokio::spawn(async move { drip(address, &beginning, NEVER).await })
    });
    let slow: Vec<_> = slow.collect();
    let lying = tokio::spawn({
        let liar = liar.clone();
        async move {
            let mut codes = Vec::new();
            for number in 0..1_000 {
                if let Some(answer) = lie(&liar, number, 3_000_000).await {
                    codes.push(answer.status);
                }
            }
            codes
        }
    });
    for seed in 0..4 {
        let photo = clear_photo(seed);
        let answer = honest.upload(&format!("k{seed}"), &[&photo.jpeg]).await.expect("an answer");
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.serial(), serial_of(&photo));
    }
    let codes = lying.await.expect("no panic");
    assert!(codes.iter().all(|code| (400..500).contains(code) || *code == 503), "{codes:?}");
    assert!(codes.len() > 300, "most were answered, not cut off: {}", codes.len());
    let all_closed = async { for_each(slow).await };
    tokio::time::timeout(Duration::from_secs(60), all_closed).await.expect("they are closed");
    let health = || async { honest.get("/healthz").await.filter(|answer| answer.status == 200) };
    eventually("health", SOON, health).await;
    let none = honest.post("/v1/sign-ins", &json!({"name": "x", "role": "admin"})).await;
    assert_eq!(none.expect("an answer").status, 403, "a technician makes no admins");
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn who_is_refused_while_still_sending_hears_why() {
    let installation = Installation::new();
    let server = installation.start().await;
    for body_bytes in [1_000_000, 30_000_000] {
        let mut stream = TcpStream::connect(installation.address()).await.expect("a connection");
        let head = format!(
            "POST /v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n\
             Connection: close\r\nContent-Length: {body_bytes}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("it is heard");
        // The answer is long there before the body has come.
        tokio::time::sleep(Duration::from_millis(300)).await;
        stream.write_all(&vec![0x7f; body_bytes]).await.expect("all of it is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer, not a reset");
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.contains("\"not_signed_in\""), "{answer}");
    }
    assert_eq!(server.stop().await, Some(0));
}

async fn for_each(tasks: Vec<tokio::task::JoinHandle<Option<()>>>) {
    for task in tasks {
        task.await.expect("no panic");
    }
}
