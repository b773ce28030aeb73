//! Small writers of films and sound: MP4 in its several ways, Matroska, FLAC, Ogg, MP3. No
//! stream of theirs can be played.

use super::stills::boxed;

/// The box that says which kind of file it is.
#[must_use]
pub fn ftyp(brand: &[u8; 4]) -> Vec<u8> {
    boxed(b"ftyp", &[brand, &b"\0\0\0\0isom"[..], brand].concat())
}

/// A track of a picture of this size, turned or not.
#[must_use]
pub fn track(width: u16, height: u16, is_turned: bool) -> Vec<u8> {
    let one = 0x1_0000_u32;
    let matrix = if is_turned {
        [0, one, 0, one.wrapping_neg(), 0, 0, 0, 0, 0x4000_0000]
    } else {
        [one, 0, 0, 0, one, 0, 0, 0, 0x4000_0000]
    };
    let mut content = vec![0; 40];
    content.extend(matrix.iter().flat_map(|number| number.to_be_bytes()));
    content.extend([width, 0, height, 0].iter().flat_map(|number| number.to_be_bytes()));
    boxed(b"trak", &boxed(b"tkhd", &content))
}

/// A value of a kind (1 = UTF-8) as lists of tags hold it.
#[must_use]
pub fn data(kind: u8, text: &[u8]) -> Vec<u8> {
    boxed(b"data", &[&[0, 0, 0, kind, 0, 0, 0, 0][..], text].concat())
}

fn handler(kind: &[u8; 4]) -> Vec<u8> {
    boxed(b"hdlr", &[&[0; 8][..], kind, &[0; 13]].concat())
}

/// Tags whose names stand beside them, as a full box or as QuickTime has it.
#[must_use]
pub fn keyed(tags: &[(&str, &str)], is_bare: bool) -> Vec<u8> {
    let mut keys = [[0; 4], (tags.len() as u32).to_be_bytes()].concat();
    let mut list = Vec::new();
    for (nth, (name, text)) in tags.iter().enumerate() {
        keys.extend((8 + name.len() as u32).to_be_bytes());
        keys.extend([b"mdta", name.as_bytes()].concat());
        list.extend(boxed(&(nth as u32 + 1).to_be_bytes(), &data(1, text.as_bytes())));
    }
    let inside = [handler(b"mdta"), boxed(b"keys", &keys), boxed(b"ilst", &list)].concat();
    boxed(b"meta", &[if is_bare { &[][..] } else { &[0; 4] }, &inside].concat())
}

/// Tags with names of four letters.
#[must_use]
pub fn lettered(tags: &[(&[u8; 4], &str)]) -> Vec<u8> {
    let list: Vec<u8> = tags.iter().flat_map(|(name, text)| boxed(name, &data(1, text.as_bytes()))).collect();
    boxed(b"meta", &[&[0; 4][..], &handler(b"mdir"), &boxed(b"ilst", &list)].concat())
}

/// A tag as old QuickTime films have it.
#[must_use]
pub fn old_tag(name: &[u8; 4], text: &str) -> Vec<u8> {
    boxed(name, &[&(text.len() as u16).to_be_bytes()[..], &[0x55, 0xc4], text.as_bytes()].concat())
}

/// A film of 64 × 32 with these boxes of tags behind its data.
#[must_use]
pub fn mp4(brand: &[u8; 4], user: &[Vec<u8>]) -> Vec<u8> {
    mp4_of(brand, user, false)
}

/// The same, the tags before or behind its data.
#[must_use]
pub fn mp4_of(brand: &[u8; 4], user: &[Vec<u8>], is_before: bool) -> Vec<u8> {
    let moov = [&[track(64, 32, false)][..], &[boxed(b"udta", &user.concat())]].concat().concat();
    let (data, moov) = (boxed(b"mdat", b"no coded film"), boxed(b"moov", &moov));
    if is_before { [ftyp(brand), moov, data].concat() } else { [ftyp(brand), data, moov].concat() }
}

/// An element; its length in eight bytes, or not stated.
#[must_use]
pub fn element(id: u32, content: Option<&[u8]>) -> Vec<u8> {
    let id = id.to_be_bytes();
    let start = id.iter().position(|byte| *byte != 0).unwrap_or_default();
    let len = content.map_or(u64::MAX >> 7, |content| content.len() as u64) | 1 << 56;
    [&id[start..], &len.to_be_bytes(), content.unwrap_or_default()].concat()
}

/// Tags of a Matroska file.
#[must_use]
pub fn tags(tags: &[(&str, &str)]) -> Vec<u8> {
    let simple: Vec<u8> = tags
        .iter()
        .flat_map(|(name, text)| {
            let parts = [element(0x45a3, Some(name.as_bytes())), element(0x4487, Some(text.as_bytes()))];
            element(0x67c8, Some(&parts.concat()))
        })
        .collect();
    element(0x1254_c367, Some(&element(0x7373, Some(&[element(0x63c0, Some(&[])), simple].concat()))))
}

