use super::*;
use domain::{DestinationSetup, DeviceChoice, Layout, Overlay, ShowSlug, SourceKind};
use serde_json::json;
use std::path::PathBuf;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    (folder, file)
}

fn put(file: &Path, value: &Value) {
    fs::write(file, value.to_string()).unwrap();
}

fn codes(remembered: &Remembered) -> Vec<&str> {
    remembered.notices.iter().map(|notice| notice.code.as_str()).collect()
}

fn destination(address: &str) -> DestinationSetup {
    DestinationSetup { address: address.into() }
}

#[test]
fn a_setup_comes_back_as_it_was_and_the_file_says_its_version() {
    let (_folder, file) = folder();
    let mut setup = Setup { title: "Première".into(), ..Setup::default() };
    setup.first_mut(SourceKind::Microphone).strip = Strip { gain_db: -3.5, muted: true };
    write(&file, &setup, &Map::new()).unwrap();
    assert_eq!(read(&file), Remembered { setup, ..Remembered::default() });
    let text: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(text["version"], VERSION);
}

#[test]
fn a_file_that_is_no_object_gives_defaults_and_is_kept() {
    let (folder, file) = folder();
    for text in ["", "{", "[1]", "null", "\u{0}", "{\"a\":1}x", &"[".repeat(10_000)] {
        fs::write(&file, text).unwrap();
        let remembered = read(&file);
        assert_eq!((remembered.setup.clone(), codes(&remembered)), (Setup::default(), vec!["settings.unreadable"]));
        assert_eq!(fs::read_to_string(folder.path().join("settings.json.unreadable")).unwrap(), text);
    }
}

#[test]
fn one_damaged_value_resets_itself_only_and_is_kept_in_the_file() {
    let good = json!({
        "title": "Late", "show": "late-night", "layout": "corner",
        "sources": [{"id": "guest", "kind": "camera", "choice": {"kind": "test"}, "strip": {"gain_db": -3.5, "muted": true}}],
        "overlay": {"chat": false, "hearts": true}, "reach": "this_network", "countdown": false,
        "retention_hours": 48, "destinations": [{"address": "rtmp://h/live/{key}"}],
    });
    let (_folder, file) = folder();
    put(&file, &good);
    let whole = read(&file);
    assert!(whole.notices.is_empty());
    let default = fields_of(&Setup::default()).unwrap();
    let whole_fields = fields_of(&whole.setup).unwrap();
    for name in good.as_object().unwrap().keys() {
        for bad in [json!({"what": {"is": "this"}}), json!(["../x"]), json!("\u{0}../x/"), json!(1e300), json!(-7)] {
            if is_readable(name, bad.clone()) {
                continue;
            }
            let mut fields = good.clone();
            fields[name] = bad.clone();
            put(&file, &fields);
            let remembered = read(&file);
            assert_eq!(codes(&remembered), ["settings.partly_unreadable"], "{name}: {bad}");
            assert!(remembered.notices[0].message.contains(name.as_str()), "{name}: {bad}");
            let fields = fields_of(&remembered.setup).unwrap();
            for (field, value) in &fields {
                let expected = if field == name { &default[field] } else { &whole_fields[field] };
                assert_eq!(value, expected, "{field}, where {name} is {bad}");
            }
            assert_eq!(remembered.beside["unreadable"][name], bad, "{name}");
            // Once it is written it is no news any more, and still there.
            write(&file, &remembered.setup, &remembered.beside).unwrap();
            assert_eq!(read(&file), Remembered { notices: Vec::new(), ..remembered });
        }
    }
}

#[test]
fn of_a_list_and_of_an_object_each_member_counts_for_itself() {
    let (_folder, file) = folder();
    put(
        &file,
        &json!({"destinations": [{"address": "rtmp://a/b"}, {"address": 7}, "x", {"address": "rtmp://c/d"}],
                "overlay": {"chat": false, "hearts": "many"}}),
    );
    let remembered = read(&file);
    assert_eq!(remembered.setup.destinations, [destination("rtmp://a/b"), destination("rtmp://c/d")]);
    assert_eq!(remembered.setup.overlay, Overlay { chat: false, ..Overlay::default() });
    let unreadable = json!({"destinations": [{"address": 7}, "x"], "overlay": {"hearts": "many"}});
    assert_eq!(remembered.beside["unreadable"], unreadable);
}

