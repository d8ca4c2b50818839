//! The servers that the tests need, on free ports, ended with the last test that uses them: PostgreSQL
//! as a child process, S3 (s3s-fs) inside this one.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tempfile::TempDir;

/// A running PostgreSQL. It is killed when dropped; nothing of it is worth keeping.
pub(crate) struct Postgres {
    server: Mutex<Child>,
    port: u16,
    folder: TempDir,
    databases: AtomicU32,
}

/// The server that tests share while any of them runs.
static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The running server, started if there is none.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let new = Arc::new(Self::start());
        *shared = Arc::downgrade(&new);
        new
    }

    /// Starts one of its own, for tests that end it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        own(folder.path());
        own(&data);
        let made = program("initdb")
            .args(["-A", "trust", "-N", "-U", "postgres", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .expect("initdb runs: install the Debian package postgresql");
        assert!(made.success(), "initdb: {made}");
        let port = free_port();
        let server = Mutex::new(serve(&data, port));
        Self { server, port, folder, databases: AtomicU32::new(0) }
    }

    /// The address of a new, empty database.
    pub(crate) async fn database(&self) -> String {
        use sqlx::Connection;
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let address = |name: &str| format!("postgres://postgres@127.0.0.1:{}/{name}", self.port);
        let mut admin = loop {
            // It listens some moments before it takes queries.
            match sqlx::PgConnection::connect(&address("postgres")).await {
                Ok(admin) => break admin,
                Err(sqlx::Error::Database(early)) if early.code().as_deref() == Some("57P03") => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("postgres: {error}"),
            }
        };
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&mut admin).await.expect("a database is made");
        address(&name)
    }

    /// Where its files are.
    pub(crate) fn files(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Ends the server the hard way, as a crash does.
    pub(crate) fn kill(&self) {
        let mut server = self.server.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        server.kill().expect("it is killed");
        server.wait().expect("it ends");
    }

    /// Starts it again on its data, after [`Postgres::kill`].
    pub(crate) fn restart(&self) {
        // Left by the killed one; its children end by themselves within a moment.
        std::thread::sleep(Duration::from_millis(300));
        let mut server = self.server.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *server = serve(&self.folder.path().join("data"), self.port);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let server = self.server.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        // It may have been killed by its test.
        let _ = server.kill();
        let _ = server.wait();
    }
}

fn serve(data: &Path, port: u16) -> Child {
    let mut server = program("postgres")
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
        .args(["-c", "max_connections=500"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("postgres runs");
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return server;
        }
        assert!(server.try_wait().expect("its state").is_none(), "postgres ended early");
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("postgres does not listen");
}

/// PostgreSQL refuses to run as root, so root lends it the user that Debian makes for it.
fn program(name: &str) -> Command {
    let mut command = Command::new(installed(name));
    if let Some((user, group)) = lent_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

fn installed(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.retain(|path| path.exists());
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

fn lent_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    (id(&["-u"])? == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"]))).map(|ids| {
        let (user, group) = ids;
        (user.expect("a user postgres"), group.expect("a group postgres"))
    })
}

fn own(folder: &Path) {
    if let Some((user, group)) = lent_user() {
        std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("the folder is lent");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Serves a folder as an S3 bucket `photos` until the runtime ends; its address.
pub(crate) async fn serve_s3(root: &Path) -> SocketAddr {
    std::fs::create_dir_all(root.join("photos")).expect("a bucket");
    let files = s3s_fs::FileSystem::new(root).expect("a folder to serve");
    let service = s3s::service::S3ServiceBuilder::new(files).build();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                // A client that hangs up is no matter.
                let _ = builder.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    address
}
