//! PNG: header, texts, pixels in one stored deflate stream, end; every chunk with its checksum.
//!
//! Layout: W3C Portable Network Graphics, third edition; zlib stream: RFC 1950 and 1951.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};

use super::Picture;

/// How a text is put into a PNG.
pub(crate) enum PngText<'a> {
    /// `tEXt` when the text is Latin-1, else `iTXt`: what Pillow does.
    Plain(&'a str, &'a str),
    /// `iTXt` with a compressed text.
    Compressed(&'a str, &'a str),
    /// `zTXt` behind the pixels, as image editors write it. Latin-1 only; other texts become
    /// compressed `iTXt` there.
    Behind(&'a str, &'a str),
}

/// A PNG file in the making.
pub(crate) struct Png<'a> {
    picture: &'a Picture,
    texts: Vec<PngText<'a>>,
}

impl<'a> Png<'a> {
    /// A file without texts.
    pub(crate) fn new(picture: &'a Picture) -> Self {
        Self { picture, texts: Vec::new() }
    }

    /// Adds a text after those added before.
    pub(crate) fn text(mut self, text: PngText<'a>) -> Self {
        self.texts.push(text);
        self
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = Vec::with_capacity(4_096);
        file.extend_from_slice(b"\x89PNG\r\n\x1a\n");
        let mut header = Vec::with_capacity(13);
        header.extend_from_slice(&self.picture.width.to_be_bytes());
        header.extend_from_slice(&self.picture.height.to_be_bytes());
        // Eight bits, RGB, deflate, no filter method but 0, not interlaced.
        header.extend_from_slice(&[8, 2, 0, 0, 0]);
        chunk(&mut file, b"IHDR", &header);
        for text in &self.texts {
            match text {
                PngText::Plain(key, value) => plain(&mut file, key, value),
                PngText::Compressed(key, value) => international(&mut file, key, value, true),
                PngText::Behind(..) => {}
            }
        }
        chunk(&mut file, b"IDAT", &stored_pixels(self.picture));
        for text in &self.texts {
            match text {
                PngText::Behind(key, value) => behind(&mut file, key, value),
                PngText::Plain(..) | PngText::Compressed(..) => {}
            }
        }
        chunk(&mut file, b"IEND", &[]);
        file
    }
}

fn plain(file: &mut Vec<u8>, key: &str, value: &str) {
    match latin1(value) {
        Some(value) => {
            let mut data = Vec::with_capacity(key.len() + 1 + value.len());
            data.extend_from_slice(key.as_bytes());
            data.push(0);
            data.extend_from_slice(&value);
            chunk(file, b"tEXt", &data);
        }
        None => international(file, key, value, false),
    }
}

fn international(file: &mut Vec<u8>, key: &str, value: &str, compressed: bool) {
    let mut data = Vec::with_capacity(key.len() + 5 + value.len());
    data.extend_from_slice(key.as_bytes());
    // Compressed flag, method, then empty language and translated keyword.
    data.extend_from_slice(&[0, u8::from(compressed), 0, 0, 0]);
    if compressed {
        data.extend_from_slice(&zlib(value.as_bytes()));
    } else {
        data.extend_from_slice(value.as_bytes());
    }
    chunk(file, b"iTXt", &data);
}

fn behind(file: &mut Vec<u8>, key: &str, value: &str) {
    match latin1(value) {
        Some(value) => {
            let mut data = key.as_bytes().to_vec();
            data.extend_from_slice(&[0, 0]);
            data.extend_from_slice(&zlib(&value));
            chunk(file, b"zTXt", &data);
        }
        None => international(file, key, value, true),
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let checked_from = file.len();
    file.extend_from_slice(kind);
    file.extend_from_slice(data);
    let mut crc = Crc::new();
    crc.update(&file[checked_from..]);
    file.extend_from_slice(&crc.sum().to_be_bytes());
}

/// Rows with filter 0 in stored blocks: nothing is gained by compressing some hundred bytes.
fn stored_pixels(picture: &Picture) -> Vec<u8> {
    let row_bytes = picture.width as usize * 3;
    let mut rows = Vec::with_capacity((row_bytes + 1) * picture.height as usize);
    for row in picture.rgb.chunks_exact(row_bytes) {
        rows.push(0);
        rows.extend_from_slice(row);
    }
    let mut stream = vec![0x78, 0x01];
    let blocks = rows.chunks(usize::from(u16::MAX));
    let last = blocks.len();
    for (nth, block) in blocks.enumerate() {
        stream.push(u8::from(nth + 1 == last));
        let len = block.len() as u16;
        stream.extend_from_slice(&len.to_le_bytes());
        stream.extend_from_slice(&(!len).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&adler32(&rows).to_be_bytes());
    stream
}

fn adler32(data: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in data {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    (high << 16) | low
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).and_then(|()| encoder.finish()).expect("writing to a vector cannot fail")
}
