//! The text file beside a media file (contract 15.6, design ruling 13).

use crate::limits::SIDECAR_BYTES_MAX;
use crate::{decode, infotext};
use lumidex_schema::recipe::Recipe;

/// What a sidecar holds.
pub(super) enum Sidecar {
    /// Nothing but blanks.
    Blank,
    /// Too long, or not text.
    Unreadable,
    /// An infotext with settings.
    Recipe(Box<Recipe>),
    /// Any other text: a description, never a prompt.
    Caption(String),
}

/// Reads the bytes of a sidecar.
pub(super) fn read(bytes: &[u8]) -> Sidecar {
    if bytes.len() as u64 > SIDECAR_BYTES_MAX {
        return Sidecar::Unreadable;
    }
    match decode::file(bytes) {
        None => Sidecar::Unreadable,
        Some(text) if text.trim().is_empty() => Sidecar::Blank,
        Some(text) => match infotext::parse(&text) {
            Some(recipe) => Sidecar::Recipe(Box::new(recipe)),
            None => Sidecar::Caption(text.trim().to_owned()),
        },
    }
}
