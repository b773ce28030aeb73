//! lumidex: an embedded, search-engine-centric index of AI-generated images.
//!
//! The house is an hourglass. *Intake reads metadata and tells the ledger; projections follow;
//! query asks; serve answers.* The ledger is the waist: above it things may be lost and found
//! again by walking, at it nothing may be lost, below it everything may be thrown away.
//!
//! Invariants, each with a test:
//!
//! 1. Only the ledger's writer begins a write transaction on the ledger.
//! 2. Numbers only grow. Each image has exactly one feed row, whose number equals its record's.
//! 3. Nothing in a projection is the only copy of anything; deleting it is always safe while
//!    nothing runs.
//! 4. A projection never claims more than it has: its checkpoint is made durable with, or after,
//!    its data.
//! 5. A hit the ledger knows as missing never leaves `query`; `query` never touches the disk; no
//!    read ever deletes anything.
//! 6. Content never makes `metadata` fail, and a parser's panic costs one file.
//! 7. Wire types are never stored; stored types are never sent.
//! 8. Paths are stored as bytes relative to a root. Ids are never reused, tag ids survive every
//!    rebuild.
//! 9. Every queue, buffer, decode and wait has a bound in `limits`.
//! 10. What a person did is never derived from, and never deleted by, anything the program does on
//!     its own.
//!
//! The rooms in reading order; an import may only point to a room above.

pub mod limits;

pub mod sys;

pub use lumidex_metadata as metadata;

pub mod ledger;

pub mod intake;

pub mod projection;

pub mod query;

pub mod upstream;

pub mod topics;

pub mod files;

pub mod organize;

pub mod settings;

pub mod cli;

pub mod library;

pub mod serve;
