//! The TIFF block of EXIF: its values into slots. Follows IFD0, the Exif and the GPS directory,
//! never the thumbnail's. Lengths and offsets are believed only within the block.

use crate::complaint::Complaint;
use crate::field::{self, Field, size_of_kind};
use crate::limits::{EXIF_DIRECTORIES_MAX, EXIF_ENTRIES_MAX, VALUE_BYTES_MAX};
use crate::slots::{Place, Slots, Wanted, tag};
use crate::{iptc, json, xmp};
use memchr::memmem;

/// Reads a block, with or without `Exif\0\0` in front. Slots that are filled already stay.
pub(super) fn read(block: &[u8], slots: &mut Slots) {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let Some(tiff) = Tiff::open(block) else {
        slots.complain(Complaint::Damaged { what: "EXIF".to_owned() });
        return;
    };
    let mut directories = vec![tiff.first];
    let mut nth = 0;
    let mut values = Values::new(slots, block.len());
    while let Some(&directory) = directories.get(nth) {
        nth += 1;
        for entry in tiff.entries(directory) {
            let pointed = || entry.count(0).and_then(|pointed| u32::try_from(pointed).ok());
            match entry.tag {
                tag::GPS_DIRECTORY => {
                    if let Some(pointed) = pointed() {
                        values.take_gps(tiff.entries(pointed));
                    }
                    continue;
                }
                tag::EXIF_DIRECTORY if directories.len() < EXIF_DIRECTORIES_MAX => {
                    directories.extend(pointed().filter(|pointed| !directories.contains(pointed)));
                }
                _ => {}
            }
            values.take(&entry);
        }
    }
    recover_graphs(block, slots);
}

/// Reads a block that stands behind the four bytes of its offset, as in boxes. Some writers leave
/// these out.
pub(super) fn read_behind_offset(data: &[u8], slots: &mut Slots) {
    let is_block =
        |data: &&[u8]| [&b"II*\0"[..], b"MM\0*", b"Exif\0\0"].iter().any(|start| data.starts_with(start));
    let behind = || {
        let (offset, rest) = data.split_first_chunk::<4>()?;
        let stated = usize::try_from(u32::from_be_bytes(*offset)).ok();
        Some(stated.and_then(|at| rest.get(at..)).filter(is_block).unwrap_or(rest))
    };
    let block = Some(data).filter(is_block).or_else(behind);
    read(block.unwrap_or_default(), slots);
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

    /// The entries of a directory whose kind is known and whose value starts inside the block; values
    /// are clipped to the block.
    fn entries(&self, directory: u32) -> impl Iterator<Item = Field<'a>> + '_ {
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
                Some(Field { tag: self.u16(at)?, kind, n_bytes: len as u64, value, little: self.little })
            })
    }
}

/// Takes values into slots. Entries may all point at the same bytes, so what they decode to is
/// bounded by the length of what holds them.
pub(super) struct Values<'a> {
    slots: &'a mut Slots,
    n_left: usize,
}

impl<'a> Values<'a> {
    /// Of a block of this many bytes.
    pub(super) fn new(slots: &'a mut Slots, n_bytes: usize) -> Self {
        Self { slots, n_left: n_bytes.saturating_mul(2).saturating_add(VALUE_BYTES_MAX / 64) }
    }

    /// Whether a value under the tag would be kept.
    pub(super) fn wants(&self, tag: u16) -> bool {
        let everything = self.slots.wanted == Wanted::Everything;
        (everything || field::is_of_use(tag)) && !self.slots.has(&Place::Exif(tag))
    }

