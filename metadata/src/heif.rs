//! AVIF, HEIC and HEIF stills: pictures kept as items of ISO boxes. Size, EXIF and XMP of the
//! primary picture, and where it lies. Hidden and further pictures of the file are not asked.

use crate::boxes::{self, Boxed};
use crate::complaint::Complaint;
use crate::items::{Extent, Items, Meaning};
use crate::limits::{CHUNKS_PER_FILE_MAX, ITEMS_PER_FILE_MAX, VALUE_BYTES_MAX};
use crate::picture::Picture;
use crate::slots::Slots;
use crate::source::Window;
use crate::{exif, xmp};
use std::io;

/// Walks to the box of tables and asks them.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    let Some(meta) = outermost(window, slots)? else {
        slots.complain(Complaint::Damaged { what: "HEIF".to_owned() });
        return Ok(picture);
    };
    let stills = read_tables(window, meta, slots)?;
    if let Some((width, height)) = stills.items.size() {
        (picture.width, picture.height) = (width, height);
    }
    for extent in stills.items.picture() {
        let (start, len, is_cut) = stills.span(extent);
        picture.payload.push(start, len);
        if is_cut {
            slots.complain(Complaint::Truncated { what: "picture".to_owned() });
        }
    }
    for item in stills.items.that_are(Meaning::Exif) {
        if let Some(data) = stills.content(window, item, "Exif", slots)? {
            exif::read_behind_offset(&data, slots);
        }
    }
    for item in stills.items.that_are(Meaning::Xmp) {
        if let Some(data) = stills.content(window, item, "xmp", slots)? {
            xmp::take(&data, slots);
        }
    }
    Ok(picture)
}

/// The first box of tables that is inside no other. Reads the content credentials on the way and behind.
fn outermost(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Option<Boxed>> {
    let (mut at, mut tables) = (0, None);
    for _ in 0..CHUNKS_PER_FILE_MAX {
        let Some(found) = boxes::read(window, at, window.len())? else { return Ok(tables) };
        match &found.kind {
            b"meta" if tables.is_none() => tables = Some(found),
            b"uuid" | b"jumb" => boxes::credentials(window, found, slots)?,
            _ => {}
        }
        at = found.end;
    }
    slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
    Ok(tables)
}

/// The tables of a file, and what is needed to find its items by them.
struct Stills {
    items: Items,
    /// Where small data beside the tables starts and ends.
    inside: (u64, u64),
    /// Where the file ends.
    room: u64,
}

fn read_tables(window: &mut Window<'_>, meta: Boxed, slots: &mut Slots) -> io::Result<Stills> {
    let mut stills = Stills { items: Items::default(), inside: (0, 0), room: window.len() };
    // Version and flags stand before the boxes inside.
    let mut at = meta.start + 4;
    for _ in 0..CHUNKS_PER_FILE_MAX {
        let Some(table) = boxes::read(window, at, meta.end)? else { break };
        at = table.end;
        let what = String::from_utf8_lossy(&table.kind).escape_default().to_string();
        if table.is_cut {
            slots.complain(Complaint::Truncated { what: what.clone() });
        }
        match &table.kind {
            b"idat" => stills.inside = (table.start, table.end),
            b"pitm" | b"iinf" | b"iloc" | b"iref" | b"iprp" => {
                if let Some(content) = window.value(table.start, table.len(), &what, slots)? {
                    stills.items.take(table.kind, &content);
                }
            }
            _ => {}
        }
    }
    if stills.items.are_too_many {
        slots.complain(Complaint::TooManyChunks { limit: ITEMS_PER_FILE_MAX });
    }
    Ok(stills)
}

impl Stills {
    /// Where an extent starts, how much of it is there, and whether that is less than it says.
    fn span(&self, extent: Extent) -> (u64, u64, bool) {
        let (start, end) = if extent.is_inside { self.inside } else { (0, self.room) };
        let start = start.saturating_add(extent.start);
        let there = end.saturating_sub(start);
        let len = if extent.len == 0 { there } else { extent.len };
        (start, len.min(there), len > there)
    }

    /// The bytes of an item, as far as a value may be long.
    fn content(
        &self,
        window: &mut Window<'_>,
        item: u32,
        what: &str,
        slots: &mut Slots,
    ) -> io::Result<Option<Vec<u8>>> {
        let mut content = Vec::new();
        for extent in self.items.place(item) {
            let (start, len, is_cut) = self.span(*extent);
            if is_cut {
                slots.complain(Complaint::Truncated { what: what.to_owned() });
            }
            let Some(bytes) = window.value(start, len, what, slots)? else { return Ok(None) };
            let n = bytes.len().min(VALUE_BYTES_MAX - content.len());
            content.extend_from_slice(&bytes[..n]);
            if content.len() == VALUE_BYTES_MAX {
                break;
            }
        }
        Ok(Some(content).filter(|content| !content.is_empty()))
    }
}
