//! The picture over networks that lose and reorder, in a real browser.

use std::net::SocketAddr;
use std::time::Duration;

use antenne_tests::antenne::Antenne;
use antenne_tests::browser::Chromium;
use antenne_tests::deadline::{START, let_pass};
use antenne_tests::lossy::{Lossy, Weather};
use serde_json::json;
use tempfile::TempDir;

/// How long each network is watched.
const WATCHED: Duration = Duration::from_secs(20);

/// Joins by WHEP as `name`, by way of the port that `through` is given, and notes when each frame was presented.
const WATCH: &str = r#"
const watch = async (name, whep) => {
  const at = (window.watched ??= {})[name] = { shown: [], problem: null, port: null };
  const connection = new RTCPeerConnection();
  at.connection = connection;
  const video = document.body.appendChild(document.createElement("video"));
  video.muted = true;
  video.width = 160;
  connection.ontrack = ({ track }) => {
    if (track.kind !== "video") return;
    video.srcObject = new MediaStream([track]);
    void video.play();
  };
  const onFrame = (now, { presentedFrames }) => {
    at.shown.push({ now, count: presentedFrames });
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.addTransceiver("audio", { direction: "recvonly" });
  // As the page asks: round trips are measured.
  const { sdp: offer } = await connection.createOffer();
  const measured = offer.replace(/^a=rtcp-fb:(\d+) nack pli\r\n/gm, "$&a=rtcp-fb:$1 rrtr\r\n");
  await connection.setLocalDescription({ type: "offer", sdp: measured });
  const answer = await fetch(whep, {
    method: "POST", headers: { "content-type": "application/sdp" }, body: connection.localDescription.sdp,
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  const sdp = await answer.text();
  const candidate = /^(a=candidate:\S+ \d+ udp \d+ \S+) (\d+)/gim;
  at.through = (port) =>
    connection.setRemoteDescription({ type: "answer", sdp: sdp.replace(candidate, `$1 ${port}`) });
  at.port = Number([...sdp.matchAll(candidate)][0][2]);
};
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_loses_packets_leaves_a_picture_that_moves() {
    let data = TempDir::new().expect("a folder");
    let listen = ["--listen", "127.0.0.1:0", "--camera", "test", "--mic", "test"];
    let size = ["--size", "640x360", "--video-kbps", "1500"];
    let mut studio = Antenne::live(data.path(), &[&listen[..], &size[..]].concat());
    let on_air = studio.on_air().await;

    // The most of the time that the picture may stand still, beyond what this machine makes it stand still
    // where nothing is lost.
    let networks = [
        ("nothing lost", 0.0, 0.0, 0.0),
        ("5 % lost", 0.05, 0.0, 0.02),
        ("5 % lost and reordered", 0.05, 0.05, 0.02),
        ("10 % lost", 0.10, 0.0, 0.04),
        ("10 % lost and reordered", 0.10, 0.05, 0.04),
        ("15 % lost", 0.15, 0.0, 0.10),
        ("20 % lost and reordered", 0.20, 0.05, 0.30),
    ];
    let page = Chromium::start().await;
    page.open(&format!("{}/healthz", on_air.base())).await;
    let mut relays = Vec::new();
    for (seed, (name, loss, reordering, _)) in networks.iter().enumerate() {
        let me = format!("watched[{}]", json!(name));
        let call = format!("watch({}, {})", json!(name), json!(on_air.whep_url));
        page.run(&format!("{WATCH} {call}.catch((error) => {{ {me}.problem = String(error); }});")).await;
        page.until(&format!("{name}: it has an answer"), &format!("{me}.port || {me}.problem")).await;
        let port = page.run(&format!("return {me}.port ?? {me}.problem;")).await;
        let port = port.as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_else(|| panic!("{name}: {port}"));
        let service = SocketAddr::from(([127, 0, 0, 1], port));
        let relay = Lossy::start(service, Weather { loss: *loss, reordering: *reordering }, seed as u64).await;
        page.run(&format!("{me}.through({});", relay.port())).await;
        relays.push(relay);
    }
    let all_play = format!(
        "(() => {{ const all = Object.values(window.watched);
           const problem = all.find((one) => one.problem); if (problem) throw new Error(problem.problem);
           return all.length === {} && all.every((one) => one.shown.length > 5); }})()",
        networks.len()
    );
    page.until_within(START, "all play", &all_play).await;
    page.run("for (const one of Object.values(watched)) one.shown = one.shown.slice(-1);").await;
    let_pass(WATCHED).await;

    let (mut bad, mut busy) = (Vec::new(), None);
    for ((name, _, _, most), relay) in networks.iter().zip(&relays) {
        let measured = page
            .run(&format!(
                "const measure = async ({{ shown, connection }}) => {{
                 const {{now, count}} = shown.at(-1);
                 shown.push({{now: performance.now(), count: count + 1}});
                 let frozen = 0;
                 for (let n = 1; n < shown.length; n++) {{
                   // Frames that a busy page heard nothing of were presented in between.
                   const gap = shown[n].now - shown[n - 1].now;
                   if (gap / Math.max(1, shown[n].count - shown[n - 1].count) > 200) frozen += gap;
                 }}
                 const stats = [...(await connection.getStats()).values()];
                 const video = stats.find((one) => one.type === 'inbound-rtp' && one.kind === 'video');
                 return [frozen / (shown.at(-1).now - shown[0].now), shown.at(-1).count - shown[0].count,
                   video.packetsLost, video.retransmittedPacketsReceived ?? 0];
                 }};
                 return measure(watched[{}]);",
                json!(name)
            ))
            .await;
        let [share, frames, missed, resent] = [0, 1, 2, 3].map(|n| measured[n].as_f64().expect("a number"));
        let (passed, lost) = relay.counts();
        println!(
            "{name}: {:.1} % of the time frozen, {frames} frames; {lost} of {} datagrams lost; {missed} missed, \
             {resent} came again",
            share * 100.0,
            passed + lost
        );
        let most = most + *busy.get_or_insert(share);
        if share > most {
            bad.push(format!("{name}: frozen for {:.1} % of the time, at most {:.1} %", share * 100.0, most * 100.0));
        }
        if resent < missed * 0.9 {
            bad.push(format!("{name}: {resent} packets came again of {missed} that were missed"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("; "));
    page.close().await;
    studio.end().await;
}
