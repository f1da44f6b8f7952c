//! Sound cards of every kind as PipeWire offers them: listed, opened, heard; and the threads that read them.

use std::path::Path;
use std::process::Stdio;

use antenne_tests::antenne::Antenne;
use antenne_tests::deadline::until;
use antenne_tests::process::Process;
use antenne_tests::recording::Recording;
use antenne_tests::surroundings::{Session, TONE_HZ, TONE_LEVEL};
use antenne_tests::tone::Tone;
use serde_json::Value;
use tempfile::TempDir;

/// Of 400 pieces of 10 ms so many may be silent, 3 %: on two cores that also encode, PipeWire's own cycle is not always
/// held, and what stays late is taken for lost. A microphone whose cycle is too short loses 11 to 18 %.
const LATE: usize = 12;

/// What `antenne devices` lists, by id.
async fn listed(session: &Session, id: &str) -> Value {
    let mut command = session.command(Antenne::program());
    let answer = command.args(["devices", "--json"]).output().await.expect("antenne starts");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let lines = String::from_utf8_lossy(&answer.stdout).into_owned();
    let devices = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    devices.into_iter().find(|device| device["id"] == id).unwrap_or_else(|| panic!("{id} is not among {lines}"))
}

/// A small show with this microphone alone.
fn show(session: &Session, data: &Path, id: &str, more: &[&str]) -> Antenne {
    let mut command = Antenne::command(data);
    session.surround(&mut command);
    let options = ["--camera", "none", "--mic", id, "--size", "320x180", "--fps", "10", "--listen", "127.0.0.1:0"];
    Antenne::start(command, data, &[options.as_slice(), more].concat())
}

/// Four seconds of a show, past its first two: what is heard left and right.
async fn heard(session: &Session, id: &str) -> [Tone; 2] {
    let data = TempDir::new().expect("a folder");
    let mut antenne = show(session, data.path(), id, &["--for", "7s"]);
    let ended = antenne.event("ended").await;
    assert!(antenne.exit().await.success(), "{}", antenne.process().errors());
    let recording = Recording::open(Path::new(ended["recording"].as_str().expect("it was recorded")));
    let tone = |channel| {
        let samples = recording.channel(channel);
        Tone::of(&samples[2 * 48_000..6 * 48_000])
    };
    [tone(0), tone(1)]
}

/// Where the tone is heard at the level at which it is played, less so many decibels; or that it is not.
type Expected = Option<f64>;

fn assert_heard(name: &str, tone: Tone, expected: Expected) {
    let Some(less) = expected else {
        assert!(tone.db < -60.0, "{name}: heard although nothing is played there: {tone:?}");
        return;
    };
    let db = 20.0 * TONE_LEVEL.log10() - less;
    assert!((tone.hz - TONE_HZ).abs() <= TONE_HZ * 0.005, "{name}: another tone: {tone:?}");
    assert!((tone.db - db).abs() <= 1.0, "{name}: not {db} dB: {tone:?}");
    assert!(tone.silent <= LATE, "{name}: holes: {tone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microphone_of_any_rate_and_number_of_channels_is_listed_opened_and_heard_on_its_side() {
    let session = Session::start().await;
    let eight = "FL,FR,FC,LFE,RL,RR,SL,SR";
    let inputs = "AUX0,AUX1,AUX2,AUX3,AUX4,AUX5,AUX6,AUX7";
    // A centre is half as loud on each side (−3 dB); an input without a place is in the middle, as loud as it is.
    for (name, rate, places, port, expected) in [
        ("Old Headset", 44_100, "MONO", "input_MONO", [Some(0.0), Some(0.0)]),
        ("Fine Interface", 96_000, "FL,FR", "input_FL", [Some(0.0), None]),
        ("Room Array", 48_000, eight, "input_FC", [Some(3.01), Some(3.01)]),
        ("Many Inputs", 48_000, inputs, "input_AUX2", [Some(0.0), Some(0.0)]),
    ] {
        session.plug_microphone(name, rate, places).await;
        let _player = session.play_into(name, &[port]).await;
        let id = format!("pipewire:{}", name.to_lowercase().replace(' ', "-"));
        let device = listed(&session, &id).await;
        assert_eq!((device["kind"].as_str(), device["name"].as_str()), (Some("microphone"), Some(name)));
        let sides = heard(&session, &id).await.into_iter().zip(expected);
        for (side, (tone, expected)) in ["left", "right"].into_iter().zip(sides) {
            assert_heard(&format!("{name}, {side}"), tone, expected);
        }
    }
}

/// How many of a process's threads have real-time priority (`sched(7)`: `SCHED_FIFO`, `SCHED_RR`).
fn realtime_threads(process: u32) -> usize {
    let number = i32::try_from(process).expect("numbers of processes are small");
    let Ok(tasks) = procfs::process::Process::new(number).and_then(|process| process.tasks()) else { return 0 };
    let policies = tasks.filter_map(|task| task.ok()?.stat().ok()?.policy);
    policies.filter(|policy| matches!(policy, 1 | 2)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thread_that_reads_a_microphone_gets_the_priority_that_pipewires_own_recorder_gets() {
    let session = Session::start().await;
    session.plug_microphone("Studio Microphone", 48_000, "MONO").await;
    let _player = session.play_into("Studio Microphone", &["input_MONO"]).await;
    let data = TempDir::new().expect("a folder");
    let file = data.path().join("recorded.wav");
    let mut command = session.command("pw-record");
    command.args(["--target", "studio-microphone"]).arg(&file).stdin(Stdio::null());
    let recorder = Process::start("pw-record", command);
    until("the recorder writes", || async {
        std::fs::metadata(&file).ok().filter(|file| file.len() > 10_000).map(|_| ())
    })
    .await;
    let granted = realtime_threads(recorder.id());

    let mut antenne = show(&session, data.path(), "pipewire:studio-microphone", &["--stay", "1m"]);
    antenne.event_where("source", |event| event["state"] == "running").await;
    // Who is granted nothing here (no rtkit, and an ordinary person without a limit) is normal, and on air all the same.
    let wanted = usize::from(granted > 0);
    let antenne_id = antenne.process().id();
    until("the thread has its priority", || async { (realtime_threads(antenne_id) == wanted).then_some(()) }).await;
    antenne.on_air().await;
}
