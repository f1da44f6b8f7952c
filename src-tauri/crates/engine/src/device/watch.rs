//! Follows plug and unplug, and outlives the sound and picture server.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::Device;
use gst::prelude::DeviceProviderExt;

use crate::device::pipewire::{self, Follower, Heard};
use crate::device::{DeviceList, list_devices};
use crate::error::EngineError;
use crate::source::cadence::{Stopped, wait};
use crate::thread_names;

/// How often the owner's wish to end is looked for.
const LOOK: Duration = Duration::from_millis(100);
/// How often a server that is gone is looked for.
const SERVER_LOOK: Duration = Duration::from_secs(1);
/// How soon those are asked again whose answer could not be read.
const UNREAD_LOOK: Duration = Duration::from_secs(1);
/// Changes that come one after the other are emitted together, but not later than this.
const SETTLING: Duration = Duration::from_secs(1);
/// Even when nobody reports a change: a sound card without any server has nobody to do so.
const RARELY: Duration = Duration::from_secs(30);

type ListSink = Arc<dyn Fn(Vec<Device>) + Send + Sync>;

/// Follows devices being plugged and unplugged until it is dropped.
pub struct DeviceWatch {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DeviceWatch {
    /// Gives `sink` the list at once, and again whenever it changed. The sink is called on the
    /// watch's own thread and should not block. Needs [`init`](crate::init).
    ///
    /// # Errors
    ///
    /// [`EngineError::Thread`] where the system gives no thread. A missing sound server is no
    /// error: its devices appear when it does.
    pub fn start(sink: Arc<dyn Fn(Vec<Device>) + Send + Sync>) -> Result<Self, EngineError> {
        let (stop, stopped) = mpsc::sync_channel(0);
        let thread = thread::Builder::new()
            .name(thread_names::DEVICE_WATCH.to_owned())
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
    let mut watched = Watched { sink, given: None, doubts: false, cameras };
    loop {
        let followed = match Follower::start() {
            Some(server) => watched.follow_server(&server, stop),
            None => Ok(()),
        };
        let Err(stopped) = followed.and_then(|()| watched.wait_for_server(stop)) else { continue };
        if let Some(cameras) = watched.cameras {
            cameras.stop();
        }
        return stopped;
    }
}

struct Watched<'a> {
    sink: &'a ListSink,
    given: Option<Vec<Device>>,
    /// The last look could not read everything.
    doubts: bool,
    cameras: Option<gst::DeviceProvider>,
}

impl Watched<'_> {
    /// Looks, and emits what changed. Answers whether everything could be read.
    fn emit(&mut self) -> bool {
        let DeviceList { mut devices, unread } = list_devices();
        if let Some(unread) = &unread {
            if !self.doubts {
                tracing::warn!(problem = %unread, "devices could not be listed; those that were there are kept");
            }
            // At the first look there is nothing to keep.
            devices = together(devices, self.given.as_deref().unwrap_or_default());
        }
        self.doubts = unread.is_some();
        if self.given.as_ref() != Some(&devices) {
            self.given = Some(devices.clone());
            (self.sink)(devices);
        }
        !self.doubts
    }

    /// Until the server is gone.
    fn follow_server(&mut self, server: &Follower, stop: &Receiver<()>) -> Result<(), Stopped> {
        loop {
            let again = if self.emit() { RARELY } else { UNREAD_LOOK };
            let looked = Instant::now();
            let mut changed = false;
            while !changed && looked.elapsed() < again {
                wait(stop, Duration::ZERO)?;
                match server.wait(LOOK) {
                    Heard::Change => changed = true,
                    Heard::Nothing => {}
                    Heard::Gone => return Ok(()),
                }
                changed |= self.camera_came_or_went();
            }
            // Plugging in one device makes many small changes.
            let began = Instant::now();
            while began.elapsed() < SETTLING && server.wait(LOOK) == Heard::Change {
                wait(stop, Duration::ZERO)?;
            }
        }
    }

    /// Until a server answers. Looks cost something here: sound cards are opened to be listed.
    fn wait_for_server(&mut self, stop: &Receiver<()>) -> Result<(), Stopped> {
        let mut due = Instant::now();
        loop {
            if self.camera_came_or_went() || Instant::now() >= due {
                let again = if self.emit() { RARELY } else { UNREAD_LOOK };
                due = Instant::now() + again;
            }
            wait(stop, SERVER_LOOK)?;
            if pipewire::is_there() {
                return Ok(());
            }
        }
    }

    /// Takes everything that the provider reported.
    fn camera_came_or_went(&self) -> bool {
        let kinds = [gst::MessageType::DeviceAdded, gst::MessageType::DeviceRemoved, gst::MessageType::DeviceChanged];
        let Some(cameras) = &self.cameras else { return false };
        let bus = cameras.bus();
        let mut changed = false;
        while bus.pop_filtered(&kinds).is_some() {
            changed = true;
        }
        changed
    }
}

/// What was found now, and what of `before` was not: it could not be read whether that is still there.
fn together(mut found: Vec<Device>, before: &[Device]) -> Vec<Device> {
    let missing = |device: &&Device| !found.iter().any(|other| other.kind == device.kind && other.id == device.id);
    let kept: Vec<Device> = before.iter().filter(missing).cloned().collect();
    found.extend(kept);
    // In the order in which people know them.
    let place = |device: &Device| before.iter().position(|other| other.kind == device.kind && other.id == device.id);
    found.sort_by_key(|device| place(device).unwrap_or(usize::MAX));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::DeviceKind;

    fn device(id: &str) -> Device {
        let (id, name, detail) = (id.to_owned(), id.to_owned(), String::new());
        Device { kind: DeviceKind::Camera, id, name, detail, unusable: None }
    }

    #[test]
    fn what_could_not_be_read_is_not_gone() {
        let before = ["a", "b", "c"].map(device);
        let ids = |list: Vec<Device>| list.into_iter().map(|device| device.id).collect::<String>();
        assert_eq!(ids(together(vec![device("d"), device("b")], &before)), "abcd");
        assert_eq!(ids(together(Vec::new(), &before)), "abc");
        assert_eq!(ids(together(vec![device("a")], &[])), "a");
    }
}
