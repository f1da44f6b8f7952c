//! Servers that the program is pushed to: real ones, and one that takes and never answers.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::deadline::{START, until_within};
use crate::process::{Process, isolated};

/// An address of its own for a server that cannot choose a free port: no two tests share one.
#[must_use]
pub fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let process = std::process::id();
    let [_, _, high, low] = process.to_be_bytes();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ipv4Addr::new(127, 1 + (number % 200) as u8, high, low.clamp(1, 254))
}

/// nginx with Debian's RTMP module, which files what it gets.
pub struct RtmpServer {
    address: Ipv4Addr,
    folder: TempDir,
    process: Option<Process>,
}

impl RtmpServer {
    const PORT: u16 = 1935;

    /// Starts a server at an address of its own.
    pub async fn start() -> Self {
        let mut server = Self { address: own_address(), folder: TempDir::new().expect("a folder"), process: None };
        std::fs::create_dir(server.files()).expect("a folder for what comes");
        server.restart().await;
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn socket_address(&self) -> SocketAddr {
        SocketAddr::from((self.address, Self::PORT))
    }

    /// Where a studio pushes to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtmp://{}:{}/live/show", self.address, Self::PORT)
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    /// What it filed, in the order of the connections.
    #[must_use]
    pub fn recordings(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.files()).expect("the folder is there");
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        let written =
            |path: &PathBuf| path.metadata().and_then(|data| data.created().or_else(|_| data.modified())).ok();
        files.sort_by_key(|path| (written(path), path.clone()));
        files
    }

    /// How many bytes it filed so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.recordings().iter().filter_map(|path| path.metadata().ok()).map(|data| data.len()).sum()
    }

    /// Starts it again at the same address.
    pub async fn restart(&mut self) {
        let configuration = self.folder.path().join("nginx.conf");
        std::fs::write(&configuration, self.configuration()).expect("the configuration is written");
        let mut command = isolated("/usr/sbin/nginx");
        command.arg("-p").arg(self.folder.path()).arg("-c").arg(&configuration).args(["-e", "stderr"]);
        self.process = Some(Process::start("nginx", command));
        until_within(START, "nginx listens", || async { listens(self.socket_address()).then_some(()) }).await;
    }

    /// Kills it: connections break, new ones are refused.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await;
        }
    }

    /// It keeps its connections, and reads nothing.
    pub fn freeze(&self) {
        self.process.iter().for_each(|process| process.signal_group(Signal::STOP));
    }

    /// It goes on where it was frozen.
    pub fn thaw(&self) {
        self.process.iter().for_each(|process| process.signal_group(Signal::CONT));
    }

    fn configuration(&self) -> String {
        let (folder, files) = (self.folder.path().display(), self.files().display().to_string());
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        format!(
            "load_module {module}; {user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr warn;
             events {{ worker_connections 64; }}
             rtmp {{ server {{ listen {address}:{port}; chunk_size 4096; ping 5s;
               application live {{ live on; record all; record_path {files}; record_unique on; record_suffix -%s.flv; }} }} }}",
            module = rtmp_module().display(),
            address = self.address,
            port = Self::PORT,
        )
    }
}

fn rtmp_module() -> PathBuf {
    PathBuf::from("/usr/lib/nginx/modules/ngx_rtmp_module.so")
}

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

/// A server that accepts every connection, reads nothing and never answers.
pub struct SilentServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl SilentServer {
    /// Listens at `address`; with port 0 at any.
    ///
    /// # Panics
    ///
    /// If the address is taken.
    #[must_use]
    pub fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        let address = listener.local_addr().expect("a listener has an address");
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        let thread = std::thread::spawn(move || {
            let mut held = Vec::new();
            for connection in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                held.extend(connection);
            }
        });
        Self { address, over, thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for SilentServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes it, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a file has the signature of an FLV file: the server got a header at least.
#[must_use]
pub fn is_flv(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"FLV"))
}

/// nginx as `docs/operating.md` sets it up in front of a server, but for TLS.
pub struct Proxy {
    address: SocketAddr,
    _folder: TempDir,
    _process: Process,
}

impl Proxy {
    /// Starts it in front of `service` (`http://host:port`).
    ///
    /// # Panics
    ///
    /// If the document has no such block, or nginx does not take it.
    pub async fn start(service: &str) -> Self {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md");
        let document = std::fs::read_to_string(document).expect("the document is there");
        let block =
            document.split("```nginx\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of nginx");
        let address = SocketAddr::from((own_address(), 8088));
        let site = block.replace("listen 80;", &format!("listen {address};")).replace("http://127.0.0.1:8420", service);
        assert!(site.contains(&address.to_string()) && site.contains(service), "{site}");
        let folder = TempDir::new().expect("a folder");
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let root = folder.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.iter().map(|kind| format!("{kind}_temp_path {root}/{kind};\n")).collect();
        let configuration = format!(
            "{user} daemon off; worker_processes 1; pid {root}/nginx.pid; error_log stderr warn;\n\
             events {{ worker_connections 256; }}\nhttp {{ access_log off;\n{temporary}{site}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("the configuration is written");
        let mut command = isolated("/usr/sbin/nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).args(["-e", "stderr"]);
        let process = Process::start("nginx", command);
        until_within(START, "nginx listens", || async { listens(address).then_some(()) }).await;
        Self { address, _folder: folder, _process: process }
    }

    /// `http://host:port`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}
