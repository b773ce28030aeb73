//! map

pub mod limits;
pub mod sys;

pub mod intake;
