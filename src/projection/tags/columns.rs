//! Numbers by image id.

use super::names::CHUNK;
use lumidex_schema::id::{FolderId, ImageId, TagId, TextId, Timestamp};
use lumidex_schema::media::MediaKind;

/// What is known of an image beside its tags and name. All zero for ids that are not live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) date: Timestamp,
    pub(super) created: Timestamp,
    pub(super) text: TextId,
    pub(super) folder: FolderId,
    pub(super) size_tag: TagId,
    pub(super) media: u8,
    pub(super) bytes: u64,
}

/// Numbers by image id; an image that is not live has folder 0.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    dates: Vec<i64>,
    created: Vec<i64>,
    texts: Vec<u32>,
    folders: Vec<u32>,
    size_tags: Vec<u32>,
    media: Vec<u8>,
    bytes: Vec<u64>,
}

impl Columns {
    /// One more than the largest id.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// Whether there is no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    /// Modification time; 0 when the image is not live.
    #[must_use]
    pub fn date(&self, id: ImageId) -> Timestamp {
        Timestamp(self.dates.get(id.index()).copied().unwrap_or_default())
    }

    /// Birth time, or inode-change time where there is none; 0 when the image is not live.
    #[must_use]
    pub fn created(&self, id: ImageId) -> Timestamp {
        Timestamp(self.created.get(id.index()).copied().unwrap_or_default())
    }

    /// What kind of media it is; `None` when the image is not live.
    #[must_use]
    pub fn media(&self, id: ImageId) -> Option<MediaKind> {
        let stored = self.get(id)?.media;
        MediaKind::ALL.into_iter().find(|media| *media as u8 == stored)
    }

    /// The shared text.
    #[must_use]
    pub fn text(&self, id: ImageId) -> TextId {
        TextId(self.texts.get(id.index()).copied().unwrap_or_default())
    }

    /// The folder; 0 when the image is not live.
    #[must_use]
    pub fn folder(&self, id: ImageId) -> FolderId {
        FolderId(self.folders.get(id.index()).copied().unwrap_or_default())
    }

    pub(super) fn get(&self, id: ImageId) -> Option<Facts> {
        let at = id.index();
        let folder = FolderId(*self.folders.get(at)?);
        (folder.0 != 0).then(|| Facts {
            date: Timestamp(self.dates[at]),
            created: Timestamp(self.created[at]),
            text: TextId(self.texts[at]),
            folder,
            size_tag: TagId(self.size_tags[at]),
            media: self.media[at],
            bytes: self.bytes[at],
        })
    }

    pub(super) fn set(&mut self, id: ImageId, facts: Facts) {
        let at = id.index();
        if at >= self.dates.len() {
            self.grow((at / CHUNK + 1) * CHUNK);
        }
        let Facts { date, created, text, folder, size_tag, media, bytes } = facts;
        self.dates[at] = date.0;
        self.created[at] = created.0;
        self.texts[at] = text.0;
        self.folders[at] = folder.0;
        self.size_tags[at] = size_tag.0;
        self.media[at] = media;
        self.bytes[at] = bytes;
    }

    /// Grows by whole chunks and, when it must move, by an eighth: doubling would waste half.
    pub(super) fn grow(&mut self, len: usize) {
        fn to<T: Clone + Default>(column: &mut Vec<T>, len: usize) {
            if len > column.capacity() {
                column.reserve_exact(len + len / 8 - column.len());
            }
            column.resize(len, T::default());
        }
        to(&mut self.dates, len);
        to(&mut self.created, len);
        to(&mut self.texts, len);
        to(&mut self.folders, len);
        to(&mut self.size_tags, len);
        to(&mut self.media, len);
        to(&mut self.bytes, len);
    }

    /// Appends a chunk's numbers to `out`, column by column, little-endian.
    pub(super) fn encode_chunk(&self, nth: usize, out: &mut Vec<u8>) {
        let range = nth * CHUNK..(nth + 1) * CHUNK;
        for column in [&self.dates, &self.created] {
            out.extend(column[range.clone()].iter().flat_map(|n| n.to_le_bytes()));
        }
        for column in [&self.texts, &self.folders, &self.size_tags] {
            out.extend(column[range.clone()].iter().flat_map(|n| n.to_le_bytes()));
        }
        out.extend_from_slice(&self.media[range.clone()]);
        out.extend(self.bytes[range].iter().flat_map(|n| n.to_le_bytes()));
    }

    /// Reads a chunk back; gives what follows it, `None` when it is too short.
    pub(super) fn decode_chunk<'b>(&mut self, nth: usize, bytes: &'b [u8]) -> Option<&'b [u8]> {
        if self.dates.len() < (nth + 1) * CHUNK {
            self.grow((nth + 1) * CHUNK);
        }
        let at = nth * CHUNK;
        let mut rest = bytes;
        for column in [&mut self.dates, &mut self.created] {
            let (part, after) = rest.split_at_checked(CHUNK * 8)?;
            for (slot, n) in column[at..].iter_mut().zip(part.as_chunks::<8>().0) {
                *slot = i64::from_le_bytes(*n);
            }
            rest = after;
        }
        for column in [&mut self.texts, &mut self.folders, &mut self.size_tags] {
            let (part, after) = rest.split_at_checked(CHUNK * 4)?;
            for (slot, n) in column[at..].iter_mut().zip(part.as_chunks::<4>().0) {
                *slot = u32::from_le_bytes(*n);
            }
            rest = after;
        }
        let (part, rest) = rest.split_at_checked(CHUNK)?;
        self.media[at..at + CHUNK].copy_from_slice(part);
        let (part, rest) = rest.split_at_checked(CHUNK * 8)?;
        for (slot, n) in self.bytes[at..].iter_mut().zip(part.as_chunks::<8>().0) {
            *slot = u64::from_le_bytes(*n);
        }
        Some(rest)
    }
}
