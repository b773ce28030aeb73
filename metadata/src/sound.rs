//! Sound: Vorbis comments of FLAC and Ogg, ID3 tags of MP3. Names of tags are lower-cased, as players
//! compare them; covers and lyrics are passed.

use crate::complaint::Complaint;
use crate::decode;
use crate::limits::{FILM_TAGS_MAX, KEYWORD_BYTES_MAX, OGG_PAGES_MAX, OGG_STREAMS_MAX, VALUE_BYTES_MAX};
use crate::slots::{Place, Slots};
use crate::source::Window;
use std::io;

/// Reads the tags at the start of the file.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<()> {
    let mut at = 0;
    if window.head().starts_with(b"ID3") {
        at = id3(window, slots)?;
    }
    match window.array::<4>(at)? {
        Some(start) if &start == b"fLaC" => flac(window, at + 4, slots),
        Some(start) if &start == b"OggS" => ogg(window, at, slots),
        _ => Ok(()),
    }
}

fn flac(window: &mut Window<'_>, mut at: u64, slots: &mut Slots) -> io::Result<()> {
    const COMMENTS: u8 = 4;
    for _ in 0..FILM_TAGS_MAX {
        let Some([kind, l2, l1, l0]) = window.array::<4>(at)? else { break };
        let len = u64::from(u32::from_be_bytes([0, l2, l1, l0]));
        if kind & 0x7f == COMMENTS
            && let Some(block) = window.value(at + 4, len, "comments", slots)?
        {
            comments(&block, slots);
        }
        if kind & 0x80 != 0 {
            break;
        }
        at += 4 + len;
    }
    Ok(())
}

/// Name and text of each comment, behind the name of the writer.
fn comments(block: &[u8], slots: &mut Slots) {
    let Some((_writer, rest)) = counted(block) else { return };
    let mut rest = rest.get(4..).unwrap_or_default();
    for _ in 0..FILM_TAGS_MAX {
        let Some((comment, behind)) = counted(rest) else { break };
        rest = behind;
        if let Some(equals) = memchr::memchr(b'=', &comment[..comment.len().min(KEYWORD_BYTES_MAX)]) {
            let name = decode::text(&comment[..equals]).to_lowercase();
            if name != "metadata_block_picture" {
                slots.add(Place::Keyword(name), decode::text(&comment[equals + 1..]));
            }
        }
    }
}

/// Bytes behind their number, as far as they are there, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    Some(rest.split_at(len.min(rest.len())))
}

/// The second packet of each stream holds its comments; it may be spread over many pages.
fn ogg(window: &mut Window<'_>, mut at: u64, slots: &mut Slots) -> io::Result<()> {
    let mut streams: Vec<Stream> = Vec::new();
    for _ in 0..OGG_PAGES_MAX {
        let Some(head) = window.array::<27>(at)?.filter(|head| head.starts_with(b"OggS")) else { break };
        let n_pieces = usize::from(head[26]);
        let pieces = window.slice(at + 27, n_pieces)?.into_owned();
        let start = at + 27 + pieces.len() as u64;
        let len: usize = pieces.iter().map(|piece| usize::from(*piece)).sum();
        let serial = [head[14], head[15], head[16], head[17]];
        if !streams.iter().any(|stream| stream.serial == serial) && streams.len() < OGG_STREAMS_MAX {
            streams.push(Stream { serial, nth: 0, packet: Vec::new() });
        }
        let held: usize = streams.iter().map(|stream| stream.packet.len()).sum();
        if held + len > VALUE_BYTES_MAX {
            slots.complain(Complaint::ValueTooLong { what: "comments".to_owned(), limit: VALUE_BYTES_MAX });
            break;
        }
        let stream = streams.iter_mut().find(|stream| stream.serial == serial);
        if let Some(stream) = stream.filter(|stream| stream.nth < 2) {
            let data = window.slice(start, len)?;
            stream.take(&pieces, &data, slots);
        }
        if streams.iter().all(|stream| stream.nth >= 2) {
            break;
        }
        at = start + len as u64;
    }
    // What a cut file holds of its comments.
    for stream in streams.iter().filter(|stream| stream.nth == 1) {
        stream.read(slots);
    }
    Ok(())
}

struct Stream {
    serial: [u8; 4],
    /// Packets that are complete.
    nth: usize,
    packet: Vec<u8>,
}

impl Stream {
    /// A packet ends with its first piece of less than 255 bytes.
    fn take(&mut self, pieces: &[u8], data: &[u8], slots: &mut Slots) {
        let mut rest = data;
        for piece in pieces {
            let (part, behind) = rest.split_at(usize::from(*piece).min(rest.len()));
            rest = behind;
            self.packet.extend_from_slice(part);
            if *piece < 255 {
                if self.nth == 1 {
                    self.read(slots);
                }
                self.nth += 1;
                self.packet.clear();
            }
            if self.nth >= 2 {
                return;
            }
        }
    }

    fn read(&self, slots: &mut Slots) {
        let starts: [&[u8]; 5] = [b"\x03vorbis", b"OpusTags", b"\x81theora", b"\x80kate\0\0\0\0", b"Speex"];
        let of_flac = self.packet.split_first_chunk::<4>().filter(|(head, _)| head[0] & 0x7f == 4);
        let block = starts.iter().find_map(|start| self.packet.strip_prefix(*start));
        if let Some(block) = block.or(of_flac.map(|(_, block)| block)) {
            comments(block, slots);
        }
    }
}

