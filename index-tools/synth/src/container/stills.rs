//! Small writers of TIFF, GIF, BMP, AVIF, HEIC and JPEG XL.

use super::Picture;

/// An entry of a TIFF directory: tag, kind, bytes in the file's order.
pub type Entry = (u16, u16, Vec<u8>);

/// Writes TIFF files of either order and either size of offsets.
#[derive(Clone, Copy)]
pub struct Tiff {
    /// The least significant byte first.
    pub little: bool,
    /// BigTIFF: offsets of 64 bits.
    pub is_big: bool,
}

impl Tiff {
    /// A number of so many bytes.
    #[must_use]
    pub fn number(self, number: u64, n: usize) -> Vec<u8> {
        if self.little { number.to_le_bytes()[..n].to_vec() } else { number.to_be_bytes()[8 - n..].to_vec() }
    }

    /// An entry of one number of 16 bits.
    #[must_use]
    pub fn short(self, tag: u16, number: u64) -> Entry {
        (tag, 3, self.number(number, 2))
    }

    fn offset(self, number: usize) -> Vec<u8> {
        self.number(number as u64, if self.is_big { 8 } else { 4 })
    }

    /// Values behind what is there, then the directory; answers where that is.
    fn directory(self, file: &mut Vec<u8>, mut entries: Vec<Entry>) -> usize {
        entries.sort_by_key(|(tag, _, _)| *tag);
        let n_inline = if self.is_big { 8 } else { 4 };
        let mut table = self.number(entries.len() as u64, if self.is_big { 8 } else { 2 });
        for (tag, kind, value) in &entries {
            let size = [1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4][usize::from(*kind).min(13)];
            let size = if *kind > 13 { 8 } else { size };
            table.extend([self.number((*tag).into(), 2), self.number((*kind).into(), 2)].concat());
            table.extend(self.offset(value.len() / size));
            if value.len() <= n_inline {
                table.extend(value.iter().copied().chain([0; 8]).take(n_inline));
            } else {
                table.extend(self.offset(file.len()));
                file.extend(value);
                file.extend(vec![0; value.len() % 2]);
            }
        }
        let at = file.len();
        file.extend(table);
        file.extend(self.offset(0));
        at
    }

    /// A grey picture in strips of one row, with these values in IFD0, the Exif and the GPS directory.
    #[must_use]
    pub fn file(self, (width, height): (u16, u16), ifd0: &[Entry], exif: &[Entry], gps: &[Entry]) -> Vec<u8> {
        let mut file = if self.little { b"II".to_vec() } else { b"MM".to_vec() };
        file.extend(self.number(if self.is_big { 43 } else { 42 }, 2));
        if self.is_big {
            file.extend([self.number(8, 2), self.number(0, 2)].concat());
        }
        let first = file.len();
        file.extend(self.offset(0));
        let mut entries = ifd0.to_vec();
        for (tag, values) in [(0x8769, exif), (0x8825, gps)] {
            if !values.is_empty() {
                let at = self.directory(&mut file, values.to_vec());
                entries.push((tag, if self.is_big { 18 } else { 4 }, self.offset(at)));
            }
        }
        let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
        for row in 0..height {
            offsets.extend(self.number(file.len() as u64, 4));
            lengths.extend(self.number(width.into(), 4));
            file.extend(vec![40 + row as u8; width.into()]);
        }
        file.extend(vec![0; file.len() % 2]);
        entries.extend([(273, 4, offsets), (279, 4, lengths)]);
        entries.extend(
            [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (277, 1), (278, 1)]
                .map(|(tag, number)| self.short(tag, number.into())),
        );
        let at = self.directory(&mut file, entries);
        let offset = self.offset(at);
        file[first..first + offset.len()].copy_from_slice(&offset);
        file
    }
}

/// Blocks of at most 255 bytes, and their end.
#[must_use]
pub fn blocks(data: &[u8]) -> Vec<u8> {
    let mut chain: Vec<u8> =
        data.chunks(255).flat_map(|block| [&[block.len() as u8], block].concat()).collect();
    chain.push(0);
    chain
}

/// A comment of a GIF.
#[must_use]
pub fn gif_comment(text: &str) -> Vec<u8> {
    [&[0x21, 0xfe][..], &blocks(text.as_bytes())].concat()
}

