//! The command line: every command, asked of a running server and of the data folder, as its user and as other programs
//! meet it.

mod configuration;
mod definitions;
mod files;
mod routes;
mod searching;
mod secret_file;
mod tagging;
mod terminal;
mod whole;
mod world;
