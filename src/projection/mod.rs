//! What is derived from the ledger, and the one loop by which it follows.
//!
//! A projection is never the only copy of anything: it may be deleted while nothing runs, and
//! refills itself by following the feed from zero. Projections know nothing of walks or queries.

pub mod contract;
pub mod follower;
pub mod tags;
pub mod text;
pub mod thumbs;
pub mod vectors;
pub mod verify;

pub use contract::{Batch, Projection, ProjectionError};
pub use follower::{Follower, FollowerState};
