//! The archive from outside: on real files, with other processes, and with kill -9.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "everything here is a test")]

mod deletion;
mod faults;
mod files;
mod hostile;
mod keeps;
mod kill;
mod many;
mod support;
mod upgrade;
