//! Kinds of tags and what a tag may be called.

use crate::id::TagId;
use crate::media::MediaKind;
use serde::{Deserialize, Serialize};

/// What a tag says about an image. The discriminant is stored; never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum TagKind {
    /// Given by a person or by a person's rule.
    Custom = 0,
    /// The program that made the picture.
    SourceIdentifier = 1,
    /// Model.
    Model = 2,
    /// Image, audio or video.
    MediaType = 3,
    /// Low-rank adapter.
    Lora = 4,
    /// Lycoris adapter.
    Lyco = 5,
    /// One segment of the positive prompt.
    Pos = 6,
    /// Pixel size of the file.
    PixelSize = 7,
    /// Sampler.
    Sampler = 8,
    /// Upscaler of a later pass.
    PostprocessUpscaler = 9,
    /// Factor of a later upscale.
    PostprocessUpscaleBy = 10,
    /// A literal size value of the recipe.
    Size = 11,
    /// Refiner model.
    Refiner = 12,
    /// Upscaler of the second pass.
    HiresUpscaler = 13,
}

impl TagKind {
    /// Every kind, in the order clients show their sections.
    pub const ALL: [Self; 14] = [
        Self::Custom,
        Self::SourceIdentifier,
        Self::Model,
        Self::MediaType,
        Self::Lora,
        Self::Lyco,
        Self::Pos,
        Self::PixelSize,
        Self::Sampler,
        Self::PostprocessUpscaler,
        Self::PostprocessUpscaleBy,
        Self::Size,
        Self::Refiner,
        Self::HiresUpscaler,
    ];

    /// The kind's name on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::SourceIdentifier => "Source Identifier",
            Self::Model => "Model",
            Self::MediaType => "Media Type",
            Self::Lora => "lora",
            Self::Lyco => "lyco",
            Self::Pos => "pos",
            Self::PixelSize => "size",
            Self::Sampler => "Sampler",
            Self::PostprocessUpscaler => "Postprocess upscaler",
            Self::PostprocessUpscaleBy => "Postprocess upscale by",
            Self::Size => "Size",
            Self::Refiner => "Refiner",
            Self::HiresUpscaler => "Hires upscaler",
        }
    }

    /// From the stored number.
    #[must_use]
    pub fn from_stored(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Longest name that begins with a CJK ideograph, in characters.
const CJK_NAME_MAX: usize = 12;
/// A name is refused when it exceeds both this many words and [`NAME_CHARS_MAX`].
const NAME_WORDS_MAX: usize = 8;
/// See [`NAME_WORDS_MAX`].
const NAME_CHARS_MAX: usize = 40;

/// Whether a tag of any kind may have this name (contract 15.3).
#[must_use]
pub fn is_valid_name(name: &str) -> bool {
    let Some(first) = name.chars().next() else { return false };
    if name.trim().is_empty() {
        return false;
    }
    if ('\u{4E00}'..='\u{9FFF}').contains(&first) {
        return name.chars().count() <= CJK_NAME_MAX;
    }
    name.split_whitespace().count() <= NAME_WORDS_MAX || name.chars().count() <= NAME_CHARS_MAX
}

/// The pixel-size tag of an image, `W × H`, or `Unknown Size`.
#[must_use]
pub fn pixel_size_name(width: u32, height: u32) -> String {
    if width == 0 || height == 0 { "Unknown Size".to_owned() } else { format!("{width} × {height}") }
}

/// The custom tag that exists from the start and cannot be removed.
pub const LIKE: &str = "like";

/// Tags every ledger begins with: their ids are the same everywhere.
pub const WELL_KNOWN: [(TagId, TagKind, &str); 6] = [
    (TagId(1), TagKind::Custom, LIKE),
    (TagId(2), TagKind::MediaType, "Image"),
    (TagId(3), TagKind::MediaType, "Video"),
    (TagId(4), TagKind::MediaType, "Audio"),
    (TagId(5), TagKind::MediaType, "Unknown"),
    (TagId(6), TagKind::PixelSize, "Unknown Size"),
];

/// The well-known tag of a kind of media.
#[must_use]
pub const fn media_tag(media: MediaKind) -> TagId {
    match media {
        MediaKind::Image => TagId(2),
        MediaKind::Video => TagId(3),
        MediaKind::Audio => TagId(4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_only_when_long_in_words_and_characters() {
        assert!(is_valid_name("a b c d e f g h i"));
        assert!(is_valid_name(&"x".repeat(400)));
        assert!(!is_valid_name("one two three four five six seven eight nine words"));
        assert!(is_valid_name("猫"));
        assert!(!is_valid_name("一二三四五六七八九十一二三"));
        assert!(!is_valid_name("  "));
        assert!(!is_valid_name(""));
    }

    #[test]
    fn every_kind_comes_back_from_its_number() {
        for kind in TagKind::ALL {
            assert_eq!(TagKind::from_stored(kind as u8), Some(kind));
        }
    }
}
