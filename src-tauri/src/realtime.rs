//! Lets the threads with which PipeWire reads microphones and cameras run before the rest of a busy computer.
//!
//! PipeWire has a module that asks for real-time priority: of the kernel where that allows it, else of rtkit or
//! the desktop's portal over D-Bus, and silently does without where nobody grants it. Its own recorder loads it; the
//! setup that GStreamer's element takes does not (0.3.65), and a microphone then loses buffers under load. The
//! setup with the module is another file, which PipeWire finds by a name in the environment. So the program
//! starts itself anew with that name, before it has any thread, because a running program cannot set its own
//! environment safely.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

/// Names the file that sets a client of PipeWire up.
const NAME: &str = "PIPEWIRE_CONFIG_NAME";
/// PipeWire's own setup with the module.
const SETUP: &str = "client-rt.conf";

/// Starts the program anew where PipeWire would not ask for real-time priority. Whoever named a setup
/// keeps it. Comes back where there is nothing to do, or with why it could not be done: a show can do without.
pub(crate) fn ask() -> Option<std::io::Error> {
    if std::env::var_os(NAME).is_some() || !is_there(&folders(|name| std::env::var_os(name))) {
        return None;
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return Some(error),
    };
    Some(std::process::Command::new(program).args(std::env::args_os().skip(1)).env(NAME, SETUP).exec())
}

/// Says in the log whether it is asked for.
pub(crate) fn log(failed: Option<&std::io::Error>) {
    let setup = std::env::var_os(NAME);
    let asked = setup.as_deref() == Some(OsStr::new(SETUP));
    tracing::debug!(asked, ?setup, ?failed, "real-time priority for PipeWire's threads");
}

/// Where PipeWire looks for its files, a person's own first.
fn folders(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Vec<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(only) = set("PIPEWIRE_CONFIG_DIR") {
        return vec![only];
    }
    let own = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    let own = own.map(|folder| folder.join("pipewire"));
    own.into_iter().chain(["/etc/pipewire", "/usr/share/pipewire"].map(PathBuf::from)).collect()
}

fn is_there(folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| folder.join(SETUP).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        folders(|name| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn a_persons_own_setup_comes_before_the_systems() {
        let system = ["/etc/pipewire", "/usr/share/pipewire"].map(PathBuf::from);
        let with = |own: &str| [&[PathBuf::from(own)], system.as_slice()].concat();
        assert_eq!(found(&[("HOME", "/home/ada")]), with("/home/ada/.config/pipewire"));
        assert_eq!(found(&[("HOME", "/home/ada"), ("XDG_CONFIG_HOME", "/c")]), with("/c/pipewire"));
        assert_eq!(found(&[("HOME", ""), ("XDG_CONFIG_HOME", "")]), system);
        assert_eq!(found(&[("PIPEWIRE_CONFIG_DIR", "/d"), ("HOME", "/home/ada")]), [PathBuf::from("/d")]);
    }

    #[test]
    fn a_setup_that_is_not_there_is_not_named() {
        let folder = std::env::temp_dir().join(format!("antenne-realtime-{}", std::process::id()));
        assert!(!is_there(std::slice::from_ref(&folder)) && !is_there(&[]));
        std::fs::create_dir(&folder).unwrap();
        assert!(!is_there(std::slice::from_ref(&folder)), "an empty folder");
        std::fs::write(folder.join(SETUP), "").unwrap();
        assert!(is_there(&[PathBuf::from("/nowhere"), folder.clone()]));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
