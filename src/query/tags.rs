//! Tags as clients see them.

use crate::projection::tags::{State, TagEntry};
use lumidex_schema::api;
use lumidex_schema::id::TagId;
use lumidex_schema::tag::TagKind;

/// Up to this many tags are listed in full; beyond, this many of the prompt's segments.
const LISTED_MAX: usize = 4_096;

/// A tag that was not removed.
pub(super) fn shown(state: &State, id: TagId) -> Option<api::Tag> {
    Some(show(id, state.tag(id)?, state.posting(id).len()))
}

fn show(id: TagId, entry: &TagEntry, count: u64) -> api::Tag {
    api::Tag {
        id: id.0,
        name: entry.name.to_string(),
        kind: entry.kind.word(),
        color: entry.color.to_string(),
        count,
        display_name: None,
    }
}

/// See [`super::Engine::tag_list`].
pub(super) fn list(state: &State) -> Vec<api::Tag> {
    let mut listed = Vec::new();
    let mut segments = Vec::new();
    for (id, entry) in state.tags() {
        let count = state.posting(id).len();
        match entry.kind {
            TagKind::Custom => listed.push((count, id)),
            _ if count == 0 => {}
            TagKind::Pos => segments.push((count, id)),
            _ => listed.push((count, id)),
        }
    }
    if listed.len() + segments.len() > LISTED_MAX && segments.len() > LISTED_MAX {
        // The most frequent first; of equally frequent ones those known longest.
        segments.select_nth_unstable_by_key(LISTED_MAX, |(count, id)| (std::cmp::Reverse(*count), *id));
        segments.truncate(LISTED_MAX);
    }
    listed.append(&mut segments);
    listed.sort_unstable_by_key(|(_, id)| *id);
    listed.into_iter().filter_map(|(count, id)| Some(show(id, state.tag(id)?, count))).collect()
}
