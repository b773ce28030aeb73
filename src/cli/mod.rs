//! The command line: what may be typed, and what is shown on a terminal. Does none of the work.
//!
//! A command is a question to a library, as a request to one of its own routes, and a way to tell the answer: whether a
//! server answers or the data folder itself, it does not know. Each has a file, and a function that is given a
//! [`talk::Talk`].

mod alike;
pub mod asking;
mod bar;
mod browser;
mod cluster;
mod command;
mod completing;
pub mod config;
pub mod doctor;
mod first_run;
mod folders;
mod input;
pub mod inspect;
mod listing;
mod making;
mod moving;
mod opening;
pub mod organize;
pub mod remote;
mod review;
mod running;
mod search;
mod show;
mod status;
mod tags;
pub mod talk;
mod terminal;
mod undoing;

pub use bar::show_progress;
pub use browser::open_in_browser;
pub use command::{Args, COMMANDS, Command};
pub use completing::{completions, man_pages};
pub use first_run::{generator_folders, nothing_to_serve};
pub use making::MakingBar;
