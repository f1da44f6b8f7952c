//! PipeWire's cameras and microphones, asked through its own tool `pw-dump`.
//!
//! Not through GStreamer's device provider: that of PipeWire 0.3.65 frees memory twice in every
//! third look, and the studio with it. A tool that dies takes nobody along.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::DeviceKind;
use serde_json::Value;

use crate::device::candidate::Candidate;
use crate::device::merge::Address;
use crate::device::mode::{Encoding, Mode};
use crate::thread_names;

/// A server that takes longer to answer hangs.
const DEADLINE: Duration = Duration::from_secs(3);
/// An answer that makes no sense is asked for so many times.
const ATTEMPTS: u32 = 4;
/// Which file of PipeWire's sets a client up.
const CLIENT_SETUP: &str = "PIPEWIRE_CONFIG_NAME";
/// PipeWire knows no more channels of one node.
const MOST_INPUTS: usize = 64;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(100);

/// PipeWire runs, and what it offers could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread(pub(crate) String);

/// What PipeWire offers now; nothing where it does not run.
///
/// # Errors
///
/// [`Unread`] where it runs and gave no answer that makes sense, however often it was asked.
pub(crate) fn look() -> Result<Vec<Candidate>, Unread> {
    let until = Instant::now() + DEADLINE;
    let mut attempts = 1;
    loop {
        let answer = dump(until.saturating_duration_since(Instant::now())).and_then(|dump| match dump {
            Some(dump) => objects(&dump),
            None => Ok(BTreeMap::new()),
        });
        match answer {
            Ok(objects) => return Ok(objects.values().filter_map(candidate).collect()),
            Err(unread) if attempts == ATTEMPTS || Instant::now() + BETWEEN_ATTEMPTS >= until => return Err(unread),
            Err(_) => attempts += 1,
        }
        thread::sleep(BETWEEN_ATTEMPTS);
    }
}

/// What the tool wrote; none where it is not installed, or there is no server.
fn dump(patience: Duration) -> Result<Option<Vec<u8>>, Unread> {
    let mut tool = Command::new("pw-dump");
    // It only asks: the real-time priority that our own threads ask for is limited for all of a person's programs.
    tool.env_remove(CLIENT_SETUP);
    tool.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut tool = match tool.spawn() {
        Ok(tool) => tool,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Unread(format!("pw-dump cannot be started: {error}"))),
    };
    let (done, read) = mpsc::sync_channel(1);
    let output = tool.stdout.take();
    let reader = thread::Builder::new().name(thread_names::PIPEWIRE_LOOK.to_owned()).spawn(move || {
        let mut text = Vec::new();
        let complete = output.is_some_and(|mut output| output.read_to_end(&mut text).is_ok());
        let _ = done.send(complete.then_some(text));
    });
    let text = match reader {
        Ok(_) => read.recv_timeout(patience).ok().flatten(),
        Err(_) => None,
    };
    let _ = tool.kill();
    let _ = tool.wait();
    match text {
        Some(text) if text.is_empty() && !is_there() => Ok(None),
        Some(text) => Ok(Some(text)),
        None => Err(Unread("pw-dump did not answer in time".to_owned())),
    }
}

/// Where PipeWire listens.
fn socket() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = set("PIPEWIRE_RUNTIME_DIR").or_else(|| set("XDG_RUNTIME_DIR"))?;
    Some(PathBuf::from(folder).join(set("PIPEWIRE_REMOTE").unwrap_or_else(|| "pipewire-0".into())))
}

/// Whether a server listens.
pub(crate) fn is_there() -> bool {
    socket().is_some_and(|path| UnixStream::connect(path).is_ok())
}

/// The objects of a dump, by their ids. It may consist of several documents: what a later one says of an
/// object holds, and one without `info` is gone.
fn objects(dump: &[u8]) -> Result<BTreeMap<u64, Value>, Unread> {
    let mut objects = BTreeMap::new();
    let mut documents = 0;
    for document in serde_json::Deserializer::from_slice(dump).into_iter::<Vec<Value>>() {
        let document = document.map_err(|error| Unread(format!("pw-dump wrote what is no list: {error}")))?;
        documents += 1;
        for object in document {
            let Some(id) = object.get("id").and_then(Value::as_u64) else { continue };
            if object.get("info").is_some_and(Value::is_null) {
                objects.remove(&id);
            } else {
                objects.insert(id, object);
            }
        }
    }
    if documents == 0 { Err(Unread("pw-dump wrote nothing".to_owned())) } else { Ok(objects) }
}

