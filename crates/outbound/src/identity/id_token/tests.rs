use super::*;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

const NOW_S: i64 = 1_700_000_000;
const EXPECTED: Expected<'static> =
    Expected { issuer: "https://login.example", client_id: "labelscan", nonce: "n-1" };

/// A provider's key and what it publishes of it under the name `k1`.
struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    fn jwk(&self) -> Value {
        let point = &self.pair.public_key().as_ref()[1..];
        let [x, y] = [&point[..32], &point[32..]].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        json!({"kty": "EC", "crv": "P-256", "kid": "k1", "x": x, "y": y})
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&self.random, message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

fn set(keys: &[Value]) -> JwkSet {
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

fn with(mut object: Value, change: Value) -> Value {
    object.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    object
}

fn claims() -> Value {
    json!({"iss": "https://login.example", "aud": "labelscan", "sub": "u7", "nonce": "n-1",
           "iat": NOW_S, "exp": NOW_S + 300, "roles": ["a", "b"], "realm": {"roles": "c"},
           "https://x.example/roles": ["d"]})
}

fn verified(signer: &Signer, header: &Value, claims: &Value) -> Result<Claims, IdTokenError> {
    let now = Timestamp::from_second(NOW_S).unwrap();
    verify(&signer.token(header, claims), &set(&[signer.jwk()]), &EXPECTED, now)
}

#[test]
fn claims_of_a_good_token_are_found() {
    let signer = Signer::new();
    let claims = verified(&signer, &json!({"alg": "ES256", "kid": "k1"}), &claims()).unwrap();
    assert_eq!(claims.subject(), "u7");
    assert_eq!(claims.texts("roles"), ["a", "b"]);
    assert_eq!(claims.texts("realm.roles"), ["c"]);
    assert_eq!(claims.texts("https://x.example/roles"), ["d"], "a name may have dots");
    assert!(claims.texts("groups").is_empty());
    assert!(claims.texts("exp").is_empty());
}

#[test]
fn a_claim_that_is_wrong_or_missing_is_refused() {
    let signer = Signer::new();
    let header = json!({"alg": "ES256", "kid": "k1"});
    let several = json!(["labelscan", "other"]);
    let invalid = |why: &str| Some(IdTokenError::Invalid(why.into()));
    for (change, expected) in [
        (json!({}), None),
        (json!({"exp": NOW_S - 59, "iat": NOW_S + 60, "nbf": NOW_S + 59}), None),
        (json!({"aud": ["labelscan"]}), None),
        (json!({"aud": several, "azp": "labelscan"}), None),
        (json!({"aud": several}), Some(IdTokenError::AuthorizedParty)),
        (json!({"azp": "other"}), Some(IdTokenError::AuthorizedParty)),
        (json!({"aud": "other"}), invalid("InvalidAudience")),
        (json!({"aud": []}), invalid("InvalidAudience")),
        (json!({"iss": "https://login.example/"}), invalid("InvalidIssuer")),
        (json!({"iss": ["https://login.example"]}), Some(IdTokenError::Malformed)),
        (json!({"nonce": "n-2"}), Some(IdTokenError::Nonce)),
        (json!({"nonce": null}), Some(IdTokenError::Nonce)),
        (json!({"exp": NOW_S - 60}), Some(IdTokenError::Expired)),
        (json!({"exp": "never"}), invalid("Missing required claim: exp")),
        (json!({"iat": NOW_S + 61}), Some(IdTokenError::Future)),
        (json!({"nbf": NOW_S + 61}), Some(IdTokenError::Future)),
        (json!({"nbf": "later"}), Some(IdTokenError::Malformed)),
        (json!({"iat": null}), Some(IdTokenError::Malformed)),
        (json!({"sub": null}), invalid("Missing required claim: sub")),
    ] {
        let ended = verified(&signer, &header, &with(claims(), change.clone()));
        assert_eq!(ended.err(), expected, "{change}");
    }
}

#[test]
fn a_header_cannot_choose_how_it_is_verified() {
    let signer = Signer::new();
    let invalid = |why: &str| IdTokenError::Invalid(why.into());
    for (header, expected) in [
        (json!({"alg": "none", "kid": "k1"}), IdTokenError::Malformed),
        (json!({"alg": "HS256", "kid": "k1"}), invalid("InvalidAlgorithm")),
        (json!({"alg": "RS256", "kid": "k1"}), invalid("InvalidAlgorithm")),
        (json!({"alg": "ES256", "kid": "k2"}), IdTokenError::UnknownKey),
        (
            json!({"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": false}),
            IdTokenError::Malformed,
        ),
        (json!({"alg": "ES256", "kid": "k2", "jwk": signer.jwk()}), IdTokenError::UnknownKey),
    ] {
        assert_eq!(verified(&signer, &header, &claims()).err(), Some(expected), "{header}");
    }
    let stranger = Signer::new().token(&json!({"alg": "ES256", "kid": "k1"}), &claims());
    let now = Timestamp::from_second(NOW_S).unwrap();
    let forged = verify(&stranger, &set(&[signer.jwk()]), &EXPECTED, now);
    assert_eq!(forged.err(), Some(invalid("InvalidSignature")));
}

#[test]
fn a_key_is_used_only_for_what_it_is_for() {
    let signer = Signer::new();
    let (named, nameless) = (json!({"alg": "ES256", "kid": "k1"}), json!({"alg": "ES256"}));
    let other = with(Signer::new().jwk(), json!({"kid": "k2"}));
    let oct = json!({"kty": "oct", "k": "AAAA", "kid": "k1"});
    let unknown = Some(IdTokenError::UnknownKey);
    let now = Timestamp::from_second(NOW_S).unwrap();
    for (header, keys, expected) in [
        (&named, vec![other.clone(), signer.jwk()], None),
        (&nameless, vec![signer.jwk()], None),
        (&nameless, vec![signer.jwk(), oct], None),
        (&nameless, vec![signer.jwk(), other], unknown.clone()),
        (&named, vec![with(signer.jwk(), json!({"use": "enc"}))], unknown.clone()),
        (&named, vec![with(signer.jwk(), json!({"alg": "ES384"}))], unknown.clone()),
        (&named, vec![with(signer.jwk(), json!({"crv": "P-384"}))], unknown.clone()),
        (&named, vec![], unknown),
    ] {
        let ended = verify(&signer.token(header, &claims()), &set(&keys), &EXPECTED, now);
        assert_eq!(ended.err(), expected, "{header} {keys:?}");
    }
}
