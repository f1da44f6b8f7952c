//! An output that nobody waits for: lines wait in a bounded queue, and a thread writes them.
//!
//! Standard output and standard error are read by other programs, or lie on a disk. Where they take
//! nothing any more the studio goes on; what could not be written is counted, and the count written
//! as soon as that is possible.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// So many lines may wait; when there are more, the newest is left out.
const LINES: usize = 4_096;
/// So many bytes may wait, as well.
const BYTES: usize = 4 << 20;
/// What repeats itself waits with no more lines than this: the next one says as much.
const REPEATED: usize = 64;
/// At the end an output that takes nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(1);
/// At the end no output is waited for longer than this.
const LAST_WORDS: Duration = Duration::from_secs(4);
/// An output that was set not to block is asked again after this time.
const AGAIN: Duration = Duration::from_millis(20);

/// What becomes of a line when many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It is said once, and waits with the others.
    Once,
    /// The next one makes up for it.
    Repeated,
}

/// How an output speaks of itself.
pub(crate) struct Manners {
    /// The thread's name.
    pub(crate) name: &'static str,
    /// The line that says how many lines were left out.
    pub(crate) left_out: fn(u64) -> String,
    /// Called once, when a line could not be written. Where nobody can be notified, nobody is.
    pub(crate) failed: fn(&io::Error),
}

/// An output. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Voice(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Line>,
    bytes: usize,
    /// Lines that were left out since that was last said.
    left_out: u64,
    /// How many lines the thread has dealt with.
    done: u64,
    /// Whether the thread has a line in hand.
    is_writing: bool,
    /// Nobody reads any more, for ever.
    is_gone: bool,
}

enum Line {
    Said(String),
    LeftOut(u64),
}

impl Voice {
    /// Starts the thread that writes to `file`.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread.
    pub(crate) fn start(file: File, manners: Manners) -> io::Result<Self> {
        Self::start_on(file, manners)
    }

    fn start_on(out: impl Write + Send + 'static, manners: Manners) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let writer = Writer { out, manners, is_torn: false, has_failed: false };
        thread::Builder::new().name(writer.manners.name.to_owned()).spawn(move || writer.run(&theirs))?;
        Ok(Self(shared))
    }

    /// Says a line, which has no line break at its end. Never waits.
    pub(crate) fn say(&self, line: String, weight: Weight) {
        let mut queue = self.0.lock();
        let places = if weight == Weight::Repeated { REPEATED } else { LINES };
        if queue.is_gone || queue.lines.len() >= places || queue.bytes + line.len() > BYTES {
            queue.left_out += 1;
            return;
        }
        queue.own_up();
        queue.bytes += line.len();
        queue.lines.push_back(Line::Said(line));
        drop(queue);
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, for as long as lines are taken.
    pub(crate) fn finish(&self) {
        let began = Instant::now();
        let mut queue = self.0.lock();
        queue.own_up();
        self.0.changed.notify_all();
        let (mut done, mut since) = (queue.done, began);
        while !queue.is_gone && (queue.is_writing || !queue.lines.is_empty()) {
            if queue.done != done {
                (done, since) = (queue.done, Instant::now());
            }
            let left = PATIENCE.saturating_sub(since.elapsed()).min(LAST_WORDS.saturating_sub(began.elapsed()));
            if left.is_zero() {
                return;
            }
            queue = self.0.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    /// Nothing is done while this is locked that could panic half-way.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next line. Waits for it.
    fn next(&self) -> Line {
        let mut queue = self.lock();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                if let Line::Said(text) = &line {
                    queue.bytes -= text.len();
                }
                queue.is_writing = true;
                return line;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A line was dealt with; so many lines could not be written.
    fn done(&self, left_out: u64, is_gone: bool) {
        let mut queue = self.lock();
        queue.is_writing = false;
        queue.done += 1;
        queue.left_out += left_out;
        queue.is_gone |= is_gone;
        drop(queue);
        self.changed.notify_all();
    }
}

impl Queue {
    /// What was left out is said in its place: before what comes next.
    fn own_up(&mut self) {
        if self.left_out > 0 && !self.is_gone {
            self.lines.push_back(Line::LeftOut(std::mem::take(&mut self.left_out)));
        }
    }
}

struct Writer<W> {
    out: W,
    manners: Manners,
    /// Whether the last line was written in part.
    is_torn: bool,
    has_failed: bool,
}

impl<W: Write> Writer<W> {
    /// For as long as the process lives: whoever says the last line does not know that it is the last.
    fn run(mut self, shared: &Shared) {
        loop {
            let (text, counts) = match shared.next() {
                Line::Said(text) => (text, 1),
                Line::LeftOut(lines) => ((self.manners.left_out)(lines), lines),
            };
            match self.write(text) {
                Ok(()) => shared.done(0, false),
                Err(error) => {
                    if !std::mem::replace(&mut self.has_failed, true) {
                        (self.manners.failed)(&error);
                    }
                    // A disk may have room again; a reader that closed its end does not come back.
                    shared.done(counts, error.kind() == ErrorKind::BrokenPipe);
                }
            }
        }
    }

    fn write(&mut self, mut text: String) -> io::Result<()> {
        if self.is_torn {
            text.insert(0, '\n');
        }
        text.push('\n');
        let mut left = text.as_bytes();
        while !left.is_empty() {
            match self.out.write(left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    left = &left[written..];
                    self.is_torn = !left.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(AGAIN),
                Err(error) => return Err(error),
            }
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
