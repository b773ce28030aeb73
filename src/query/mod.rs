//! From what a person asked to a page of hits.
//!
//! A query reads projections and the ledger and never the disk; it never writes. Everything is
//! newest first unless asked otherwise: nothing is ranked, and a search stops when its page is
//! full.

mod bits;
mod engine;
mod filter;
mod needle;
mod newest;
mod page;
mod pattern;
mod random;
mod request;
mod scope;
mod tags;
mod trend;
mod walk;

pub use engine::{Engine, Sources};
pub use page::{Hit, Page, Partial};
pub use request::{Matching, Order, Search, SearchError};
pub use scope::Reach;
pub use trend::{Counted, Trend};
