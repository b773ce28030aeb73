//! The tables of a `meta` box: which items an AVIF or HEIF file has, where they lie, how they hang
//! together and what size they have. Pure; what a table holds is believed only within its bytes.

use crate::limits::{CHUNKS_PER_FILE_MAX, ITEMS_PER_FILE_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// What an item is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Exif,
    Xmp,
}

/// Where bytes of an item lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Within the `idat` box instead of within the file.
    pub(super) is_inside: bool,
    pub(super) start: u64,
    /// 0 means up to the end.
    pub(super) len: u64,
}

/// All tables of one file.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) primary: u32,
    pub(super) meanings: Vec<(u32, Meaning)>,
    places: BTreeMap<u32, Vec<Extent>>,
    /// Of what the items are made, and what describes whom.
    made_of: BTreeMap<u32, Vec<u32>>,
    describes: BTreeSet<(u32, u32)>,
    properties: Vec<Property>,
    has: BTreeMap<u32, Vec<u16>>,
    /// More items, or pieces of them, than are looked at.
    pub(super) are_too_many: bool,
}

#[derive(Clone, Copy, Debug)]
enum Property {
    Size(u32, u32),
    /// In quarter turns.
    Turned(u8),
    Other,
}

impl Items {
    /// Takes a table in; `content` is what is inside the box.
    pub(super) fn take(&mut self, kind: [u8; 4], content: &[u8]) {
        let mut bytes = Cut(content);
        // A table that ends early says what it says up to there.
        let _ = match &kind {
            b"pitm" => self.take_primary(&mut bytes),
            b"iinf" => self.take_infos(&mut bytes),
            b"iloc" => self.take_places(&mut bytes),
            b"iref" => self.take_references(&mut bytes),
            b"iprp" => self.take_properties(&mut bytes),
            _ => None,
        };
    }

    /// Where an item lies.
    pub(super) fn place(&self, item: u32) -> &[Extent] {
        self.places.get(&item).map(Vec::as_slice).unwrap_or_default()
    }

    /// Where the picture lies, in order: the primary item, or the items it is made of.
    pub(super) fn picture(&self) -> Vec<Extent> {
        let (mut extents, mut seen, mut waiting) = (Vec::new(), BTreeSet::new(), vec![self.primary]);
        while let Some(item) = waiting.pop() {
            if !seen.insert(item) {
                continue;
            }
            match self.made_of.get(&item) {
                Some(parts) => waiting.extend(parts.iter().rev().filter(|part| !seen.contains(part))),
                None => extents.extend_from_slice(self.place(item)),
            }
        }
        extents
    }

    /// Width and height as the picture is shown.
    pub(super) fn size(&self) -> Option<(u32, u32)> {
        let own = self.has.get(&self.primary).map(Vec::as_slice).unwrap_or_default();
        let own = || own.iter().filter_map(|nth| self.properties.get(usize::from(*nth).checked_sub(1)?));
        let size = |property: &Property| match property {
            Property::Size(width, height) => Some((*width, *height)),
            Property::Turned(_) | Property::Other => None,
        };
        let (width, height) = own().find_map(size).or_else(|| self.properties.iter().find_map(size))?;
        let is_turned = own().any(|property| matches!(property, Property::Turned(1 | 3)));
        Some(if is_turned { (height, width) } else { (width, height) })
    }

    /// Items of this meaning, those that describe the picture first.
    pub(super) fn that_are(&self, meaning: Meaning) -> Vec<u32> {
        let items = self.meanings.iter().filter(|(_, its)| *its == meaning).map(|(item, _)| *item);
        let mut items: Vec<_> = items.collect();
        items.sort_by_key(|item| !self.describes.contains(&(*item, self.primary)));
        items
    }

    fn take_primary(&mut self, bytes: &mut Cut<'_>) -> Option<()> {
        let (version, _) = bytes.version()?;
        self.primary = bytes.id(version >= 1)?;
        Some(())
    }

    fn take_infos(&mut self, bytes: &mut Cut<'_>) -> Option<()> {
        let (version, _) = bytes.version()?;
        bytes.number(if version == 0 { 2 } else { 4 })?;
        for n_infos in 0.. {
            let (kind, mut content) = bytes.inner()?;
            if n_infos >= ITEMS_PER_FILE_MAX {
                self.are_too_many = true;
                return None;
            }
            if kind == *b"infe"
                && let Some(info) = info(&mut content)
            {
                self.meanings.push(info);
            }
        }
        Some(())
    }

    fn take_places(&mut self, bytes: &mut Cut<'_>) -> Option<()> {
        let (version, _) = bytes.version()?;
        let sizes = bytes.number(2)?;
        let [n_offset, n_len, n_base, n_index] = [12, 8, 4, 0].map(|shift| (sizes >> shift & 15) as usize);
        let n_items = bytes.number(if version < 2 { 2 } else { 4 })?;
        let mut n_extents = 0;
        for nth in 0..n_items {
            let item = bytes.id(version >= 2)?;
            let method = if version == 0 { 0 } else { bytes.number(2)? & 15 };
            let in_this_file = bytes.number(2)? == 0;
            let base = bytes.number(n_base)?;
            let mut extents = Vec::new();
            for _ in 0..bytes.number(2)? {
                if version > 0 {
                    bytes.number(n_index)?;
                }
                let (offset, len) = (bytes.number(n_offset)?, bytes.number(n_len)?);
                n_extents += 1;
                if n_extents > CHUNKS_PER_FILE_MAX || nth >= ITEMS_PER_FILE_MAX as u64 {
                    self.are_too_many = true;
                    return None;
                }
                if let Some(start) = base.checked_add(offset).filter(|_| in_this_file && method < 2) {
                    extents.push(Extent { is_inside: method == 1, start, len });
                }
            }
            self.places.entry(item).or_insert(extents);
        }
        Some(())
    }

