//! Kinds of files, and one file of each from a picture and notes: every place a program may put a note, in
//! any of the forms it may have there. Which, the dice say.

use crate::container::credentials::{parts, uuid};
use crate::container::films::{
    cluster, flac, keyed, lettered, mkv, mp3, mp4_of, named, ogg, old_tag, tags, text_frame, tracks,
};
use crate::container::stealth::{gzip, hidden_in, hidden_in_webp};
use crate::container::stills::{
    Tiff, bmp, boxed, brotli, codestream, exif_item, gif_comment, gif_of, gif_xmp, heif, item, jxl,
};
use crate::container::{Picture, Png, jpeg_of, tiff, webp_lossy, webp_of};
use crate::dice::Dice;
use crate::notes::Notes;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Container {
    /// PNG.
    Png,
    /// PNG with more than one picture.
    Apng,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// AVIF.
    Avif,
    /// HEIC.
    Heic,
    /// JPEG XL.
    Jxl,
    /// GIF.
    Gif,
    /// TIFF.
    Tiff,
    /// Bitmap.
    Bmp,
    /// MPEG-4.
    Mp4,
    /// QuickTime.
    Mov,
    /// WebM.
    Webm,
    /// Matroska.
    Mkv,
    /// FLAC.
    Flac,
    /// Ogg.
    Ogg,
    /// MP3.
    Mp3,
}

impl Container {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Png,
        Self::Apng,
        Self::Jpeg,
        Self::Webp,
        Self::Avif,
        Self::Heic,
        Self::Jxl,
        Self::Gif,
        Self::Tiff,
        Self::Bmp,
        Self::Mp4,
        Self::Mov,
        Self::Webm,
        Self::Mkv,
        Self::Flac,
        Self::Ogg,
        Self::Mp3,
    ];

    /// One word in lower case.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Apng => "apng",
            _ => self.extension(),
        }
    }

    /// Of its files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png | Self::Apng => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Heic => "heic",
            Self::Jxl => "jxl",
            Self::Gif => "gif",
            Self::Tiff => "tif",
            Self::Bmp => "bmp",
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Webm => "webm",
            Self::Mkv => "mkv",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
            Self::Mp3 => "mp3",
        }
    }

    /// Whether texts go in under keywords rather than into EXIF.
    pub(crate) const fn has_keywords(self) -> bool {
        matches!(self, Self::Png | Self::Apng) || self.is_film() || self.is_sound()
    }

    pub(crate) const fn is_film(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov | Self::Webm | Self::Mkv)
    }

    pub(crate) const fn is_sound(self) -> bool {
        matches!(self, Self::Flac | Self::Ogg | Self::Mp3)
    }
}

/// The file. The picture's sides must be multiples of 8.
pub(crate) fn file(container: Container, picture: &Picture, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    match container {
        Container::Png | Container::Apng => png(container, picture, notes, dice),
        Container::Jpeg => jpeg(picture, notes, dice),
        Container::Webp => webp(picture, notes, dice),
        Container::Avif | Container::Heic => items(container, notes, dice),
        Container::Jxl => jpeg_xl(notes, dice),
        Container::Gif => {
            let mut places = [Vec::new(), Vec::new()];
            if let Some(text) = &notes.comment {
                places[dice.index(2)].push(gif_comment(text));
            }
            if let Some(xmp) = &notes.xmp {
                places[dice.index(2)].push(gif_xmp(xmp));
            }
            gif_of(picture, &places[0], &places[1])
        }
        Container::Tiff => tiff_file(picture, notes, dice),
        Container::Bmp => {
            bmp(picture.width as i32, picture.height as i32, picture.rgb.first().copied().unwrap_or(40), b"")
        }
        Container::Mp4 | Container::Mov => film(container, notes, dice),
        Container::Webm | Container::Mkv => matroska(container, notes, dice),
        Container::Flac => flac(&pairs(&notes.texts)),
        Container::Ogg if dice.chance(50) => ogg(b"OpusHead", b"OpusTags", &pairs(&notes.texts)),
        Container::Ogg => ogg(b"\x01vorbis", b"\x03vorbis", &pairs(&notes.texts)),
        Container::Mp3 => {
            let version = 3 + dice.below(2) as u8;
            if dice.chance(50) {
                return named(version, &pairs(&notes.texts));
            }
            // UTF-16 with a mark, as older programs write it.
            let frame = |(name, text): &(String, String)| text_frame(version, name, text);
            mp3(version, &notes.texts.iter().map(frame).collect::<Vec<_>>())
        }
    }
}

