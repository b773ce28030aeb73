//! A text hidden in a lossless WebP, or in the lossless alpha of a lossy one. Its pixels are coded one upon the
//! other, so there is no looking at the first few: the picture, or its alpha, is decoded as a whole. That is
//! done only where it is asked for, no other text spoke, and the picture is of a bounded size.

use crate::limits::{CHUNKS_PER_FILE_MAX, HIDDEN_DECODED_PIXELS_MAX};
use crate::slots::Slots;
use crate::source::Window;
use crate::stealth::{Form, Lines, keep};
use std::io::{self, Cursor};

/// Keeps the hidden text of a WebP, if it has one.
pub(super) fn probe(window: &Window<'_>, size: (u32, u32), slots: &mut Slots) -> io::Result<()> {
    let (Ok(width), Ok(height)) = (usize::try_from(size.0), usize::try_from(size.1)) else { return Ok(()) };
    let n_pixels = width.saturating_mul(height);
    if n_pixels == 0 || n_pixels > HIDDEN_DECODED_PIXELS_MAX {
        return Ok(());
    }
    let Some((kind, start, len)) = carrier(window)? else { return Ok(()) };
    // Coded pixels are never longer than plain ones, but for what codes them.
    let wanted = len.min(n_pixels as u64 * 4 + CODING_BYTES_MAX);
    let mut bytes = vec![0; usize::try_from(wanted).unwrap_or(0)];
    let n = window.copy(start, &mut bytes)?;
    bytes.truncate(n);
    let plane = match kind {
        Kind::Picture => picture(&bytes, size),
        Kind::Alpha => alpha(&bytes, size),
    };
    let Some(Plane { bytes, n_channels }) = plane else { return Ok(()) };
    let form = Form { width, height, n_channels };
    keep(&form, &mut Whole { bytes: &bytes, row_len: width * n_channels, nth: None }, slots)
}

/// Bytes of the tables and transforms before coded pixels, at most.
const CODING_BYTES_MAX: u64 = 1 << 20;

/// What carries the bits.
#[derive(Clone, Copy)]
enum Kind {
    /// A chunk `VP8L`.
    Picture,
    /// A chunk `ALPH`.
    Alpha,
}

/// The chunk that may carry a text: its kind, start and length. Of an animation, none.
fn carrier(window: &Window<'_>) -> io::Result<Option<(Kind, u64, u64)>> {
    let mut at = 12;
    for _ in 0..CHUNKS_PER_FILE_MAX.min(64) {
        let Some([k0, k1, k2, k3, len @ ..]) = window.array::<8>(at)? else { break };
        let len = u64::from(u32::from_le_bytes(len));
        match &[k0, k1, k2, k3] {
            b"VP8L" => return Ok(Some((Kind::Picture, at + 8, len))),
            b"ALPH" => return Ok(Some((Kind::Alpha, at + 8, len))),
            b"VP8 " | b"ANMF" => break,
            _ => at += 8 + len + len % 2,
        }
    }
    Ok(None)
}

/// Decoded pixels.
struct Plane {
    bytes: Vec<u8>,
    n_channels: usize,
}

/// Decodes a chunk `VP8L`; `None` where it is damaged or of another size.
fn picture(chunk: &[u8], size: (u32, u32)) -> Option<Plane> {
    let len = u32::try_from(chunk.len()).ok()?;
    let padding = chunk.len() % 2;
    let riff = [
        b"RIFF",
        &(len.checked_add(12 + padding as u32)?).to_le_bytes()[..],
        b"WEBPVP8L",
        &len.to_le_bytes(),
        chunk,
        &[0][..padding],
    ]
    .concat();
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(riff)).ok()?;
    if decoder.dimensions() != size {
        return None;
    }
    let mut bytes = vec![0; decoder.output_buffer_size()?];
    decoder.read_image(&mut bytes).ok()?;
    Some(Plane { bytes, n_channels: if decoder.has_alpha() { 4 } else { 3 } })
}

/// Decodes a chunk `ALPH`: plain or coded as the green of a picture, and then predicted from its neighbours
/// (WebP container specification, section Alpha).
fn alpha(chunk: &[u8], (width, height): (u32, u32)) -> Option<Plane> {
    let (flags, data) = chunk.split_first()?;
    let n_pixels = usize::try_from(u64::from(width) * u64::from(height)).ok()?;
    let mut bytes = match flags & 3 {
        0 => data.get(..n_pixels)?.to_vec(),
        1 => {
            // Coded as a picture whose header is left out, since it would say nothing new.
            let sides = width.checked_sub(1)? | height.checked_sub(1)? << 14;
            let head = [&[0x2f][..], &sides.to_le_bytes()].concat();
            let Plane { bytes, n_channels } = picture(&[&head[..], data].concat(), (width, height))?;
            bytes.chunks_exact(n_channels).map(|pixel| pixel[1]).collect()
        }
        _ => return None,
    };
    unpredict(&mut bytes, usize::try_from(width).ok()?, flags >> 2 & 3);
    Some(Plane { bytes, n_channels: 1 })
}

/// Undoes the prediction: 1 from the left, 2 from above, 3 from both.
fn unpredict(bytes: &mut [u8], width: usize, filter: u8) {
    if filter == 0 {
        return;
    }
    for at in 1..bytes.len() {
        let left = || bytes[at - 1];
        let above = || bytes[at - width];
        let guess = match (filter, at / width, at % width) {
            (_, 0, _) => left(),
            (_, _, 0) | (2, _, _) => above(),
            (1, _, _) => left(),
            _ => {
                let sum = i16::from(left()) + i16::from(above()) - i16::from(bytes[at - width - 1]);
                sum.clamp(0, 255) as u8
            }
        };
        bytes[at] = bytes[at].wrapping_add(guess);
    }
}

/// Rows of a decoded picture.
struct Whole<'a> {
    bytes: &'a [u8],
    row_len: usize,
    nth: Option<usize>,
}

impl Lines for Whole<'_> {
    fn begin(&mut self, _n_columns: usize) {
        self.nth = None;
    }

    fn next(&mut self) -> io::Result<bool> {
        let nth = self.nth.map_or(0, |nth| nth + 1);
        self.nth = Some(nth);
        Ok((nth + 1) * self.row_len <= self.bytes.len())
    }

    fn row(&self) -> &[u8] {
        let start = self.nth.unwrap_or(0) * self.row_len;
        &self.bytes[start..start + self.row_len]
    }
}
