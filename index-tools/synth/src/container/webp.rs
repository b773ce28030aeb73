//! WebP: lossless, no transform, no cache, eight bits for every colour value.
//!
//! Layout: WebP container specification and RFC 9649, section 3.

use super::Picture;

/// A lossless WebP with these chunks behind the picture.
#[must_use]
pub fn webp_of(picture: &Picture, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = Vec::with_capacity(1_024 + chunks.iter().map(|(_, data)| data.len()).sum::<usize>());
    body.extend_from_slice(b"WEBP");
    if !chunks.is_empty() {
        let has = |kind: &[u8; 4]| chunks.iter().any(|(known, _)| *known == kind);
        // Bit 3: there is EXIF; bit 2: XMP. Sides are stored less one, in 24 bits.
        let flags = u8::from(has(b"EXIF")) << 3 | u8::from(has(b"XMP ")) << 2;
        let mut extended = vec![flags, 0, 0, 0];
        extended.extend_from_slice(&(picture.width - 1).to_le_bytes()[..3]);
        extended.extend_from_slice(&(picture.height - 1).to_le_bytes()[..3]);
        chunk(&mut body, b"VP8X", &extended);
    }
    let pixels = picture.rgb.chunks_exact(3);
    chunk(&mut body, b"VP8L", &lossless((picture.width, picture.height), pixels, false));
    for (kind, data) in chunks {
        chunk(&mut body, kind, data);
    }
    riff(&body)
}

/// A lossless WebP of pixels of red, green, blue and alpha.
#[must_use]
pub fn webp_of_pixels((width, height): (u32, u32), pixels: &[u8]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    chunk(&mut body, b"VP8L", &lossless((width, height), pixels.chunks_exact(4), true));
    riff(&body)
}

/// A WebP of 8 × 4 with these chunks behind its frame, which cannot be decoded and need not be; it has
/// forgotten to say in its flags that they are there.
#[must_use]
pub fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let canvas = [0, 0, 0, 0, 7, 0, 0, 3, 0, 0];
    let frame = b"\x2f\x07\xc0\x00\x00\x88\x88\x08";
    let mut body = b"WEBP".to_vec();
    for (kind, data) in [(b"VP8X", &canvas[..]), (b"VP8L", &frame[..])].iter().chain(chunks) {
        chunk(&mut body, kind, data);
    }
    riff(&body)
}

/// A WebP of a lossy frame, of which there is only the head, with these chunks behind it.
#[must_use]
pub fn webp_lossy(width: u32, height: u32, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    let mut extended = vec![0b1100, 0, 0, 0];
    extended.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
    extended.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
    chunk(&mut body, b"VP8X", &extended);
    // A key frame's tag, its start code, sides in 14 bits.
    let sides = [(width as u16).to_le_bytes(), (height as u16).to_le_bytes()].concat();
    chunk(&mut body, b"VP8 ", &[&[0x10, 0, 0, 0x9d, 0x01, 0x2a][..], &sides, b"no frame"].concat());
    for (kind, data) in chunks {
        chunk(&mut body, kind, data);
    }
    riff(&body)
}

fn riff(body: &[u8]) -> Vec<u8> {
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), body].concat()
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend_from_slice(kind);
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    file.extend_from_slice(data);
    if data.len() % 2 == 1 {
        file.push(0);
    }
}

fn lossless<'a>(
    (width, height): (u32, u32),
    pixels: impl Iterator<Item = &'a [u8]>,
    has_alpha: bool,
) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0x2f, 8);
    bits.push(width - 1, 14);
    bits.push(height - 1, 14);
    // Alpha, version 0, no transform, no colour cache, one set of codes for all pixels.
    bits.push(u32::from(has_alpha), 1);
    bits.push(0, 3 + 1 + 1 + 1);
    // Green has 24 symbols more, for lengths of copies, which are not used.
    literal_code(&mut bits, 24);
    literal_code(&mut bits, 0);
    literal_code(&mut bits, 0);
    if has_alpha {
        literal_code(&mut bits, 0);
    } else {
        constant_code(&mut bits, 255);
    }
    constant_code(&mut bits, 0);
    for pixel in pixels {
        let colours = [pixel[1], pixel[0], pixel[2]];
        for value in colours.into_iter().chain(pixel.get(3).copied()) {
            // A code of eight bits is the value itself, its most significant bit first.
            bits.push(u32::from(value.reverse_bits()), 8);
        }
    }
    bits.bytes
}

/// 256 symbols of eight bits, then `unused` symbols without a code.
fn literal_code(bits: &mut Bits, unused: u32) {
    // Not a simple code; twelve lengths of the code of lengths follow, in the order 17, 18, 0, 1,
    // 2, 3, 4, 5, 16, 6, 7, 8. Only 0 and 8 get a code, of one bit each.
    bits.push(0, 1);
    bits.push(12 - 4, 4);
    for length in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1] {
        bits.push(length, 3);
    }
    // Lengths are stated for the whole alphabet.
    bits.push(0, 1);
    for _ in 0..256 {
        bits.push(1, 1);
    }
    for _ in 0..unused {
        bits.push(0, 1);
    }
}

/// A simple code of the one symbol `symbol`, which then takes no bits.
fn constant_code(bits: &mut Bits, symbol: u32) {
    // Simple, one symbol, eight bits for it.
    bits.push(1, 1);
    bits.push(0, 1);
    bits.push(1, 1);
    bits.push(symbol, 8);
}

/// Bits, least significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, len: u32) {
        for nth in 0..len {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let bit = ((value >> nth) & 1) as u8;
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << self.used;
            }
            self.used = (self.used + 1) % 8;
        }
    }
}
