//! Integration tests, one binary: linking is the slow part, so there is one of it.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[cfg(target_os = "linux")]
mod across;
mod backup;
mod command_line;
mod contract;
mod crash;
mod dialects;
mod faults;
mod files;
mod front_end;
mod identity;
mod journal;
mod ledger;
mod live;
mod long_operation;
mod model;
mod organize;
mod packaging;
mod racing;
mod search;
mod security;
mod support;
mod sweep;
mod thumbs;
mod tidy;
mod topics;
mod undo;
mod upstream;
mod vectors;
mod verify;
mod watch_soak;
mod watching;
