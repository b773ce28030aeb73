//! Thumbnails and covers: made on demand, and ahead of demand for what arrives.
//!
//! Everything here can be made again, so nothing of it is followed, checkpointed or repaired. Knows
//! nothing of who asks.

mod beforehand;
mod cache;
mod decode;
mod desk;
mod effort;
mod error;
mod ffmpeg;
mod jpeg;
mod key;
mod picture;
mod recent;
mod rows;
mod sniff;
mod source;

pub use beforehand::{Ahead, Built};
pub(super) use cache::verify_closed;
pub use cache::{Cache, CacheBounds, Kept, kept_below, kept_in, verify};
pub use desk::{Thumbnail, Thumbs};
pub use error::ThumbError;
pub use ffmpeg::Ffmpeg;
pub use key::{Frame, Identity, Key};
pub use source::Source;
