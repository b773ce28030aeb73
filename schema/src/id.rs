//! Identifiers and numbers, each with a type of its own so that two never meet by mistake.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($repr:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $repr);

        impl $name {
            /// The bare number.
            pub const fn get(self) -> $repr { self.0 }
            /// The number as an index into a table held in memory.
            pub const fn index(self) -> usize { self.0 as usize }
            /// The one after this.
            ///
            /// # Panics
            /// When the identifiers are used up.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.checked_add(1).expect("identifiers are never used up in practice"))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
    };
}

id! {
    /// One media file known to the ledger. Never reused, even after its image is gone; counts
    /// from 1. Fits a roaring bitmap, hence `u32`.
    ImageId(u32)
}
id! {
    /// A distinct generation text (a template with holes). Counts from 1; 0 is *no text*.
    TextId(u32)
}
id! {
    /// A prompt: the distinct cleaned positive text of some generation texts. Counts from 0, without gaps, in
    /// the order of the first [`TextId`] that has it, hence the same after every rebuild from one ledger.
    PromptId(u32)
}
id! {
    /// A tag. Never reused and stable across every rebuild; counts from 1.
    TagId(u32)
}
id! {
    /// A folder that holds images. Counts from 1.
    FolderId(u32)
}
id! {
    /// An outermost folder the user gave. Counts from 1.
    RootId(u32)
}
id! {
    /// The number the ledger gives each change. Only grows; 0 is *before the first change*.
    Seq(u64)
}
id! {
    /// The random token of one opening of the ledger for writing.
    EpochToken(u64)
}

impl TextId {
    /// The image has no text of its own.
    pub const NONE: Self = Self(0);
}

impl Seq {
    /// Before the first change.
    pub const ZERO: Self = Self(0);
}

/// Nanoseconds since 1970-01-01 UTC; negative before. File times are kept unrounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds and nanoseconds as a file system reports them; saturates.
    #[must_use]
    pub const fn from_parts(seconds: i64, nanos: u32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos as i64))
    }

    /// Seconds since 1970 as a float, as the reference dialect shows it.
    #[must_use]
    pub fn as_seconds_f64(self) -> f64 {
        // Apart, because the number as a whole has more digits than a float holds.
        self.0.div_euclid(1_000_000_000) as f64 + self.0.rem_euclid(1_000_000_000) as f64 / 1e9
    }
}
