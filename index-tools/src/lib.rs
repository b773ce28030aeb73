//! Offline tools over a lumidex data folder, and the synthetic libraries its tests and benches use.
//!
//! The command line is in `main.rs`; what it does is here, so that tests can do it too.

pub mod access;
pub mod backup;
pub mod compact;
pub mod doctor;
pub mod export;
pub mod import;
pub mod paid;
pub mod reading;
pub mod reindex;
pub mod repair;
pub mod restore;
pub mod server;
pub mod stats;
pub mod verify;
/// Synthetic libraries.
pub use lumidex_synth as synth;
