//! What a provider says of itself (OpenID Connect Discovery 1.0), and whether that can be used.

use serde::Deserialize;
use url::Url;

/// The algorithms that a token may be signed with, by the names providers list them under.
const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

/// The parts of the discovery document that matter here.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: Option<Vec<String>>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// How this service proves itself when it redeems a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientProof {
    /// Id and secret in the `Authorization` header.
    Basic,
    /// In the form; without a secret the id alone.
    Form,
}

/// A provider that can be used.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    pub(super) client_proof: ClientProof,
}

impl Metadata {
    /// What was told, if it is the issuer that was asked for and offers what is needed. The error
    /// says what is wrong and what to do.
    pub(super) fn checked(told: Told, issuer: &str, has_secret: bool) -> Result<Self, String> {
        if told.issuer != issuer {
            return Err(format!(
                "it calls itself {:?}: set `oidc_issuer` to exactly that, if it is the right one",
                told.issuer
            ));
        }
        let offers = |listed: &Option<Vec<String>>, wanted: &[&str]| {
            let listed = listed.as_ref();
            listed.is_none_or(|listed| listed.iter().any(|it| wanted.contains(&it.as_str())))
        };
        for (what, listed, wanted) in [
            ("the authorization code flow", &told.response_types_supported, &["code"][..]),
            ("PKCE with S256", &told.code_challenge_methods_supported, &["S256"]),
            (
                "tokens signed with RS256 or ES256",
                &told.id_token_signing_alg_values_supported,
                &ALGORITHMS,
            ),
        ] {
            if !offers(listed, wanted) {
                return Err(format!("it does not offer {what}: allow that at the provider"));
            }
        }
        // Basic is what a provider that lists nothing must take.
        let proofs = &told.token_endpoint_auth_methods_supported;
        let client_proof = match has_secret {
            false => ClientProof::Form,
            true if offers(proofs, &["client_secret_basic"]) => ClientProof::Basic,
            true if offers(proofs, &["client_secret_post"]) => ClientProof::Form,
            true => return Err("it takes a client secret in no way that is known here".into()),
        };
        let endpoint = |name: &str, url: &str| {
            let encrypted = issuer.starts_with("https://");
            Url::parse(url)
                .ok()
                .filter(|url| url.host().is_some() && (url.scheme() == "https") == encrypted)
                .filter(|url| matches!(url.scheme(), "https" | "http"))
                .ok_or_else(|| format!("its {name} is no URL with the scheme of the issuer"))
        };
        Ok(Self {
            authorization_endpoint: endpoint(
                "authorization_endpoint",
                &told.authorization_endpoint,
            )?,
            token_endpoint: endpoint("token_endpoint", &told.token_endpoint)?,
            jwks_uri: endpoint("jwks_uri", &told.jwks_uri)?,
            client_proof,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://login.example/company";

    fn check(change: Value, has_secret: bool) -> Result<ClientProof, String> {
        let mut told = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.example/authorize?tenant=7",
            "token_endpoint": "https://login.example/token",
            "jwks_uri": "https://keys.example/jwks",
        });
        let (told_fields, changes) = (told.as_object_mut().unwrap(), change.as_object().unwrap());
        told_fields.extend(changes.clone());
        let told = serde_json::from_value(told).unwrap();
        Metadata::checked(told, ISSUER, has_secret).map(|metadata| metadata.client_proof)
    }

    #[test]
    fn a_provider_that_offers_what_is_needed_is_taken() {
        let proofs = |listed: &[&str]| json!({ "token_endpoint_auth_methods_supported": listed });
        for (change, has_secret, proof) in [
            (json!({}), true, ClientProof::Basic),
            (json!({}), false, ClientProof::Form),
            (proofs(&["client_secret_post"]), true, ClientProof::Form),
            (proofs(&["client_secret_post", "client_secret_basic"]), true, ClientProof::Basic),
            (proofs(&["none"]), false, ClientProof::Form),
            (
                json!({"code_challenge_methods_supported": ["plain", "S256"]}),
                true,
                ClientProof::Basic,
            ),
        ] {
            assert_eq!(check(change.clone(), has_secret), Ok(proof), "{change}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_with_what_to_do() {
        for (change, part) in [
            (json!({"issuer": "https://login.example/company/"}), "set `oidc_issuer` to exactly"),
            (json!({"response_types_supported": ["id_token"]}), "authorization code"),
            (json!({"code_challenge_methods_supported": ["plain"]}), "S256"),
            (json!({"id_token_signing_alg_values_supported": ["HS256", "none"]}), "RS256 or ES256"),
            (
                json!({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}),
                "client secret",
            ),
            (json!({"token_endpoint": "http://login.example/token"}), "its token_endpoint"),
            (json!({"jwks_uri": "file:///etc/passwd"}), "its jwks_uri"),
            (
                json!({"authorization_endpoint": "javascript:alert(1)"}),
                "its authorization_endpoint",
            ),
        ] {
            let why = check(change.clone(), true).unwrap_err();
            assert!(why.contains(part), "{change}: {why}");
        }
    }
}
