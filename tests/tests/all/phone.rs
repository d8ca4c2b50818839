//! The technician's page in a real browser on a phone-sized screen: what the camera sees, what the
//! network does to it, and what reaches the registry.

mod network;
mod page;
mod reading;

use crate::SOON;
use serde_json::Value;
use std::net::SocketAddr;
use tests::harness::{
    Browser, BrowserSettings, Caller, FakeRegistry, Installation, Server, eventually,
};

/// A service with a registry, and the operator who hands out sign-in links.
pub(crate) struct Site {
    pub(crate) registry: FakeRegistry,
    pub(crate) installation: Installation,
    pub(crate) operator: Caller,
    _server: Server,
}

impl Site {
    pub(crate) async fn up() -> Self {
        let registry = FakeRegistry::up().await;
        let mut installation = Installation::registering_at(&registry);
        // A browser beside the readers slows them down; these tests are not about time.
        installation.set("LABELSCAN_READ_MS_MAX", "60000");
        installation.set("LABELSCAN_LEASE_MS", "120000");
        let server = installation.start().await;
        let operator = installation.caller("desk", "operator").await;
        Self { registry, installation, operator, _server: server }
    }

    /// A browser in which ann, a technician, is signed in.
    pub(crate) async fn phone(&self, settings: BrowserSettings) -> Browser {
        self.phone_through(settings, self.installation.address()).await
    }

    /// The same over a line that the test holds.
    async fn phone_through(&self, settings: BrowserSettings, address: SocketAddr) -> Browser {
        let browser = Browser::start(settings, address).await;
        browser.sign_in(&self.operator, "ann", "technician").await;
        browser
    }

    /// Every scan that was recorded.
    async fn scans(&self) -> Vec<Value> {
        let answer = self.operator.get("/v1/scans").await.expect("an answer");
        answer.body["scans"].as_array().cloned().unwrap_or_default()
    }

    /// Waits for one registration and says that it is the only one, of the only scan.
    async fn assert_one_scan_registered(&self, serial: &str) {
        let probe = || async { (!self.registry.accepted().is_empty()).then_some(()) };
        eventually("a registration", SOON, probe).await;
        let (scans, events) = (self.scans().await, self.registry.accepted());
        assert_eq!((scans.len(), events.len()), (1, 1), "{scans:?} {events:?}");
        assert_eq!(scans[0]["serial"]["value"], serial);
        assert_eq!(events[0].json()["data"]["serial"]["value"], serial);
        assert!(events[0].verified, "the signature is right");
    }
}
