//! A process that a test started: its lines are kept, and it ends with the test, by its pid.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::deadline::{START, within};

/// How long after its end a process's last lines are awaited.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The lines of one output, in order, as they come.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// The lines, and the task that collects them until the output is closed. Each rings `more`.
    fn collect(from: impl AsyncRead + Unpin + Send + 'static, more: Arc<Notify>) -> (Self, JoinHandle<()>) {
        let lines = Self::default();
        let kept = lines.clone();
        let reader = tokio::spawn(async move {
            let mut reader = BufReader::new(from).split(b'\n');
            while let Ok(Some(line)) = reader.next_segment().await {
                kept.lock().push(String::from_utf8_lossy(&line).into_owned());
                more.notify_one();
            }
        });
        (lines, reader)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running process, first of a group of its own. Dropping it kills the group.
pub struct Process {
    name: String,
    child: Child,
    pid: Pid,
    out: Lines,
    err: Lines,
    readers: Vec<JoinHandle<()>>,
    /// Rings when a line came.
    more: Arc<Notify>,
}

impl Process {
    /// Starts `command`. Nothing comes in; both outputs are kept.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start(name: &str, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
        let raw = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pid = raw.expect("a child that was just started has an id");
        let more = Arc::new(Notify::new());
        let (out, read_out) = Lines::collect(child.stdout.take().expect("stdout is piped"), more.clone());
        let (err, read_err) = Lines::collect(child.stderr.take().expect("stderr is piped"), more.clone());
        Self { name: name.to_owned(), child, pid, out, err, readers: vec![read_out, read_err], more }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// What it wrote to standard output so far, line by line.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        self.out.lock().clone()
    }

    /// What it wrote to standard error so far.
    #[must_use]
    pub fn errors(&self) -> String {
        self.err.lock().join("\n")
    }

    /// Waits for the first line, of either output, from which `find` makes something.
    ///
    /// # Panics
    ///
    /// When the process ended, or the deadline passed, without such a line.
    pub async fn line<T>(&mut self, what: &str, find: impl FnMut(&str) -> Option<T>) -> T {
        self.line_within(START, what, find).await
    }

    /// The same, for at most `limit`.
    pub async fn line_within<T>(&mut self, limit: Duration, what: &str, mut find: impl FnMut(&str) -> Option<T>) -> T {
        let name = self.name.clone();
        let mut seen = (0, 0);
        let mut status = None;
        let found = async {
            loop {
                let found = {
                    let (out, err) = (self.out.lock(), self.err.lock());
                    let found = out[seen.0..].iter().chain(&err[seen.1..]).find_map(|line| find(line));
                    seen = (out.len(), err.len());
                    found
                };
                match (found, status) {
                    (Some(found), _) => return found,
                    (None, Some(status)) => {
                        panic!("{} ended with {status}, before: {what}\n{}", self.name, self.errors())
                    }
                    (None, None) => {}
                }
                tokio::select! {
                    () = self.more.notified() => {}
                    ended = self.child.wait() => {
                        status = Some(ended.expect("a child can be waited for"));
                        // What it wrote before its end is still read.
                        last_words(&mut self.readers).await;
                    }
                }
            }
        };
        within(limit, &format!("{name}: {what}"), found).await
    }

    /// Sends a signal to the process alone.
    pub fn signal(&self, signal: Signal) {
        // It may be gone already.
        let _ = kill_process(self.pid, signal);
    }

    /// Sends a signal to the process and everything that it started.
    pub fn signal_group(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    /// Waits for its end, and for its last words.
    ///
    /// # Panics
    ///
    /// If it is still there after the deadline.
    pub async fn ended(&mut self) -> ExitStatus {
        let what = format!("{} ends", self.name);
        let status = within(START, &what, self.child.wait()).await.expect("a child can be waited for");
        last_words(&mut self.readers).await;
        status
    }

    /// Whether it is over.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().ok().flatten().is_some()
    }

    /// Kills it and everything that it started, and waits for its end.
    pub async fn kill(&mut self) {
        self.signal_group(Signal::KILL);
        self.ended().await;
    }
}

/// Waits until the outputs of a process that has ended are read.
async fn last_words(readers: &mut Vec<JoinHandle<()>>) {
    let readers = std::mem::take(readers);
    let all = async {
        for reader in readers {
            // A reader that panicked has read all that it could.
            let _ = reader.await;
        }
    };
    // What it started may live on and hold its outputs open: then that is all there is.
    let _ = timeout(LAST_WORDS, all).await;
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal_group(Signal::KILL);
        if std::thread::panicking() {
            let errors = self.errors();
            let tail: Vec<_> = errors.lines().rev().take(60).collect();
            eprintln!("--- {} said last:", self.name);
            tail.iter().rev().for_each(|line| eprintln!("    {line}"));
        }
    }
}

/// A command that sees nothing of the person's own session: no display, no sound server, no bus.
#[must_use]
pub fn isolated(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for variable in [
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "PIPEWIRE_RUNTIME_DIR",
        "PULSE_SERVER",
        "ANTENNE_KEY",
    ] {
        command.env_remove(variable);
    }
    command
}
