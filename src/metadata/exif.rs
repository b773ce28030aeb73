//! The TIFF block of EXIF: its texts into slots. Follows IFD0 and the Exif directory, never the
//! thumbnail's. Lengths and offsets are believed only within the block.

use crate::limits::metadata::{EXIF_DIRECTORIES_MAX, EXIF_ENTRIES_MAX, VALUE_BYTES_MAX};
use crate::metadata::complaint::Complaint;
use crate::metadata::slots::{Place, Slots, Wanted, tag};
use crate::metadata::{decode, json};
use memchr::memmem;

const EXIF_DIRECTORY: u16 = 0x8769;

/// Tags that can hold a recipe or say which program wrote the file.
const RECIPE_TAGS: [u16; 8] = [
    tag::DOCUMENT_NAME,
    tag::DESCRIPTION,
    tag::MAKE,
    tag::MODEL,
    tag::SOFTWARE,
    tag::ARTIST,
    tag::COPYRIGHT,
    tag::USER_COMMENT,
];

/// Reads a block, with or without `Exif\0\0` in front. Slots that are filled already stay.
pub(super) fn read(block: &[u8], slots: &mut Slots) {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let Some(tiff) = Tiff::open(block) else {
        slots.complain(Complaint::Damaged { what: "EXIF".to_owned() });
        return;
    };
    let mut directories = vec![tiff.first];
    let mut nth = 0;
    let mut values = Values { slots, n_left: block.len().saturating_mul(2) + VALUE_BYTES_MAX / 64 };
    while let Some(&directory) = directories.get(nth) {
        nth += 1;
        for entry in tiff.entries(directory) {
            if entry.tag == EXIF_DIRECTORY {
                let pointed = tiff.number(&entry, 0);
                if directories.len() < EXIF_DIRECTORIES_MAX
                    && let Some(pointed) = pointed.and_then(|pointed| u32::try_from(pointed).ok())
                    && !directories.contains(&pointed)
                {
                    directories.push(pointed);
                }
            }
            values.take(&tiff, &entry);
        }
    }
    recover_graphs(block, slots);
}

/// One directory entry, its value clipped to the block.
struct Entry<'a> {
    tag: u16,
    kind: u16,
    value: &'a [u8],
}

struct Tiff<'a> {
    block: &'a [u8],
    little: bool,
    first: u32,
}

impl<'a> Tiff<'a> {
    fn open(block: &'a [u8]) -> Option<Self> {
        let declared = match block.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let stated = Self::in_order(block, declared);
        let other = Self::in_order(block, !declared);
        // Some blocks state one order and are written in the other.
        if other.score() > stated.score() * 2 { Some(other) } else { Some(stated) }
            .filter(|tiff| tiff.score() > 0)
    }

    fn in_order(block: &'a [u8], little: bool) -> Self {
        let mut tiff = Self { block, little, first: 0 };
        tiff.first = tiff.u32(4).unwrap_or(0);
        tiff
    }

    /// How many entries of the first directory look right.
    fn score(&self) -> usize {
        if self.first < 8 || self.u16(2) != Some(42) && self.u16(2) != Some(0x2a00) {
            return 0;
        }
        self.entries(self.first).count()
    }

    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.block.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.bytes(at)
            .map(|bytes| if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.bytes(at)
            .map(|bytes| if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// The entries of a directory whose kind is known and whose value starts inside the block.
    fn entries(&self, directory: u32) -> impl Iterator<Item = Entry<'a>> + '_ {
        let start = directory as usize;
        let count = usize::from(self.u16(start).unwrap_or(0)).min(EXIF_ENTRIES_MAX);
        (0..count)
            .map_while(move |nth| self.bytes::<12>(start + 2 + nth * 12).map(|_| start + 2 + nth * 12))
            .filter_map(|at| {
                let kind = self.u16(at + 2)?;
                let size = size_of_kind(kind)?;
                let len = (self.u32(at + 4)? as usize).checked_mul(size)?;
                let start = if len <= 4 { at + 8 } else { self.u32(at + 8)? as usize };
                let end = start.saturating_add(len).min(self.block.len());
                let value = self.block.get(start..end).filter(|_| len <= 4 || start >= 8)?;
                Some(Entry { tag: self.u16(at)?, kind, value })
            })
    }

    /// The `nth` number of a value of whole numbers.
    fn number(&self, entry: &Entry<'_>, nth: usize) -> Option<i64> {
        let size = size_of_kind(entry.kind)?;
        let bytes = entry.value.get(nth * size..(nth + 1) * size)?;
        let order = |bytes: &[u8]| {
            let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
            if self.little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) }
        };
        match entry.kind {
            1 | 3 | 4 | 7 | 13 => i64::try_from(order(bytes)).ok(),
            6 => Some(i64::from(order(bytes) as u8 as i8)),
            8 => Some(i64::from(order(bytes) as u16 as i16)),
            9 => Some(i64::from(order(bytes) as u32 as i32)),
            _ => None,
        }
    }

