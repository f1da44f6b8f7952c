//! The program pipeline.
