//! What a person does: each decision is checked in full before its first write, recorded with
//! what undoing it needs, and acknowledged after it is durable.

use super::ReadError;
use super::bring::{self, Brought, Tally};
use super::cover;
use super::edit::{self, Worded};
use super::intern::Interned;
use super::journal;
use super::notes;
use super::roots;
use super::settle;
use super::txn::Tables;
use super::undo;
use crate::limits;
use lumidex_schema::id::{ImageId, Seq, TagId, Timestamp};
use lumidex_schema::operation::OperationState;
use lumidex_schema::record::{
    Action, ExtraPath, Fingerprint, Link, LinkChange, PathType, Presence, Row, Tag,
};
use lumidex_schema::tag::{self, TagKind};
use redb::{ReadableTable, ReadableTableMetadata};

/// A request to change what a person owns.
#[derive(Clone, Debug)]
pub(super) enum Request {
    MakeTag { name: String },
    RemoveTag { tag: TagId },
    ColorTag { tag: TagId, color: String },
    PutTag { tag: TagId, images: Vec<ImageId> },
    TakeTag { tag: TagId, images: Vec<ImageId> },
    ToggleTag { tag: TagId, image: ImageId },
    PutSetting { name: String, json: String },
    RemoveSetting { name: String },
    AddExtraPath { path: Vec<u8>, types: Vec<PathType> },
    RemoveExtraPath { path: Vec<u8>, types: Vec<PathType> },
    AliasExtraPath { path: Vec<u8>, alias: String },
    SettleReview { review: Seq, take: Option<ImageId> },
    ChooseCover { image: ImageId, webp: Option<Vec<u8>> },
    EditText { image: ImageId, text: Option<Worded> },
    RuleTag { name: String, images: Vec<ImageId> },
    OutdateAll,
    BringTags { tags: Vec<(TagKind, String, String)> },
    Bring { brought: Vec<Brought> },
    Journal(journal::Entry),
    Undo { decision: Seq },
}

/// What a decision gave, beside its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to say.
    Done,
    /// The tag that was made or found.
    Tag(TagId),
    /// Whether a toggled tag is now off.
    IsRemoved(bool),
    /// The entry after the change.
    ExtraPath(ExtraPath),
    /// The tags that were made or found, in the order asked.
    Tags(Vec<TagId>),
    /// What bringing something changed.
    Brought(Tally),
    /// So many steps of an operation are still to be removed.
    StepsLeft(u32),
}

