//! The archive's handle: what its one owner may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::room::{Comment, Place, Stored};
use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, Said, Seq, ShowSlug, Timeline, UnixMs, ViewerId, Voice};

use crate::retention::{Doomed, Progress};
use crate::rows::{AsRunRow, Beginning, ChatRow};
use crate::threads::Threads;
use crate::{
    ArchiveError, AsRunEntry, AsRunKind, End, Lookup, Moment, Unfinished, backup, connection, files, library,
    retention, rows, timeline,
};

/// An open archive. Cheap to clone; all clones are the same archive. Closed by [`Archive::close`], or
/// when the last clone is dropped.
///
/// Methods that return a `Result` wait for the disk: call them where blocking is allowed. The
/// `append_…` methods and [`Archive::identity`] never wait.
#[derive(Clone)]
pub struct Archive {
    pub(crate) threads: Arc<Threads>,
}

impl Archive {
    /// Opens the archive in `file`, made or brought up to date where needed. Its folder must exist,
    /// and nobody else may own it (the studio locks its data folder).
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NewerVersion`] and [`ArchiveError::NotAnArchive`]: the file was not touched and
    /// nothing was left beside it. [`ArchiveError::Unusable`], [`ArchiveError::DiskFull`] or
    /// [`ArchiveError::Damaged`] where it cannot be used.
    pub fn open(file: &Path) -> Result<Self, ArchiveError> {
        let threads = Threads::start(&connection::absolute(file)?)?;
        Ok(Self { threads: Arc::new(threads) })
    }

    /// Files the next episode of `show` in state planned, so that chat before the show belongs to it.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::WrongState`] where the id was ever used before.
    pub fn plan_episode(
        &self,
        episode: &EpisodeId,
        show: &ShowSlug,
        title: &str,
        now: UnixMs,
    ) -> Result<(), ArchiveError> {
        let (episode, show, title) = (episode.clone(), show.clone(), title.to_owned());
        self.threads.call(move |connection| {
            rows::plan(connection, rows::Planning { episode: &episode, show: &show, title: &title, now })
        })
    }

    /// The episode of `show` that was planned last and not begun.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn planned(&self, show: &ShowSlug) -> Result<Option<EpisodeId>, ArchiveError> {
        self.threads.look(|connection| library::planned(connection, show))
    }

    /// The planned episode goes on air. `recording` need not exist yet.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`], or [`ArchiveError::WrongState`] where it is not planned.
    pub fn begin_episode(
        &self,
        episode: &EpisodeId,
        title: &str,
        recording: Option<&Path>,
        started_at: UnixMs,
    ) -> Result<(), ArchiveError> {
        let files = self.threads.files.clone();
        let (episode, title, recording) = (episode.clone(), title.to_owned(), recording.map(Path::to_owned));
        self.threads.call(move |connection| {
            let (episode, title, recording) = (&episode, title.as_str(), recording.as_deref());
            rows::begin(connection, &files, &Beginning { episode, title, recording, started_at })
        })
    }

    /// Files a show of the past that was recorded into `recording`, but whose beginning was not filed: the
    /// planned episode of this id, or a new one, becomes one that was begun and never ended.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::WrongState`] where the id belongs to a show that was filed.
    pub fn adopt_episode(
        &self,
        episode: &EpisodeId,
        show: &ShowSlug,
        title: &str,
        recording: &Path,
        started_at: UnixMs,
    ) -> Result<(), ArchiveError> {
        let files = self.threads.files.clone();
        let (episode, show, title, recording) = (episode.clone(), show.clone(), title.to_owned(), recording.to_owned());
        self.threads.call(move |connection| {
            let (episode, title, recording) = (&episode, title.as_str(), Some(recording.as_path()));
            rows::adopt(connection, &files, &show, &Beginning { episode, title, recording, started_at })
        })
    }

    /// The episode becomes a replay; one that is unfinished may end once more. Hearts and as-run lines that were appended before are in the
    /// database when this returns.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`], or [`ArchiveError::WrongState`] where it is neither on air nor
    /// unfinished.
    pub fn end_episode(&self, episode: &EpisodeId, end: End) -> Result<(), ArchiveError> {
        let episode = episode.clone();
        self.threads.call(move |connection| retention::end(connection, &episode, &end))
    }

    /// Files an accepted comment. `done` is called after the commit, on the writer's thread, and must
    /// not block. [`Stored::Kept`]: from then on the comment survives the death of the process.
    /// [`Stored::Repeated`]: one with the same key is there, also where it was removed since.
    /// [`Stored::Failed`]: it is not in the archive; at once where too many wait (4,096) or the archive
    /// is closed, later where the episode is unknown or deleted, `said.seq` is taken, or the disk is full.
    pub fn append_chat(&self, episode: &EpisodeId, comment: Comment, done: Box<dyn FnOnce(Stored) + Send>) {
        self.threads.queue.chat(ChatRow { episode: episode.clone(), comment }, done);
    }

    /// Adds accepted hearts to the sums of the second that holds `second_ms`. They are kept in memory
    /// until they are committed; where the database fails, they are tried again every second.
    pub fn append_hearts(&self, episode: &EpisodeId, second_ms: ProgramMs, by_hue: &BTreeMap<u16, u32>) {
        self.threads.queue.hearts(episode, second_ms, by_hue);
    }

    /// Writes a line of the as-run log. `detail` holds no secret and no text of a viewer.
    pub fn append_as_run(&self, episode: &EpisodeId, at: ProgramMs, kind: AsRunKind, detail: &str) {
        self.threads.queue.as_run(AsRunRow { episode: episode.clone(), at, kind, detail: detail.to_owned() });
    }

    /// Gives an episode another title, in any state.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`].
    pub fn retitle(&self, episode: &EpisodeId, title: &str) -> Result<(), ArchiveError> {
        let (episode, title) = (episode.clone(), title.to_owned());
        self.threads.call(move |connection| rows::retitle(connection, &episode, &title))
    }

    /// Overwrites a comment's text and name; it is in no backlog and no timeline any more. Its place
    /// in the order stays taken. Fine where there is no such comment.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn remove_message(&self, episode: &EpisodeId, seq: Seq) -> Result<(), ArchiveError> {
        let episode = episode.clone();
        self.threads.erase(move |connection| rows::remove_message(connection, &episode, seq.0))
    }

    /// Writes a comment's text and name again, which [`Archive::remove_message`] took. Fine where there is no
    /// such comment, or it was not removed.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn restore_message(&self, episode: &EpisodeId, said: Said) -> Result<(), ArchiveError> {
        let episode = episode.clone();
        self.threads.call(move |connection| rows::restore_message(connection, &episode, &said))
    }

    /// Remembers that somebody is silenced in an episode, or may speak again.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`].
    pub fn set_voice(&self, episode: &EpisodeId, viewer: &ViewerId, voice: Voice) -> Result<(), ArchiveError> {
        let (episode, viewer) = (episode.clone(), viewer.clone());
        self.threads.call(move |connection| rows::set_voice(connection, &episode, &viewer, voice))
    }

    /// The key under which the addresses of an episode's writers are written: `fresh` (from a
    /// cryptographic source), where it has none yet. It goes with the episode.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`].
    pub fn place_key(&self, episode: &EpisodeId, fresh: [u8; 32]) -> Result<[u8; 32], ArchiveError> {
        let episode = episode.clone();
        self.threads.call(move |connection| rows::place_key(connection, &episode, &fresh))
    }

    /// Who was called what in an episode, in the order in which they first spoke under it.
    ///
    /// # Errors
    ///
    /// When the archive cannot be read.
    pub fn who_was_called(&self, episode: &EpisodeId) -> Result<Vec<PublicViewer>, ArchiveError> {
        self.threads.look(|connection| library::who_was_called(connection, episode))
    }

    /// Who spoke in an episode, and from where, in the order of their first words.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn who_spoke(&self, episode: &EpisodeId) -> Result<Vec<(ViewerId, Option<Place>)>, ArchiveError> {
        self.threads.look(|connection| library::who_spoke(connection, episode))
    }

    /// Who may not speak in an episode.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn silenced(&self, episode: &EpisodeId) -> Result<Vec<(ViewerId, Voice)>, ArchiveError> {
        self.threads.look(|connection| library::silenced(connection, episode))
    }

    /// Keeps a replay, or lets it expire `retention_hours` from `now`.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`], or [`ArchiveError::WrongState`] where it has not ended.
    pub fn keep(&self, episode: &EpisodeId, keep: bool, now: UnixMs, retention_hours: u32) -> Result<(), ArchiveError> {
        let episode = episode.clone();
        self.threads.call(move |connection| retention::keep(connection, &episode, keep, now, retention_hours))
    }

    /// Deletes a replay (or a planned episode): file, thumbnail and rows. Fine where it is deleted.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NoSuchEpisode`]; [`ArchiveError::WrongState`] while it is on air;
    /// [`ArchiveError::FileStays`]: it is deleted apart from that file, which is tried again with
    /// [`Archive::expire`].
    pub fn delete(&self, episode: &EpisodeId) -> Result<(), ArchiveError> {
        let (files, wanted) = (self.threads.files.clone(), episode.clone());
        match self.threads.call(move |connection| retention::doom(connection, &files, &wanted))? {
            Some(doomed) => self.bury(doomed),
            None => Ok(()),
        }
    }

    /// Deletes every replay that is due, and what an earlier attempt left over. Call it at the start
    /// and then once a minute. A system clock that leaps ahead is not believed before it was seen to have
    /// done so at two looks an hour apart (`retention_clock.rs` says exactly).
    ///
    /// Returns the episodes that are no longer offered since this call, also where a file of theirs
    /// cannot be removed yet; that is logged and tried again with every call.
    ///
    /// # Errors
    ///
    /// What SQLite reports. What was doomed stays so.
    pub fn expire(&self, now: Moment) -> Result<Vec<EpisodeId>, ArchiveError> {
        let files = self.threads.files.clone();
        let (due, doomed) = self.threads.call(move |connection| {
            let due = retention::doom_what_is_due(connection, now)?;
            Ok((due, retention::doomed(connection, &files)?))
        })?;
        for one in doomed {
            match self.bury(one) {
                Err(error @ ArchiveError::FileStays { .. }) => tracing::warn!(%error, "tried again later"),
                other => other?,
            }
        }
        Ok(due)
    }

    /// Episodes whose recording is to be finished, oldest first: those that were begun and never ended
    /// (at the start these are the shows during which the studio died; later, the running one too), and
    /// those that ended unfinished.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, ArchiveError> {
        self.threads.look(|connection| library::unfinished(connection, &self.threads.files))
    }

    /// Every file that a row names as its recording, also where it is not there, or is yet to be removed.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn recordings(&self) -> Result<BTreeSet<PathBuf>, ArchiveError> {
        self.threads.look(|connection| library::recordings(connection, &self.threads.files))
    }

    /// The planned episode whose id begins with `beginning`.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn planned_like(&self, beginning: &str) -> Result<Option<EpisodeId>, ArchiveError> {
        self.threads.look(|connection| library::planned_like(connection, beginning))
    }

    /// The next free place in the room's order (1 in a new episode; places of removed comments are not
    /// free), and the last 50 comments, oldest first.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn last_said(&self, episode: &EpisodeId) -> Result<(Seq, Vec<Said>), ArchiveError> {
        self.threads.look(|connection| library::last_said(connection, episode))
    }

    /// Who the token with this hash belongs to. `done` is called on the reader's thread and must not
    /// block; at once, with none, where too many ask (1,024) or the archive is closed.
    pub fn identity(&self, token_hash: [u8; 32], done: Box<dyn FnOnce(Option<PublicViewer>) + Send>) {
        self.threads.ask(token_hash, done);
    }

    /// Replays, newest first; what is on air, too.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn replays(&self) -> Result<Vec<Replay>, ArchiveError> {
        self.threads.look(|connection| library::replays(connection, &self.threads.files))
    }

    /// The newest episode of `show` that can be watched afterwards: it ended, is whole, and has its file.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn last_replay(&self, show: &ShowSlug) -> Result<Option<Replay>, ArchiveError> {
        self.threads.look(|connection| library::last_replay(connection, &self.threads.files, show))
    }

    /// What is known about the address of a replay.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn replay(&self, episode: &EpisodeId) -> Result<Lookup, ArchiveError> {
        self.threads.look(|connection| library::lookup(connection, &self.threads.files, episode))
    }

    /// Comments and hearts of an episode; none where it was not begun or is deleted. What one answer holds
    /// is bounded: of more than 100,000 comments every second, third, … is there, and hearts of several
    /// seconds are summed where there would be more than 100,000 sums. Others do not wait meanwhile.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn timeline(&self, episode: &EpisodeId) -> Result<Option<Timeline>, ArchiveError> {
        self.threads.leaf(|connection| timeline::timeline(connection, &self.threads.files, episode))
    }

    /// The as-run log of an episode, in the order in which it was written.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn as_run(&self, episode: &EpisodeId) -> Result<Vec<AsRunEntry>, ArchiveError> {
        self.threads.look(|connection| library::as_run(connection, episode))
    }

    /// How often a thread of the archive panicked, which is a defect, and went on. What was acknowledged
    /// is not lost by it; what was on its way was answered as failed.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.threads.restarts.load(Ordering::Relaxed)
    }

    /// Removes the copies that were made before the archive was brought up to date. Call it when the
    /// new version has proved itself; what cannot be removed is logged.
    pub fn remove_backups(&self) {
        backup::remove_all(&self.threads.file);
    }

    /// Writes what waits, acknowledges it, and ends both threads. Other clones answer
    /// [`ArchiveError::Closed`] from now on.
    pub fn close(self) {
        self.threads.close();
    }

    /// Steps 2 and 3 of a deletion.
    fn bury(&self, doomed: Doomed) -> Result<(), ArchiveError> {
        let Doomed { episode, recording } = doomed;
        let removed = recording.as_deref().map_or(Ok(()), files::remove_with_thumbnail);
        let is_file_gone = removed.is_ok();
        loop {
            let cleared = episode.clone();
            if self.threads.call(move |connection| retention::clear(connection, &cleared))? == Progress::Done {
                break;
            }
        }
        self.threads.erase(move |connection| retention::bury(connection, &episode, is_file_gone))?;
        removed
    }
}
