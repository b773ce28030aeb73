//! One value of an EXIF or TIFF directory, wherever the directory lies: as numbers, and as the text
//! that is shown. Knows nothing of offsets.
//!
//! Numbers are shown as Pillow shows them, because clients were written against that: a fraction as
//! its decimal (`0.008`), several numbers as `(8, 8, 8)`. Bytes are shown as text where they are
//! text, and otherwise in hex.

use crate::decode;
use crate::limits::VALUE_BYTES_MAX;
use crate::slots::tag;

/// Numbers shown of one value; tables of offsets have a hundred thousand.
const NUMBERS_SHOWN: usize = 16;
/// Bytes shown in hex of a value that is no text.
const BYTES_SHOWN: usize = 32;
/// Bytes of a value without a kind that are looked at: what is longer is no text.
const UNDEFINED_BYTES_MAX: usize = 1 << 10;

/// Tags that can hold a recipe, describe the picture, or say which program or camera made the file.
const RECIPE_TAGS: [u16; 17] = [
    tag::DOCUMENT_NAME,
    tag::DESCRIPTION,
    tag::MAKE,
    tag::MODEL,
    tag::SOFTWARE,
    tag::ARTIST,
    tag::COPYRIGHT,
    tag::USER_COMMENT,
    tag::EXPOSURE_TIME,
    tag::F_NUMBER,
    tag::ISO,
    tag::TIME_TAKEN,
    tag::XP_TITLE,
    tag::XP_COMMENT,
    tag::XP_AUTHOR,
    tag::XP_KEYWORDS,
    tag::XP_SUBJECT,
];

/// Whether a recipe may be read from the tag, or a packet that holds one.
pub(super) fn is_of_use(tag: u16) -> bool {
    let is_packet = matches!(tag, tag::XMP | tag::IPTC | tag::PHOTOSHOP);
    RECIPE_TAGS.contains(&tag) || is_windows(tag) || is_packet || tag == tag::MAKER_NOTE
}

/// Bytes of one number, or letter, of a kind; `None` for an unknown one. 16 to 18 are BigTIFF's.
pub(super) const fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

/// A tagged value.
pub(super) struct Field<'a> {
    pub(super) tag: u16,
    pub(super) kind: u16,
    /// Bytes it has by its own account.
    pub(super) n_bytes: u64,
    /// What of it is there.
    pub(super) value: &'a [u8],
    /// Byte order.
    pub(super) little: bool,
}

impl Field<'_> {
    /// Bytes of a value of this tag and kind that are of use for showing it.
    pub(super) fn bytes_of_use(tag: u16, kind: u16) -> usize {
        match kind {
            _ if matches!(tag, tag::IPTC | tag::PHOTOSHOP) => VALUE_BYTES_MAX,
            2 => VALUE_BYTES_MAX,
            1 | 7 if is_text(tag) => VALUE_BYTES_MAX,
            1 | 7 => UNDEFINED_BYTES_MAX,
            _ => NUMBERS_SHOWN * size_of_kind(kind).unwrap_or(0),
        }
    }

    /// The `nth` number of a value of whole numbers that are not negative.
    pub(super) fn count(&self, nth: usize) -> Option<u64> {
        match self.kind {
            1 | 3 | 4 | 7 | 13 | 16 | 18 => self.unsigned(nth, size_of_kind(self.kind)?),
            _ => None,
        }
    }

    /// The `nth` number of any kind, as a fraction; not a number where it is divided by nothing.
    pub(super) fn real(&self, nth: usize) -> Option<f64> {
        Some(match self.kind {
            5 | 10 => {
                let half = |half: usize| {
                    let bits = self.unsigned(nth * 2 + half, 4)? as u32;
                    Some(if self.kind == 5 { f64::from(bits) } else { f64::from(bits as i32) })
                };
                let (above, below) = (half(0)?, half(1)?);
                if below == 0.0 { f64::NAN } else { above / below }
            }
            11 => f64::from(f32::from_bits(self.unsigned(nth, 4)? as u32)),
            12 => f64::from_bits(self.unsigned(nth, 8)?),
            _ => self.whole(nth)? as f64,
        })
    }

    /// Whether it is a text whatever its kind; makers of cameras note bytes under the same tag.
    pub(super) fn is_plain(&self) -> bool {
        let end = self.value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let text = std::str::from_utf8(&self.value[..end]);
        matches!(self.kind, 1 | 2 | 7) && text.is_ok_and(|text| !text.contains(char::is_control))
    }

    /// As it is shown.
    pub(super) fn text(&self) -> String {
        match self.kind {
            1 | 2 | 7 if self.tag == tag::USER_COMMENT => decode::user_comment(self.value, self.little),
            1 | 7 if is_windows(self.tag) => decode::xp(self.value),
            1 | 7 if is_text(self.tag) => decode::text(self.value),
            2 => decode::text(self.value),
            7 => self.bytes(),
            1 if self.n_bytes > NUMBERS_SHOWN as u64 => self.bytes(),
            _ => self.numbers(),
        }
    }

    fn unsigned(&self, nth: usize, size: usize) -> Option<u64> {
        let start = nth.checked_mul(size)?;
        let bytes = self.value.get(start..start.checked_add(size)?)?;
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) })
    }

    fn whole(&self, nth: usize) -> Option<i128> {
        let bits = |size| self.unsigned(nth, size);
        Some(match self.kind {
            6 => i128::from(bits(1)? as u8 as i8),
            8 => i128::from(bits(2)? as u16 as i16),
            9 => i128::from(bits(4)? as u32 as i32),
            17 => i128::from(bits(8)? as i64),
            _ => i128::from(self.count(nth)?),
        })
    }

    fn numbers(&self) -> String {
        let Some(size) = size_of_kind(self.kind) else { return String::new() };
        let there = self.value.len() / size;
        let shown = (0..there.min(NUMBERS_SHOWN)).filter_map(|nth| match self.kind {
            5 | 10 | 11 | 12 => self.real(nth).map(decimal),
            _ => self.whole(nth).map(|number| number.to_string()),
        });
        let mut shown: Vec<_> = shown.collect();
        if self.n_bytes / size as u64 > shown.len() as u64 && !shown.is_empty() {
            shown.push("…".to_owned());
        }
        tuple(&shown)
    }

    /// Bytes that may be a text or anything.
    fn bytes(&self) -> String {
        let whole = self.value.len() as u64 == self.n_bytes && self.value.len() <= UNDEFINED_BYTES_MAX;
        let end = self.value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let is_text = |text: &&str| !text.is_empty() && !text.contains(char::is_control);
        if let Some(text) = std::str::from_utf8(&self.value[..end]).ok().filter(|text| whole && is_text(text))
        {
            return text.to_owned();
        }
        hex(self.value, self.n_bytes)
    }
}

