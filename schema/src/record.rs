//! The rows of the ledger: what it knows of folders, images, texts, tags and what people did.
//!
//! Rows are encoded with postcard (varint integers, fields in order, no names); a change of any
//! type here is a change of [`crate::format::LEDGER`].

use crate::id::{FolderId, ImageId, RootId, Seq, TagId, TextId, Timestamp};
use crate::media::MediaKind;
use crate::path::RelPath;
use crate::pending::Pending;
use crate::tag::TagKind;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use crate::decision::{Action, Decision, LinkChange, Standing};

/// A stored row did not have the shape its format promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row of `{table}` cannot be decoded")]
pub struct Malformed {
    /// The table the row came from.
    pub table: &'static str,
}

/// A row of the ledger.
pub trait Row: Serialize + DeserializeOwned {
    /// The table it stands in, for messages.
    const TABLE: &'static str;

    /// The bytes to store.
    fn encode(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("rows hold nothing that cannot be encoded")
    }

    /// Reads what [`Row::encode`] wrote.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not such a row.
    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        postcard::from_bytes(bytes).map_err(|_| Malformed { table: Self::TABLE })
    }
}

macro_rules! rows { ($($name:ident in $table:literal),* $(,)?) => { $(impl Row for $name { const TABLE: &'static str = $table; })* } }
rows! {
    Root in "roots", Folder in "folders", Image in "images", Text in "texts", Tag in "tags",
    Link in "links", ExtraPath in "extra_paths", Decision in "decisions", Former in "formers",
    Review in "reviews", Edit in "edits", Pending in "pending",
}

/// An outermost folder the user gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Absolute path, lexically normal, symlinks unresolved.
    pub path: Vec<u8>,
    /// When a walk of it last came to its end; `None` while it was never walked.
    pub walked: Option<Timestamp>,
    /// No longer wanted; its images are hidden, what a person did to them is kept.
    pub retired: bool,
}

/// A folder that holds, or held, images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// The root it belongs to.
    pub root: RootId,
    /// Where it lies below the root.
    pub path: RelPath,
    /// The number of its latest change.
    pub seq: Seq,
}

/// What a walk or an event sees of a file without opening it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sighting {
    /// Size in bytes.
    pub size: u64,
    /// Modification time.
    pub modified: Timestamp,
    /// Birth time where the file system has it, otherwise the inode-change time.
    pub created: Timestamp,
    /// Inode number; 0 where there is none.
    pub inode: u64,
    /// Device number; 0 where there is none.
    pub device: u64,
    /// Size in bytes and modification time of the sidecar, if there is one.
    pub sidecar: Option<(u64, Timestamp)>,
}

impl Sighting {
    /// Whether both are of one file, whatever it was called in between: moving keeps the inode and
    /// the birth time, copying gives others. The device is left out, because it differs when a drive
    /// is mounted again.
    #[must_use]
    pub const fn is_same_file(&self, other: &Self) -> bool {
        self.inode != 0 && self.inode == other.inode && self.created.0 == other.created.0
    }

    /// A digest that differs when a file has to be read again: size, modification time, inode and
    /// sidecar count; birth time and device do not (they change on remounting).
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.size.to_le_bytes());
        hasher.update(&self.modified.0.to_le_bytes());
        hasher.update(&self.inode.to_le_bytes());
        if let Some((size, modified)) = self.sidecar {
            hasher.update(&size.to_le_bytes());
            hasher.update(&modified.0.to_le_bytes());
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(first)
    }
}

/// Content identity: a digest over format, pixel size, length of the pixel payload and at least
/// eight spread blocks of it; blind to metadata and path. All zero when the content could not be
/// read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 16]);

/// Whether an image is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// Its file was there when last looked.
    #[default]
    Present,
    /// Its file was gone from a reachable root since then; hidden, everything a person did kept.
    Missing {
        /// When it was noticed.
        since: Timestamp,
    },
    /// Its root was removed by a person; hidden, everything a person did kept.
    Retired,
}

/// One media file known to the ledger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// The number of its latest change; its feed row has the same.
    pub seq: Seq,
    /// The folder it lies in.
    pub folder: FolderId,
    /// File name.
    pub name: Vec<u8>,
    /// What was last seen of the file.
    pub sighting: Sighting,
    /// Content identity.
    pub fingerprint: Fingerprint,
    /// Whether it is there.
    pub presence: Presence,
    /// By extension.
    pub media: MediaKind,
    /// Width in pixels of the file itself; 0 when unknown.
    pub pixel_width: u32,
    /// Height in pixels of the file itself; 0 when unknown.
    pub pixel_height: u32,
    /// Its pixel-size tag.
    pub size_tag: TagId,
    /// The shared part of its generation text.
    pub text: TextId,
    /// The values of the text's holes.
    pub holes: Vec<u64>,
    /// How many complaints reading it gave.
    pub complaints: u16,
}

/// The file an image had before its pixels were changed in place, or before a file of equal content
/// was taken for it. Should that very file turn up elsewhere, the image follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Content identity before.
    pub fingerprint: Fingerprint,
    /// What was seen of the file before.
    pub sighting: Sighting,
    /// Content identity since.
    pub since: Fingerprint,
    /// When the change was noticed.
    pub at: Timestamp,
}

