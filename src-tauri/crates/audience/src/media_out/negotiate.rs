//! From an offer to a session: what is said before the first datagram.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::change::SdpOffer;
use str0m::config::DtlsCert;
use str0m::format::Codec;
use str0m::media::{Media, MediaKind, Mid, Pt};
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Candidate, Rtc, RtcConfig};

use crate::error::AudienceError;

/// Constrained baseline, level 3.1: what browsers offer under this name. Levels may differ.
const PROFILE: u32 = 0x42_e0_1f;
/// Between two sender reports. A browser needs two of each track before lips fit words.
const REPORTS: Duration = Duration::from_millis(500);
/// Between two looks at what viewers report.
const STATISTICS: Duration = Duration::from_secs(1);
/// So many packets of the last seconds can be sent again.
const KEPT: (usize, Duration) = (2000, Duration::from_secs(3));
/// The most of what is sent that may be sent again, as a share: the rest of it belongs to new frames. A fifth of
/// all packets lost, asked for again twice each, is 0.3; str0m's own 0.15 drops everything that waits, and the
/// picture stands still.
const AGAIN: f32 = 0.6;
/// Plain baseline, for those who offer only that.
const PROFILE_BASELINE: u32 = 0x42_00_1f;

/// Makes sessions that share one certificate, so that a join costs no key.
pub(crate) struct Negotiator {
    config: RtcConfig,
    /// For publishers: every profile of H.264, and feedback for those that adapt.
    intake: RtcConfig,
}

/// A session that has an answer and waits for its first datagram.
pub(crate) struct Negotiated {
    pub(super) rtc: Rtc,
    pub(super) fragment: String,
    pub(super) video: (Mid, Pt),
    pub(super) audio: Option<(Mid, Pt)>,
    /// The payload type of video that is sent again.
    pub(super) resend: Option<Pt>,
    /// Goes back to the viewer.
    pub(crate) answer: String,
}

/// A publisher's session that has an answer and waits for its first datagram.
pub(crate) struct NegotiatedInlet {
    pub(super) rtc: Rtc,
    /// Names the answer.
    pub(crate) fragment: String,
    pub(super) video: Mid,
    pub(super) audio: Option<Mid>,
    /// Goes back to the publisher.
    pub(crate) answer: String,
}

/// Why an offer cannot be answered. The wording is for whoever wrote it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NegotiationError {
    #[error("this is not an SDP offer")]
    Malformed,
    #[error("the offer asks to receive no H.264 video (constrained baseline, packetization mode 1)")]
    NoVideo,
    #[error(
        "the video is offered as {0}; this service takes H.264 and Opus: choose them in the program that publishes"
    )]
    OtherCodecs(String),
    #[error("no address of this computer can be offered")]
    NoAddress,
}

impl Negotiator {
    pub(super) fn new() -> Result<Self, AudienceError> {
        let provider = str0m::crypto::from_feature_flags();
        let certificate: DtlsCert = provider.dtls_provider.generate_certificate().ok_or(AudienceError::Certificate)?;
        let common =
            RtcConfig::new().set_crypto_provider(provider.into()).set_dtls_cert(certificate).set_ice_lite(true);
        let intake = common
            .clone()
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(true)
            .set_rtcp_report_interval_audio(REPORTS)
            .set_rtcp_report_interval_video(REPORTS)
            .set_extension_map(ExtensionMap::standard());
        let mut config = common
            .clear_codecs()
            .enable_opus(true, false)
            .set_rtcp_report_interval_audio(REPORTS)
            .set_rtcp_report_interval_video(REPORTS)
            .set_stats_interval(Some(STATISTICS))
            .set_extension_map(extensions());
        config.codec_config().add_h264(108.into(), Some(109.into()), true, PROFILE);
        config.codec_config().add_h264(127.into(), Some(121.into()), true, PROFILE_BASELINE);
        Ok(Self { config, intake })
    }

