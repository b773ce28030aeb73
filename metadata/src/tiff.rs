//! TIFF and BigTIFF: size, the values of the first picture's directory with its Exif and GPS
//! directories, and where its strips or tiles lie. Everything may lie anywhere in the file, so each
//! thing is read where it is pointed to; further pictures of the file are not followed.

use crate::complaint::Complaint;
use crate::exif::Values;
use crate::field::{self, Field, size_of_kind};
use crate::limits::{BYTES_PER_FILE_MAX, CHUNKS_PER_FILE_MAX, EXIF_DIRECTORIES_MAX, EXIF_ENTRIES_MAX};
use crate::picture::Picture;
use crate::slots::{Slots, Wanted, tag};
use crate::source::Window;
use std::io;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const COMPRESSION: u16 = 259;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const RESOLUTION_UNIT: u16 = 296;
/// Offsets and lengths of strips, then of tiles.
const DATA: [(u16, u16); 2] = [(273, 279), (324, 325)];

/// Walks the directories.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let damaged = || Complaint::Damaged { what: "TIFF".to_owned() };
    let Some((form, first)) = Form::of(window)? else {
        slots.complain(damaged());
        return Ok(Picture::default());
    };
    let entries = form.entries(window, first)?;
    if entries.is_empty() {
        slots.complain(damaged());
    }
    let picture = picture(window, form, &entries, slots)?;
    if slots.wanted == Wanted::Everything {
        remarks(window, form, &entries, slots)?;
    }
    values(window, form, first, entries, slots)?;
    if window.budget() == 0 {
        slots.complain(Complaint::TooMuchMetadata { limit: BYTES_PER_FILE_MAX });
    }
    Ok(picture)
}

/// What a file's header decides.
#[derive(Clone, Copy)]
struct Form {
    little: bool,
    /// Counts and offsets of eight bytes.
    is_big: bool,
}

/// A directory's entry: where its value lies, which may be beyond the file.
#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    /// Bytes of one number.
    size: usize,
    /// Bytes of the value.
    n_bytes: u64,
    at: u64,
}

impl Form {
    /// The form, and where the first directory is.
    fn of(window: &Window<'_>) -> io::Result<Option<(Self, u64)>> {
        let Some(head) = window.array::<16>(0)? else { return Ok(None) };
        let form = Self { little: head[0] == b'I', is_big: head[2..4].contains(&43) };
        let first = if form.is_big { form.number(&head[8..16]) } else { form.number(&head[4..8]) };
        Ok(Some((form, first)))
    }

    fn number(self, bytes: &[u8]) -> u64 {
        let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) }
    }

    /// Those of known kinds, in order.
    fn entries(self, window: &mut Window<'_>, directory: u64) -> io::Result<Vec<Entry>> {
        let (n_count, n_entry, n_inline) = if self.is_big { (8, 20, 8) } else { (2, 12, 4) };
        let Some(start) = directory.checked_add(n_count as u64).filter(|start| *start >= 8) else {
            return Ok(Vec::new());
        };
        let count = self.number(&window.slice(directory, n_count)?);
        let n_bytes = usize::try_from(count).unwrap_or(usize::MAX).min(EXIF_ENTRIES_MAX) * n_entry;
        let table = window.slice(start, n_bytes)?;
        let entries = table.chunks_exact(n_entry).enumerate().filter_map(|(nth, entry)| {
            let (count, value) = entry[4..].split_at(if self.is_big { 8 } else { 4 });
            let kind = self.number(&entry[2..4]) as u16;
            let size = size_of_kind(kind)?;
            let n_bytes = self.number(count).checked_mul(size as u64)?;
            let inline = start + (nth * n_entry + n_entry - n_inline) as u64;
            let at = if n_bytes <= n_inline as u64 { inline } else { self.number(value) };
            Some(Entry { tag: self.number(&entry[..2]) as u16, kind, size, n_bytes, at })
        });
        Ok(entries.collect())
    }

    /// Does something with the first `len` bytes of a value.
    fn with<T>(
        self,
        window: &mut Window<'_>,
        entry: Entry,
        len: usize,
        f: impl FnOnce(&Field<'_>) -> T,
    ) -> io::Result<T> {
        let Entry { tag, kind, n_bytes, at, .. } = entry;
        let value = window.slice(at, usize::try_from(n_bytes).unwrap_or(usize::MAX).min(len))?;
        Ok(f(&Field { tag, kind, n_bytes, value: &value, little: self.little }))
    }
}

fn find(entries: &[Entry], tag: u16) -> Option<Entry> {
    entries.iter().find(|entry| entry.tag == tag).copied()
}

/// The whole numbers of a value, as many as there may be strips.
fn numbers(window: &mut Window<'_>, form: Form, entry: Entry) -> io::Result<Vec<u64>> {
    form.with(window, entry, CHUNKS_PER_FILE_MAX * entry.size, |field| {
        (0..field.value.len() / entry.size).map_while(|nth| field.count(nth)).collect()
    })
}

