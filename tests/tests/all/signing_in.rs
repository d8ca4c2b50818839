//! Sessions of people: made by a link that works once, kept by a cookie that scripts and other sites
//! cannot use, ended by signing out.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use store::{NewKey, Store};
use tests::harness::{Answer, Caller, Installation};

/// A request of a browser with what it sends by itself.
pub(crate) async fn browse(
    caller: &Caller,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    form: Option<String>,
) -> Answer {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let http = http.build().expect("a client");
    let url = caller.request(method.clone(), path).build().expect("a request").url().clone();
    let mut request = http.request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(form) = form {
        request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    }
    caller.send(request).await.expect("an answer")
}

#[tokio::test]
async fn a_session_is_one_browsers_alone_and_ends_when_asked() {
    let installation = Installation::new();
    let _server = installation.start().await;
    let nobody = Caller::new(installation.address(), "");
    let log = installation.log();
    assert!(!log.contains("/sign-in?token="), "a link in the journal: {log}");
    let shown = installation.run(&["sign-in"]).await.stdout;
    let (_, token) = shown.split_once("/sign-in?token=").expect("a link is shown");
    let token = token.split_whitespace().next().expect("a token");
    let form = || Some(format!("token={token}"));
    let own = ("Sec-Fetch-Site", "same-origin");
    let other = ("Sec-Fetch-Site", "cross-site");

    let looked = browse(&nobody, Method::GET, &format!("/sign-in?token={token}"), &[], None).await;
    assert_eq!(looked.status, 200, "looking uses nothing up: {looked:?}");
    let entered = browse(&nobody, Method::POST, "/sign-in", &[own], form()).await;
    assert_eq!(entered.status, 303, "{entered:?}");
    let cookie = entered.headers["set-cookie"].to_str().expect("a cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let again = browse(&nobody, Method::POST, "/sign-in", &[own], form()).await;
    assert_eq!(again.status, 401, "a link works once: {again:?}");

    let session = ("Cookie", cookie.split(';').next().expect("its value"));
    let page = browse(&nobody, Method::GET, "/console", &[session], None).await;
    assert_eq!(page.status, 200, "{page:?}");
    for (header, value) in [
        ("content-security-policy", "frame-ancestors 'none'"),
        ("content-security-policy", "script-src 'self'"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        let sent = page.headers[header].to_str().expect("text");
        assert!(sent.contains(value), "{header}: {sent}");
    }
    let forged = browse(&nobody, Method::POST, "/sign-out", &[session, other], None).await;
    assert_eq!((forged.status, forged.body["code"].as_str()), (403, Some("cross_site")));
    let both = [session, ("Authorization", "Bearer lsk_wrong")];
    let mixed = browse(&nobody, Method::GET, "/v1/scans", &both, None).await;
    assert_eq!(mixed.status, 401, "a wrong key is not replaced by a cookie: {mixed:?}");

    let left = browse(&nobody, Method::POST, "/sign-out", &[session, own], None).await;
    assert_eq!(left.status, 303, "{left:?}");
    let after = browse(&nobody, Method::GET, "/v1/scans", &[session], None).await;
    assert_eq!(after.status, 401, "the session is over at the server, too: {after:?}");
}

/// Records a key whose time is over; the command line makes only keys that begin to work.
async fn expired_key(installation: &Installation) -> Caller {
    let secret = "lsk_over";
    let store = Store::open(&installation.store()).await.expect("the store opens");
    let (id, name, role) = ("over".into(), "former".into(), "operator".into());
    let hash = pipeline::access::hash(secret);
    let key = NewKey { id, name, role, hash, expires_at: Some(Timestamp::UNIX_EPOCH) };
    store.create_key(key, Timestamp::UNIX_EPOCH).await.expect("it is recorded");
    store.close().await;
    Caller::new(installation.address(), secret)
}

/// Who did what to a subject, as the audit trail has it, oldest first, with the particulars.
pub(crate) async fn told(store: &Store, subject: &str) -> Vec<(String, String, Value)> {
    let entries = store.history(&[subject], None, 0).await.expect("the store answers");
    let detail = |bytes: &[u8]| serde_json::from_slice(bytes).expect("JSON");
    entries.items.into_iter().rev().map(|it| (it.who, it.what, detail(&it.detail))).collect()
}

#[tokio::test]
async fn what_is_denied_and_what_is_privileged_is_in_the_audit_trail() {
    let installation = Installation::new();
    let van = installation.caller("van 7", "technician").await;
    let desk = installation.caller("desk", "operator").await;
    let former = expired_key(&installation).await;
    let server = installation.start().await;
    let link = json!({"name": "van 8", "role": "technician"});
    for _ in 0..5 {
        let denied = van.post("/v1/sign-ins", &link).await.expect("an answer");
        assert_eq!((denied.status, &denied.body["code"]), (403, &json!("forbidden")));
    }
    let over = former.get("/v1/scans").await.expect("an answer");
    assert_eq!((over.status, &over.body["code"]), (401, &json!("key_expired")));
    let stranger = van.with_key("lsk_guess").get("/v1/deliveries").await.expect("an answer");
    assert_eq!((stranger.status, &stranger.body["code"]), (401, &json!("not_signed_in")));
    assert_eq!(desk.post("/v1/sign-ins", &link).await.expect("an answer").status, 201);
    let file = desk.get("/v1/terminals/export?format=json").await.expect("an answer");
    assert_eq!(file.status, 200, "{file:?}");
    let days = ["keys", "create", "--name", "guest", "--role", "technician", "--days", "1"];
    assert_eq!(installation.run(&days).await.code, Some(0));
    let list = installation.run(&["keys", "list"]).await.stdout;
    assert!(
        list.lines().any(|line| line.contains("expired") && line.ends_with("former")),
        "{list}"
    );
    assert_eq!(server.stop().await, Some(0));

    let store = Store::open(&installation.store()).await.expect("the store opens");
    let keys = store.keys().await.expect("the store answers");
    let guest = keys.iter().find(|key| key.name == "guest").expect("it is recorded");
    let lasts = guest.expires_at.expect("it ends").duration_since(guest.created_at);
    assert_eq!(lasts, SignedDuration::from_hours(24));
    let by = |who: &str, what: &str, detail| (who.to_owned(), what.to_owned(), detail);
    let once = |status| json!({"status": status, "count": 1});
    let denied = told(&store, "POST /v1/sign-ins").await;
    assert_eq!(denied, [by("van 7", "denied", once(403))], "a minute is one entry");
    assert_eq!(told(&store, "GET /v1/scans").await, [by("former", "denied", once(401))]);
    let guessed = told(&store, "GET /v1/deliveries").await;
    assert!(guessed.is_empty(), "nobody is known by a guess: {guessed:?}");
    let made = told(&store, "van 8").await;
    assert_eq!((made[0].0.as_str(), made[0].1.as_str()), ("desk", "sign_in.created"));
    assert_eq!((made.len(), &made[0].2["role"]), (1, &json!("technician")));
    let exported = by("desk", "terminals.exported", json!(0));
    assert_eq!(told(&store, "terminals").await, [exported]);
    store.close().await;
}
