//! A disk that is really full: a small tmpfs, in a mount namespace that goes with the test.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use tokio::process::Command;

use crate::archive;
use crate::process::{Process, isolated};

/// How a namespace is made, and how it is entered.
type Namespace = (&'static [&'static str], &'static [&'static str]);

/// For root; and for everybody else, where the system lets them.
const NAMESPACES: [Namespace; 2] = [
    (&["--mount"], &["--mount"]),
    (&["--user", "--map-root-user", "--mount"], &["--user", "--preserve-credentials", "--mount"]),
];

/// The first that works here.
static NAMESPACE: LazyLock<Namespace> = LazyLock::new(|| {
    let works = |(make, _): &Namespace| {
        let mut tried = std::process::Command::new("unshare");
        tried
            .args(*make)
            .args(["mount", "-t", "tmpfs", "antenne", "/tmp"])
            .output()
            .is_ok_and(|out| out.status.success())
    };
    let found = NAMESPACES.into_iter().find(works);
    found.expect("a tmpfs can be mounted, by root or in a user namespace: a disk cannot be full otherwise")
});

/// A small disk in the place of a folder, for those who are started on it.
pub struct SmallDisk {
    holder: Process,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts an empty one of `bytes` over `folder`.
    pub async fn over(folder: &Path, bytes: u64) -> Self {
        let mut command = isolated("unshare");
        let script = "mount -t tmpfs -o size=\"$1\" antenne \"$2\" && echo mounted && exec sleep infinity";
        command.args(NAMESPACE.0).args(["bash", "-c", script, "disk"]).arg(bytes.to_string()).arg(folder);
        let mut holder = Process::start("a small disk", command);
        holder.line("it is mounted", |line| (line == "mounted").then_some(())).await;
        Self { holder, folder: folder.to_owned() }
    }

    /// `program`, started where this disk is.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = isolated("nsenter");
        command.arg("--target").arg(self.holder.id().to_string()).args(NAMESPACE.1).arg("--").arg(program);
        command.env("ANTENNE_LOG", "info");
        command
    }

    /// The folder, as everybody else reaches it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let folder = self.folder.strip_prefix("/").expect("a temporary folder's path is absolute");
        Path::new(&format!("/proc/{}/root", self.holder.id())).join(folder)
    }

    /// The rows that `query` finds in the archive on it. SQLite follows the names of folders to their
    /// ends, and so does not come here from outside.
    #[must_use]
    pub fn rows(&self, query: &str) -> Vec<Value> {
        let name = archive::file_in(&self.path()).file_name().expect("a file has a name").to_owned();
        archive::rows_of(self.command(Path::new("sqlite3")).into_std(), &self.folder.join(name), query)
    }

    /// Leaves no room, not for one byte.
    ///
    /// # Panics
    ///
    /// If the disk cannot be written for another reason.
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).expect("it can be made");
        for piece in [vec![1; 1 << 16], vec![1; 1 << 10], vec![1; 1]] {
            let full = loop {
                if let Err(error) = ballast.write_all(&piece) {
                    break error;
                }
            };
            assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
        }
    }

    /// Makes room again.
    ///
    /// # Panics
    ///
    /// If it was not filled.
    pub fn clear(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}
