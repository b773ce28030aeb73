//! What can be asked for, and what is answered.

use lumidex_schema::id::{Seq, Timestamp};
use lumidex_schema::operation::OperationKind;

/// Something a person wants done to files. Paths are absolute bytes, lexically normal; whether they
/// may be named at all was decided before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Copies files, with their sidecars, into a folder.
    Copy {
        /// Which.
        files: Vec<Vec<u8>>,
        /// The folder.
        into: Vec<u8>,
        /// Makes the folder, and those above it, when there is none.
        make_folder: bool,
        /// An item that cannot be done is reported, and the others are done all the same.
        go_on: bool,
    },
    /// Moves files, with their sidecars, and whole folders into a folder.
    Move {
        /// Which.
        files: Vec<Vec<u8>>,
        /// The folder.
        into: Vec<u8>,
        /// As for [`Wish::Copy`].
        make_folder: bool,
        /// As for [`Wish::Copy`].
        go_on: bool,
    },
    /// Gives a file, with its sidecar, or a folder another name in the same folder.
    Rename {
        /// Which.
        path: Vec<u8>,
        /// One path component.
        name: Vec<u8>,
    },
    /// Puts files, with their sidecars, and empty folders into the trash of their root.
    Delete {
        /// Which.
        files: Vec<Vec<u8>>,
        /// Removes them for good instead; cannot be undone.
        for_good: bool,
    },
    /// Moves the media files of all folders below this one up into it, with their sidecars, and removes
    /// the folders that became empty.
    Flatten {
        /// The folder.
        folder: Vec<u8>,
    },
    /// Makes a folder and those above it.
    MakeFolder {
        /// Which.
        folder: Vec<u8>,
    },
    /// Moves or copies files, with their sidecars, into several folders, which are made if need be. A file
    /// whose name is taken there gets the first free one: `a.png` becomes `a (1).png`, and so does what
    /// shares its sidecar. What cannot be done is reported.
    Organize {
        /// Folders, each with what is to go there.
        folders: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
        /// What becomes of the files where they are.
        placing: Placing,
    },
}

/// What becomes of files that are put elsewhere, where they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Placing {
    /// They are gone from there; they stay the same images.
    #[default]
    Move,
    /// They stay; what is elsewhere are new images.
    Copy,
}

impl Placing {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Copy => "copy",
        }
    }
}

/// What a wish would do, as the disk is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Files that would be moved or copied, and where to; sidecars among them.
    pub places: Vec<(Vec<u8>, Vec<u8>)>,
    /// Items that could not be done, each with the path it was asked for by and the reason; the first
    /// thousand.
    pub errors: Vec<(Vec<u8>, String)>,
}

/// What became of a wish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The operation's number, by which it is undone; `None` when there was nothing to do.
    pub operation: Option<Seq>,
    /// Items that were done.
    pub done: u64,
    /// Items that were not, each with the path it was asked for by and the reason; the first thousand.
    pub errors: Vec<(Vec<u8>, String)>,
    /// Items that were not, in all.
    pub failed: u64,
    /// It was stopped before its end, by a person.
    pub is_stopped: bool,
    /// The ledger's head after it: searches that show this show all of it.
    pub head: Seq,
}

/// Why nothing of a wish was done, or, where it says so, only part of it.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// It cannot be done as the disk is now: a place is taken, a folder is not empty, there is no room.
    #[error("{0}")]
    Refused(String),
    /// A file or folder it is about does not exist; or no such operation.
    #[error("{0}")]
    Unknown(String),
    /// The system does not permit it.
    #[error("{0}")]
    Forbidden(String),
    /// Too much is being done at once, or the program is stopping.
    #[error("{0}")]
    Busy(String),
    /// The ledger could not be written or read. What was journaled is gone on with later.
    #[error("the ledger failed")]
    Ledger(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An operation that is being planned or applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its number, once it is journaled.
    pub operation: Option<Seq>,
    /// What was asked for.
    pub kind: OperationKind,
    /// When.
    pub since: Timestamp,
    /// Steps taken.
    pub taken: u64,
    /// Steps to be taken, as far as known.
    pub steps: u64,
    /// Bytes copied, where files are.
    pub bytes: u64,
    /// A person asked it to stop.
    pub is_stopping: bool,
}

/// What flattening a folder would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Media files in the folders below.
    pub files: u64,
    /// Names that more than one file, of the folder itself included, would have; the first thousand.
    pub conflicts: Vec<Vec<u8>>,
}

/// What was removed from the trash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Operations that can no longer be undone.
    pub operations: u64,
    /// Files removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}
