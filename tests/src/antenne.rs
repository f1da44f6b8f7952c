//! The studio as its users start it: a process with a command line, and JSON lines as its voice.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::process::Signal;
use serde_json::Value;
use tokio::process::Command;

use crate::process::{Process, isolated};

/// The options of a small show on test devices, at any free port.
pub const SMALL_SHOW: &[&str] =
    &["--camera", "test", "--mic", "test", "--size", "640x360", "--video-kbps", "1500", "--listen", "127.0.0.1:0"];

/// `antenne live --json`, running.
pub struct Antenne {
    process: Process,
    data: PathBuf,
}

/// The event that says where people watch.
#[derive(Debug, Clone, serde::Deserialize)]
#[allow(missing_docs, reason = "named as in the contract")]
pub struct OnAir {
    pub episode: String,
    pub verified: bool,
    #[serde(default)]
    pub reason: String,
    pub viewer_url: String,
    pub whep_url: String,
    pub hls_url: String,
    pub room_url: String,
}

impl OnAir {
    /// The address of the service, `http://host:port`.
    #[must_use]
    pub fn base(&self) -> String {
        let url = url::Url::parse(&self.viewer_url).expect("the viewer's address is an address");
        url.origin().ascii_serialization()
    }
}

impl Antenne {
    /// The program that the tests were built with.
    ///
    /// # Panics
    ///
    /// If it was not built.
    #[must_use]
    pub fn program() -> PathBuf {
        built("antenne", "cargo build --bin antenne")
    }

    /// A command that only needs arguments: no window, no session, its own data folder.
    #[must_use]
    pub fn command(data: &Path) -> Command {
        Self::command_of(&Self::program(), data)
    }

    /// The same, of a program that was built elsewhere: another commit's.
    #[must_use]
    pub fn command_of(program: &Path, data: &Path) -> Command {
        let mut command = isolated(program);
        command
            .env("XDG_DATA_HOME", data)
            .env("XDG_CONFIG_HOME", data)
            .env("XDG_CACHE_HOME", data)
            .env("ANTENNE_LOG", "info");
        command
    }

    /// Starts a show with `arguments` in `data`.
    #[must_use]
    pub fn live(data: &Path, arguments: &[&str]) -> Self {
        Self::start(Self::command(data), data, arguments)
    }

    /// Starts a show with `command`, which brings its own surroundings.
    #[must_use]
    pub fn start(mut command: Command, data: &Path, arguments: &[&str]) -> Self {
        command.arg("live").args(arguments).arg("--data-dir").arg(data).arg("--json");
        Self { process: Process::start("antenne", command), data: data.to_owned() }
    }

    /// Waits until it is on air, and says where.
    pub async fn on_air(&mut self) -> OnAir {
        let event = self.event("on_air").await;
        serde_json::from_value(event).expect("on_air has the contract's fields")
    }

    /// Waits for the first event of this name, also if it came already.
    pub async fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true).await
    }

    /// Waits for the first event of this name that fits, also if it came already.
    pub async fn event_where(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.event_after(0, name, fits).await.1
    }

    /// Waits for the first event of this name that fits, past the first `after` lines. Also says
    /// how many lines there were up to and with it.
    pub async fn event_after(&mut self, after: usize, name: &str, fits: impl Fn(&Value) -> bool) -> (usize, Value) {
        let mut number = 0;
        let find = |line: &str| {
            let event = serde_json::from_str::<Value>(line).ok().filter(|event| event["event"].is_string())?;
            number += 1;
            (number > after && event["event"] == name && fits(&event)).then_some((number, event))
        };
        self.process.line(&format!("event {name}"), find).await
    }

    /// Every event so far.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.process.output().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Events of this name so far.
    #[must_use]
    pub fn events_named(&self, name: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == name).collect()
    }

    /// The last `stats`, or null.
    #[must_use]
    pub fn stats(&self) -> Value {
        self.events_named("stats").pop().unwrap_or_default()
    }

    /// Ends the show as Ctrl-C does, and returns the `ended` event. With `--stay` it serves on.
    pub async fn end_show(&mut self) -> Value {
        self.process.signal(Signal::TERM);
        self.event("ended").await
    }

    /// Ends the show as Ctrl-C does, and returns the `ended` event.
    ///
    /// # Panics
    ///
    /// If the end is not clean.
    pub async fn end(&mut self) -> Value {
        let ended = self.end_show().await;
        let status = self.process.ended().await;
        assert!(status.success(), "a clean end is exit code 0, not {status}\n{}", self.process.errors());
        ended
    }

    /// Waits for an end that nobody asked for here (`--for`, or an error).
    pub async fn exit(&mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// kill -9 of everything.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The archive's file in its data folder.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        crate::archive::file_in(&self.data)
    }
}

/// A program that cargo built beside this test.
///
/// # Panics
///
/// If it is not there, naming `how` to build it.
#[must_use]
pub fn built(name: &str, how: &str) -> PathBuf {
    let here = std::env::current_exe().expect("a process knows its program");
    let mut folders = here.ancestors().skip(1).take(2);
    folders
        .find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
        .unwrap_or_else(|| panic!("{name} is not built; build it with: {how}"))
}
