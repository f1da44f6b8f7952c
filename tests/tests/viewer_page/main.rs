//! The viewer's page in Chromium, in every state that it can be in: whatever happens, it says what is so
//! and what to do, and each of its states is looked at in three sizes and by axe.

mod chat;
mod firefox;
mod hls;
mod host;
mod obstacles;
mod picture;
mod replays;

/// The pages' state, as their head says it.
const ON_AIR: &str = "document.querySelector('[data-testid=state]')?.dataset.state === 'on_air'";

/// Which words stand in the place of the picture.
fn slate(kind: &str) -> String {
    format!("document.querySelector('[data-testid=slate]')?.dataset.kind === '{kind}'")
}

/// The picture moves, and nothing stands over it.
const PLAYS: &str = "(() => { const video = document.querySelector('[data-testid=video]');
    return video && !video.paused && video.videoWidth > 2 && Number(video.dataset.programMs) > 0
        && !document.querySelector('[data-testid=slate]'); })()";

/// A small show on test devices, at any free port.
const SHOW: &[&str] = &["--camera", "test", "--mic", "test", "--size", "640x360", "--video-kbps", "1000"];
