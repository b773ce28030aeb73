//! What a data folder holds, relative to its top.
//!
//! ```text
//! lumidex.lock     who has the folder open; locked while a process writes
//! ledger.redb      the source of truth; the only file that must never be lost
//! text/            tantivy index of distinct texts, with their folded arenas beside it
//! tags.redb        tag bitmaps and per-image columns
//! ```
//!
//! Everything but the ledger may be deleted while nothing runs; it comes back by itself.

/// Locked for as long as a process has the folder open for writing.
pub const LOCK: &str = "lumidex.lock";
/// The ledger.
pub const LEDGER: &str = "ledger.redb";
/// Directory of the text projection.
pub const TEXT: &str = "text";
/// File of the tags projection.
pub const TAGS: &str = "tags.redb";