fn candidate(object: &Value) -> Option<Candidate> {
    let properties = object.pointer("/info/props")?;
    let text =
        |key: &str| properties.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let class = text("media.class")?;
    let kind = match class.as_str() {
        "Video/Source" => DeviceKind::Camera,
        "Audio/Sink" => DeviceKind::ComputerSound,
        _ if class.starts_with("Audio/Source") || class == "Audio/Duplex" => {
            if text("device.class").as_deref() == Some("monitor") {
                DeviceKind::ComputerSound
            } else {
                DeviceKind::Microphone
            }
        }
        _ => return None,
    };
    let node = text("node.name")?;
    let name = text("node.description").or_else(|| text("node.nick")).unwrap_or_else(|| node.clone());
    let path = text("api.v4l2.path");
    let formats = object.pointer("/info/params/EnumFormat").and_then(Value::as_array);
    let modes = formats.map(|formats| formats.iter().flat_map(modes).collect()).unwrap_or_default();
    let address = match formats.and_then(|formats| unplaced(formats)) {
        _ if class == "Audio/Sink" => Address::PipeWireSink(node),
        Some(inputs) if kind == DeviceKind::Microphone => Address::PipeWireInputs(node, inputs),
        _ => Address::PipeWire(node),
    };
    Some(Candidate { kind, name, address, path, stable_path: None, modes })
}

/// How many channels a device has whose channels have no places: PipeWire calls them `AUX0`, `AUX1` and so on.
fn unplaced(formats: &[Value]) -> Option<u32> {
    let positions = formats.iter().find_map(|format| format.get("position")?.as_array())?;
    let is_unplaced = |position: &Value| position.as_str().is_some_and(|name| name.starts_with("AUX"));
    let sound = (2..=MOST_INPUTS).contains(&positions.len()) && positions.iter().all(is_unplaced);
    sound.then(|| u32::try_from(positions.len()).ok()).flatten()
}

fn modes(format: &Value) -> Vec<Mode> {
    let encoding = match format.get("mediaSubtype").and_then(Value::as_str) {
        Some("raw") => Encoding::Raw,
        Some("mjpg") => Encoding::Jpeg,
        _ => return Vec::new(),
    };
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok());
    let side = |value: &Value, key: &str| number(value, key).and_then(|side| u32::try_from(side).ok());
    let sizes = choices(format.get("size"));
    let largest = sizes
        .iter()
        .filter_map(|size| Some((side(size, "width")?.min(3840), side(size, "height")?.min(2160))))
        .max_by_key(|(width, height)| u64::from(*width) * u64::from(*height));
    let Some((width, height)) = largest else { return Vec::new() };
    let rates = choices(format.get("framerate"));
    let rates = rates.iter().filter_map(|rate| Some((number(rate, "num")?, number(rate, "denom")?)));
    // A rate beyond reason is the end of a range: the camera takes what it is asked for.
    let mut rates: Vec<_> = rates.map(|rate| if rate.0 / rate.1.max(1) > 240 { (0, 1) } else { rate }).collect();
    rates.sort_unstable();
    rates.dedup();
    if rates.is_empty() {
        rates.push((0, 1));
    }
    rates.into_iter().map(|rate| Mode { encoding, width, height, rate }).collect()
}

/// One value, or each of a choice (`{"default": …, "alt1": …}`, `{"default": …, "min": …, "max": …}`).
fn choices(value: Option<&Value>) -> Vec<&Value> {
    let Some(object) = value.and_then(Value::as_object) else { return Vec::new() };
    let nested: Vec<&Value> = object.values().filter(|value| value.is_object()).collect();
    if nested.is_empty() { value.into_iter().collect() } else { nested }
}

/// What a [`Follower`] heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing in that time.
    Nothing,
    /// Something changed: look again.
    Change,
    /// The server ended, or there is none.
    Gone,
}

/// Hears of every change in PipeWire, and of its end. Ends its tool when it is dropped; the tool
/// also ends when this process dies.
pub(crate) struct Follower {
    shell: Child,
    alive: Option<ChildStdin>,
    heard: Receiver<()>,
    reader: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts to follow; none where no process can be started.
    pub(crate) fn start() -> Option<Self> {
        // The shell waits for the end of its input, which is the end of this process at the latest.
        let script = "pw-dump --monitor --no-colors </dev/null & exec >&-; read _; kill $! 2>/dev/null; wait";
        let mut command = Command::new("sh");
        command.env_remove(CLIENT_SETUP);
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = command.spawn().ok()?;
        let alive = shell.stdin.take();
        let mut output = shell.stdout.take()?;
        let (notify, heard) = mpsc::sync_channel(1);
        let reader = thread::Builder::new().name(thread_names::PIPEWIRE_WATCH.to_owned()).spawn(move || {
            let mut piece = [0; 16 * 1024];
            while output.read(&mut piece).is_ok_and(|count| count > 0) {
                // One waiting message says as much as many.
                let _ = notify.try_send(());
            }
        });
        Some(Self { shell, alive, heard, reader: reader.ok() })
    }

