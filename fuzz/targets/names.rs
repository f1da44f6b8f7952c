//! What becomes part of addresses, file names and pictures is exactly of its kind.
#![no_main]

use domain::{Canvas, DeviceChoice, EpisodeId, Layout, ShowSlug, SlugError, ViewerId};

libfuzzer_sys::fuzz_target!(|input: (u32, &str)| {
    let (fps, text) = input;
    slug(text);
    ids(text);
    canvas(text, fps);
    // Total by contract.
    let _ = (Layout::parse(text), DeviceChoice::parse(text));
});

fn slug(text: &str) {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let reserved = ShowSlug::RESERVED.contains(&text);
    match ShowSlug::parse(text) {
        Ok(slug) => {
            assert!(plain && !reserved && (1..=40).contains(&text.len()), "{text:?}");
            assert_eq!((slug.as_str(), slug.to_string().as_str()), (text, text));
        }
        Err(error) => assert_eq!(error == SlugError::Reserved, reserved, "{text:?}"),
    }
    // The same door for what comes as JSON.
    let json = serde_json::to_string(text).expect("any text is JSON");
    assert_eq!(serde_json::from_str::<ShowSlug>(&json).ok(), ShowSlug::parse(text).ok());
}

fn ids(text: &str) {
    let hexadecimal = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let id = EpisodeId::parse(text);
    assert_eq!(id.is_some(), hexadecimal, "{text:?}");
    assert_eq!(ViewerId::parse(text).is_some(), hexadecimal, "{text:?}");
    assert!(id.is_none_or(|id| id.as_str() == text), "{text:?}");
}

fn canvas(text: &str, fps: u32) {
    for fps in [fps, fps % 70] {
        let Ok(canvas) = Canvas::parse_size(text, fps) else { continue };
        assert_eq!(Canvas::new(canvas.width, canvas.height, canvas.fps), Ok(canvas));
        assert!(text.bytes().all(|b| b.is_ascii_digit() || b == b'x'), "{text:?} is no size");
        for rect in [Layout::Solo, Layout::SideBySide, Layout::Corner].map(|layout| layout.rects(&canvas)) {
            for rect in [rect.0, rect.1].into_iter().flatten() {
                let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
                assert!(rect.width > 0 && rect.height > 0 && right <= canvas.width && bottom <= canvas.height);
            }
        }
    }
}
