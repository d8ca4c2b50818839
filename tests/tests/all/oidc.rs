//! Signing in with the company's account, against an identity provider that is honest and one that
//! lies.

use crate::SOON;
use crate::signing_in::{browse, told};
use pipeline::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use servers::{Conduct, IdentityServer, Signed};
use store::Store;
use tests::harness::{Answer, Browser, BrowserSettings, Caller, Camera, Installation, eventually};

/// A provider whose clock is right.
async fn provider() -> IdentityServer {
    IdentityServer::up(|| Clock::System.now().as_second()).await
}

/// An installation whose people sign in at `provider`.
fn installation_at(provider: &IdentityServer) -> Installation {
    let mut installation = Installation::new();
    for (name, value) in [
        ("LABELSCAN_OIDC_ISSUER", provider.issuer().as_str()),
        ("LABELSCAN_OIDC_CLIENT_ID", IdentityServer::CLIENT_ID),
        ("LABELSCAN_OIDC_CLIENT_SECRET", IdentityServer::CLIENT_SECRET),
        ("LABELSCAN_OIDC_ALLOW_PRIVATE", "true"),
        ("LABELSCAN_OIDC_ROLE_CLAIM", "realm_access.roles"),
        ("LABELSCAN_OIDC_TECHNICIAN", "[\"field\"]"),
        ("LABELSCAN_OIDC_OPERATOR", "[\"desk\", \"night desk\"]"),
        ("LABELSCAN_OIDC_ADMIN", "[\"boss\"]"),
    ] {
        installation.set(name, value);
    }
    installation
}

fn person(email: &str, roles: &[&str]) -> Value {
    json!({ "email": email, "realm_access": { "roles": roles } })
}

/// The value of a cookie that an answer sets, if it sets one that lasts.
fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let set = answer.headers.get_all("set-cookie").into_iter();
    let mut set = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let value = set.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// Somebody on the way to the provider.
struct Way {
    /// What the browser keeps.
    cookie: String,
    /// The provider's page.
    to: String,
}

impl Way {
    async fn begin(nobody: &Caller) -> Self {
        let left = browse(nobody, Method::GET, "/v1/oidc/start", &[], None).await;
        assert_eq!(left.status, 303, "{left:?}");
        let kept = left.headers["set-cookie"].to_str().expect("text");
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
            assert!(kept.contains(attribute), "{kept}");
        }
        let to = left.headers["location"].to_str().expect("text").to_owned();
        Self { cookie: cookie(&left, "labelscan-oidc").expect("a cookie"), to }
    }

    /// Signs in at the provider; gives the path that it sends the browser back to.
    async fn there(&self) -> String {
        let http = reqwest::Client::builder().no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let sent = http.get(&self.to).send().await.expect("an answer");
        assert_eq!(sent.status(), 303);
        let back = sent.headers()["location"].to_str().expect("text");
        back[back.find("/v1/").expect("a path")..].to_owned()
    }

    async fn back(&self, nobody: &Caller, path: &str) -> Answer {
        let cookie = format!("other=1; labelscan-oidc={}", self.cookie);
        let headers = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "cross-site")];
        browse(nobody, Method::GET, path, &headers, None).await
    }
}

/// All the way there and back.
async fn sign_in(nobody: &Caller) -> Answer {
    let way = Way::begin(nobody).await;
    let path = way.there().await;
    way.back(nobody, &path).await
}