    /// Waits for up to `span`.
    pub(crate) fn wait(&self, span: Duration) -> Heard {
        match self.heard.recv_timeout(span) {
            Ok(()) => Heard::Change,
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::Gone,
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.alive.take());
        let _ = self.shell.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_becomes_a_camera_with_its_modes() {
        let node = serde_json::json!({ "id": 39, "info": {
            "props": { "media.class": "Video/Source", "node.name": "v4l2_input.usb", "node.description": "C920",
                       "api.v4l2.path": "/dev/video0" },
            "params": { "EnumFormat": [
                { "mediaType": "video", "mediaSubtype": "raw", "format": "YUY2", "size": { "width": 1280, "height": 720 },
                  "framerate": { "default": { "num": 10, "denom": 1 }, "alt1": { "num": 5, "denom": 1 } } },
                { "mediaType": "video", "mediaSubtype": "mjpg", "size": { "width": 1280, "height": 720 },
                  "framerate": { "num": 30, "denom": 1 } },
                { "mediaType": "video", "mediaSubtype": "h264", "size": { "width": 1920, "height": 1080 } } ] } } });
        let camera = candidate(&node).unwrap();
        assert_eq!((camera.kind, camera.path.as_deref()), (DeviceKind::Camera, Some("/dev/video0")));
        let modes: Vec<String> = camera.modes.iter().map(ToString::to_string).collect();
        assert_eq!(modes, ["1280×720 raw, 5 a second", "1280×720 raw, 10 a second", "1280×720 MJPEG, 30 a second"]);
    }

    #[test]
    fn what_a_loudspeaker_plays_is_computer_sound() {
        let node = |class, device| serde_json::json!({ "info": { "props": { "media.class": class, "node.name": "card", "device.class": device } } });
        let of = |class, device| candidate(&node(class, device)).map(|found| (found.kind, found.address));
        let name = || "card".to_owned();
        assert_eq!(of("Audio/Sink", "sound"), Some((DeviceKind::ComputerSound, Address::PipeWireSink(name()))));
        assert_eq!(of("Audio/Source", "monitor"), Some((DeviceKind::ComputerSound, Address::PipeWire(name()))));
        assert_eq!(of("Audio/Source", "sound"), Some((DeviceKind::Microphone, Address::PipeWire(name()))));
    }

    #[test]
    fn inputs_without_a_place_are_counted() {
        let many: Vec<String> = (0..65).map(|n| format!("AUX{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let placed = || Address::PipeWire("card".to_owned());
        let inputs = |count| Address::PipeWireInputs("card".to_owned(), count);
        for (class, positions, expected) in [
            ("Audio/Source", &["MONO"][..], placed()),
            ("Audio/Source", &["FL", "FR", "FC", "LFE", "RL", "RR", "SL", "SR"], placed()),
            ("Audio/Source", &["AUX0"], placed()),
            ("Audio/Source", &["AUX0", "FR"], placed()),
            ("Audio/Source", &[], placed()),
            ("Audio/Source", &many, placed()),
            ("Audio/Source", &many[..64], inputs(64)),
            ("Audio/Duplex", &["AUX0", "AUX1"], inputs(2)),
            ("Audio/Sink", &["AUX0", "AUX1"], Address::PipeWireSink("card".to_owned())),
        ] {
            let node = serde_json::json!({ "info": {
                "props": { "media.class": class, "node.name": "card" },
                "params": { "EnumFormat": [{ "mediaType": "audio", "mediaSubtype": "raw", "position": positions }] } } });
            assert_eq!(candidate(&node).map(|found| found.address), Some(expected), "{class} {positions:?}");
        }
    }

    fn ids(dump: &str) -> Result<Vec<u64>, Unread> {
        objects(dump.as_bytes()).map(|objects| objects.into_keys().collect())
    }

    #[test]
    fn a_dump_of_several_documents_is_read_to_its_end() {
        assert_eq!(ids(r#"[{"id":60,"info":null}] [{"id":39,"info":{}},{"id":60,"info":{}}]"#), Ok(vec![39, 60]));
        assert_eq!(
            ids(r#"[{"id":39,"info":{}},{"id":60,"info":{}}]
[{"id":60,"info":null}]"#),
            Ok(vec![39])
        );
        assert_eq!(ids(r#"[{"info":{}},7,{"id":"x"},{"id":5,"type":"y"}]"#), Ok(vec![5]));
        let later = objects(br#"[{"id":5,"info":{"a":1}}][{"id":5,"info":{"a":2}}]"#).unwrap();
        assert_eq!(later[&5]["info"]["a"], 2);
    }

    #[test]
    fn a_dump_that_cannot_be_read_is_not_an_empty_one() {
        for dump in ["", " \n", "[", r#"[{"id":39,"#, "{}", "null", r#"[{"id":39,"info":{}}] [{"id":40"#, "\u{0}"] {
            assert!(ids(dump).is_err(), "{dump}");
        }
        assert_eq!(ids("[]"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_source_or_makes_no_sense_is_left_out() {
        for object in [
            serde_json::json!({}),
            serde_json::json!({ "id": 39, "info": null }),
            serde_json::json!({ "info": { "props": { "media.class": "Stream/Output/Audio", "node.name": "player" } } }),
            serde_json::json!({ "info": { "props": { "media.class": "Video/Source" } } }),
            serde_json::json!({ "info": { "props": { "media.class": 7, "node.name": [] } } }),
        ] {
            assert_eq!(candidate(&object), None, "{object}");
        }
    }
}
