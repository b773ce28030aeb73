//! What a person did in another program, brought here in large decisions. What was done here stays: a tag that
//! was taken off is not put on again, a text that was given is not replaced.

use super::decide::{DecideError, Decided, Failure, Outcome, Request, custom, known_image, link_of};
use super::edit::{self, Worded};
use super::intern::Interned;
use super::pending;
use super::txn::Tables;
use super::{Ledger, ReadError};
use lumidex_schema::id::{ImageId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::pending::{Candidate, Pending};
use lumidex_schema::record::{Action, Edit, Link, LinkChange, Row};
use lumidex_schema::tag::{self, TagKind};
use redb::ReadableTable;
use std::collections::{BTreeMap, BTreeSet};

/// What a person did to one file elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Where it was found there: what waits for a file waits under this.
    pub source: Vec<u8>,
    /// Its size there, or [`lumidex_schema::pending::UNKNOWN_SIZE`].
    pub size: u64,
    /// Whose file it is here.
    pub whose: Whose,
    /// Custom tags on it.
    pub tags: Vec<TagId>,
    /// The generation text it was given.
    pub text: Option<Worded>,
}

/// Whose file something brought is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This image's.
    Image(ImageId),
    /// Nobody's yet: it waits.
    Absent(AbsentFile),
}

/// A file that was not seen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentFile {
    /// The absolute path at which it is expected.
    pub path: Vec<u8>,
    /// Which image has its name and size; `None` when name and size do not tell it from others.
    pub by_name: Option<Candidate>,
}

/// What bringing something changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tags put on images.
    pub linked: u64,
    /// Texts given to images.
    pub worded: u64,
    /// Files that are waited for, anew or otherwise than before.
    pub waiting: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { linked, worded, waiting } = other;
        self.linked += linked;
        self.worded += worded;
        self.waiting += waiting;
    }
}

impl Ledger {
    /// Makes custom tags, or finds those of that name, with their colours where they have none; gives
    /// their ids in the order asked.
    ///
    /// # Errors
    /// [`DecideError::BadTagName`], [`DecideError::Write`]; nothing is written then.
    pub fn bring_tags(&self, tags: Vec<(String, String)>) -> Result<Vec<TagId>, DecideError> {
        match self.decide(Request::BringTags { tags })? {
            (_, Outcome::Tags(ids)) => Ok(ids),
            (_, other) => unreachable!("bringing tags gives tags, not {other:?}"),
        }
    }

    /// Brings what a person did to files elsewhere, all of it or nothing.
    ///
    /// # Errors
    /// [`DecideError::UnknownTag`], [`DecideError::NotCustom`], [`DecideError::UnknownImage`],
    /// [`DecideError::Write`]; nothing is written then.
    pub fn bring(&self, brought: Vec<Brought>) -> Result<(Seq, Tally), DecideError> {
        match self.decide(Request::Bring { brought })? {
            (seq, Outcome::Brought(tally)) => Ok((seq, tally)),
            (_, other) => unreachable!("bringing gives a tally, not {other:?}"),
        }
    }
}

pub(super) fn bring_tags(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    tags: Vec<(String, String)>,
    at: Timestamp,
) -> Decided {
    if let Some((name, _)) = tags.iter().find(|(name, _)| !tag::is_valid_name(name)) {
        return Err(Failure::Refused(DecideError::BadTagName(name.clone())));
    }
    let mut ids = Vec::with_capacity(tags.len());
    for (name, color) in tags {
        let known = tables.custom_tags.get(name.as_str())?.map(|id| TagId(id.value()));
        let id = match known {
            Some(id) => id,
            None => {
                let id = interned.tag(tables, TagKind::Custom, &name)?;
                tables.decided(at, Action::TagMade { tag: id })?;
                id
            }
        };
        if let Some(mut tag) = tables.tag(id)?
            && tag.color.is_empty()
            && !color.is_empty()
        {
            let before = std::mem::replace(&mut tag.color, color);
            tables.change_tag(id, tag)?;
            tables.decided(at, Action::TagColored { tag: id, before })?;
        }
        ids.push(id);
    }
    Ok((tables.counters.head, Outcome::Tags(ids)))
}

