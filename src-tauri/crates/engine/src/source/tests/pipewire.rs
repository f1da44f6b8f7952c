//! A real PipeWire in a session of its own: these tests start themselves again inside it, because the
//! session's address is in the environment of the process.

mod played;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use domain::{Device, SourceKind, SourceSpec, SourceState};

use super::{DEADLINE, Trial, assert_regular};
use crate::device::DeviceWatch;

const INSIDE: &str = "ANTENNE_TEST_SESSION";
const CAMERA: &str = "pipewire:antenne-test-camera";
const MICROPHONE: &str = "pipewire:antenne-test-microphone";

#[test]
fn cameras_and_microphones_survive_pulling_and_a_restarted_server() {
    in_a_session("cameras_and_microphones_survive_pulling_and_a_restarted_server", pulled_and_restarted);
}

/// Does `work` inside a session, in another process: the test `name` of this module, started again.
fn in_a_session(name: &str, work: fn(&Path)) {
    if let Some(folder) = std::env::var_os(INSIDE) {
        return work(Path::new(&folder));
    }
    let programs = ["dbus-run-session", "pipewire", "wireplumber", "pw-dump", "pw-cli", "pw-play"];
    let missing = programs.into_iter().find(|program| !installed(program));
    assert_eq!(missing, None, "is not installed");
    let how = "is not built; build it with: cargo build -p antenne-engine --example pipewire_camera";
    assert!(helper().is_file(), "{} {how}", helper().display());
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("dbus-run-session");
    command.arg("--").arg(std::env::current_exe().unwrap()).args([
        "--exact",
        &format!("source::tests::pipewire::{name}"),
        "--nocapture",
    ]);
    for variable in [INSIDE, "XDG_RUNTIME_DIR", "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, folder.path());
    }
    command.env_remove("PIPEWIRE_REMOTE").env_remove("PIPEWIRE_RUNTIME_DIR").env_remove("DISPLAY");
    assert!(command.status().unwrap().success());
}

fn installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn helper() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().join("examples/pipewire_camera")
}

/// A process that does not outlive its test.
struct Process(Child);

impl Process {
    fn start(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server, its session manager, a camera and a microphone.
struct Server {
    camera: Option<Process>,
    _others: Vec<Process>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("pipewire-0");
        let pipewire = Process::start("pipewire", &[]);
        let until = Instant::now() + DEADLINE;
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < until, "PipeWire does not answer");
            std::thread::yield_now();
        }
        let others = vec![Process::start("wireplumber", &[]), pipewire];
        let node = "{ factory.name=support.null-audio-sink node.name=antenne-test-microphone \
                    node.description=Microphone media.class=Audio/Source/Virtual object.linger=true }";
        let made = Process::start("pw-cli", &["create-node", "adapter", node]).0.wait().unwrap();
        assert!(made.success());
        let mut server = Self { camera: None, _others: others };
        server.plug();
        server
    }

    fn plug(&mut self) {
        self.camera = Some(Process::start(helper(), &["antenne-test-camera", "Test camera", "640x360", "30"]));
    }

    /// The camera's process stands still; PipeWire still lists it.
    fn freeze(&self) {
        let camera = self.camera.as_ref().expect("the camera is plugged").0.id();
        assert!(Command::new("sh").args(["-c", &format!("kill -STOP {camera}")]).status().unwrap().success());
    }

    fn pull(&mut self) {
        self.camera = None;
    }
}

/// Asks until it is so.
fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}: not in time");
    }
}

fn wait_list(lists: &Receiver<Vec<Device>>, camera: bool) {
    let until = Instant::now() + DEADLINE;
    loop {
        let list =
            lists.recv_timeout(until.saturating_duration_since(Instant::now())).expect("the list changes in time");
        if list.iter().any(|device| device.id == CAMERA) == camera {
            return;
        }
    }
}

fn pulled_and_restarted(folder: &Path) {
    gst::init().unwrap();
    let (sender, lists) = mpsc::channel();
    let watch = DeviceWatch::start(Arc::new(move |list| {
        let _ = sender.send(list);
    }));
    wait_list(&lists, false);
    let mut server = Server::start(folder);
    wait_list(&lists, true);
    let camera = Trial::open(&SourceSpec::Device(SourceKind::Camera, CAMERA.to_owned()));
    camera.wait(SourceState::Running);
    camera.assert_clock_runs(60);
    let microphone = Trial::open(&SourceSpec::Device(SourceKind::Microphone, MICROPHONE.to_owned()));
    microphone.wait(SourceState::Running);
    microphone.buffers(150);
    assert_regular(&microphone.buffers(100), Duration::from_millis(10));

    println!("the camera is pulled");
    server.pull();
    let problem = camera.wait(SourceState::Lost).unwrap();
    println!("{problem}");
    wait_list(&lists, false);
    server.plug();
    wait_list(&lists, true);
    camera.wait(SourceState::Running);
    camera.assert_clock_runs(60);

    println!("the camera freezes without a word");
    server.freeze();
    camera.wait(SourceState::Lost);
    // The stand-in does not thaw by itself.
    server.pull();
    server.plug();
    camera.wait(SourceState::Running);
    camera.assert_clock_runs(30);

    println!("the server is restarted");
    drop(server);
    camera.wait(SourceState::Lost);
    microphone.wait(SourceState::Lost);
    wait_list(&lists, false);
    let server = Server::start(folder);
    wait_list(&lists, true);
    camera.wait(SourceState::Running);
    camera.assert_clock_runs(60);
    microphone.wait(SourceState::Running);
    microphone.buffers(100);
    camera.close();
    microphone.close();
    drop(watch);
    drop(server);
}
