//! What was chosen, remembered in a file with a version. Holds no secret. One value that cannot be
//! read never resets the others, and what is not understood is kept.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use domain::{Refusal, Setup, Strip, network};
use serde_json::{Map, Value};

mod keep;
mod older;
mod task;

use keep::keep;

/// The version of the file that this Antenne writes. Raise it where a field changes its meaning, and
/// say in [`upgrade`] what becomes of the old one.
const VERSION: u64 = 1;
/// Where the version stands. A file without it is from before there were versions.
const VERSION_FIELD: &str = "version";
/// Values that could not be read stand here from then on, each under its field's name.
const UNREADABLE: &str = "unreadable";

/// What the file said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Remembered {
    /// What was chosen; the default of each field that could not be read.
    pub(crate) setup: Setup,
    /// What was not understood; written back beside the setup.
    pub(crate) beside: Map<String, Value>,
    /// What the operator must know.
    pub(crate) notices: Vec<Refusal>,
}

/// Reads the remembered setup, field by field. Total: defaults stand for what is missing or
/// damaged. A file that is no JSON object lies beside the new one as `settings.json.unreadable`,
/// one of a newer version as a copy `settings.json.version-N`.
pub(crate) fn read(file: &Path) -> Remembered {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Remembered::default(),
        Err(error) => return unreadable(&error.to_string()),
    };
    match serde_json::from_slice::<Map<String, Value>>(&text) {
        Ok(fields) => {
            let version = fields.get(VERSION_FIELD).and_then(Value::as_u64).unwrap_or(0);
            let mut remembered = understand(fields, version);
            if version > VERSION {
                remembered.notices.push(newer(file, &text, version));
            }
            remembered
        }
        Err(error) => {
            let kept = fs::rename(file, file.with_extension("json.unreadable"));
            if let Err(error) = kept {
                tracing::warn!(%error, "the damaged settings could not be set aside");
            }
            unreadable(&error.to_string())
        }
    }
}

