//! What the tests of this crate share, and those that go through all of it.

pub(crate) mod checker;
pub(crate) mod disks;
mod faults;
mod hostile;
mod kill;
mod large;
pub(crate) mod material;
pub(crate) mod players;

/// A folder in memory where there is one: hundreds of recordings are synced in these tests.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Runs the test of this name in a process of its own, which finds `value` in the variable `name`,
/// and answers what it printed. In this process that test does nothing.
pub(crate) fn child(test: &str, name: &str, value: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new(program).args(["--exact", test, "--nocapture"]).env(name, value).output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The most memory that this process ever had, in bytes; none where the system does not say.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}
