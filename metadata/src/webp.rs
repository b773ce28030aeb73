//! WebP: size, EXIF, and where the frames lie. Metadata stands behind the frames, which are
//! seeked over. The size that RIFF states and the flags are often wrong and not asked.

use crate::complaint::Complaint;
use crate::limits::{BYTES_PER_FILE_MAX, CHUNKS_PER_FILE_MAX, VALUE_BYTES_MAX};
use crate::picture::Picture;
use crate::slots::{Slots, Wanted};
use crate::source::Window;
use crate::{credentials, exif, xmp};
use std::io;

/// Walks the chunks.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    let mut at = 12;
    for n_chunks in 0.. {
        let Some(head) = window.array::<8>(at)? else { break };
        if n_chunks >= CHUNKS_PER_FILE_MAX {
            slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
            break;
        }
        let [k0, k1, k2, k3, len @ ..] = head;
        let kind = [k0, k1, k2, k3];
        let len = u64::from(u32::from_le_bytes(len));
        let start = at + 8;
        let there = len.min(window.len() - start);
        match &kind {
            b"VP8X" | b"VP8 " | b"VP8L" if picture.width == 0 => {
                (picture.width, picture.height) = size(&kind, &window.array(start)?.unwrap_or_default());
            }
            _ => {}
        }
        match &kind {
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF" => picture.payload.push(start, there),
            b"EXIF" if there > window.budget() => {
                slots.complain(Complaint::TooMuchMetadata { limit: BYTES_PER_FILE_MAX });
            }
            b"EXIF" => {
                let block = window.slice(start, usize::try_from(there).unwrap_or(0).min(VALUE_BYTES_MAX))?;
                exif::read(&block, slots);
            }
            b"XMP " => {
                if let Some(packet) = window.value(start, there, "xmp", slots)? {
                    xmp::take(&packet, slots);
                }
            }
            b"C2PA" if slots.wanted == Wanted::Recipe => {
                if let Some(store) = window.value(start, there, "C2PA", slots)? {
                    credentials::read(&store, slots);
                }
            }
            b"ANIM" if slots.wanted == Wanted::Everything => remark(window, start, slots)?,
            _ => {}
        }
        if there < len {
            slots.complain(Complaint::Truncated {
                what: String::from_utf8_lossy(&kind).escape_default().to_string(),
            });
            break;
        }
        at = next(window, start + len, len)?;
    }
    Ok(picture)
}

/// What is only for showing.
fn remark(window: &Window<'_>, start: u64, slots: &mut Slots) -> io::Result<()> {
    if let Some([b, g, r, a, times @ ..]) = window.array::<6>(start)? {
        slots.note("background", format!("({r}, {g}, {b}, {a})"));
        slots.note("loop", u16::from_le_bytes(times).to_string());
    }
    Ok(())
}

/// Where the next chunk starts: chunks of odd length are padded, but some writers forget it.
fn next(window: &Window<'_>, end: u64, len: u64) -> io::Result<u64> {
    if len.is_multiple_of(2) {
        return Ok(end);
    }
    let is_kind = |at: u64| -> io::Result<bool> {
        Ok(window.array::<4>(at)?.is_some_and(|kind| kind.iter().all(|byte| matches!(byte, b' '..=b'~'))))
    };
    Ok(if is_kind(end)? && !is_kind(end + 1)? { end } else { end + 1 })
}

/// Width and height from the first ten bytes of a chunk; zeros where they cannot be read.
fn size(kind: &[u8; 4], bytes: &[u8; 10]) -> (u32, u32) {
    let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9] = bytes.map(u32::from);
    match (kind, bytes) {
        (b"VP8X", _) => ((b4 | b5 << 8 | b6 << 16) + 1, (b7 | b8 << 8 | b9 << 16) + 1),
        (b"VP8 ", [_, _, _, 0x9d, 0x01, 0x2a, ..]) => ((b6 | b7 << 8) & 0x3fff, (b8 | b9 << 8) & 0x3fff),
        (b"VP8L", [0x2f, ..]) => {
            let bits = b1 | b2 << 8 | b3 << 16 | b4 << 24;
            ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        }
        _ => {
            let _ = b0;
            (0, 0)
        }
    }
}
