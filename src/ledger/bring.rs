//! What a person did in another program, brought here in large decisions. What was done here stays: a tag that
//! was taken off is not put on again, a text that was given is not replaced.

use super::cover;
use super::decide::{DecideError, Decided, Failure, Outcome, Request, custom, known_image, link_of};
use super::edit::{self, Worded};
use super::intern::Interned;
use super::pending;
use super::txn::Tables;
use super::{Ledger, ReadError};
use crate::limits;
use lumidex_schema::id::{ImageId, Seq, TagId, TextId, Timestamp};
use lumidex_schema::pending::{Candidate, Pending};
use lumidex_schema::record::{Action, Edit, Fingerprint, Link, LinkChange, Row};
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
    /// Its content there; all zero when it is not known.
    pub fingerprint: Fingerprint,
    /// Whose file it is here.
    pub whose: Whose,
    /// What was done to it.
    pub deeds: Deeds,
}

/// Tags, text and cover of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deeds {
    /// Custom tags on it.
    pub tags: Vec<TagId>,
    /// Custom tags that were taken off it.
    pub refused: Vec<TagId>,
    /// Custom tags that rules put on it.
    pub ruled: Vec<TagId>,
    /// The generation text it was given.
    pub text: Option<Worded>,
    /// The WebP picture that was chosen as its cover, at most [`Deeds::COVER_BYTES_MAX`] bytes.
    pub cover: Option<Vec<u8>>,
}

impl Deeds {
    /// Bytes of the largest cover that is taken.
    pub const COVER_BYTES_MAX: usize = limits::COVER_BYTES_MAX;

    fn named(&self) -> impl Iterator<Item = TagId> {
        self.tags.iter().chain(&self.refused).chain(&self.ruled).copied()
    }
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
    /// Which image has its content or, where that is not known, its name and size; `None` when these do not tell
    /// it from others.
    pub elsewhere: Option<Candidate>,
    /// It was not there any more: another file at its path is not it.
    pub was_missing: bool,
}

/// What bringing something changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tags put on images, or known to be taken off them.
    pub linked: u64,
    /// Texts given to images.
    pub worded: u64,
    /// Covers given to images.
    pub covered: u64,
    /// Files that are waited for, anew or otherwise than before.
    pub waiting: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { linked, worded, covered, waiting } = other;
        self.linked += linked;
        self.worded += worded;
        self.covered += covered;
        self.waiting += waiting;
    }
}

impl Ledger {
    /// Makes tags, or finds those of that kind and name, custom ones with their colours where they have none;
    /// gives their ids in the order asked.
    ///
    /// # Errors
    /// [`DecideError::BadTagName`], [`DecideError::Write`]; nothing is written then.
    pub fn bring_tags(&self, tags: Vec<(TagKind, String, String)>) -> Result<Vec<TagId>, DecideError> {
        match self.decide(Request::BringTags { tags })? {
            (_, Outcome::Tags(ids)) => Ok(ids),
            (_, other) => unreachable!("bringing tags gives tags, not {other:?}"),
        }
    }

