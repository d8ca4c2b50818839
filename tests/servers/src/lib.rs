//! The servers that tests and long plays start themselves, on free ports, with data of their own:
//! PostgreSQL and nats-server as children, S3 and an identity provider inside the process. A child can be killed like a machine
//! that loses power, and started again on the same data.

mod identity;
mod s3;
mod silent_line;

pub use identity::{Conduct, IdentityServer, Signed};
pub use s3::S3;
pub use silent_line::SilentLine;

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// How long a server may take to listen: tens of times what it needs on an idle machine.
const START_MS_MAX: u64 = 60_000;

/// What kind of server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Postgres,
    Nats,
}

/// A running server; it is killed when dropped, and nothing of it is kept.
#[derive(Debug)]
pub struct DataServer {
    kind: Kind,
    child: Mutex<Child>,
    port: u16,
    folder: TempDir,
}

impl DataServer {
    /// PostgreSQL with an empty database, `postgres`.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn postgres() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        lend(folder.path());
        lend(&data);
        let made = postgres_program("initdb")
            .args(["-A", "trust", "-N", "-U", "postgres", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .expect("initdb runs: install the Debian package postgresql");
        assert!(made.success(), "initdb: {made}");
        Self::start(Kind::Postgres, folder)
    }

    /// nats-server with JetStream and no stream yet.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn nats() -> Self {
        Self::start(Kind::Nats, tempfile::tempdir().expect("a folder"))
    }

    fn start(kind: Kind, folder: TempDir) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let child = Mutex::new(spawn(kind, folder.path(), port));
        let server = Self { kind, child, port, folder };
        server.wait_ready();
        server
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address for a client.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{}/postgres", self.port),
            Kind::Nats => format!("nats://127.0.0.1:{}", self.port),
        }
    }

    /// Where its files are.
    pub fn files(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it as a power cut would.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn kill(&self) {
        let mut child = self.child();
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
    }

    /// Starts it again on its data, after [`DataServer::kill`], and waits until it listens.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&self) {
        // PostgreSQL refuses to start while children of the killed one are still there; they notice
        // within moments.
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(200));
            *self.child() = spawn(self.kind, self.folder.path(), self.port);
            std::thread::sleep(Duration::from_millis(100));
            if self.is_running() {
                break;
            }
        }
        self.wait_ready();
    }

    /// Starts it again if it is not running.
    ///
    /// # Panics
    /// If it does not start.
    pub fn revive(&self) {
        if !self.is_running() {
            self.restart();
        }
    }

    fn is_running(&self) -> bool {
        self.child().try_wait().expect("its state").is_none()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        // A test that failed elsewhere must still be able to end it.
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_ready(&self) {
        for _ in 0..START_MS_MAX / 50 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            assert!(self.is_running(), "{:?} ended early", self.kind);
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{:?} does not listen", self.kind);
    }
}

impl Drop for DataServer {
    fn drop(&mut self) {
        let mut child = self.child();
        // It may have been killed already.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn spawn(kind: Kind, folder: &Path, port: u16) -> Child {
    let port = port.to_string();
    let mut command = match kind {
        Kind::Postgres => {
            let mut command = postgres_program("postgres");
            command.arg("-D").arg(folder.join("data"));
            command.args(["-p", &port, "-h", "127.0.0.1", "-k", "", "-c", "max_connections=500"]);
            command
        }
        Kind::Nats => {
            let mut command = Command::new("nats-server");
            command.args(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"]).arg(folder);
            command
        }
    };
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    child.unwrap_or_else(|error| panic!("{kind:?} (a Debian package) does not start: {error}"))
}

/// PostgreSQL refuses to run as root, so root lends it the user that Debian makes for it.
fn postgres_program(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.retain(|path| path.exists());
    found.sort();
    let mut command = Command::new(found.pop().unwrap_or_else(|| PathBuf::from(name)));
    if let Some((user, group)) = lent_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

fn lent_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    let lent = || Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?));
    (id(&["-u"])? == 0).then(|| lent().expect("a user postgres"))
}

fn lend(folder: &Path) {
    if let Some((user, group)) = lent_user() {
        std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("the folder is lent");
    }
}