    /// Answers a publisher's `offer`.
    ///
    /// # Errors
    ///
    /// When the offer is none, or has nothing that we take.
    pub(crate) fn take(&self, offer: &str, candidates: &[SocketAddr]) -> Result<NegotiatedInlet, NegotiationError> {
        let codecs = offered_video(offer);
        let offer = SdpOffer::from_sdp_string(offer).map_err(|_| NegotiationError::Malformed)?;
        let mut rtc = self.intake.clone().build(Instant::now());
        add_candidates(&mut rtc, candidates)?;
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|_| NegotiationError::Malformed)?.to_sdp_string();
        let fragment = rtc.direct_api().local_ice_credentials().ufrag;
        let (mut video, mut audio) = (None, None);
        for mid in mids(&answer) {
            let Some(kind) = rtc.media(mid).filter(|media| media.direction().is_receiving()).map(Media::kind) else {
                continue;
            };
            let (slot, codec) =
                if kind == MediaKind::Video { (&mut video, Codec::H264) } else { (&mut audio, Codec::Opus) };
            let is_ours = |rtc: &mut Rtc| {
                let media = rtc.media(mid)?;
                let taken = media.remote_pts();
                Some(
                    rtc.codec_config()
                        .params()
                        .iter()
                        .any(|params| params.spec().codec == codec && taken.contains(&params.pt())),
                )
            };
            if slot.is_none() && is_ours(&mut rtc) == Some(true) {
                *slot = Some(mid);
            }
        }
        match video {
            Some(video) => Ok(NegotiatedInlet { rtc, fragment, video, audio, answer }),
            None if codecs.is_empty() => Err(NegotiationError::NoVideo),
            None => Err(NegotiationError::OtherCodecs(codecs)),
        }
    }

    /// Answers `offer`, offering `candidates`. Takes a millisecond or two of computing.
    ///
    /// # Errors
    ///
    /// When the offer is none, or asks for nothing that we have.
    pub(crate) fn answer(&self, offer: &str, candidates: &[SocketAddr]) -> Result<Negotiated, NegotiationError> {
        let measured = measured_round_trips(offer);
        let offer = SdpOffer::from_sdp_string(offer).map_err(|_| NegotiationError::Malformed)?;
        let now = Instant::now();
        let mut rtc = self.config.clone().build(now);
        add_candidates(&mut rtc, candidates)?;
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|_| NegotiationError::Malformed)?.to_sdp_string();
        let fragment = rtc.direct_api().local_ice_credentials().ufrag;
        let (mut video, mut audio) = (None, None);
        // The event that a medium was added comes only with the connection; our answer knows now.
        for mid in mids(&answer) {
            let Some(kind) = rtc.media(mid).filter(|media| media.direction().is_sending()).map(Media::kind) else {
                continue;
            };
            let (slot, codec) =
                if kind == MediaKind::Video { (&mut video, Codec::H264) } else { (&mut audio, Codec::Opus) };
            *slot = slot.or(payload_type(&mut rtc, mid, codec).map(|pt| (mid, pt)));
        }
        let video = video.ok_or(NegotiationError::NoVideo)?;
        if let Some(stream) = rtc.direct_api().stream_tx_by_mid(video.0, None) {
            stream.set_rtx_cache(KEPT.0, KEPT.1, Some(AGAIN));
        }
        let answer = one_stream(&mut rtc, answer, video.0, audio.map(|(mid, _)| mid));
        let answer = with_round_trips(&answer, &measured);
        let resend = resend_type(&mut rtc, video);
        Ok(Negotiated { rtc, fragment, video, audio, resend, answer })
    }
}

fn add_candidates(rtc: &mut Rtc, candidates: &[SocketAddr]) -> Result<(), NegotiationError> {
    let mut offered = 0;
    for address in candidates {
        if let Ok(candidate) = Candidate::host(*address, "udp") {
            offered += usize::from(rtc.add_local_candidate(candidate).is_some());
        }
    }
    if offered == 0 { Err(NegotiationError::NoAddress) } else { Ok(()) }
}

fn mids(answer: &str) -> impl Iterator<Item = Mid> {
    answer.lines().filter_map(|line| line.strip_prefix("a=mid:")).map(|mid| Mid::from(mid.trim()))
}

