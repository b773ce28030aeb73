//! From the file system to observations: what is there is walked, compared with what the ledger
//! knows, read where it differs, and told to the ledger. Knows nothing of projections or HTTP.

mod listing;
pub mod progress;
pub mod reconcile;
pub mod rules;
pub mod walk;

pub use progress::{Progress, ProgressSnapshot};
pub use walk::{FolderPart, Seen, WalkedRoot, walk};