#[tokio::test]
async fn people_of_the_company_come_in_with_the_role_that_was_written_down() {
    let provider = provider().await;
    let installation = installation_at(&provider);
    let server = installation.start().await;
    let nobody = Caller::new(installation.address(), "");
    let page = browse(&nobody, Method::GET, "/sign-in", &[], None).await;
    assert!(page.text.contains("href=\"/v1/oidc/start\""), "{page:?}");
    let chinese = [("Accept-Language", "zh-CN")];
    let page = browse(&nobody, Method::GET, "/sign-in", &chinese, None).await;
    assert!(page.text.contains("使用公司账号登录"), "{page:?}");

    for (email, roles, signed, first, links) in [
        ("van7@company.example", vec!["other", "field"], Signed::Rs256, "/", 403),
        ("eva@company.example", vec!["field", "night desk"], Signed::Es256, "/console", 201),
    ] {
        provider.person(person(email, &roles));
        provider.conduct(Conduct { signed, ..Conduct::default() });
        let entered = sign_in(&nobody).await;
        assert_eq!(entered.status, 200, "{entered:?}");
        let refresh = format!("http-equiv=\"refresh\" content=\"0; url={first}\"");
        assert!(entered.text.contains(&refresh), "{entered:?}");
        assert_eq!(entered.headers["referrer-policy"], "no-referrer", "the address has the code");
        let sent = entered.headers.get_all("set-cookie").into_iter();
        let sent: Vec<_> = sent.map(|cookie| cookie.to_str().expect("text")).collect();
        let session = sent.iter().find(|it| it.starts_with("labelscan=")).expect("a session");
        assert!(
            session.contains("SameSite=Strict") && session.contains("Max-Age=43200"),
            "{sent:?}"
        );
        assert_eq!(cookie(&entered, "labelscan-oidc"), None, "the attempt's cookie goes");
        let session = cookie(&entered, "labelscan").expect("a session");
        let session = format!("labelscan={session}");
        let headers = [("Cookie", session.as_str()), ("Sec-Fetch-Site", "same-origin")];
        let scans = browse(&nobody, Method::GET, "/v1/scans", &headers, None).await;
        assert_eq!(scans.status, 200, "{scans:?}");
        let link = nobody.request(Method::POST, "/v1/sign-ins").build().expect("a request");
        let link = reqwest::Client::new().post(link.url().clone());
        let link = link.header("Cookie", &session).header("Sec-Fetch-Site", "same-origin");
        let link = link.json(&json!({ "name": "guest", "role": "technician" }));
        assert_eq!(nobody.send(link).await.expect("an answer").status, links, "{email}");
    }
    assert_eq!(server.stop().await, Some(0));

    let store = Store::open(&installation.store()).await.expect("the store opens");
    let opened = told(&store, "eva@company.example").await;
    let how = json!({ "role": "operator", "subject": "u-7", "issuer": provider.issuer() });
    let eva = "eva@company.example".to_owned();
    assert_eq!(opened, [(eva, "session.opened".to_owned(), how)]);
    store.close().await;
    let log = installation.log();
    for hidden in [IdentityServer::CLIENT_SECRET, "s3cr", "code-1", "eyJ"] {
        let line = log.lines().find(|line| line.contains(hidden));
        assert_eq!(line, None, "a log line holds {hidden:?}");
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_and_in_the_audit_trail() {
    let provider = provider().await;
    let installation = installation_at(&provider);
    let server = installation.start().await;
    let nobody = Caller::new(installation.address(), "");
    let unverified = json!({ "email_verified": false });
    for (person, more) in [
        (person("eve@company.example", &["staff", "Boss"]), json!({})),
        (json!({ "email": "eve@company.example" }), json!({})),
        (json!({ "email": "", "realm_access": { "roles": "boss" } }), json!({})),
        (json!({ "realm_access": { "roles": ["boss"] } }), json!({})),
        (person("boss@company.example", &["boss"]), unverified),
    ] {
        provider.person(person.clone());
        provider.conduct(Conduct { claims: more, ..Conduct::default() });
        let denied = sign_in(&nobody).await;
        assert_eq!(denied.status, 403, "{person}: {denied:?}");
        assert!(denied.text.contains("has no role here"), "{denied:?}");
        assert_eq!(cookie(&denied, "labelscan"), None);
    }
    assert_eq!(server.stop().await, Some(0));
    let store = Store::open(&installation.store()).await.expect("the store opens");
    let denied = told(&store, "GET /v1/oidc/callback").await;
    let denied: Vec<_> = denied.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    assert_eq!(denied, [("eve@company.example", "denied"), ("u-7", "denied")], "one a minute");
    store.close().await;
}

#[tokio::test]
async fn a_provider_that_lies_signs_nobody_in() {
    let provider = provider().await;
    let installation = installation_at(&provider);
    let _server = installation.start().await;
    let nobody = Caller::new(installation.address(), "");
    provider.person(person("boss@company.example", &["boss"]));
    let claims = |claims| Conduct { claims, ..Conduct::default() };
    let header = |header| Conduct { header, ..Conduct::default() };
    let signed = |signed| Conduct { signed, ..Conduct::default() };
    for (conduct, status, why) in [
        (claims(json!({ "nonce": "another" })), 401, "nonce"),
        (claims(json!({ "nonce": null })), 401, "nonce"),
        (claims(json!({ "aud": "another" })), 401, "InvalidAudience"),
        (claims(json!({ "azp": "another" })), 401, "another client"),
        (claims(json!({ "iss": "https://login.example" })), 401, "InvalidIssuer"),
        (claims(json!({ "iat": 1_000, "exp": 2_000 })), 401, "expired"),
        (claims(json!({ "exp": null })), 401, "exp"),
        (claims(json!({ "nbf": 9_000_000_000_i64 })), 401, "from the future"),
        (signed(Signed::Not), 401, "not a signed token"),
        (signed(Signed::PublicKeyAsSecret), 401, "InvalidAlgorithm"),
        (signed(Signed::ByStranger), 401, "InvalidSignature"),
        (header(json!({ "alg": "ES256" })), 401, "InvalidAlgorithm"),
        (header(json!({ "kid": "rsa-9" })), 401, "not the provider's"),
        (Conduct { flood: true, ..Conduct::default() }, 503, "more than 262144 bytes"),
    ] {
        let logged = installation.log().len();
        // What it says of itself is known from before.
        provider.conduct(Conduct::default());
        let way = Way::begin(&nobody).await;
        provider.conduct(conduct.clone());
        let path = way.there().await;
        let refused = way.back(&nobody, &path).await;
        assert_eq!(refused.status, status, "{conduct:?}: {refused:?}");
        assert_eq!(cookie(&refused, "labelscan"), None, "{conduct:?}");
        assert!(refused.text.contains("href=\"/v1/oidc/start\""), "the way to try again");
        // The log is written by a thread of its own, perhaps after the answer.
        let said = || async {
            let log = installation.log().split_off(logged);
            log.lines().any(|line| line.contains("nobody") && line.contains(why)).then_some(())
        };
        eventually(&format!("a line of the log with {why:?}"), SOON, said).await;
    }
    provider.conduct(Conduct::default());
    let way = Way::begin(&nobody).await;
    let path = way.there().await;
    provider.close();
    assert_eq!(way.back(&nobody, &path).await.status, 503, "the provider is down");
    provider.open().await;
    assert_eq!(way.back(&nobody, &path).await.status, 400, "that attempt is over");
    assert_eq!(sign_in(&nobody).await.status, 200, "it was the lies that were refused");
}

#[tokio::test]
async fn an_attempt_ends_once_and_in_the_browser_that_began_it() {
    let provider = provider().await;
    let mut installation = installation_at(&provider);
    installation.set("LABELSCAN_OIDC_ATTEMPTS_MAX", "2");
    let _server = installation.start().await;
    let nobody = Caller::new(installation.address(), "");
    provider.person(person("boss@company.example", &["boss"]));

    let (way, other) = (Way::begin(&nobody).await, Way::begin(&nobody).await);
    let busy = browse(&nobody, Method::GET, "/v1/oidc/start", &[], None).await;
    assert_eq!(busy.status, 503, "two are under way: {busy:?}");
    let path = way.there().await;
    let bare = browse(&nobody, Method::GET, &path, &[], None).await;
    assert_eq!(bare.status, 400, "without the cookie: {bare:?}");
    assert_eq!(other.back(&nobody, &path).await.status, 400, "with another browser's");
    assert_eq!(way.back(&nobody, "/v1/oidc/callback?code=code-1").await.status, 400, "no state");
    assert_eq!(way.back(&nobody, &format!("{path}&state=x")).await.status, 400, "two states");
    assert_eq!(way.back(&nobody, &path).await.status, 200, "nothing of that used it up");
    let again = way.back(&nobody, &path).await;
    assert_eq!((again.status, cookie(&again, "labelscan")), (400, None), "once");

    let path = other.there().await;
    let state = path.split("state=").nth(1).expect("a state");
    let state = state.split('&').next().expect("a state");
    let stolen = other.back(&nobody, &format!("/v1/oidc/callback?state={state}&code=code-1")).await;
    assert_eq!(stolen.status, 401, "a code that was used, or is another's: {stolen:?}");
    for more in ["error=access_denied", "code=c&iss=https://other.example", "x=y"] {
        let way = Way::begin(&nobody).await;
        let path = way.there().await;
        let state = path.split("state=").nth(1).expect("a state");
        let state = state.split('&').next().expect("a state");
        let refused = format!("/v1/oidc/callback?state={state}&{more}");
        assert_eq!(way.back(&nobody, &refused).await.status, 401, "{more}");
    }
}

#[tokio::test]
async fn a_check_says_what_to_do_about_the_provider() {
    let provider = provider().await;
    let installation = installation_at(&provider);
    let line = async || {
        let ended = installation.run(&["check"]).await;
        let line = ended.stdout.lines().find(|line| line.contains("company sign-in"));
        (ended.code, line.unwrap_or_else(|| panic!("{ended:?}")).to_owned())
    };
    let (code, well) = line().await;
    assert_eq!(code, Some(0), "{well}");
    let redirect = format!("http://{}/v1/oidc/callback", installation.address());
    assert!(well.starts_with("ok") && well.ends_with(&redirect), "{well}");
    assert!(well.contains("2 keys"), "{well}");
    for (discovery, part) in [
        (json!({ "issuer": "http://localhost" }), "set `oidc_issuer` to exactly that"),
        (json!({ "code_challenge_methods_supported": ["plain"] }), "PKCE with S256: allow that"),
        (json!({ "jwks_uri": null }), "see that `oidc_issuer` is right"),
    ] {
        provider.conduct(Conduct { discovery, ..Conduct::default() });
        let (code, wrong) = line().await;
        assert_eq!(code, Some(1), "{wrong}");
        assert!(wrong.starts_with("WRONG") && wrong.contains(part), "{wrong}");
    }
    provider.close();
    let (_, wrong) = line().await;
    assert!(wrong.contains("cannot connect") && wrong.contains("reach it"), "{wrong}");
}

#[tokio::test]
async fn a_real_browser_goes_to_the_other_site_and_comes_back_signed_in() {
    let provider = provider().await;
    let installation = installation_at(&provider);
    let _server = installation.start().await;
    provider.person(person("van7@company.example", &["field"]));
    let phone = BrowserSettings::phone(Camera::Refused);
    let phone = Browser::start(phone, installation.address()).await;
    phone.open("/").await;
    phone.until_shown("Sign in with your company's account").await;
    phone.screenshot("company_sign_in").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new());
    phone.click("a.button.main").await;
    phone.until_shown("Photograph the label").await;
    let scans = "return fetch('/v1/scans').then((answer) => answer.status)";
    assert_eq!(phone.run(scans).await, json!(200), "the strict cookie is sent");
    provider.person(person("eve@company.example", &[]));
    phone.open("/v1/oidc/start").await;
    phone.until_shown("has no role here").await;
    phone.screenshot("company_no_role").await;
    assert_eq!(phone.barriers().await, Vec::<String>::new());
}
