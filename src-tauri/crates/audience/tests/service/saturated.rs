//! More program than can be sent: viewers are still heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audience::client::WhepClient;

use crate::support::{Service, picture, soon};

/// Publishes without a pause, so that a unit always waits, until it is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<u64>>,
}

impl Flood {
    fn start(program: media::Program) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut number = 0;
            while !stopped.load(Ordering::Relaxed) {
                program.publish(picture(number, number % 30 == 0, 1200));
                number += 1;
            }
            number
        });
        Self { stop, thread: Some(thread) }
    }

    /// How many frames there were.
    fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_while_units_always_wait_is_heard_and_gets_frames() {
    let service = Service::start().await;
    service.on_air();
    let flood = Flood::start(service.program.clone());
    // Each must shake hands in many datagrams, and stays while others do.
    let mut clients = Vec::new();
    for _ in 0..3 {
        let client = soon(WhepClient::connect(&service.url("/studio/whep"))).await.unwrap();
        let mut units = client.units();
        assert!(soon(units.recv()).await.expect("the session is there").keyframe);
        clients.push((client, units));
    }
    for (_, units) in &mut clients {
        soon(units.recv()).await.expect("it is still there");
    }
    let frames = flood.end();
    assert!(frames > 1000, "{frames} frames are no flood");
    for (client, _) in clients {
        client.close().await;
    }
    service.audience.shutdown().await;
}
