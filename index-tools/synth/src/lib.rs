//! Synthetic libraries: folders of small valid image files as people's generators leave them.
//!
//! A library is a pure function of its seed and size: every image can be asked for by its index,
//! alone and in any order, and is the same to the byte on every machine. What each file says is
//! known beforehand ([`Expected`]), so tests have the truth to compare with. It refuses to know
//! how lumidex reads any of it.
//!
//! ```
//! use lumidex_synth::Library;
//!
//! let library = Library::new(42, 1_000);
//! let image = library.image(17);
//! assert_eq!(image.bytes(), library.image(17).bytes());
//! ```

pub mod container;

mod dice;

mod timeline;
mod vocabulary;

mod dialect;
mod recipe;

mod graph;
mod infotext;

mod file;
mod intended;
mod notes;
mod writers;

mod image;
mod library;
mod single;

pub use dialect::{Dialect, Dialects, UnknownDialect};
pub use file::Container;
pub use image::{Expected, SynthImage};
pub use intended::{Adapter, Field, Intended, SecondPass};
pub use library::{Library, SynthError};
pub use recipe::Lora;
pub use single::png;
pub use vocabulary::Language;
pub use writers::{LogAge, Writer, Written, log_page, log_page_of, writers};

#[cfg(test)]
mod tests;
