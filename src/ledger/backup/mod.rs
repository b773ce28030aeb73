//! Copies of the ledger: made from a snapshot while it is written, proven, kept in bounded number,
//! and put back.
//!
//! In reading order: writing a copy and comparing it with its source; judging a file that claims to
//! be one; putting one in the place of a ledger; making one every day. Knows nothing of HTTP and
//! of who asks.

mod check;
mod copy;
mod daily;
mod restore;

pub use check::{CheckError, Identity, check, identity};
pub use copy::{BackupError, Copied, Existing, copy, copy_closed};
pub use daily::{Bounds, Daily, Look, Made};
pub(super) use restore::make_writable;
pub use restore::{RestoreError, Restored, restore};
