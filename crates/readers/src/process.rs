//! One reader process seen from the pool: start it, hand it photos, end it.

use crate::frame;
use crate::protocol::{Answer, RequestHeader, Start, Started};
use crate::request::ReadRequest;
use crate::sandbox::Confinement;
use crate::settings::PoolSettings;
use scan::Threads;
use std::{
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// How much of a dead reader's last words is kept.
const LAST_WORDS_BYTES_MAX: usize = 2048;

/// Allocations from this size on get pages of their own, which go back when they are freed.
const MMAP_BYTES_MIN: &str = "4194304";
/// Memory that is kept for the next allocation at most: a line's feature maps.
const TRIM_BYTES_MIN: &str = "16777216";

/// A reader that is up. Dropping it kills it.
pub(super) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    last_words: Arc<Mutex<Vec<u8>>>,
    /// Requests that it has answered.
    pub(super) answered: u32,
    /// What it gave up.
    pub(super) confinement: Confinement,
}

impl Process {
    /// Starts a reader and waits until its models are loaded.
    pub(super) async fn start(settings: &PoolSettings) -> Result<Self, String> {
        let mut child = command(settings)
            .spawn()
            .map_err(|error| format!("cannot start a reader process: {error}"))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err("a reader process has no pipes".into());
        };
        let last_words = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(listen(stderr, Arc::clone(&last_words)));
        let confinement = Confinement::default();
        let mut process = Self { child, stdin, stdout, last_words, answered: 0, confinement };
        let deadline = Duration::from_millis(settings.start_ms_max);
        match timeout(deadline, process.greet(settings)).await {
            Ok(Ok(Started::Ready(confinement))) => {
                process.confinement = confinement;
                Ok(process)
            }
            Ok(Ok(Started::Failed(why))) => Err(why),
            Ok(Err(error)) => Err(process.post_mortem(&error).await),
            Err(_) => {
                process.kill().await;
                Err(format!("a reader did not start within {} ms", settings.start_ms_max))
            }
        }
    }

    async fn greet(&mut self, settings: &PoolSettings) -> io::Result<Started> {
        let start = Start {
            models: settings.models.clone(),
            formats: settings.formats.clone(),
            limits: settings.limits.clone(),
            threads: settings.threads,
            memory_bytes_max: settings.memory_bytes_max,
            read_ms_max: settings.read_ms_max,
        };
        frame::send_json(&mut self.stdin, &start).await?;
        self.stdin.flush().await?;
        frame::receive_json(&mut self.stdout, frame::HEADER_BYTES_MAX).await
    }

    /// The process id, while it lives.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// One request. Any error means that this process is of no more use.
    pub(super) async fn read(
        &mut self,
        request: &ReadRequest,
        threads: Threads,
    ) -> io::Result<Answer> {
        let surfaces = request.photos.iter().map(|photo| photo.surface).collect();
        frame::send_json(&mut self.stdin, &RequestHeader { surfaces, threads }).await?;
        for photo in &request.photos {
            frame::send(&mut self.stdin, &photo.bytes).await?;
        }
        self.stdin.flush().await?;
        let answer = frame::receive_json(&mut self.stdout, frame::ANSWER_BYTES_MAX).await?;
        self.answered += 1;
        Ok(answer)
    }

    /// Waits until the process ends by itself, which it should not.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills it and collects its status.
    pub(super) async fn kill(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "a reader could not be killed");
        }
    }

    /// Ends a process that failed and says how it ended.
    pub(super) async fn post_mortem(&mut self, failure: &io::Error) -> String {
        // A closed pipe means that it is dying: its own status tells more than our signal would.
        let dying = timeout(Duration::from_millis(200), self.child.wait()).await;
        self.kill().await;
        let how = match dying {
            Ok(Ok(status)) => status.to_string(),
            _ => failure.to_string(),
        };
        let words = self.last_words.lock().map(|words| words.clone()).unwrap_or_default();
        match String::from_utf8_lossy(&words).trim() {
            "" => how,
            words => format!("{how}; {words}"),
        }
    }
}

/// The reader's command line: our own program, an empty environment but for its allocator.
fn command(settings: &PoolSettings) -> Command {
    let mut command = Command::new(&settings.program);
    #[cfg(unix)]
    command.arg0("labelscan");
    command
        .arg("reader")
        .env_clear()
        // Threads that read side by side wait for each other in one arena, and each further one
        // takes 64 MiB of the address space.
        .env("MALLOC_ARENA_MAX", "2")
        // Pictures go back to the system when they are freed, what a line needs is used for the
        // next: fresh pages for every line cost a fifteenth of a read. Without these, glibc raises
        // its threshold as it goes, and the peak is a quarter higher.
        .env("MALLOC_MMAP_THRESHOLD_", MMAP_BYTES_MIN)
        .env("MALLOC_TRIM_THRESHOLD_", TRIM_BYTES_MIN)
        .env("RTEN_NUM_THREADS", settings.threads.to_string())
        .env("RAYON_NUM_THREADS", settings.threads.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", path);
    }
    command
}

/// Keeps the end of what a reader says on stderr; reads on, so that it can never block on it.
async fn listen(mut stderr: ChildStderr, last_words: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        let Ok(mut words) = last_words.lock() else { return };
        words.extend_from_slice(&chunk[..count]);
        let surplus = words.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        words.drain(..surplus);
    }
}
