//! What an older Antenne remembered is what this one starts with.

use std::fs;
use std::path::Path;

use domain::{Canvas, DeviceChoice, Layout, Overlay, Reach, SourceId, SourceKind, SourceSetup, Strip};
use studio::{Listen, Studio, StudioConfig};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/data-folder-0.1.0");

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_0_1_0_are_as_they_were() {
    let data = tempfile::tempdir().unwrap();
    fs::copy(Path::new(FIXTURE).join("settings.json"), data.path().join("settings.json")).unwrap();
    let config = StudioConfig {
        canvas: Canvas::new(320, 180, 15).unwrap(),
        listen: Listen::At(([127, 0, 0, 1], 0).into()),
        ..StudioConfig::new(data.path().to_owned())
    };
    let microphone = SourceId::parse("microphone").unwrap();
    for start in ["the first", "after it was written by this version"] {
        let studio = Studio::start(config.clone()).await.unwrap();
        let snapshot = studio.snapshot().await.unwrap();
        let setup = snapshot.setup;
        assert_eq!((setup.title.as_str(), setup.show.as_str()), ("Remembered", "late-night"), "{start}");
        assert_eq!((setup.layout, setup.reach), (Layout::Corner, Some(Reach::ThisNetwork)), "{start}");
        let muted = Strip { gain_db: -4.5, muted: true };
        let source = |name: &str, kind, choice, strip| {
            let id = SourceId::parse(name).unwrap();
            SourceSetup { id, kind, choice, strip }
        };
        let sources = [
            source("camera", SourceKind::Camera, DeviceChoice::Test, Strip::default()),
            source("microphone", SourceKind::Microphone, DeviceChoice::Device("alsa:unplugged".into()), muted),
            source("screen", SourceKind::Screen, DeviceChoice::None, Strip::default()),
        ];
        assert_eq!(setup.sources, sources, "{start}");
        assert_eq!((setup.composition, setup.countdown), (None, false), "{start}");
        assert_eq!(setup.overlay, Overlay { chat: false, hearts: true }, "{start}");
        assert_eq!(setup.retention_hours, 48, "{start}");
        let addresses: Vec<_> = setup.destinations.iter().map(|one| one.address.as_str()).collect();
        assert_eq!(addresses, ["rtmp://127.0.0.1:9/live/{key}"], "{start}");
        assert!(snapshot.notices.iter().all(|notice| !notice.code.starts_with("settings.")), "{start}");
        for muted in [false, true] {
            let reply = studio.dispatch(domain::Command::SetMuted { id: microphone.clone(), muted }).await;
            assert_eq!(reply, domain::Reply::Accepted);
        }
        studio.close().await;
    }
}
