//! Everything lumidex persists or puts on the wire: data and encodings.
//!
//! This crate knows nothing of threads, files or HTTP. In reading order: the numbers of the
//! formats, what a data folder holds, identifiers and paths, the things a ledger records, how
//! those rows are keyed and encoded, and what projections and clients see of them.

pub mod format;
pub mod layout;

pub mod fold;
pub mod id;
pub mod path;

pub mod checkpoint;
pub mod decision;
pub mod feed;
pub mod media;
pub mod note;
pub mod operation;
pub mod paid;
pub mod pending;
pub mod recipe;
pub mod record;
pub mod tables;
pub mod tag;
pub mod text;
pub mod text_index;
pub mod upgrades;
pub mod vectors;

pub mod api;
pub mod archive;
pub mod cursor;
pub mod document;
pub mod problem;
