//! PNG and APNG: size, texts before and after the picture's data, and where that data lies.
//! Seeks over the data, never inflates it. Wrong checksums are common and change nothing.

use crate::complaint::Complaint;
use crate::field::{decimal, tuple};
use crate::limits::{
    CHUNKS_PER_FILE_MAX, KEYWORD_BYTES_MAX, SLOTS_PER_FILE_MAX, UNKNOWN_TEXT_BYTES_MAX, VALUE_BYTES_MAX,
};
use crate::picture::Picture;
use crate::slots::{Place, Slots, Wanted};
use crate::source::Window;
use crate::{credentials, decode, exif, inflate, iptc, xmp};
use std::io;

/// Keywords from which a recipe can be read, or which say who wrote one.
const RECIPE_KEYWORDS: [&str; 36] = [
    "parameters",
    "prompt",
    "workflow",
    "comment",
    "description",
    "title",
    "software",
    "source",
    "author",
    "generation time",
    "creation time",
    "creationtime",
    "postprocessing",
    "extras",
    "usercomment",
    "parameters-json",
    "smproj",
    "generation_data",
    "fooocus_scheme",
    "dream",
    "sd-metadata",
    "invokeai",
    "invokeai_metadata",
    "invokeai_graph",
    "invokeai_workflow",
    "negative_prompt",
    "score",
    "aesthetic_score",
    "aigc",
    "xml:com.adobe.xmp",
    "raw profile type exif",
    "raw profile type app1",
    "raw profile type xmp",
    "raw profile type iptc",
    "raw profile type 8bim",
    "raw profile type app13",
];

/// Starts of keywords whose texts never hold a recipe: character cards, diagrams, embeddings, and what
/// converters note of times, colours and thumbnails.
const OTHER_KEYWORDS: [&str; 11] = [
    "chara",
    "ccv3",
    "mxfile",
    "mxgraphmodel",
    "sd-ti-embedding",
    "date:",
    "thumb::",
    "icc:",
    "png:",
    "jpeg:",
    "raw profile type icc",
];

/// Walks the chunks.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    let mut seen_header = false;
    let mut at = 8;
    for n_chunks in 0.. {
        let Some(head) = window.array::<8>(at)? else {
            if at < window.len() {
                slots.complain(Complaint::Truncated { what: "PNG".to_owned() });
            }
            break;
        };
        if n_chunks >= CHUNKS_PER_FILE_MAX {
            slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
            break;
        }
        let [a, b, c, d, kind @ ..] = head;
        let len = u64::from(u32::from_be_bytes([a, b, c, d]));
        let start = at + 8;
        let there = len.min(window.len() - start);
        match &kind {
            b"IDAT" => picture.payload.push(start, there),
            b"fdAT" => picture.payload.push(start + 4, there.saturating_sub(4)),
            b"IHDR" if !seen_header => {
                seen_header = true;
                header(window, start, slots, &mut picture)?;
            }
            b"tEXt" | b"zTXt" | b"iTXt" | b"comf" | b"eXIf" => texts(window, &kind, start, there, slots)?,
            b"caBX" if slots.wanted == Wanted::Recipe => {
                if let Some(store) = window.value(start, there, "caBX", slots)? {
                    credentials::read(&store, slots);
                }
            }
            b"pHYs" | b"gAMA" | b"cHRM" | b"sRGB" if slots.wanted == Wanted::Everything => {
                remark(window, &kind, start, there, slots)?;
            }
            b"IEND" => break,
            _ => {}
        }
        if there < len {
            slots.complain(Complaint::Truncated {
                what: String::from_utf8_lossy(&kind).escape_default().to_string(),
            });
            break;
        }
        at = start + len + 4;
    }
    slots.prefer_json("prompt");
    slots.prefer_json("workflow");
    Ok(picture)
}

fn header(window: &Window<'_>, start: u64, slots: &mut Slots, picture: &mut Picture) -> io::Result<()> {
    let Some(bytes) = window.array::<17>(start)? else { return Ok(()) };
    let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    (picture.width, picture.height) = (number(0), number(4));
    let mut sum = flate2::Crc::new();
    sum.update(b"IHDR");
    sum.update(&bytes[..13]);
    if bytes[12] == 1 {
        slots.note("interlace", "1");
    }
    if sum.sum() != number(13) {
        slots.complain(Complaint::HeaderChecksum);
    }
    Ok(())
}

/// What is only for showing, of chunks with a few numbers.
fn remark(window: &Window<'_>, kind: &[u8; 4], start: u64, len: u64, slots: &mut Slots) -> io::Result<()> {
    let mut bytes = [0; 32];
    let n = window.copy(start, &mut bytes[..32.min(usize::try_from(len).unwrap_or(32))])?;
    let numbers: Vec<_> = bytes[..n].chunks_exact(4).filter_map(|four| four.try_into().ok()).collect();
    let numbers: Vec<_> = numbers.into_iter().map(u32::from_be_bytes).collect();
    let scaled = |by: f64| numbers.iter().map(move |number| decimal(f64::from(*number) / by));
    match (kind, &numbers[..]) {
        // The unit stands behind the numbers: the metre, or none.
        (b"pHYs", [x, y, ..]) if n >= 9 && bytes[8] == 1 => {
            slots.note("dpi", tuple(&[*x, *y].map(|dots| decimal(f64::from(dots) * 0.0254))));
        }
        (b"pHYs", [x, y, ..]) if n >= 9 => slots.note("aspect", format!("({x}, {y})")),
        (b"gAMA", [_]) => slots.note("gamma", scaled(100_000.0).collect::<String>()),
        (b"cHRM", [_, _, _, _, _, _, _, _]) => {
            slots.note("chromaticity", tuple(&scaled(100_000.0).collect::<Vec<_>>()))
        }
        (b"sRGB", []) if n == 1 => slots.note("srgb", bytes[0].to_string()),
        _ => {}
    }
    Ok(())
}

