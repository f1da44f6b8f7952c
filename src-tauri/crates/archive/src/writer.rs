//! The thread that owns the writing connection: batch, commit, then acknowledge.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::room::Stored;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::queue::{Answer, Batch, Job, Kept, Queue};
use crate::rows::{self, AsRunRow, ChatRow};
use crate::{ArchiveError, connection};

/// How soon the write-ahead log is emptied again, where a reader stood in the way.
const SCRUB_AGAIN: Duration = Duration::from_secs(1);

/// Of what cannot be refused, this many attempts in a row may end in a panic before it is given up.
const ATTEMPTS: u32 = 3;

/// Writes what `queue` hands over until it is closed. The connection is closed at the end.
///
/// A panic takes back its transaction and is counted in `restarts`; whoever asked for something in it
/// is answered that it failed, and what was appended later waits in the queue. It goes on with another
/// connection to `file`, where one can be made.
pub(crate) fn run(mut connection: Connection, file: &Path, queue: &Queue, restarts: &AtomicU64) {
    let (mut has_traces, mut in_a_row) = (false, 0);
    while let Some(batch) = queue.next(has_traces.then_some(SCRUB_AGAIN)) {
        has_traces |= batch.jobs.iter().any(|job| matches!(job, Job::Call(call) if call.leaves_traces()));
        let written =
            if batch.is_empty() { Written::Fine } else { write(&mut connection, queue, batch, in_a_row + 1, restarts) };
        match written {
            Written::Fine => in_a_row = 0,
            Written::Panicked => {
                in_a_row += 1;
                match connection::to_write(file) {
                    Ok(another) => connection = another,
                    Err(error) => tracing::error!(%error, "the archive goes on with the connection that it had"),
                }
            }
        }
        if has_traces {
            has_traces = !scrub(&connection);
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::error!(%error, "the archive did not close as it should");
    }
}

/// What became of the thread by a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// It was committed or it failed.
    Fine,
    /// It panicked.
    Panicked,
}

/// A job whose rows are in the open transaction, or were refused by it; until that is known, a defect.
enum Done {
    Chat(Answer, Stored),
    Call(Box<dyn crate::queue::Call>, Result<(), ArchiveError>),
}

/// One transaction, then the acknowledgements. For how many in a row, this one included, is a panic
/// forgiven that may lie in what cannot be refused.
fn write(connection: &mut Connection, queue: &Queue, batch: Batch, attempt: u32, restarts: &AtomicU64) -> Written {
    let Batch { kept, jobs } = batch;
    let mut done = Vec::with_capacity(jobs.len());
    let mut jobs = jobs.into_iter();
    let transaction = || in_transaction(connection, &kept, &mut jobs, &mut done);
    let caught = catch_unwind(AssertUnwindSafe(transaction));
    let written = if caught.is_ok() { Written::Fine } else { Written::Panicked };
    // Counted before anybody is answered: whoever is, can see why.
    let outcome = caught.unwrap_or_else(|_| {
        restarts.fetch_add(1, Ordering::Relaxed);
        Err(ArchiveError::Defect)
    });
    if let Err(error) = &outcome {
        tracing::error!(%error, "the archive could not be written");
        if written == Written::Panicked && done.is_empty() && attempt >= ATTEMPTS {
            tracing::error!("lost: hearts or lines of the as-run log, with which the archive panics");
        } else {
            queue.take_back(kept);
        }
    }
    for one in done {
        acknowledge(one, &outcome);
    }
    // What the transaction did not reach.
    for job in jobs {
        let one = match job {
            Job::Chat(_, answer) => Done::Chat(answer, Stored::Failed),
            Job::Call(call) => Done::Call(call, Ok(())),
        };
        acknowledge(one, &outcome);
    }
    written
}

