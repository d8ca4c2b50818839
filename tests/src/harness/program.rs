//! Finds and runs the `labelscan` program.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// A command that takes longer than this hangs.
const COMMAND_S_MAX: u64 = 600;

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// The folder that models/fetch fills.
pub fn models() -> PathBuf {
    root().join("models")
}

/// The program under test: the one that `tests/run` built, else cargo builds it now.
///
/// # Panics
/// If it cannot be built.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("LABELSCAN_TEST_PROGRAM") {
        Some(path) => path.into(),
        None => build(),
    })
}

/// Builds with the features that the tests were built with, so that nothing is compiled twice.
fn build() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--bins", "--tests", "--message-format=json"])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the program does not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "labelscan")
        .find_map(|message| message["executable"].as_str().and_then(program_of))
        .expect("cargo names the program it built")
}

/// Test binaries lie in `deps` and carry a hash; the program does not.
fn program_of(executable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(executable);
    (path.file_name() == Some(OsStr::new("labelscan"))).then_some(path)
}

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
}

impl Ended {
    /// Standard output as one JSON value a line.
    ///
    /// # Panics
    /// If a line is no JSON.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        self.stdout.lines().map(parse).collect()
    }
}

/// Runs one command of the program in `folder` and waits for its end. Its seal keys lie there too.
///
/// # Panics
/// If it cannot be started or does not end.
pub async fn labelscan<A: AsRef<OsStr>>(folder: &Path, arguments: &[A]) -> Ended {
    labelscan_with(folder, &[], arguments).await
}

/// The same with more in its environment.
///
/// # Panics
/// If it cannot be started or does not end.
pub async fn labelscan_with<A: AsRef<OsStr>>(
    folder: &Path,
    environment: &[(String, String)],
    arguments: &[A],
) -> Ended {
    let mut command = tokio::process::Command::new(program());
    command
        .args(arguments)
        .current_dir(folder)
        .env("LABELSCAN_MODELS", models())
        .env("LABELSCAN_SEAL_KEYS", folder.join("seal.keys"))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(COMMAND_S_MAX), command.output())
        .await
        .expect("the command ends")
        .expect("the command starts");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
