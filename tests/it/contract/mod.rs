//! Every route against the contract, in both dialects, over a real library of small real files.

#![allow(clippy::unwrap_used)]

pub(crate) mod served;

mod broken;
mod chat;
mod commands;
mod database;
mod events;
mod exif;
mod faults;
mod files;
mod front;
mod intruders;
mod keeping;
mod listing;
mod listening;
mod openapi;
mod operations;
mod media;
mod names;
mod organize;
mod own_search;
mod policies;
pub(crate) use policies::cookie_of;
mod recipes;
mod review;
mod system;
mod tags;
mod thumbs;
mod topics;
mod zip;