fn in_transaction(
    connection: &mut Connection,
    kept: &Kept,
    jobs: &mut impl Iterator<Item = Job>,
    done: &mut Vec<Done>,
) -> Result<(), ArchiveError> {
    #[cfg(any(test, feature = "testing"))]
    crate::testing::panic_if_asked(connection);
    // Dropped on error: rolled back.
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (key, count) in kept.hearts.iter() {
        tolerate(rows::hearts(&transaction, key, count), "hearts of an unknown or deleted episode")?;
    }
    for row in &kept.as_run {
        tolerate(write_line(&transaction, row), "a line of an unknown or deleted episode's as-run log")?;
    }
    for job in jobs {
        match job {
            Job::Chat(row, answer) => {
                done.push(Done::Chat(answer, Stored::Failed));
                let written = within(&mut transaction, |connection| write_comment(connection, &row));
                if let (Some(Done::Chat(_, stored)), Ok(written)) = (done.last_mut(), &written) {
                    *stored = *written;
                }
                tolerate_refusal(written.map(drop), "a comment")?;
            }
            Job::Call(call) => {
                done.push(Done::Call(call, Err(ArchiveError::Defect)));
                let Some(Done::Call(call, outcome)) = done.last_mut() else { continue };
                *outcome = within(&mut transaction, |connection| call.run(connection));
                let outcome = outcome.clone();
                outcome.or_else(|error| if error.is_of_the_database() { Err(error) } else { Ok(()) })?;
            }
        }
    }
    Ok(transaction.commit()?)
}

fn write_comment(connection: &Connection, row: &ChatRow) -> Result<Stored, ArchiveError> {
    Ok(rows::chat(connection, row)?)
}

fn write_line(connection: &Connection, row: &AsRunRow) -> rusqlite::Result<()> {
    rows::as_run(connection, row)
}

/// Runs `work` so that its error takes back only its own rows.
fn within<T>(
    transaction: &mut Transaction<'_>,
    work: impl FnOnce(&Connection) -> Result<T, ArchiveError>,
) -> Result<T, ArchiveError> {
    let savepoint = transaction.savepoint()?;
    let outcome = work(&savepoint)?;
    savepoint.commit()?;
    Ok(outcome)
}

/// A row that the schema refuses is logged and left out; a failure of the database is passed on.
fn tolerate(written: rusqlite::Result<()>, what: &str) -> Result<(), ArchiveError> {
    tolerate_refusal(written.map_err(ArchiveError::from), what)
}

fn tolerate_refusal(written: Result<(), ArchiveError>, what: &str) -> Result<(), ArchiveError> {
    match written {
        Err(error) if error.is_of_the_database() => Err(error),
        Err(error) => {
            tracing::warn!(%error, "refused by the archive: {what}");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Answers whoever asked. A panic of theirs must not end the writer.
fn acknowledge(done: Done, committed: &Result<(), ArchiveError>) {
    let called = catch_unwind(AssertUnwindSafe(|| match done {
        // What was there before this transaction is there whether it was committed or not; but a failing
        // database may not have been able to say.
        Done::Chat(answer, stored) => answer(if committed.is_ok() { stored } else { Stored::Failed }),
        Done::Call(call, outcome) => call.finish(outcome.and_then(|()| committed.clone())),
    }));
    if called.is_err() {
        tracing::error!("an acknowledgement panicked");
    }
}

/// Moves the write-ahead log into the file and empties it, so that nothing deleted stays readable
/// in it. Whether that worked: a reader may stand in the way for a moment.
fn scrub(connection: &Connection) -> bool {
    let checkpoint = || -> rusqlite::Result<bool> {
        // The show goes on meanwhile: rather again than wait.
        connection.busy_timeout(Duration::ZERO)?;
        let is_busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
        Ok(is_busy == 0)
    };
    let is_empty = checkpoint().unwrap_or_else(|error| {
        tracing::debug!(%error, "the write-ahead log was not emptied yet");
        false
    });
    if let Err(error) = connection.busy_timeout(connection::BUSY) {
        tracing::warn!(%error, "the archive will not wait for other programs");
    }
    is_empty
}

#[cfg(test)]
mod tests;
