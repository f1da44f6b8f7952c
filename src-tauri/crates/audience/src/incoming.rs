//! From received frames and packets to a program: what a publisher on this service and the client of
//! another one have in common.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::{
    AccessUnit, CodecConfig, Format, H264Config, KeyframePace, Look, OpusConfig, Program, ProgramTime, Track, h264,
};

/// One Opus packet.
const PACKET: Duration = Duration::from_millis(20);

/// The program that somebody receives. It ends when this is dropped.
pub(crate) struct Incoming {
    program: Program,
    wishes: Arc<Wishes>,
    config: Option<Arc<CodecConfig>>,
    opus: Arc<CodecConfig>,
    video: Video,
}

/// Wishes of the program's readers.
struct Wishes {
    pace: Mutex<KeyframePace>,
    notify: Box<dyn Fn() + Send + Sync>,
}

/// How far the video is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Video {
    /// The sender begins with a keyframe: nobody asks for it.
    NotYet,
    /// It goes on at a keyframe, because something was lost or never seen.
    Broken,
    Whole,
}

impl Incoming {
    /// A program that nothing was received of. `notify` is called, from any thread, when a reader wishes
    /// for a keyframe.
    pub(crate) fn new(notify: impl Fn() + Send + Sync + 'static) -> Self {
        let program = Program::new(Look::Dressed);
        let wishes = Arc::new(Wishes { pace: Mutex::default(), notify: Box::new(notify) });
        let theirs = wishes.clone();
        program.on_keyframe_request(move || theirs.want());
        // Receivers of WebRTC do not learn the encoder's delay.
        let opus = program.configure(Format::Opus(OpusConfig { channels: 2, pre_skip: 0 }));
        Self { program, wishes, config: None, opus, video: Video::NotYet }
    }

    pub(crate) const fn program(&self) -> &Program {
        &self.program
    }

    /// A keyframe would be welcome.
    pub(crate) fn wish(&self) {
        self.wishes.want();
    }

    /// What comes next has nothing to do with what came before: it goes on at a keyframe, which is asked for.
    pub(crate) fn restart(&mut self) {
        self.video = Video::Broken;
        self.wishes.want();
    }

    /// A frame, and whether what was before it was received whole. `size` reads its measures from its parameter
    /// sets; zeros where nobody needs them.
    pub(crate) fn frame(&mut self, pts: ProgramTime, keyframe: bool, contiguous: bool, data: Bytes, size: ReadSize) {
        if keyframe && let Some((sps, pps)) = h264::parameter_sets(&data) {
            let is_known =
                |config: &Arc<CodecConfig>| config.h264().is_some_and(|known| known.sps == sps && known.pps == pps);
            if !self.config.as_ref().is_some_and(is_known) {
                let Size { width, height, fps } = size(&sps);
                let format = Format::H264(H264Config { width, height, fps, sps, pps });
                self.config = Some(self.program.configure(format));
            }
        }
        let config = self.config.clone().filter(|_| keyframe || (contiguous && self.video == Video::Whole));
        let Some(config) = config else {
            self.restart();
            return;
        };
        if keyframe {
            self.video = Video::Whole;
            self.wishes.pace().satisfied();
        }
        let duration = Duration::ZERO;
        self.program.publish(AccessUnit { track: Track::Video, config, pts, duration, keyframe, data });
    }

    /// A packet of Opus.
    pub(crate) fn packet(&self, pts: ProgramTime, data: Bytes) {
        let (track, config) = (Track::Opus, self.opus.clone());
        self.program.publish(AccessUnit { track, config, pts, duration: PACKET, keyframe: true, data });
    }

    /// Whether a frame could be shown by now.
    pub(crate) const fn has_begun(&self) -> bool {
        self.config.is_some()
    }

    /// Whether to ask the sender for a keyframe now.
    pub(crate) fn asks(&self, now: Instant) -> bool {
        self.video != Video::NotYet && self.wishes.pace().ask(now)
    }

    /// When [`Self::asks`] will say yes.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        self.wishes.pace().due(now).filter(|_| self.video != Video::NotYet)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.program.end();
    }
}

impl Wishes {
    fn want(&self) {
        self.pace().want();
        (self.notify)();
    }

    fn pace(&self) -> MutexGuard<'_, KeyframePace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pixels, and frames a second where they are said; zeros where they are not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: u32,
}

/// Reads the measures from a sequence parameter set.
pub(crate) type ReadSize = fn(&[u8]) -> Size;

/// For those who only pass frames on.
pub(crate) fn no_size(_: &[u8]) -> Size {
    Size::default()
}

#[cfg(test)]
mod tests {
    use media::Tracks;

    use super::*;
    use crate::client::Units;

    const KEYFRAME: &[u8] = &[0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65, 1];

    fn frame(incoming: &mut Incoming, n: u64, keyframe: bool, contiguous: bool) {
        let data = if keyframe { KEYFRAME } else { &[0, 0, 0, 1, 0x41, 1] };
        incoming.frame(ProgramTime::from_millis(n), keyframe, contiguous, Bytes::from_static(data), no_size);
    }

    #[tokio::test]
    async fn what_builds_on_something_lost_is_not_published_and_a_keyframe_is_asked_for() {
        let mut incoming = Incoming::new(|| {});
        let mut units = Units::of(incoming.program(), Tracks::WEBRTC);
        let now = Instant::now();
        assert!(!incoming.asks(now) && incoming.due(now).is_none(), "the first keyframe comes by itself");
        frame(&mut incoming, 0, true, false);
        frame(&mut incoming, 1, false, true);
        assert!(!incoming.asks(now), "the reader's wish was met");
        frame(&mut incoming, 3, false, false);
        frame(&mut incoming, 4, false, true);
        assert!(incoming.asks(now) && !incoming.asks(now));
        frame(&mut incoming, 5, true, true);
        drop(incoming);
        let mut seen = Vec::new();
        while let Some(unit) = units.recv().await {
            assert_eq!(&unit.config.h264().unwrap().sps[..], [0x67, 0x42, 0xc0, 0x1f]);
            seen.push(unit.pts.as_millis());
        }
        assert_eq!(seen, [0, 1, 5]);
    }

    #[test]
    fn a_keyframe_without_parameter_sets_is_of_no_use_at_first() {
        let mut incoming = Incoming::new(|| {});
        let data = Bytes::from_static(&[0, 0, 0, 1, 0x65, 1]);
        incoming.frame(ProgramTime::ZERO, true, true, data, no_size);
        assert!(incoming.asks(Instant::now()) && !incoming.has_begun());
        assert_eq!(incoming.program().reached(), ProgramTime::ZERO);
        assert!(incoming.program().config(Track::Video).is_none());
    }
}