    /// Brings what a person did to files elsewhere, all of it or nothing.
    ///
    /// # Errors
    /// [`DecideError::UnknownTag`], [`DecideError::NotCustom`], [`DecideError::UnknownImage`],
    /// [`DecideError::CoverTooLarge`], [`DecideError::Write`]; nothing is written then.
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
    tags: Vec<(TagKind, String, String)>,
    at: Timestamp,
) -> Decided {
    if let Some((_, name, _)) = tags.iter().find(|(_, name, _)| !tag::is_valid_name(name)) {
        return Err(Failure::Refused(DecideError::BadTagName(name.clone())));
    }
    let mut ids = Vec::with_capacity(tags.len());
    for (kind, name, color) in tags {
        if kind != TagKind::Custom {
            ids.push(interned.tag(tables, kind, &name)?);
            continue;
        }
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
    let (mut texts, mut covers) = (Vec::new(), Vec::new());
    for Brought { source, size, fingerprint, whose, deeds } in brought {
        match whose {
            Whose::Image(image) => {
                let Deeds { tags, refused, ruled, text, cover } = deeds;
                for (tags, link) in links(&tags, &refused, &ruled) {
                    for tag in tags {
                        let before = link_of(tables, image, *tag)?;
                        if gives_way(before, link) {
                            let change = LinkChange { image, before, after: Some(link) };
                            changes.entry((*tag, image)).or_insert(change);
                        }
                    }
                }
                texts.extend(text.map(|text| (image, text)));
                covers.extend(cover.map(|cover| (image, cover)));
                pending::take(tables, &(source, size))?;
            }
            Whose::Absent(file) => {
                let waits = wait(tables, interned, deeds, fingerprint, &file, at)?;
                let is_same = pending::put(tables, &(source, size), &waits, file.elsewhere)?;
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
    for (image, webp) in covers {
        if cover::of(tables, image)?.is_none() {
            cover::choose(tables, image, Some(webp), at)?;
            tally.covered += 1;
        }
    }
    Ok((tables.counters.head, Outcome::Brought(tally)))
}

/// Tags with what they are to be to a file: what a person did before what rules did.
pub(super) fn links<'a>(
    tags: &'a [TagId],
    refused: &'a [TagId],
    ruled: &'a [TagId],
) -> [(&'a [TagId], Link); 3] {
    [(tags, Link::Given), (refused, Link::Refused), (ruled, Link::Ruled)]
}

/// Whether what a tag is to an image may become what it was to it elsewhere: what a person did here stays, what
/// a rule did here does not.
pub(super) fn gives_way(here: Option<Link>, elsewhere: Link) -> bool {
    match here {
        None => true,
        Some(Link::Ruled) => elsewhere != Link::Ruled,
        Some(Link::Given | Link::Refused) => false,
    }
}

/// Everything named is there, or it is refused. Images that another took over give way to it.
fn check(tables: &Tables<'_>, brought: &mut [Brought]) -> Result<(), Failure> {
    let mut checked = BTreeSet::new();
    for Brought { whose, deeds, .. } in brought {
        for tag in deeds.named() {
            if checked.insert(tag) {
                custom(tables, tag)?;
            }
        }
        if let Some(cover) = deeds.cover.as_ref().filter(|cover| cover.len() > limits::COVER_BYTES_MAX) {
            return Err(Failure::Refused(DecideError::CoverTooLarge(cover.len())));
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
    let rows = changes.iter().map(|((tag, image), change)| (*image, *tag, change.after));
    let mut rows: Vec<(ImageId, TagId, Option<Link>)> = rows.collect();
    rows.sort_unstable_by_key(|(image, tag, _)| (*image, *tag));
    for (image, tag, link) in &rows {
        if let Some(link) = link {
            tables.links.insert((image.0, tag.0), link.encode().as_slice())?;
        }
    }
    rows.dedup_by_key(|(image, _, _)| *image);
    for (image, _, _) in rows {
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
    deeds: Deeds,
    fingerprint: Fingerprint,
    file: &AbsentFile,
    at: Timestamp,
) -> Result<Pending, ReadError> {
    let Deeds { tags, refused, mut ruled, text, cover } = deeds;
    let mut edit = None;
    if let Some(Worded { shared, holes, rule_tags }) = text {
        let is_blank = shared.template().is_empty();
        let text = if is_blank { TextId::NONE } else { interned.text(tables, &shared)? };
        edit = Some(Edit { text, holes, at });
        for name in &rule_tags {
            ruled.push(interned.tag(tables, TagKind::Custom, name)?);
        }
    }
    let (tags, refused, ruled) = (sorted(tags), sorted(refused), sorted(ruled));
    let AbsentFile { path, elsewhere: _, was_missing } = file.clone();
    Ok(Pending { path, fingerprint, was_missing, tags, refused, ruled, edit, cover, at })
}

fn sorted(mut tags: Vec<TagId>) -> Vec<TagId> {
    tags.sort_unstable();
    tags.dedup();
    tags
}