/// A track of 64 × 32.
#[must_use]
pub fn tracks() -> Vec<u8> {
    let video = [element(0xb0, Some(&[64])), element(0xba, Some(&[0, 32]))].concat();
    let track = [element(0xd7, Some(&[1])), element(0xe0, Some(&video))].concat();
    element(0x1654_ae6b, Some(&element(0xae, Some(&track))))
}

/// Coded film; its length stated or not.
#[must_use]
pub fn cluster(is_open: bool) -> Vec<u8> {
    let blocks = [element(0xe7, Some(&[0])), element(0xa3, Some(b"\x81\0\0\x80no coded film"))].concat();
    if is_open { [element(0x1f43_b675, None), blocks].concat() } else { element(0x1f43_b675, Some(&blocks)) }
}

/// The head of a file, and a segment of these elements; its length stated or not.
#[must_use]
pub fn mkv(kind: &str, elements: &[Vec<u8>], is_open: bool) -> Vec<u8> {
    let head = element(0x1a45_dfa3, Some(&element(0x4282, Some(kind.as_bytes()))));
    let inside = elements.concat();
    let segment = element(0x1853_8067, if is_open { None } else { Some(&inside) });
    [head, segment, if is_open { inside } else { Vec::new() }].concat()
}

/// Comments as Vorbis has them.
#[must_use]
pub fn comments(tags: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let all = tags.iter().map(|(name, value)| text(&format!("{name}={value}")));
    [text("a writer"), (tags.len() as u32).to_le_bytes().to_vec()]
        .into_iter()
        .chain(all)
        .collect::<Vec<_>>()
        .concat()
}

/// A FLAC file with these comments.
#[must_use]
pub fn flac(tags: &[(&str, &str)]) -> Vec<u8> {
    let comments = comments(tags);
    let len = (comments.len() as u32).to_be_bytes();
    [&b"fLaC\0\0\0\x22"[..], &[7; 34], &[0x84], &len[1..], &comments, b"\xff\xf8sound"].concat()
}

/// An Ogg file of one stream, its comments on as many pages as they need.
#[must_use]
pub fn ogg(first: &[u8], start: &[u8], tags: &[(&str, &str)]) -> Vec<u8> {
    let page = |nth: u32, pieces: &[u8], data: &[u8]| {
        let flags = if nth == 0 { 2 } else { 0 };
        let head = [&b"OggS\0"[..], &[flags], &[0; 8], b"SERI", &nth.to_le_bytes(), &[0; 4]].concat();
        [&head, &[pieces.len() as u8][..], pieces, data].concat()
    };
    let packet = [start, &comments(tags)].concat();
    let mut file = page(0, &[first.len() as u8], first);
    let mut pieces = vec![255; packet.len() / 255];
    pieces.push((packet.len() % 255) as u8);
    let mut rest = &packet[..];
    for (nth, pieces) in pieces.chunks(255).enumerate() {
        let (data, behind) = rest.split_at(pieces.iter().map(|piece| usize::from(*piece)).sum());
        rest = behind;
        file.extend(page(nth as u32 + 1, pieces, data));
    }
    file.extend(page(99, &[5], b"sound"));
    file
}

fn syncsafe(len: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (len >> shift & 0x7f) as u8)
}

/// A frame of ID3, its length counted as its version does.
#[must_use]
pub fn frame(version: u8, kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let len = if version == 4 { syncsafe(content.len()) } else { (content.len() as u32).to_be_bytes() };
    [&kind[..], &len, &[0, 0], content].concat()
}

/// An MP3 of these frames.
#[must_use]
pub fn mp3(version: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    let frames = [frames.concat(), vec![0; 64]].concat();
    [&b"ID3"[..], &[version, 0, 0], &syncsafe(frames.len()), &frames, b"\xff\xfb\x90\0sound"].concat()
}

/// Texts of an MP3, each under its name.
#[must_use]
pub fn named(version: u8, tags: &[(&str, &str)]) -> Vec<u8> {
    let frame = |(name, text): &(&str, &str)| {
        frame(version, b"TXXX", &[&[3][..], name.as_bytes(), &[0], text.as_bytes()].concat())
    };
    mp3(version, &tags.iter().map(frame).collect::<Vec<_>>())
}

/// A named text of an MP3 in UTF-16 with a mark.
#[must_use]
pub fn text_frame(version: u8, name: &str, text: &str) -> Vec<u8> {
    let wide = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        b"\xff\xfe".iter().copied().chain(units).collect()
    };
    frame(version, b"TXXX", &[&[1][..], &wide(name), &[0, 0], &wide(text)].concat())
}