    /// Keeps a value, if it is wanted and there is none yet under its tag.
    pub(super) fn take(&mut self, field: &Field<'_>) {
        if !self.wants(field.tag) {
            return;
        }
        let everything = self.slots.wanted == Wanted::Everything;
        match field.tag {
            tag::XMP | tag::IPTC | tag::PHOTOSHOP if !everything => {
                let Some(value) = self.counted(field) else { return };
                match field.tag {
                    tag::XMP => xmp::take(value, self.slots),
                    _ => iptc::read(value, self.slots),
                }
            }
            tag::MAKER_NOTE if !everything && !field.is_plain() => {}
            _ => {
                let Some(text) = self.shown(field) else { return };
                if field.tag == tag::XMP {
                    self.slots.note("xmp", text);
                } else {
                    self.slots.add(Place::Exif(field.tag), text);
                }
            }
        }
    }

    /// Keeps a GPS directory as one JSON object, because its numbers of tags are small and mean
    /// something else than the same numbers elsewhere.
    pub(super) fn take_gps<'f>(&mut self, fields: impl Iterator<Item = Field<'f>>) {
        if !self.wants(tag::GPS_DIRECTORY) {
            return;
        }
        let mut shown = serde_json::Map::new();
        for mut field in fields {
            let key = field.tag.to_string();
            // The method and the area are coded like comments; they have these tags here only.
            if matches!(field.tag, 27 | 28) {
                field.tag = tag::USER_COMMENT;
            }
            if let Some(text) = self.shown(&field)
                && !shown.contains_key(&key)
            {
                shown.insert(key, text.into());
            }
        }
        if !shown.is_empty() {
            self.slots.add(Place::Exif(tag::GPS_DIRECTORY), serde_json::Value::from(shown).to_string());
        }
    }

    fn shown(&mut self, field: &Field<'_>) -> Option<String> {
        let value = self.counted(field)?;
        Some(Field { value, ..*field }.text())
    }

    /// What of a value is of use, where entries have not used up what they may.
    fn counted<'f>(&mut self, field: &Field<'f>) -> Option<&'f [u8]> {
        let of_use = Field::bytes_of_use(field.tag, field.kind);
        let value = &field.value[..field.value.len().min(of_use)];
        if of_use == VALUE_BYTES_MAX && field.value.len() > of_use {
            self.slots
                .complain(Complaint::ValueTooLong { what: field.tag.to_string(), limit: VALUE_BYTES_MAX });
        }
        self.n_left = self.n_left.checked_sub(value.len())?;
        Some(value)
    }
}

/// Re-edited files declare counts and offsets that are off by some bytes and cut a graph short.
/// Where a graph is not whole, the block itself is searched for it.
fn recover_graphs(block: &[u8], slots: &mut Slots) {
    for (label, tag) in [("prompt:", tag::MODEL), ("workflow:", tag::MAKE)] {
        let is_whole = |text: &str| {
            text.get(..label.len()).is_some_and(|start| start.eq_ignore_ascii_case(label))
                && text.trim_end().ends_with('}')
        };
        if slots.all().iter().any(|slot| is_whole(&slot.text)) {
            continue;
        }
        let Some(at) = graph(block, label) else { continue };
        let rest = &block[at..][..(block.len() - at).min(VALUE_BYTES_MAX)];
        let rest = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        if let Some(len) = json::len(rest) {
            slots.replace(Place::Exif(tag), [label, &rest[..len]].concat());
        }
    }
}

/// Where the graph starts whose label, in any case of letters, stands at the start of a value.
fn graph(block: &[u8], label: &str) -> Option<usize> {
    let behind_label = |at: usize| {
        let rest = block.get(at..)?;
        let start = rest.get(..label.len())?;
        let rest = &rest[label.len()..];
        let n_blanks = usize::from(rest.first() == Some(&b' '));
        let is_graph = start.eq_ignore_ascii_case(label.as_bytes()) && rest.get(n_blanks) == Some(&b'{');
        is_graph.then_some(at + label.len() + n_blanks)
    };
    let of_value = memchr::memchr_iter(0, block).find_map(|nul| behind_label(nul + 1));
    of_value.or_else(|| memmem::find_iter(block, label.as_bytes()).find_map(behind_label))
}