fn pairs(texts: &[(String, String)]) -> Vec<(&str, &str)> {
    texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// The TIFF block, if there is something in it.
fn exif(notes: &Notes) -> Option<Vec<u8>> {
    fn borrowed(tags: &[(u16, u16, Vec<u8>)]) -> Vec<(u16, u16, &[u8])> {
        let mut tags: Vec<_> = tags.iter().map(|(tag, kind, value)| (*tag, *kind, &value[..])).collect();
        tags.sort_by_key(|(tag, ..)| *tag);
        tags
    }
    if notes.ifd0.is_empty() && notes.exif.is_empty() {
        return None;
    }
    Some(tiff(notes.little, &borrowed(&notes.ifd0), &borrowed(&notes.exif)))
}

/// Half of the writers put `Exif\0\0` where only the block belongs.
fn exif_chunk(notes: &Notes, dice: &mut Dice) -> Option<Vec<u8>> {
    let block = exif(notes)?;
    Some(if dice.chance(50) { [b"Exif\0\0", &block[..]].concat() } else { block })
}

fn profile(name: &str, block: &[u8]) -> String {
    let hex: String = block.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\n{name}\n{:8}\n{hex}\n", block.len())
}

/// A chunk to come: keyword and text, or kind and data.
enum Part {
    Text(String, String),
    Chunk([u8; 4], Vec<u8>),
}

fn png(container: Container, picture: &Picture, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    let mut parts: Vec<Part> = Vec::new();
    for (keyword, text) in &notes.texts {
        if notes.is_private {
            parts.push(Part::Chunk(*b"comf", [keyword.as_bytes(), b"\0", text.as_bytes()].concat()));
        } else {
            parts.push(Part::Text(keyword.clone(), text.clone()));
        }
    }
    if let Some(block) = exif_chunk(notes, dice) {
        parts.push(match dice.below(3) {
            0 => Part::Text("Raw profile type exif".to_owned(), profile("exif", &block)),
            _ => Part::Chunk(*b"eXIf", block),
        });
    }
    if let Some(xmp) = &notes.xmp {
        parts.push(match dice.below(4) {
            0 => Part::Text("Raw profile type xmp".to_owned(), profile("xmp", xmp.as_bytes())),
            _ => Part::Text("XML:com.adobe.xmp".to_owned(), xmp.clone()),
        });
    }
    if let Some(store) = &notes.credentials {
        parts.push(Part::Chunk(*b"caBX", store.clone()));
    }
    dice.shuffle(&mut parts);
    if let Some((signature, body)) = hidden(notes) {
        return hidden_in(picture, signature, &body, notes.hidden_end);
    }
    let mut png = Png::new(picture.width, picture.height);
    if container == Container::Apng {
        png = png.chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
        let frame = [
            &[0; 4][..],
            &picture.width.to_be_bytes(),
            &picture.height.to_be_bytes(),
            &[0; 8],
            &[0, 1, 0, 10, 0, 0],
        ];
        png = png.chunk(b"fcTL", &frame.concat());
    }
    let behind_at =
        if notes.is_private { 0 } else { parts.len() - dice.index(parts.len() * 5 / 4 + 1).min(parts.len()) };
    for (nth, part) in parts.iter().enumerate() {
        if nth == behind_at {
            png = png.pixels(picture);
        }
        png = match part {
            Part::Chunk(kind, data) => png.chunk(kind, data),
            Part::Text(keyword, text) if notes.is_edited => png.text_of_another_checksum(keyword, text),
            Part::Text(keyword, text) => match dice.below(8) {
                0 => png.itxt(keyword, text),
                1 => png.itxt_compressed(keyword, text),
                2 => png.packed(keyword, text),
                3 | 4 => png.text(keyword, text),
                _ => png.pillow(keyword, text),
            },
        };
    }
    if behind_at >= parts.len() {
        png = png.pixels(picture);
    }
    let mut file = png.end();
    if notes.is_edited {
        file.extend(b"PK\x05\x06 of an archive that somebody hid here");
    }
    file
}

/// The text that is hidden among pixels: its signature, and the bytes.
fn hidden(notes: &Notes) -> Option<(&'static str, Vec<u8>)> {
    let (signature, text) = notes.hidden.as_ref()?;
    let is_packed = signature.ends_with("comp");
    Some((signature, if is_packed { gzip(text.as_bytes()) } else { text.clone().into_bytes() }))
}

/// What one segment of a JPEG can hold.
pub(crate) const SEGMENT_BYTES_MAX: usize = 65_533;

fn jpeg(picture: &Picture, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    let mut segments: Vec<Vec<(u8, Vec<u8>)>> = Vec::new();
    if let Some(block) = exif(notes) {
        segments.push(vec![(0xe1, [b"Exif\0\0", &block[..]].concat())]);
    }
    if let Some(xmp) = &notes.xmp {
        segments.push(if dice.chance(25) {
            extended(xmp)
        } else {
            vec![(0xe1, [XMP, xmp.as_bytes()].concat())]
        });
    }
    if let Some(text) = &notes.comment {
        segments.push(vec![(0xfe, text.clone().into_bytes())]);
    }
    if let Some(records) = &notes.iptc {
        let len = (records.len() as u32).to_be_bytes();
        let resource = [&b"Photoshop 3.0\x008BIM\x04\x04\0\0"[..], &len, records].concat();
        segments.push(vec![(0xed, resource)]);
    }
    if let Some(store) = &notes.credentials {
        let size = 400 + dice.index(2_000);
        segments.push(parts(store, size).into_iter().map(|part| (0xeb, part)).collect());
    }
    dice.shuffle(&mut segments);
    let mut segments: Vec<_> = segments.into_iter().flatten().collect();
    segments.retain(|(_, data)| data.len() <= SEGMENT_BYTES_MAX);
    jpeg_of(picture, &segments.iter().map(|(marker, data)| (*marker, &data[..])).collect::<Vec<_>>())
}

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// A packet that names another one, which is cut into parts.
fn extended(xmp: &str) -> Vec<(u8, Vec<u8>)> {
    let id = b"0F1E2D3C4B5A69788796A5B4C3D2E1F0";
    let short = format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description \
         rdf:about='' xmlns:xmpNote='http://ns.adobe.com/xmp/note/' xmpNote:HasExtendedXMP='{}'/></rdf:RDF></x:xmpmeta>",
        String::from_utf8_lossy(id)
    );
    let mut segments = vec![(0xe1, [XMP, short.as_bytes()].concat())];
    let len = (xmp.len() as u32).to_be_bytes();
    for (nth, part) in xmp.as_bytes().chunks(700).enumerate() {
        let at = (nth as u32 * 700).to_be_bytes();
        segments.push((0xe1, [&b"http://ns.adobe.com/xmp/extension/\0"[..], id, &len, &at, part].concat()));
    }
    segments
}

