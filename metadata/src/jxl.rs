//! JPEG XL: size from the first bits of its codestream, EXIF and XMP from the boxes around it. A
//! codestream may stand alone; then it has no texts.

use crate::complaint::Complaint;
use crate::limits::CHUNKS_PER_FILE_MAX;
use crate::picture::Picture;
use crate::slots::Slots;
use crate::source::Window;
use crate::{boxes, credentials, exif, inflate, xmp};
use std::io;

/// Walks the boxes, if there are any.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    if window.head().starts_with(b"\xff\x0a") {
        picture.payload.push(0, window.len());
    } else {
        walk(window, slots, &mut picture)?;
    }
    let mut first = [0; 32];
    let mut n = 0;
    for (at, len) in picture.payload.pieces(0, first.len() as u64, &mut (0, 0)) {
        let end = first.len().min(n + usize::try_from(len).unwrap_or(0));
        n += window.copy(at, &mut first[n..end])?;
    }
    (picture.width, picture.height) = size(&first[..n]).unwrap_or_default();
    Ok(picture)
}

fn walk(window: &mut Window<'_>, slots: &mut Slots, picture: &mut Picture) -> io::Result<()> {
    let mut at = 0;
    for n_boxes in 0.. {
        let Some(found) = boxes::read(window, at, window.len())? else { break };
        if n_boxes >= CHUNKS_PER_FILE_MAX {
            slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
            return Ok(());
        }
        if found.is_cut {
            let what = String::from_utf8_lossy(&found.kind).escape_default().to_string();
            slots.complain(Complaint::Truncated { what });
        }
        at = found.end;
        match &found.kind {
            b"jxlc" => picture.payload.push(found.start, found.len()),
            // Its number stands before each part.
            b"jxlp" => picture.payload.push(found.start + 4, found.len().saturating_sub(4)),
            b"jumb" => boxes::credentials(window, found, slots)?,
            kind @ (b"Exif" | b"xml ") => {
                let what = if kind == b"Exif" { "Exif" } else { "xml" };
                if let Some(data) = window.value(found.start, found.len(), what, slots)? {
                    metadata(*kind, &data, slots);
                }
            }
            b"brob" => {
                if let Some(data) = window.value(found.start, found.len(), "brob", slots)?
                    && let Some((kind @ (b"Exif" | b"xml " | b"jumb"), stream)) =
                        data.split_first_chunk::<4>()
                    && let Some(inflated) = inflate::brotli(stream, "brob", slots)
                {
                    metadata(*kind, &inflated.bytes, slots);
                }
            }
            _ => {}
        }
    }
    if at < window.len() {
        slots.complain(Complaint::Damaged { what: "JXL".to_owned() });
    }
    Ok(())
}

fn metadata(kind: [u8; 4], data: &[u8], slots: &mut Slots) {
    match &kind {
        b"Exif" => exif::read_behind_offset(data, slots),
        b"jumb" => credentials::read_inside(data, slots),
        _ => xmp::take(data, slots),
    }
}

/// Width and height as the picture is shown, from the start of a codestream.
fn size(codestream: &[u8]) -> Option<(u32, u32)> {
    /// Width to height, by the number of the ratio less one.
    const RATIOS: [(u64, u64); 7] = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)];
    let mut bits = Bits { bytes: codestream.strip_prefix(b"\xff\x0a")?, at: 0 };
    let is_small = bits.take(1)? == 1;
    let side = |bits: &mut Bits<'_>| {
        if is_small {
            return Some(8 * (bits.take(5)? + 1));
        }
        let n_bits = [9, 13, 18, 30][usize::try_from(bits.take(2)?).ok()?];
        Some(bits.take(n_bits)? + 1)
    };
    let height = side(&mut bits)?;
    let width = match bits.take(3)? {
        0 => side(&mut bits)?,
        ratio => {
            let (of_width, of_height) = RATIOS[usize::try_from(ratio - 1).ok()?];
            height * of_width / of_height
        }
    };
    // Neither all defaults nor without the fields among which is how it is turned.
    let is_turned = bits.take(1)? == 0 && bits.take(1)? == 1 && bits.take(3)? >= 4;
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    Some(if is_turned { (height, width) } else { (width, height) })
}

/// Bits from the lowest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, n: usize) -> Option<u64> {
        let mut value = 0;
        for nth in 0..n {
            let byte = self.bytes.get((self.at + nth) / 8)?;
            value |= u64::from(byte >> ((self.at + nth) % 8) & 1) << nth;
        }
        self.at += n;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    /// Packs numbers of so many bits, lowest first, behind the signature.
    fn packed(fields: &[(u64, usize)]) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        for (value, n) in fields {
            bits.extend((0..*n).map(|nth| value >> nth & 1 == 1));
        }
        let bytes = bits
            .chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |sum, (nth, bit)| sum | u8::from(*bit) << nth));
        b"\xff\x0a".iter().copied().chain(bytes).collect()
    }

    #[test]
    fn sizes_in_every_form() {
        let default = (1, 1);
        assert_eq!(size(&packed(&[(1, 1), (7, 5), (0, 3), (15, 5), default])), Some((128, 64)));
        assert_eq!(size(&packed(&[(1, 1), (7, 5), (1, 3), default])), Some((64, 64)));
        assert_eq!(
            size(&packed(&[(0, 1), (1, 2), (1151, 13), (0, 3), (1, 2), (895, 13), default])),
            Some((896, 1152))
        );
        assert_eq!(size(&packed(&[(0, 1), (0, 2), (199, 9), (5, 3), default])), Some((355, 200)));
        let turned = [(0, 1), (0, 2), (199, 9), (7, 3), (0, 1), (1, 1), (5, 3)];
        assert_eq!(size(&packed(&turned)), Some((200, 400)));
        assert_eq!(size(b"\xff\x0a\0"), None);
        assert_eq!(size(b"\xff\x0b\0\0\0\0\0\0\0\0"), None);
    }
}