pub(super) fn bring(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    mut brought: Vec<Brought>,
    at: Timestamp,
) -> Decided {
    check(tables, &mut brought)?;
    let mut tally = Tally::default();
    // By tag and image: each is one change, however often it is brought.
    let mut changes: BTreeMap<(TagId, ImageId), LinkChange> = BTreeMap::new();
    let mut texts = Vec::new();
    for Brought { source, size, whose, tags, text } in brought {
        match whose {
            Whose::Image(image) => {
                for tag in tags {
                    let before = link_of(tables, image, tag)?;
                    if matches!(before, None | Some(Link::Ruled)) {
                        let change = LinkChange { image, before, after: Some(Link::Given) };
                        changes.insert((tag, image), change);
                    }
                }
                texts.extend(text.map(|text| (image, text)));
                pending::take(tables, &(source, size))?;
            }
            Whose::Absent(file) => {
                let waits = wait(tables, interned, tags, text, &file, at)?;
                let is_same = pending::put(tables, &(source, size), &waits, file.by_name)?;
                tally.waiting += u64::from(!is_same);
            }
        }
    }
    tally.linked = changes.len() as u64;
    link(tables, changes, at)?;
    for (image, text) in texts {
        if edit::of(tables, image)?.is_none() {
            edit::edit(tables, interned, image, Some(text), at)?;
            tally.worded += 1;
        }
    }
    Ok((tables.counters.head, Outcome::Brought(tally)))
}

/// Everything named is there, or it is refused. Images that another took over give way to it.
fn check(tables: &Tables<'_>, brought: &mut [Brought]) -> Result<(), Failure> {
    let mut checked = BTreeSet::new();
    for Brought { whose, tags, .. } in brought {
        for tag in tags {
            if checked.insert(*tag) {
                custom(tables, *tag)?;
            }
        }
        if let Whose::Image(image) = whose {
            *image = known_image(tables, *image)?;
        }
    }
    Ok(())
}

/// One decision for each tag; each image is written once.
fn link(
    tables: &mut Tables<'_>,
    changes: BTreeMap<(TagId, ImageId), LinkChange>,
    at: Timestamp,
) -> Result<(), ReadError> {
    let mut rows: Vec<(ImageId, TagId)> = changes.keys().map(|(tag, image)| (*image, *tag)).collect();
    rows.sort_unstable();
    let given = Link::Given.encode();
    for (image, tag) in &rows {
        tables.links.insert((image.0, tag.0), given.as_slice())?;
    }
    rows.dedup_by_key(|(image, _)| *image);
    for (image, _) in rows {
        tables.decided_on(image)?;
    }
    let mut by_tag: BTreeMap<TagId, Vec<LinkChange>> = BTreeMap::new();
    for ((tag, _), change) in changes {
        by_tag.entry(tag).or_default().push(change);
    }
    for (tag, changes) in by_tag {
        tables.decided(at, Action::TagLinked { tag, changes })?;
    }
    Ok(())
}

fn wait(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    mut tags: Vec<TagId>,
    text: Option<Worded>,
    file: &AbsentFile,
    at: Timestamp,
) -> Result<Pending, ReadError> {
    tags.sort_unstable();
    tags.dedup();
    let (mut given, mut ruled) = (None, Vec::new());
    if let Some(Worded { shared, holes, rule_tags }) = text {
        let is_blank = shared.template().is_empty();
        let text = if is_blank { TextId::NONE } else { interned.text(tables, &shared)? };
        given = Some(Edit { text, holes, at });
        for name in &rule_tags {
            ruled.push(interned.tag(tables, TagKind::Custom, name)?);
        }
        ruled.sort_unstable();
        ruled.dedup();
    }
    Ok(Pending { path: file.path.clone(), tags, edit: given, ruled, at })
}
