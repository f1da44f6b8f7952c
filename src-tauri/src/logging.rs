//! Diagnostics on standard error, with every secret taken out.

use std::io::{self, Write as _};

use studio::redact::Redacting;
use tracing_subscriber::EnvFilter;

/// Starts the log. `ANTENNE_LOG` says what is logged, in tracing's words; warnings by default.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("ANTENNE_LOG").unwrap_or_else(|_| EnvFilter::new("warn,usvg=error"));
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Redacting(io::stderr()));
    if log.try_init().is_err() {
        say("antenne: the log was started already");
    }
}

/// Says a line on standard error.
pub(crate) fn say(line: &str) {
    // Nobody reads it: there is nowhere else to say so.
    let _closed = writeln!(Redacting(io::stderr()), "{line}");
}

/// Prints a line on standard output, flushed.
///
/// # Errors
///
/// What the system said, mostly that nobody reads any more.
pub(crate) fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
