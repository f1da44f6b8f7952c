//! What an older Antenne remembered is what this one starts with.

use std::fs;
use std::path::Path;

use domain::{Canvas, DeviceChoice, Layout, Overlay, Reach};
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
    for start in ["the first", "after it was written by this version"] {
        let studio = Studio::start(config.clone()).await.unwrap();
        let snapshot = studio.snapshot().await.unwrap();
        let setup = snapshot.setup;
        assert_eq!((setup.title.as_str(), setup.show.as_str()), ("Remembered", "late-night"), "{start}");
        assert_eq!((setup.layout, setup.reach), (Layout::Corner, Some(Reach::ThisNetwork)), "{start}");
        assert_eq!(setup.camera, DeviceChoice::Test, "{start}");
        assert_eq!(setup.microphone, DeviceChoice::Device("alsa:unplugged".into()), "{start}");
        assert_eq!((setup.gain_db, setup.muted, setup.countdown), (-4.5, true, false), "{start}");
        assert_eq!(setup.overlay, Overlay { chat: false, hearts: true }, "{start}");
        assert_eq!(setup.retention_hours, 48, "{start}");
        let addresses: Vec<_> = setup.destinations.iter().map(|one| one.address.as_str()).collect();
        assert_eq!(addresses, ["rtmp://127.0.0.1:9/live/{key}"], "{start}");
        assert!(snapshot.notices.iter().all(|notice| !notice.code.starts_with("settings.")), "{start}");
        for muted in [false, true] {
            let reply = studio.dispatch(domain::Command::SetMuted { muted }).await;
            assert_eq!(reply, domain::Reply::Accepted);
        }
        studio.close().await;
    }
}
