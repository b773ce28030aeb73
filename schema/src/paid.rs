//! The tables of what an upstream was paid for. Rows are added and replaced, and none is removed but a
//! failure that a vector made good.

use crate::record::Malformed;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

/// `format`; `identity`, a random number of the file; `last`, the largest number of [`PUTS`]. In a copy also
/// `copy_of`, the identity of what it is a copy of, and `copied`, the largest number there that it holds.
pub const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Name of a model → its number, how many vectors it has, and when the last came, in nanoseconds since 1970.
pub const MODELS: TableDefinition<'_, &str, (u32, u64, i64)> = TableDefinition::new("models");
/// Model and hash of a prompt → little-endian `f32`.
pub const VECTORS: TableDefinition<'_, (u32, &[u8; 32]), &[u8]> = TableDefinition::new("vectors");
/// Model and hash of a prompt → why it will never have a vector.
pub const FAILURES: TableDefinition<'_, (u32, &[u8; 32]), &str> = TableDefinition::new("failures");
/// What a title was asked for → JSON.
pub const TITLES: TableDefinition<'_, &str, &str> = TableDefinition::new("titles");
/// What an abstraction was asked for → JSON.
pub const ABSTRACTIONS: TableDefinition<'_, &str, &str> = TableDefinition::new("abstractions");
/// Number → [`Put`]: every row in the order in which it was put, so that a copy takes only what is new. A row
/// that was put again stands there twice.
pub const PUTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("puts");

/// A row that was put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Put {
    /// See [`VECTORS`].
    Vector(u32, [u8; 32]),
    /// See [`FAILURES`].
    Failure(u32, [u8; 32]),
    /// See [`TITLES`].
    Title(String),
    /// See [`ABSTRACTIONS`].
    Abstraction(String),
}

impl Put {
    /// The bytes to store: postcard.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("rows hold nothing that cannot be encoded")
    }

    /// Reads what [`Put::encode`] wrote.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are no such row.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        postcard::from_bytes(bytes).map_err(|_| Malformed { table: "puts" })
    }
}
