//! Keyset cursors: where a page ended, and of which query.
//!
//! On the wire: lower-case hex of postcard bytes. Opaque to clients, self-contained, alive across
//! restarts.

use crate::id::{ImageId, Timestamp};
use serde::{Deserialize, Serialize};

/// Where the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Digest of the query the page answered; another query refuses the cursor.
    pub query: u32,
    /// The last row of the page.
    pub after: Position,
}

/// The last row of a page, in the order of its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// Newest first: (date, id) descending.
    Newest {
        /// Modification time of the last image.
        date: Timestamp,
        /// Its id.
        id: ImageId,
    },
    /// By a seeded hash of the id, ascending.
    Random {
        /// The seed.
        seed: u64,
        /// Hash of the last image.
        hash: u64,
        /// Its id.
        id: ImageId,
    },
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor cannot be read; start again without one")]
pub struct BadCursor;

impl Cursor {
    /// The text clients hand back.
    #[must_use]
    pub fn encode(&self) -> String {
        let bytes = postcard::to_allocvec(self).expect("a cursor can always be encoded");
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Reads what [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// [`BadCursor`] for anything else.
    pub fn decode(text: &str) -> Result<Self, BadCursor> {
        if text.len() > 128 || !text.len().is_multiple_of(2) || !text.is_ascii() {
            return Err(BadCursor);
        }
        let bytes: Option<Vec<u8>> =
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect();
        let (cursor, rest) = postcard::take_from_bytes(&bytes.ok_or(BadCursor)?)
            .map(|(c, r)| (c, r.len()))
            .map_err(|_| BadCursor)?;
        if rest == 0 { Ok(cursor) } else { Err(BadCursor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn cursors_come_back_and_noise_is_refused(query: u32, date: i64, id: u32, seed: u64, noise in "[0-9a-f]{0,40}") {
            for after in [
                Position::Newest { date: Timestamp(date), id: ImageId(id) },
                Position::Random { seed, hash: seed ^ 1, id: ImageId(id) },
            ] {
                let cursor = Cursor { query, after };
                proptest::prop_assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
            }
            if let Ok(cursor) = Cursor::decode(&noise) {
                proptest::prop_assert!(noise.len() >= 2, "{cursor:?}");
            }
        }
    }

    #[test]
    fn foreign_cursors_are_refused() {
        for text in ["", "x", "zz", "2026-11-22 16:12:38|69", "00", "é0"] {
            assert_eq!(Cursor::decode(text), Err(BadCursor), "{text}");
        }
    }
}
