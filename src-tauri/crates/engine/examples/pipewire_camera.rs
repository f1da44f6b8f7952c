//! Offers a camera through PipeWire whose picture is the test camera's, clock strip included.
//!
//! `pipewire_camera NAME DESCRIPTION [WIDTHxHEIGHT [FPS]]` (640x360 at 30). Prints `offering NAME`
//! on a line when the pipeline runs, and runs until it is killed, which is what
//! pulling a camera's cable looks like.

#![allow(clippy::print_stdout, reason = "it speaks to the test that started it")]

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use gst::prelude::{ElementExt, GstBinExtManual, PadExtManual};
use gst_video::prelude::VideoFrameExt;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, description, rest @ ..] = arguments.as_slice() else {
        return Err("usage: pipewire_camera NAME DESCRIPTION [WIDTHxHEIGHT [FPS]]".into());
    };
    let fps: u32 = rest.get(1).map_or(Ok(30), |fps| fps.parse())?;
    let canvas = domain::Canvas::parse_size(rest.first().map_or("640x360", String::as_str), fps)?;
    engine::init()?;
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, canvas.width, canvas.height)
        .fps(gst::Fraction::new(i32::try_from(fps)?, 1))
        .build()?;
    // The sink of PipeWire 0.3.65 takes only pictures that lie in its own memory. This source
    // asks for that memory, and its black picture is drawn over there.
    let source = gst::ElementFactory::make("videotestsrc")
        .property("is-live", true)
        .property_from_str("pattern", "black")
        .build()?;
    let format = gst::ElementFactory::make("capsfilter").property("caps", info.to_caps()?).build()?;
    let properties = gst::Structure::builder("properties")
        .field("media.class", "Video/Source")
        .field("media.role", "Camera")
        .field("node.name", name.as_str())
        .field("node.description", description.as_str())
        .build();
    let sink = gst::ElementFactory::make("pipewiresink")
        .property_from_str("mode", "provide")
        .property("stream-properties", properties)
        .build()?;
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, &format, &sink])?;
    gst::Element::link_many([&source, &format, &sink])?;
    draw_over(&source, info)?;
    pipeline.set_state(gst::State::Playing)?;
    println!("offering {name}");
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    bus.timed_pop_filtered(gst::ClockTime::NONE, &[gst::MessageType::Error, gst::MessageType::Eos]);
    Err("PipeWire is gone".into())
}

fn draw_over(source: &gst::Element, info: gst_video::VideoInfo) -> Result<(), Box<dyn Error>> {
    let picture = engine::TestPicture::new(info.width() as usize, info.height() as usize);
    let number = AtomicU64::new(0);
    let pad = source.static_pad("src").ok_or("a source has a pad")?;
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, probe| {
        let Some(buffer) = probe.buffer_mut().and_then(|buffer| buffer.get_mut()) else {
            return gst::PadProbeReturn::Drop;
        };
        let Ok(mut frame) = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &info) else {
            return gst::PadProbeReturn::Drop;
        };
        let strides = [0, 1, 2].map(|plane| frame.plane_stride()[plane].unsigned_abs() as usize);
        let [luma, cb, cr, _] = frame.planes_data_mut();
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut planes = engine::Planes { data: [luma, cb, cr], strides };
        picture.draw(number.fetch_add(1, Ordering::Relaxed), u64::try_from(unix_ms).unwrap_or(0), &mut planes);
        gst::PadProbeReturn::Ok
    });
    Ok(())
}
