//! HTTP and nothing but: what a request may do, which handler does it, how its answer is written.
//!
//! In reading order: the settings and the door to the library; the table of routes with a policy
//! on each; the router that is built from it and enforces it; who is asking, from where, about
//! which path; what handlers get and give; the two dialects; the handlers.

mod chats;
mod deeds;
mod engine;
mod feed;
mod history;
mod limits;
mod meanings;
mod openapi;
mod organizing;
mod pictures;
mod questions;
mod reach;
mod recipes;
mod shelf;

mod policy;
mod router;
mod server;
mod table;

mod access;
mod auth;
mod origin;
mod proxied;

mod answer;
mod dialect;
mod extract;
mod problem;

mod entries;
mod front;
mod kept;
mod launch;
mod meter;
mod pieces;
mod pouring;
mod range;
mod routes;
mod sniff;
mod stream;

mod holder;
mod inside;
mod listen;

pub use access::granted;
pub use chats::{ChatError, Chats};
pub use deeds::{Deed, Deeds};
pub use engine::{Backup, Beside, Engine, Failure, FileText, Linking, Shown, Status};
pub use feed::{Changes, ImageChange};
pub use front::Unusable;
pub use inside::ask;
pub use listen::{ServeError, app, run};
pub use meanings::Meanings;
pub use organizing::Organizing;
pub use pictures::Pictures;
pub use questions::{Kind, Known, Open};
pub use reach::{Refused, check};
pub use recipes::Recipes;
pub use table::{RouteRow, routes};
