//! JPEG: baseline, three components without subsampling, two coefficients a block, own Huffman
//! tables in which every symbol has four bits. Layout: ITU-T T.81.

use super::Picture;

/// A JPEG of 16 × 8 with these segments, each a marker's second byte and what it holds (65,533 bytes at
/// most); its data is not decodable and need not be.
#[must_use]
pub fn jpeg(segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = b"\xff\xd8".to_vec();
    for (marker, data) in segments {
        segment(&mut file, *marker, data);
    }
    segment(&mut file, 0xc0, &[8, 0, 8, 0, 16, 1, 1, 0x11, 0]);
    segment(&mut file, 0xda, &[1, 1, 0, 0, 63, 0]);
    file.extend(b"picture data\xff\xd9");
    file
}

/// The same with an EXIF block.
#[must_use]
pub fn jpeg_exif(block: &[u8]) -> Vec<u8> {
    jpeg(&[(0xe1, &[b"Exif\0\0", block].concat())])
}

/// A JPEG that can be shown, with these segments before its tables. The picture's sides must be multiples
/// of 8, and a segment holds 65,533 bytes at most.
#[must_use]
pub fn jpeg_of(picture: &Picture, segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = Vec::with_capacity(1_024 + segments.iter().map(|(_, data)| data.len()).sum::<usize>());
    file.extend_from_slice(&[0xff, 0xd8]);
    for (marker, data) in segments {
        segment(&mut file, *marker, data);
    }
    // One quantisation table of ones for everything.
    let mut quantisation = [1; 65];
    quantisation[0] = 0;
    segment(&mut file, 0xdb, &quantisation);
    let [high, low] = (picture.height as u16).to_be_bytes();
    let [wide, narrow] = (picture.width as u16).to_be_bytes();
    segment(&mut file, 0xc0, &[8, high, low, wide, narrow, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    segment(&mut file, 0xc4, &huffman_table(0x00, 12, 0));
    segment(&mut file, 0xc4, &huffman_table(0x10, 11, 0));
    segment(&mut file, 0xda, &[3, 1, 0x00, 2, 0x00, 3, 0x00, 0, 63, 0]);
    file.extend_from_slice(&scan(picture));
    file.extend_from_slice(&[0xff, 0xd9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    file.extend_from_slice(&[0xff, marker]);
    file.extend_from_slice(&(payload.len() as u16 + 2).to_be_bytes());
    file.extend_from_slice(payload);
}

/// `symbols` codes of four bits, the symbols being `first`, `first + 1`, ...
fn huffman_table(class_and_id: u8, symbols: u8, first: u8) -> Vec<u8> {
    let mut table = vec![class_and_id, 0, 0, 0, symbols];
    table.extend_from_slice(&[0; 12]);
    table.extend(first..first + symbols);
    table
}

/// Entropy-coded blocks of all three components, interleaved.
fn scan(picture: &Picture) -> Vec<u8> {
    let mut bits = Bits::default();
    let mut last_dc = [0_i32; 3];
    for block_y in 0..picture.height / 8 {
        for block_x in 0..picture.width / 8 {
            for (component, last_dc) in last_dc.iter_mut().enumerate() {
                let (dc, slope) = block(picture, component, block_x, block_y);
                // With a quantiser of one the mean of a block, shifted by 128, counts eightfold.
                bits.value(dc - *last_dc);
                *last_dc = dc;
                if slope != 0 {
                    bits.value(slope);
                }
                // Symbol 0: the rest of the block is zero.
                bits.push(0, 4);
            }
        }
    }
    bits.finish()
}

/// The first two coefficients of a block: its mean, and the difference of its halves. They need
/// not be the true transform; they only make a picture that differs from every other.
fn block(picture: &Picture, component: usize, block_x: u32, block_y: u32) -> (i32, i32) {
    let (mut sum, mut slope) = (0_i32, 0_i32);
    for y in block_y * 8..block_y * 8 + 8 {
        for x in block_x * 8..block_x * 8 + 8 {
            let at = (y * picture.width + x) as usize * 3;
            let [red, green, blue] = [0, 1, 2].map(|channel| i32::from(picture.rgb[at + channel]));
            let value = match component {
                0 => (299 * red + 587 * green + 114 * blue) / 1_000 - 128,
                1 => (blue * 500 - red * 169 - green * 331) / 1_000,
                _ => (red * 500 - green * 419 - blue * 81) / 1_000,
            };
            sum += value;
            slope += if x % 8 < 4 { value } else { -value };
        }
    }
    (sum / 8, (slope / 8).clamp(-1_000, 1_000))
}

/// Bits, most significant first, with a zero byte stuffed behind each 0xff.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    pending_len: u32,
}

impl Bits {
    fn push(&mut self, value: u32, len: u32) {
        self.pending = (self.pending << len) | value;
        self.pending_len += len;
        while self.pending_len >= 8 {
            self.pending_len -= 8;
            let byte = (self.pending >> self.pending_len) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// A coefficient: the code of its size (which is the size itself), then its bits.
    fn value(&mut self, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        self.push(size, 4);
        let bits = if value < 0 { value - 1 } else { value };
        self.push(bits as u32 & ((1 << size) - 1), size);
    }

    fn finish(mut self) -> Vec<u8> {
        // The last byte is filled with ones.
        self.push(0x7f, 7);
        self.bytes
    }
}
