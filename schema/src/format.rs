//! The number of every stored format, with its history.
//!
//! Only the ledger, and what was paid for, are ever upgraded in place; a projection of another format is emptied and
//! refilled from the ledger.

/// One stored format: what is written today and the oldest that can still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// What this build writes.
    pub current: u32,
    /// The oldest number this build can read (the ledger upgrades from it).
    pub oldest_readable: u32,
}

/// 6: of what waits for files that were not seen yet also their content, covers, and tags that were taken off.
/// 5: what an import knows of files that were not seen yet; only new tables.
/// 4: how files were read, and texts that people gave images; only new tables, and new kinds of decisions after
/// the known ones.
/// 3: the journal of file operations, what undid what, covers; only new tables, and new kinds of decisions
/// after the known ones.
/// 2: reviews, what rewritten files held before, and how far each root was seen; only new tables.
/// 1: first format.
pub const LEDGER: Format = Format { current: 6, oldest_readable: 1 };

/// 1: first format.
pub const TEXT: Format = Format { current: 1, oldest_readable: 1 };

/// 2: when an image was made, beside its date, so that the newest of a folder are found without the disk.
/// 1: first format.
pub const TAGS: Format = Format { current: 2, oldest_readable: 2 };

/// 1: first format.
pub const PAID: Format = Format { current: 1, oldest_readable: 1 };

/// Prompts, and the editions of each model. 1: first format.
pub const VECTORS: Format = Format { current: 1, oldest_readable: 1 };
/// Topics as they were found, and the jobs that find them.
///
/// 1: first format.
pub const TOPICS: Format = Format { current: 1, oldest_readable: 1 };

/// Jobs that organize files.
///
/// 1: first format.
pub const ORGANIZE: Format = Format { current: 1, oldest_readable: 1 };
