//! Offers a camera through PipeWire whose picture is the test camera's, clock strip included.
//!
//! `pipewire_camera NAME DESCRIPTION [WIDTHxHEIGHT [FPS]]` (640x360 at 30). Prints `offering NAME`
//! on a line when the pipeline runs, and runs until it is killed, which is what
//! pulling a camera's cable looks like.

#![allow(clippy::print_stdout, reason = "it speaks to the test that started it")]

use std::error::Error;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gst::prelude::{Cast, ElementExt, ElementExtManual, GstBinExtManual};
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
    let caps = info.to_caps()?;
    let source = gst_app::AppSrc::builder().caps(&caps).is_live(true).do_timestamp(true).max_buffers(2);
    let source = source.format(gst::Format::Time).leaky_type(gst_app::AppLeakyType::Downstream).build();
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
    pipeline.add_many([source.upcast_ref(), &sink])?;
    source.link(&sink)?;
    pipeline.set_state(gst::State::Playing)?;
    println!("offering {name}");
    draw(&pipeline, &source, &info, fps)
}

/// Draws until the server is gone.
fn draw(
    pipeline: &gst::Pipeline,
    source: &gst_app::AppSrc,
    info: &gst_video::VideoInfo,
    fps: u32,
) -> Result<(), Box<dyn Error>> {
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    let picture = engine::TestPicture::new(info.width() as usize, info.height() as usize);
    let began = Instant::now();
    for number in 0_u32.. {
        let due = Duration::from_secs(1).saturating_mul(number) / fps;
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let mut buffer = gst::Buffer::with_size(info.size())?;
        if let Some(buffer) = buffer.get_mut() {
            let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, info)?;
            let strides = [0, 1, 2].map(|plane| frame.plane_stride()[plane].unsigned_abs() as usize);
            let [luma, cb, cr, _] = frame.planes_data_mut();
            let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
            let mut planes = engine::Planes { data: [luma, cb, cr], strides };
            picture.draw(u64::from(number), u64::try_from(unix_ms)?, &mut planes);
        }
        source.push_buffer(buffer)?;
        if bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos]).is_some() {
            return Err("PipeWire is gone".into());
        }
    }
    Ok(())
}
