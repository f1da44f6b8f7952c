//! One episode: from a feed's first frame to its replay.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use archive::{Archive, End};
use audience::{Audience, AudienceEvent, AudienceEvents, Feed, FeedState, ShowHandle};
use domain::room::RoomNews;
use domain::{EpisodeId, ReplayState, UnixMs};
use fmp4::{Recorder, RecorderEvent};
use hosting::clock::now;
use hosting::recording::{self, Repaired};
use hosting::{Planned, RecordingName, date_and_time};
use media::Track;
use serde_json::json;
use tokio::sync::watch;

use crate::serve::Host;

/// The room of an episode that is to come.
pub(crate) struct Room {
    show: ShowHandle,
    episode: EpisodeId,
    /// The most people that were in it at once.
    peak: watch::Receiver<u32>,
}

impl Room {
    /// Opens it, in state *waiting*.
    pub(crate) fn open(audience: &Audience, archive: &Archive, planned: Planned) -> Self {
        let (episode, silenced) = (planned.episode.clone(), planned.silenced.clone());
        let (show, events) = audience.open(planned.room(archive));
        for (viewer, voice) in silenced {
            // It is open.
            let _ = show.set_voice(viewer, voice);
        }
        let (counted, peak) = watch::channel(0);
        tokio::spawn(count(events, counted));
        Self { show, episode, peak }
    }
}

/// Follows the room until it is gone.
async fn count(mut events: AudienceEvents, peak: watch::Sender<u32>) {
    while let Some(event) = events.recv().await {
        match event {
            AudienceEvent::Room(RoomNews::Presence(audience)) => {
                peak.send_replace(audience.peak);
            }
            AudienceEvent::Room(_) => {}
            AudienceEvent::Notice(notice) => tracing::warn!(code = notice.refusal.code, "{}", notice.refusal.message),
            AudienceEvent::RoomRestarted => tracing::error!("a room failed and was made anew"),
            AudienceEvent::RoomLost => tracing::error!("a room failed again and again, and is closed"),
        }
    }
}

/// A broadcast that runs.
struct OnAir {
    room: Room,
    recorder: Option<Recorder>,
    path: PathBuf,
}

/// Waits for the feed's first frame, and carries the show from there to its end.
pub(crate) async fn run(host: Host, feed: Feed) {
    let mut state = feed.state();
    let mut stopping = host.stopping.clone();
    let began = tokio::select! {
        began = state.wait_for(|state| *state != FeedState::Waiting) => began.is_ok_and(|state| *state == FeedState::Live),
        () = tokio::time::sleep(host.grace) => false,
        _ = stopping.wait_for(|stopping| *stopping) => false,
    };
    if !began {
        feed.close();
        return;
    }
    let on_air = match begin(&host, &feed).await {
        Ok(on_air) => on_air,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), show = %feed.show(), "a show could not begin");
            feed.close();
            return;
        }
    };
    follow(&host, &feed, &on_air.room.show, &mut state, &mut stopping).await;
    feed.close();
    end(&host, &feed, on_air).await;
}

async fn begin(host: &Host, feed: &Feed) -> anyhow::Result<OnAir> {
    host.open_room(feed.show()).await?;
    let room = host.rooms().remove(feed.show()).context("its room was taken by another publisher at this moment")?;
    let (began, episode) = (now(), room.episode.clone());
    let title = date_and_time(began);
    let path = host.recordings.join(RecordingName::new(&episode, feed.show(), began).file(""));
    let (archive, program) = (host.archive.clone(), feed.program().clone());
    let (row, file, called) = (episode.clone(), path.clone(), title.clone());
    let recorder = tokio::task::spawn_blocking(move || {
        // The row first: what is recorded from then on is found again after a crash.
        archive.begin_episode(&row, &called, Some(&file), began)?;
        // WebRTC brings no AAC.
        let started = Recorder::start_with(&program, Track::Opus, &file, Arc::new(|event| log(&event)));
        anyhow::Ok(started.inspect_err(|error| tracing::error!("{}", recording::refusal(error).message)).ok())
    })
    .await??;
    room.show.set_title(title);
    room.show.on_air(feed.program());
    let at = hosting::lines::rfc3339(began);
    let event = json!({ "event": "on_air", "show": feed.show(), "episode": episode, "at": at });
    host.report.say(&event, &format!("“{}” is on air", feed.show()));
    Ok(OnAir { room, recorder, path })
}

