//! The webhook against real servers on loopback: honest ones, and every kind that is not.

use axum::http::HeaderMap;
use axum::{Router, body::Bytes, extract::State, http::StatusCode, response::IntoResponse};
use jiff::Timestamp;
use outbound::{Answer, AnswerResult, Message, Outcome, Registry, RegistrySettings};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &[u8] = br#"{"type":"terminal.registered","data":{"serial":"\u00e4 \"0821032398\""}}"#;

fn settings(url: String) -> RegistrySettings {
    RegistrySettings {
        url,
        secret: SECRET.into(),
        allow_private: true,
        deliver_ms_max: 1_000,
        ..Default::default()
    }
}

fn message() -> Message {
    Message { event_id: "evt_0195b0c4".into(), bytes: BODY.into() }
}

/// The verifier checks the timestamp against the real clock, so the tests sign with it.
#[allow(clippy::disallowed_methods)]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn deliver_one(registry: &Registry, message: &Message) -> Outcome {
    registry.deliver(std::slice::from_ref(message), now()).await.remove(0)
}

/// Delivers once, and fails if that takes as long as two deadlines, one after the other.
#[allow(clippy::disallowed_methods)]
async fn deliver(settings: RegistrySettings) -> Outcome {
    let deadline = Duration::from_millis(2 * settings.deliver_ms_max);
    let started = Instant::now();
    let outcome = deliver_one(&Registry::open(&settings).unwrap(), &message()).await;
    assert!(started.elapsed() < deadline, "took {:?}", started.elapsed());
    outcome
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/hook")
}

/// A server that reads a request's head and then does what it likes with the connection.
async fn serve_raw<F, Fut>(behave: F) -> String
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 16 * 1024];
            if stream.read(&mut head).await.is_ok() {
                tokio::spawn(behave(stream));
            }
        }
    });
    format!("http://{address}/hook")
}

#[track_caller]
fn retried(outcome: Outcome, part: &str) {
    let Outcome::Retry { why, .. } = outcome else { panic!("{outcome:?}") };
    assert!(why.contains(part), "{why}");
}

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn recording(answer: &'static str) -> (String, Seen) {
    let seen = Seen::default();
    let handler = move |State(seen): State<Seen>, headers: HeaderMap, body: Bytes| async move {
        seen.lock().unwrap().push((headers, body));
        answer
    };
    let router = Router::new().route("/hook", axum::routing::post(handler));
    (serve(router.with_state(seen.clone())).await, seen)
}

