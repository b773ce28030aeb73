//! Integration tests, in one binary.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod search;
mod support;
