//! What a desktop offers a studio, without the hardware: a screen, a sound server, a camera.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use crate::antenne::built;
use crate::deadline::{START, until, until_within};
use crate::process::{Process, isolated};

/// The tone that is played, in oscillations a second.
pub const TONE_HZ: f64 = 1_000.0;
/// Its amplitude; 1 is full scale.
pub const TONE_LEVEL: f64 = 0.25;

/// A screen of its own.
pub struct Screen {
    _server: Process,
    display: String,
}

impl Screen {
    /// Starts an X server at a free number.
    pub async fn start(width: u32, height: u32) -> Self {
        let mut command = isolated("Xvfb");
        command
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"])
            .arg(format!("{width}x{height}x24"));
        let mut server = Process::start("Xvfb", command);
        let number = server.line("its number", |line| line.trim().parse::<u32>().ok()).await;
        Self { _server: server, display: format!(":{number}") }
    }

    /// The value of `DISPLAY`.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }
}

/// A session with a bus, PipeWire and its session manager: the place where cameras appear.
pub struct Session {
    folder: TempDir,
    bus_address: String,
    sound_server: Vec<Process>,
    bus: Process,
}

impl Session {
    /// Starts an empty session.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a folder for sockets");
        let mut command = isolated("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        command.arg(format!("--address=unix:path={}", folder.path().join("bus").display()));
        let mut bus = Process::start("dbus-daemon", command);
        let bus_address =
            bus.line("its address", |line| line.starts_with("unix:").then(|| line.trim().to_owned())).await;
        let mut session = Self { folder, bus_address, sound_server: Vec::new(), bus };
        session.start_sound_server().await;
        session
    }

    /// A command inside the session.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = isolated(program);
        self.surround(&mut command);
        command
    }

    /// Puts a command into the session.
    pub fn surround(&self, command: &mut Command) {
        let folder = self.folder.path();
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .env("XDG_RUNTIME_DIR", folder)
            .env("PIPEWIRE_RUNTIME_DIR", folder)
            .env("XDG_STATE_HOME", folder.join("state"))
            .env("WIREPLUMBER_DEBUG", "1");
    }

    /// Where its sockets are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills the bus, as a crash of the desktop does.
    pub async fn stop_bus(&mut self) {
        self.bus.kill().await;
    }

    /// Kills the sound server with everything that it offers.
    pub async fn stop_sound_server(&mut self) {
        for mut process in self.sound_server.drain(..) {
            process.kill().await;
        }
    }

    /// Starts the sound server and waits until it can be asked.
    pub async fn start_sound_server(&mut self) {
        for name in ["pipewire", "wireplumber"] {
            let process = Process::start(name, self.command(name));
            self.sound_server.push(process);
            until_within(START, &format!("{name} answers"), || async {
                self.offers(if name == "pipewire" { "PipeWire:Interface:Core" } else { "WirePlumber" })
                    .await
                    .then_some(())
            })
            .await;
        }
    }

    /// Whether anything in the session's list of objects contains `text`.
    pub async fn offers(&self, text: &str) -> bool {
        let listed = self.command("pw-dump").kill_on_drop(true).output().await.expect("pw-dump is installed");
        String::from_utf8_lossy(&listed.stdout).contains(text)
    }

    /// Plugs a sound card's microphone in, at its own rate and with its own channels (PipeWire's names of
    /// places, separated by commas). It hears nothing until something is played into it.
    pub async fn plug_microphone(&self, name: &str, rate: u32, places: &str) {
        self.add_node(name, "Audio/Source/Virtual", rate, places).await;
    }

    /// Connects a loudspeaker.
    pub async fn add_loudspeaker(&self, name: &str) {
        self.add_node(name, "Audio/Sink", 48_000, "FL,FR").await;
    }

    async fn add_node(&self, name: &str, class: &str, rate: u32, places: &str) {
        let node = format!(
            "{{ factory.name=support.null-audio-sink node.name={} node.description=\"{name}\" media.class={class} \
             audio.rate={rate} audio.position=\"{places}\" object.linger=true }}",
            node_name(name)
        );
        let made = self.command("pw-cli").args(["create-node", "adapter", &node]).kill_on_drop(true).output().await;
        assert!(made.expect("pw-cli is installed").status.success(), "{name} is made");
        until(&format!("the session lists {name}"), || async { self.offers(name).await.then_some(()) }).await;
    }

    /// Plays a tone of [`TONE_HZ`] at [`TONE_LEVEL`] into these ports of a microphone or loudspeaker (`input_FL`,
    /// `playback_FL`), for as long as the answer lives, ten minutes at most.
    pub async fn play_into(&self, name: &str, ports: &[&str]) -> Process {
        let node = node_name(name);
        let player = format!("player-of-{node}-{}", ports.join("-"));
        let file = self.folder().join("tone.wav");
        if !file.exists() {
            let wave = format!("aevalsrc='{TONE_LEVEL}*sin(2*PI*{TONE_HZ}*t)':s=48000:d=600");
            let mut making = self.command("ffmpeg");
            making.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &wave, "-c:a", "pcm_s16le"]).arg(&file);
            assert!(making.status().await.expect("ffmpeg is installed").success());
        }
        let mut command = self.command("pw-play");
        command.args(["--target", "0", "-P", &format!("{{ node.name={player} }}")]).arg(file);
        let process = Process::start("pw-play", command);
        for port in ports {
            let (from, to) = (format!("{player}:output_MONO"), format!("{node}:{port}"));
            until(&format!("{from} is linked to {to}"), || async {
                let linked = self.command("pw-link").args([&from, &to]).kill_on_drop(true).output().await;
                linked.expect("pw-link is installed").status.success().then_some(())
            })
            .await;
        }
        process
    }

    /// Plugs a camera in: its picture carries the clock strip.
    pub async fn plug_camera(&self, name: &str) -> Camera {
        let program = built("examples/pipewire_camera", "cargo build -p antenne-engine --example pipewire_camera");
        let mut command = self.command(program);
        command.args([&node_name(name), name]);
        let mut process = Process::start("camera", command);
        process.line("that it is offered", |line| line.starts_with("offering ").then_some(())).await;
        until(&format!("the session lists {name}"), || async { self.offers(name).await.then_some(()) }).await;
        Camera { process }
    }
}

/// PipeWire's name of what people call `name`.
fn node_name(name: &str) -> String {
    name.to_lowercase().replace(char::is_whitespace, "-")
}

/// A camera that is plugged in until it is dropped.
pub struct Camera {
    process: Process,
}

impl Camera {
    /// Pulls it out.
    pub async fn pull(mut self) {
        self.process.kill().await;
    }
}
