use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use domain::{SourceKind, SourceSpec, SourceState};

use super::Trial;

/// A display without a screen.
struct Display {
    server: Child,
    number: String,
}

impl Display {
    /// On a free number, or on one that was used before.
    fn start(number: Option<&str>) -> Option<Self> {
        let mut server = Command::new("Xvfb")
            .args(number)
            .args(["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        BufReader::new(server.stdout.take()?).read_line(&mut number).ok()?;
        Some(Self { server, number: format!(":{}", number.trim()) })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn an_x11_screen_is_captured_and_its_death_is_survived() {
    gst::init().unwrap();
    assert!(gst::ElementFactory::find("ximagesrc").is_some(), "ximagesrc is not installed");
    let display = Display::start(None).expect("Xvfb is installed");
    let trial = Trial::open(&SourceSpec::Device(SourceKind::Screen, format!("x11:{}", display.number)));
    trial.wait(SourceState::Running);
    let buffers = trial.buffers(60);
    let times: Vec<_> = buffers.iter().map(|buffer| buffer.pts().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[1] > pair[0]), "{times:?}");
    assert!(buffers.iter().all(|buffer| buffer.size() == 640 * 360 * 3 / 2));
    let (black, still) = trial.observed();
    assert!(black && still, "an empty display without a pointer over it is black");

    let number = display.number.clone();
    drop(display);
    trial.wait(SourceState::Lost);
    let _again = Display::start(Some(&number)).unwrap();
    trial.wait(SourceState::Running);
    trial.close();
}

#[test]
fn a_display_that_does_not_answer_is_lost_with_a_sentence() {
    gst::init().unwrap();
    let trial = Trial::open(&SourceSpec::Device(SourceKind::Screen, "x11::4711".to_owned()));
    let problem = trial.wait(SourceState::Lost).unwrap();
    assert!(problem.contains("screen") && problem.ends_with('.'), "{problem}");
    trial.close();
}
