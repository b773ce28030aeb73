//! Random order that pages can be cut from: by a seeded hash of the id.
//!
//! A page holds the images with the smallest hashes beyond the cursor, so pages of one seed
//! partition the result whatever comes or goes in between.

use super::request::SearchError;
use super::walk::Asking;
use crate::projection::tags::State;
use lumidex_schema::id::ImageId;
use roaring::RoaringBitmap;

/// The finaliser of `SplitMix64` over seed and id: a permutation for each seed, so two ids never
/// share a hash.
pub(super) fn hash(seed: u64, id: ImageId) -> u64 {
    let mut z = seed ^ u64::from(id.0).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The next `wanted` matching images beyond `after`, by (hash, id).
pub(super) fn page(
    state: &State,
    asking: &mut Asking<'_>,
    allowed: Option<&RoaringBitmap>,
    seed: u64,
    after: Option<(u64, ImageId)>,
    wanted: usize,
) -> Result<Vec<ImageId>, SearchError> {
    let mut keyed: Vec<(u64, ImageId)> = allowed
        .unwrap_or(&state.live)
        .iter()
        .map(|id| (hash(seed, ImageId(id)), ImageId(id)))
        .filter(|key| after.is_none_or(|after| *key > after))
        .collect();
    let mut found = Vec::with_capacity(wanted.min(keyed.len()));
    // Sorted in growing portions: the first page of a million needs no sorted million.
    let mut portion = wanted.saturating_mul(4).max(1_024);
    let mut rest = keyed.as_mut_slice();
    while !rest.is_empty() && found.len() < wanted {
        let cut = portion.min(rest.len());
        if cut < rest.len() {
            rest.select_nth_unstable(cut);
        }
        let (next, later) = rest.split_at_mut(cut);
        next.sort_unstable();
        for (_, id) in next.iter() {
            if asking.matches(*id, state.columns.text(*id))? {
                found.push(*id);
                if found.len() == wanted {
                    break;
                }
            }
        }
        rest = later;
        portion = portion.saturating_mul(4);
    }
    Ok(found)
}
