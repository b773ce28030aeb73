//! What an edition of vectors says of itself.
//!
//! An edition is a folder, named by a pointer file beside it. Numbers in its files are little-endian:
//!
//! ```text
//! manifest.json   Manifest, sealed
//! rows            n x u32: the prompt of each row, increasing; absent when row and prompt are the same number
//! vectors         n x dim x f32, each of unit length, or all zero when the prompt says nothing
//! codes           n x f32 scale, then n x dim x i8: vectors / scale, rounded; for finding, never for scoring
//! model           what the built-in embedder learned; absent where an upstream made the vectors
//! graph           neighbours for searching; absent until it is built
//! ```

use serde::{Deserialize, Serialize};

/// Name of the pointer file, which holds the name of the edition in force.
pub const CURRENT: &str = "current";
/// Prefix of an edition's folder; a number of 8 digits follows.
pub const EDITION: &str = "edition-";
/// Name of the manifest in the edition's folder.
pub const MANIFEST: &str = "manifest.json";
/// Names of the other files.
pub const ROWS: &str = "rows";
/// See [`ROWS`].
pub const ROW_VECTORS: &str = "vectors";
/// See [`ROWS`].
pub const CODES: &str = "codes";
/// See [`ROWS`].
pub const MODEL: &str = "model";
/// See [`ROWS`].
pub const GRAPH: &str = "graph";

/// What an edition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`crate::format::VECTORS`].
    pub format: u32,
    /// Name of the model that made the vectors.
    pub model: String,
    /// Numbers in a vector.
    pub dim: u32,
    /// Vectors.
    pub rows: u32,
    /// Of this many prompts, the first ones of the ledger, it has those that have a vector.
    pub prompts: u32,
    /// BLAKE3 of the hashes of these prompts, hexadecimal: with others the edition is of no use.
    pub prompts_digest: String,
    /// Its files, without this one.
    pub files: Vec<File>,
}

/// A file of an edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of the whole of it, hexadecimal.
    pub digest: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    manifest: Manifest,
    digest: String,
}

impl Manifest {
    /// JSON with a digest of itself.
    #[must_use]
    pub fn encode(&self) -> String {
        let sealed = Sealed { manifest: self.clone(), digest: self.digest() };
        serde_json::to_string(&sealed).expect("a manifest has only string keys")
    }

    /// Reads what [`Manifest::encode`] wrote; `None` when it is anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let Sealed { manifest, digest } = serde_json::from_slice(bytes).ok()?;
        (manifest.digest() == digest).then_some(manifest)
    }

    /// The file of this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }

    fn digest(&self) -> String {
        let json = serde_json::to_vec(self).expect("a manifest has only string keys");
        blake3::hash(&json).to_hex().to_string()
    }
}

/// The number of an edition by its name; `None` when it is no name of one.
#[must_use]
pub fn edition_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(EDITION)?;
    (digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// The name of an edition.
#[must_use]
pub fn edition_name(number: u32) -> String {
    format!("{EDITION}{number:08}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_and_a_changed_one_does_not() {
        let manifest = Manifest {
            format: 1,
            model: "builtin".into(),
            dim: 256,
            rows: 9,
            prompts: 9,
            prompts_digest: "00".into(),
            files: vec![File { name: ROW_VECTORS.into(), bytes: 9_216, digest: "11".into() }],
        };
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(bytes.as_bytes()), Some(manifest));
        assert_eq!(Manifest::decode(bytes.replace("\"rows\":9", "\"rows\":8").as_bytes()), None);
        assert_eq!(Manifest::decode(b"{}"), None);
    }

    #[test]
    fn an_edition_is_named_by_its_number_and_by_nothing_else() {
        assert_eq!(edition_number(&edition_name(7)), Some(7));
        for foreign in [
            "edition-7",
            "edition-0000000x",
            "edition-../00000",
            "../edition-00000007",
            "",
            "edition-000000007",
        ] {
            assert_eq!(edition_number(foreign), None, "{foreign}");
        }
    }
}
