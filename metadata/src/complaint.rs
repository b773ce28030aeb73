//! What was wrong with a file, for counting and for `inspect`. Complaints stop nothing.

/// Something in a file that was not as it should be. The rest of the file was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// Zero bytes.
    #[error("file is empty")]
    Empty,
    /// No known signature, although the name says picture.
    #[error("content is not a known picture format")]
    Unrecognised,
    /// The structure runs past the end of the file.
    #[error("`{what}` ends beyond the end of the file")]
    Truncated {
        /// The chunk, segment or block.
        what: String,
    },
    /// The structure could not be followed to its end.
    #[error("structure of `{what}` is damaged")]
    Damaged {
        /// The chunk, segment or block.
        what: String,
    },
    /// The checksum of the picture's header is wrong; its size was used.
    #[error("checksum of the picture's header is wrong")]
    HeaderChecksum,
    /// More chunks than are looked at.
    #[error("more than `{limit}` chunks")]
    TooManyChunks {
        /// How many were looked at.
        limit: usize,
    },
    /// More text values than are kept.
    #[error("more than `{limit}` text values")]
    TooManyValues {
        /// How many were kept.
        limit: usize,
    },
    /// A value was cut.
    #[error("value of `{what}` is longer than `{limit}` bytes")]
    ValueTooLong {
        /// The slot.
        what: String,
        /// Bytes kept.
        limit: usize,
    },
    /// A compressed value was dropped because it inflates to too much.
    #[error("value of `{what}` inflates to more than `{limit}` bytes")]
    InflatesTooFar {
        /// The slot.
        what: String,
        /// Bytes that were still allowed.
        limit: usize,
    },
    /// A compressed value is damaged; what came before the damage was used.
    #[error("compressed value of `{what}` is damaged")]
    InflateDamaged {
        /// The slot.
        what: String,
    },
    /// A value is compressed by a method that is not read.
    #[error("value of `{what}` is compressed by a method that is not read")]
    UnreadCompression {
        /// The chunk or box.
        what: String,
    },
    /// No further metadata was read.
    #[error("more than `{limit}` bytes of metadata")]
    TooMuchMetadata {
        /// Bytes that were read.
        limit: u64,
    },
    /// A graph could not be read as JSON.
    #[error("graph in `{what}` is not readable JSON")]
    BrokenGraph {
        /// The slot.
        what: String,
    },
    /// A text of JSON ends in its middle, or is damaged there; what came before was read.
    #[error("JSON in `{what}` is cut off or damaged")]
    CutJson {
        /// The slot.
        what: String,
    },
    /// The generation text was cut.
    #[error("generation text is longer than `{limit}` bytes")]
    GenerationTextCut {
        /// Bytes kept.
        limit: usize,
    },
    /// The sidecar was not used.
    #[error("sidecar is not readable text of at most `{limit}` bytes")]
    SidecarUnreadable {
        /// Bytes allowed.
        limit: usize,
    },
}
