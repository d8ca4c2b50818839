//! A real nats-server (Debian package `nats-server`) of a test's own.

#![allow(dead_code, unreachable_pub, missing_docs)] // Each test program uses its part.

use async_nats::jetstream::{self, stream};
use forward::RegistrySettings;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub const SUBJECT: &str = "terminal.registered";

/// A server of the test's own; dies with it.
pub struct NatsServer {
    child: Child,
    pub port: u16,
}

impl NatsServer {
    /// On a free port, its streams under `folder`.
    pub async fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_on(port, folder).await
    }

    pub async fn start_on(port: u16, folder: &Path) -> Self {
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(folder)
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server is needed and cannot be started: apt-get install nats-server");
        let server = Self { child, port };
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nats-server does not listen on port {port}");
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn settings(&self) -> RegistrySettings {
        RegistrySettings {
            url: format!("nats://localhost:{}/{SUBJECT}", self.port),
            secret: SECRET.into(),
            allow_private: true,
            deliver_ms_max: 2_000,
            ..Default::default()
        }
    }

    pub async fn stream(&self) -> stream::Stream {
        let client = async_nats::connect(self.address()).await.unwrap();
        let config = stream::Config {
            name: "REGISTRATIONS".into(),
            subjects: vec!["terminal.>".into()],
            ..Default::default()
        };
        jetstream::new(client).get_or_create_stream(config).await.unwrap()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
