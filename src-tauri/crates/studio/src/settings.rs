//! What was chosen, remembered in a file. Holds no secret; a file that cannot be read is kept
//! beside the new one and never stops the studio.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use domain::{Refusal, Setup};

/// Reads the remembered setup. Defaults where there is none; defaults and a notice where the file
/// is damaged, which then lies beside it as `settings.json.unreadable`.
pub(crate) fn read(file: &Path) -> (Setup, Option<Refusal>) {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Setup::default(), None),
        Err(error) => return (Setup::default(), Some(unreadable(&error.to_string()))),
    };
    match serde_json::from_slice::<Setup>(&text) {
        Ok(setup) => (bounded(setup), None),
        Err(error) => {
            let kept = fs::rename(file, file.with_extension("json.unreadable"));
            if let Err(error) = kept {
                tracing::warn!(%error, "the damaged settings could not be set aside");
            }
            (Setup::default(), Some(unreadable(&error.to_string())))
        }
    }
}

/// Writes `setup`, whole or not at all.
///
/// # Errors
///
/// What the system said; the old file is untouched.
pub(crate) fn write(file: &Path, setup: &Setup) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(setup).map_err(io::Error::other)?;
    let fresh = file.with_extension("json.new");
    let mut out = fs::File::create(&fresh)?;
    out.write_all(&text)?;
    out.sync_all()?;
    fs::rename(&fresh, file)
}

/// The setup with every number back in its range: the file may have been edited by hand.
fn bounded(mut setup: Setup) -> Setup {
    let gain = if setup.gain_db.is_finite() { setup.gain_db } else { 0.0 };
    setup.gain_db = gain.clamp(*Setup::GAIN_DB.start(), *Setup::GAIN_DB.end());
    setup.retention_hours = setup.retention_hours.clamp(*Setup::RETENTION_HOURS.start(), *Setup::RETENTION_HOURS.end());
    setup.title = domain::text::clean(&setup.title).chars().take(Setup::TITLE_CHARACTERS).collect();
    setup.destinations.truncate(16);
    setup
}

fn unreadable(problem: &str) -> Refusal {
    let message = format!(
        "The settings could not be read and begin anew; the old file lies beside them as settings.json.unreadable ({problem})"
    );
    Refusal::new("settings.unreadable", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        let setup = Setup { title: "Première".into(), muted: true, ..Setup::default() };
        write(&file, &setup).unwrap();
        assert_eq!(read(&file), (setup, None));
    }

    #[test]
    fn hostile_files_give_defaults_and_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{", "[1]", "null", "\u{0}", "{\"show\":\"../x\"}", "{\"layout\":7}", &"[".repeat(10_000)] {
            let file = folder.path().join("settings.json");
            fs::write(&file, text).unwrap();
            let (setup, notice) = read(&file);
            assert_eq!(setup, Setup::default());
            assert!(notice.is_some(), "{text:.20}");
            assert_eq!(fs::read_to_string(folder.path().join("settings.json.unreadable")).unwrap(), text);
        }
    }

    #[test]
    fn numbers_out_of_range_come_back_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        fs::write(&file, r#"{"gain_db":900.0,"retention_hours":0,"unknown":1}"#).unwrap();
        let (setup, notice) = read(&file);
        assert_eq!((setup.gain_db, setup.retention_hours, notice), (20.0, 1, None));
    }
}
