//! A company's identity provider: people sign in there with OpenID Connect, by the authorization
//! code flow with PKCE (OpenID Connect Core 1.0, OpenID Connect Discovery 1.0, RFC 7636).
//!
//! What the provider says of itself and its keys are kept for a while and asked for again when a
//! token names a key that is not known. Every question has one deadline over all of it and a capped
//! answer, and goes only to addresses that the operator allows. It must never hand out a claim of a
//! token that it did not verify.

use crate::identity::attempt::Attempt;
use crate::identity::id_token::{self, Claims, Expected, IdTokenError, verify};
use crate::identity::metadata::{ClientProof, Metadata};
use crate::net::address::{Peer, SystemLookup};
use crate::net::dial::Dialler;
use crate::net::response::{CappedResponse, clean};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

/// How long what the provider says of itself, and its keys, are used before they are asked for again.
const PROVIDER_FACTS_AGE_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How old the keys must be to be asked for again because a token names another: a stranger who
/// makes up names of keys may not make the provider work.
const UNKNOWN_KEY_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Characters of the provider's own words in a message.
const WORDS_CHARS_MAX: usize = 200;

/// Where people of the company sign in and how far the operator trusts it.
#[derive(Clone)]
pub struct IdentitySettings {
    /// The provider's name for itself, a URL; exactly this stands in its tokens.
    pub issuer: String,
    /// Under which name the provider knows this service.
    pub client_id: String,
    /// What proves to the provider that it is this service, if it gave out a secret.
    pub client_secret: Option<String>,
    /// What is asked for, `openid` among it, separated by spaces.
    pub scopes: String,
    /// Whether the provider may stand on a loopback or private address.
    pub allow_private: bool,
    /// All questions of one sign-in step together, in milliseconds.
    pub answer_ms_max: u64,
    /// How much of an answer is read, in bytes.
    pub answer_bytes_max: usize,
}

impl std::fmt::Debug for IdentitySettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("IdentitySettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

/// Why nobody can be signed in, or why somebody is not.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The issuer is no URL that can be asked.
    #[error(
        "`oidc_issuer` must be a URL such as https://login.example/company, without query and \
         fragment (http:// only with `oidc_allow_private`): {0}"
    )]
    Issuer(String),
    /// The HTTP client cannot start, for example because the machine has no root certificates.
    #[error("the HTTP client cannot start: {0}")]
    Client(#[source] reqwest::Error),
    /// The provider does not answer, or not with what was asked for.
    #[error("the identity provider does not answer as it should: {0}")]
    Unavailable(String),
    /// The provider and the settings do not fit together.
    #[error("the identity provider cannot be used: {0}")]
    Unusable(String),
    /// The provider does not take the code, or the person gave up.
    #[error("the identity provider refused the sign-in: {0}")]
    Refused(String),
    /// The provider's token is not to be believed.
    #[error("the ID token is refused: {0}")]
    IdToken(#[from] IdTokenError),
}

/// A provider at which people sign in.
#[derive(Debug)]
pub struct IdentityProvider {
    dialler: Dialler,
    settings: IdentitySettings,
    known: Mutex<Known>,
}

/// What was learnt from the provider, and when.
#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    keys: Option<(Timestamp, Arc<JwkSet>)>,
}

/// What the token endpoint answers; the access token is of no use here.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// What the token endpoint answers if it refuses (RFC 6749, 5.2).
#[derive(Deserialize)]
struct TokenRefusal {
    error: String,
}

impl IdentityProvider {
    /// The provider of the settings; nothing is asked yet.
    ///
    /// # Errors
    /// If the issuer is no URL that may be asked, or the HTTP client cannot start.
    pub fn open(settings: IdentitySettings) -> Result<Self, IdentityError> {
        let issuer = |why: &dyn std::fmt::Display| IdentityError::Issuer(why.to_string());
        let url = Url::parse(&settings.issuer).map_err(|error| issuer(&error))?;
        match url.scheme() {
            "https" => {}
            "http" if settings.allow_private => {}
            other => return Err(issuer(&format!("{other}:// is not taken"))),
        }
        if url.host().is_none() || url.query().is_some() || url.fragment().is_some() {
            return Err(issuer(&"it is not of this form"));
        }
        let (peer, private) = (Peer::IdentityProvider, settings.allow_private);
        let lookup = Arc::new(SystemLookup);
        let dialler = Dialler::new(peer, &url, private, settings.answer_bytes_max, lookup)
            .map_err(IdentityError::Client)?;
        Ok(Self { dialler, settings, known: Mutex::default() })
    }