#[test]
fn a_newer_file_is_read_as_far_as_it_is_known_and_copied() {
    let (folder, file) = folder();
    let newer = json!({"version": 99, "title": "From the future", "show": "late", "hologram": {"on": true}});
    put(&file, &newer);
    let remembered = read(&file);
    assert_eq!(remembered.setup.title, "From the future");
    assert_eq!(codes(&remembered), ["settings.newer_version"]);
    let copy = fs::read(folder.path().join("settings.json.version-99")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&copy).unwrap(), newer);
    // What this Antenne does not know is still there for the one that does.
    write(&file, &remembered.setup, &remembered.beside).unwrap();
    let written: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!((&written["hologram"], &written["version"]), (&newer["hologram"], &json!(VERSION)));
}

#[test]
fn numbers_out_of_range_come_back_into_it() {
    let (_folder, file) = folder();
    let source = |gain_db: f64| json!({"id": "m", "kind": "microphone", "choice": {"kind": "first"}, "strip": {"gain_db": gain_db}});
    put(&file, &json!({"version": 1, "sources": [source(900.0), source(1.0)], "retention_hours": 0, "unknown": 1}));
    let remembered = read(&file);
    let gains: Vec<f32> = remembered.setup.sources.iter().map(|source| source.strip.gain_db).collect();
    assert_eq!((gains, remembered.setup.retention_hours), (vec![20.0], 1));
    assert!(remembered.notices.is_empty());
    assert_eq!(remembered.beside["unknown"], 1);
}

#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let (folder, file) = folder();
    write(&file, &Setup::default(), &Map::new()).unwrap();
    let before = fs::read(&file).unwrap();
    fs::create_dir(folder.path().join("settings.json.new")).unwrap();
    let setup = Setup { layout: Layout::Corner, show: ShowSlug::parse("other").unwrap(), ..Setup::default() };
    assert!(write(&file, &setup, &Map::new()).is_err());
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn camera_microphone_and_screen_of_the_first_version_become_sources() {
    let (_folder, file) = folder();
    put(
        &file,
        &json!({
            "camera": {"kind": "device", "id": "image:/pictures/logo.png"}, "microphone": {"kind": "device", "id": "alsa:hw:0"},
            "screen": {"kind": "test"}, "gain_db": -4.5, "muted": true, "title": "Old",
        }),
    );
    let remembered = read(&file);
    let source = |kind| remembered.setup.sources.iter().find(|source| source.kind == kind).unwrap();
    assert_eq!(source(SourceKind::Camera).choice, DeviceChoice::Image("/pictures/logo.png".to_owned()));
    assert_eq!(source(SourceKind::Screen).choice, DeviceChoice::Test);
    let microphone = source(SourceKind::Microphone);
    assert_eq!(microphone.choice, DeviceChoice::Device("alsa:hw:0".to_owned()));
    assert_eq!(microphone.strip, domain::Strip { gain_db: -4.5, muted: true });
    assert_eq!((remembered.setup.sources.len(), remembered.setup.title.as_str()), (3, "Old"));
    assert!(remembered.notices.is_empty() && remembered.beside.is_empty());
    put(&file, &json!({"camera": 7, "gain_db": -4.5}));
    let remembered = read(&file);
    assert_eq!(
        (codes(&remembered), &remembered.beside["unreadable"]["camera"]),
        (vec!["settings.partly_unreadable"], &json!(7))
    );
    let microphone = remembered.setup.sources.iter().find(|source| source.kind == SourceKind::Microphone).unwrap();
    assert_eq!(microphone.strip.gain_db, -4.5, "one damaged value resets itself only");
}

#[test]
fn a_composition_that_cannot_be_shown_gives_way_to_the_layout() {
    let (_folder, file) = folder();
    let sources = json!([{"id": "guest", "kind": "camera", "choice": {"kind": "test"}}]);
    let layer = |source: &str, width: u32| json!({"layers": [{"source": source, "rect": {"x": 0, "y": 0, "width": width, "height": 90}}]});
    put(&file, &json!({"version": 1, "sources": sources, "composition": layer("guest", 160)}));
    assert_eq!(read(&file).setup.composition.map(|composition| composition.layers.len()), Some(1));
    for impossible in [layer("nobody", 160), layer("guest", 0), layer("guest", 161), layer("guest", 4_000_000_000)] {
        put(&file, &json!({"version": 1, "sources": sources, "composition": impossible}));
        assert_eq!(read(&file).setup.composition, None);
    }
}
