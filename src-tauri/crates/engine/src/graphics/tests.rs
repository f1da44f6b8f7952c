//! The graphics as a whole: what the picture looks like.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{Canvas, ChatCard, Graphics, Seq, TitleCard};
use gst_video::prelude::VideoFrameExt;

use super::{Painter, PainterHandle, slate};

/// A program frame in memory.
struct Program {
    canvas: Canvas,
    info: gst_video::VideoInfo,
    buffer: gst::Buffer,
}

impl Program {
    fn grey(canvas: Canvas, luma: u8) -> Self {
        gst::init().unwrap();
        let info =
            gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, canvas.width, canvas.height).build().unwrap();
        let buffer = gst::Buffer::with_size(info.size()).unwrap();
        let mut program = Self { canvas, info, buffer };
        program.wash(luma);
        program
    }

    fn wash(&mut self, luma: u8) {
        let buffer = self.buffer.get_mut().unwrap();
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &self.info).unwrap();
        frame.plane_data_mut(0).unwrap().fill(luma);
        frame.plane_data_mut(1).unwrap().fill(128);
        frame.plane_data_mut(2).unwrap().fill(128);
    }

    /// Something like a room with a window, so that cards are judged over a real brightness range.
    fn scenery(&mut self) {
        let (width, height) = (self.canvas.width as usize, self.canvas.height as usize);
        let buffer = self.buffer.get_mut().unwrap();
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &self.info).unwrap();
        let stride = frame.plane_stride()[0] as usize;
        let luma = frame.plane_data_mut(0).unwrap();
        for y in 0..height {
            for x in 0..width {
                let window = (x * 10 / width) % 3 == 1 && (y * 10 / height) % 5 < 3;
                luma[y * stride + x] = if window { 205 } else { 60 + (x * 60 / width + y * 50 / height) as u8 };
            }
        }
        frame.plane_data_mut(1).unwrap().fill(118);
        frame.plane_data_mut(2).unwrap().fill(138);
    }

    fn paint(&mut self, painter: &mut Painter, now: Duration) -> Vec<u16> {
        let buffer = self.buffer.get_mut().unwrap();
        let mut frame = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, &self.info).unwrap();
        painter.paint(&mut frame, now)
    }

    fn luma(&self) -> Vec<u8> {
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&self.buffer, &self.info).unwrap();
        let stride = frame.plane_stride()[0] as usize;
        let rows = frame.plane_data(0).unwrap().chunks(stride);
        rows.take(self.canvas.height as usize).flat_map(|row| row[..self.canvas.width as usize].to_vec()).collect()
    }

    /// Writes the frame where `ANTENNE_PICTURES` says, for people to look at.
    fn keep(&self, name: &str) {
        let Some(folder) = std::env::var_os("ANTENNE_PICTURES").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        let bytes = self.buffer.map_readable().unwrap();
        let size = format!("{}x{}", self.canvas.width, self.canvas.height);
        std::fs::write(folder.join(format!("{name}-{size}.yuv")), bytes.as_slice()).unwrap();
    }
}

fn card(seq: u64, name: &str, hue: u16, text: &str) -> ChatCard {
    ChatCard { seq: Seq(seq), name: name.to_owned(), hue, n: None, is_hosts: false, text: text.to_owned() }
}

fn full() -> Graphics {
    Graphics {
        chat: vec![
            card(1, "Ada", 204, "Bonjour tout le monde !"),
            card(2, "Grace Hopper", 340, "The picture is wonderful tonight, what camera is that?"),
            card(3, "ليلى", 90, "مرحبا بالعالم، هذا رائع"),
            card(4, "山田太郎", 150, "Great show 👏🎉 さいこう"),
            card(
                5,
                "Maximilian von und zu Hohenstein-Langenburg",
                30,
                "I think we should talk about the thing that everybody is waiting for: when does the next episode start, and where can one send questions before it does?",
            ),
        ],
        hearts: true,
        comment: None,
        title: None,
    }
}

/// Waits until the render thread made something of what it was given.
fn settle(painter: &mut Painter, now: Duration) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let made = || painter.desk.has_made();
    while !made() {
        assert!(Instant::now() < deadline, "nothing was rendered");
        std::thread::yield_now();
    }
    painter.take(now);
}

fn shown(handle: &PainterHandle, painter: &mut Painter, graphics: &Graphics, now: Duration) {
    handle.set(graphics);
    settle(painter, now);
}

const S: Duration = Duration::from_secs(1);

