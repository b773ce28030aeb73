//! map

pub mod intake;
pub mod ledger;
pub mod limits;
pub mod projection;
pub mod query;
pub mod sys;
