//! Clients that misbehave: uploads that are not what they say, and sockets that hardly say anything.

use crate::harness::{Answer, Caller};
use reqwest::multipart::{Form, Part};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An upload that is not what it says; every fifth has `oversize_bytes`.
pub async fn lie(caller: &Caller, number: usize, oversize_bytes: usize) -> Option<Answer> {
    let request = caller.request(reqwest::Method::POST, "/v1/scans");
    let request = match number % 5 {
        0 => request.header("Content-Type", "image/jpeg").body(vec![0xff; oversize_bytes]),
        1 => request.header("Content-Type", "multipart/form-data; boundary=x").body("--y\r\n\r\n"),
        2 => request
            .header("Content-Type", "multipart/form-data; boundary=x")
            .body(format!("--x\r\n{}: a\r\n", "h".repeat(100_000))),
        3 => request.header("Content-Type", "application/zip").body(vec![0; 100]),
        _ => {
            request.multipart((0..50).fold(Form::new(), |form, _| {
                form.part("photo", Part::bytes(vec![0xff, 0xd8, 0xff]))
            }))
        }
    };
    caller.send(request).await
}

/// One of three ways to be slow, by number: says nothing, stops within the header, stops within the
/// body of an upload by the holder of `key`.
pub fn slow_beginning(number: usize, key: &str) -> String {
    match number % 3 {
        0 => String::new(),
        1 => "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow".to_owned(),
        _ => format!(
            "POST /v1/scans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\n\u{7f}"
        ),
    }
}

/// Sends `beginning` and then a byte from time to time until the other side closes. Nothing if there
/// is no connection.
pub async fn drip(address: SocketAddr, beginning: &str, every: Duration) -> Option<()> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(beginning.as_bytes()).await.ok()?;
    let (mut reader, mut writer) = stream.split();
    let dripping = async {
        loop {
            tokio::time::sleep(every).await;
            if writer.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    let mut rest = Vec::new();
    tokio::select! {
        // An error is an end, too.
        _ = reader.read_to_end(&mut rest) => {}
        () = dripping => {}
    }
    Some(())
}