    /// The provider's name for itself.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Where to send a browser, so that the person signs in and comes back to `redirect_uri`.
    ///
    /// # Errors
    /// If the provider does not answer or cannot be used.
    pub async fn authorization_url(
        &self,
        attempt: &Attempt,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Url, IdentityError> {
        let metadata = self.in_time(self.metadata(now)).await?;
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &self.settings.scopes)
            .append_pair("state", attempt.state())
            .append_pair("nonce", attempt.nonce())
            .append_pair("code_challenge", &attempt.code_challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Turns the code that a browser brought back into what the provider says of the person.
    ///
    /// # Errors
    /// If the provider does not answer, refuses the code, or its token is not to be believed.
    pub async fn claims(
        &self,
        code: &str,
        attempt: &Attempt,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Claims, IdentityError> {
        self.in_time(async {
            let metadata = self.metadata(now).await?;
            let token = self.id_token(&metadata, code, attempt, redirect_uri).await?;
            let expected = Expected {
                issuer: &self.settings.issuer,
                client_id: &self.settings.client_id,
                nonce: attempt.nonce(),
            };
            let keys = self.keys(&metadata, PROVIDER_FACTS_AGE_MAX, now).await?;
            match verify(&token, &keys, &expected, now) {
                Err(IdTokenError::UnknownKey) => {
                    let keys = self.keys(&metadata, UNKNOWN_KEY_AFTER, now).await?;
                    Ok(verify(&token, &keys, &expected, now)?)
                }
                verified => Ok(verified?),
            }
        })
        .await
    }

    /// Asks the provider what it says of itself and for its keys, for whoever sets this up. Answers
    /// how many of the keys could sign a token that is taken.
    ///
    /// # Errors
    /// If something is wrong; the message says what.
    pub async fn check(&self, now: Timestamp) -> Result<usize, IdentityError> {
        self.in_time(async {
            let metadata = self.metadata(now).await?;
            let keys = self.keys(&metadata, PROVIDER_FACTS_AGE_MAX, now).await?;
            match id_token::usable(&keys).count() {
                0 => Err(IdentityError::Unusable(format!(
                    "{} holds no RSA key for RS256 and no P-256 key for ES256: set one of these \
                     algorithms for this client at the provider",
                    metadata.jwks_uri
                ))),
                usable => Ok(usable),
            }
        })
        .await
    }

    /// All questions of one step under one deadline, waiting for others' included.
    async fn in_time<T>(
        &self,
        asking: impl Future<Output = Result<T, IdentityError>>,
    ) -> Result<T, IdentityError> {
        let ms = self.settings.answer_ms_max;
        match tokio::time::timeout(Duration::from_millis(ms), asking).await {
            Ok(ended) => ended,
            Err(_) => Err(unavailable(format!("no complete answer within {ms} ms"))),
        }
    }

    async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, IdentityError> {
        // Held while asking: one question is enough for all who wait.
        let mut known = self.known.lock().await;
        if let Some((at, metadata)) = &known.metadata
            && is_younger(*at, PROVIDER_FACTS_AGE_MAX, now)
        {
            return Ok(metadata.clone());
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let url = Url::parse(&url).map_err(|error| IdentityError::Issuer(error.to_string()))?;
        let told = self.get_json(&url).await?;
        let has_secret = self.settings.client_secret.is_some();
        let metadata = Metadata::checked(told, &self.settings.issuer, has_secret);
        let metadata = Arc::new(metadata.map_err(IdentityError::Unusable)?);
        known.metadata = Some((now, metadata.clone()));
        Ok(metadata)
    }

    /// The provider's keys, asked for again if they are not younger than `longest`.
    async fn keys(
        &self,
        metadata: &Metadata,
        longest: SignedDuration,
        now: Timestamp,
    ) -> Result<Arc<JwkSet>, IdentityError> {
        let mut known = self.known.lock().await;
        if let Some((at, keys)) = &known.keys
            && is_younger(*at, longest, now)
        {
            return Ok(keys.clone());
        }
        let keys: Arc<JwkSet> = Arc::new(self.get_json(&metadata.jwks_uri).await?);
        known.keys = Some((now, keys.clone()));
        Ok(keys)
    }

    /// Exchanges the code for an ID token (OpenID Connect Core 1.0, 3.1.3).
    async fn id_token(
        &self,
        metadata: &Metadata,
        code: &str,
        attempt: &Attempt,
        redirect_uri: &str,
    ) -> Result<String, IdentityError> {
        let redeem = |request| self.redeeming(request, metadata, code, attempt, redirect_uri);
        let (status, body) = self.ask(Method::POST, &metadata.token_endpoint, redeem).await?;
        if status.is_success() {
            return Ok(parsed::<Tokens>(&metadata.token_endpoint, &body)?.id_token);
        }
        let refusal = serde_json::from_slice::<TokenRefusal>(&body).ok();
        let why = refusal.map(|refusal| clean(&refusal.error, WORDS_CHARS_MAX));
        Err(match why {
            Some(why) if matches!(why.as_str(), "invalid_client" | "unauthorized_client") => {
                IdentityError::Unusable(format!(
                    "it does not know this service ({why}): look at `oidc_client_id` and \
                     `oidc_client_secret`"
                ))
            }
            Some(why) if status.is_client_error() => IdentityError::Refused(why),
            _ => unavailable(format!("{} answered {status}", metadata.token_endpoint)),
        })
    }

    /// The request that redeems the code, with what proves that it comes from this service.
    fn redeeming(
        &self,
        mut request: RequestBuilder,
        metadata: &Metadata,
        code: &str,
        attempt: &Attempt,
        redirect_uri: &str,
    ) -> RequestBuilder {
        let (id, secret) = (&self.settings.client_id, self.settings.client_secret.as_deref());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("code_verifier", attempt.code_verifier());
        match metadata.client_proof {
            ClientProof::Basic => {
                let encoded = |text: &str| -> String {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                request = request.basic_auth(encoded(id), secret.map(encoded));
            }
            ClientProof::Form => {
                form.append_pair("client_id", id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret);
                }
            }
        }
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish())
    }

    async fn get_json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, IdentityError> {
        let (status, body) = self.ask(Method::GET, url, |request| request).await?;
        if status != StatusCode::OK {
            return Err(unavailable(format!("{url} answered {status}")));
        }
        parsed(url, &body)
    }

    /// Sends a question and reads the answer, which may have `answer_bytes_max`.
    async fn ask(
        &self,
        method: Method,
        url: &Url,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<(StatusCode, Vec<u8>), IdentityError> {
        let why = |why: String| unavailable(format!("{url}: {why}"));
        let request = self.dialler.request(method, url).map_err(why)?;
        let request = with(request).header(ACCEPT, "application/json");
        let CappedResponse { status, body, cut, .. } =
            self.dialler.call(request).await.map_err(why)?;
        if cut {
            let longest = self.settings.answer_bytes_max;
            return Err(why(format!("the answer has more than {longest} bytes")));
        }
        Ok((status, body))
    }
}

fn unavailable(why: String) -> IdentityError {
    IdentityError::Unavailable(why)
}

fn parsed<T: DeserializeOwned>(url: &Url, body: &[u8]) -> Result<T, IdentityError> {
    // The parser's own words would show parts of a token.
    let place = |error: serde_json::Error| format!("line {}", error.line());
    serde_json::from_slice(body)
        .map_err(|error| unavailable(format!("{url}: not what was asked for, {}", place(error))))
}

/// Whether what was learnt `at` is younger than `longest`. A clock that was set back makes it old.
fn is_younger(at: Timestamp, longest: SignedDuration, now: Timestamp) -> bool {
    let age = now.duration_since(at);
    !age.is_negative() && age < longest
}
