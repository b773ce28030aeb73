//! The vectors projection: which prompt each text has, and the vectors of prompts by model.
//!
//! A *prompt* is the distinct cleaned positive text that many images share. It follows from a text alone, so
//! this projection follows texts and has no rows of its own in the feed. What a search among vectors finds may
//! belong to images that are gone: whoever asks says which prompts it may find (`Scope`), and that is how
//! deletion shows; vectors themselves stay until the next edition that is made without them.
//!
//! In reading order: from text to prompt (`wording`, `prompts`, `store`), the follower (`projection`), sets of
//! images (`scope`); vectors on disk (`files`, `edition`) and in use (`dots`, `graph`, `search`, `space`,
//! `home`); what others hold (`reader`), and who keeps it in order (`keeper`).

mod wording;
mod prompts;
mod store;
mod projection;
mod scope;
mod files;
mod edition;
mod dots;
mod pivots;
mod graph;
mod search;
mod space;
mod home;
mod error;
mod reader;
mod keeper;
mod verify;
#[cfg(test)]
mod tests;

pub use edition::editions;
pub use error::VectorsError;
pub use keeper::VectorsKeeper;
pub use projection::VectorsProjection;
pub use prompts::Prompts;
pub use reader::{BUILTIN, VectorsReader};
pub use scope::Scope;
pub use space::Space;
pub use verify::verify;
pub(super) use verify::verify_closed;
pub use wording::prompt_hash;
