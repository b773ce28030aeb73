//! map

pub mod limits;
pub mod sys;
pub mod metadata;
pub mod ledger;
pub mod intake;
pub mod projection;
pub mod query;
pub mod cli;
