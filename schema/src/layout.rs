//! What a data folder holds, relative to its top.
//!
//! ```text
//! lumidex.lock     who has the folder open; locked while a process writes
//! ledger.redb      the source of truth; the only file that must never be lost
//! paid.redb        what an upstream was paid for: vectors, titles; must not be lost either
//! text/            tantivy index of distinct texts, with their folded arenas beside it
//! tags.redb        tag bitmaps and per-image columns
//! vectors/         prompts, and for each model their vectors with an index over them
//! topics/          jobs that find topics, and what they found
//! thumbs/          small pictures, packed; made again when they are asked for
//! backups/         copies of the ledger, one of each of the last days, and one of `paid.redb`
//! organize/        jobs that organize files: what was asked, and what came of it
//! zip_temp/        archives that clients had packed to stay, for a day at most
//! ```
//!
//! Beside the ledger stand former ones that a restore put aside, named
//! `ledger.redb.before-restore-TIME`, and copies that a repair made first, named
//! `ledger.redb.before-repair-TIME`, with what it took out in `set-aside-TIME.jsonl`; no program removes them. Everything but the ledger may be
//! deleted while nothing runs; it comes back by itself, `paid.redb` for money.

/// Locked for as long as a process has the folder open for writing.
pub const LOCK: &str = "lumidex.lock";
/// The ledger.
pub const LEDGER: &str = "ledger.redb";
/// What an upstream was paid for.
pub const PAID: &str = "paid.redb";
/// Directory of the text projection.
pub const TEXT: &str = "text";
/// File of the tags projection.
pub const TAGS: &str = "tags.redb";
/// Directory of the vectors projection.
pub const VECTORS: &str = "vectors";
/// Directory of jobs that find topics, and of what they found.
pub const TOPICS: &str = "topics";
/// Directory of small pictures.
pub const THUMBS: &str = "thumbs";
/// Directory of the daily copies of the ledger, each `ledger-TIME.redb`.
pub const BACKUPS: &str = "backups";
/// Directory of the archives that clients had packed to stay on the server.
pub const ARCHIVES: &str = "zip_temp";
/// Between the ledger's name and the time, in the name of a ledger that a restore put aside.
pub const BEFORE_RESTORE: &str = ".before-restore-";
/// Between the ledger's name and the time, in the name of a copy that a repair made before it changed anything.
pub const BEFORE_REPAIR: &str = ".before-repair-";
/// Before the time, in the name of a file of rows that a repair took out of the ledger.
pub const SET_ASIDE: &str = "set-aside-";
/// Directory of the jobs that organize files.
pub const ORGANIZE: &str = "organize";