/// Whether bytes under this tag are a text.
fn is_text(tag: u16) -> bool {
    RECIPE_TAGS.contains(&tag) || is_windows(tag) || tag == tag::XMP
}

/// `XPTitle` to `XPSubject`.
fn is_windows(tag: u16) -> bool {
    (0x9c9b..=0x9c9f).contains(&tag)
}

/// The first bytes in hex, and how many there are if these are not all.
fn hex(bytes: &[u8], n_bytes: u64) -> String {
    let shown: Vec<_> = bytes.iter().take(BYTES_SHOWN).map(|byte| format!("{byte:02x}")).collect();
    let rest = if n_bytes > shown.len() as u64 { format!(" … ({n_bytes} bytes)") } else { String::new() };
    format!("{}{rest}", shown.join(" "))
}

/// A number with its decimals, `nan` where it is none.
pub(super) fn decimal(number: f64) -> String {
    if number.is_nan() { "nan".to_owned() } else { format!("{number:?}") }
}

/// One thing as it is, several as `(a, b)`.
pub(super) fn tuple(things: &[String]) -> String {
    match things {
        [one] => one.clone(),
        _ => format!("({})", things.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tag: u16, kind: u16, value: &[u8], want: &str) {
        let field = Field { tag, kind, n_bytes: value.len() as u64, value, little: false };
        assert_eq!(field.text(), want);
    }

    #[test]
    fn numbers_are_shown_as_clients_know_them() {
        check(256, 3, &[1, 0], "256");
        check(258, 3, &[0, 8, 0, 8, 0, 8], "(8, 8, 8)");
        check(33434, 5, &[0, 0, 0, 1, 0, 0, 0, 125], "0.008");
        check(282, 5, &[0, 0, 0, 72, 0, 0, 0, 1], "72.0");
        check(42034, 5, &[0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], "(24.0, nan)");
        check(37380, 10, &[255, 255, 255, 255, 0, 0, 0, 3], "-0.3333333333333333");
        check(1, 11, &0.5_f32.to_be_bytes(), "0.5");
        check(1, 12, &(-2.25_f64).to_be_bytes(), "-2.25");
        check(1, 6, &[0xff], "-1");
        check(1, 8, &[0xff, 0xfe], "-2");
        check(1, 17, &(-3_i64).to_be_bytes(), "-3");
        check(1, 16, &u64::MAX.to_be_bytes(), "18446744073709551615");
        check(0, 1, &[2, 3, 0, 0], "(2, 3, 0, 0)");
        check(273, 4, &7_u32.to_be_bytes().repeat(20), &format!("({}…)", "7, ".repeat(16)));
        check(1, 4, &[], "()");
    }

    #[test]
    fn bytes_are_text_where_they_are_text_and_bounded_hex_elsewhere() {
        check(36864, 7, b"0232", "0232");
        check(37121, 7, &[1, 2, 3, 0], "01 02 03 00");
        check(37500, 7, &[0xab; 4_000], &format!("{} … (4000 bytes)", vec!["ab"; 32].join(" ")));
        check(34675, 1, &[1; 40], &format!("{} … (40 bytes)", vec!["01"; 32].join(" ")));
        check(0x9c9b, 1, b"t\0i\0\0\0", "ti");
        check(tag::XMP, 1, b"<x:xmpmeta/>", "<x:xmpmeta/>");
    }
}
