//! The door through which routes get small pictures. Knows neither how they are made nor where they are
//! kept.

use super::engine::Failure;
use crate::library::Library;
use crate::projection::thumbs::{Frame, Source, ThumbError, Thumbnail};
use lumidex_schema::id::{ImageId, Seq};

/// Small pictures of media, and covers that people chose. Every method may block; none is called on an
/// async thread.
pub trait Pictures {
    /// The picture of this file that fits into the frame; made, if it is not kept.
    ///
    /// # Errors
    /// [`ThumbError`].
    fn thumbnail(&self, source: &Source, frame: Frame) -> Result<Thumbnail, ThumbError>;

    /// An uploaded picture as it is to be kept: WebP of bounded size.
    ///
    /// # Errors
    /// [`ThumbError`] when it is no picture, or too large.
    fn check_cover(&self, bytes: &[u8]) -> Result<Vec<u8>, ThumbError>;

    /// The cover a person chose for an image.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn cover(&self, image: ImageId) -> Result<Option<Vec<u8>>, Failure>;

    /// Chooses this WebP picture; by the number it is undone.
    ///
    /// # Errors
    /// [`Failure`] when there is no such image, or a store fails.
    fn choose_cover(&self, image: ImageId, webp: Vec<u8>) -> Result<Seq, Failure>;
}

impl Pictures for Library {
    fn thumbnail(&self, source: &Source, frame: Frame) -> Result<Thumbnail, ThumbError> {
        self.thumbs().get(source, frame, &self.stop())
    }

    fn check_cover(&self, bytes: &[u8]) -> Result<Vec<u8>, ThumbError> {
        self.thumbs().check_cover(bytes, &self.stop())
    }

    fn cover(&self, image: ImageId) -> Result<Option<Vec<u8>>, Failure> {
        let reader = self.reader().map_err(Failure::store)?;
        reader.cover(image).map_err(Failure::store)
    }

    fn choose_cover(&self, image: ImageId, webp: Vec<u8>) -> Result<Seq, Failure> {
        Ok(Library::choose_cover(self, image, webp)?)
    }
}
