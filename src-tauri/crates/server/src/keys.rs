//! The keys with which shows are published: a file of hashes, which the command line changes while the server reads it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use domain::ShowSlug;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Of a key's hash, so many characters name it.
const NAME: usize = 8;
/// The version of the file.
const VERSION: u32 = 1;

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("the keys in {} cannot be read ({problem}); they are not touched, and nobody can publish until they can", path.display())]
    Unreadable { path: PathBuf, problem: String },
    #[error("the keys in {} cannot be written: {error}", path.display())]
    Unwritable { path: PathBuf, error: io::Error },
    #[error("there is no key {0}; `antenne-server token list` names those that there are")]
    Unknown(String),
}

/// A key, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// How it is called.
    pub(crate) id: String,
    pub(crate) show: ShowSlug,
    /// SHA-256 of the key, in hexadecimal.
    hash: String,
    /// When it was made, RFC 3339.
    pub(crate) added: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    keys: Vec<Key>,
}

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    path: PathBuf,
}

impl Keys {
    /// Those of this data folder.
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join("keys.json") }
    }

    /// All of them; none where there is no file yet.
    pub(crate) fn list(&self) -> Result<Vec<Key>, KeysError> {
        let unreadable = |problem: String| KeysError::Unreadable { path: self.path.clone(), problem };
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let kept: Kept = serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
        if kept.version > VERSION {
            return Err(unreadable("a newer antenne-server wrote them".to_owned()));
        }
        Ok(kept.keys)
    }

    /// Makes a key for `show`. It is returned, and kept nowhere.
    pub(crate) fn add(&self, show: &ShowSlug) -> Result<(Key, String), KeysError> {
        let token = hex::encode(hosting::random::<16>());
        let hash = hash(&token);
        let added = hosting::zoned(hosting::clock::now()).timestamp().strftime("%FT%TZ").to_string();
        let key = Key { id: hash.chars().take(NAME).collect(), show: show.clone(), hash, added };
        let kept = key.clone();
        self.change(|keys| {
            keys.push(kept);
            Ok(())
        })?;
        Ok((key, token))
    }

    /// Takes a key back.
    pub(crate) fn revoke(&self, id: &str) -> Result<Key, KeysError> {
        self.change(|keys| {
            let at = keys.iter().position(|key| key.id == id).ok_or_else(|| KeysError::Unknown(id.to_owned()))?;
            Ok(keys.remove(at))
        })
    }

    /// Whether whoever has `token` may publish `show`. Every key is compared, whatever the first ones say.
    pub(crate) fn admit(&self, show: &ShowSlug, token: &str) -> Result<bool, KeysError> {
        let given = hash(token);
        let same = |key: &Key| {
            let differs = given.bytes().zip(key.hash.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
            differs == 0 && given.len() == key.hash.len()
        };
        Ok(self.list()?.iter().fold(false, |admitted, key| admitted | (same(key) & (key.show == *show))))
    }

    /// Changes the file as a whole, one process at a time.
    fn change<T>(&self, act: impl FnOnce(&mut Vec<Key>) -> Result<T, KeysError>) -> Result<T, KeysError> {
        let unwritable = |error: io::Error| KeysError::Unwritable { path: self.path.clone(), error };
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(unwritable)?;
        }
        let lock = private(&self.path.with_extension("lock"), false).map_err(unwritable)?;
        as_the_folders(&lock, &self.path).map_err(unwritable)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| unwritable(error.into()))?;
        let mut keys = self.list()?;
        let done = act(&mut keys)?;
        let text =
            serde_json::to_vec_pretty(&Kept { version: VERSION, keys }).map_err(|error| unwritable(error.into()))?;
        let beside = self.path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut file = private(&beside, true)?;
            as_the_folders(&file, &self.path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)
        };
        write().map_err(unwritable)?;
        Ok(done)
    }
}

impl audience::Keys for Keys {
    fn may_publish(&self, show: &ShowSlug, token: &str) -> bool {
        self.admit(show, token).unwrap_or_else(|error| {
            tracing::error!(%error, "nobody can publish");
            false
        })
    }
}

/// Where an administrator changes the keys of a server that runs as somebody else, the file stays that one's: the
/// server could not read it otherwise.
fn as_the_folders(file: &File, path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|_| rustix::process::geteuid().is_root()) else { return Ok(()) };
    let owner = fs::metadata(folder)?;
    std::os::unix::fs::fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// A file that only its owner reads.
pub(crate) fn private(path: &Path, truncate: bool) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(truncate).mode(0o600).open(path)
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn show(slug: &str) -> ShowSlug {
        ShowSlug::parse(slug).unwrap()
    }

    #[test]
    fn a_key_opens_its_show_until_it_is_taken_back_and_is_kept_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::of(&folder.path().join("not/there/yet"));
        assert!(keys.list().unwrap().is_empty() && !keys.admit(&show("studio"), "").unwrap());
        let (key, token) = keys.add(&show("studio")).unwrap();
        let (other, others) = keys.add(&show("late-night")).unwrap();
        assert!(keys.admit(&show("studio"), &token).unwrap() && keys.admit(&show("late-night"), &others).unwrap());
        for (slug, token) in
            [("late-night", token.as_str()), ("studio", &others), ("studio", "0"), ("studio", &token[1..])]
        {
            assert!(!keys.admit(&show(slug), token).unwrap(), "{slug} {token}");
        }
        let text = fs::read_to_string(&keys.path).unwrap();
        assert!(!text.contains(&token) && !text.contains(&others));
        assert_eq!(fs::metadata(&keys.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(keys.revoke(&key.id).unwrap(), key);
        assert!(!keys.admit(&show("studio"), &token).unwrap());
        assert_eq!(keys.list().unwrap(), [other]);
        assert!(matches!(keys.revoke("nothing"), Err(KeysError::Unknown(_))));
    }

    #[test]
    fn keys_that_cannot_be_read_open_nothing_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::of(folder.path());
        for text in ["", "[", "{}", "null", r#"{"version":2,"keys":[]}"#, r#"{"version":1,"keys":[{"id":1}]}"#, "\u{0}"]
        {
            fs::write(&keys.path, text).unwrap();
            assert!(keys.admit(&show("studio"), "0").is_err() && keys.add(&show("studio")).is_err(), "{text}");
            assert_eq!(fs::read_to_string(&keys.path).unwrap(), text);
        }
    }

    #[test]
    fn keys_that_an_administrator_makes_stay_those_of_the_server() {
        let folder = tempfile::tempdir().unwrap();
        // Only root can make a folder somebody else's; for everybody else it is their own.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(4_321), Some(4_322)).unwrap();
        }
        let owner = fs::metadata(folder.path()).unwrap();
        let keys = Keys::of(folder.path());
        keys.add(&show("studio")).unwrap();
        for file in [keys.path.clone(), keys.path.with_extension("lock")] {
            let file = fs::metadata(file).unwrap();
            assert_eq!((file.uid(), file.gid()), (owner.uid(), owner.gid()));
        }
    }

    #[test]
    fn two_processes_lose_no_key_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::of(folder.path());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|_| drop(keys.add(&show("studio")).unwrap())));
            }
        });
        assert_eq!(keys.list().unwrap().len(), 40);
    }
}
