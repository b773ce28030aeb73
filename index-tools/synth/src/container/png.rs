//! PNG, chunk by chunk: texts in each of their forms, before and behind the picture.
//!
//! Layout: W3C Portable Network Graphics, third edition; zlib stream: RFC 1950 and 1951.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};

use super::Picture;

/// A PNG file in the making: whatever is asked for is put behind what is there.
pub struct Png(pub Vec<u8>);

impl Png {
    /// Signature and header of an RGB picture of eight bits; sides in pixels.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        // Eight bits, RGB, deflate, no filter method but 0, not interlaced.
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        Self(b"\x89PNG\r\n\x1a\n".to_vec()).chunk(b"IHDR", &header)
    }

    /// A chunk with its checksum.
    #[must_use]
    pub fn chunk(mut self, kind: &[u8; 4], data: &[u8]) -> Self {
        let file = &mut self.0;
        file.extend_from_slice(&(data.len() as u32).to_be_bytes());
        let checked_from = file.len();
        file.extend_from_slice(kind);
        file.extend_from_slice(data);
        let mut crc = Crc::new();
        crc.update(&file[checked_from..]);
        file.extend_from_slice(&crc.sum().to_be_bytes());
        self
    }

    /// `tEXt` with the text as it is, UTF-8: against the standard, and the rule.
    #[must_use]
    pub fn text(self, keyword: &str, text: &str) -> Self {
        self.chunk(b"tEXt", &[keyword.as_bytes(), b"\0", text.as_bytes()].concat())
    }

    /// The same with a checksum that no longer fits.
    #[must_use]
    pub fn text_of_another_checksum(self, keyword: &str, text: &str) -> Self {
        let mut png = self.text(keyword, text);
        if let Some(last) = png.0.last_mut() {
            *last ^= 0xff;
        }
        png
    }

    /// `zTXt`: compressed.
    #[must_use]
    pub fn ztxt(self, keyword: &str, text: &[u8]) -> Self {
        self.chunk(b"zTXt", &[keyword.as_bytes(), b"\0\0", &zlib(text)].concat())
    }

    /// `iTXt`, not compressed, without language.
    #[must_use]
    pub fn itxt(self, keyword: &str, text: &str) -> Self {
        self.chunk(b"iTXt", &[keyword.as_bytes(), b"\0\0\0\0\0", text.as_bytes()].concat())
    }

    /// `iTXt`, compressed, without language.
    #[must_use]
    pub fn itxt_compressed(self, keyword: &str, text: &str) -> Self {
        self.chunk(b"iTXt", &[keyword.as_bytes(), b"\0\x01\0\0\0", &quickly(text.as_bytes())].concat())
    }

    /// `tEXt` in Latin-1 when the text has no other characters, else `iTXt`: what Pillow does.
    #[must_use]
    pub fn pillow(self, keyword: &str, text: &str) -> Self {
        match latin1(text) {
            Some(text) => self.chunk(b"tEXt", &[keyword.as_bytes(), b"\0", &text].concat()),
            None => self.itxt(keyword, text),
        }
    }

    /// `zTXt` in Latin-1, or compressed `iTXt`: what image editors write, behind the picture.
    #[must_use]
    pub fn packed(self, keyword: &str, text: &str) -> Self {
        match latin1(text) {
            Some(text) => self.chunk(b"zTXt", &[keyword.as_bytes(), b"\0\0", &quickly(&text)].concat()),
            None => self.itxt_compressed(keyword, text),
        }
    }

    /// The data of a picture of one grey value.
    #[must_use]
    pub fn idat(self, width: u32, height: u32, grey: u8) -> Self {
        let row = [&[0][..], &vec![grey; width as usize * 3]].concat();
        let rows = row.repeat(height as usize);
        self.chunk(b"IDAT", &zlib(&rows))
    }

    /// The data of a picture.
    #[must_use]
    pub fn pixels(self, picture: &Picture) -> Self {
        self.chunk(b"IDAT", &stored_pixels(picture))
    }

    /// The file.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        self.chunk(b"IEND", b"").0
    }
}

/// A PNG of one pixel with these texts before its data.
#[must_use]
pub fn png(texts: &[(&str, &str)]) -> Vec<u8> {
    texts.iter().fold(Png::new(1, 1), |png, (keyword, text)| png.text(keyword, text)).idat(1, 1, 7).end()
}

/// A zlib stream of `data`.
#[must_use]
pub fn zlib(data: &[u8]) -> Vec<u8> {
    deflated(data, Compression::default())
}

/// The same, larger and sooner, for libraries of a million files.
fn quickly(data: &[u8]) -> Vec<u8> {
    deflated(data, Compression::fast())
}

fn deflated(data: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), level);
    encoder.write_all(data).and_then(|()| encoder.finish()).expect("writing to a vector cannot fail")
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
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