/// Writes `setup`, and what was not understood beside it, whole or not at all.
///
/// # Errors
///
/// What the system said; the old file is untouched.
pub(crate) fn write(file: &Path, setup: &Setup, beside: &Map<String, Value>) -> io::Result<()> {
    let mut fields = Map::from_iter([(VERSION_FIELD.to_owned(), VERSION.into())]);
    fields.extend(fields_of(setup)?);
    for (name, value) in beside {
        fields.entry(name).or_insert_with(|| value.clone());
    }
    let text = serde_json::to_vec_pretty(&fields).map_err(io::Error::other)?;
    let fresh = file.with_extension("json.new");
    let mut out = fs::File::create(&fresh)?;
    out.write_all(&text)?;
    out.sync_all()?;
    fs::rename(&fresh, file)?;
    // The name is in the folder only when the folder is on the disk.
    file.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

fn fields_of(setup: &Setup) -> io::Result<Map<String, Value>> {
    match serde_json::to_value(setup).map_err(io::Error::other)? {
        Value::Object(fields) => Ok(fields),
        other => Err(io::Error::other(format!("a setup is no object: {other}"))),
    }
}

/// Brings the fields of an older version to those of this one. What of them cannot be read is moved
/// to `unreadable`; returns the names of such fields.
fn upgrade(fields: &mut Map<String, Value>, version: u64, unreadable: &mut Map<String, Value>) -> Vec<String> {
    if version == 0 { older::to_sources(fields, unreadable) } else { Vec::new() }
}

/// Takes what can be understood.
fn understand(mut fields: Map<String, Value>, version: u64) -> Remembered {
    fields.remove(VERSION_FIELD);
    let mut unreadable = match fields.remove(UNREADABLE) {
        Some(Value::Object(before)) => before,
        _ => Map::new(),
    };
    let mut damaged = upgrade(&mut fields, version, &mut unreadable);
    let known = fields_of(&Setup::default()).unwrap_or_default();
    let (mut good, mut beside) = (Map::new(), Map::new());
    for (name, value) in fields {
        if !known.contains_key(&name) {
            beside.insert(name, value);
            continue;
        }
        let (readable, rest) = salvage(&name, value);
        good.extend(readable.map(|value| (name.clone(), value)));
        if let Some(rest) = rest {
            unreadable.insert(name.clone(), rest);
            damaged.push(name);
        }
    }
    if !unreadable.is_empty() {
        beside.insert(UNREADABLE.to_owned(), Value::Object(unreadable));
    }
    let setup = serde_json::from_value(Value::Object(good)).unwrap_or_default();
    let notices = if damaged.is_empty() { Vec::new() } else { vec![partly_unreadable(&damaged)] };
    Remembered { setup: bounded(setup), beside, notices }
}

/// Splits a value into what can be read as the field `name` and what cannot: of a list or an object
/// each member counts for itself.
fn salvage(name: &str, value: Value) -> (Option<Value>, Option<Value>) {
    if is_readable(name, value.clone()) {
        return (Some(value), None);
    }
    match value {
        Value::Array(members) => {
            let (good, bad): (Vec<_>, Vec<_>) =
                members.into_iter().partition(|member| is_readable(name, Value::Array(vec![member.clone()])));
            (Some(Value::Array(good)).filter(|good| is_readable(name, good.clone())), Some(Value::Array(bad)))
        }
        Value::Object(members) => {
            let alone = |(key, member): &(String, Value)| {
                is_readable(name, Value::Object(Map::from_iter([(key.clone(), member.clone())])))
            };
            let (good, bad): (Vec<_>, Vec<_>) = members.into_iter().partition(alone);
            let good = Value::Object(good.into_iter().collect());
            (Some(good).filter(|good| is_readable(name, good.clone())), Some(Value::Object(bad.into_iter().collect())))
        }
        other => (None, Some(other)),
    }
}

fn is_readable(name: &str, value: Value) -> bool {
    serde_json::from_value::<Setup>(Value::Object(Map::from_iter([(name.to_owned(), value)]))).is_ok()
}

/// The setup with every number back in its range: the file may have been edited by hand.
fn bounded(mut setup: Setup) -> Setup {
    for strip in setup.sources.iter_mut().map(|source| &mut source.strip) {
        let gain = if strip.gain_db.is_finite() { strip.gain_db } else { 0.0 };
        strip.gain_db = gain.clamp(*Strip::GAIN_DB.start(), *Strip::GAIN_DB.end());
    }
    setup.sources.truncate(Setup::SOURCES);
    // One name, one source.
    let mut names = BTreeSet::new();
    setup.sources.retain(|source| names.insert(source.id.clone()));
    if setup.sources.is_empty() {
        setup.sources = Setup::default().sources;
    }
    if setup.composition.as_ref().is_some_and(|composition| composition.problem(&setup.sources).is_some()) {
        setup.composition = None;
    }
    setup.retention_hours = setup.retention_hours.clamp(*Setup::RETENTION_HOURS.start(), *Setup::RETENTION_HOURS.end());
    setup.title = domain::text::clean(&setup.title).chars().take(Setup::TITLE_CHARACTERS).collect();
    setup.show_name = domain::text::clean(&setup.show_name).chars().take(Setup::TITLE_CHARACTERS).collect();
    setup.destinations.truncate(Setup::DESTINATIONS);
    let kbps = Setup::UPLOAD_KBPS;
    setup.upload_kbps = setup.upload_kbps.map(|upload| upload.clamp(*kbps.start(), *kbps.end()));
    setup.host_names.retain(|name| network::host_name(name).is_ok());
    setup.host_names.truncate(network::MOST);
    setup.trusted_proxies.truncate(network::MOST);
    setup
}

/// The operator learns that an older Antenne was started; the file is copied before it is written.
fn newer(file: &Path, text: &[u8], version: u64) -> Refusal {
    let copy = file.with_extension(format!("json.version-{version}"));
    let message = match fs::write(&copy, text) {
        Ok(()) => format!(
            "The settings were written by a newer Antenne; what this one does not know is left out. \
             A copy lies beside them as settings.json.version-{version}"
        ),
        Err(error) => format!(
            "The settings were written by a newer Antenne; what this one does not know is left out, \
             and they could not be copied ({error})"
        ),
    };
    Refusal::new("settings.newer_version", message)
}

fn partly_unreadable(fields: &[String]) -> Refusal {
    let message = format!(
        "Of the settings, {} could not be read and begin anew; everything else is as it was. \
         The old values are kept in settings.json under \"{UNREADABLE}\"",
        fields.join(", ")
    );
    Refusal::new("settings.partly_unreadable", message)
}

fn unreadable(problem: &str) -> Remembered {
    let message = format!(
        "The settings could not be read and begin anew; the old file lies beside them as settings.json.unreadable ({problem})"
    );
    Remembered { notices: vec![Refusal::new("settings.unreadable", message)], ..Remembered::default() }
}

#[cfg(test)]
mod tests;
