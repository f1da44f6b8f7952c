//! Follows plug and unplug, and outlives the sound and picture server.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::Device;
use gst::prelude::DeviceProviderExt;

use crate::device::list_devices;
use crate::device::pipewire::{Follower, Heard};
use crate::error::EngineError;
use crate::source::cadence::{Stopped, wait};

/// How often the owner's wish to end is looked for, and what comes together is told together.
const LOOK: Duration = Duration::from_millis(100);
/// How often a server that is gone is looked for.
const SERVER_LOOK: Duration = Duration::from_secs(1);
/// Even when nobody tells of a change: a sound card without any server has nobody to do so.
const RARELY: Duration = Duration::from_secs(30);

type ListSink = Arc<dyn Fn(Vec<Device>) + Send + Sync>;

/// Follows devices being plugged and unplugged until it is dropped.
pub struct DeviceWatch {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DeviceWatch {
    /// Tells `sink` the list at once, and again whenever it changed. The sink is called on the
    /// watch's own thread and should not block. Needs [`init`](crate::init).
    ///
    /// # Errors
    ///
    /// [`EngineError::Thread`] where the system gives no thread. A missing sound server is no
    /// error: its devices appear when it does.
    pub fn start(sink: Arc<dyn Fn(Vec<Device>) + Send + Sync>) -> Result<Self, EngineError> {
        let (stop, stopped) = mpsc::sync_channel(0);
        let thread = thread::Builder::new()
            .name("device-watch".to_owned())
            .spawn(move || {
                let _stopped: Stopped = follow(&sink, &stopped);
            })
            .map_err(|error| EngineError::Thread { problem: error.to_string() })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for DeviceWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Every blocking call of the thread has a deadline of its own.
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the device watch ended with a panic");
        }
    }
}

fn follow(sink: &ListSink, stop: &Receiver<()>) -> Stopped {
    let cameras = gst::DeviceProviderFactory::by_name("v4l2deviceprovider").filter(|provider| provider.start().is_ok());
    let mut told = None;
    let stopped = loop {
        let follower = Follower::start();
        let Err(stopped) = follow_server(follower.as_ref(), cameras.as_ref(), &mut told, sink, stop) else { continue };
        break stopped;
    };
    if let Some(cameras) = cameras {
        cameras.stop();
    }
    stopped
}

/// Follows until the server is gone, and a while longer: its devices went with it.
fn follow_server(
    server: Option<&Follower>,
    cameras: Option<&gst::DeviceProvider>,
    told: &mut Option<Vec<Device>>,
    sink: &ListSink,
    stop: &Receiver<()>,
) -> Result<(), Stopped> {
    loop {
        let list = list_devices();
        if told.as_ref() != Some(&list) {
            *told = Some(list.clone());
            sink(list);
        }
        let looked = Instant::now();
        let mut changed = false;
        while !changed && looked.elapsed() < RARELY {
            wait(stop, Duration::ZERO)?;
            match server.map_or(Heard::Gone, |server| server.wait(LOOK)) {
                Heard::Change => changed = true,
                Heard::Nothing => {}
                Heard::Gone => return wait_for_server(told, cameras, sink, stop),
            }
            changed |= cameras.is_some_and(camera_came_or_went);
        }
        settle(server, stop)?;
    }
}

/// Plugging in one device makes many small changes.
fn settle(server: Option<&Follower>, stop: &Receiver<()>) -> Result<(), Stopped> {
    let began = Instant::now();
    while began.elapsed() < SERVER_LOOK && server.is_some_and(|server| server.wait(LOOK) == Heard::Change) {
        wait(stop, Duration::ZERO)?;
    }
    Ok(())
}

fn wait_for_server(
    told: &mut Option<Vec<Device>>,
    cameras: Option<&gst::DeviceProvider>,
    sink: &ListSink,
    stop: &Receiver<()>,
) -> Result<(), Stopped> {
    wait(stop, SERVER_LOOK)?;
    let _ = cameras.is_some_and(camera_came_or_went);
    let list = list_devices();
    if told.as_ref() != Some(&list) {
        *told = Some(list.clone());
        sink(list);
    }
    Ok(())
}

/// Takes everything that the provider told.
fn camera_came_or_went(provider: &gst::DeviceProvider) -> bool {
    let kinds = [gst::MessageType::DeviceAdded, gst::MessageType::DeviceRemoved, gst::MessageType::DeviceChanged];
    let bus = provider.bus();
    let mut changed = false;
    while bus.pop_filtered(&kinds).is_some() {
        changed = true;
    }
    changed
}
