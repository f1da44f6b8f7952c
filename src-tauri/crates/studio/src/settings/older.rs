//! Settings of earlier versions.

use domain::{DeviceChoice, Setup, SourceKind};
use serde_json::{Map, Value};

/// Version 0 knew one camera, one microphone and one screen, each a field, and a still image was a
/// device whose id began so.
const IMAGE_PREFIX: &str = "image:";

/// Makes sources of the fields of version 0. Those that cannot be read are moved to `unreadable`, and
/// their names returned.
pub(super) fn to_sources(fields: &mut Map<String, Value>, unreadable: &mut Map<String, Value>) -> Vec<String> {
    let mut setup = Setup::default();
    let mut damaged = Vec::new();
    let names =
        [("camera", SourceKind::Camera), ("microphone", SourceKind::Microphone), ("screen", SourceKind::Screen)];
    for (name, kind) in names {
        take(fields, name, unreadable, &mut damaged, |choice: DeviceChoice| {
            setup.first_mut(kind).choice = match choice {
                DeviceChoice::Device(id) => match id.strip_prefix(IMAGE_PREFIX) {
                    Some(path) => DeviceChoice::Image(path.to_owned()),
                    None => DeviceChoice::Device(id),
                },
                other => other,
            };
        });
    }
    let strip = &mut setup.first_mut(SourceKind::Microphone).strip;
    take(fields, "gain_db", unreadable, &mut damaged, |gain_db| strip.gain_db = gain_db);
    take(fields, "muted", unreadable, &mut damaged, |muted| strip.muted = muted);
    // Serialising a setup cannot fail; if it did, the sources would be those of a first start.
    if let Ok(sources) = serde_json::to_value(&setup.sources) {
        fields.entry("sources").or_insert(sources);
    }
    damaged
}

fn take<T: serde::de::DeserializeOwned>(
    fields: &mut Map<String, Value>,
    name: &str,
    unreadable: &mut Map<String, Value>,
    damaged: &mut Vec<String>,
    put: impl FnOnce(T),
) {
    let Some(value) = fields.remove(name) else { return };
    match serde_json::from_value(value.clone()) {
        Ok(value) => put(value),
        Err(error) => {
            tracing::warn!(name, %error, "a remembered value cannot be read");
            unreadable.insert(name.to_owned(), value);
            damaged.push(name.to_owned());
        }
    }
}
