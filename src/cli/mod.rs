//! Commands.

pub mod inspect;
