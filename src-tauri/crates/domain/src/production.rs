//! The live state machine.

use crate::{Canvas, DeviceChoice, Graphics, Role, Snapshot};

/// .
#[derive(Debug)]
pub struct Production { snapshot: Snapshot, canvas: Canvas }
/// .
#[derive(Debug)]
pub enum Input {}
/// .
#[derive(Debug)]
pub enum Effect {}

impl Production {
    /// .
    pub fn snapshot(&self) -> &Snapshot { &self.snapshot }
    /// .
    pub fn canvas(&self) -> Canvas { self.canvas }
    /// .
    pub fn resolved(&self, _role: Role) -> DeviceChoice { DeviceChoice::None }
    /// .
    pub fn graphics(&self) -> Graphics { Graphics::default() }
}
