//! The service over real sockets on loopback, every port a free one.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what fails to be set up fails the test")]

mod budgets;
mod doors;
mod elsewhere;
mod hls;
mod hls_client;
mod host;
mod hostile;
mod people;
mod repeats;
mod replays;
mod room;
mod room_faults;
mod saturated;
mod shows;
mod stalled;
mod support;
mod timelines;
mod whep;
