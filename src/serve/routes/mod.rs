//! The handlers, a file per section of the contract. Each takes a [`super::server::Call`] that
//! passed its policy and returns an answer without knowing the dialect.

pub(super) mod chat;
pub(super) mod events;
pub(super) mod folders;
pub(super) mod front;
pub(super) mod geninfo;
pub(super) mod graph;
pub(super) mod handover;
pub(super) mod listing;
pub(super) mod media;
pub(super) mod operations;
pub(super) mod organize;
pub(super) mod own;
pub(super) mod page;
pub(super) mod recipes;
pub(super) mod review;
pub(super) mod roots;
pub(super) mod search;
pub(super) mod status;
pub(super) mod system;
pub(super) mod tags;
pub(super) mod thumbs;
pub(super) mod topics;
pub(super) mod undo;
pub(super) mod zip;
