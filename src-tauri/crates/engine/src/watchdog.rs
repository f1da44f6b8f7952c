//! After how long the engine's watchdogs take something for dead. Each promise of "noticed within" follows
//! from one of these, a look of at most a second, and the time to open or make it anew.

use std::time::Duration;

/// A source that ran and gives no buffer is lost.
pub(crate) const SOURCE: Duration = Duration::from_secs(1);
/// A blender without frames, or a mixer without audio, is replaced.
pub(crate) const PROGRAM: Duration = Duration::from_secs(4);
/// An encoder without access units is replaced: it has longer, because a program that is replaced starves it.
pub(crate) const ENCODER: Duration = Duration::from_secs(5);
/// A destination to which nothing leaves although there is something to send is connected anew.
pub(crate) const DESTINATION: Duration = Duration::from_secs(4);
