//! Sessions of people: made by a link that works once, kept by a cookie that scripts and other sites
//! cannot use, ended by signing out.

use reqwest::Method;
use tests::harness::{Answer, Caller, Installation};

/// A request of a browser with what it sends by itself.
async fn browse(
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
    let (_, token) = log.split_once("/sign-in?token=").expect("a link is shown");
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
