//! Who somebody from the company is here: the identity provider of the settings, and what its claims
//! stand for. It must never let anybody in whose role nobody wrote down.

use outbound::{Claims, IdentityProvider, IdentitySettings};
use pipeline::access::Role;
use pipeline::settings::{Secret, Settings};
use serde::Serialize;

/// Where the provider sends browsers back to, below the service's address.
pub(crate) const CALLBACK: &str = "/v1/oidc/callback";
/// Characters of a person's name.
const NAME_CHARS_MAX: usize = 100;

/// The company's identity provider and what its claims stand for.
pub struct Oidc {
    /// Asks the provider.
    pub provider: IdentityProvider,
    /// The address of [`CALLBACK`], as it is registered at the provider.
    pub redirect_uri: String,
    name_claim: String,
    role_claim: String,
    roles: Vec<(String, Role)>,
}

/// Somebody whom the provider vouched for; the audit trail keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Person {
    /// Scans belong to it.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The provider's own name for the person.
    pub(crate) subject: String,
    pub(crate) issuer: String,
}

/// Somebody whom the provider vouched for and who is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stranger {
    /// A name for the audit trail.
    pub(crate) name: String,
    /// What would have to change.
    pub(crate) why: &'static str,
}

impl Oidc {
    /// The provider of the settings, if there is one; nothing is asked yet.
    ///
    /// # Errors
    /// If it cannot be used; the message says what to change.
    pub fn open(settings: &Settings, base_url: &str) -> anyhow::Result<Option<Self>> {
        let Some(issuer) = settings.oidc.issuer.clone() else { return Ok(None) };
        let secret = settings.oidc.client_secret.as_ref().map(Secret::expose);
        let provider = IdentityProvider::open(IdentitySettings {
            issuer,
            client_id: settings.oidc.client_id.clone().unwrap_or_default(),
            client_secret: secret.map(str::to_owned),
            scopes: settings.oidc.scopes.clone(),
            allow_private: settings.oidc.allow_private,
            answer_ms_max: settings.oidc.answer_ms_max.get(),
            answer_bytes_max: settings.oidc.answer_bytes_max.get(),
        })?;
        let roles = settings.oidc_roles().into_iter();
        Ok(Some(Self {
            provider,
            redirect_uri: format!("{base_url}{CALLBACK}"),
            name_claim: settings.oidc.name_claim.clone(),
            role_claim: settings.oidc.role_claim.clone(),
            roles: roles
                .flat_map(|(role, values)| values.iter().map(move |value| (value.clone(), role)))
                .collect(),
        }))
    }

    /// Whom the provider's claims are about, if that is somebody who may come in.
    pub(crate) fn person(&self, claims: &Claims) -> Result<Person, Stranger> {
        let stranger = |name: &str, why| {
            let plain = name.chars().filter(|it| !it.is_control());
            Err(Stranger { name: plain.take(NAME_CHARS_MAX).collect(), why })
        };
        let subject = claims.subject();
        let name = claims.get(&self.name_claim).and_then(|name| name.as_str());
        let Some(name) = name.map(str::trim).filter(|name| is_name(name)) else {
            return stranger(subject, "the name claim is missing or no name");
        };
        let unverified = ["false".into(), false.into()];
        if self.name_claim == "email"
            && claims.get("email_verified").is_some_and(|it| unverified.contains(it))
        {
            return stranger(subject, "the email is not verified");
        }
        let values = claims.texts(&self.role_claim);
        let held = self.roles.iter().filter(|(value, _)| values.contains(&value.as_str()));
        let Some(role) = held.map(|(_, role)| *role).max() else {
            return stranger(name, "no value of the role claim stands for a role");
        };
        let (subject, issuer) = (subject.to_owned(), self.provider.issuer().to_owned());
        Ok(Person { name: name.to_owned(), role, subject, issuer })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.chars().any(char::is_control)
}
