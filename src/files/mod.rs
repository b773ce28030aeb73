//! What people do to files: copying, moving, renaming, deleting, flattening, all by one path.
//!
//! A *wish* is planned (everything checked, nothing touched), its steps are journaled in the ledger,
//! applied in chunks, and the ledger follows each chunk. Nothing is ever overwritten; what was begun is
//! gone on with after a crash; everything but deleting for good can be undone. Knows nothing of HTTP.

pub mod archive;
mod wish;

pub use wish::{Gone, Report, Running, Wish, WishError};