/// The names of the codecs that an offer has for video, as far as they are names; resends are none.
fn offered_video(offer: &str) -> String {
    let (mut names, mut is_video) = (Vec::new(), false);
    for line in offer.lines().map(str::trim) {
        if let Some(media) = line.strip_prefix("m=") {
            is_video = media.starts_with("video");
        }
        let Some(map) = line.strip_prefix("a=rtpmap:").filter(|_| is_video) else { continue };
        let name = map.split_once(' ').map(|(_, name)| name.split('/').next().unwrap_or_default()).unwrap_or_default();
        let is_name =
            (1..=16).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_aid = ["rtx", "red", "ulpfec", "flexfec-03"].iter().any(|aid| name.eq_ignore_ascii_case(aid));
        if is_name && !is_aid && names.len() < 8 && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// For fuzzing: any offer, as it could be posted. An answer has what viewers need.
///
/// # Panics
///
/// Where it has not.
pub fn fuzz_offer(offer: &str) {
    thread_local! {
        static NEGOTIATOR: Negotiator = Negotiator::new().expect("a certificate can be made");
    }
    let here = [SocketAddr::from(([127, 0, 0, 1], 9))];
    if let Ok(negotiated) = NEGOTIATOR.with(|negotiator| negotiator.answer(offer, &here)) {
        assert!(!negotiated.fragment.is_empty() && negotiated.answer.starts_with("v=0"), "{}", negotiated.answer);
    }
    match NEGOTIATOR.with(|negotiator| negotiator.take(offer, &here)) {
        Ok(taken) => assert!(!taken.fragment.is_empty() && taken.answer.starts_with("v=0"), "{}", taken.answer),
        Err(error) => assert!(error.to_string().len() < 400, "{error}"),
    }
}

/// Only what we use. Without transport-wide numbers browsers send no feedback for each packet,
/// which nobody would read: there is no bandwidth estimation yet.
fn extensions() -> ExtensionMap {
    let mut extensions = ExtensionMap::empty();
    extensions.set(4, Extension::RtpMid);
    extensions
}

/// The payload types whose viewer wants to measure round trips (`rrtr`, RFC 3611 §4.4). str0m answers the
/// measurements and knows no word for them; without one, browsers take 100 ms for a round trip, ask too late
/// for what was lost, and wait too little for it.
fn measured_round_trips(offer: &str) -> Vec<String> {
    let wish = |line: &str| Some(line.trim().strip_prefix("a=rtcp-fb:")?.strip_suffix(" rrtr")?.to_owned());
    offer.lines().filter_map(wish).collect()
}

/// `answer` with that wish granted, behind the other kinds of feedback that a payload type has.
fn with_round_trips(answer: &str, measured: &[String]) -> String {
    let mut granted = String::with_capacity(answer.len());
    for line in answer.lines() {
        granted.push_str(line);
        granted.push_str("\r\n");
        let last = line.strip_prefix("a=rtcp-fb:").and_then(|feedback| feedback.strip_suffix(" nack pli"));
        if let Some(payload) = last.filter(|payload| measured.iter().any(|wish| wish == payload || wish == "*")) {
            granted.push_str(&format!("a=rtcp-fb:{payload} rrtr\r\n"));
        }
    }
    granted
}

/// `answer` with both tracks in one stream: browsers keep only tracks of one stream in step. The
/// names are long random words, found nowhere else in it.
fn one_stream(rtc: &mut Rtc, answer: String, video: Mid, audio: Option<Mid>) -> String {
    let stream = |mid: Mid| rtc.media(mid).map(|media| media.stream_id().to_owned());
    match (stream(video), audio.and_then(stream)) {
        (Some(video), Some(audio)) => answer.replace(&audio, &video),
        _ => answer,
    }
}

fn payload_type(rtc: &mut Rtc, mid: Mid, codec: Codec) -> Option<Pt> {
    let writer = rtc.writer(mid)?;
    let mut fitting = writer.payload_params().filter(|params| params.spec().codec == codec);
    fitting.next().map(str0m::format::PayloadParams::pt)
}

fn resend_type(rtc: &mut Rtc, (mid, pt): (Mid, Pt)) -> Option<Pt> {
    let writer = rtc.writer(mid)?;
    writer.payload_params().find(|params| params.pt() == pt)?.resend()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_are_measured_by_who_asks_for_it() {
        let offer = include_str!("../../tests/service/chromium.sdp");
        let negotiator = Negotiator::new().unwrap();
        let here = [SocketAddr::from(([127, 0, 0, 1], 9))];
        let answer = |offer: &str| negotiator.answer(offer, &here).unwrap().answer;
        let plain = answer(offer);
        assert!(plain.contains(" nack pli\r\n") && !plain.contains("rrtr"), "{plain}");
        let asked = offer.replace(" nack pli", " nack pli\r\na=rtcp-fb:* rrtr");
        let wishes = |answer: &str, kind: &str| answer.lines().filter(|line| line.ends_with(kind)).count();
        let granted = answer(&asked);
        assert_eq!(wishes(&granted, " rrtr"), wishes(&granted, " nack pli"), "{granted}");
        assert!(wishes(&granted, " rrtr") > 0 && granted.ends_with("\r\n"), "{granted}");
    }
}