impl Former {
    /// Whether the pixels changed in place; otherwise a file of equal content was taken for this one.
    #[must_use]
    pub fn is_of_rewriting(&self) -> bool {
        self.since != self.fingerprint
    }
}

/// A generation text that a person gave an image in place of what its file says. The image's record keeps
/// what the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The shared part of the text.
    pub text: TextId,
    /// The values of the text's holes.
    pub holes: Vec<u64>,
    /// When it was given.
    pub at: Timestamp,
}

/// Something about identity that is not guessed but asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// When it came up.
    pub at: Timestamp,
    /// What a person is to decide.
    pub question: Question,
}

/// See [`Review`]. Ids are of images that were concerned then; they may have moved on since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// A file arrived whose content several missing images had. Which of them is it?
    Ambiguous {
        /// The image made for the file.
        arrived: ImageId,
        /// The missing ones, oldest first.
        missing: Vec<ImageId>,
    },
    /// An image went missing, and its content is also that of a newer image which a person has
    /// worked on too. Are they one?
    Both {
        /// The missing one.
        missing: ImageId,
        /// The newer one.
        arrived: ImageId,
    },
    /// Both pixels and recipe of a file changed in place; the image kept its id. Is it another picture?
    Replaced {
        /// The image.
        image: ImageId,
        /// Content identity before.
        before: Fingerprint,
    },
}

/// A distinct generation text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The number it was given; its feed row has the same. A text never changes.
    pub seq: Seq,
    /// First 16 bytes of the BLAKE3 digest of what follows; finds it again.
    pub digest: [u8; 16],
    /// The text, see [`crate::text`].
    pub template: String,
    /// The tags that follow from it.
    pub tags: Vec<TagId>,
}

/// The number of a text's latest change, and the first 16 bytes of its digest.
pub type TextHead = (Seq, [u8; 16]);

impl Text {
    /// The number and digest at the head of an encoded text, and the bytes after them; `None`
    /// when the bytes are no text. Spares decoding the template.
    #[must_use]
    pub fn decode_head(bytes: &[u8]) -> Option<(TextHead, &[u8])> {
        postcard::take_from_bytes(bytes).ok()
    }

    /// The tags of an encoded text, without copying its template.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are no text.
    pub fn decode_tags(bytes: &[u8]) -> Result<Vec<TagId>, Malformed> {
        let decoded: Result<(Seq, [u8; 16], &str, Vec<TagId>), _> = postcard::from_bytes(bytes);
        decoded.map(|(_, _, _, tags)| tags).map_err(|_| Malformed { table: Self::TABLE })
    }
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The number of its latest change; its feed row has the same.
    pub seq: Seq,
    /// What it says about an image.
    pub kind: TagKind,
    /// Name, case kept.
    pub name: String,
    /// CSS colour, or empty.
    pub color: String,
    /// Removed by a person; its id is not given to another.
    pub removed: bool,
}

/// Who linked a tag to an image, or took it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// A person put it on.
    Given,
    /// A rule put it on.
    Ruled,
    /// A person took it off; no rule puts it on again.
    Refused,
}

/// How clients present an extra path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PathType {
    /// Browsed from the top of the file system down.
    Scanned,
    /// Opens at the folder itself.
    ScannedFixed,
    /// One flat view of the whole tree.
    Walk,
}

impl PathType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::Scanned, Self::ScannedFixed, Self::Walk];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scanned => "scanned",
            Self::ScannedFixed => "scanned-fixed",
            Self::Walk => "walk",
        }
    }

    /// From the word on the wire; `scan` is another word for `scanned`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        if word == "scan" {
            return Some(Self::Scanned);
        }
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// A folder the user gave, keyed by its absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraPath {
    /// Sorted, without repeats, never empty.
    pub types: Vec<PathType>,
    /// A name of the user's own, or empty.
    pub alias: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_takes_about_a_hundred_bytes() {
        let image = Image {
            seq: Seq(900_000),
            folder: FolderId(200),
            name: b"00012-1234567890.png".to_vec(),
            sighting: Sighting {
                size: 1_500_000,
                modified: Timestamp(1_795_363_958_250_000_000),
                created: Timestamp(1_795_363_958_250_000_000),
                inode: 123_456,
                device: 65_024,
                sidecar: None,
            },
            fingerprint: Fingerprint([7; 16]),
            presence: Presence::Present,
            media: MediaKind::Image,
            pixel_width: 832,
            pixel_height: 1216,
            size_tag: TagId(9),
            text: TextId(200_000),
            holes: vec![1_234_567_890],
            complaints: 0,
        };
        let bytes = image.encode();
        assert!(bytes.len() < 110, "{}", bytes.len());
        assert_eq!(Image::decode(&bytes), Ok(image));
        assert_eq!(Image::decode(&bytes[..20]), Err(Malformed { table: "images" }));
    }

    #[test]
    fn a_sighting_differs_when_a_nanosecond_or_the_sidecar_does() {
        let base = Sighting { size: 1, modified: Timestamp(5), ..Sighting::default() };
        assert_ne!(base.digest(), Sighting { modified: Timestamp(6), ..base }.digest());
        assert_ne!(base.digest(), Sighting { sidecar: Some((0, Timestamp(0))), ..base }.digest());
        assert_eq!(base.digest(), Sighting { device: 3, created: Timestamp(9), ..base }.digest());
    }
}