fn picture(window: &mut Window<'_>, form: Form, entries: &[Entry], slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    for (tag, side) in [(WIDTH, &mut picture.width), (HEIGHT, &mut picture.height)] {
        if let Some(entry) = find(entries, tag) {
            let stated = form.with(window, entry, entry.size, |field| field.count(0))?;
            *side = stated.and_then(|side| u32::try_from(side).ok()).unwrap_or(0);
        }
    }
    for (offsets, lengths) in DATA {
        let (Some(offsets), Some(lengths)) = (find(entries, offsets), find(entries, lengths)) else {
            continue;
        };
        if offsets.n_bytes / offsets.size as u64 > CHUNKS_PER_FILE_MAX as u64 {
            slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
        }
        let (offsets, lengths) = (numbers(window, form, offsets)?, numbers(window, form, lengths)?);
        for (offset, len) in offsets.into_iter().zip(lengths) {
            let there = len.min(window.len().saturating_sub(offset));
            picture.payload.push(offset, there);
            if there < len {
                slots.complain(Complaint::Truncated { what: "TIFF".to_owned() });
            }
        }
        if picture.payload.len() > 0 {
            break;
        }
    }
    Ok(picture)
}

/// What clients know by names.
fn remarks(window: &mut Window<'_>, form: Form, entries: &[Entry], slots: &mut Slots) -> io::Result<()> {
    let mut real = |tag| {
        let Some(entry) = find(entries, tag) else { return Ok(None) };
        form.with(window, entry, entry.size, |field| field.real(0))
    };
    if let Some(name) = real(COMPRESSION)?.and_then(|number| compression(number as u32)) {
        slots.note("compression", name);
    }
    if let (Some(x), Some(y)) = (real(X_RESOLUTION)?, real(Y_RESOLUTION)?) {
        // By the inch unless it says otherwise; by nothing it is no density of dots.
        let (name, per_inch) = match real(RESOLUTION_UNIT)?.unwrap_or(2.0) as u32 {
            1 => ("resolution", 1.0),
            3 => ("dpi", 2.54),
            _ => ("dpi", 1.0),
        };
        slots.note(name, field::tuple(&[x * per_inch, y * per_inch].map(field::decimal)));
    }
    Ok(())
}

/// The name of a method of compression, as clients know it.
const fn compression(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "raw",
        2 => "tiff_ccitt",
        3 => "group3",
        4 => "group4",
        5 => "tiff_lzw",
        6 => "tiff_jpeg",
        7 => "jpeg",
        8 => "tiff_adobe_deflate",
        32773 => "packbits",
        32946 => "tiff_deflate",
        34925 => "lzma",
        50000 => "zstd",
        50001 => "webp",
        _ => return None,
    })
}

/// Takes the values of the first directory and of what it points to.
fn values(
    window: &mut Window<'_>,
    form: Form,
    first: u64,
    entries: Vec<Entry>,
    slots: &mut Slots,
) -> io::Result<()> {
    // The budget of the window bounds what entries that overlap can cost.
    let mut values = Values::new(slots, BYTES_PER_FILE_MAX as usize);
    let mut visited = vec![first];
    let mut waiting = vec![entries];
    while let Some(entries) = waiting.pop() {
        for entry in entries {
            if matches!(entry.tag, tag::EXIF_DIRECTORY | tag::GPS_DIRECTORY)
                && visited.len() < EXIF_DIRECTORIES_MAX
                && let Some(pointed) = form.with(window, entry, entry.size, |field| field.count(0))?
                && !visited.contains(&pointed)
            {
                visited.push(pointed);
                let found = form.entries(window, pointed)?;
                if entry.tag == tag::GPS_DIRECTORY {
                    gps(window, form, &found, &mut values)?;
                    continue;
                }
                waiting.push(found);
            }
            if entry.tag != tag::GPS_DIRECTORY && values.wants(entry.tag) {
                // One byte more than is kept shows that there is more.
                let of_use = Field::bytes_of_use(entry.tag, entry.kind).saturating_add(1);
                form.with(window, entry, of_use, |field| values.take(field))?;
            }
        }
    }
    Ok(())
}

fn gps(window: &mut Window<'_>, form: Form, entries: &[Entry], values: &mut Values<'_>) -> io::Result<()> {
    if !values.wants(tag::GPS_DIRECTORY) {
        return Ok(());
    }
    let mut read = Vec::new();
    for entry in entries {
        let of_use = Field::bytes_of_use(entry.tag, entry.kind);
        read.push((entry, form.with(window, *entry, of_use, |field| field.value.to_vec())?));
    }
    let fields = read.iter().map(|(entry, value)| {
        let Entry { tag, kind, n_bytes, .. } = **entry;
        Field { tag, kind, n_bytes, value, little: form.little }
    });
    values.take_gps(fields);
    Ok(())
}