    fn take_references(&mut self, bytes: &mut Cut<'_>) -> Option<()> {
        let (version, _) = bytes.version()?;
        let is_wide = version >= 1;
        let mut n_references = 0;
        loop {
            let (kind, mut content) = bytes.inner()?;
            let from = content.id(is_wide)?;
            for _ in 0..content.number(2)? {
                let to = content.id(is_wide)?;
                n_references += 1;
                if n_references > CHUNKS_PER_FILE_MAX {
                    self.are_too_many = true;
                    return None;
                }
                match &kind {
                    b"dimg" => self.made_of.entry(from).or_default().push(to),
                    b"cdsc" => {
                        self.describes.insert((from, to));
                    }
                    _ => {}
                }
            }
        }
    }

    fn take_properties(&mut self, bytes: &mut Cut<'_>) -> Option<()> {
        loop {
            let (kind, mut content) = bytes.inner()?;
            // What one of them gets wrong is no reason to leave out the other.
            let _ = match &kind {
                b"ipco" => self.take_property_list(&mut content),
                b"ipma" => self.take_associations(&mut content),
                _ => None,
            };
        }
    }

    fn take_property_list(&mut self, bytes: &mut Cut<'_>) -> Option<()> {
        while self.properties.len() < ITEMS_PER_FILE_MAX {
            let (kind, mut content) = bytes.inner()?;
            self.properties.push(match &kind {
                b"ispe" => size(&mut content).unwrap_or(Property::Other),
                b"irot" => content.number(1).map_or(Property::Other, |turn| Property::Turned(turn as u8 & 3)),
                _ => Property::Other,
            });
        }
        self.are_too_many = true;
        None
    }

    fn take_associations(&mut self, bytes: &mut Cut<'_>) -> Option<()> {
        let (version, flags) = bytes.version()?;
        let n_items = bytes.number(4)?;
        for nth in 0..n_items {
            let item = bytes.id(version >= 1)?;
            if nth >= ITEMS_PER_FILE_MAX as u64 {
                self.are_too_many = true;
                return None;
            }
            let mut numbers = Vec::new();
            for _ in 0..bytes.number(1)? {
                // The highest bit says whether a reader must know the property.
                let is_wide = flags & 1 == 1;
                let number = bytes.number(if is_wide { 2 } else { 1 })?;
                numbers.push((number & if is_wide { 0x7fff } else { 0x7f }) as u16);
            }
            self.has.entry(item).or_insert(numbers);
        }
        Some(())
    }
}

/// What an item entry says, if it is of use.
fn info(bytes: &mut Cut<'_>) -> Option<(u32, Meaning)> {
    let (version, _) = bytes.version()?;
    let item = bytes.id(version >= 3)?;
    bytes.number(2)?;
    let kind = if version >= 2 { bytes.take(4)? } else { b"mime" };
    let _name = bytes.word();
    match kind {
        b"Exif" => Some((item, Meaning::Exif)),
        b"mime" if bytes.word() == b"application/rdf+xml" => Some((item, Meaning::Xmp)),
        _ => None,
    }
}

fn size(bytes: &mut Cut<'_>) -> Option<Property> {
    bytes.version()?;
    let side = |bytes: &mut Cut<'_>| u32::try_from(bytes.number(4)?).ok();
    Some(Property::Size(side(bytes)?, side(bytes)?))
}

/// Bytes of which one after the other is taken.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of at most eight bytes; of none it is 0.
    fn number(&mut self, n: usize) -> Option<u64> {
        let bytes = self.take(n).filter(|bytes| bytes.len() <= 8)?;
        Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn id(&mut self, is_wide: bool) -> Option<u32> {
        u32::try_from(self.number(if is_wide { 4 } else { 2 })?).ok()
    }

    /// Version and flags, with which tables begin.
    fn version(&mut self) -> Option<(u64, u64)> {
        Some((self.number(1)?, self.number(3)?))
    }

    /// Letters up to a NUL, or to the end.
    fn word(&mut self) -> &'a [u8] {
        let len = memchr::memchr(0, self.0).unwrap_or(self.0.len());
        let word = self.take(len).unwrap_or_default();
        self.take(1);
        word
    }

    /// A box and what is inside, which ends where the bytes do.
    fn inner(&mut self) -> Option<([u8; 4], Cut<'a>)> {
        let len = usize::try_from(self.number(4)?).ok()?;
        let kind = self.take(4)?.try_into().ok()?;
        let len = if len == 0 { self.0.len() } else { len.checked_sub(8)?.min(self.0.len()) };
        Some((kind, Cut(self.take(len)?)))
    }
}
