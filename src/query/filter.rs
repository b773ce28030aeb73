//! Tags, folders and media as one set of images.

use super::request::{Search, SearchError};
use super::scope::{Reach, images_in};
use crate::projection::tags::{Posting, State};
use lumidex_schema::id::TagId;
use roaring::RoaringBitmap;

/// The images that the conditions allow; `None` when there are no conditions.
pub(super) fn allowed(state: &State, search: &Search) -> Result<Option<RoaringBitmap>, SearchError> {
    let Search { media, folders, and_tags, or_tags, not_tags, .. } = search;
    for tag in and_tags.iter().chain(or_tags).chain(not_tags) {
        state.tag(*tag).ok_or(SearchError::UnknownTag(*tag))?;
    }
    let mut sets = Vec::new();
    let mut all_of: Vec<&Posting> = and_tags.iter().map(|tag| state.posting(*tag)).collect();
    all_of.extend(media.map(|media| state.media(media)));
    // The rarest first: the result is never larger than it.
    all_of.sort_by_key(|posting| posting.len());
    if let Some((rarest, others)) = all_of.split_first() {
        let mut set = rarest.to_bitmap();
        others.iter().for_each(|posting| posting.intersect_into(&mut set));
        sets.push(set);
    }
    if !or_tags.is_empty() {
        sets.push(any_of(state, or_tags));
    }
    if let Some(folders) = folders.as_deref().filter(|folders| !folders.is_empty()) {
        sets.push(images_in(state, folders, Reach::Below));
    }
    sets.sort_by_key(RoaringBitmap::len);
    let mut sets = sets.into_iter();
    let allowed = sets.next().map(|first| sets.fold(first, |all, set| all & set));
    if not_tags.is_empty() {
        return Ok(allowed);
    }
    let mut allowed = allowed.unwrap_or_else(|| state.live.clone());
    not_tags.iter().for_each(|tag| state.posting(*tag).subtract_from(&mut allowed));
    Ok(Some(allowed))
}

fn any_of(state: &State, tags: &[TagId]) -> RoaringBitmap {
    let mut set = RoaringBitmap::new();
    tags.iter().for_each(|tag| state.posting(*tag).union_into(&mut set));
    set
}
