//! Content identity (design ruling 3): format, pixel size, length of the picture's data and eight
//! spread blocks of it. Blind to metadata and to the path.

use crate::container::Container;
use crate::limits::{FINGERPRINT_BLOCK_BYTES, FINGERPRINT_BLOCKS};
use crate::picture::{Payload, Picture};
use crate::source::Window;
use lumidex_schema::record::Fingerprint;
use std::io;

/// The fingerprint of a file. Data of up to 4 KiB counts in full. Where no picture data was found
/// the whole file stands for it; an empty file has none.
pub(super) fn of(window: &Window<'_>, container: Container, picture: &Picture) -> io::Result<Fingerprint> {
    if window.len() == 0 {
        return Ok(Fingerprint::default());
    }
    let whole_file;
    let payload = if picture.payload.len() > 0 {
        &picture.payload
    } else {
        let mut whole = Payload::default();
        whole.push(0, window.len());
        whole_file = whole;
        &whole_file
    };
    let mut hasher = blake3::Hasher::new();
    let mut head = [0; 17];
    head[0] = format_number(container);
    // Of films the size was not always read, and what ledgers hold must stay.
    if !matches!(container, Container::Video | Container::Audio) {
        head[1..5].copy_from_slice(&picture.width.to_le_bytes());
        head[5..9].copy_from_slice(&picture.height.to_le_bytes());
    }
    head[9..].copy_from_slice(&payload.len().to_le_bytes());
    hasher.update(&head);
    let mut buf = [0; FINGERPRINT_BLOCK_BYTES];
    let block = FINGERPRINT_BLOCK_BYTES as u64;
    let spread = payload.len().saturating_sub(block);
    let mut hint = (0, 0);
    for nth in 0..FINGERPRINT_BLOCKS {
        let (start, len) = if payload.len() <= FINGERPRINT_BLOCKS * block {
            (nth * block, block.min(payload.len().saturating_sub(nth * block)))
        } else {
            // In 128 bits, because a sparse film may claim any length.
            ((u128::from(spread) * u128::from(nth) / u128::from(FINGERPRINT_BLOCKS - 1)) as u64, block)
        };
        if len == 0 {
            break;
        }
        for (at, len) in payload.pieces(start, len, &mut hint) {
            let part = &mut buf[..usize::try_from(len).unwrap_or(0).min(FINGERPRINT_BLOCK_BYTES)];
            let n = window.copy(at, part)?;
            hasher.update(&part[..n]);
        }
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Ok(Fingerprint(first))
}

/// Stored within fingerprints; never renumber.
const fn format_number(container: Container) -> u8 {
    match container {
        Container::Unknown | Container::Unreadable => 0,
        Container::Png => 1,
        Container::Jpeg => 2,
        Container::WebP => 3,
        Container::Gif => 4,
        Container::Bmp => 5,
        Container::Tiff => 6,
        Container::Avif => 7,
        Container::Heif => 8,
        Container::Jxl => 9,
        Container::Video => 10,
        Container::Audio => 11,
    }
}
