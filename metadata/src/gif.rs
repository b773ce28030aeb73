//! GIF: size, comments, the XMP extension, and where colours and frames lie. Frames state no length
//! and can only be passed block by block, so of a long animation only the start is walked; the rest
//! counts as frames, and a comment in it is not found.

use crate::complaint::Complaint;
use crate::limits::{CHUNKS_PER_FILE_MAX, GIF_BYTES_WALKED_MAX};
use crate::picture::Picture;
use crate::slots::{Place, Slots, Wanted};
use crate::source::Window;
use crate::{decode, xmp};
use memchr::memmem;
use std::io;

const FRAME: u8 = 0x2c;
const EXTENSION: u8 = 0x21;
const END: u8 = 0x3b;
/// Bytes read ahead while blocks of at most 256 bytes are passed.
const AHEAD_BYTES: usize = 8 << 10;

/// Walks the blocks.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    let mut tape = Tape { ahead: Vec::new(), start: 0 };
    let Some(head) = window.array::<13>(0)? else {
        slots.complain(Complaint::Truncated { what: "GIF".to_owned() });
        if let Some([w0, w1, h0, h1]) = window.array::<4>(6)? {
            (picture.width, picture.height) = (sides([w0, w1]), sides([h0, h1]));
        }
        return Ok(picture);
    };
    (picture.width, picture.height) = (sides([head[6], head[7]]), sides([head[8], head[9]]));
    slots.note("version", String::from_utf8_lossy(&head[..6]));
    slots.note("background", head[11].to_string());
    let mut at = 13 + colours(head[10]);
    picture.payload.push(13, colours(head[10]).min(window.len() - 13));
    for n_blocks in 0.. {
        if n_blocks >= CHUNKS_PER_FILE_MAX {
            slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
            break;
        }
        let mark = tape.byte(window, at)?;
        let end = match mark {
            Some(FRAME) => match window.array::<9>(at + 1)? {
                Some([.., flags]) => tape.end_of_blocks(window, at + 11 + colours(flags))?,
                None => End::FileEnds,
            },
            Some(EXTENSION) => tape.end_of_blocks(window, at + 2)?,
            Some(END) => break,
            Some(_) => {
                slots.complain(Complaint::Damaged { what: "GIF".to_owned() });
                break;
            }
            None => End::FileEnds,
        };
        if end == End::FileEnds {
            slots.complain(Complaint::Truncated { what: "GIF".to_owned() });
        }
        let next = if let End::At(next) = end { next } else { window.len() };
        match mark {
            Some(FRAME) => picture.payload.push(at, next.saturating_sub(at)),
            Some(EXTENSION) if end != End::TooFar => extension(window, at + 1, next, slots)?,
            _ => {}
        }
        if !matches!(end, End::At(_)) {
            break;
        }
        at = next;
    }
    Ok(picture)
}

fn sides(bytes: [u8; 2]) -> u32 {
    u16::from_le_bytes(bytes).into()
}

/// Bytes of the table of colours that these flags announce.
const fn colours(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Where a chain of blocks ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Behind its last byte.
    At(u64),
    /// It has no end.
    FileEnds,
    /// Farther on than is looked.
    TooFar,
}

/// Bytes that were read ahead.
struct Tape {
    ahead: Vec<u8>,
    start: u64,
}

impl Tape {
    fn byte(&mut self, window: &Window<'_>, at: u64) -> io::Result<Option<u8>> {
        let held = |tape: &Self| tape.ahead.get(usize::try_from(at.checked_sub(tape.start)?).ok()?).copied();
        if let Some(byte) = held(self) {
            return Ok(Some(byte));
        }
        let there = window.len().saturating_sub(at).min(AHEAD_BYTES as u64);
        self.ahead.resize(there as usize, 0);
        let n = window.copy(at, &mut self.ahead)?;
        self.ahead.truncate(n);
        self.start = at;
        Ok(held(self))
    }

    /// Of the chain whose first block starts at `at`.
    fn end_of_blocks(&mut self, window: &Window<'_>, mut at: u64) -> io::Result<End> {
        loop {
            match self.byte(window, at)? {
                None => return Ok(End::FileEnds),
                Some(_) if at > GIF_BYTES_WALKED_MAX => return Ok(End::TooFar),
                Some(0) => return Ok(End::At(at + 1)),
                Some(len) => at += 1 + u64::from(len),
            }
        }
    }
}

/// Reads the extension whose label is at `at`, up to `end`.
fn extension(window: &mut Window<'_>, at: u64, end: u64, slots: &mut Slots) -> io::Result<()> {
    let everything = slots.wanted == Wanted::Everything;
    let mut first = [0; 13];
    let n = window.copy(at, &mut first[..13.min(usize::try_from(end.saturating_sub(at)).unwrap_or(13))])?;
    let Some((label, start)) = first[..n].split_first() else { return Ok(()) };
    match (label, start) {
        (0xfe, _) => {
            let Some(data) = window.value(at + 1, end.saturating_sub(at + 1), "comment", slots)? else {
                return Ok(());
            };
            let text = decode::text(&joined(&data));
            slots.add(Place::Comment, text);
        }
        (0xff, b"\x0bXMP DataXMP") => {
            let start = at + 13;
            let Some(data) = window.value(start, end.saturating_sub(start), "xmp", slots)? else {
                return Ok(());
            };
            // It stands there as it is; a trailer of falling numbers leads walkers to its end.
            let text = &data[..memmem::rfind(&data, b"\x01\xff\xfe").unwrap_or(data.len())];
            xmp::take(text, slots);
        }
        (0xff, b"\x0bNETSCAPE2.0") if everything => {
            if let Some([3, 1, times @ ..]) = window.array::<4>(at + 13)? {
                slots.note("loop", u16::from_le_bytes(times).to_string());
            }
        }
        (0xf9, [4, flags, d0, d1, transparent, ..]) if everything => {
            slots.note("duration", (u32::from(u16::from_le_bytes([*d0, *d1])) * 10).to_string());
            if flags & 1 == 1 {
                slots.note("transparency", transparent.to_string());
            }
        }
        _ => {}
    }
    Ok(())
}

/// What the blocks of a chain hold.
fn joined(mut chain: &[u8]) -> Vec<u8> {
    let mut all = Vec::with_capacity(chain.len());
    while let Some((len, rest)) = chain.split_first().filter(|(len, _)| **len > 0) {
        let (block, behind) = rest.split_at(usize::from(*len).min(rest.len()));
        all.extend_from_slice(block);
        chain = behind;
    }
    all
}
