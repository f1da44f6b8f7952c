//! "The first there is" is one device for as long as a show lasts: what is plugged in or out on air
//! never puts another device on air by itself.

use super::Production;
use crate::{Device, DeviceChoice, Phase};

/// So many devices keep their names.
const NAMES: usize = 256;

impl Production {
    /// Holds what "the first there is" was when the show went live, or what it found first since.
    pub(super) fn pin(&mut self) {
        if !matches!(
            self.snapshot.phase,
            Phase::CountingDown { .. } | Phase::Starting { .. } | Phase::OnAir { .. } | Phase::Ending { .. }
        ) {
            self.pinned.clear();
            return;
        }
        for source in &self.snapshot.setup.sources {
            if source.choice != DeviceChoice::First || self.pinned.contains_key(&source.id) {
                continue;
            }
            if let DeviceChoice::Device(id) = source.choice.resolve(source.kind.devices(), &self.snapshot.devices) {
                self.pinned.insert(source.id.clone(), id);
            }
        }
    }

    /// Remembers what devices are called: one that is lost is still called so.
    pub(super) fn learn_names(&mut self, devices: &[Device]) {
        for device in devices {
            if self.names.len() < NAMES || self.names.contains_key(&device.id) {
                self.names.insert(device.id.clone(), device.name.clone());
            }
        }
    }
}
