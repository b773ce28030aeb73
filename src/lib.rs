//! map

pub mod cli;
pub mod intake;
pub mod ledger;
pub mod limits;
pub mod metadata;
pub mod projection;
pub mod query;
pub mod sys;