fn webp(picture: &Picture, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    if let Some((signature, body)) = hidden(notes) {
        return hidden_in_webp(picture, signature, &body, notes.hidden_end);
    }
    let mut chunks: Vec<(&[u8; 4], Vec<u8>)> = Vec::new();
    chunks.extend(exif_chunk(notes, dice).map(|block| (b"EXIF", block)));
    chunks.extend(notes.xmp.as_ref().map(|xmp| (b"XMP ", xmp.clone().into_bytes())));
    chunks.extend(notes.credentials.as_ref().map(|store| (b"C2PA", store.clone())));
    dice.shuffle(&mut chunks);
    let chunks: Vec<(&[u8; 4], &[u8])> = chunks.iter().map(|(kind, data)| (*kind, &data[..])).collect();
    if dice.chance(25) {
        webp_lossy(picture.width, picture.height, &chunks)
    } else {
        webp_of(picture, &chunks)
    }
}

fn items(container: Container, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    let (brand, coded) = if container == Container::Avif { (b"avif", b"av01") } else { (b"heic", b"hvc1") };
    let mut items = vec![item(coded, b"no coded picture")];
    if let Some(block) = exif(notes) {
        items.push(if dice.chance(50) {
            exif_item(&block)
        } else {
            item(b"Exif", &[&[0; 4][..], &block].concat())
        });
    }
    items.extend(notes.xmp.as_ref().map(|xmp| item(b"mime", xmp.as_bytes())));
    for described in &mut items[1..] {
        described.is_inside = dice.chance(30);
    }
    dice.shuffle(&mut items[1..]);
    let mut file = heif(brand, dice.below(2) as u8, &items);
    file.extend(notes.credentials.as_ref().map(|store| uuid(store)).unwrap_or_default());
    file
}

