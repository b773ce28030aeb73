//! Integration tests, one binary: linking is the slow part, so there is one of it.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod backup;
mod contract;
mod crash;
mod dialects;
mod faults;
mod files;
mod identity;
mod journal;
mod ledger;
mod live;
mod model;
mod search;
mod support;
mod sweep;
mod thumbs;
mod tidy;
mod undo;
mod watch_soak;
mod watching;
