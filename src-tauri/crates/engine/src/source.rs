//! One pipeline for each source.

use std::sync::Arc;

use domain::{Role, SourceSpec};

use crate::joint::{SourceContext, SourceSink};

/// A source that is open, supervised until it is dropped.
pub(crate) struct Source;

impl Source {
    /// Opens `spec` for `role`.
    pub(crate) fn open(_role: Role, _spec: &SourceSpec, _context: SourceContext, _sink: Arc<dyn SourceSink>) -> Source {
        Source
    }
}
