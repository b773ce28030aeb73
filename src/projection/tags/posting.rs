//! The images that have one thing in common.
//!
//! Rare tags dominate by number: they are short sorted lists. Common ones are roaring bitmaps.

use lumidex_schema::id::ImageId;
use roaring::RoaringBitmap;

/// Longest list that is not worth a bitmap: up to here a list is smaller and as fast.
const LIST_MAX: usize = 48;

/// A set of images.
#[derive(Clone, Debug)]
pub enum Posting {
    /// Sorted, without repeats.
    List(Vec<u32>),
    /// More than a list is good for.
    Bitmap {
        /// The images.
        ids: RoaringBitmap,
        /// How many: counting the runs of a compressed bitmap takes microseconds, and lists of tags
        /// ask thousands.
        len: u64,
    },
}

impl Default for Posting {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Posting {
    /// How many images.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::List(ids) => ids.len() as u64,
            Self::Bitmap { ids: _, len } => *len,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::List(ids) => ids.is_empty(),
            Self::Bitmap { ids: _, len } => *len == 0,
        }
    }

    /// Whether the image is among them.
    #[must_use]
    pub fn contains(&self, id: ImageId) -> bool {
        match self {
            Self::List(ids) => ids.binary_search(&id.0).is_ok(),
            Self::Bitmap { ids, .. } => ids.contains(id.0),
        }
    }

    /// The images as a bitmap.
    #[must_use]
    pub fn to_bitmap(&self) -> RoaringBitmap {
        match self {
            Self::List(ids) => ids.iter().copied().collect(),
            Self::Bitmap { ids, .. } => ids.clone(),
        }
    }

    /// Names every image, by increasing id.
    pub fn for_each(&self, mut found: impl FnMut(ImageId)) {
        match self {
            Self::List(ids) => ids.iter().for_each(|id| found(ImageId(*id))),
            Self::Bitmap { ids, .. } => ids.iter().for_each(|id| found(ImageId(id))),
        }
    }

    /// Adds the images to `out`.
    pub fn union_into(&self, out: &mut RoaringBitmap) {
        match self {
            Self::List(ids) => out.extend(ids.iter().copied()),
            Self::Bitmap { ids, .. } => *out |= ids,
        }
    }

    /// Keeps in `out` only these images.
    pub fn intersect_into(&self, out: &mut RoaringBitmap) {
        match self {
            Self::List(_) => *out &= self.to_bitmap(),
            Self::Bitmap { ids, .. } => *out &= ids,
        }
    }

    /// Takes these images out of `out`.
    pub fn subtract_from(&self, out: &mut RoaringBitmap) {
        match self {
            Self::List(ids) => ids.iter().for_each(|id| {
                out.remove(*id);
            }),
            Self::Bitmap { ids, .. } => *out -= ids,
        }
    }

    /// Adds an image; whether it was not there.
    pub fn insert(&mut self, id: ImageId) -> bool {
        match self {
            Self::List(ids) => match ids.binary_search(&id.0) {
                Ok(_) => false,
                Err(at) if ids.len() < LIST_MAX => {
                    ids.insert(at, id.0);
                    true
                }
                Err(at) => {
                    ids.insert(at, id.0);
                    let len = ids.len() as u64;
                    *self = Self::Bitmap { ids: ids.iter().copied().collect(), len };
                    true
                }
            },
            Self::Bitmap { ids, len } => {
                let is_added = ids.insert(id.0);
                *len += u64::from(is_added);
                is_added
            }
        }
    }

    /// Takes an image out; whether it was there.
    pub fn remove(&mut self, id: ImageId) -> bool {
        match self {
            Self::List(ids) => match ids.binary_search(&id.0) {
                Ok(at) => {
                    ids.remove(at);
                    true
                }
                Err(_) => false,
            },
            Self::Bitmap { ids, len } => {
                let is_removed = ids.remove(id.0);
                *len -= u64::from(is_removed);
                is_removed
            }
        }
    }

    /// Gives back memory that growing left over.
    pub fn shrink(&mut self) {
        match self {
            Self::List(ids) => ids.shrink_to_fit(),
            Self::Bitmap { ids, .. } => {
                ids.optimize();
            }
        }
    }

    /// The bytes to store: 0 and little-endian ids, or 1 and the portable roaring format.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::List(ids) => {
                let mut bytes = Vec::with_capacity(1 + ids.len() * 4);
                bytes.push(0);
                bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
                bytes
            }
            Self::Bitmap { ids, .. } => {
                let mut bytes = Vec::with_capacity(1 + ids.serialized_size());
                bytes.push(1);
                ids.serialize_into(&mut bytes).expect("writing to memory does not fail");
                bytes
            }
        }
    }

    /// Reads what [`Posting::encode`] wrote; `None` when it is damaged.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0, rest) => {
                let (ids, left) = rest.as_chunks::<4>();
                let ids: Vec<u32> = ids.iter().map(|id| u32::from_le_bytes(*id)).collect();
                (left.is_empty() && ids.is_sorted_by(|a, b| a < b)).then_some(Self::List(ids))
            }
            (1, rest) => {
                let ids = RoaringBitmap::deserialize_from(rest).ok()?;
                Some(Self::Bitmap { len: ids.len(), ids })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    proptest::proptest! {
        #[test]
        fn is_a_set(steps in proptest::collection::vec((0u32..120, proptest::bool::ANY), 0..300)) {
            let (mut posting, mut toy) = (Posting::default(), BTreeSet::new());
            for (id, put) in steps {
                let image = ImageId(id);
                if put {
                    proptest::prop_assert_eq!(posting.insert(image), toy.insert(id));
                } else {
                    proptest::prop_assert_eq!(posting.remove(image), toy.remove(&id));
                }
                proptest::prop_assert_eq!(posting.contains(image), toy.contains(&id));
            }
            posting.shrink();
            let stored = Posting::decode(&posting.encode()).unwrap();
            proptest::prop_assert_eq!(stored.len(), toy.len() as u64);
            proptest::prop_assert_eq!(stored.to_bitmap(), toy.into_iter().collect::<RoaringBitmap>());
        }
    }

    #[test]
    fn damaged_bytes_are_noticed() {
        for bytes in [&[][..], &[2], &[0, 1], &[0, 2, 0, 0, 0, 1, 0, 0, 0], &[1, 9, 9]] {
            assert!(Posting::decode(bytes).is_none(), "{bytes:?}");
        }
    }
}
