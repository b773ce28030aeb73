//! What happens when the disk fails, or the power: see `tests/README.md`.

mod cut;
mod healing;
pub(crate) mod image;
mod running;
pub(crate) mod script;
pub(crate) mod shim;
mod sweep;
mod vectors;
