//! Keeping up with roots between walks: one watch for each folder, set by us before the folder is
//! listed; what the system reports is gathered until it has settled, looked at, and told to the
//! ledger. What cannot be watched is walked again from time to time.
//!
//! ```text
//! system --events--> Dirty --names---> live: looks, reads, tells the ledger
//!                          --folders-> tend: surveys from there down
//!                                      tend: are the roots there? whose turn is it? --> worker
//! ```
//!
//! Whoever walks, for whatever reason, enters the folders it meets here, which sets their watches.

mod dirty;
mod event;
mod live;
mod look;
mod lookout;
mod roots;
mod system;
mod tend;
mod watches;

pub(super) use live::Live;
pub use lookout::WatchSettings;
pub(super) use lookout::{Lookout, Ticket};
pub(super) use roots::{Cause, Ended};
pub(super) use tend::Tend;
