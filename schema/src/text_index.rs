//! The tantivy side of the text projection: its fields and what a commit says of itself.
//!
//! A document is one distinct thing: a text, a folder or a tag name. Nothing is stored in
//! documents; a text's words stand in arena files beside the index. Per-image facts are not here.

use crate::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};

/// Name of the tokenizer of [`Fields::grams`].
pub const GRAMS: &str = "lumidex_grams";
/// Name of the tokenizer of the word fields.
pub const WORDS: &str = "lumidex_words";

/// The fields of a document.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// What the document is about, as [`crate::feed::Subject::encode`] has it; a column.
    pub subject: Field,
    /// The same as a term, for folders and tags only: they can be replaced, texts never change.
    pub key: Field,
    /// The set of 1-, 2- and 3-grams of code points of a folded template, holes cut out.
    pub grams: Field,
    /// Words of the positive prompt of a text.
    pub prompt: Field,
    /// Words of its negative prompt.
    pub negative: Field,
    /// Words of a folder's absolute path.
    pub path: Field,
    /// Words of a tag's name.
    pub tag: Field,
}

/// The tantivy schema and its fields.
#[must_use]
pub fn schema() -> (Schema, Fields) {
    let words = || {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(WORDS)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions),
        )
    };
    let grams = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(GRAMS)
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false),
    );
    let mut builder = Schema::builder();
    let fields = Fields {
        subject: builder.add_u64_field("subject", NumericOptions::default() | FAST),
        key: builder.add_u64_field("key", NumericOptions::default() | INDEXED),
        grams: builder.add_text_field("grams", grams),
        prompt: builder.add_text_field("prompt", words()),
        negative: builder.add_text_field("negative", words()),
        path: builder.add_text_field("path", words()),
        tag: builder.add_text_field("tag", words()),
    };
    (builder.build(), fields)
}

/// What a commit of the text index says of itself; its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How far it followed the ledger.
    pub checkpoint: Checkpoint,
    /// Arena files that belong to it, in no order.
    pub arenas: Vec<ArenaFile>,
    /// Number of documents that are not deleted; merges of segments do not change it.
    pub documents: u64,
    /// The commit's own number in the index.
    pub opstamp: u64,
}

/// One file of folded templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArenaFile {
    /// File name in the directory of the index.
    pub name: String,
    /// BLAKE3 of the whole file, hexadecimal.
    pub digest: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    manifest: Manifest,
    digest: String,
}

impl Manifest {
    /// The payload text: JSON with a digest of itself, because tantivy's `meta.json` has none.
    #[must_use]
    pub fn encode(&self) -> String {
        let sealed = Sealed { manifest: self.clone(), digest: self.digest() };
        serde_json::to_string(&sealed).expect("a manifest has only string keys")
    }

    /// Reads what [`Manifest::encode`] wrote; `None` when it is anything else.
    #[must_use]
    pub fn decode(payload: &str) -> Option<Self> {
        let Sealed { manifest, digest } = serde_json::from_str(payload).ok()?;
        (manifest.digest() == digest).then_some(manifest)
    }

    fn digest(&self) -> String {
        let json = serde_json::to_vec(self).expect("a manifest has only string keys");
        blake3::hash(&json).to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{EpochToken, Seq};

    #[test]
    fn a_manifest_comes_back_and_a_changed_one_does_not() {
        let manifest = Manifest {
            checkpoint: Checkpoint { format: 1, applied: Seq(9), seen: Seq(12), epoch: EpochToken(u64::MAX) },
            arenas: vec![ArenaFile { name: "arena-1".into(), digest: "00".into() }],
            documents: 5,
            opstamp: 77,
        };
        let payload = manifest.encode();
        assert_eq!(Manifest::decode(&payload), Some(manifest));
        assert_eq!(Manifest::decode(&payload.replace("\"applied\":9", "\"applied\":8")), None);
        assert_eq!(Manifest::decode("{}"), None);
    }
}
