//! One installation of the service: a data folder, settings, and the process that serves it.

use super::{Caller, Ended, FakeRegistry, eventually, labelscan_with, models, program};
use servers::S3;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Models are loaded on a machine that does other things too.
const START_S_MAX: u64 = 60;

/// A data folder of its own with its settings; servers on it can be started, killed, restarted.
#[derive(Debug)]
pub struct Installation {
    folder: TempDir,
    settings: Vec<(String, String)>,
    address: SocketAddr,
}

impl Installation {
    /// An empty one on a free port, without a registry, whose log says everything.
    ///
    /// # Panics
    /// If there is no place for it.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let mut new = Self { folder, settings: Vec::new(), address: free.expect("a free port") };
        new.set("LABELSCAN_LISTEN", &new.address.to_string());
        new.set("LABELSCAN_DATA", &new.data().display().to_string());
        new.set("LABELSCAN_MODELS", &models().display().to_string());
        new.set("LABELSCAN_SEAL_KEYS", &new.seal_keys().display().to_string());
        new.set("LABELSCAN_LOG", "debug");
        new
    }

    /// An empty one that registers at `registry`.
    pub fn registering_at(registry: &FakeRegistry) -> Self {
        let mut new = Self::new();
        new.set("LABELSCAN_REGISTRY", &registry.url());
        new.set("LABELSCAN_REGISTRY_SECRET", registry.secret());
        new.set("LABELSCAN_REGISTRY_ALLOW_PRIVATE", "true");
        new
    }

    /// Adds a setting by its name in the environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Keeps its photos at an S3 server.
    pub fn keep_photos_at(&mut self, s3: &S3) {
        self.set("LABELSCAN_PHOTOS", "s3://photos/of/labels");
        self.set("AWS_ENDPOINT", &format!("http://{}", s3.address()));
        self.set("AWS_ALLOW_HTTP", "true");
        self.set("AWS_SKIP_SIGNATURE", "true");
    }

    /// Where its servers listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The file of its seal keys, outside of the data folder.
    pub fn seal_keys(&self) -> PathBuf {
        self.folder.path().join("seal.keys")
    }

    /// Runs a command of the program with this installation's settings.
    ///
    /// # Panics
    /// If it cannot be started or does not end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        labelscan_with(self.folder(), &self.settings, arguments).await
    }

    /// Where its store lives, for whoever looks after the service has ended.
    pub fn store(&self) -> store::Settings {
        let set = |wanted: &str| {
            let found = self.settings.iter().rev().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        let default = store::Settings::in_folder(&self.data());
        let of_s3 = self.settings.iter().filter(|(name, _)| name.starts_with("AWS_"));
        store::Settings {
            photos_options: of_s3
                .map(|(name, it)| (name.to_ascii_lowercase(), it.clone()))
                .collect(),
            database: set("LABELSCAN_DATABASE").unwrap_or_else(|| default.database.clone()),
            photos: set("LABELSCAN_PHOTOS").unwrap_or_else(|| default.photos.clone()),
            encryption: store::Encryption::On {
                keys: set("LABELSCAN_SEAL_KEYS").map_or_else(|| self.seal_keys(), PathBuf::from),
            },
            ..default
        }
    }

    /// A folder for the test's own files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that all servers of this installation wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Makes a key by the command line and a caller that uses it.
    ///
    /// # Panics
    /// If no key is printed.
    pub async fn caller(&self, name: &str, role: &str) -> Caller {
        let ended = self.run(&["keys", "create", "--name", name, "--role", role]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        Caller::new(self.address, ended.stdout.trim())
    }

    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// If it does not become ready; its log is in the message.
    pub async fn start(&self) -> Server {
        let server = self.start_unready();
        self.ready().await;
        server
    }

    /// Waits until a server that was started is ready.
    ///
    /// # Panics
    /// If it does not become ready; its log is in the message.
    pub async fn ready(&self) {
        let ready = Caller::new(self.address, "");
        let probe = || async { (ready.get("/readyz").await?.status == 200).then_some(()) };
        let waiting = eventually("/readyz", Duration::from_secs(START_S_MAX), probe);
        tokio::select! {
            () = waiting => {}
            () = tokio::time::sleep(Duration::from_secs(START_S_MAX - 1)) => {
                panic!("the server is not ready: {}", self.log())
            }
        }
    }

    /// Starts a server and does not wait.
    ///
    /// # Panics
    /// If the process cannot be started.
    pub fn start_unready(&self) -> Server {
        self.start_with(&[])
    }

    /// Starts a server with more in its environment and does not wait.
    ///
    /// # Panics
    /// If the process cannot be started.
    pub fn start_with(&self, more: &[(&str, &str)]) -> Server {
        self.start_command(&["serve"], more)
    }

    /// Starts a command that goes on until it is asked to end.
    ///
    /// # Panics
    /// If the process cannot be started.
    pub fn start_command(&self, arguments: &[&str], more: &[(&str, &str)]) -> Server {
        self.spawn(Command::new(program()), arguments, more)
    }

    /// Starts a server whose photos lie on a file system of their own of `size_kb`, which only it
    /// and [`Server::root`] see, and does not wait.
    ///
    /// # Panics
    /// If the process cannot be started.
    pub fn start_on_small_disk(&self, size_kb: u32) -> Server {
        let photos = self.data().join("photos");
        std::fs::create_dir_all(&photos).expect("a folder");
        let mount = format!("mount -t tmpfs -o size={size_kb}k tmpfs '{}'", photos.display());
        let mut command = Command::new("unshare");
        command.arg("--mount");
        // Root may mount as it is, others in a user namespace of their own.
        let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        command.args((!root).then_some("--map-root-user"));
        command.args(["sh", "-c", &format!("{mount} && exec \"$@\""), "sh"]).arg(program());
        self.spawn(command, &["serve"], &[])
    }

    fn spawn(&self, mut command: Command, arguments: &[&str], more: &[(&str, &str)]) -> Server {
        let log = File::options().create(true).append(true).open(self.log_path()).expect("a log");
        let child = command
            .args(arguments)
            .current_dir(self.folder())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        Server { child }
    }
}

impl Default for Installation {
    fn default() -> Self {
        Self::new()
    }
}

/// A running server; it is killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

impl Server {
    /// Its process.
    ///
    /// # Panics
    /// If it has ended.
    pub fn process(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// The file system as it sees it.
    ///
    /// # Panics
    /// If it has ended.
    pub fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.process()))
    }

    /// The processes that it started.
    pub fn children(&self) -> Vec<u32> {
        let process = self.process();
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
        let lists = tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| {
                list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()
            })
            .collect()
    }

    /// Whether it has ended by itself.
    ///
    /// # Panics
    /// If its state cannot be told.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// Ends it as a power cut would.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the server is killed");
    }

    /// Asks it to end and waits; gives its exit code.
    ///
    /// # Panics
    /// If it does not end within a minute.
    pub async fn stop(mut self) -> Option<i32> {
        let asked = Command::new("kill").arg(self.process().to_string()).status().await;
        assert!(asked.is_ok_and(|status| status.success()), "SIGTERM is sent");
        let ended = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await;
        ended.expect("the server ends when asked").expect("a status").code()
    }
}
