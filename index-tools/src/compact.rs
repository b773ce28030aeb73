//! Makes the stores of a data folder as small as they can be, one after the other.

use std::path::Path;

use lumidex::sys::Stop;
use lumidex::sys::storage::{self, CompactError};
use lumidex_schema::layout;

use crate::access::{self, AccessError};

/// Why not every store was made small; those that were stay so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompactToolError {
    /// The library cannot be had.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A store could not be made small; it is as it was.
    #[error(transparent)]
    Compact(#[from] CompactError),
    /// It was told to stop.
    #[error("stopped; what was not reached is as it was")]
    Stopped,
}

/// A store before and after.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Compacted {
    /// Its place in the data folder.
    pub place: String,
    /// Bytes before.
    pub before: u64,
    /// Bytes after.
    pub after: u64,
}

/// Makes every store of a data folder smaller, whose lock is taken for it. `told` is told how many are done, and how
/// many there are.
///
/// # Errors
///
/// [`CompactToolError`].
pub fn compact(
    folder: &Path,
    stop: &Stop,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Vec<Compacted>, CompactToolError> {
    let _lock = access::take(folder)?;
    let prompts = format!("{}/prompts.redb", layout::VECTORS);
    let places = [layout::LEDGER.to_owned(), layout::PAID.to_owned(), layout::TAGS.to_owned(), prompts];
    let places: Vec<String> = places.into_iter().filter(|place| folder.join(place).is_file()).collect();
    let (mut compacted, total) = (Vec::new(), places.len() as u64);
    for place in places {
        told(compacted.len() as u64, total);
        if stop.is_stopped() {
            return Err(CompactToolError::Stopped);
        }
        let (before, after) = storage::compact(&folder.join(&place))?;
        compacted.push(Compacted { place, before, after });
    }
    Ok(compacted)
}
