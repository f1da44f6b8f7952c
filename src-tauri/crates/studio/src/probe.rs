//! The proof: joins like any viewer, and decodes what comes.

use std::time::Duration;

use audience::client::WhepClient;
use domain::{Input, Proof, Refusal, Severity};
use engine::{ProbeDecoder, ProbeReport};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, timeout_at};

use crate::actor::{Message, problem};

/// So many decoded frames are a proof.
const FRAMES: u64 = 60;
/// Without a proof after this time, the reason is emitted, a little before the domain's own
/// patience ends; the probe goes on.
const REASON_AFTER: Duration = Duration::from_millis(domain::PROOF_WITHIN_MS - 500);
/// Without a proof after this time, the probe gives up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(120);

/// Watches the show at `whep_url` until it is proved, and notifies `inbox`.
pub(crate) async fn watch(whep_url: String, inbox: mpsc::Sender<Message>) {
    let began = Instant::now();
    let mut reason_sent = false;
    let mut last_reason = String::new();
    while began.elapsed() < GIVE_UP_AFTER {
        match attempt(&whep_url, &inbox, began, &mut reason_sent).await {
            Ok(()) => return,
            Err(reason) => {
                if reason != last_reason {
                    tracing::info!(reason, "the probe tries again");
                }
                send_reason(&inbox, began, &mut reason_sent, &reason).await;
                last_reason = reason;
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn attempt(
    whep_url: &str,
    inbox: &mpsc::Sender<Message>,
    began: Instant,
    reason_sent: &mut bool,
) -> Result<(), String> {
    let deadline = began + GIVE_UP_AFTER;
    let connected = timeout_at(deadline, WhepClient::connect(whep_url))
        .await
        .map_err(|_| "the service does not answer".to_owned())?;
    let client = connected.map_err(|error| format!("the studio could not join as a viewer: {error}"))?;
    let program = client.program().clone();
    let decoder = tokio::task::spawn_blocking(move || ProbeDecoder::start(&program)).await;
    let decoder = decoder.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let mut units = client.units();
    let mut look = interval(Duration::from_millis(100));
    let outcome = loop {
        tokio::select! {
            // Only its end is of interest here: the decoder reads for itself.
            unit = units.recv() => if unit.is_none() {
                break Err("the service ended the connection".to_owned());
            },
            _ = look.tick() => {
                let report = decoder.report();
                if report.frames >= FRAMES && report.sound_packets > 0 {
                    warn(inbox, &report).await;
                    let _closed = inbox.send(Message::Input(Input::Proof(Proof::Verified))).await;
                    break Ok(());
                }
                send_reason(inbox, began, reason_sent, &missing(&report)).await;
                if Instant::now() >= deadline {
                    break Err(missing(&report));
                }
            }
        }
    };
    client.close().await;
    // Its pipeline is ended on a thread that may wait for it.
    let _ended = tokio::task::spawn_blocking(move || drop(decoder)).await;
    outcome
}

async fn send_reason(inbox: &mpsc::Sender<Message>, began: Instant, sent: &mut bool, reason: &str) {
    if !*sent && began.elapsed() >= REASON_AFTER {
        *sent = true;
        let proof = Proof::Unverified { reason: reason.to_owned() };
        let _closed = inbox.send(Message::Input(Input::Proof(proof))).await;
    }
}

fn missing(report: &ProbeReport) -> String {
    match (report.frames, report.sound_packets) {
        (0, 0) => "the studio joined as a viewer and received neither picture nor sound".to_owned(),
        (0, _) => "the studio joined as a viewer and heard sound, but received no picture".to_owned(),
        (_, 0) => "the studio joined as a viewer and saw the picture, but heard no sound".to_owned(),
        (frames, _) => format!("the studio joined as a viewer and decoded only {frames} frames so far"),
    }
}

/// Black, still or silent are warnings, not refusals.
async fn warn(inbox: &mpsc::Sender<Message>, report: &ProbeReport) {
    let seen = [
        (report.black, "probe.black", "Viewers see black: look at the camera"),
        (report.still, "probe.still", "Viewers see a picture that stands still"),
        (report.silent, "probe.silent", "Viewers hear nothing: look at the microphone"),
    ];
    for (_, code, text) in seen.into_iter().filter(|(is_so, _, _)| *is_so) {
        let _closed = inbox.send(problem(Severity::Warning, Refusal::new(code, text))).await;
    }
}
