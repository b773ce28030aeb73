//! Writers of small valid image files, by hand: each turns pixels and texts into bytes.
//!
//! They exist for synthetic libraries only, so each knows one way to write its format, chosen to
//! be short and quick, and refuses nothing: what they are given is small.

mod exif;
mod jpeg;
mod picture;
mod png;
mod webp;

pub(super) use exif::user_comment;
pub(super) use jpeg::jpeg;
pub(super) use picture::Picture;
pub(super) use png::{Png, PngText};
pub(super) use webp::webp;
