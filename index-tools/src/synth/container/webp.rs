//! WebP: lossless, no transform, no cache, eight bits for every colour value.
//!
//! Layout: WebP container specification and RFC 9649, section 3.

use super::Picture;

/// The file, with `exif` (a TIFF block) in an `EXIF` chunk behind the picture.
pub(crate) fn webp(picture: &Picture, exif: Option<&[u8]>) -> Vec<u8> {
    let mut body = Vec::with_capacity(1_024 + exif.map_or(0, <[u8]>::len));
    body.extend_from_slice(b"WEBP");
    if exif.is_some() {
        // Bit 3: there is EXIF. Sides are stored less one, in 24 bits.
        let mut extended = vec![0b1000, 0, 0, 0];
        extended.extend_from_slice(&(picture.width - 1).to_le_bytes()[..3]);
        extended.extend_from_slice(&(picture.height - 1).to_le_bytes()[..3]);
        chunk(&mut body, b"VP8X", &extended);
    }
    chunk(&mut body, b"VP8L", &lossless(picture));
    if let Some(exif) = exif {
        chunk(&mut body, b"EXIF", exif);
    }
    let mut file = Vec::with_capacity(body.len() + 8);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(body.len() as u32).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend_from_slice(kind);
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    file.extend_from_slice(data);
    if data.len() % 2 == 1 {
        file.push(0);
    }
}

fn lossless(picture: &Picture) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0x2f, 8);
    bits.push(picture.width - 1, 14);
    bits.push(picture.height - 1, 14);
    // No alpha, version 0, no transform, no colour cache, one set of codes for all pixels.
    bits.push(0, 1 + 3 + 1 + 1 + 1);
    // Green has 24 symbols more, for lengths of copies, which are not used.
    literal_code(&mut bits, 24);
    literal_code(&mut bits, 0);
    literal_code(&mut bits, 0);
    constant_code(&mut bits, 255);
    constant_code(&mut bits, 0);
    for pixel in picture.rgb.chunks_exact(3) {
        for value in [pixel[1], pixel[0], pixel[2]] {
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
