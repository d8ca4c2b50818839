//! What every HTTP call to another host goes through.
//!
//! It follows no redirect, uses no proxy from the environment, keeps no cookie, reads only a capped
//! part of the answer, and dials only addresses that were judged after resolution.

use crate::net::address::{AddressRefused, Allowed, GuardedResolver, Peer};
use crate::net::response::CappedResponse;
use crate::net::tls::install_tls;
use reqwest::dns::Resolve;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, RequestBuilder, Response};
use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// How long an idle connection is kept for the next call.
const IDLE_S: u64 = 30;

/// A client that dials what is allowed and reads what is short enough.
#[derive(Clone, Debug)]
pub(crate) struct Dialler {
    client: Client,
    allowed: Allowed,
    answer_bytes_max: usize,
}

impl Dialler {
    /// A dialler for one peer, whose names `lookup` resolves. Plain text does not leave the
    /// operator's own networks.
    pub(crate) fn new<L: Resolve + 'static>(
        peer: Peer,
        url: &Url,
        private: bool,
        answer_bytes_max: usize,
        lookup: Arc<L>,
    ) -> Result<Self, reqwest::Error> {
        let encrypted = url.scheme() == "https";
        let allowed = Allowed { peer, private, public: encrypted };
        install_tls();
        let client = Client::builder()
            .user_agent("labelscan")
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .pool_idle_timeout(Duration::from_secs(IDLE_S))
            .dns_resolver(GuardedResolver { allowed, lookup });
        // Loading the machine's root certificates takes time and can fail: only where they are used.
        let client = if encrypted { client } else { client.tls_certs_only([]) };
        Ok(Self { client: client.build()?, allowed, answer_bytes_max })
    }

    /// Begins a call; the error says why the address is not dialled.
    pub(crate) fn request(&self, method: Method, url: &Url) -> Result<RequestBuilder, String> {
        // A host that is an address never reaches the resolver.
        self.check_literal(url).map_err(|why| why.to_string())?;
        Ok(self.client.request(method, url.clone()))
    }

    /// Sends a request and reads the answer; the error says for people why there is no complete one.
    pub(crate) async fn call(&self, request: RequestBuilder) -> Result<CappedResponse, String> {
        self.read(request.send().await.map_err(cause)?).await
    }

    /// Reads at most `answer_bytes_max` of the answer. What is longer is no answer that such a host
    /// gives, so its status alone counts; a success that breaks off early may have been about to
    /// say "rejected", so it counts as no answer.
    async fn read(&self, mut response: Response) -> Result<CappedResponse, String> {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|header| header.to_str().ok()).map(String::from);
        let (mut body, mut cut) = (Vec::new(), false);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= self.answer_bytes_max => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    body.clear();
                    cut = true;
                    break;
                }
                Ok(None) => break,
                Err(error) if status.is_success() => return Err(cause(error)),
                Err(_) => break,
            }
        }
        Ok(CappedResponse { status, retry_after, body, cut })
    }

    /// Judges a host that is written as an address.
    pub(crate) fn check_literal(&self, url: &Url) -> Result<(), AddressRefused> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.allowed.check(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => self.allowed.check(IpAddr::V6(address)),
            _ => Ok(()),
        }
    }
}

/// The innermost cause of a failed call, without the URL, which may carry a password.
fn cause(error: reqwest::Error) -> String {
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