#[test]
fn a_full_picture_keeps_clear_of_the_clock_strip_at_every_size() {
    for (width, height) in [(320, 180), (322, 182), (640, 360), (1280, 720), (1920, 1080), (720, 1280)] {
        let canvas = Canvas::new(width, height, 30).unwrap();
        let (mut painter, handle) = Painter::start(canvas);
        let mut program = Program::grey(canvas, 100);
        let title = Some(TitleCard {
            title: "Late night with a rather long title that wraps".to_owned(),
            show: "studio".to_owned(),
        });
        let comment = full().chat.last().cloned();
        shown(&handle, &mut painter, &Graphics { title, comment, ..full() }, S);
        for hue in (0..360).step_by(12) {
            handle.hearts(hue, 5);
            settle(&mut painter, S);
        }
        for frame in 0..90 {
            program.paint(&mut painter, S + Duration::from_millis(frame * 33));
        }
        let luma = program.luma();
        let strip = (width * height.div_ceil(24)) as usize;
        assert!(luma[..strip].iter().all(|y| *y == 100), "{width}x{height}: the clock strip was painted over");
        assert!(luma[strip..].iter().any(|y| *y > 200), "{width}x{height}: no text");
    }
}

#[test]
fn pictures_to_look_at() {
    for (width, height) in [(1280, 720), (640, 360), (720, 1280)] {
        let canvas = Canvas::new(width, height, 30).unwrap();
        let (mut painter, handle) = Painter::start(canvas);
        let mut program = Program::grey(canvas, 90);
        shown(&handle, &mut painter, &full(), S);
        for frame in 0..60_u64 {
            if frame % 3 == 0 {
                handle.hearts((frame * 37 % 360) as u16, 1);
                settle(&mut painter, S + Duration::from_millis(frame * 33));
            }
            program.scenery();
            program.paint(&mut painter, S + Duration::from_millis(frame * 33));
        }
        program.keep("chat");
        let mut hosts = card(6, "Host", 262, "Welcome, everybody! שלום لا 👩‍👩‍👧‍👦 (hello) नमस्ते 日本");
        let mut twin = card(7, "Ada", 30, "I am the other Ada");
        (hosts.is_hosts, twin.n) = (true, Some(2));
        let mut hebrew = card(8, "עדה", 90, "שלום ABC (123) עולם!");
        hebrew.n = Some(3);
        let piled = card(9, "Z\u{301}\u{303}\u{302}\u{308}", 0, &"e\u{301}\u{489}\u{20DD}\u{2DE0} ".repeat(30));
        let talk = Graphics { chat: vec![hosts.clone(), twin, hebrew, piled], comment: Some(hosts), ..full() };
        shown(&handle, &mut painter, &talk, 3 * S);
        program.scenery();
        program.paint(&mut painter, 4 * S);
        program.keep("talk");
        let comment = Some(card(
            9,
            "Grace Hopper",
            340,
            "The picture is wonderful tonight, what camera is that? And 🎥 how do you light the room, it looks like a painting",
        ));
        let title = Some(TitleCard { title: "The long way home".to_owned(), show: "studio".to_owned() });
        let graphics = Graphics { comment, title, ..full() };
        shown(&handle, &mut painter, &graphics, 4 * S);
        program.scenery();
        program.paint(&mut painter, 5 * S);
        program.keep("comment");
        let picture = slate(
            &canvas,
            "No camera found",
            "Plug one in: it is on the picture at once. The screen and the test picture work without one.",
        );
        program.wash(0);
        program.buffer.get_mut().unwrap().copy_from_slice(0, &picture).unwrap();
        program.keep("slate");
    }
}

#[test]
fn a_card_comes_stays_and_goes() {
    let canvas = Canvas::default();
    let (mut painter, handle) = Painter::start(canvas);
    let changed = |painter: &mut Painter, now: Duration| {
        let mut program = Program::grey(canvas, 128);
        program.paint(painter, now);
        program.luma().iter().map(|y| u64::from(y.abs_diff(128))).sum::<u64>()
    };
    assert_eq!(changed(&mut painter, S), 0);
    shown(&handle, &mut painter, &Graphics { chat: vec![card(1, "Ada", 204, "Hello")], ..Graphics::default() }, S);
    let ms = Duration::from_millis;
    let (faint, whole) = (changed(&mut painter, S + ms(33)), changed(&mut painter, S + ms(250)));
    assert!(faint > 0 && faint < whole, "{faint} {whole}");
    assert_eq!(changed(&mut painter, 5 * S), whole);
    shown(&handle, &mut painter, &Graphics::default(), 6 * S);
    let going = changed(&mut painter, 6 * S + ms(100));
    assert!(going > 0 && going < whole, "{going} {whole}");
    assert_eq!(changed(&mut painter, 6 * S + ms(250)), 0);
}

