//! Covers that people choose for videos. The ledger keeps the pictures, because nothing else has them.

use super::decide::{DecideError, Decided, Failure, Outcome, Request, done, known_image};
use super::txn::Tables;
use super::{Ledger, ReadError, Reader};
use crate::limits;
use lumidex_schema::id::{ImageId, Seq, Timestamp};
use lumidex_schema::record::Action;
use lumidex_schema::tables;
use redb::ReadableTable;

impl Ledger {
    /// Chooses the cover of a video, a WebP picture of at most [`limits::COVER_BYTES_MAX`] bytes, or none;
    /// gives the decision's number. What the picture shows is not looked at.
    ///
    /// # Errors
    /// [`DecideError::UnknownImage`], [`DecideError::CoverTooLarge`], [`DecideError::Write`]; nothing is
    /// written then.
    pub fn choose_cover(&self, image: ImageId, webp: Option<Vec<u8>>) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::ChooseCover { image, webp })?.0)
    }
}

impl Reader {
    /// The WebP picture that a person chose as the cover of a video.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn cover(&self, image: ImageId) -> Result<Option<Vec<u8>>, ReadError> {
        let covers = self.txn().open_table(tables::COVERS)?;
        Ok(covers.get(image.0)?.map(|webp| webp.value().to_vec()))
    }
}

pub(super) fn choose(
    tables: &mut Tables<'_>,
    image: ImageId,
    webp: Option<Vec<u8>>,
    at: Timestamp,
) -> Decided {
    let image = known_image(tables, image)?;
    if let Some(webp) = webp.as_ref().filter(|webp| webp.len() > limits::COVER_BYTES_MAX) {
        return Err(Failure::Refused(DecideError::CoverTooLarge(webp.len())));
    }
    let before = of(tables, image)?;
    if before == webp {
        return done(tables);
    }
    put(tables, image, webp.as_deref())?;
    let seq = tables.decided(at, Action::CoverChosen { image, before })?;
    Ok((seq, Outcome::Done))
}

pub(super) fn of(tables: &Tables<'_>, image: ImageId) -> Result<Option<Vec<u8>>, ReadError> {
    Ok(tables.covers.get(image.0)?.map(|webp| webp.value().to_vec()))
}

/// Stores a cover or removes it; whoever follows the image is told.
pub(super) fn put(tables: &mut Tables<'_>, image: ImageId, webp: Option<&[u8]>) -> Result<(), ReadError> {
    match webp {
        Some(webp) => tables.covers.insert(image.0, webp)?.is_some(),
        None => tables.covers.remove(image.0)?.is_some(),
    };
    tables.decided_on(image)
}
