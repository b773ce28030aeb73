//! A small writer of pictures with a text in their lowest bits, and of rows under every filter.

use super::{Picture, Png, webp_of_pixels, zlib};
use std::io::Write as _;

/// A gzip stream of `data`.
#[must_use]
pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).and_then(|()| encoder.finish()).expect("writing to a vector cannot fail")
}

/// Signature, length in bits, payload: as it is hidden.
#[must_use]
pub fn message(signature: &str, payload: &[u8]) -> Vec<u8> {
    [signature.as_bytes(), &(payload.len() as u32 * 8).to_be_bytes(), payload].concat()
}

/// Pixels of some pattern with a message in their alpha, or else in their colours, column by column.
#[must_use]
pub fn pixels((width, height): (usize, usize), n_channels: usize, message: &[u8], in_alpha: bool) -> Vec<u8> {
    let mut pixels: Vec<u8> = (0..width * height * n_channels).map(|nth| (nth * 7 % 251) as u8 | 1).collect();
    write(&mut pixels, (width, height), n_channels, message, in_alpha);
    pixels
}

/// A picture of these pixels; row after row under the next filter, its data in chunks of this length.
#[must_use]
pub fn picture((width, height): (usize, usize), n_channels: usize, pixels: &[u8], n_chunk: usize) -> Png {
    let len = width * n_channels;
    let mut rows = Vec::new();
    for y in 0..height {
        let row = &pixels[y * len..][..len];
        let at = |y: usize, x: Option<usize>| x.map_or(0, |x| pixels[y * len + x]);
        let above = |x: Option<usize>| if y == 0 { 0 } else { at(y - 1, x) };
        let filter = (y % 5) as u8;
        rows.push(filter);
        for (x, value) in row.iter().enumerate() {
            let left = x.checked_sub(n_channels);
            let (a, b, c) = (i16::from(at(y, left)), i16::from(above(Some(x))), i16::from(above(left)));
            let paeth = [(0, a), (1, b), (2, c)]
                .into_iter()
                .min_by_key(|(nth, value)| ((a + b - c - value).abs(), *nth));
            let guess = [0, a, b, (a + b) / 2, paeth.map_or(a, |(_, value)| value)][usize::from(filter)];
            rows.push(value.wrapping_sub(guess as u8));
        }
    }
    let kind = if n_channels == 4 { 6 } else { 2 };
    let sides = [(width as u32).to_be_bytes(), (height as u32).to_be_bytes()].concat();
    let png = Png(b"\x89PNG\r\n\x1a\n".to_vec()).chunk(b"IHDR", &[&sides[..], &[8, kind, 0, 0, 0]].concat());
    zlib(&rows).chunks(n_chunk).fold(png, |png, part| png.chunk(b"IDAT", part))
}

/// A picture with a message.
#[must_use]
pub fn hidden(size: (usize, usize), n_channels: usize, signature: &str, payload: &[u8]) -> Vec<u8> {
    let in_alpha = signature.starts_with("stealth_png");
    let pixels = pixels(size, n_channels, &message(signature, payload), in_alpha);
    picture(size, n_channels, &pixels, 1 << 20).end()
}

/// A picture that is made large enough for its message: repeated to the right until it fits. `end` follows the
/// message.
#[must_use]
pub fn hidden_in(picture: &Picture, signature: &str, payload: &[u8], end: &[u8]) -> Vec<u8> {
    let (pixels, size) = enlarged(picture, signature, payload, end);
    self::picture(size, 4, &pixels, 1 << 15).end()
}

/// The same as a lossless WebP.
#[must_use]
pub fn hidden_in_webp(picture: &Picture, signature: &str, payload: &[u8], end: &[u8]) -> Vec<u8> {
    let (pixels, (width, height)) = enlarged(picture, signature, payload, end);
    webp_of_pixels((width as u32, height as u32), &pixels)
}

fn enlarged(picture: &Picture, signature: &str, payload: &[u8], end: &[u8]) -> (Vec<u8>, (usize, usize)) {
    let in_alpha = signature.starts_with("stealth_png");
    let message = [&message(signature, payload), end].concat();
    let n_bits = if in_alpha { 1 } else { 3 };
    let n_pixels = (message.len() * 8).div_ceil(n_bits);
    let (height, tile) = (picture.height as usize, picture.width as usize);
    let width = n_pixels.div_ceil(height).max(tile);
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let at = (y * tile + x % tile) * 3;
            pixels.extend_from_slice(&picture.rgb[at..at + 3]);
            // Opaque but for the lowest bit.
            pixels.push(255);
        }
    }
    write(&mut pixels, (width, height), 4, &message, in_alpha);
    (pixels, (width, height))
}

fn write(
    pixels: &mut [u8],
    (width, height): (usize, usize),
    n_channels: usize,
    message: &[u8],
    in_alpha: bool,
) {
    let channels: &[usize] = if in_alpha { &[3] } else { &[0, 1, 2] };
    let mut bits = message.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1));
    'all: for x in 0..width {
        for y in 0..height {
            for channel in channels {
                let Some(bit) = bits.next() else { break 'all };
                let at = (y * width + x) * n_channels + channel;
                pixels[at] = pixels[at] & 0xfe | bit;
            }
        }
    }
}
