//! The folder that folders are made in, as the disk has it.

use super::ask::OrganizeAsk;
use super::names::Spellings;
use crate::files::Files;
use crate::intake::rules::is_passed_over;
use crate::limits::organize as limits;
use crate::sys::paths;
use crate::sys::tree::Kind;

/// Names of folders in the destination that walks do not pass over; none when there is no such folder, or when
/// nothing may be put there.
pub(super) fn names_in(files: &Files, folder: &[u8]) -> Vec<String> {
    let Ok(listing) = files.list(&paths::from_bytes(folder)) else { return Vec::new() };
    let folders = listing.iter().filter(|(name, kind)| *kind == Kind::Folder && !is_passed_over(name));
    // A name that is no text is never that of a topic.
    let names = folders.filter_map(|(name, _)| std::str::from_utf8(name).ok().map(str::to_owned));
    names.take(limits::EXISTING_MAX).collect()
}

/// How folders that exist are spelled.
pub(super) fn existing(files: &Files, ask: &OrganizeAsk) -> Spellings {
    Spellings::of(names_in(files, &ask.into).iter().map(String::as_str))
}

/// The folder that a file stands in.
pub(super) fn folder_of(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    &path[..slash.max(1).min(path.len())]
}
