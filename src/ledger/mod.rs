//! The source of truth: what is known of every image, and everything a person did.
//!
//! One writer, one number for each change, durable when acknowledged. The ledger does not know
//! where observations come from, nor who follows its feed.

mod alike;
pub mod backup;
mod bring;
mod closed;
mod cover;
mod decide;
mod deeds;
mod doubts;
mod edit;
mod error;
mod history;
mod identity;
mod intern;
mod journal;
mod notes;
mod observe;
mod open;
mod owned;
mod pace;
pub mod paid;
mod pending;
mod places;
mod reader;
mod relink;
mod relocate;
mod roots;
mod settle;
mod since;
mod stats;
mod store;
mod sweep;
mod txn;
mod underway;
mod undo;
mod vacated;
pub mod verify;
mod writer;

pub use bring::{AbsentFile, Brought, Deeds, Tally, Whose};
pub use decide::{DecideError, Outcome};
pub use edit::Worded;
pub use error::ReadError;
pub use journal::Taken;
pub use observe::{Elsewhere, Observation, Seen, SharedText, Sighted};
pub use open::{Ledger, OpenError};
pub use pace::Paced;
pub use pending::Waiting;
pub use reader::{KnownFile, Reader};
pub use relocate::Relocation;
pub use stats::{Duplicates, RootStats, Stats, TableStats, stats};
pub use sweep::{Sweepable, Swept};
pub use writer::WriteError;
