//! The rules of a room: who may say what, how often, and what everybody is told.