#[tokio::test]
async fn the_bytes_sent_are_the_bytes_signed_and_the_id_stays() {
    let (url, seen) = recording(r#"{"result":"accepted","registry_ref":"R-1"}"#).await;
    let registry = Registry::open(&settings(url)).unwrap();
    for _ in 0..3 {
        let outcome = deliver_one(&registry, &message()).await;
        let answer =
            Answer { result: AnswerResult::Accepted, code: None, registry_ref: Some("R-1".into()) };
        assert_eq!(outcome, Outcome::Delivered(answer));
    }
    let verifier = standardwebhooks::Webhook::new(SECRET).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    for (headers, body) in seen.iter() {
        assert_eq!(body, BODY);
        assert_eq!(headers["webhook-id"], "evt_0195b0c4");
        assert_eq!(headers["content-type"], "application/json");
        verifier.verify(body, headers).unwrap();
        verifier.verify(b"{}", headers).expect_err("another body must not verify");
    }
}

#[tokio::test]
async fn both_secrets_verify_while_they_rotate() {
    let (url, seen) = recording("").await;
    let newer = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
    let both = RegistrySettings { secret: format!("{newer} {SECRET}"), ..settings(url) };
    assert!(matches!(deliver(both).await, Outcome::Delivered(_)));
    let seen = seen.lock().unwrap();
    for secret in [SECRET, newer] {
        standardwebhooks::Webhook::new(secret).unwrap().verify(&seen[0].1, &seen[0].0).unwrap();
    }
}

#[tokio::test]
async fn statuses_come_through_with_their_headers() {
    for (status, check) in [
        (StatusCode::NO_CONTENT, "Delivered"),
        (StatusCode::GONE, "Gone"),
        (StatusCode::CONFLICT, "Refused { code: \"http_409\""),
        (StatusCode::TOO_MANY_REQUESTS, "Throttled { after: Some(7s)"),
        (StatusCode::BAD_GATEWAY, "Retry { after: Some(7s)"),
    ] {
        let router = Router::new().fallback(async move || (status, [("retry-after", "7")], ""));
        let outcome = format!("{:?}", deliver(settings(serve(router).await)).await);
        assert!(outcome.starts_with(check), "{status}: {outcome}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (target, seen) = recording("").await;
    let router = Router::new().fallback(async move || {
        (StatusCode::TEMPORARY_REDIRECT, [("location", target)]).into_response()
    });
    retried(deliver(settings(serve(router).await)).await, "redirects are not followed");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_registry_that_is_down_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    retried(deliver(settings(url)).await, "cannot connect");
    retried(deliver(settings("http://nowhere.invalid/".into())).await, "cannot connect");
}

#[tokio::test]
async fn silence_and_slow_headers_end_at_the_deadline() {
    let silent = serve_raw(async |stream| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
        Ok(())
    });
    retried(deliver(settings(silent.await)).await, "no complete answer within 1000 ms");
    let dripping_head = serve_raw(async |mut stream| {
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-padding: " {
            stream.write_all(&[*byte]).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    });
    retried(deliver(settings(dripping_head.await)).await, "no complete answer within 1000 ms");
}

#[tokio::test]
async fn a_dripping_body_ends_at_the_deadline() {
    let dripping = serve_raw(async |mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await?;
        loop {
            stream.write_all(b" ").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    retried(deliver(settings(dripping.await)).await, "no complete answer within 1000 ms");
}

/// The kilobytes of memory that this process holds.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_flood_is_cut_off_and_takes_nothing() {
    let written = Arc::new(Mutex::new(0_u64));
    let count = written.clone();
    let flooding = serve_raw(move |mut stream| {
        let count = count.clone();
        async move {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await?;
            let block = vec![b' '; 1 << 20];
            for _ in 0..1000 {
                stream.write_all(&block).await?;
                *count.lock().unwrap() += block.len() as u64;
            }
            Ok(())
        }
    });
    let before = resident_kb();
    let outcome = deliver(settings(flooding.await)).await;
    assert!(
        matches!(&outcome, Outcome::Retry { why, .. } if why.contains("longer")),
        "{outcome:?}"
    );
    assert!(resident_kb() < before + 32 * 1024, "{} kB before, {} after", before, resident_kb());
    let written = *written.lock().unwrap();
    assert!(written < 100 << 20, "the flood went on for {written} bytes");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_again() {
    let cut = serve_raw(async |mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"result\":").await
    });
    retried(deliver(settings(cut.await)).await, "the answer broke off");
    let closed = serve_raw(async |stream| {
        drop(stream);
        Ok(())
    });
    retried(deliver(settings(closed.await)).await, "the call failed");
    let reset = serve_raw(async |stream| {
        stream.set_zero_linger()?;
        Ok(())
    });
    retried(deliver(settings(reset.await)).await, "failed");
}

#[tokio::test]
async fn a_refusal_stands_even_if_its_body_breaks_off() {
    let cut = serve_raw(async |mut stream| {
        stream.write_all(b"HTTP/1.1 422 No\r\ncontent-length: 500\r\n\r\n{\"code\":").await
    });
    let outcome = deliver(settings(cut.await)).await;
    assert!(matches!(&outcome, Outcome::Refused { code, .. } if code == "http_422"), "{outcome:?}");
}

#[tokio::test]
async fn nonsense_in_place_of_http_is_tried_again() {
    let noise = serve_raw(async |mut stream| stream.write_all(&[0xff; 4096]).await);
    retried(deliver(settings(noise.await)).await, "the call failed");
    let endless_head = serve_raw(async |mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        loop {
            stream.write_all(b"x-more: of this never ends\r\n").await?;
        }
    });
    retried(deliver(settings(endless_head.await)).await, "the call failed");
}

#[tokio::test]
async fn private_addresses_are_refused_in_every_spelling() {
    let (url, seen) = recording("").await;
    let port = url.split(':').nth(2).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fd00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "0.0.0.0",
        "[::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}");
            let strict = RegistrySettings { allow_private: false, ..settings(url) };
            retried(deliver(strict).await, " address: ");
        }
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn some_addresses_are_refused_even_where_private_ones_are_allowed() {
    for host in [
        "169.254.169.254",
        "0.0.0.0",
        "[::]",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[::ffff:169.254.169.254]",
    ] {
        retried(deliver(settings(format!("https://{host}/"))).await, "no registry can be there");
    }
}

