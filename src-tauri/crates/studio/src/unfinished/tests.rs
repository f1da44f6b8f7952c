use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use domain::room::{Comment, CommentKey, Stored};
use domain::{PageId, ProgramMs, PublicViewer, Replay, ReplayState, Said, Seq, ShowSlug, UnixMs, ViewerId};
use hosting::RecordingName;
use hosting::unfinished::find;
use tempfile::TempDir;

use super::*;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/data-folder-0.1.0/recordings");
/// Killed on air.
const CUT_OFF: &str = "2026-11-27-182353-late-night-d011e050.mp4";
/// Finished.
const WHOLE: &str = "2026-11-27-182348-late-night-d532ccdc.mp4";
const BEGAN: UnixMs = UnixMs(1_800_000_000_000);

/// A data folder with an archive.
struct Place {
    folder: TempDir,
    archive: Archive,
}

impl Place {
    fn new() -> Self {
        engine::init().unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("recordings")).unwrap();
        let archive = Archive::open(&folder.path().join("archive.db")).unwrap();
        Self { folder, archive }
    }

    fn recordings(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    /// A show that began, recorded into this file.
    fn began(&self, number: u8, recording: &str) -> PathBuf {
        let (id, path) = (episode(number), self.recordings().join(recording));
        self.archive.plan_episode(&id, &ShowSlug::default(), "", BEGAN).unwrap();
        self.archive.begin_episode(&id, &format!("Show {number}"), Some(&path), BEGAN).unwrap();
        path
    }

    fn found(&self) -> Found {
        find(&self.archive, &self.recordings()).unwrap()
    }

    /// What a start says and leaves.
    fn start(&self) -> Vec<String> {
        codes(finish_all(&self.archive, &self.found(), Attempt::AtStart))
    }

    fn replay(&self, number: u8) -> Replay {
        let replays = self.archive.replays().unwrap();
        replays.into_iter().find(|replay| replay.episode == episode(number)).unwrap()
    }
}

fn episode(number: u8) -> EpisodeId {
    EpisodeId::from_random([number; 16])
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(FIXTURE).join(name)).unwrap()
}

fn codes(answers: Vec<Message>) -> Vec<String> {
    let code = |message| match message {
        Message::Input(Input::Problem { refusal, .. }) => refusal.code,
        Message::Input(Input::Solved(code)) => format!("solved {code}"),
        Message::Unfinished(_) => "again".to_owned(),
        _ => "?".to_owned(),
    };
    answers.into_iter().map(code).collect()
}

#[test]
fn a_recording_that_cannot_be_read_is_kept_until_it_can_be_finished() {
    let place = Place::new();
    let path = place.began(1, "1.mp4");
    // Nobody can read a folder as a file.
    fs::create_dir(&path).unwrap();
    for start in ["the first", "the second"] {
        assert_eq!(place.start(), ["recording.unfinished", "again"], "{start}");
        let replay = place.replay(1);
        assert_eq!((replay.state, replay.expires_at), (ReplayState::Unfinished, None), "{start}");
    }
    fs::remove_dir(&path).unwrap();
    fs::write(&path, fixture(CUT_OFF)).unwrap();
    assert_eq!(place.start(), ["recording.recovered"]);
    let replay = place.replay(1);
    assert_eq!(replay.state, ReplayState::Recovered);
    assert!(replay.expires_at.is_some() && replay.duration_ms > 1_000 && replay.path.is_some(), "{replay:?}");
    assert_eq!(place.start(), [""; 0], "nothing is left to do");
}

#[test]
fn a_finished_recording_cut_inside_its_last_moov_is_no_loss_but_unfinished() {
    let place = Place::new();
    let path = place.began(1, "1.mp4");
    let whole = fixture(WHOLE);
    let cut = &whole[..whole.len() - 100];
    fs::write(&path, cut).unwrap();
    assert_eq!(place.start(), ["recording.unfinished", "again"]);
    let replay = place.replay(1);
    assert_eq!((replay.state, replay.expires_at, replay.bytes), (ReplayState::Unfinished, None, cut.len() as u64));
    assert!(fs::read(&path).unwrap() == cut, "it is as it was");
}

#[test]
fn a_later_attempt_says_what_became_of_it_and_nothing_where_nothing_changed() {
    let place = Place::new();
    let path = place.began(1, "1.mp4");
    fs::create_dir(&path).unwrap();
    place.start();
    let attempt = || {
        let shows = place.archive.unfinished().unwrap();
        assert!(shows.iter().all(|show| show.has_ended));
        codes(finish_all(&place.archive, &Found { shows, ..Found::default() }, Attempt::Later))
    };
    assert_eq!(attempt(), ["again"]);
    fs::remove_dir(&path).unwrap();
    fs::write(&path, fixture(CUT_OFF)).unwrap();
    assert_eq!(attempt(), ["recording.recovered", "solved recording.unfinished"]);
}