/// Reads the tag; where it ends.
fn id3(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<u64> {
    let Some([_, _, _, version, _, flags, l3, l2, l1, l0]) = window.array::<10>(0)? else { return Ok(0) };
    let len = u64::from(syncsafe([l3, l2, l1, l0]));
    let end = 10 + len + if version == 4 && flags & 0x10 != 0 { 10 } else { 0 };
    if !(3..=4).contains(&version) {
        return Ok(end);
    }
    let Some(tag) = window.value(10, len, "ID3", slots)? else { return Ok(end) };
    let is_unsynchronised = flags & 0x80 != 0;
    let tag = if is_unsynchronised && version == 3 { synchronised(&tag) } else { tag.into_owned() };
    let mut rest = &tag[..];
    if flags & 0x40 != 0
        && let Some((len, _)) = rest.split_first_chunk::<4>()
    {
        // Version 4 counts the length itself.
        let n = if version == 4 { syncsafe(*len) as usize } else { u32::from_be_bytes(*len) as usize + 4 };
        rest = rest.get(n..).unwrap_or_default();
    }
    for _ in 0..FILM_TAGS_MAX {
        let Some((frame, behind)) = Frame::split(rest, version) else { break };
        rest = behind;
        frame.take(version, is_unsynchronised, slots);
    }
    Ok(end)
}

/// 28 bits, seven in each byte.
fn syncsafe(bytes: [u8; 4]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum << 7 | u32::from(byte & 0x7f))
}

/// Takes out the zeros that keep players from seeing the start of a frame of sound.
fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for (nth, byte) in bytes.iter().enumerate() {
        if *byte != 0 || nth == 0 || bytes[nth - 1] != 0xff {
            plain.push(*byte);
        }
    }
    plain
}

struct Frame<'a> {
    kind: [u8; 4],
    flags: u8,
    content: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame, and what stands behind it.
    fn split(bytes: &'a [u8], version: u8) -> Option<(Self, &'a [u8])> {
        let ([k0, k1, k2, k3, l3, l2, l1, l0, _, flags], rest) = bytes.split_first_chunk::<10>()?;
        let kind = [*k0, *k1, *k2, *k3];
        if !is_kind(&kind) {
            return None;
        }
        let len = [*l3, *l2, *l1, *l0];
        let plain = u32::from_be_bytes(len) as usize;
        let safe = syncsafe(len) as usize;
        // Some writers of version 4 count like version 3.
        let ends_well = |len: usize| {
            rest.get(len..).is_some_and(|next| is_kind(next) || next.first().is_none_or(|byte| *byte == 0))
        };
        let len = if version == 3 || !ends_well(safe) && ends_well(plain) { plain } else { safe };
        let (content, behind) = rest.split_at(len.min(rest.len()));
        Some((Self { kind, flags: *flags, content }, behind))
    }

    fn take(&self, version: u8, is_unsynchronised: bool, slots: &mut Slots) {
        if !matches!(&self.kind, b"TXXX" | b"COMM" | b"TIT2" | b"TSSE" | b"TENC") {
            return;
        }
        let [packed, counted, zeros] = if version == 4 { [0x0c, 0x01, 0x02] } else { [0xc0, 0, 0] };
        if self.flags & packed != 0 {
            let what = String::from_utf8_lossy(&self.kind).into_owned();
            slots.complain(Complaint::UnreadCompression { what });
            return;
        }
        let content =
            if self.flags & counted != 0 { self.content.get(4..).unwrap_or_default() } else { self.content };
        let plain;
        let content = if version == 4 && (self.flags & zeros != 0 || is_unsynchronised) {
            plain = synchronised(content);
            &plain[..]
        } else {
            content
        };
        let Some((code, rest)) = content.split_first() else { return };
        let (name, text) = match &self.kind {
            b"TXXX" => {
                let (name, text) = divided(*code, rest);
                (coded(*code, name).to_lowercase(), text)
            }
            b"COMM" => {
                // A language of three letters stands first.
                let (name, text) = divided(*code, rest.get(3..).unwrap_or_default());
                let name = coded(*code, name).to_lowercase();
                (if name.is_empty() { "comment".to_owned() } else { name }, text)
            }
            b"TIT2" => ("title".to_owned(), rest),
            _ => ("encoder".to_owned(), rest),
        };
        if !name.is_empty() && name.len() <= KEYWORD_BYTES_MAX {
            slots.add(Place::Keyword(name), coded(*code, text));
        }
    }
}

fn is_kind(bytes: &[u8]) -> bool {
    bytes.get(..4).is_some_and(|kind| {
        kind.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && kind[0].is_ascii_uppercase()
    })
}

/// What stands before and behind the first NUL, which UTF-16 makes of two bytes.
fn divided(code: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
    let (at, n) = match code {
        1 | 2 => (bytes.chunks_exact(2).position(|pair| pair == [0, 0]).map(|nth| nth * 2), 2),
        _ => (memchr::memchr(0, bytes), 1),
    };
    at.map_or((bytes, &[]), |at| (&bytes[..at], &bytes[at + n..]))
}

fn coded(code: u8, bytes: &[u8]) -> String {
    match (code, bytes) {
        (1 | 2, [0xff, 0xfe, rest @ ..]) => decode::utf_16_text(rest, true),
        (1 | 2, [0xfe, 0xff, rest @ ..]) => decode::utf_16_text(rest, false),
        (1 | 2, _) => decode::utf_16_text(bytes, code == 1),
        _ => decode::text(bytes),
    }
}
