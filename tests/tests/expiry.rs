//! A replay is deleted when its time is over: file, thumbnail and rows.

use std::path::{Path, PathBuf};

use antenne_tests::antenne::Antenne;
use antenne_tests::archive as seen;
use antenne_tests::http::get;
use antenne_tests::room::Guest;
use archive::{Archive, Moment};
use domain::{EpisodeId, UnixMs};
use tempfile::TempDir;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 3_600_000;
const TINY: &[&str] = &["--camera", "test", "--mic", "none", "--size", "320x180", "--listen", "127.0.0.1:0"];

/// One short show with a comment.
struct Show {
    episode: EpisodeId,
    recording: PathBuf,
    ended_at: UnixMs,
}

async fn short_show(data: &Path, text: &str) -> Show {
    let mut antenne = Antenne::live(data, TINY);
    let on_air = antenne.on_air().await;
    Guest::join(&on_air.room_url, Some("Ada")).await.say("c1", text).await;
    let ended = antenne.end().await;
    let row =
        &seen::rows(&antenne.archive(), &format!("SELECT ended_at FROM episode WHERE id = '{}'", on_air.episode))[0];
    Show {
        episode: EpisodeId::parse(&on_air.episode).expect("an id"),
        recording: PathBuf::from(ended["recording"].as_str().expect("it was recorded")),
        ended_at: UnixMs(row["ended_at"].as_u64().expect("a time")),
    }
}

/// What goes within the hour until `now`. A clock that leapt so far is believed after an hour of looks.
fn expire(data: &Path, now: UnixMs) -> Vec<EpisodeId> {
    let archive = Archive::open(&seen::file_in(data)).expect("the archive opens");
    let looks = (0..=61).step_by(10).chain([61]).map(|minute| UnixMs(now.0 - 61 * MINUTE + minute * MINUTE));
    let expired = looks.flat_map(|wall| archive.expire(Moment { wall, boot: None }).expect("the archive answers"));
    let expired = expired.collect();
    archive.close();
    expired
}

/// Everything of an episode that is on disk in its recordings folder.
fn files_of(show: &Show) -> Vec<PathBuf> {
    let stem = show.recording.file_stem().expect("a name").to_owned();
    let entries = std::fs::read_dir(show.recording.parent().expect("a folder")).expect("the folder is there");
    entries.flatten().map(|entry| entry.path()).filter(|path| path.file_stem() == Some(&stem)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_file_thumbnail_and_rows_are_gone_and_what_is_kept_stays() {
    let data = TempDir::new().expect("a folder");
    let gone = short_show(data.path(), "gone tomorrow").await;
    let kept = short_show(data.path(), "kept for ever").await;
    assert!(!files_of(&gone).is_empty());
    let archive = Archive::open(&seen::file_in(data.path())).expect("the archive opens");
    archive.keep(&kept.episode, true, kept.ended_at, 24).expect("it is kept");
    archive.close();

    // A clock that leaps ahead is not believed at once.
    let leapt = Moment { wall: gone.ended_at.plus(48 * HOUR), boot: None };
    let archive = Archive::open(&seen::file_in(data.path())).expect("the archive opens");
    assert_eq!(archive.expire(leapt).expect("the archive answers"), Vec::new());
    archive.close();
    // One hour before its time nothing happens; and nothing that was early comes back later.
    assert_eq!(expire(data.path(), gone.ended_at.plus(23 * HOUR)), Vec::new());
    assert!(!files_of(&gone).is_empty());
    assert_eq!(expire(data.path(), gone.ended_at.plus(25 * HOUR)), vec![gone.episode.clone()]);

    assert_eq!(files_of(&gone), Vec::<PathBuf>::new(), "file and thumbnail");
    let file = seen::file_in(data.path());
    assert_eq!(seen::chat(&file, gone.episode.as_str()).len(), 0);
    let bytes = seen::bytes(&file);
    let contains = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!contains("gone tomorrow") && contains("kept for ever"), "deleted is overwritten");
    assert!(kept.recording.exists());

    // A clock that is set back brings nothing back, and what is gone answers so.
    assert_eq!(expire(data.path(), UnixMs(gone.ended_at.0 - 1000 * HOUR)), Vec::new());
    let mut antenne = Antenne::live(data.path(), TINY);
    let base = antenne.on_air().await.base();
    assert_eq!(get(&base, &format!("/replays/{}/timeline.json", gone.episode)).await.status, 410);
    assert_eq!(get(&base, &format!("/replays/{}/media.mp4", gone.episode)).await.status, 410);
    assert_eq!(get(&base, &format!("/replays/{}/timeline.json", kept.episode)).await.status, 200);
    antenne.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_removed_is_no_reason_to_stop() {
    let data = TempDir::new().expect("a folder");
    let (removed, held) = (short_show(data.path(), "removed").await, short_show(data.path(), "held open").await);
    std::fs::remove_file(&removed.recording).expect("it was there");
    let _reader = std::fs::File::open(&held.recording).expect("it is there");
    let mut expired = expire(data.path(), held.ended_at.plus(25 * HOUR));
    expired.sort();
    let mut both = vec![removed.episode.clone(), held.episode.clone()];
    both.sort();
    assert_eq!(expired, both);
    assert!(!held.recording.exists());
}