#[test]
fn what_holds_nothing_is_not_tried_for_ever() {
    let place = Place::new();
    let empty = place.began(1, "1.mp4");
    fs::write(&empty, b"").unwrap();
    place.began(2, "never-made.mp4");
    assert_eq!(place.start(), ["recording.none", "recording.none"]);
    assert_eq!([1, 2].map(|number| place.replay(number).state), [ReplayState::Recovered; 2]);
    assert_eq!(place.start(), [""; 0]);
}

#[test]
fn a_show_that_begins_after_the_look_is_not_taken_for_one_that_died() {
    let place = Place::new();
    let found = place.found();
    // As fast as can be: on air before anything was finished.
    let running = place.began(1, "1.mp4");
    fs::write(&running, fixture(CUT_OFF)).unwrap();
    assert_eq!(codes(finish_all(&place.archive, &found, Attempt::AtStart)), [""; 0]);
    assert_eq!(place.replay(1).state, ReplayState::OnAir);
    assert!(fs::read(&running).unwrap() == fixture(CUT_OFF), "nobody touched it");
}

#[test]
fn a_recording_whose_show_was_never_filed_is_found_with_its_comments() {
    let place = Place::new();
    let show = ShowSlug::parse("late-night").unwrap();
    place.archive.plan_episode(&episode(1), &show, "", BEGAN).unwrap();
    let viewer = PublicViewer { id: ViewerId::from_random([1; 16]), name: "Ada".into(), hue: 0, badge: None, n: None };
    let said = Said { seq: Seq(1), at_ms: ProgramMs(0), viewer, text: "hello".into() };
    let key = CommentKey { page: PageId::from_random([1; 16]), id: "c1".into() };
    let (stored, answer) = mpsc::channel();
    let comment = Comment { said, key, token_hash: [0; 32], place: None };
    place.archive.append_chat(&episode(1), comment, Box::new(move |answer| stored.send(answer).unwrap()));
    assert_eq!(answer.recv().unwrap(), Stored::Kept);
    // The archive did not answer when it began, and the process died before it ended.
    let name = RecordingName::new(&episode(1), &show, BEGAN).file("Some title");
    fs::write(place.recordings().join(name), fixture(CUT_OFF)).unwrap();
    assert_eq!(place.start(), ["recording.recovered"]);
    let replay = place.replay(1);
    assert_eq!((replay.state, replay.chat, replay.started_at), (ReplayState::Recovered, 1, BEGAN));
    assert!(replay.expires_at.is_some());
    assert_eq!(place.archive.planned(&show).unwrap(), None, "the next show gets a place of its own");
}

#[test]
fn a_recording_that_no_archive_ever_knew_is_filed_and_kept_and_other_files_are_nobodys() {
    let place = Place::new();
    let mine = place.recordings().join("holiday.mp4");
    fs::write(&mine, "precious").unwrap();
    fs::write(place.recordings().join(WHOLE), fixture(WHOLE)).unwrap();
    assert_eq!(place.start(), ["recording.recovered"]);
    let [replay] = place.archive.replays().unwrap().try_into().unwrap();
    assert_eq!((replay.state, replay.expires_at, replay.show.as_str()), (ReplayState::Recovered, None, "late-night"));
    assert_eq!(place.start(), [""; 0], "once");
    assert_eq!(fs::read(&mine).unwrap(), b"precious");
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_again_when_there_is_more_room_and_now_and_then_without() {
    let mut again = Again::default();
    let begun = Instant::now();
    assert!(!again.is_due(0, begun), "nothing is unfinished");
    again.begin(begun);
    again.want(Vec::new());
    assert!(!again.is_due(5 << 20, begun));
    assert!(!again.is_due(1 << 20, begun), "less room");
    assert!(!again.is_due(8 << 20, begun), "hardly more than at its least");
    assert!(again.is_due(9 << 20, begun));
    again.begin(begun);
    again.want(Vec::new());
    assert!(!again.is_due(9 << 20, begun + AGAIN - Duration::from_secs(1)));
    assert!(again.is_due(9 << 20, begun + AGAIN));
    again.begin(begun + AGAIN);
    assert!(!again.is_due(u64::MAX, begun + AGAIN + AGAIN), "it was finished");
    again.want(vec![episode(1)]);
    assert!(again.is_due(1 << 20, begun + AGAIN), "a show has just ended: there may be room again already");
    again.begin(begun + AGAIN);
    again.want(Vec::new());
    assert!(!again.is_due(1 << 20, begun + AGAIN), "once");
}