/// Why a decision was refused. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such tag, or it was removed.
    #[error("there is no tag `{0}`")]
    UnknownTag(TagId),
    /// The tag follows from the files; a person cannot put it on, take it off or remove it.
    #[error("tag `{0}` is not a custom tag")]
    NotCustom(TagId),
    /// The tag must exist.
    #[error("the tag `{0}` cannot be removed")]
    Permanent(&'static str),
    /// The name is empty, or too long.
    #[error("`{0}` is no name for a tag: it is empty, or has more than 8 words and 40 characters")]
    BadTagName(String),
    /// No such image.
    #[error("there is no image `{0}`")]
    UnknownImage(ImageId),
    /// No such extra path.
    #[error("`{0}` is not among the extra paths")]
    UnknownExtraPath(String),
    /// An extra path needs a type.
    #[error("an extra path needs at least one type")]
    NoTypes,
    /// No such question about identity, or it was settled.
    #[error("there is no open question `{0}`")]
    UnknownReview(Seq),
    /// The image is none of those asked about.
    #[error("image `{image}` is none of those that question `{review}` is about")]
    NotAChoice {
        /// The question.
        review: Seq,
        /// The image.
        image: ImageId,
    },
    /// The images have moved on since it was asked.
    #[error("question `{0}` has been overtaken by what happened to its images")]
    Outdated(Seq),
    /// No such decision.
    #[error("there is no decision `{0}`")]
    UnknownDecision(Seq),
    /// The picture is larger than a cover may be.
    #[error("a picture of {0} bytes is too large for a cover: at most {max} are kept", max = limits::COVER_BYTES_MAX)]
    CoverTooLarge(usize),
    /// No such operation on files, or it was forgotten.
    #[error("there is no operation `{0}`")]
    UnknownOperation(Seq),
    /// The operation is not at a point where that can be written to its journal.
    #[error("operation `{operation}` is {state:?}: {why}")]
    NotNow {
        /// Which.
        operation: Seq,
        /// How far it is.
        state: OperationState,
        /// What was to be written.
        why: &'static str,
    },
    /// It was undone before, or is too old, or something it changed was changed again.
    #[error("`{decision}` cannot be undone: {why}")]
    CannotUndo {
        /// The decision or operation.
        decision: Seq,
        /// Why not, in words for a person.
        why: String,
    },
    /// Clients keep as many settings as they may.
    #[error("`{0}` would be one setting too many: {max} are kept; remove one first", max = limits::SETTINGS_MAX)]
    TooManySettings(String),
    /// The value is not JSON.
    #[error("the value of setting `{0}` is not JSON")]
    NotJson(String),
    /// The ledger could not be written; nothing of the decision was kept.
    #[error(transparent)]
    Write(#[from] super::WriteError),
}

/// Either refused, with nothing written, or the store failed, and the transaction is lost.
pub(super) enum Failure {
    Refused(DecideError),
    Store(ReadError),
}

impl<E: Into<ReadError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

pub(super) type Decided = Result<(Seq, Outcome), Failure>;

pub(super) fn apply(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    request: Request,
    at: Timestamp,
) -> Decided {
    match request {
        Request::MakeTag { name } => make_tag(tables, interned, &name, at),
        Request::RemoveTag { tag } => remove_tag(tables, interned, tag, at),
        Request::ColorTag { tag, color } => color_tag(tables, tag, color, at),
        Request::PutTag { tag, images } => put_tag(tables, tag, images, at),
        Request::TakeTag { tag, images } => take_tag(tables, tag, images, at),
        Request::ToggleTag { tag, image } => toggle_tag(tables, tag, image, at),
        Request::PutSetting { name, json } => put_setting(tables, &name, &json, at),
        Request::RemoveSetting { name } => remove_setting(tables, &name, at),
        Request::AddExtraPath { path, types } => add_extra_path(tables, &path, types, at),
        Request::RemoveExtraPath { path, types } => remove_extra_path(tables, &path, &types, at),
        Request::AliasExtraPath { path, alias } => alias_extra_path(tables, &path, alias, at),
        Request::SettleReview { review, take } => {
            Ok((settle::settle(tables, interned, review, take, at)?, Outcome::Done))
        }
        Request::ChooseCover { image, webp } => cover::choose(tables, image, webp, at),
        Request::EditText { image, text } => edit::edit(tables, interned, image, text, at),
        Request::RuleTag { name, images } => notes::rule_tag(tables, interned, &name, images, at),
        Request::OutdateAll => notes::outdate_all(tables),
        Request::BringTags { tags } => bring::bring_tags(tables, interned, tags, at),
        Request::Bring { brought } => bring::bring(tables, interned, brought, at),
        Request::Journal(entry) => journal::apply(tables, interned, entry, at),
        Request::Undo { decision } => Ok((undo::undo(tables, interned, decision, at)?, Outcome::Done)),
    }
}

pub(super) fn done(tables: &Tables<'_>) -> Decided {
    Ok((tables.counters.head, Outcome::Done))
}

fn make_tag(tables: &mut Tables<'_>, interned: &mut Interned, name: &str, at: Timestamp) -> Decided {
    if !tag::is_valid_name(name) {
        return Err(Failure::Refused(DecideError::BadTagName(name.to_owned())));
    }
    let known = tables.custom_tags.get(name)?.map(|id| TagId(id.value()));
    if let Some(id) = known {
        return Ok((tables.counters.head, Outcome::Tag(id)));
    }
    let id = interned.tag(tables, TagKind::Custom, name)?;
    let seq = tables.decided(at, Action::TagMade { tag: id })?;
    Ok((seq, Outcome::Tag(id)))
}

/// A tag that a person may put on and take off.
pub(super) fn custom(tables: &Tables<'_>, id: TagId) -> Result<Tag, Failure> {
    match tables.tag(id)? {
        Some(tag) if tag.removed => Err(Failure::Refused(DecideError::UnknownTag(id))),
        Some(tag) if tag.kind != TagKind::Custom => Err(Failure::Refused(DecideError::NotCustom(id))),
        Some(tag) => Ok(tag),
        None => Err(Failure::Refused(DecideError::UnknownTag(id))),
    }
}

fn remove_tag(tables: &mut Tables<'_>, interned: &mut Interned, id: TagId, at: Timestamp) -> Decided {
    let tag = match custom(tables, id) {
        Err(Failure::Refused(DecideError::UnknownTag(_))) => return done(tables),
        other => other?,
    };
    if tag.name == tag::LIKE {
        return Err(Failure::Refused(DecideError::Permanent(tag::LIKE)));
    }
    let dropped = drop_tag(tables, interned, id, tag)?;
    Ok((tables.decided(at, dropped)?, Outcome::Done))
}

/// Removes a tag with its links.
pub(super) fn drop_tag(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    id: TagId,
    tag: Tag,
) -> Result<Action, ReadError> {
    let mut links = Vec::new();
    for entry in tables.links.range::<(u32, u32)>(..)? {
        let (key, link) = entry?;
        let (image, linked) = key.value();
        if linked == id.0 {
            links.push((ImageId(image), Link::decode(link.value())?));
        }
    }
    for (image, link) in &links {
        tables.links.remove((image.0, id.0))?;
        if *link != Link::Refused {
            tables.touch(*image)?;
        }
    }
    tables.custom_tags.remove(tag.name.as_str())?;
    interned.forget_custom(&tag.name);
    tables.change_tag(id, Tag { removed: true, ..tag })?;
    Ok(Action::TagDropped { tag: id, links })
}

fn color_tag(tables: &mut Tables<'_>, id: TagId, color: String, at: Timestamp) -> Decided {
    let Some(mut tag) = tables.tag(id)?.filter(|tag| !tag.removed) else { return done(tables) };
    if tag.color == color {
        return done(tables);
    }
    let before = std::mem::replace(&mut tag.color, color);
    tables.change_tag(id, tag)?;
    let seq = tables.decided(at, Action::TagColored { tag: id, before })?;
    Ok((seq, Outcome::Done))
}

/// Every image of the list is known, or the decision is refused.
fn known_images(tables: &Tables<'_>, mut images: Vec<ImageId>) -> Result<Vec<ImageId>, Failure> {
    for id in &mut images {
        *id = known_image(tables, *id)?;
    }
    images.sort_unstable();
    images.dedup();
    Ok(images)
}

/// The image itself, or the older one that took over its file after whoever decides had looked it up:
/// nobody would see again what is done to the newer one.
pub(super) fn known_image(tables: &Tables<'_>, id: ImageId) -> Result<ImageId, Failure> {
    let unknown = || Failure::Refused(DecideError::UnknownImage(id));
    let image = tables.image(id)?.ok_or_else(unknown)?;
    if image.presence != Presence::Retired || image.fingerprint != Fingerprint::default() {
        return Ok(id);
    }
    let there = tables.paths.get((image.folder.0, image.name.as_slice()))?;
    there.map(|row| ImageId(row.value().0)).ok_or_else(unknown)
}

pub(super) fn link_of(tables: &Tables<'_>, image: ImageId, tag: TagId) -> Result<Option<Link>, Failure> {
    Ok(super::txn::decode(tables.links.get((image.0, tag.0))?)?)
}

fn put_tag(tables: &mut Tables<'_>, id: TagId, images: Vec<ImageId>, at: Timestamp) -> Decided {
    custom(tables, id)?;
    let mut changes = Vec::new();
    for image in known_images(tables, images)? {
        let before = link_of(tables, image, id)?;
        if before != Some(Link::Given) {
            changes.push(LinkChange { image, before, after: Some(Link::Given) });
        }
    }
    change_links(tables, id, changes, at)
}

fn take_tag(tables: &mut Tables<'_>, id: TagId, images: Vec<ImageId>, at: Timestamp) -> Decided {
    custom(tables, id)?;
    let mut changes = Vec::new();
    for image in known_images(tables, images)? {
        let before = link_of(tables, image, id)?;
        if let Some(Link::Given | Link::Ruled) = before {
            changes.push(LinkChange { image, before, after: Some(Link::Refused) });
        }
    }
    change_links(tables, id, changes, at)
}

pub(super) fn change_links(
    tables: &mut Tables<'_>,
    id: TagId,
    changes: Vec<LinkChange>,
    at: Timestamp,
) -> Decided {
    if changes.is_empty() {
        return done(tables);
    }
    set_links(tables, id, &changes)?;
    let seq = tables.decided(at, Action::TagLinked { tag: id, changes })?;
    Ok((seq, Outcome::Done))
}

/// Makes a tag to images what it is after these changes.
pub(super) fn set_links(
    tables: &mut Tables<'_>,
    tag: TagId,
    changes: &[LinkChange],
) -> Result<(), ReadError> {
    for LinkChange { image, after, .. } in changes {
        match after {
            Some(link) => tables.links.insert((image.0, tag.0), link.encode().as_slice())?.is_some(),
            None => tables.links.remove((image.0, tag.0))?.is_some(),
        };
        tables.decided_on(*image)?;
    }
    Ok(())
}

fn toggle_tag(tables: &mut Tables<'_>, id: TagId, image: ImageId, at: Timestamp) -> Decided {
    custom(tables, id)?;
    let image = known_image(tables, image)?;
    let is_on = matches!(link_of(tables, image, id)?, Some(Link::Given | Link::Ruled));
    let change = if is_on { take_tag } else { put_tag };
    let (seq, _) = change(tables, id, vec![image], at)?;
    Ok((seq, Outcome::IsRemoved(is_on)))
}

fn put_setting(tables: &mut Tables<'_>, name: &str, json: &str, at: Timestamp) -> Decided {
    if serde_json::from_str::<serde::de::IgnoredAny>(json).is_err() {
        return Err(Failure::Refused(DecideError::NotJson(name.to_owned())));
    }
    if tables.settings.get(name)?.is_none() && tables.settings.len()? >= limits::SETTINGS_MAX {
        return Err(Failure::Refused(DecideError::TooManySettings(name.to_owned())));
    }
    let before = tables.settings.insert(name, json)?.map(|json| json.value().to_owned());
    if before.as_deref() == Some(json) {
        return done(tables);
    }
    let seq = tables.decided(at, Action::Setting { name: name.to_owned(), before })?;
    Ok((seq, Outcome::Done))
}

fn remove_setting(tables: &mut Tables<'_>, name: &str, at: Timestamp) -> Decided {
    let before = tables.settings.remove(name)?.map(|json| json.value().to_owned());
    if before.is_none() {
        return done(tables);
    }
    let seq = tables.decided(at, Action::Setting { name: name.to_owned(), before })?;
    Ok((seq, Outcome::Done))
}

pub(super) fn extra_path(tables: &Tables<'_>, path: &[u8]) -> Result<Option<ExtraPath>, Failure> {
    Ok(super::txn::decode(tables.extra_paths.get(path)?)?)
}

fn add_extra_path(tables: &mut Tables<'_>, path: &[u8], types: Vec<PathType>, at: Timestamp) -> Decided {
    if types.is_empty() {
        return Err(Failure::Refused(DecideError::NoTypes));
    }
    let before = extra_path(tables, path)?;
    let mut entry = before.clone().unwrap_or_default();
    entry.types.extend(types);
    entry.types.sort_unstable();
    entry.types.dedup();
    change_extra_path(tables, path, before, Some(entry), at)
}

fn remove_extra_path(tables: &mut Tables<'_>, path: &[u8], types: &[PathType], at: Timestamp) -> Decided {
    let Some(before) = extra_path(tables, path)? else { return done(tables) };
    let mut entry = before.clone();
    entry.types.retain(|known| !types.is_empty() && !types.contains(known));
    let entry = (!entry.types.is_empty()).then_some(entry);
    change_extra_path(tables, path, Some(before), entry, at)
}

fn alias_extra_path(tables: &mut Tables<'_>, path: &[u8], alias: String, at: Timestamp) -> Decided {
    let Some(before) = extra_path(tables, path)? else {
        let shown = lumidex_schema::path::display(path);
        return Err(Failure::Refused(DecideError::UnknownExtraPath(shown)));
    };
    let entry = ExtraPath { alias, ..before.clone() };
    change_extra_path(tables, path, Some(before), Some(entry), at)
}

fn change_extra_path(
    tables: &mut Tables<'_>,
    path: &[u8],
    before: Option<ExtraPath>,
    after: Option<ExtraPath>,
    at: Timestamp,
) -> Decided {
    let outcome = after.clone().map_or(Outcome::Done, Outcome::ExtraPath);
    if before == after {
        return Ok((tables.counters.head, outcome));
    }
    put_extra_path(tables, path, before.is_none(), after)?;
    let seq = tables.decided(at, Action::ExtraPath { path: path.to_vec(), before })?;
    Ok((seq, outcome))
}

/// Stores an entry or removes it; folders change only with that.
pub(super) fn put_extra_path(
    tables: &mut Tables<'_>,
    path: &[u8],
    was_none: bool,
    entry: Option<ExtraPath>,
) -> Result<(), ReadError> {
    match &entry {
        Some(entry) => tables.extra_paths.insert(path, entry.encode().as_slice())?.is_some(),
        None => tables.extra_paths.remove(path)?.is_some(),
    };
    if was_none || entry.is_none() { roots::settle(tables) } else { Ok(()) }
}
