//! map

pub mod ledger;
pub mod limits;
pub mod sys;
