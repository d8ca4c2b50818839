//! A line to a server that can fall silent: what was open stays open and never says or takes anything
//! again, as behind a firewall that forgot its connections. New connections work.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A line to one server, on a free loopback port of its own.
#[derive(Debug)]
pub struct SilentLine {
    address: SocketAddr,
    /// How often everything that was open fell silent.
    silences: Arc<watch::Sender<u32>>,
}

impl SilentLine {
    /// A line to the server on a loopback port.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let silences = Arc::new(watch::channel(0).0);
        let shared = silences.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, port, shared.subscribe()));
            }
        });
        Self { address, silences }
    }

    /// Where clients connect to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What is open falls silent.
    pub fn fall_silent(&self) {
        self.silences.send_modify(|silences| *silences += 1);
    }
}

async fn carry(mut near: TcpStream, port: u16, mut silences: watch::Receiver<u32>) {
    silences.mark_unchanged();
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        // Both ends stay open, as long as the line lives.
        _ = silences.changed() => while silences.changed().await.is_ok() {},
    }
}
