//! Log lines on their way to stderr. A thread writes them, so that whoever reads them slowly or not at
//! all holds up nobody else: what finds the queue full is dropped and counted, and as soon as somebody
//! reads again the number stands in the log.

use pipeline::metrics::LOG_LINES_DROPPED;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written, some 2 MB.
const LINES_WAITING_MAX: usize = 8192;
/// How long the end of the program waits for the lines before it.
const LAST_LINES_WAIT_MAX: Duration = Duration::from_millis(500);

/// What the thread is sent.
enum Sent {
    Line(Vec<u8>),
    /// Everything before this is to be written, and then said so.
    Flush(SyncSender<()>),
}

/// Where lines are handed in.
#[derive(Clone)]
pub(crate) struct LogLines {
    sender: SyncSender<Sent>,
    dropped: &'static AtomicU64,
}

impl LogLines {
    /// Writes to `out` from now on, in a thread of its own.
    pub(crate) fn to(out: impl Write + Send + 'static, dropped: &'static AtomicU64) -> Self {
        let (sender, lines) = sync_channel(LINES_WAITING_MAX);
        std::thread::spawn(move || write_lines(out, &lines, dropped));
        Self { sender, dropped }
    }

    /// Writes to stderr.
    pub(crate) fn to_stderr() -> Self {
        Self::to(io::stderr(), &LOG_LINES_DROPPED)
    }

    /// Waits until the lines so far are written, but not long.
    pub(crate) fn flush(&self) {
        let (written, is_written) = sync_channel(1);
        if self.sender.try_send(Sent::Flush(written)).is_ok() {
            // Nobody reads them: then they are lost with the program.
            let _ = is_written.recv_timeout(LAST_LINES_WAIT_MAX);
        }
    }
}

fn write_lines(mut out: impl Write, lines: &Receiver<Sent>, dropped: &AtomicU64) {
    let mut told = 0;
    for sent in lines {
        match sent {
            // A log that cannot be written cannot be told of either.
            Sent::Line(line) => drop(out.write_all(&line)),
            Sent::Flush(written) => drop(written.send(())),
        }
        let now = dropped.load(Ordering::Relaxed);
        if now > told {
            let _ = writeln!(out, "{} log lines were dropped: nobody read them", now - told);
            told = now;
        }
    }
}

impl MakeWriter<'_> for LogLines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { bytes: Vec::new(), to: self.clone() }
    }
}

/// A line that is being put together; it is handed in when it is dropped.
pub(crate) struct Line {
    bytes: Vec<u8>,
    to: LogLines,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let line = std::mem::take(&mut self.bytes);
        if !line.is_empty() && self.to.sender.try_send(Sent::Line(line)).is_err() {
            self.to.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, pipe};

    #[test]
    fn a_reader_that_stalls_holds_up_nobody_and_hears_what_it_missed() {
        static DROPPED: AtomicU64 = AtomicU64::new(0);
        let (reading, writing) = pipe().unwrap();
        let lines = LogLines::to(writing, &DROPPED);
        let most = 4 * LINES_WAITING_MAX;
        for n in 0..most {
            writeln!(lines.make_writer(), "line {n} {}", "x".repeat(100)).unwrap();
        }
        let dropped = DROPPED.load(Ordering::Relaxed);
        assert!(dropped > 0, "the pipe and the queue hold less than that");
        lines.flush();
        let mut reading = BufReader::new(reading);
        let (mut read, mut told) = (0, 0);
        let mut line = String::new();
        while read + told < most as u64 {
            line.clear();
            reading.read_line(&mut line).unwrap();
            match line.split_once(" log lines were dropped") {
                Some((number, _)) => told += number.parse::<u64>().unwrap(),
                None => read += 1,
            }
        }
        assert_eq!(told, DROPPED.load(Ordering::Relaxed));
    }

    #[test]
    fn the_last_lines_are_written_before_the_end() {
        static DROPPED: AtomicU64 = AtomicU64::new(0);
        let (mut reading, writing) = pipe().unwrap();
        let lines = LogLines::to(writing, &DROPPED);
        lines.make_writer().write_all(b"the last one\n").unwrap();
        lines.flush();
        drop(lines);
        let mut all = String::new();
        io::Read::read_to_string(&mut reading, &mut all).unwrap();
        assert_eq!(all, "the last one\n");
    }
}