fn jpeg_xl(notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    let mut contents: Vec<(&[u8; 4], Vec<u8>)> = vec![(b"jxlc", codestream())];
    contents.extend(exif(notes).map(|block| (b"Exif", [&[0; 4][..], &block].concat())));
    contents.extend(notes.xmp.as_ref().map(|xmp| (b"xml ", xmp.clone().into_bytes())));
    // The content of a `jumb` box is the store without its own head.
    contents.extend(notes.credentials.as_ref().map(|store| (b"jumb", store[8..].to_vec())));
    dice.shuffle(&mut contents);
    let mut boxes = Vec::new();
    for (kind, content) in contents {
        if kind != b"jxlc" && dice.chance(40) {
            boxes.push(boxed(b"brob", &[&kind[..], &brotli(&content)].concat()));
        } else {
            boxes.push(boxed(kind, &content));
        }
    }
    jxl(&boxes)
}

fn tiff_file(picture: &Picture, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    let form = Tiff { little: notes.little, is_big: dice.chance(30) };
    let mut ifd0 = notes.ifd0.clone();
    ifd0.extend(notes.xmp.as_ref().map(|xmp| (0x02bc, 1, xmp.clone().into_bytes())));
    ifd0.extend(notes.iptc.as_ref().map(|records| (0x83bb, 7, records.clone())));
    form.file((picture.width as u16, picture.height as u16), &ifd0, &notes.exif, &[])
}

fn film(container: Container, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    let brand = if container == Container::Mp4 { b"isom" } else { b"qt  " };
    let mut texts = pairs(&notes.texts);
    let mut beside = Vec::new();
    if dice.chance(20)
        && let Some(at) = texts.iter().position(|(name, _)| *name == "workflow")
    {
        // An editing tool's own box.
        let (_, text) = texts.remove(at);
        beside.push(boxed(b"wflo", &[&[0; 4][..], text.as_bytes()].concat()));
    }
    let comment = texts.iter().find(|(name, _)| *name == "comment").map(|(_, text)| *text);
    let user = match (comment, dice.below(3)) {
        (Some(text), 0) if texts.len() == 1 => lettered(&[(b"\xa9cmt", text), (b"\xa9too", "Lavf60.16.100")]),
        (Some(text), 1) if texts.len() == 1 && text.len() <= usize::from(u16::MAX) => {
            old_tag(b"\xa9cmt", text)
        }
        _ => keyed(&texts, container == Container::Mov),
    };
    beside.push(user);
    let mut file = mp4_of(brand, &beside, dice.chance(50));
    file.extend(notes.credentials.as_ref().map(|store| uuid(store)).unwrap_or_default());
    file
}

fn matroska(container: Container, notes: &Notes, dice: &mut Dice) -> Vec<u8> {
    let upper: Vec<_> = notes.texts.iter().map(|(name, text)| (name.to_uppercase(), text.clone())).collect();
    let tags = tags(&pairs(&upper));
    let is_open = dice.chance(50);
    let elements =
        if dice.chance(50) { [tracks(), tags, cluster(is_open)] } else { [tracks(), cluster(false), tags] };
    mkv(if container == Container::Webm { "webm" } else { "matroska" }, &elements, is_open)
}