#[test]
fn hearts_are_told_once_are_at_most_thirty_and_rise_only_where_they_are_wanted() {
    let canvas = Canvas::default();
    let (mut painter, handle) = Painter::start(canvas);
    let mut program = Program::grey(canvas, 128);
    handle.hearts(10, 3);
    settle(&mut painter, S);
    assert_eq!(program.paint(&mut painter, S), Vec::<u16>::new(), "no hearts were wanted");
    shown(&handle, &mut painter, &Graphics { hearts: true, ..Graphics::default() }, S);
    handle.hearts(204, 3);
    settle(&mut painter, S);
    assert_eq!(program.paint(&mut painter, S), vec![204, 204, 204]);
    assert_eq!(program.paint(&mut painter, S + Duration::from_millis(33)), Vec::<u16>::new());
    handle.hearts(340, 1_000_000);
    settle(&mut painter, S);
    assert_eq!(program.paint(&mut painter, 2 * S).len(), super::hearts::AT_ONCE - 3);
    assert!(program.paint(&mut painter, 10 * S).len() <= super::hearts::AT_ONCE);
}

#[test]
fn a_heart_has_the_colour_of_its_hue() {
    let canvas = Canvas::default();
    let (mut painter, handle) = Painter::start(canvas);
    shown(&handle, &mut painter, &Graphics { hearts: true, ..Graphics::default() }, S);
    for hue in [0, 60, 120, 204, 280, 340] {
        let mut program = Program::grey(canvas, 40);
        handle.hearts(hue, 1);
        settle(&mut painter, S);
        let now = S * u32::from(hue + 2);
        program.paint(&mut painter, now);
        program.wash(40);
        program.paint(&mut painter, now + Duration::from_millis(400));
        let colour = super::colour::heart(hue);
        let [y, u, v] = super::colour::bt709(colour.r.into(), colour.g.into(), colour.b.into());
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&program.buffer, &program.info).unwrap();
        let near = |plane: u32, wanted: f32| {
            let samples = frame.plane_data(plane).unwrap();
            samples.iter().filter(|sample| (f32::from(**sample) - wanted).abs() <= 3.0).count()
        };
        // Tolerance: 3 of 255 on each plane; a heart of some 40 pixels holds hundreds of such.
        assert!(near(0, y) > 100, "hue {hue}: luma {y} was seen {} times", near(0, y));
        let chroma = (f32::abs(u - 128.0) > 4.0)
            .then(|| near(1, u))
            .into_iter()
            .chain((f32::abs(v - 128.0) > 4.0).then(|| near(2, v)));
        assert!(chroma.min().unwrap_or(0) > 40, "hue {hue}: {u} {v}");
    }
}

#[test]
fn hostile_comments_are_drawn_within_their_card() {
    let canvas = Canvas::default();
    let (mut painter, handle) = Painter::start(canvas);
    let texts = [
        "</text></g></svg><script>alert(1)</script>{{name}}".to_owned(),
        "x".repeat(500),
        "🏳️‍🌈".repeat(100),
        format!("e{}", "\u{0301}".repeat(400)),
        "مرحبا".repeat(100),
        "&#x41;&lt;%n%s".repeat(30),
    ];
    for (index, text) in texts.iter().enumerate() {
        let now = S * (10 * (1 + index as u32));
        shown(
            &handle,
            &mut painter,
            &Graphics { chat: vec![card(index as u64, text, 720, text)], ..Graphics::default() },
            now,
        );
        let mut program = Program::grey(canvas, 128);
        program.paint(&mut painter, now + S);
        program.keep(&format!("hostile-{index}"));
        let luma = program.luma();
        let touched = |x: usize, y: usize| luma[y * 1280 + x] != 128;
        assert!((0..720).any(|y| (0..500).any(|x| touched(x, y))), "{text}: nothing was drawn");
        assert!((0..720).all(|y| (520..1280).all(|x| !touched(x, y))), "{text}: it is wider than a card");
        assert!((0..500).all(|y| (0..1280).all(|x| !touched(x, y))), "{text}: it is higher than three lines");
    }
}

#[test]
fn dropping_the_handle_ends_the_render_thread_and_the_painter_goes_on() {
    let (mut painter, handle) = Painter::start(Canvas::default());
    shown(&handle, &mut painter, &full(), S);
    drop(handle);
    assert_eq!(Arc::strong_count(&painter.desk), 1, "the render thread is gone");
    Program::grey(Canvas::default(), 100).paint(&mut painter, 2 * S);
}
