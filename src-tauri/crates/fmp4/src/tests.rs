//! What the tests of this crate share, and those that go through all of it.

pub(crate) mod checker;
pub(crate) mod disks;
pub(crate) mod material;
pub(crate) mod players;

/// A folder in memory where there is one: hundreds of recordings are synced in these tests.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}
