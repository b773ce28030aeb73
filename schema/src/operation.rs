//! What the ledger keeps of a file operation: a head, and its steps in the order they are taken.
//!
//! Paths in here are absolute bytes, lexically normal: an operation is about places on the disk as
//! they were, and some of them lie below no root.

use crate::id::{ImageId, Seq, Timestamp};
use crate::record::{Row, Sighting};
use serde::{Deserialize, Serialize};

/// The head of an operation, under the number of the decision that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// When it was asked for.
    pub at: Timestamp,
    /// What was asked for.
    pub kind: OperationKind,
    /// How far it is.
    pub state: OperationState,
    /// Items asked for: a file with its sidecar is one.
    pub items: u32,
    /// Steps in its journal.
    pub steps: u32,
    /// Steps that were looked at, whatever became of them: the first this many.
    pub taken: u32,
    /// Steps that failed, or were taken back because another of their item failed.
    pub failed: u32,
    /// Bytes it holds in a trash.
    pub held: u64,
    /// When it came to its end.
    pub ended: Option<Timestamp>,
    /// The last image there was when it was asked for: those with greater ids may have been made of files
    /// on their way.
    pub last_image: ImageId,
}

impl Operation {
    /// Whether its steps were removed, or are being removed, so that it can no longer be undone.
    #[must_use]
    pub const fn is_expired(&self) -> bool {
        self.steps < self.taken
    }
}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationKind {
    /// Files copied into a folder.
    Copy,
    /// Files and folders moved into a folder.
    Move,
    /// A file or folder given another name.
    Rename,
    /// Files, and empty folders, put into the trash.
    Delete,
    /// Files, and empty folders, removed for good.
    DeleteForGood,
    /// Media files of all folders below one moved up into it.
    Flatten,
    /// A folder made.
    MakeFolder,
    /// Files moved into folders by topic.
    Organize,
    /// Another operation undone.
    Undo {
        /// Which.
        of: Seq,
    },
}

impl OperationKind {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Move => "move",
            Self::Rename => "rename",
            Self::Delete => "delete",
            Self::DeleteForGood => "delete_permanently",
            Self::Flatten => "flatten",
            Self::MakeFolder => "make_folder",
            Self::Organize => "organize",
            Self::Undo { .. } => "undo",
        }
    }
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationState {
    /// Its journal is being written; nothing was touched. Found at start, it is forgotten.
    Planning,
    /// Its steps are being taken. Found at start, it is gone on with.
    Applying,
    /// Every step was looked at.
    Done,
    /// A person stopped it, or a step failed and the rest was not to be tried; later steps were not taken.
    Stopped,
}

/// One step of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The item it belongs to, counted from 0 and never falling: steps of one item are taken all or not
    /// at all.
    pub item: u32,
    /// What is done.
    pub act: Act,
    /// Where the file or folder is before; empty for [`Act::MakeFolder`].
    pub from: Vec<u8>,
    /// Where it is after; empty for the acts that remove. Of a copy that is removed because it can be made
    /// again, its original.
    pub to: Vec<u8>,
    /// The image whose file it is, if the ledger knew it.
    pub image: Option<ImageId>,
    /// What stood at `from` when it was planned. Of a folder, `size` holds the permission bits. For
    /// [`Act::MakeFolder`] the folder whose permissions it is to have, if any.
    pub before: Option<Sighting>,
    /// What stands at `to` since; `None` until it was taken, and for the acts that remove.
    pub after: Option<Sighting>,
    /// What became of it.
    pub state: StepState,
}

/// What a step does. None ever overwrites anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Makes one folder.
    MakeFolder,
    /// Gives a file another place, on another file system by copying, verifying and removing.
    MoveFile,
    /// Gives a folder with all in it another place on the same file system.
    MoveFolder,
    /// Copies a file with its times.
    CopyFile,
    /// Removes a file for good.
    RemoveFile,
    /// Removes an empty folder.
    RemoveFolder,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepState {
    /// Not taken.
    Pending,
    /// Taken.
    Done,
    /// Not taken, for this reason.
    Failed(String),
    /// Taken, and taken back, because another step of its item failed.
    TakenBack,
}

impl Row for Operation {
    const TABLE: &'static str = "operations";
}

impl Row for Step {
    const TABLE: &'static str = "steps";
}
