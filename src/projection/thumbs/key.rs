//! What a thumbnail is of, how large it is to be, and the key that follows from both. Touches no disk.

use crate::limits::thumbs::{BOX_SIDE_MAX, COVER_CHOSEN_SIDE_MAX, COVER_SIDE_MAX};
use lumidex_schema::id::Timestamp;
use lumidex_schema::record::{Fingerprint, Image};

/// Counts up when thumbnails are made in another way, so that old ones are not served.
const ENCODER: u32 = 1;

/// Width and height in pixels that a thumbnail has to fit into, each 1 to 4096.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    width: u32,
    height: u32,
}

impl Frame {
    /// What is asked for most: the grid of the web page, and what is made ahead of demand.
    pub const COMMON: Self = Self { width: 512, height: 512 };
    /// Of the cover of a film: its own size, within reason.
    pub const COVER: Self = Self { width: COVER_SIDE_MAX, height: COVER_SIDE_MAX };
    /// Of a cover that a person chose.
    pub(super) const CHOSEN: Self = Self { width: COVER_CHOSEN_SIDE_MAX, height: COVER_CHOSEN_SIDE_MAX };

    /// `None` when a side is out of bounds.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Option<Self> {
        let bounds = 1..=BOX_SIDE_MAX;
        (bounds.contains(&width) && bounds.contains(&height)).then_some(Self { width, height })
    }

    /// From `WxH`, as `512x512`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (width, height) = text.split_once(['x', 'X'])?;
        // `+5` is a number to Rust, and nothing a person means.
        let side = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        Self::new(side(width)?, side(height)?)
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn sides(self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The size of a picture of `width` and `height` fitted into it: of equal aspect ratio as near as
    /// whole pixels allow, never enlarged, at least 1 on each side.
    #[must_use]
    pub fn fit(self, width: u32, height: u32) -> (u32, u32) {
        if width <= self.width && height <= self.height {
            return (width.max(1), height.max(1));
        }
        let (w, h) = (u64::from(width.max(1)), u64::from(height.max(1)));
        let (max_w, max_h) = (u64::from(self.width), u64::from(self.height));
        let scaled = |side: u64, other: u64, bound: u64| ((side * bound + other / 2) / other).max(1);
        let (w, h) = if w * max_h >= h * max_w {
            (max_w, scaled(h, w, max_w).min(max_h))
        } else {
            (scaled(w, h, max_h).min(max_w), max_h)
        };
        // Both are within the box.
        (u32::try_from(w).unwrap_or(self.width), u32::try_from(h).unwrap_or(self.height))
    }

    /// The same box for a picture lying on its side.
    pub(super) fn turned(self) -> Self {
        Self { width: self.height, height: self.width }
    }
}

/// Whose pixels these are. Equal content has an equal identity, as far as is known without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity([u8; 16]);

impl Identity {
    /// Of an image known to the ledger, at this absolute path: moving it changes nothing, rewriting it
    /// does, be it only its orientation.
    #[must_use]
    pub fn of_image(image: &Image, path: &[u8]) -> Self {
        let sighting = &image.sighting;
        if image.fingerprint == Fingerprint::default() {
            return Self::of_file(path, sighting.size, sighting.modified);
        }
        Self::over(b"image", &image.fingerprint.0, sighting.size, sighting.modified)
    }

    /// Of any other file, by its path, its size in bytes and its modification time.
    #[must_use]
    pub fn of_file(path: &[u8], size: u64, modified: Timestamp) -> Self {
        Self::over(b"file", path, size, modified)
    }

    fn over(kind: &[u8], what: &[u8], size: u64, modified: Timestamp) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind);
        hasher.update(&size.to_le_bytes());
        hasher.update(&modified.0.to_le_bytes());
        hasher.update(what);
        Self(first_16(&hasher))
    }
}

/// The name of one thumbnail, for caches here and at clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

impl Key {
    pub(super) fn of(identity: Identity, frame: Frame) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&ENCODER.to_le_bytes());
        hasher.update(&frame.width.to_le_bytes());
        hasher.update(&frame.height.to_le_bytes());
        hasher.update(&identity.0);
        Self(first_16(&hasher))
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its 16 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

fn first_16(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut first = [0; 16];
    hasher.finalize_xof().fill(&mut first);
    first
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pictures_fit_keep_their_shape_and_are_never_enlarged() {
        let fit = |frame: (u32, u32), w, h| Frame::new(frame.0, frame.1).unwrap().fit(w, h);
        assert_eq!(fit((512, 512), 832, 1216), (350, 512));
        assert_eq!(fit((512, 512), 3840, 2160), (512, 288));
        assert_eq!(fit((512, 512), 100, 7), (100, 7));
        assert_eq!(fit((512, 512), 512, 512), (512, 512));
        assert_eq!(fit((512, 512), 65_535, 1), (512, 1));
        assert_eq!(fit((1, 1), 65_535, 65_535), (1, 1));
        assert_eq!(fit((100, 400), 1000, 1000), (100, 100));
        assert_eq!(fit((4096, 1), 4096, 4096), (1, 1));
        assert!(Frame::new(0, 512).is_none() && Frame::new(512, 4097).is_none());
    }

    #[test]
    fn a_move_keeps_the_key_and_rewriting_does_not() {
        let mut image = Image { fingerprint: Fingerprint([7; 16]), ..Image::default() };
        image.sighting.size = 100;
        let key = |image: &Image, path: &[u8]| Key::of(Identity::of_image(image, path), Frame::COMMON);
        let before = key(&image, b"/a/x.png");
        assert_eq!(before, key(&image, b"/b/y.png"));
        image.sighting.modified = Timestamp(1);
        assert_ne!(before, key(&image, b"/a/x.png"), "its orientation may have changed");
        image.fingerprint = Fingerprint::default();
        assert_ne!(key(&image, b"/a/x.png"), key(&image, b"/b/y.png"), "nothing is known of the content");
        let identity = Identity::of_image(&image, b"/a");
        let small = Frame::new(256, 256).unwrap();
        assert_ne!(Key::of(identity, small), Key::of(identity, Frame::COMMON));
    }
}