#[tokio::test]
async fn plain_http_does_not_leave_the_operators_network() {
    retried(deliver(settings("http://1.1.1.1/".into())).await, "use an encrypted scheme");
}

#[tokio::test]
async fn the_environments_proxy_is_not_used() {
    let (url, seen) = recording("").await;
    let proxied = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", proxied.local_addr().unwrap());
    let program = std::env::current_exe().unwrap();
    if std::env::var_os("FORWARD_TEST_URL").is_none() {
        // The environment is the process's own: the test runs itself in one that names a proxy.
        let status = tokio::process::Command::new(program)
            .args(["--exact", "the_environments_proxy_is_not_used"])
            .env("FORWARD_TEST_URL", url)
            .envs(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, &proxy)))
            .status()
            .await
            .unwrap();
        assert!(status.success());
        assert_eq!(seen.lock().unwrap().len(), 1);
    } else {
        let url = std::env::var("FORWARD_TEST_URL").unwrap();
        assert!(matches!(deliver(settings(url)).await, Outcome::Delivered(_)));
    }
}

fn three() -> Vec<Message> {
    let message = |number: u32| Message {
        event_id: format!("evt_{number}"),
        bytes: format!(r#"{{"number":{number}}}"#).into(),
    };
    (1..=3).map(message).collect()
}

#[tokio::test]
async fn a_registry_that_takes_lists_gets_one_call_and_answers_each() {
    // Who leaves one out has not seen it.
    let body = r#"{"results":[{"id":"evt_2","result":"rejected","code":"known"},
        {"id":"evt_1","result":"accepted"}]}"#;
    let (url, seen) = recording(body).await;
    let lists = RegistrySettings { batch_events_max: 10, ..settings(url) };
    let outcomes = Registry::open(&lists).unwrap().deliver(&three(), now()).await;
    assert!(
        matches!(&outcomes[..], [
        Outcome::Delivered(_),
        Outcome::Refused { code, .. },
        Outcome::Retry { .. },
    ] if code == "known"),
        "{outcomes:?}"
    );
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    standardwebhooks::Webhook::new(SECRET).unwrap().verify(&seen[0].1, &seen[0].0).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&seen[0].1).unwrap();
    assert_eq!(sent["data"][2], serde_json::json!({"id": "evt_3", "event": {"number": 3}}));
}

#[tokio::test]
async fn one_bad_event_does_not_take_its_list_with_it() {
    let router = Router::new().fallback(async |body: String| match body.contains("evt_2") {
        true => (StatusCode::UNPROCESSABLE_ENTITY, r#"{"code":"bad_mid"}"#),
        false => (StatusCode::OK, ""),
    });
    let lists = RegistrySettings { batch_events_max: 10, ..settings(serve(router).await) };
    let outcomes = Registry::open(&lists).unwrap().deliver(&three(), now()).await;
    assert!(
        matches!(&outcomes[..], [
        Outcome::Delivered(_),
        Outcome::Refused { code, .. },
        Outcome::Delivered(_),
    ] if code == "bad_mid"),
        "{outcomes:?}"
    );
}
