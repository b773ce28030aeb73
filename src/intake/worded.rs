//! A generation text in the ledger's words, wherever it comes from; and a person's rules put to images that
//! were read before there were such rules.

use std::collections::HashMap;
use std::sync::Arc;

use lumidex_schema::id::{ImageId, Seq};
use lumidex_schema::record::Presence;
use lumidex_schema::text::split;

use super::interpreter::rules_of;
use crate::ledger::{DecideError, Ledger, ReadError, Reader, SharedText, Worded};
use crate::limits::{IMAGES_LOOKED_THROUGH_AT_ONCE, RULED_AT_ONCE};
use crate::metadata;
use crate::sys::Stop;

/// Takes a generation text that a person wrote apart, with the tags that follow from it by itself and by
/// the person's rules.
///
/// # Errors
/// When the ledger cannot be read.
pub fn worded(reader: &Reader, text: &str) -> Result<Worded, ReadError> {
    let recipe = metadata::recipe_of(text);
    let tags = recipe.as_ref().map(metadata::auto_tags).unwrap_or_default();
    let rule_tags = match &recipe {
        Some(recipe) => rules_of(reader)?.tags_for(recipe),
        None => Vec::new(),
    };
    let taken_apart = split(text);
    let shared = Arc::new(SharedText::new(taken_apart.template, tags));
    Ok(Worded { shared, holes: taken_apart.holes, rule_tags })
}

/// What putting the rules to every image did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ruled {
    /// Images that were looked at.
    pub images: u64,
    /// Images that rules put at least one tag on, which they may have had before.
    pub matched: u64,
    /// The ledger's head when the last tag was put on.
    pub head: Seq,
    /// It was told to stop before it came to the end; what was put on stays.
    pub is_broken_off: bool,
}

/// Why the rules could not be put to every image.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The ledger could not be read.
    #[error("the images cannot be looked through")]
    Read(#[from] ReadError),
    /// The ledger could not be written.
    #[error("a tag cannot be put on")]
    Write(#[from] DecideError),
}

/// Puts the rules of this moment to every image that is there, by the text it has now; tells how many were
/// looked at, of how many. What a person decided about a tag on an image stays.
///
/// # Errors
/// [`RuleError`]; what was put on before stays.
pub fn put_rules_to_all(
    ledger: &Ledger,
    stop: &Stop,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Ruled, RuleError> {
    let reader = ledger.reader()?;
    let (rules, total) = (rules_of(&reader)?, reader.n_images()?);
    drop(reader);
    let mut ruled = Ruled { head: ledger.head(), ..Ruled::default() };
    let mut wanted: HashMap<String, Vec<ImageId>> = HashMap::new();
    let (mut after, mut n_wanted) = (ImageId::default(), 0);
    let mut seen: u64 = 0;
    loop {
        // A snapshot held for long would keep the ledger from re-using its pages.
        let reader = ledger.reader()?;
        let page = reader.images_after(after, IMAGES_LOOKED_THROUGH_AT_ONCE)?;
        let is_last = page.len() < IMAGES_LOOKED_THROUGH_AT_ONCE;
        for (id, record, _) in page {
            (after, seen) = (id, seen + 1);
            if record.presence != Presence::Present || rules.is_empty() {
                continue;
            }
            ruled.images += 1;
            let Some(image) = reader.image(id)? else { continue };
            let Some(recipe) = metadata::recipe_of(&reader.generation_text(&image)?) else { continue };
            let tags = rules.tags_for(&recipe);
            ruled.matched += u64::from(!tags.is_empty());
            n_wanted += tags.len();
            for tag in tags {
                wanted.entry(tag).or_default().push(id);
            }
        }
        drop(reader);
        told(seen.min(total), total);
        let is_stopped = stop.is_stopped();
        if is_last || is_stopped || n_wanted >= RULED_AT_ONCE {
            // In the order of their names, so that the same rules give the same history.
            let mut batch: Vec<_> = std::mem::take(&mut wanted).into_iter().collect();
            batch.sort_unstable();
            for (tag, images) in batch {
                ruled.head = ruled.head.max(ledger.rule_tag(&tag, &images)?);
            }
            n_wanted = 0;
        }
        if is_last || is_stopped {
            ruled.is_broken_off = !is_last;
            return Ok(ruled);
        }
    }
}