/// XMP as it is kept in a GIF: not in blocks, with a trailer that leads to the end.
#[must_use]
pub fn gif_xmp(text: &str) -> Vec<u8> {
    let trailer: Vec<u8> = [1].into_iter().chain((0..=255).rev()).chain([0]).collect();
    [&b"\x21\xff\x0bXMP DataXMP"[..], text.as_bytes(), &trailer].concat()
}

/// A GIF of 1 × 1 with these extensions before its frame, and these behind.
#[must_use]
pub fn gif(before: &[Vec<u8>], behind: &[Vec<u8>]) -> Vec<u8> {
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0".to_vec();
    let head = b"GIF89a\x01\0\x01\0\x80\0\0\x11\x22\x33\0\0\0".to_vec();
    [&[head][..], before, &[frame], behind, &[b"\x3b".to_vec()]].concat().concat()
}

/// A GIF of 128 greys with these extensions before its frame, and these behind.
#[must_use]
pub fn gif_of(picture: &Picture, before: &[Vec<u8>], behind: &[Vec<u8>]) -> Vec<u8> {
    let sides = [(picture.width as u16).to_le_bytes(), (picture.height as u16).to_le_bytes()].concat();
    // A table of 2^7 colours.
    let mut head = [b"GIF89a", &sides[..], &[0xe6, 0, 0]].concat();
    head.extend((0..128).flat_map(|grey| [grey * 2; 3]));
    // Codes of eight bits, the table of codes emptied before they would need nine.
    let mut codes = Vec::new();
    for greys in picture.rgb.chunks(3).map(|pixel| pixel[1] / 2).collect::<Vec<_>>().chunks(126) {
        codes.push(128);
        codes.extend_from_slice(greys);
    }
    codes.push(129);
    let frame = [&b"\x2c\0\0\0\0"[..], &sides, &[0, 7], &blocks(&codes)].concat();
    [&[head][..], before, &[frame], behind, &[b"\x3b".to_vec()]].concat().concat()
}

/// A bitmap of 24 bits, at 72 dots per inch, with these bytes behind.
#[must_use]
pub fn bmp(width: i32, height: i32, grey: u8, behind: &[u8]) -> Vec<u8> {
    let row = (width as usize * 3).div_ceil(4) * 4;
    let pixels = vec![grey; row * height.unsigned_abs() as usize];
    let mut file = b"BM".to_vec();
    for number in [54 + pixels.len() as i32, 0, 54, 40, width, height, 1 | 24 << 16, 0, 0, 2835, 2835, 0, 0] {
        file.extend(number.to_le_bytes());
    }
    [&file, &pixels[..], behind].concat()
}

/// A box of an ISO file.
#[must_use]
pub fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(8 + content.len() as u32).to_be_bytes()[..], kind, content].concat()
}

/// An item of an AVIF or HEIC file.
pub struct Item {
    /// Its type.
    pub kind: &'static [u8; 4],
    /// Its bytes.
    pub content: Vec<u8>,
    /// Within the box of small data.
    pub is_inside: bool,
}

/// An item outside the box of small data.
#[must_use]
pub fn item(kind: &'static [u8; 4], content: &[u8]) -> Item {
    Item { kind, content: content.to_vec(), is_inside: false }
}

/// An EXIF item: the block behind its offset, with `Exif\0\0` between.
#[must_use]
pub fn exif_item(block: &[u8]) -> Item {
    item(b"Exif", &[&[0, 0, 0, 6][..], b"Exif\0\0", block].concat())
}

/// An AVIF or HEIC file whose first item is the picture, of 64 × 32 before it is turned by so many
/// quarters; an item `grid` is made of all items of coded pictures. The others describe the first.
#[must_use]
pub fn heif(brand: &[u8; 4], turns: u8, items: &[Item]) -> Vec<u8> {
    let ftyp = boxed(b"ftyp", &[brand, &b"\0\0\0\0mif1"[..], brand].concat());
    // Lengths do not depend on offsets, so the tables are made twice.
    let draft = tables(turns, items, 0);
    let data_at = ftyp.len() + draft.len() + 8;
    let outside = items.iter().filter(|item| !item.is_inside);
    let data: Vec<u8> = outside.flat_map(|item| item.content.clone()).collect();
    [ftyp, tables(turns, items, data_at), boxed(b"mdat", &data)].concat()
}

