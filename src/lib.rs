//! map

pub mod limits;

pub mod metadata;

pub mod cli;
