//! From what several providers say to one list: every device once, under an id that stays.

use domain::{Device, DeviceKind};

use crate::device::candidate::Candidate;
use crate::device::mode::{Mode, summary};

/// How a device is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A device file of Video4Linux.
    V4l2(String),
    /// The name of a PipeWire node.
    PipeWire(String),
    /// The name of a PipeWire node whose inputs have no places (left, right, centre), and how many they are.
    PipeWireInputs(String, u32),
    /// The name of a PipeWire node that plays: what it is given to play.
    PipeWireSink(String),
    /// The name of a PulseAudio source.
    Pulse(String),
    /// An ALSA device.
    Alsa(String),
}

/// A camera or microphone that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) device: Device,
    pub(crate) address: Address,
    pub(crate) modes: Vec<Mode>,
}

/// Every camera once, V4L2 before PipeWire; microphones, and what loudspeakers play, of the one sound server
/// that manages them. Ids are unique.
pub(crate) fn merge(candidates: Vec<Candidate>) -> Vec<Found> {
    let (cameras, mut sounds): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|candidate| candidate.kind == DeviceKind::Camera);
    let (direct, served): (Vec<_>, Vec<_>) =
        cameras.into_iter().partition(|candidate| matches!(candidate.address, Address::V4l2(_)));
    let served = served
        .into_iter()
        .filter(|candidate| candidate.path.is_none() || !direct.iter().any(|other| other.path == candidate.path));
    let mut chosen: Vec<Candidate> = served.collect();
    chosen.splice(0..0, direct);
    chosen.sort_by(|a, b| (rank(a), &a.path, &a.name).cmp(&(rank(b), &b.path, &b.name)));
    let server = sounds.iter().map(rank).min();
    sounds.retain(|candidate| Some(rank(candidate)) == server);
    sounds.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let mut found: Vec<Found> = Vec::new();
    for candidate in chosen.into_iter().chain(sounds) {
        let wanted = id(&candidate);
        let taken = |id: &str| found.iter().any(|other| other.device.id == id && other.device.kind == candidate.kind);
        let numbered = (2..).map(|n| format!("{wanted}.{n}"));
        let Some(id) = std::iter::once(wanted.clone()).chain(numbered).find(|id| !taken(id)) else { continue };
        found.push(describe(candidate, id));
    }
    found
}

fn rank(candidate: &Candidate) -> u8 {
    match candidate.address {
        Address::V4l2(_) => 0,
        Address::PipeWire(_) | Address::PipeWireInputs(..) | Address::PipeWireSink(_) => 1,
        Address::Pulse(_) => 2,
        Address::Alsa(_) => 3,
    }
}

fn id(candidate: &Candidate) -> String {
    let (system, name) = match &candidate.address {
        Address::V4l2(path) => ("v4l2", candidate.stable_path.as_ref().unwrap_or(path)),
        Address::PipeWire(node) | Address::PipeWireInputs(node, _) | Address::PipeWireSink(node) => ("pipewire", node),
        Address::Pulse(name) => ("pulse", name),
        Address::Alsa(name) => ("alsa", name),
    };
    format!("{system}:{}", plain(name.trim_start_matches("/dev/")))
}

/// `text` with everything but `[A-Za-z0-9:._-]` replaced.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || ":._-".contains(c) { c } else { '_' }).collect()
}

fn describe(candidate: Candidate, id: String) -> Found {
    let detail = match candidate.kind {
        DeviceKind::Camera => summary(&candidate.modes),
        DeviceKind::ComputerSound => "what it plays".to_owned(),
        _ => match candidate.address {
            Address::PipeWireInputs(_, inputs) => format!("through PipeWire, {inputs} inputs"),
            Address::PipeWire(_) | Address::PipeWireSink(_) => "through PipeWire".to_owned(),
            Address::Pulse(_) => "through PulseAudio".to_owned(),
            Address::Alsa(_) => "directly".to_owned(),
            Address::V4l2(_) => String::new(),
        },
    };
    let device = Device { kind: candidate.kind, id, name: candidate.name, detail, unusable: None };
    Found { device, address: candidate.address, modes: candidate.modes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(name: &str, address: Address, path: Option<&str>) -> Candidate {
        Candidate {
            kind: DeviceKind::Camera,
            name: name.to_owned(),
            address,
            path: path.map(str::to_owned),
            stable_path: None,
            modes: Vec::new(),
        }
    }

    fn sound(kind: DeviceKind, name: &str, address: Address) -> Candidate {
        Candidate { kind, ..camera(name, address, None) }
    }

    fn ids(found: &[Found]) -> Vec<&str> {
        found.iter().map(|found| found.device.id.as_str()).collect()
    }

    #[test]
    fn a_camera_behind_v4l2_and_pipewire_is_listed_once() {
        let found = merge(vec![
            camera("C920 (PipeWire)", Address::PipeWire("v4l2_input.pci-0".into()), Some("/dev/video0")),
            camera("Virtual", Address::PipeWire("virtual".into()), None),
            camera("C920", Address::V4l2("/dev/video0".into()), Some("/dev/video0")),
        ]);
        assert_eq!(ids(&found), ["v4l2:video0", "pipewire:virtual"]);
    }

    #[test]
    fn ids_are_plain_stay_and_are_unique() {
        let stable = Candidate {
            stable_path: Some("usb-046d_HD Pro-index0".into()),
            ..camera("C920", Address::V4l2("/dev/video2".into()), Some("/dev/video2"))
        };
        let twin = camera("Ünï", Address::PipeWire("a/ü b".into()), None);
        let found = merge(vec![stable, twin.clone(), twin]);
        assert_eq!(ids(&found), ["v4l2:usb-046d_HD_Pro-index0", "pipewire:a___b", "pipewire:a___b.2"]);
    }

    #[test]
    fn sound_comes_from_one_sound_server_and_what_it_plays_is_no_microphone() {
        let found = merge(vec![
            sound(DeviceKind::Microphone, "Mic (ALSA)", Address::Alsa("hw:0".into())),
            sound(DeviceKind::ComputerSound, "A monitor", Address::Pulse("sink.monitor".into())),
            sound(DeviceKind::Microphone, "Mic (Pulse)", Address::Pulse("mic".into())),
        ]);
        assert_eq!(ids(&found), ["pulse:mic", "pulse:sink.monitor"]);
        assert_eq!(found[1].device.kind, DeviceKind::ComputerSound);
    }

    #[test]
    fn one_card_may_hear_and_play_under_one_name() {
        let found = merge(vec![
            sound(DeviceKind::ComputerSound, "Headset", Address::PipeWireSink("headset".into())),
            sound(DeviceKind::Microphone, "Headset", Address::PipeWire("headset".into())),
        ]);
        assert_eq!(ids(&found), ["pipewire:headset", "pipewire:headset"]);
        assert_eq!(found[0].device.kind, DeviceKind::Microphone);
    }
}
