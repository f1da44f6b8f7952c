//! The studio's real window, driven by WebDriver on a screen of its own.

use std::path::{Path, PathBuf};

use serde_json::{Map, json};
use tokio::process::Command;

use crate::antenne::Antenne;
use crate::browser::Page;
use crate::deadline::{START, until_within};
use crate::measure::family;
use crate::process::{Process, isolated};
use crate::surroundings::Screen;

/// Opens the window on `screen` as a person does, with nobody driving it.
#[must_use]
pub fn alone(screen: &Screen, data: &Path, arguments: &[&str]) -> Process {
    let mut command = session(screen, data);
    command.arg("--").arg(Antenne::program()).args(arguments).env("ANTENNE_LOG", "info");
    Process::start("antenne", command)
}

/// The numbers of the processes in which the pages of `window` live.
#[must_use]
pub fn pages_of(window: &Process) -> Vec<u32> {
    let is_page = |pid: &u32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains("WebKitWebProcess")
    };
    family(window.id()).into_iter().filter(is_page).collect()
}

/// A session of its own on `screen`, with `data` as the person's folders.
fn session(screen: &Screen, data: &Path) -> Command {
    let mut command = isolated("dbus-run-session");
    command
        .env("DISPLAY", screen.display())
        .env("XDG_DATA_HOME", data.join("data"))
        .env("XDG_CONFIG_HOME", data.join("config"))
        .env("XDG_CACHE_HOME", data.join("cache"))
        .env("XDG_RUNTIME_DIR", data)
        // There is no GPU in tests, and drawing without one is dearer through DMA-BUF.
        .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
        .env("GDK_BACKEND", "x11");
    command
}

/// Opens the window on `screen`, with `data` as the person's folders. Ends with the [`Page`].
pub async fn open(screen: &Screen, data: &Path, arguments: &[&str]) -> Page {
    let mut command = session(screen, data);
    let (port, native_port) = free_ports();
    command.args(["--", driver().to_str().expect("a path in UTF-8")]).args([
        "--port",
        &port.to_string(),
        "--native-port",
        &native_port.to_string(),
    ]);
    let driver = Process::start("tauri-driver", command);
    // It listens before the driver that it speaks to does.
    for port in [native_port, port] {
        let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).ok();
        until_within(START, "the drivers listen", || std::future::ready(listens())).await;
    }
    let address = format!("127.0.0.1:{port}");
    let options = json!({"application": Antenne::program(), "args": arguments});
    let capabilities =
        Map::from_iter([("tauri:options".to_owned(), options), ("browserName".to_owned(), json!("wry"))]);
    Page::connect(driver, &format!("http://{address}"), capabilities, None).await
}

/// Two ports that are free now: the driver cannot choose for itself.
fn free_ports() -> (u16, u16) {
    let listen = || std::net::TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    let (one, other) = (listen(), listen());
    let port = |listener: &std::net::TcpListener| listener.local_addr().expect("a listener has an address").port();
    (port(&one), port(&other))
}

fn driver() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/tauri-driver");
    let home = std::env::home_dir().unwrap_or_default().join(".cargo/bin/tauri-driver");
    let found = [root, home].into_iter().find(|path| path.exists());
    found.expect("tauri-driver is installed: cargo install tauri-driver --version ^2 --locked")
}
