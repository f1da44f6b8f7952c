//! A studio off air, without a window, that shows one composition until it is killed: what the
//! benchmark compares the cost of compositions with.
//!
//! `desk slide|keyed|three|sixteen`. `slide` shows the test slide, with a camera that is open but
//! hidden; `keyed` the same camera over it, keyed, as large as the canvas; `three` shows a slide
//! and two cameras; `sixteen` the same, beside thirteen sources that are defined and closed.

use std::error::Error;

use domain::{
    Canvas, ChromaKey, Composition, DeviceChoice, Layer, Rect, Setup, SourceId, SourceKind, SourceSetup, SourceState,
};
use studio::{Listen, Studio, StudioConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setup = std::env::args().nth(1).as_deref().and_then(setup);
    let setup = setup.ok_or("usage: desk slide|keyed|three|sixteen")?;
    let open = setup.sources.iter().filter(|source| source.choice == DeviceChoice::Test).count();
    let data = tempfile::tempdir()?;
    let config = StudioConfig {
        listen: Listen::At(([127, 0, 0, 1], 0).into()),
        media_port: Some(0),
        setup: Some(setup),
        ..StudioConfig::new(data.path().to_owned())
    };
    let studio = Studio::start(config).await?;
    let mut subscription = studio.subscribe(false).await.ok_or("the studio closed")?;
    loop {
        subscription.beat().await.ok_or("the studio closed")?;
        let snapshot = studio.snapshot().await.ok_or("the studio closed")?;
        if snapshot.sources.iter().filter(|source| source.state == SourceState::Running).count() == open {
            break;
        }
    }
    eprintln!("ready");
    // Read on, as a window does.
    while subscription.beat().await.is_some() {}
    Ok(())
}

fn source(number: usize, kind: SourceKind, choice: DeviceChoice) -> SourceSetup {
    let id = SourceId::parse(&format!("source-{number}")).expect("a plain name");
    SourceSetup::new(id, kind, choice)
}

fn setup(name: &str) -> Option<Setup> {
    let whole = Canvas::default().rect();
    let quarter = |x: u32| Rect { x, y: 360, width: 640, height: 360 };
    let mut sources =
        vec![source(1, SourceKind::Screen, DeviceChoice::Test), source(2, SourceKind::Camera, DeviceChoice::Test)];
    let layer = |number: usize, rect: Rect| Layer::new(source(number, SourceKind::Camera, DeviceChoice::None).id, rect);
    let layers = match name {
        "slide" => vec![layer(1, whole)],
        "keyed" => {
            let key = ChromaKey { cb: 128, cr: 128, tolerance: 8, softness: 16 };
            vec![layer(1, whole), Layer { key: Some(key), ..layer(2, whole) }]
        }
        "three" | "sixteen" => {
            sources.push(source(3, SourceKind::Camera, DeviceChoice::Test));
            let closed = if name == "three" { 4..4 } else { 4..17 };
            sources.extend(closed.map(|number| source(number, SourceKind::Camera, DeviceChoice::None)));
            vec![layer(1, whole), layer(2, quarter(0)), layer(3, quarter(640))]
        }
        _ => return None,
    };
    Some(Setup { sources, composition: Some(Composition { layers }), countdown: false, ..Setup::default() })
}
