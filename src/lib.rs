//! map
pub mod projection;
