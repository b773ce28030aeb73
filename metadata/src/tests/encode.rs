//! Small writers of the containers, and of what real writers get wrong. For tests and fixtures.

use std::io::Write as _;

/// A PNG of 1 × 1 whose chunks a test puts together.
pub(crate) struct Png(pub(crate) Vec<u8>);

impl Png {
    /// Signature and header.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        Self(b"\x89PNG\r\n\x1a\n".to_vec()).chunk(b"IHDR", &header)
    }

    pub(crate) fn chunk(mut self, kind: &[u8; 4], data: &[u8]) -> Self {
        self.0.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        self.0.extend(kind);
        self.0.extend(data);
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(data);
        self.0.extend(sum.sum().to_be_bytes());
        self
    }

    pub(crate) fn text(self, keyword: &str, text: &str) -> Self {
        self.chunk(b"tEXt", &[keyword.as_bytes(), b"\0", text.as_bytes()].concat())
    }

    pub(crate) fn ztxt(self, keyword: &str, text: &[u8]) -> Self {
        self.chunk(b"zTXt", &[keyword.as_bytes(), b"\0\0", &zlib(text)].concat())
    }

    pub(crate) fn itxt(self, keyword: &str, text: &str) -> Self {
        self.chunk(b"iTXt", &[keyword.as_bytes(), b"\0\0\0\0\0", text.as_bytes()].concat())
    }

    pub(crate) fn itxt_compressed(self, keyword: &str, text: &str) -> Self {
        self.chunk(b"iTXt", &[keyword.as_bytes(), b"\0\x01\0en\0\0", &zlib(text.as_bytes())].concat())
    }

    /// Picture data: real for the size given, one grey value.
    pub(crate) fn idat(self, width: u32, height: u32, grey: u8) -> Self {
        let row = [&[0][..], &vec![grey; width as usize * 3]].concat();
        let rows = row.repeat(height as usize);
        self.chunk(b"IDAT", &zlib(&rows))
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.chunk(b"IEND", b"").0
    }
}

/// A PNG with these texts before its data.
pub(crate) fn png(texts: &[(&str, &str)]) -> Vec<u8> {
    texts.iter().fold(Png::new(1, 1), |png, (keyword, text)| png.text(keyword, text)).idat(1, 1, 7).end()
}

pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A TIFF block: entries of IFD0, then entries of the Exif directory.
pub(crate) fn tiff(little: bool, ifd0: &[(u16, u16, &[u8])], exif: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let w16 = |n: usize| {
        let n = u16::try_from(n).unwrap();
        if little { n.to_le_bytes() } else { n.to_be_bytes() }
    };
    let w32 = |n: usize| {
        let n = u32::try_from(n).unwrap();
        if little { n.to_le_bytes() } else { n.to_be_bytes() }
    };
    let mut block = if little { b"II".to_vec() } else { b"MM".to_vec() };
    block.extend(w16(42));
    block.extend(w32(8));
    let has_exif = usize::from(!exif.is_empty());
    let n_first = ifd0.len() + has_exif;
    let exif_at = 8 + 2 + n_first * 12 + 4;
    let mut data_at = if exif.is_empty() { exif_at } else { exif_at + 2 + exif.len() * 12 + 4 };
    let mut data = Vec::new();
    for (nth, entries) in [ifd0, exif].into_iter().enumerate() {
        if nth == 1 && exif.is_empty() {
            break;
        }
        block.extend(w16(if nth == 0 { n_first } else { entries.len() }));
        for (tag, kind, value) in entries {
            block.extend(w16(usize::from(*tag)));
            block.extend(w16(usize::from(*kind)));
            block.extend(w32(value.len()));
            if value.len() <= 4 {
                block.extend(value.iter().copied().chain([0; 4]).take(4));
            } else {
                block.extend(w32(data_at));
                data_at += value.len();
                data.extend_from_slice(value);
            }
        }
        if nth == 0 && has_exif == 1 {
            block.extend(w16(0x8769));
            block.extend(w16(4));
            block.extend(w32(1));
            block.extend(w32(exif_at));
        }
        block.extend([0; 4]);
    }
    [block, data].concat()
}

/// `UNICODE\0` and UTF-16.
pub(crate) fn unicode(text: &str, little: bool) -> Vec<u8> {
    let order = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    b"UNICODE\0".iter().copied().chain(text.encode_utf16().flat_map(order)).collect()
}

/// The block that A1111 writes: big-endian throughout.
pub(crate) fn comment_block(text: &str) -> Vec<u8> {
    tiff(false, &[], &[(0x9286, 7, &unicode(text, false))])
}

/// A JPEG of 16 × 8 with these segments; its data is not decodable and need not be.
pub(crate) fn jpeg(segments: &[(u8, &[u8])]) -> Vec<u8> {
    let frame = [8, 0, 8, 0, 16, 1, 1, 0x11, 0];
    let mut bytes = b"\xff\xd8".to_vec();
    for (mark, data) in segments.iter().copied().chain([(0xc0, &frame[..]), (0xda, &[1, 1, 0, 0, 63, 0][..])])
    {
        bytes.extend([0xff, mark]);
        bytes.extend(u16::try_from(data.len() + 2).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes.extend(b"picture data\xff\xd9");
    bytes
}

/// A JPEG with an EXIF block.
pub(crate) fn jpeg_exif(block: &[u8]) -> Vec<u8> {
    jpeg(&[(0xe1, &[b"Exif\0\0", block].concat())])
}

/// A WebP of 8 × 4 with these chunks behind its frame.
pub(crate) fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let canvas = [0, 0, 0, 0, 7, 0, 0, 3, 0, 0];
    let frame = b"\x2f\x07\xc0\x00\x00\x88\x88\x08";
    let mut body = b"WEBP".to_vec();
    for (kind, data) in [(b"VP8X", &canvas[..]), (b"VP8L", &frame[..])].iter().chain(chunks) {
        body.extend(*kind);
        body.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend(*data);
        body.extend(vec![0; data.len() % 2]);
    }
    [&b"RIFF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}
