//! Anything derived from the ledger.

pub mod text;
