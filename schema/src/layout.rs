//! What a data folder holds, relative to its top.
//!
//! ```text
//! lumidex.lock     who has the folder open; locked while a process writes
//! ledger.redb      the source of truth; the only file that must never be lost
//! text/            tantivy index of distinct texts, with their folded arenas beside it
//! tags.redb        tag bitmaps and per-image columns
//! thumbs/          small pictures, packed; made again when they are asked for
//! backups/         copies of the ledger, one of each of the last days
//! zip_temp/        archives that clients had packed to stay, for a day at most
//! ```
//!
//! Beside the ledger stand former ones that a restore put aside, named
//! `ledger.redb.before-restore-TIME`; no program removes them. Everything but the ledger may be deleted while nothing runs; it comes back by itself.

/// Locked for as long as a process has the folder open for writing.
pub const LOCK: &str = "lumidex.lock";
/// The ledger.
pub const LEDGER: &str = "ledger.redb";
/// Directory of the text projection.
pub const TEXT: &str = "text";
/// File of the tags projection.
pub const TAGS: &str = "tags.redb";
/// Directory of small pictures.
pub const THUMBS: &str = "thumbs";
/// Directory of the daily copies of the ledger, each `ledger-TIME.redb`.
pub const BACKUPS: &str = "backups";
/// Directory of the archives that clients had packed to stay on the server.
pub const ARCHIVES: &str = "zip_temp";
/// Between the ledger's name and the time, in the name of a ledger that a restore put aside.
pub const BEFORE_RESTORE: &str = ".before-restore-";
