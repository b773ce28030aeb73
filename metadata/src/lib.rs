//! Bytes to a recipe: how a picture was made, as its file says.
//!
//! Pure functions over bounded, positioned reads. Nothing here knows of files or of the ledger,
//! decodes a whole picture, or fails on content: a bad value is a [`Complaint`], the rest is read.
//!
//! A container reader (`png`, `jpeg`, `webp`, `gif`, `tiff`, `heif`, `jxl`, `film`, `ebml`, `sound`; inside
//! them `exif`, `xmp`, `iptc`, `credentials`, and `stealth` among pixels) collects texts into *slots*. The
//! detectors of `dialects` look at them through a *sheet* and make *claims*; the first claim gives the recipe
//! and the others fill what it leaves out. A new container is a file and a line in `read`; a new dialect is a
//! file and a detector. `workflow` gives the graphs of a file as they stand there.

mod bmp;
mod boxes;
mod cbor;
mod claim;
mod complaint;
mod container;
mod credentials;
mod decode;
mod ebml;
mod dialects;
mod exif;
mod field;
mod film;
mod fingerprint;
mod gif;
mod heif;
mod inflate;
mod iptc;
mod items;
mod jpeg;
mod json;
mod jxl;
mod normal;
mod picture;
mod png;
mod prompt;
mod read;
mod redact;
mod segments;
mod sheet;
mod sidecar;
mod slots;
mod sound;
mod source;
mod stealth;
mod stealth_webp;
mod tags;
mod tiff;
mod version;
mod webp;
mod workflow;
mod xmp;

mod camera;
mod civitai;
mod comfyui;
mod descriptions;
mod draw_things;
mod dream;
mod easy_diffusion;
mod flat_json;
mod fooocus;
mod fooocus_log;
mod infotext;
mod invokeai;
mod members;
mod midjourney;
mod novelai;
mod normalised;
mod ruined_fooocus;
mod samplers;
mod stability_matrix;
mod swarmui;
mod tensorart;
mod vendors;

pub mod limits;
pub mod rules;

#[cfg(test)]
mod tests;

pub use complaint::Complaint;
pub use container::Container;
pub use fooocus_log::{Log, log_entry};
pub use lumidex_schema::note::Finding;
pub use normalised::{Hires, Model, Named, Normalised, Refiner, Seed, Upscaler, normalised};
pub use read::{
    Hidden, Options, Reading, as_generation_text, read, read_with, recipe_of, slots_as_text, text_of,
};
pub use redact::redacted;
pub use samplers::canonical_sampler;
pub use sidecar::Beside;
pub use source::{Bytes, ReadAt};
pub use tags::auto_tags;
pub use version::{VERSION, is_outdated, note_of_panic};
pub use workflow::{Workflow, workflow_of};
