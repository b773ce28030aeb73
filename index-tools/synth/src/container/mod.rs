//! Writers of small image, film and sound files, by hand: each turns pixels and texts into bytes.
//!
//! Each knows the ways of real writers and what they get wrong, chosen to be short and quick. They refuse
//! nothing: what they are given is small. Pictures in PNG, JPEG, lossless WebP, GIF, TIFF and BMP can be shown; AVIF,
//! HEIC, JPEG XL, lossy WebP, films and sound have all their metadata and nothing to play.

mod exif;
mod jpeg;
mod picture;
mod png;
mod webp;

pub mod credentials;
pub mod films;
pub mod stealth;
pub mod stills;

pub use exif::{USER_COMMENT, comment_block, tiff, unicode};
pub use jpeg::{jpeg, jpeg_exif, jpeg_of};
pub use picture::Picture;
pub use png::{Png, png, zlib};
pub use webp::{webp, webp_lossy, webp_of, webp_of_pixels};
