//! The service over real sockets on loopback, every port a free one.

mod doors;
mod hostile;
mod people;
mod replays;
mod room;
mod support;
mod whep;
