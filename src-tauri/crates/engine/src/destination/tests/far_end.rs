//! Far ends to push to: nginx with its RTMP module, on an address of their own.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/// An nginx that takes programs and writes what it takes to files. It is ended when dropped.
pub(super) struct Nginx {
    folder: tempfile::TempDir,
    pub(super) host: String,
    refuses: bool,
    process: Option<Child>,
}

impl Nginx {
    /// Starts it, and waits until it takes connections.
    pub(super) fn start(refuses: bool) -> Self {
        assert!(Path::new(MODULE).exists(), "nginx with libnginx-mod-rtmp is not installed");
        // Nginx cannot take any free port: it gets an address that nobody else has.
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let (pid, n) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let host = format!("127.{}.{}.{}", 64 + pid / 256 % 128, pid % 256, n % 254 + 1);
        let mut nginx = Self { folder: tempfile::tempdir().unwrap(), host, refuses, process: None };
        nginx.heal();
        nginx
    }

    /// Starts it (again), and waits until it takes connections.
    pub(super) fn heal(&mut self) {
        let folder = self.folder.path().display();
        let (host, rule) = (&self.host, if self.refuses { "deny publish all;" } else { "" });
        let config = format!(
            "load_module {MODULE};\ndaemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log info;\n\
             events {{ worker_connections 64; }}\n\
             rtmp {{ server {{ listen {host}:1935; application live {{ live on; {rule} record all; record_path {folder}; \
             record_unique on; record_suffix -%s.flv; }} }} }}\n"
        );
        let file = self.folder.path().join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let start = || {
            let mut command = Command::new("nginx");
            command.arg("-p").arg(self.folder.path()).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let mut process = start();
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect((self.host.as_str(), 1935)).is_err() {
            assert!(Instant::now() < deadline, "nginx does not start: {}", self.log());
            // The address may still belong to the one before.
            if process.try_wait().unwrap().is_some() {
                process = start();
            }
            std::thread::yield_now();
        }
        self.process = Some(process);
    }

    /// Ends it at once.
    pub(super) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Lets the process stand still: connections stay open and nothing is read.
    pub(super) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(super) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// What it took, oldest first: one list of tags for each connection.
    pub(super) fn taken(&self) -> Vec<Vec<Tag>> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "flv"))
            .collect();
        files.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
        files.iter().map(|file| tags(&std::fs::read(file).unwrap())).collect()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One tag of an FLV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) kind: Kind,
    pub(super) ms: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Keyframe,
    Picture,
    Sound,
    Other,
}

/// Reads the tags of an FLV file (Adobe's specification, annex E), up to where it was cut off.
fn tags(file: &[u8]) -> Vec<Tag> {
    let mut rest = file.get(13..).unwrap_or_default();
    let mut tags = Vec::new();
    while rest.len() >= 13 {
        let size = u32::from_be_bytes([0, rest[1], rest[2], rest[3]]) as usize;
        let ms = u32::from_be_bytes([rest[7], rest[4], rest[5], rest[6]]);
        // Sequence headers carry 0 as their second byte.
        let kind = match (rest[0], rest[11], rest[12]) {
            (9, 0x17, 1) => Kind::Keyframe,
            (9, 0x27, 1) => Kind::Picture,
            (8, _, 1) => Kind::Sound,
            _ => Kind::Other,
        };
        let Some(next) = rest.get(11 + size + 4..) else { break };
        tags.push(Tag { kind, ms });
        rest = next;
    }
    tags
}
