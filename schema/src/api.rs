//! What goes over the wire, in the words of the reference dialect. Never stored.
//!
//! The iib dialect is made of these at the edge of `serve`; nothing else knows of it.

use serde::Serialize;

/// A file or folder, as every route shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileInfo {
    /// `file` or `dir`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Ledger id, when the ledger knows the file.
    pub id: Option<u32>,
    /// Modification time, nanoseconds since 1970 (turned into seconds or text by the dialect).
    pub date_ns: i64,
    /// Birth time, or inode-change time where there is none; nanoseconds since 1970.
    pub created_ns: i64,
    /// Size in bytes; 0 for folders.
    pub bytes: u64,
    /// Last component.
    pub name: String,
    /// Absolute path.
    pub fullpath: String,
    /// Whether it lies in or below a scan root.
    pub is_under_scanned_path: bool,
    /// `image`, `video` or `audio`, when it is media.
    pub media_type: Option<&'static str>,
    /// Its root cannot be reached at the moment.
    pub offline: bool,
}

/// A tag, as every route shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Stable id.
    pub id: u32,
    /// Name.
    pub name: String,
    /// The specific kind (`custom`, `pos`, `Model`, ...).
    pub kind: &'static str,
    /// CSS colour or empty.
    pub color: String,
    /// Live images that have it.
    pub count: u64,
    /// Translation, if there is one.
    pub display_name: Option<String>,
}

/// Where the next page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cursor {
    /// Whether there is a next page; exact.
    pub has_next: bool,
    /// Opaque.
    pub next: String,
}
