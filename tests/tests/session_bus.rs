//! The desktop's session bus is no part of a show: it may die.

use antenne_tests::antenne::Antenne;
use antenne_tests::process::Process;
use antenne_tests::surroundings::{Screen, Session};
use rustix::process::Signal;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn the_window_outlives_its_session_bus() {
    let data = TempDir::new().expect("a folder");
    let (mut session, screen) = (Session::start().await, Screen::start(1280, 800).await);
    let mut command = session.command(Antenne::program());
    command
        .args(["--data-dir", data.path().join("studio").to_str().expect("a path in UTF-8")])
        .env("DISPLAY", screen.display())
        .env("GDK_BACKEND", "x11")
        .env("XDG_DATA_HOME", data.path().join("data"))
        .env("ANTENNE_LOG", "warn,antenne=info");
    let mut window = Process::start("antenne", command);
    window.line("it knows the bus", |line| line.contains("connected to the desktop's").then_some(())).await;
    // GTK makes itself known on the bus until the window is there.
    window.line("it is there", |line| line.contains("the window's page subscribed").then_some(())).await;

    session.stop_bus().await;
    window.line("it notices", |line| line.contains("session bus went away").then_some(())).await;
    // It listens to the first end signal, as if nothing had been.
    window.signal(Signal::TERM);
    assert!(window.ended().await.success(), "{}", window.errors());
}
