//! The entries of a folder in little memory: a folder of a million files takes some 40 MB.

use super::Kind;

/// Names and kinds, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    names: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    length: u16,
    kind: Kind,
}

impl Listing {
    /// Adds an entry; `false` when there are too many to be held, or the name is too long.
    pub fn push(&mut self, name: &[u8], kind: Kind) -> bool {
        let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len())) else {
            return false;
        };
        self.names.extend_from_slice(name);
        self.entries.push(Entry { start, length, kind });
        true
    }

    /// To be called when all are in.
    pub fn sort(&mut self) {
        let names = &self.names;
        self.entries.sort_unstable_by(|a, b| name_of(names, *a).cmp(name_of(names, *b)));
    }

    /// Whether the folder is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The nth by name.
    #[must_use]
    pub fn get(&self, nth: usize) -> Option<(&[u8], Kind)> {
        let entry = *self.entries.get(nth)?;
        Some((name_of(&self.names, entry), entry.kind))
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Kind)> {
        self.entries.iter().map(|entry| (name_of(&self.names, *entry), entry.kind))
    }

    /// Those whose name is not less than this one, by name.
    pub fn from(&self, name: &[u8]) -> impl Iterator<Item = (&[u8], Kind)> {
        let first = self.entries.partition_point(|entry| name_of(&self.names, *entry) < name);
        self.entries[first..].iter().map(|entry| (name_of(&self.names, *entry), entry.kind))
    }

    /// What this name stands for, if it is there.
    #[must_use]
    pub fn kind_of(&self, name: &[u8]) -> Option<Kind> {
        let nth = self.entries.binary_search_by(|entry| name_of(&self.names, *entry).cmp(name)).ok()?;
        Some(self.entries[nth].kind)
    }
}

fn name_of(names: &[u8], entry: Entry) -> &[u8] {
    &names[entry.start as usize..entry.start as usize + usize::from(entry.length)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_name() {
        let mut listing = Listing::default();
        for (name, kind) in [(&b"b"[..], Kind::File), (b"a\xff", Kind::Link), (b"a", Kind::Folder)] {
            assert!(listing.push(name, kind));
        }
        assert!(!listing.push(&[b'x'; 70_000], Kind::File));
        listing.sort();
        assert_eq!(listing.len(), 3);
        assert_eq!(listing.kind_of(b"a\xff"), Some(Kind::Link));
        assert_eq!(listing.kind_of(b"c"), None);
        assert_eq!(listing.get(0), Some((&b"a"[..], Kind::Folder)));
        assert_eq!(listing.from(b"aa").count(), 2);
        assert_eq!(listing.iter().last(), Some((&b"b"[..], Kind::File)));
    }
}
