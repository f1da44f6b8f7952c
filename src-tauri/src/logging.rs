//! Diagnostics on standard error, with every secret taken out, and what was asked for on standard
//! output. Where nobody reads them, nobody waits: see [`Voice`].

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use studio::redact::Redacting;
use tracing_subscriber::EnvFilter;

use crate::voice::{Manners, Voice, Weight};

/// Standard error. None before the log is started.
static ERRORS: OnceLock<Voice> = OnceLock::new();

/// Starts the log. `ANTENNE_LOG` says what is logged, in tracing's words; warnings by default.
///
/// # Errors
///
/// Where the system gives no thread for it.
pub(crate) fn start() -> Result<()> {
    let manners = Manners {
        name: "log",
        left_out: |lines| format!("antenne: {lines} lines could not be written here and were left out"),
        failed: |_| {},
    };
    let errors = Voice::start(copy(io::stderr().as_fd())?, manners).context("there is no thread for the log")?;
    let _ = ERRORS.set(errors);
    std::panic::set_hook(Box::new(log_panic));
    let filter = EnvFilter::try_from_env("ANTENNE_LOG").unwrap_or_else(|_| EnvFilter::new("warn,usvg=error"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Redacting(Errors));
    if log.try_init().is_err() {
        say("antenne: the log was started already");
    }
    Ok(())
}

/// Writes what was said, for as long as it is taken.
pub(crate) fn finish() {
    if let Some(errors) = ERRORS.get() {
        errors.finish();
    }
}

/// Says a line on standard error. Never waits.
pub(crate) fn say(line: &str) {
    // In one piece: the redactor sees write by write. Where nobody reads it, there is nowhere to say so.
    let _closed = Redacting(Errors).write_all(format!("{line}\n").as_bytes());
}

/// Standard output as a voice: for what goes on while a show is on air.
///
/// # Errors
///
/// Where the system gives no thread for it.
pub(crate) fn output(left_out: fn(u64) -> String) -> Result<Voice> {
    let failed = |error: &io::Error| {
        say(&format!(
            "antenne: standard output cannot be written ({error}); the show goes on, and what happens is not said there"
        ));
    };
    let manners = Manners { name: "output", left_out, failed };
    Voice::start(copy(io::stdout().as_fd())?, manners).context("there is no thread for standard output")
}

/// Prints a line on standard output, flushed, and waits for it: for what ends when it is printed.
///
/// # Errors
///
/// What the system said, mostly that nobody reads any more.
pub(crate) fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Past the standard library's own handle, whose lock would be held while a write waits.
fn copy(output: BorrowedFd<'_>) -> Result<File> {
    let own = output.try_clone_to_owned().context("an output cannot be opened")?;
    Ok(File::from(own))
}

/// Panics as a line of the log: they are defects, some are caught, and the standard hook would wait
/// for standard error.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("a thread");
    let (file, line) = panic.location().map_or(("", 0), |at| (at.file(), at.line()));
    let what = panic.payload_as_str().unwrap_or("no reason");
    let backtrace = std::backtrace::Backtrace::capture();
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        tracing::error!(thread, file, line, "a panic, which is a defect: {what}\n{backtrace}");
    } else {
        tracing::error!(thread, file, line, "a panic, which is a defect: {what}");
    }
}

/// The lines of the log, each written whole.
struct Errors;

impl Write for Errors {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match ERRORS.get() {
            Some(errors) => {
                let line = String::from_utf8_lossy(bytes);
                errors.say(line.strip_suffix('\n').unwrap_or(&line).to_owned(), Weight::Once);
                Ok(bytes.len())
            }
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
