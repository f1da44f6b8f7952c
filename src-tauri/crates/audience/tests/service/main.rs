//! The service over real sockets on loopback, every port a free one.

mod room;
mod support;
mod whep;
