//! Films and sound in boxes: MP4, MOV, M4V, M4A. Reads their tags wherever they stand and the size of the
//! picture, by seeking from box to box; never looks into the streams.

use crate::boxes::{self, Boxed};
use crate::complaint::Complaint;
use crate::limits::{CHUNKS_PER_FILE_MAX, FILM_TAGS_MAX, KEYWORD_BYTES_MAX};
use crate::slots::{Place, Slots};
use crate::source::Window;
use crate::{decode, xmp};
use std::io;

/// Identity of a box that holds XMP.
const XMP: [u8; 16] = *b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
/// Boxes in which tags, or the size, may stand, each inside the one before it.
const DEPTH_MAX: usize = 4;

/// Whether films begin with a box of this kind.
pub(super) fn begins_with(kind: &[u8; 4]) -> bool {
    matches!(kind, b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot")
}

/// Walks the boxes; width and height of the largest picture, 0 where there is none.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<(u32, u32)> {
    let mut film = Film { slots, size: (0, 0), n_boxes: 0 };
    film.walk(window, 0, window.len(), 0)?;
    Ok(film.size)
}

struct Film<'s> {
    slots: &'s mut Slots,
    size: (u32, u32),
    n_boxes: usize,
}

impl Film<'_> {
    /// The next box in a room, as long as boxes may be looked at.
    fn next(&mut self, window: &Window<'_>, at: u64, room: u64) -> io::Result<Option<Boxed>> {
        self.n_boxes += 1;
        if self.n_boxes > CHUNKS_PER_FILE_MAX {
            self.slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
            return Ok(None);
        }
        boxes::read(window, at, room)
    }

    fn walk(&mut self, window: &mut Window<'_>, mut at: u64, room: u64, depth: usize) -> io::Result<()> {
        while let Some(found) = self.next(window, at, room)? {
            at = found.end;
            if found.is_cut {
                let what = String::from_utf8_lossy(&found.kind).escape_default().to_string();
                self.slots.complain(Complaint::Truncated { what });
            }
            match &found.kind {
                b"moov" | b"udta" | b"trak" if depth < DEPTH_MAX => {
                    self.walk(window, found.start, found.end, depth + 1)?;
                }
                b"meta" => self.meta(window, found)?,
                b"tkhd" => self.track(window, found)?,
                b"uuid" => self.named_by_number(window, found)?,
                b"XMP_" => {
                    if let Some(packet) = window.value(found.start, found.len(), "xmp", self.slots)? {
                        xmp::take(&packet, self.slots);
                    }
                }
                // Version and flags stand before the graph.
                b"wflo" => self.plain(window, "workflow", found.start + 4, found.end)?,
                [0xa9, ..] => self.old_tag(window, found)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The size as it is shown, in 16.16 numbers behind times whose width the version decides.
    fn track(&mut self, window: &Window<'_>, found: Boxed) -> io::Result<()> {
        let Some([version]) = window.array::<1>(found.start)? else { return Ok(()) };
        let matrix = found.start + if version == 1 { 52 } else { 40 };
        if matrix + 44 > found.end {
            return Ok(());
        }
        let Some(bytes) = window.array::<44>(matrix)? else { return Ok(()) };
        let number = |nth: usize| {
            u32::from_be_bytes([bytes[nth * 4], bytes[nth * 4 + 1], bytes[nth * 4 + 2], bytes[nth * 4 + 3]])
        };
        let (width, height) = (number(9) >> 16, number(10) >> 16);
        // Turned by a quarter, as telephones write it.
        let is_turned = number(0) == 0 && number(4) == 0 && number(1) != 0;
        let size = if is_turned { (height, width) } else { (width, height) };
        let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        if area(size) > area(self.size) {
            self.size = size;
        }
        Ok(())
    }

    fn named_by_number(&mut self, window: &mut Window<'_>, found: Boxed) -> io::Result<()> {
        if found.len() > 16
            && window.array::<16>(found.start)? == Some(XMP)
            && let Some(packet) = window.value(found.start + 16, found.len() - 16, "xmp", self.slots)?
        {
            xmp::take(&packet, self.slots);
        }
        boxes::credentials(window, found, self.slots)
    }

    /// A tag of old QuickTime films: its length and language, then its text; or a box of data.
    fn old_tag(&mut self, window: &mut Window<'_>, found: Boxed) -> io::Result<()> {
        let Some(name) = name_of(found.kind) else { return Ok(()) };
        if let Some(data) = self.data(window, found)? {
            return self.value(window, name, data);
        }
        let Some([l1, l0, _, _]) = window.array::<4>(found.start)? else { return Ok(()) };
        let len = u64::from(u16::from_be_bytes([l1, l0]));
        self.plain(window, name, found.start + 4, found.end.min(found.start + 4 + len))
    }

    fn plain(&mut self, window: &mut Window<'_>, name: &str, start: u64, end: u64) -> io::Result<()> {
        if let Some(text) = window.value(start, end.saturating_sub(start), name, self.slots)? {
            self.slots.add(Place::Keyword(name.to_owned()), decode::text(&text));
        }
        Ok(())
    }

    /// Tags with their names beside them, or with names of four letters.
    fn meta(&mut self, window: &mut Window<'_>, found: Boxed) -> io::Result<()> {
        // In ISO files version and flags stand first, in QuickTime's they do not.
        let is_bare = window.array::<8>(found.start)?.is_some_and(|start| start[4..] == *b"hdlr");
        let mut at = found.start + if is_bare { 0 } else { 4 };
        let mut names = Vec::new();
        while let Some(inner) = self.next(window, at, found.end)? {
            at = inner.end;
            match &inner.kind {
                b"keys" => {
                    if let Some(keys) = window.value(inner.start, inner.len(), "keys", self.slots)? {
                        names = keys_of(&keys);
                    }
                }
                b"ilst" => self.list(window, inner, &names)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn list(&mut self, window: &mut Window<'_>, list: Boxed, names: &[String]) -> io::Result<()> {
        let mut at = list.start;
        for _ in 0..FILM_TAGS_MAX {
            let Some(item) = self.next(window, at, list.end)? else { return Ok(()) };
            at = item.end;
            let nth = usize::try_from(u32::from_be_bytes(item.kind)).unwrap_or(0).checked_sub(1);
            let named = nth.and_then(|nth| names.get(nth)).cloned();
            let name = match named.or_else(|| name_of(item.kind).map(str::to_owned)) {
                Some(name) => Some(name),
                None if item.kind == *b"----" => self.free_name(window, item)?,
                None => None,
            };
            if let Some(name) = name
                && let Some(data) = self.data(window, item)?
            {
                self.value(window, &name, data)?;
            }
        }
        self.slots.complain(Complaint::TooManyValues { limit: FILM_TAGS_MAX });
        Ok(())
    }

    /// The name of an item that brings its own.
    fn free_name(&mut self, window: &mut Window<'_>, item: Boxed) -> io::Result<Option<String>> {
        let Some(name) = self.inner(window, item, *b"name")? else { return Ok(None) };
        let len = usize::try_from(name.len().saturating_sub(4)).unwrap_or(0).min(KEYWORD_BYTES_MAX);
        Ok(Some(decode::text(&window.slice(name.start + 4, len)?)))
    }

    fn data(&mut self, window: &Window<'_>, item: Boxed) -> io::Result<Option<Boxed>> {
        self.inner(window, item, *b"data")
    }

    fn inner(&mut self, window: &Window<'_>, item: Boxed, kind: [u8; 4]) -> io::Result<Option<Boxed>> {
        let mut at = item.start;
        while let Some(inner) = self.next(window, at, item.end)? {
            if inner.kind == kind {
                return Ok(Some(inner));
            }
            at = inner.end;
        }
        Ok(None)
    }

    /// What a box of data holds, if that is text: its kind and a language stand first.
    fn value(&mut self, window: &mut Window<'_>, name: &str, data: Boxed) -> io::Result<()> {
        let Some([_, kind @ .., _, _, _, _]) = window.array::<8>(data.start)? else { return Ok(()) };
        if data.len() < 8 || !matches!(kind, [0, 0, 0..=2]) {
            return Ok(());
        }
        let Some(text) = window.value(data.start + 8, data.len() - 8, name, self.slots)? else {
            return Ok(());
        };
        let text = if kind[2] == 2 { decode::utf_16_text(&text, false) } else { decode::text(&text) };
        self.slots.add(Place::Keyword(name.to_owned()), text);
        Ok(())
    }
}

/// The usual name of a tag of four letters.
const fn name_of(kind: [u8; 4]) -> Option<&'static str> {
    Some(match &kind {
        b"\xa9cmt" => "comment",
        b"\xa9des" | b"desc" | b"ldes" => "description",
        b"\xa9nam" => "title",
        b"\xa9too" | b"\xa9swr" => "encoder",
        _ => return None,
    })
}

/// The names that items refer to by number.
fn keys_of(keys: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = keys.get(8..).unwrap_or_default();
    while let Some((len, behind)) = rest.split_first_chunk::<4>()
        && let Some(len) = usize::try_from(u32::from_be_bytes(*len)).ok().and_then(|len| len.checked_sub(4))
        && let Some((entry, behind)) = behind.split_at_checked(len)
        && let Some((_space, name)) = entry.split_first_chunk::<4>()
        && names.len() < FILM_TAGS_MAX
    {
        names.push(decode::text(&name[..name.len().min(KEYWORD_BYTES_MAX)]));
        rest = behind;
    }
    names
}
