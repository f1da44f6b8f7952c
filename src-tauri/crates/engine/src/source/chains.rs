//! What stands between a device and the program, as data.

use domain::Canvas;

use crate::chain::{Chain, Part};
use crate::device::{Address, Encoding, Mode};
use crate::source::format::{RATE, audio_caps, video_caps};

/// Frames that may wait for conversion; what is older is dropped, so that a slow computer shows a
/// camera late by two frames at most.
const WAITING: u32 = 2;

/// A camera brought to the size of the canvas. A camera that is too fast is thinned out at the
/// source's pad; a slow one stays slow.
pub(crate) fn camera(address: &Address, mode: Option<&Mode>, canvas: &Canvas) -> Chain {
    let mut chain = Chain::start(match address {
        Address::V4l2(path) => Part::new("v4l2src").set("device", path),
        Address::PipeWire(name)
        | Address::PipeWireInputs(name, _)
        | Address::PipeWireSink(name)
        | Address::Pulse(name)
        | Address::Alsa(name) => pipewire(name, ""),
    });
    if let Some(mode) = mode {
        chain = chain.then(Part::caps(mode_caps(mode)));
    }
    chain = chain.then(Part::leaky_queue(WAITING));
    if mode.is_some_and(|mode| mode.encoding == Encoding::Jpeg) {
        chain = chain.then(Part::new("jpegdec"));
    }
    to_canvas(chain, canvas)
}

/// An X11 display, the mouse pointer included. The whole frame is fetched each time, because
/// with damage tracking a still screen delivers nothing.
pub(crate) fn screen(display: &str, canvas: &Canvas) -> Chain {
    let source = Part::new("ximagesrc").set("display-name", display).set("use-damage", false);
    let chain = Chain::start(source)
        .then(Part::caps(format!("video/x-raw, framerate=(fraction){}/1", canvas.fps)))
        .then(Part::leaky_queue(WAITING));
    to_canvas(chain, canvas)
}

/// A microphone as stereo at 48 kHz, still on its own clock: drift is compensated behind it.
///
/// Inputs without places come as so many channels, because PipeWire would leave out all but the first two.
/// Each is a microphone of its own, and heard in the middle at its own level.
pub(crate) fn microphone(address: &Address) -> Chain {
    let convert = Part::new("audioconvert");
    let (source, convert) = match address {
        Address::PipeWire(name) => (Chain::start(pipewire(name, "")), convert),
        Address::PipeWireInputs(name, inputs) => {
            let source = Chain::start(pipewire(name, ", stream.dont-remix=(string)true"));
            (source.then(Part::caps(inputs_caps(*inputs))), convert.set("mix-matrix", middle(*inputs)))
        }
        Address::PipeWireSink(name) => (Chain::start(pipewire(name, ", stream.capture.sink=(string)true")), convert),
        Address::Pulse(name) => (Chain::start(own_clock(Part::new("pulsesrc").set("device", name))), convert),
        Address::Alsa(name) | Address::V4l2(name) => {
            (Chain::start(own_clock(Part::new("alsasrc").set("device", name))), convert)
        }
    };
    source.then(convert).then(Part::new("audioresample")).then(Part::caps(audio_caps())).then(sink())
}

fn inputs_caps(inputs: u32) -> String {
    format!(
        "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, rate=(int){RATE}, channels=(int){inputs}, \
         channel-mask=(bitmask)0"
    )
}

/// The matrix that puts every one of `inputs` on the left and on the right, at its own level.
fn middle(inputs: u32) -> String {
    let row = vec!["(float)1"; inputs as usize].join(", ");
    format!("< < {row} >, < {row} > >")
}

/// Whether a microphone's timestamps are those of its own samples, so that a gap between them is lost time.
/// PipeWire's say when a buffer arrived.
pub(crate) fn is_stamped(address: &Address) -> bool {
    matches!(address, Address::Pulse(_) | Address::Alsa(_))
}

/// A cycle of 1,024 samples: one of 480 is not held on a busy machine, and every tenth one was silent there.
/// Copies each buffer: a program that offers a camera and dies takes its memory with it. Told not
/// to take another device when this one goes.
fn pipewire(name: &str, more: &str) -> Part {
    let wanted = "props, node.dont-reconnect=(string)true, node.latency=(string)\"1024/48000\"";
    Part::new("pipewiresrc")
        .set("target-object", name)
        .set("do-timestamp", true)
        .set("always-copy", true)
        .set("stream-properties", format!("{wanted}{more}"))
}

/// Small pieces, timed by the samples that the card counted.
fn own_clock(source: Part) -> Part {
    source
        .set("provide-clock", false)
        .set("slave-method", "none")
        .set("buffer-time", 200_000)
        .set("latency-time", 10_000)
}

fn to_canvas(chain: Chain, canvas: &Canvas) -> Chain {
    chain
        .then(Part::new("videoconvertscale").set("add-borders", true))
        .then(Part::caps(video_caps(canvas)))
        .then(sink())
}

fn sink() -> Part {
    Part::new("appsink").set("sync", false).set("max-buffers", 4).set("drop", true)
}

fn mode_caps(mode: &Mode) -> String {
    let media = if mode.encoding == Encoding::Raw { "video/x-raw" } else { "image/jpeg" };
    let size = format!("{media}, width=(int){}, height=(int){}", mode.width, mode.height);
    match mode.rate {
        (0, _) => size,
        (count, seconds) => format!("{size}, framerate=(fraction){count}/{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webcam_in_mjpeg_is_decoded_and_a_raw_one_is_not() {
        let canvas = Canvas::default();
        let mode = |encoding| Mode { encoding, width: 1280, height: 720, rate: (30, 1) };
        let address = Address::V4l2("/dev/video0".into());
        let jpeg = camera(&address, Some(&mode(Encoding::Jpeg)), &canvas).to_string();
        assert!(
            jpeg.starts_with("v4l2src device=/dev/video0 ! capsfilter caps=\"image/jpeg, width=(int)1280"),
            "{jpeg}"
        );
        assert!(jpeg.contains(" ! jpegdec ! videoconvertscale add-borders=true ! "), "{jpeg}");
        let raw = camera(&address, Some(&mode(Encoding::Raw)), &canvas).to_string();
        assert!(!raw.contains("jpegdec") && raw.contains("colorimetry=(string)bt709"), "{raw}");
    }

    #[test]
    fn every_chain_can_be_built() {
        gst::init().unwrap();
        let canvas = Canvas::default();
        let chains = [
            ("v4l2src", camera(&Address::V4l2("/dev/video0".into()), None, &canvas)),
            ("pipewiresrc", camera(&Address::PipeWire("camera".into()), None, &canvas)),
            ("ximagesrc", screen(":7", &canvas)),
            ("pipewiresrc", microphone(&Address::PipeWire("microphone".into()))),
            ("pipewiresrc", microphone(&Address::PipeWireInputs("interface".into(), 8))),
            ("pipewiresrc", microphone(&Address::PipeWireSink("loudspeaker".into()))),
            ("pulsesrc", microphone(&Address::Pulse("microphone".into()))),
            ("alsasrc", microphone(&Address::Alsa("hw:0".into()))),
        ];
        for (element, chain) in chains {
            assert!(gst::ElementFactory::find(element).is_some(), "{element} is not installed");
            chain.build(&gst::Bin::new(), "test").unwrap_or_else(|error| panic!("{chain}: {error}"));
        }
    }
}