/// Reads one chunk of text or EXIF.
fn texts(window: &mut Window<'_>, kind: &[u8; 4], start: u64, len: u64, slots: &mut Slots) -> io::Result<()> {
    let mut len = usize::try_from(len).unwrap_or(usize::MAX);
    if len as u64 > window.budget() {
        slots.complain(Complaint::TooMuchMetadata { limit: crate::limits::BYTES_PER_FILE_MAX });
        return Ok(());
    }
    if len > VALUE_BYTES_MAX + KEYWORD_BYTES_MAX {
        let what = String::from_utf8_lossy(kind).into_owned();
        slots.complain(Complaint::ValueTooLong { what, limit: VALUE_BYTES_MAX });
        len = VALUE_BYTES_MAX;
    }
    // The keyword stands first: what is not wanted is not read at all.
    if kind != b"eXIf" && slots.wanted == Wanted::Recipe {
        let mut first = [0; 32];
        let n = window.copy(start, &mut first[..len.min(32)])?;
        if !may_be_wanted(&first[..n], len, slots) {
            return Ok(());
        }
    }
    let data = window.slice(start, len)?;
    if kind == b"eXIf" {
        exif::read(&data, slots);
    } else if let Some((keyword, value)) = keyword(&data) {
        let text = match kind {
            b"tEXt" | b"comf" => Some(decode::text(value)),
            b"zTXt" => value.get(1..).and_then(|stream| inflated(stream, &keyword, slots)),
            _ => international(value, &keyword, slots),
        };
        if let Some(text) = text {
            keep(keyword, text, slots);
        }
    }
    Ok(())
}

/// Unknown keywords are wanted too, but must leave room for the known ones.
fn may_be_wanted(start: &[u8], len: usize, slots: &Slots) -> bool {
    let end = start.iter().position(|byte| *byte == 0).unwrap_or(start.len());
    let keyword = start[..end].trim_ascii();
    let is_known = RECIPE_KEYWORDS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(keyword));
    let begins = |known: &&str| {
        keyword.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes()))
    };
    let has_room = len <= UNKNOWN_TEXT_BYTES_MAX && slots.all().len() < SLOTS_PER_FILE_MAX / 2;
    is_known || has_room && !OTHER_KEYWORDS.iter().any(begins)
}

fn keyword(data: &[u8]) -> Option<(String, &[u8])> {
    let end = memchr::memchr(0, &data[..data.len().min(KEYWORD_BYTES_MAX)])?;
    let keyword = decode::text(data[..end].trim_ascii());
    (!keyword.is_empty()).then_some((keyword, &data[end + 1..]))
}

/// Flag, method, language and translated keyword stand before the text of an `iTXt`.
fn international(value: &[u8], keyword: &str, slots: &mut Slots) -> Option<String> {
    let [flag, _, rest @ ..] = value else { return None };
    let language = memchr::memchr(0, rest)?;
    let rest = &rest[language + 1..];
    let text = &rest[memchr::memchr(0, rest)? + 1..];
    if *flag == 0 { Some(decode::text(text)) } else { inflated(text, keyword, slots) }
}

fn inflated(stream: &[u8], keyword: &str, slots: &mut Slots) -> Option<String> {
    inflate::zlib(stream, keyword, slots)?.text().map(decode::text)
}

fn keep(keyword: String, text: String, slots: &mut Slots) {
    if keyword.len() > 17
        && keyword.is_char_boundary(17)
        && keyword[..17].eq_ignore_ascii_case("raw profile type ")
    {
        if let Some(block) = raw_profile(&text) {
            profile(&keyword[17..], &block, slots);
        }
        return;
    }
    if keyword == "XML:com.adobe.xmp" {
        xmp::take(text.as_bytes(), slots);
        if slots.wanted == Wanted::Recipe {
            return;
        }
    }
    slots.add(Place::Keyword(keyword), text);
}

/// A block that was stored as hex.
fn profile(name: &str, block: &[u8], slots: &mut Slots) {
    const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    let is_xmp = block.starts_with(XMP);
    match name.to_ascii_lowercase().as_str() {
        "exif" | "app1" if !is_xmp => exif::read(block, slots),
        // Clients are shown EXIF only.
        _ if slots.wanted == Wanted::Everything => {}
        "app1" => xmp::take(&block[XMP.len()..], slots),
        "xmp" => xmp::take(block.strip_prefix(XMP).unwrap_or(block), slots),
        "iptc" | "8bim" | "app13" => {
            iptc::read(block.strip_prefix(b"Photoshop 3.0\0").unwrap_or(block), slots)
        }
        _ => {}
    }
}

/// The legacy way of storing EXIF: its name, its length and its bytes in hex, on lines.
fn raw_profile(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.trim_start().split_once('\n')?;
    let (_, hex) = rest.trim_start().split_once('\n')?;
    let mut digits = hex.chars().filter(|digit| !digit.is_whitespace()).map(|digit| digit.to_digit(16));
    let mut block = Vec::with_capacity(hex.len() / 2);
    while let Some(high) = digits.next() {
        let (Some(high), Some(Some(low))) = (high, digits.next()) else { return None };
        block.push((high << 4 | low) as u8);
    }
    Some(block)
}
