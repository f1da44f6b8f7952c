//! Reading a program within a task.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use media::{AccessUnit, Capacity, Next, Overflow, Program, Reader, ReaderConfig, Start, Tracks};
use tokio::sync::Notify;

/// So much may wait for a task that does not keep up; what comes then is lost, as on a screen.
const WAITING: Capacity = Capacity { span: Duration::from_secs(20), bytes: 64 << 20 };

/// The units of a program, one by one.
pub struct Units {
    reader: Reader,
    woken: Arc<Notify>,
}

impl Units {
    /// Reads `tracks` of `program`, from its current GOP on.
    #[must_use]
    pub fn of(program: &Program, tracks: Tracks) -> Self {
        let woken = Arc::new(Notify::new());
        let wake = woken.clone();
        let reader = program.read(ReaderConfig {
            name: "task",
            tracks,
            start: Start::Gop { younger_than: WAITING.span },
            capacity: WAITING,
            overflow: Overflow::DropNewest,
            wake: Some(Arc::new(move || wake.notify_one())),
        });
        Self { reader, woken }
    }

    /// Waits for the next unit; none when the program is over.
    pub async fn recv(&mut self) -> Option<AccessUnit> {
        loop {
            match self.reader.try_next() {
                Next::Unit(unit) => return Some(unit),
                Next::Ended => return None,
                Next::Nothing => self.woken.notified().await,
            }
        }
    }
}

impl fmt::Debug for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.fmt(f)
    }
}
