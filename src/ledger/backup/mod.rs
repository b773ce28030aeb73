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
pub(super) use copy::each_table;
pub use copy::{BackupError, Copied, Existing, copy, copy_closed};
pub(super) use daily::shown_time;
pub use daily::{Bounds, Daily, Look, Made, newest_first};
pub(super) use restore::copy_unless;
pub use restore::{RestoreError, Restored, keep_copy, restore};
