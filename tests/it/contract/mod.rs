//! Every route against the contract, in both dialects, over a real library of small real files.

#![allow(clippy::unwrap_used)]

mod served;

mod database;
mod files;
mod intruders;
mod policies;
mod system;
mod tags;
