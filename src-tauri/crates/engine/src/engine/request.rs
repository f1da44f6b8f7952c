//! What the engine's thread is asked to do, by its handle and by its own pipelines.

use domain::{DestinationId, Plan, PushTarget, SourceId, SourceState};

use crate::event::{Broadcast, MonitorConfig};

/// One thing to do.
pub(super) enum Request {
    Show(Box<Plan>),
    Monitor(Option<MonitorConfig>),
    Begin(Broadcast),
    End,
    AddDestination {
        id: DestinationId,
        host: String,
        target: PushTarget,
    },
    RemoveDestination(DestinationId),
    /// A source changed; `generation` says whether it is still the one that is open.
    Source {
        id: SourceId,
        generation: u64,
        state: SourceState,
    },
    /// The mixer's pipeline reported an error.
    MixerFailed(String),
    /// The encoding pipeline reported an error.
    EncodingFailed(String),
    /// A broadcast is wound up.
    WoundUp,
    /// Does something that only a test asks for.
    #[cfg(test)]
    Test(Box<dyn FnOnce(&mut super::director::Director) + Send>),
    Stop,
}
