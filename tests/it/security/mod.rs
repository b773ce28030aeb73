//! Nobody gets in: the payloads of every class of attack at every route that they apply to, in both dialects and below a
//! chosen base, with access control on and off. What there is to be attacked is read from the table of routes; a route
//! that takes a path and is not tried here fails a test. `tests/README.md` says which class is tried where.

#![allow(clippy::unwrap_used)]

mod ground;
mod slots;

mod bodies;
mod bombs;
mod launching;
mod links;
mod opening;
mod origins;
mod paths;
mod race;
mod said;
mod secrets;
mod wire;
