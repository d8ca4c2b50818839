//! What an operator relies on: metrics that dashboards and alerts can refer to, a stop that loses
//! nothing and leaves nothing claimed, certificates that are renewed without a restart.

use crate::{SOON, clear_photo};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tests::harness::{Caller, FakeRegistry, Installation, eventually, root};

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("a free port")
}

/// The names of ours in a text, as they stand there.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| word.starts_with("labelscan_"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn dashboard_and_alerts_refer_to_metrics_that_are_there() {
    let registry = FakeRegistry::up().await;
    let mut installation = Installation::registering_at(&registry);
    let address = free_address();
    installation.set("LABELSCAN_METRICS_LISTEN", &address.to_string());
    let _server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    let scan = caller.upload("k", &[&clear_photo(71).jpeg]).await.expect("an answer");
    assert_eq!(scan.body["status"], "accepted", "{scan:?}");

    let monitoring = Caller::new(address, "");
    let delivered = || async {
        let answer = monitoring.get("/metrics").await?;
        let line = "labelscan_deliveries_total{outcome=\"delivered\"} 1";
        answer.text.contains(line).then_some(answer)
    };
    let answer = eventually("the delivery is counted", SOON, delivered).await;
    assert!(answer.content_type.starts_with("application/openmetrics-text"), "{answer:?}");
    assert!(answer.text.ends_with("# EOF\n"));
    let format = scan.body["serial"]["format"].as_str().expect("a format");
    let counted = format!("labelscan_scans_total{{verdict=\"accepted\",format=\"{format}\"}} 1");
    for line in [
        counted.as_str(),
        "labelscan_read_seconds_count{stage=\"total\"} 1",
        "labelscan_waiting{queue=\"scans\"} 0",
        "labelscan_storage_up 1",
        "labelscan_registry_open 1",
        "labelscan_http_requests_total{method=\"POST\",route=\"/v1/scans\",status=\"201\"} 1",
    ] {
        assert!(answer.text.contains(line), "{line} is not in\n{}", answer.text);
    }
    assert!(!answer.text.contains(scan.serial()), "no serial in metrics");

    let there = names(&answer.text);
    for file in ["alerts.yml", "dashboard.json"] {
        let path = root().join("crates/labelscan/operate").join(file);
        let text = std::fs::read_to_string(path).expect("the file");
        let named = names(&text);
        assert!(named.len() >= 8, "{file} names {named:?}");
        let missing: Vec<_> = named.difference(&there).collect();
        assert!(missing.is_empty(), "{file} refers to {missing:?}");
    }
    let elsewhere = caller.get("/metrics").await.expect("an answer");
    assert_eq!(elsewhere.status, 404, "not on the listener that the world reaches");
}

#[tokio::test]
async fn a_stop_leaves_nothing_claimed_and_the_next_start_goes_on_at_once() {
    let mut installation = Installation::new();
    installation.set("LABELSCAN_LEASE_MS", "3600000");
    installation.set("LABELSCAN_READERS", "1");
    let server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    let photo = clear_photo(72);
    let mut scans = Vec::new();
    for number in 0..12 {
        let request = caller.request(reqwest::Method::POST, "/v1/scans");
        let request = request
            .header("Idempotency-Key", format!("k{number}"))
            .header("Prefer", "respond-async")
            .header("Content-Type", "image/jpeg")
            .body(photo.jpeg.clone());
        let answer = caller.send(request).await.expect("an answer");
        assert_eq!(answer.status, 202, "{answer:?}");
        scans.push(answer.id());
    }
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());

    // A lease that was left behind would keep its scan away for an hour.
    let _server = installation.start().await;
    for id in scans {
        let path = format!("/v1/scans/{id}");
        let read =
            || async { caller.get(&path).await.filter(|scan| scan.body["status"] == "accepted") };
        eventually("each scan is read", SOON, read).await;
    }
}

/// A new certificate for this machine, written over the old one.
fn certify(folder: &Path) -> reqwest::Client {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a pair");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).expect("a file");
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("PEM");
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]);
    client.pool_max_idle_per_host(0).build().expect("a client")
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_without_a_restart() {
    let mut installation = Installation::new();
    // The provider of its arithmetic is installed by the first caller.
    let _ = Caller::new(installation.address(), "");
    let folder = installation.folder().to_owned();
    let before = certify(&folder);
    installation.set("LABELSCAN_TLS", "files");
    for (name, file) in [("CERTIFICATE", "certificate.pem"), ("KEY", "key.pem")] {
        let path = folder.join(file).display().to_string();
        installation.set(&format!("LABELSCAN_TLS_{name}"), &path);
    }
    let mut server = installation.start_unready();
    let url = format!("https://{}/readyz", installation.address());
    let ready = |client: reqwest::Client| {
        let url = url.clone();
        move || {
            let request = client.get(&url).send();
            async move { request.await.ok().filter(|answer| answer.status() == 200).map(drop) }
        }
    };
    eventually("it answers over TLS", SOON, ready(before.clone())).await;
    let after = certify(&folder);
    eventually("the new certificate is shown", SOON, ready(after)).await;
    assert!(before.get(&url).send().await.is_err(), "the old one is not shown any more");
    assert!(!server.has_ended());
}

/// A collector that takes traces as OTLP over HTTP; what it was sent, as one.
async fn collector() -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let taking = taken.clone();
    let take = async move |body: axum::body::Bytes| {
        taking.lock().expect("no panic").extend_from_slice(&body);
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let routes = axum::Router::new().route("/v1/traces", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (address, taken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_sees_the_way_of_a_scan_but_not_its_serial() {
    let (address, taken) = collector().await;
    let registry = FakeRegistry::up().await;
    let mut installation = Installation::registering_at(&registry);
    installation.set("LABELSCAN_OTEL_ENDPOINT", &format!("http://{address}"));
    // What is logged and what is traced are two things.
    installation.set("LABELSCAN_LOG", "error");
    let server = installation.start().await;
    let caller = installation.caller("depot", "technician").await;
    let scan = caller.upload("k", &[&clear_photo(72).jpeg]).await.expect("an answer");
    assert_eq!(scan.body["status"], "accepted", "{scan:?}");
    let told = || async { (!registry.accepted().is_empty()).then_some(()) };
    eventually("the registration", SOON, told).await;
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
    let taken = taken.lock().expect("no panic");
    let has = |text: &str| taken.windows(text.len()).any(|window| window == text.as_bytes());
    for name in ["labelscan", "request", "read_scan", "deliver", &scan.id()] {
        assert!(has(name), "no {name} in the traces");
    }
    assert!(!has(scan.serial()), "no serial in traces");
}
