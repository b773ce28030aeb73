//! The newest images that match, from a place in the order, as many as are wanted.
//!
//! First the newest few thousand images are asked one by one: common needles fill their page
//! there. Only then is the work done that costs the same whatever is found: one pass over names
//! and hole values, and a walk over the rest of the order with two bits per image.

use super::bits::Bits;
use super::needle::Needle;
use super::pattern::{Matcher, Pattern};
use super::request::{Matching, Search, SearchError};
use crate::limits;
use crate::projection::tags::State;
use crate::projection::text::Snapshot;
use lumidex_schema::fold::fold;
use lumidex_schema::id::{ImageId, TextId};
use roaring::RoaringBitmap;
use std::ops::Range;

/// Images asked one by one before anything is prepared for all of them.
const ASKED_FIRST: usize = 3_000;

/// A filter this many times smaller than the library is walked itself, instead of the order.
const SPARSE: u64 = 16;

/// What an image must hold, compiled once per request.
pub(super) enum Condition {
    Everything,
    Needle(String),
    Regex(Box<Pattern>),
}

impl Condition {
    pub(super) fn of(search: &Search) -> Result<Self, SearchError> {
        Ok(match &search.matching {
            Matching::Everything => Self::Everything,
            Matching::Substring(needle) if needle.is_empty() => Self::Everything,
            Matching::Substring(needle) => Self::Needle(fold(needle)),
            Matching::Regex(expression) => Self::Regex(Box::new(Pattern::new(expression)?)),
        })
    }
}

impl Condition {
    /// Images to ask under one hold of the tags: a regular expression that must be tried on every
    /// image may take seconds, and changes, with everyone who waits for them, must not.
    pub(super) fn asked_at_once(&self) -> usize {
        match self {
            Self::Regex(pattern) if pattern.literal.is_none() => limits::REGEX_SLICE_IMAGES,
            Self::Everything | Self::Needle(_) | Self::Regex(_) => usize::MAX,
        }
    }
}

/// A condition being asked of one snapshot.
pub(super) struct Asking<'a> {
    state: &'a State,
    /// The needle itself, or the literal that every match of the regex holds.
    needle: Option<Needle<'a>>,
    regex: Option<Matcher<'a>>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(
        state: &'a State,
        text: &'a Snapshot,
        condition: &'a Condition,
        path_only: bool,
    ) -> Result<Self, SearchError> {
        let (needle, regex) = match condition {
            Condition::Everything => (None, None),
            Condition::Needle(needle) => (Some(Needle::new(state, text, needle, path_only)?), None),
            Condition::Regex(pattern) => {
                let literal = pattern.literal.as_deref();
                let needle = literal.map(|l| Needle::new(state, text, l, path_only)).transpose()?;
                (needle, Some(Matcher::new(pattern, state, text, path_only)))
            }
        };
        Ok(Self { state, needle, regex })
    }

    /// Whether an image meets the condition.
    pub(super) fn matches(&mut self, id: ImageId, text: TextId) -> Result<bool, SearchError> {
        if let Some(needle) = &mut self.needle
            && !needle.matches(id, text)
        {
            return Ok(false);
        }
        match &mut self.regex {
            Some(regex) => regex.matches(id, text),
            None => Ok(true),
        }
    }

    /// The newest `wanted` images at these places of the order, newest first, and the place from
    /// which on everything was asked when they are fewer.
    pub(super) fn newest(
        &mut self,
        allowed: Option<&RoaringBitmap>,
        places: Range<usize>,
        wanted: usize,
    ) -> Result<(Vec<ImageId>, usize), SearchError> {
        let Range { start: from, end: before } = places;
        let live = self.state.live.len();
        if let Some(allowed) = allowed.filter(|allowed| allowed.len() * SPARSE < live) {
            return Ok((self.newest_of_few(allowed, before, wanted)?, 0));
        }
        let mut found = Vec::with_capacity(wanted);
        let asked_first = before.saturating_sub(ASKED_FIRST).max(from);
        let state = self.state;
        for at in (asked_first..before).rev() {
            let (id, text) = (state.order.ids()[at], TextId(state.order.texts()[at]));
            if allowed.is_none_or(|allowed| allowed.contains(id)) && self.matches(ImageId(id), text)? {
                found.push(ImageId(id));
                if found.len() == wanted {
                    return Ok((found, at));
                }
            }
        }
        if asked_first > from {
            self.newest_of_rest(allowed, from..asked_first, wanted, &mut found)?;
        }
        Ok((found, from))
    }

    fn newest_of_few(
        &mut self,
        allowed: &RoaringBitmap,
        before: usize,
        wanted: usize,
    ) -> Result<Vec<ImageId>, SearchError> {
        let columns = &self.state.columns;
        let mut keyed: Vec<_> = allowed.iter().map(|id| (columns.date(ImageId(id)), id)).collect();
        let end = match self.state.order.ids().get(before) {
            Some(&id) => {
                let end = (columns.date(ImageId(id)), id);
                keyed.retain(|key| *key < end);
                keyed.len()
            }
            None => keyed.len(),
        };
        debug_assert_eq!(end, keyed.len());
        keyed.sort_unstable_by(|a, b| b.cmp(a));
        let mut found = Vec::with_capacity(wanted.min(keyed.len()));
        for (_, id) in keyed {
            let id = ImageId(id);
            if self.matches(id, columns.text(id))? {
                found.push(id);
                if found.len() == wanted {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn newest_of_rest(
        &mut self,
        allowed: Option<&RoaringBitmap>,
        places: Range<usize>,
        wanted: usize,
        found: &mut Vec<ImageId>,
    ) -> Result<(), SearchError> {
        let state = self.state;
        let room = state.columns.len();
        let by_image = self.needle.as_ref().map(|needle| {
            let mut bits = Bits::new(room);
            needle.by_image(&mut bits);
            bits
        });
        let allowed = allowed.map(|ids| {
            let mut bits = Bits::new(room);
            ids.iter().for_each(|id| bits.insert(id));
            bits
        });
        let order = state.order.ids()[places.clone()].iter().zip(&state.order.texts()[places]).rev();
        for (&id, &text) in order {
            let text = TextId(text);
            let may_match = match (&by_image, &self.needle) {
                (Some(by_image), Some(needle)) => needle.may_be_in_template(text) || by_image.contains(id),
                _ => true,
            };
            if !may_match || allowed.as_ref().is_some_and(|allowed| !allowed.contains(id)) {
                continue;
            }
            if self.matches(ImageId(id), text)? {
                found.push(ImageId(id));
                if found.len() == wanted {
                    break;
                }
            }
        }
        Ok(())
    }
}