    /// A value of numbers as text, at most eight of them.
    fn shown(&self, entry: &Entry<'_>) -> String {
        let Some(size) = size_of_kind(entry.kind) else { return String::new() };
        let parts = (0..(entry.value.len() / size).min(8)).filter_map(|nth| match entry.kind {
            5 | 10 => {
                let part = |half: usize| {
                    let value = entry.value.get(nth * 8 + half * 4..nth * 8 + half * 4 + 4)?;
                    self.number(&Entry { tag: 0, kind: if entry.kind == 5 { 4 } else { 9 }, value }, 0)
                };
                let (above, below) = (part(0)?, part(1)?);
                Some(if below == 1 { above.to_string() } else { format!("{above}/{below}") })
            }
            _ => self.number(entry, nth).map(|number| number.to_string()),
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

const fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// Takes values into slots. Entries may all point at the same bytes, so what they decode to is
/// bounded by the block's length.
struct Values<'a> {
    slots: &'a mut Slots,
    n_left: usize,
}

impl Values<'_> {
    fn take(&mut self, tiff: &Tiff<'_>, entry: &Entry<'_>) {
        let everything = self.slots.wanted == Wanted::Everything;
        if !everything && !RECIPE_TAGS.contains(&entry.tag) || self.slots.exif(entry.tag).is_some() {
            return;
        }
        let mut value = entry.value;
        if value.len() > VALUE_BYTES_MAX {
            value = &value[..VALUE_BYTES_MAX];
            self.slots
                .complain(Complaint::ValueTooLong { what: entry.tag.to_string(), limit: VALUE_BYTES_MAX });
        }
        if value.len() > self.n_left {
            return;
        }
        self.n_left -= value.len();
        let text = match (entry.tag, entry.kind) {
            (tag::USER_COMMENT, 1 | 2 | 7) => decode::user_comment(value, tiff.little),
            (0x9c9b..=0x9c9f, 1 | 7) => decode::xp(value),
            (_, 2) => decode::text(value),
            (tag, 1 | 7) if RECIPE_TAGS.contains(&tag) => decode::text(value),
            (_, 7) => return,
            _ => tiff.shown(&Entry { tag: entry.tag, kind: entry.kind, value }),
        };
        self.slots.add(Place::Exif(entry.tag), text);
    }
}

/// Re-edited files declare counts and offsets that are off by some bytes and cut a graph short.
/// Where a graph is not whole, the block itself is searched for it.
fn recover_graphs(block: &[u8], slots: &mut Slots) {
    for (mark, tag) in [(&b"prompt:{"[..], tag::MODEL), (b"workflow:{", tag::MAKE)] {
        let name = mark.len() - 1;
        let is_whole = |text: &str| {
            text.get(..name).is_some_and(|start| start.as_bytes().eq_ignore_ascii_case(&mark[..name]))
                && text.trim_end().ends_with('}')
        };
        if tag == tag::MAKE && slots.wanted == Wanted::Recipe
            || slots.all().iter().any(|slot| is_whole(&slot.text))
        {
            continue;
        }
        let Some(at) = memmem::find(block, mark) else { continue };
        let rest = &block[at + name..][..(block.len() - at - name).min(VALUE_BYTES_MAX)];
        let rest = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        if let Some((_, len)) = json::prefix(rest) {
            let text = [std::str::from_utf8(&mark[..name]).unwrap_or_default(), &rest[..len]].concat();
            slots.replace(Place::Exif(tag), text);
        }
    }
}
