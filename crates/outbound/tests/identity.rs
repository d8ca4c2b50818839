//! What is asked of an identity provider, how often, and for how long.

use jiff::{SignedDuration, Timestamp};
use outbound::{Attempt, IdentityError, IdentityProvider, IdentitySettings};
use serde_json::json;
use servers::{Conduct, IdentityServer, Signed};
use std::collections::HashMap;
use std::time::Duration;
use url::Url;

const BACK: &str = "https://scan.example/v1/oidc/callback";

fn settings(server: &IdentityServer) -> IdentitySettings {
    IdentitySettings {
        issuer: server.issuer(),
        client_id: IdentityServer::CLIENT_ID.into(),
        client_secret: Some(IdentityServer::CLIENT_SECRET.into()),
        scopes: "openid email".into(),
        allow_private: true,
        answer_ms_max: 5_000,
        answer_bytes_max: 65_536,
    }
}

/// What time it is for everybody.
const NOW_S: i64 = 1_700_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap()
}

/// Signs in as a browser would; the code that came back is redeemed at `at`.
async fn sign_in(provider: &IdentityProvider, at: Timestamp) -> Result<String, IdentityError> {
    let attempt = Attempt::of("secret");
    let url = provider.authorization_url(&attempt, BACK, at).await?;
    let http = reqwest::Client::builder().no_proxy();
    let http = http.redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let returned: HashMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(returned["state"], attempt.state());
    let claims = provider.claims(&returned["code"], &attempt, BACK, at).await?;
    Ok(claims.subject().to_owned())
}

#[tokio::test]
async fn new_keys_are_learnt_without_asking_for_every_token() {
    let server = IdentityServer::up(|| NOW_S).await;
    let provider = IdentityProvider::open(settings(&server)).unwrap();
    let began = now();
    for signed in [Signed::Rs256, Signed::Es256, Signed::Rs256] {
        server.conduct(Conduct { signed, ..Conduct::default() });
        assert_eq!(sign_in(&provider, began).await.unwrap(), "u-7");
    }
    assert_eq!(server.keys_asked(), 1, "they are kept");

    server.rotate();
    let after = |seconds| began + SignedDuration::from_secs(seconds);
    let early = sign_in(&provider, after(59)).await;
    assert!(matches!(early, Err(IdentityError::IdToken(_))), "{early:?}");
    assert_eq!(server.keys_asked(), 1, "strangers do not make the provider work");
    assert_eq!(sign_in(&provider, after(60)).await.unwrap(), "u-7");
    assert_eq!(server.keys_asked(), 2);
}

#[tokio::test]
async fn a_slow_or_flooding_provider_is_left_in_time() {
    let server = IdentityServer::up(|| NOW_S).await;
    let hurried = IdentitySettings { answer_ms_max: 300, ..settings(&server) };
    let provider = IdentityProvider::open(hurried).unwrap();
    server.conduct(Conduct { pause: Duration::from_secs(60), ..Conduct::default() });
    let attempt = Attempt::of("secret");
    let asked = [(); 3].map(|()| provider.authorization_url(&attempt, BACK, now()));
    let ended =
        tokio::time::timeout(Duration::from_secs(20), futures_util::future::join_all(asked));
    for ended in ended.await.expect("those who wait for others do not wait longer") {
        let why = ended.unwrap_err().to_string();
        assert!(why.contains("within 300 ms"), "{why}");
    }
    server.conduct(Conduct { flood: true, ..Conduct::default() });
    let provider = IdentityProvider::open(settings(&server)).unwrap();
    let why = provider.check(now()).await.unwrap_err().to_string();
    assert!(why.contains("more than 65536 bytes"), "{why}");
}

#[tokio::test]
async fn addresses_and_schemes_are_judged_here_too() {
    let server = IdentityServer::up(|| NOW_S).await;
    for issuer in [server.issuer(), "file:///etc".into(), "https://a.example/?b=c".into()] {
        let strict = IdentitySettings { issuer, allow_private: false, ..settings(&server) };
        let refused = IdentityProvider::open(strict);
        assert!(matches!(refused, Err(IdentityError::Issuer(_))), "{refused:?}");
    }
    for (issuer, part) in [
        ("https://127.0.0.1:9", "set LABELSCAN_OIDC_ALLOW_PRIVATE=true if the identity provider"),
        ("https://localhost:9", "set LABELSCAN_OIDC_ALLOW_PRIVATE=true if the identity provider"),
        ("https://169.254.169.254", "no identity provider can be there"),
    ] {
        let issuer = issuer.into();
        let strict = IdentitySettings { issuer, allow_private: false, ..settings(&server) };
        let why = IdentityProvider::open(strict).unwrap().check(now()).await.unwrap_err();
        assert!(why.to_string().contains(part), "{why}");
    }
    // The issuer is where it may be, but sends to where nothing may be.
    let elsewhere = json!({ "jwks_uri": "http://169.254.169.254/latest/meta-data" });
    server.conduct(Conduct { discovery: elsewhere, ..Conduct::default() });
    let why = IdentityProvider::open(settings(&server)).unwrap().check(now()).await.unwrap_err();
    assert!(why.to_string().contains("no identity provider can be there"), "{why}");
}