fn log(event: &RecorderEvent) {
    match event {
        RecorderEvent::Stopped(error) => tracing::error!("{}", recording::refusal(error).message),
        RecorderEvent::Resumed { gap } => tracing::warn!(?gap, "the recording goes on"),
        RecorderEvent::Overrun { gap } => {
            tracing::warn!(?gap, "the disk is too slow: a part of the show is not recorded")
        }
    }
}

/// Until the publisher says goodbye, stays away too long, or the server ends.
async fn follow(
    host: &Host,
    feed: &Feed,
    show: &ShowHandle,
    state: &mut watch::Receiver<FeedState>,
    stopping: &mut watch::Receiver<bool>,
) {
    loop {
        let now = *state.borrow_and_update();
        let patience = match now {
            FeedState::Over => return,
            FeedState::Away => host.grace,
            FeedState::Waiting | FeedState::Live => Duration::MAX,
        };
        let is_away = now == FeedState::Away;
        show.interrupted(is_away);
        if is_away {
            let event = json!({ "event": "interrupted", "show": feed.show() });
            host.report.say(&event, &format!("The publisher of “{}” is away", feed.show()));
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(patience) => return,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        if is_away && *state.borrow() == FeedState::Live {
            let event = json!({ "event": "back", "show": feed.show() });
            host.report.say(&event, &format!("The publisher of “{}” is back", feed.show()));
        }
    }
}

async fn end(host: &Host, feed: &Feed, on_air: OnAir) {
    let OnAir { room: Room { show, episode, peak }, recorder, path } = on_air;
    let (archive, hours, peak_viewers) = (host.archive.clone(), host.retention_hours, *peak.borrow());
    let row = episode.clone();
    let filed = tokio::task::spawn_blocking(move || {
        let finished = recorder.map(recording::finish).transpose().unwrap_or_else(|refusal| {
            tracing::error!("{}", refusal.message);
            None
        });
        let (state, file) = match finished {
            Some(file) => (ReplayState::Whole, Some(file)),
            None => match recording::repair(&path) {
                Repaired::Finished(file) => (ReplayState::Recovered, Some(file)),
                Repaired::NotYet { reason, .. } => {
                    tracing::error!(reason, "the recording is not finished; it is tried again at the next start");
                    (ReplayState::Unfinished, None)
                }
                Repaired::Nothing { .. } => (ReplayState::Recovered, None),
            },
        };
        let ended_at = now();
        let (duration_ms, bytes) = file.as_ref().map_or((0, 0), |file| (file.duration_ms.0, file.bytes));
        let expires_at = Some(UnixMs(ended_at.0 + u64::from(hours) * 3_600_000));
        archive.end_episode(&row, End { ended_at, duration_ms, bytes, state, peak_viewers, expires_at })?;
        anyhow::Ok((file.map(|file| file.path), duration_ms))
    })
    .await;
    let (file, duration_ms) = match filed {
        Ok(Ok(filed)) => filed,
        Ok(Err(error)) => {
            tracing::error!(error = format!("{error:#}"), "the end of a show could not be filed");
            (None, 0)
        }
        Err(error) => {
            tracing::error!(%error, "the end of a show could not be filed");
            (None, 0)
        }
    };
    let url = file.is_some().then(|| format!("/replays/{episode}"));
    show.ended(url.clone());
    let event = json!({
        "event": "ended", "show": feed.show(), "episode": episode, "recording": file, "duration_ms": duration_ms, "replay_url": url,
    });
    host.report.say(&event, &format!("“{}” is over", feed.show()));
}
