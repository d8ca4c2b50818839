//! The HTTP client that every call goes through: no redirect, no proxy from the environment, no
//! repetition, no cookie, and only addresses that were judged after resolution.

use crate::address::{AddressRefused, Allowed, GuardedResolver};
use reqwest::{Client, dns::Resolve};
use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// How long an idle connection is kept for the next call.
const IDLE_S: u64 = 30;

/// A client that dials what is allowed of what `lookup` answers. Loading the machine's root
/// certificates takes time and can fail: only where calls are `encrypted`.
pub(crate) fn open<L: Resolve + 'static>(
    allowed: Allowed,
    encrypted: bool,
    lookup: Arc<L>,
) -> reqwest::Result<Client> {
    crate::registry::install_tls();
    let client = Client::builder()
        .user_agent("labelscan")
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .pool_idle_timeout(Duration::from_secs(IDLE_S))
        .dns_resolver(GuardedResolver { allowed, lookup });
    let client = if encrypted { client } else { client.tls_certs_only([]) };
    client.build()
}

/// Judges a URL whose host is an address: no resolver sees that one.
pub(crate) fn check_literal(url: &Url, allowed: Allowed) -> Result<(), AddressRefused> {
    match url.host() {
        Some(Host::Ipv4(address)) => allowed.check(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => allowed.check(IpAddr::V6(address)),
        _ => Ok(()),
    }
}

/// The innermost cause of a failed call, without the URL, which may carry a password.
pub(crate) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let stage = match () {
        () if error.is_connect() => "cannot connect",
        () if error.is_timeout() => "timed out",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the call failed",
    };
    format!("{stage}: {innermost}")
}
