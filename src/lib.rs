//! map

pub mod ledger;
pub mod limits;
pub mod projection;
pub mod serve;
pub mod sys;
