//! map

pub mod limits;
pub mod sys;