fn tables(turns: u8, items: &[Item], data_at: usize) -> Vec<u8> {
    let w16 = |number: usize| (number as u16).to_be_bytes();
    let mut infos = [&[0; 4][..], &w16(items.len())].concat();
    let mut places = [&[1, 0, 0, 0, 0x44, 0][..], &w16(items.len())].concat();
    let mut references = vec![0; 4];
    let (mut inside, mut outside) = (Vec::new(), data_at);
    let is_coded = |item: &Item| matches!(item.kind, b"av01" | b"hvc1");
    for (nth, Item { kind, content, is_inside }) in items.iter().enumerate() {
        let id = w16(nth + 1);
        let mime: &[u8] = if *kind == b"mime" { b"application/rdf+xml\0" } else { b"" };
        infos.extend(boxed(b"infe", &[&[2, 0, 0, 0][..], &id, &[0, 0], *kind, &[0], mime].concat()));
        let at = if *is_inside { inside.len() } else { outside };
        places.extend([&id[..], &w16(usize::from(*is_inside)), &[0, 0, 0, 1]].concat());
        places.extend([(at as u32).to_be_bytes(), (content.len() as u32).to_be_bytes()].concat());
        if *is_inside {
            inside.extend(content);
        } else {
            outside += content.len();
        }
        if matches!(*kind, b"Exif" | b"mime") {
            references.extend(boxed(b"cdsc", &[&id[..], &[0, 1, 0, 1]].concat()));
        }
        if *kind == b"grid" {
            let parts: Vec<_> = (1..=items.len()).filter(|part| is_coded(&items[part - 1])).collect();
            let to: Vec<u8> = parts.iter().flat_map(|part| w16(*part)).collect();
            references.extend(boxed(b"dimg", &[&id[..], &w16(parts.len()), &to].concat()));
        }
    }
    let size = [&[0; 4][..], &64_u32.to_be_bytes(), &32_u32.to_be_bytes()].concat();
    let other = [&[0; 4][..], &8_u32.to_be_bytes(), &8_u32.to_be_bytes()].concat();
    let list = [boxed(b"ispe", &other), boxed(b"ispe", &size), boxed(b"irot", &[turns])].concat();
    let own = [&[0; 4][..], &1_u32.to_be_bytes(), &[0, 1, 2, 0x82, 3]].concat();
    let properties = [boxed(b"ipco", &list), boxed(b"ipma", &own)].concat();
    let tables = [
        vec![0; 4],
        boxed(b"hdlr", &[&[0; 8][..], b"pict", &[0; 13]].concat()),
        boxed(b"pitm", &[0, 0, 0, 0, 0, 1]),
        boxed(b"iloc", &places),
        boxed(b"iinf", &infos),
        boxed(b"iref", &references),
        boxed(b"iprp", &properties),
        boxed(b"idat", &inside),
    ];
    boxed(b"meta", &tables.concat())
}

/// The start of a codestream of 64 × 32, and something behind.
#[must_use]
pub fn codestream() -> Vec<u8> {
    // Small form: 32 high; twice as wide.
    let bits = 1 | 3 << 1 | 7 << 6 | 1 << 9;
    [&b"\xff\x0a"[..], &u16::to_le_bytes(bits), b"coded picture"].concat()
}

/// A JPEG XL file of boxes.
#[must_use]
pub fn jxl(boxes: &[Vec<u8>]) -> Vec<u8> {
    let head = [boxed(b"JXL ", b"\r\n\x87\n"), boxed(b"ftyp", b"jxl \0\0\0\0jxl ")].concat();
    [&[head][..], boxes].concat().concat()
}

/// A Brotli stream of blocks that are not compressed.
#[must_use]
pub fn brotli(data: &[u8]) -> Vec<u8> {
    // A window of 2^16 bytes is a single bit.
    let (mut bits, mut n_bits) = (0_u64, 1);
    let mut stream = Vec::new();
    for block in data.chunks(1 << 16) {
        // Not the last, four digits of its length less one, not compressed; then whole bytes.
        bits |= (block.len() as u64 - 1) << (n_bits + 3) | 1 << (n_bits + 19);
        n_bits += 20;
        stream.extend(&bits.to_le_bytes()[..usize::div_ceil(n_bits, 8)]);
        stream.extend(block);
        (bits, n_bits) = (0, 0);
    }
    stream.push((bits | 3 << n_bits) as u8);
    stream
}
