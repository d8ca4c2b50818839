//! The cookies of the service: secrets that no script and no other site can read or send.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

/// A cookie that holds a secret.
pub(crate) struct Cookie {
    /// Its name. The prefix makes browsers insist on Secure, no Domain and Path=/, so that no other
    /// host can plant it.
    secure: &'static str,
    /// Its name on plain HTTP, where browsers refuse the other.
    plain: &'static str,
    /// On which requests that other sites cause it is sent.
    same_site: &'static str,
}

/// The session of a person; no other site's request carries it.
pub(crate) const SESSION: Cookie =
    Cookie { secure: "__Host-labelscan", plain: "labelscan", same_site: "Strict" };

/// An attempt to sign in elsewhere. The way back is a request of the other site, so Strict would
/// keep it away; Lax sends it when the browser's own page changes, and never with a form or a picture.
pub(crate) const ATTEMPT: Cookie =
    Cookie { secure: "__Host-labelscan-oidc", plain: "labelscan-oidc", same_site: "Lax" };

impl Cookie {
    fn name(&self, encrypted: bool) -> &'static str {
        if encrypted { self.secure } else { self.plain }
    }

    /// Its value in a request.
    pub(crate) fn value<'a>(&self, headers: &'a HeaderMap, encrypted: bool) -> Option<&'a str> {
        let wanted = self.name(encrypted);
        headers.get_all(header::COOKIE).into_iter().find_map(|cookies| {
            cookies.to_str().ok()?.split(';').find_map(|cookie| {
                let (name, value) = cookie.trim().split_once('=')?;
                (name == wanted).then_some(value)
            })
        })
    }

    /// Adds it to an answer, to be kept for so long; for 0 seconds, it goes.
    pub(crate) fn set(&self, response: &mut Response, encrypted: bool, secret: &str, seconds: u64) {
        let (name, same_site) = (self.name(encrypted), self.same_site);
        let secure = if encrypted { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_tls_a_cookie_has_the_prefix_that_no_other_host_can_plant() {
        for (cookie, name, same_site) in
            [(&SESSION, "__Host-labelscan", "Strict"), (&ATTEMPT, "__Host-labelscan-oidc", "Lax")]
        {
            let mut response = Response::default();
            cookie.set(&mut response, true, "secret", 60);
            let set = &response.headers()[header::SET_COOKIE];
            let expected = format!(
                "{name}=secret; Path=/; Max-Age=60; HttpOnly; SameSite={same_site}; Secure"
            );
            assert_eq!(set, &expected);
            let mut request = HeaderMap::new();
            let sent = format!("labelscan-oidc=planted; {name}=secret; labelscan=planted");
            request.insert(header::COOKIE, sent.parse().unwrap());
            assert_eq!(cookie.value(&request, true), Some("secret"));
            assert_eq!(cookie.value(&request, false), Some("planted"));
        }
    }
}
