//! The thread that owns the writing connection: batch, commit, then acknowledge.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use domain::room::Stored;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::queue::{Answer, Batch, Job, Kept, Queue};
use crate::rows::{self, AsRunRow, ChatRow};
use crate::{ArchiveError, connection};

/// How soon the write-ahead log is emptied again, where a reader stood in the way.
const SCRUB_AGAIN: Duration = Duration::from_secs(1);

/// Writes what `queue` hands over until it is closed. The connection is closed at the end.
pub(crate) fn run(mut connection: Connection, queue: &Queue) {
    let mut has_traces = false;
    while let Some(batch) = queue.next(has_traces.then_some(SCRUB_AGAIN)) {
        if !batch.is_empty() {
            has_traces |= batch.jobs.iter().any(|job| matches!(job, Job::Call(call) if call.leaves_traces()));
            write(&mut connection, queue, batch);
        }
        if has_traces {
            has_traces = !scrub(&connection);
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::error!(%error, "the archive did not close as it should");
    }
}

/// A job whose rows are in the open transaction, or were refused by it.
enum Done {
    Chat(Answer, Stored),
    Call(Box<dyn crate::queue::Call>, Result<(), ArchiveError>),
}

/// One transaction, then the acknowledgements.
fn write(connection: &mut Connection, queue: &Queue, batch: Batch) {
    let Batch { kept, jobs } = batch;
    let mut done = Vec::with_capacity(jobs.len());
    let mut jobs = jobs.into_iter();
    let outcome = in_transaction(connection, &kept, &mut jobs, &mut done);
    if let Err(error) = &outcome {
        tracing::error!(%error, "the archive could not be written");
        queue.take_back(kept);
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
}

fn in_transaction(
    connection: &mut Connection,
    kept: &Kept,
    jobs: &mut impl Iterator<Item = Job>,
    done: &mut Vec<Done>,
) -> Result<(), ArchiveError> {
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
                let written = within(&mut transaction, |connection| write_comment(connection, &row));
                done.push(Done::Chat(answer, *written.as_ref().unwrap_or(&Stored::Failed)));
                tolerate_refusal(written.map(drop), "a comment")?;
            }
            Job::Call(mut call) => {
                let outcome = within(&mut transaction, |connection| call.run(connection));
                done.push(Done::Call(call, outcome.clone()));
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

/// Tells whoever asked. A panic of theirs must not end the writer.
fn acknowledge(done: Done, committed: &Result<(), ArchiveError>) {
    let called = catch_unwind(AssertUnwindSafe(|| match done {
        // What was there before this transaction is there whether it was committed or not; but a failing
        // database may not have been able to tell.
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
