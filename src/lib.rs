//! map
pub mod serve;
