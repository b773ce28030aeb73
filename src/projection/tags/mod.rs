//! The per-image half of search: who has which tag, in which folder, how old, under what name.
//!
//! Everything is in memory, so that a filter costs microseconds: one posting per tag and folder,
//! columns by image id, and the order by date. Its own redb file keeps it across restarts.

mod columns;
mod names;
mod order;
mod posting;
mod projection;
mod state;
mod store;
mod verify;

pub use columns::Columns;
pub use names::{HOLE_MARK, Names};
pub use order::Order;
pub use posting::Posting;
pub use projection::{TagsProjection, TagsReader};
pub use state::{FolderEntry, State, TagEntry};
pub use verify::verify;
pub(super) use verify::verify_closed;
