//! The tables of the ledger. Byte order of keys is their logical order.

use redb::TableDefinition;

/// `format`, `head`, `horizon`, `complete`, and the last id given of each kind.
pub const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// First number of an epoch → its token.
pub const EPOCHS: TableDefinition<'_, u64, u64> = TableDefinition::new("epochs");
/// [`crate::id::RootId`] → [`crate::record::Root`].
pub const ROOTS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("roots");
/// [`crate::id::FolderId`] → [`crate::record::Folder`].
pub const FOLDERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("folders");
/// Root and path below it → [`crate::id::FolderId`].
pub const FOLDER_IDS: TableDefinition<'_, (u32, &[u8]), u32> = TableDefinition::new("folder_ids");
/// [`crate::id::ImageId`] → [`crate::record::Image`].
pub const IMAGES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("images");
/// Folder and file name → image and digest of its last sighting. What a walk compares with.
pub const PATHS: TableDefinition<'_, (u32, &[u8]), (u32, u64)> = TableDefinition::new("paths");
/// [`crate::id::TextId`] → [`crate::record::Text`].
pub const TEXTS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("texts");
/// [`crate::id::TagId`] → [`crate::record::Tag`].
pub const TAGS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("tags");
/// Name of a custom tag that was not removed → [`crate::id::TagId`].
pub const CUSTOM_TAGS: TableDefinition<'_, &str, u32> = TableDefinition::new("custom_tags");
/// Image and custom tag → [`crate::record::Link`].
pub const LINKS: TableDefinition<'_, (u32, u32), &[u8]> = TableDefinition::new("links");
/// Number → subject, see [`crate::feed`].
pub const FEED: TableDefinition<'_, u64, u64> = TableDefinition::new("feed");
/// Name → JSON text of a client's setting.
pub const SETTINGS: TableDefinition<'_, &str, &str> = TableDefinition::new("settings");
/// Absolute path → [`crate::record::ExtraPath`].
pub const EXTRA_PATHS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("extra_paths");
/// Number → [`crate::record::Decision`].
pub const DECISIONS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("decisions");
/// [`crate::id::ImageId`] → [`crate::record::Former`]: what a rewritten file held before.
pub const FORMERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("formers");
/// Number → [`crate::record::Review`] that a person has not settled.
pub const REVIEWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("reviews");
/// [`crate::id::RootId`] → the last [`crate::id::ImageId`] given when the last whole walk of the
/// root began. Images with greater ids arrived since those of this root were last seen.
pub const SEEN_THROUGH: TableDefinition<'_, u32, u32> = TableDefinition::new("seen_through");
/// Number → [`crate::operation::Operation`].
pub const OPERATIONS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("operations");
/// Operation and place in it, from 0 → [`crate::operation::Step`].
pub const STEPS: TableDefinition<'_, (u64, u32), &[u8]> = TableDefinition::new("steps");
/// Number of a decision or operation → number of what undid it.
pub const UNDONE: TableDefinition<'_, u64, u64> = TableDefinition::new("undone");
/// [`crate::id::ImageId`] → WebP picture a person chose as the cover of a video.
pub const COVERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("covers");
/// [`crate::id::ImageId`] → [`crate::note::Note`]: how its file was read.
pub const NOTES: TableDefinition<'_, u32, u64> = TableDefinition::new("notes");
/// [`crate::id::RootId`] → version of the reader that every file of the root was looked at with.
pub const READ_WITH: TableDefinition<'_, u32, u64> = TableDefinition::new("read_with");
/// [`crate::id::ImageId`] → [`crate::record::Edit`]: the generation text a person gave it.
pub const EDITS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("edits");
/// Where an import found a file, and its size there ([`crate::pending::UNKNOWN_SIZE`] if it does not say) →
/// [`crate::pending::Pending`]: what a person did to a file that was not seen yet.
pub const PENDING: TableDefinition<'_, (&[u8], u64), &[u8]> = TableDefinition::new("pending");
/// Absolute path, then a key of [`PENDING`]: what waits for a file at this path.
pub const PENDING_PATHS: TableDefinition<'_, (&[u8], &[u8], u64), ()> = TableDefinition::new("pending_paths");
/// [`crate::pending::Mark`], then where an import found the file → [`crate::pending::Candidate`]: what waits for a
/// file of this content, or of this name and size, anywhere.
pub const PENDING_NAMES: TableDefinition<'_, (&[u8], u64, &[u8]), u32> =
    TableDefinition::new("pending_names");
