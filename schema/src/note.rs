//! What is remembered of how a file was read: by which reader, whose dialect it speaks, and what was
//! wrong with it. For counting, and for telling which files a newer reader would read differently.
//!
//! One number an image, because a million of them are looked through at once:
//! bits 0..8 the reader's version, 8..16 the writer, 16..24 the finding, 24..32 the container,
//! 32..40 the time it took, 40..64 the kinds of complaints.

use crate::recipe::Source;
use serde::{Deserialize, Serialize};

/// Whether a file says how it was made, and if it does not, why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It holds a recipe.
    Recipe,
    /// It holds a caption that is no prompt.
    Caption,
    /// It holds no text at all.
    #[default]
    NoText,
    /// Programs only name themselves, or remark on what they did.
    OnlyRemarks,
    /// It holds text of which no dialect is known.
    UnknownText,
    /// It holds text that begins like a dialect and cannot be read.
    Broken,
}

impl Finding {
    /// Every finding.
    pub const ALL: [Self; 6] =
        [Self::Recipe, Self::Caption, Self::NoText, Self::OnlyRemarks, Self::UnknownText, Self::Broken];

    /// The word for scripts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::Caption => "caption",
            Self::NoText => "no-text",
            Self::OnlyRemarks => "only-remarks",
            Self::UnknownText => "unknown-text",
            Self::Broken => "broken",
        }
    }
}

/// How a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Note {
    /// Version of the reader; 0 when it was read before that was remembered.
    pub reader: u8,
    /// Whose dialect it speaks.
    pub writer: Option<Source>,
    /// Whether it holds a recipe.
    pub finding: Finding,
    /// Its format, by the number that the reader gives it.
    pub container: u8,
    /// How long reading took, see [`Note::micros`].
    pub took: u8,
    /// Kinds of complaints, by the bit that the reader gives them; 24 bits.
    pub complaints: u32,
}

impl Note {
    /// The same with the time it took, in microseconds.
    #[must_use]
    pub fn took(self, micros: u64) -> Self {
        // A power of two and two bits after it: off by a fifth at most, up to hours.
        let exponent = 63 - (micros | 1).leading_zeros();
        let quarter = if exponent >= 2 { micros >> (exponent - 2) & 3 } else { 0 };
        Self { took: u8::try_from(u64::from(exponent) << 2 | quarter).unwrap_or(u8::MAX), ..self }
    }

    /// How long reading took, in microseconds, rounded down by a fifth at most.
    #[must_use]
    pub fn micros(self) -> u64 {
        let (exponent, quarter) = (self.took >> 2, u64::from(self.took & 3));
        if exponent >= 2 { (4 | quarter) << (exponent - 2) } else { 1 << exponent }
    }

    /// The number to store.
    #[must_use]
    pub fn encode(self) -> u64 {
        let writer = self.writer.and_then(|writer| Source::ALL.iter().position(|known| *known == writer));
        let writer = writer.map_or(0, |nth| nth as u64 + 1);
        let finding = Finding::ALL.iter().position(|known| *known == self.finding).unwrap_or(0) as u64;
        u64::from(self.reader)
            | writer << 8
            | finding << 16
            | u64::from(self.container) << 24
            | u64::from(self.took) << 32
            | u64::from(self.complaints & 0x00ff_ffff) << 40
    }

    /// From the stored number. Values that a newer program knows are no writer and no text.
    #[must_use]
    pub fn decode(number: u64) -> Self {
        let [reader, writer, finding, container, took, a, b, c] = number.to_le_bytes();
        Self {
            reader,
            writer: usize::from(writer).checked_sub(1).and_then(|nth| Source::ALL.get(nth)).copied(),
            finding: Finding::ALL.get(usize::from(finding)).copied().unwrap_or_default(),
            container,
            took,
            complaints: u32::from_le_bytes([a, b, c, 0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn notes_come_back(reader: u8, writer in 0..=Source::ALL.len(), finding in 0..Finding::ALL.len(), container: u8, complaints in 0_u32..1 << 24, micros in 0_u64..1 << 40) {
            let note = Note {
                reader,
                writer: writer.checked_sub(1).map(|nth| Source::ALL[nth]),
                finding: Finding::ALL[finding],
                container,
                complaints,
                took: 0,
            }
            .took(micros);
            proptest::prop_assert_eq!(Note::decode(note.encode()), note);
            let (least, told) = (micros.max(1), note.micros());
            proptest::prop_assert!(told <= least && told * 5 >= least * 4 - 3, "{least} {told}");
        }
    }
}
