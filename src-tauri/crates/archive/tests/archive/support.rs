//! A data folder, an episode, a comment: what every test needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use archive::{Archive, BootTime, End, Moment, Reader};
use domain::room::{Comment, CommentKey, Stored};
use domain::{EpisodeId, PageId, ProgramMs, PublicViewer, ReplayState, Said, Seq, ShowSlug, UnixMs, ViewerId};
use tempfile::TempDir;

/// A moment in 2027.
pub(crate) const T: u64 = 1_800_000_000_000;
pub(crate) const HOUR: u64 = 3_600_000;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const HASH: [u8; 32] = [7; 32];
/// How long an event is awaited before the test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The computer runs since [`T`], and its clock shows what it should.
pub(crate) fn at(wall: u64) -> Moment {
    set(wall, 1, wall - T)
}

/// The clock shows `wall`, `ms` after the computer was started for the `boot`th time.
pub(crate) fn set(wall: u64, boot: u64, ms: u64) -> Moment {
    Moment { wall: UnixMs(wall), boot: Some(BootTime { boot, ms }) }
}

/// A data folder of its own.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("recordings")).unwrap();
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder().join("archive.db")
    }

    pub(crate) fn open(&self) -> Archive {
        Archive::open(&self.database()).unwrap()
    }

    /// A new archive that has learnt the time, which is [`T`].
    pub(crate) fn open_at_t(&self) -> Archive {
        let archive = self.open();
        assert!(archive.expire(at(T)).unwrap().is_empty());
        archive
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.database()).unwrap()
    }

    /// A recording with its thumbnail.
    pub(crate) fn recording(&self, name: &str) -> PathBuf {
        let path = self.folder().join("recordings").join(name);
        fs::write(&path, "moving pictures").unwrap();
        fs::write(path.with_extension("jpg"), "a still one").unwrap();
        path
    }

    /// An ended episode with one comment and three hearts. Its recording.
    pub(crate) fn replay(&self, archive: &Archive, number: u8, ended_at: u64, kept_ms: Option<u64>) -> PathBuf {
        let (id, recording) = (episode(number), self.recording(&format!("{number}.mp4")));
        archive.plan_episode(&id, &show(), "Planned", UnixMs(ended_at)).unwrap();
        archive.begin_episode(&id, &format!("Episode {number}"), Some(&recording), UnixMs(ended_at)).unwrap();
        assert!(append(archive, &id, &said(1, 0, &format!("comment in {number}"))));
        archive.append_hearts(&id, ProgramMs(0), &[(1, 3)].into());
        archive.end_episode(&id, end(ended_at, kept_ms)).unwrap();
        recording
    }

    /// Names of the files in the folder, without the recordings.
    pub(crate) fn beside_the_database(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let mut names: Vec<String> = files.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Whether `needle` stands anywhere in the database or its log, byte for byte.
    pub(crate) fn contains(&self, needle: &str) -> bool {
        self.beside_the_database().iter().any(|name| {
            let bytes = fs::read(self.folder().join(name)).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    }
}

pub(crate) fn episode(number: u8) -> EpisodeId {
    EpisodeId::from_random([number; 16])
}

pub(crate) fn show() -> ShowSlug {
    ShowSlug::parse("late-night").unwrap()
}

pub(crate) fn ada() -> PublicViewer {
    PublicViewer { id: ViewerId::from_random([1; 16]), name: "Ada".to_owned(), hue: 204, badge: None, n: None }
}

pub(crate) fn said(seq: u64, at_ms: u64, text: &str) -> Said {
    Said { seq: Seq(seq), at_ms: ProgramMs(at_ms), viewer: ada(), text: text.to_owned() }
}

/// A clean end; the replay is due `kept_ms` later.
pub(crate) fn end(ended_at: u64, kept_ms: Option<u64>) -> End {
    End {
        ended_at: UnixMs(ended_at),
        duration_ms: 60_000,
        bytes: 15,
        state: ReplayState::Whole,
        peak_viewers: 57,
        expires_at: kept_ms.map(|kept| UnixMs(ended_at + kept)),
    }
}

/// Appends and waits for the answer.
pub(crate) fn append(archive: &Archive, episode: &EpisodeId, said: &Said) -> bool {
    append_as(archive, episode, said, HASH)
}

pub(crate) fn append_as(archive: &Archive, episode: &EpisodeId, said: &Said, hash: [u8; 32]) -> bool {
    append_comment(archive, episode, Comment { token_hash: hash, ..comment(said) })
}

pub(crate) fn append_comment(archive: &Archive, episode: &EpisodeId, comment: Comment) -> bool {
    let (stored, answer) = mpsc::channel();
    archive.append_chat(episode, comment, Box::new(move |answer| stored.send(answer == Stored::Kept).unwrap()));
    answer.recv_timeout(DEADLINE).unwrap()
}

/// `said` as it comes from one page that gives each comment an id of its own.
pub(crate) fn comment(said: &Said) -> Comment {
    let key = CommentKey { page: PageId::from_random([1; 16]), id: format!("c{}", said.seq) };
    Comment { said: said.clone(), key, token_hash: HASH, place: None }
}

/// Appends all and waits until all are stored.
pub(crate) fn append_all(archive: &Archive, episode: &EpisodeId, all: &[Said]) {
    let (stored, answers) = mpsc::channel();
    for said in all {
        let stored = stored.clone();
        archive.append_chat(
            episode,
            comment(said),
            Box::new(move |answer| stored.send(answer == Stored::Kept).unwrap()),
        );
    }
    for _ in all {
        assert!(answers.recv_timeout(DEADLINE).unwrap());
    }
}

pub(crate) fn identity(archive: &Archive, hash: [u8; 32]) -> Option<PublicViewer> {
    let (known, answer) = mpsc::channel();
    archive.identity(hash, Box::new(move |viewer| known.send(viewer).unwrap()));
    answer.recv_timeout(DEADLINE).unwrap()
}
