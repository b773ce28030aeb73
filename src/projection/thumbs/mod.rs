//! Thumbnails and covers: made on demand, and ahead of demand for what arrives.
//!
//! Everything here can be made again, so nothing of it is followed, checkpointed or repaired. Knows
//! nothing of who asks.

mod decode;
mod effort;
mod error;
mod jpeg;
mod key;
mod picture;
mod rows;
mod sniff;

pub use error::ThumbError;
pub use key::{Frame, Identity, Key};
