//! Undoing what was decided, one decision at a time: what it changed becomes exactly what it was before.
//!
//! Undoing is a decision like any other, so undoing that is doing it again. What was decided about
//! the same things since is not overridden: then it is refused, and says because of what.

use super::cover;
use super::decide::{
    DecideError, Failure, Request, drop_tag, extra_path, known_image, link_of, put_extra_path, set_links,
};
use super::edit;
use super::intern::Interned;
use super::settle;
use super::since::{self, changed_since};
use super::txn::{Tables, decode};
use super::{Ledger, ReadError};
use crate::limits;
use lumidex_schema::id::{ImageId, Seq, TagId, Timestamp};
use lumidex_schema::record::{Action, Decision, ExtraPath, Link, LinkChange, Row, Tag};
use redb::ReadableTable;

impl Ledger {
    /// Undoes a decision and gives the number of the decision that this is. To do it again, undo that.
    ///
    /// # Errors
    /// [`DecideError::UnknownDecision`]; [`DecideError::CannotUndo`] when it was undone before, is older than
    /// [`limits::UNDO_AGE_MAX`], is an operation on files, or when what it changed was decided about again
    /// since; [`DecideError::Write`]. Nothing is written then.
    pub fn undo(&self, decision: Seq) -> Result<Seq, DecideError> {
        Ok(self.decide(Request::Undo { decision })?.0)
    }
}

/// Why a decision is not undone, in words for a person; or the store failed.
pub(super) enum Obstacle {
    Why(String),
    Store(ReadError),
}

impl<E: Into<ReadError>> From<E> for Obstacle {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

impl Obstacle {
    pub(super) fn why<T>(why: impl Into<String>) -> Result<T, Self> {
        Err(Self::Why(why.into()))
    }
}

pub(super) fn undo(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    number: Seq,
    at: Timestamp,
) -> Result<Seq, Failure> {
    let found: Option<Decision> = decode(tables.decisions.get(number.0)?)?;
    let decision = found.ok_or(Failure::Refused(DecideError::UnknownDecision(number)))?;
    let undone = may_be_undone(tables, number, &decision, at)
        .and_then(|()| take_back(tables, interned, decision.action, at));
    match undone {
        Ok(action) => {
            let by = tables.decided(at, action)?;
            tables.undone.insert(number.0, by.0)?;
            Ok(by)
        }
        Err(Obstacle::Why(why)) => Err(Failure::Refused(DecideError::CannotUndo { decision: number, why })),
        Err(Obstacle::Store(error)) => Err(Failure::Store(error)),
    }
}

fn may_be_undone(
    tables: &Tables<'_>,
    number: Seq,
    decision: &Decision,
    at: Timestamp,
) -> Result<(), Obstacle> {
    if let Action::Files { .. } = decision.action {
        return Obstacle::why("it is an operation on files, and is undone as such");
    }
    if let Some(by) = tables.undone.get(number.0)? {
        return Obstacle::why(format!("it was undone before, by `{}`", by.value()));
    }
    let age = u128::try_from(at.0.saturating_sub(decision.at.0)).unwrap_or(0);
    if age > limits::UNDO_AGE_MAX.as_nanos() {
        let days = limits::UNDO_AGE_MAX.as_secs() / (24 * 3_600);
        return Obstacle::why(format!("it was more than {days} days ago"));
    }
    match changed_since(tables, number, &decision.action)? {
        Some(since::Later { by, what }) => Obstacle::why(format!("decision `{by}` {what} since")),
        None => Ok(()),
    }
}

/// Makes it what it was before, and gives what that is as a decision. Refuses before it writes anything.
fn take_back(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    action: Action,
    at: Timestamp,
) -> Result<Action, Obstacle> {
    match action {
        Action::TagMade { tag } | Action::TagBack { tag } => {
            let record = live_tag(tables, tag)?;
            Ok(drop_tag(tables, interned, tag, record)?)
        }
        Action::TagRemoved { tag, images } => {
            let links = images.into_iter().map(|image| (image, Link::Given)).collect();
            bring_back(tables, interned, tag, links)
        }
        Action::TagDropped { tag, links } => bring_back(tables, interned, tag, links),
        Action::TagColored { tag, before } => {
            let record = live_tag(tables, tag)?;
            let color = record.color.clone();
            tables.change_tag(tag, Tag { color: before, ..record })?;
            Ok(Action::TagColored { tag, before: color })
        }
        // What exactly was before is not known of these; no rule must put on what a person had taken off.
        Action::TagPut { tag, images } => relink(tables, tag, each(images, Link::Given, Link::Refused)),
        Action::TagTaken { tag, images } => relink(tables, tag, each(images, Link::Refused, Link::Given)),
        Action::TagLinked { tag, changes } => relink(tables, tag, changes),
        Action::Setting { name, before } => put_setting(tables, name, before),
        Action::ExtraPath { path, before } => put_path(tables, path, before),
        Action::CoverChosen { image, before } => {
            let image = followed(tables, image)?.map_or_else(|| Obstacle::why("its image is gone"), Ok)?;
            let now = cover::of(tables, image)?;
            cover::put(tables, image, before.as_deref())?;
            Ok(Action::CoverChosen { image, before: now })
        }
        Action::ReviewSettled { review, image, before } if image == before => {
            Ok(settle::reopen(tables, review, None)?)
        }
        Action::ReviewSettled { .. } => {
            Obstacle::why("what its images were before was not kept when it was settled")
        }
        Action::ReviewAnswered { review, image, before, was } => {
            let was = was.into_iter().map(|standing| (standing, None)).collect();
            settle::take_back(tables, interned, review, (image, before), was, at)
        }
        Action::ReviewTaken { review, image, before, was } => {
            settle::take_back(tables, interned, review, (image, before), was, at)
        }
        Action::TextEdited { image, before, .. } => {
            let image = followed(tables, image)?.map_or_else(|| Obstacle::why("its image is gone"), Ok)?;
            let now = edit::of(tables, image)?;
            edit::put(tables, image, before.as_ref())?;
            Ok(Action::TextEdited { image, before: now, after: before })
        }
        Action::ReviewReopened { number, take, .. } => settle::answer(tables, interned, number, take, at)
            .or_else(|failure| match failure {
                Failure::Refused(refusal) => Obstacle::why(refusal.to_string()),
                Failure::Store(error) => Err(Obstacle::Store(error)),
            }),
        Action::Files { .. } => Obstacle::why("it is an operation on files"),
    }
}

fn live_tag(tables: &Tables<'_>, id: TagId) -> Result<Tag, Obstacle> {
    let tag = tables.tag(id)?.filter(|tag| !tag.removed);
    tag.map_or_else(|| Obstacle::why(format!("tag `{id}` was removed")), Ok)
}

/// The image itself, or the older one that took over its file; `None` when it is gone.
pub(super) fn followed(tables: &Tables<'_>, image: ImageId) -> Result<Option<ImageId>, ReadError> {
    match known_image(tables, image) {
        Ok(image) => Ok(Some(image)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(Failure::Store(error)) => Err(error),
    }
}

fn bring_back(
    tables: &mut Tables<'_>,
    interned: &mut Interned,
    id: TagId,
    links: Vec<(ImageId, Link)>,
) -> Result<Action, Obstacle> {
    let tag = tables.tag(id)?.filter(|tag| tag.removed);
    let Some(tag) = tag else { return Obstacle::why(format!("tag `{id}` is there")) };
    if tables.custom_tags.get(tag.name.as_str())?.is_some() {
        return Obstacle::why(format!("there is another tag `{}` by now", tag.name));
    }
    tables.custom_tags.insert(tag.name.as_str(), id.0)?;
    interned.know_custom(&tag.name, id);
    tables.change_tag(id, Tag { removed: false, ..tag })?;
    for (image, link) in links {
        let Some(image) = followed(tables, image)? else { continue };
        tables.links.insert((image.0, id.0), link.encode().as_slice())?;
        tables.touch(image)?;
    }
    Ok(Action::TagBack { tag: id })
}

fn each(images: Vec<ImageId>, after: Link, before: Link) -> Vec<LinkChange> {
    let change = |image| LinkChange { image, before: Some(before), after: Some(after) };
    images.into_iter().map(change).collect()
}

/// Takes back changes of links, where they are still what they were changed to.
fn relink(tables: &mut Tables<'_>, tag: TagId, changes: Vec<LinkChange>) -> Result<Action, Obstacle> {
    live_tag(tables, tag)?;
    let mut back: Vec<LinkChange> = Vec::with_capacity(changes.len());
    for LinkChange { image, before, after } in changes {
        let Some(image) = followed(tables, image)? else { continue };
        let now = match link_of(tables, image, tag) {
            Ok(link) => link,
            Err(Failure::Store(error)) => return Err(Obstacle::Store(error)),
            Err(Failure::Refused(refusal)) => return Obstacle::why(refusal.to_string()),
        };
        if now == after {
            back.push(LinkChange { image, before: now, after: before });
        }
    }
    // Two of them may be one image by now.
    back.sort_by_key(|change| change.image);
    back.dedup_by_key(|change| change.image);
    set_links(tables, tag, &back)?;
    Ok(Action::TagLinked { tag, changes: back })
}

fn put_setting(tables: &mut Tables<'_>, name: String, json: Option<String>) -> Result<Action, Obstacle> {
    let before = match json {
        Some(json) => tables.settings.insert(name.as_str(), json.as_str())?,
        None => tables.settings.remove(name.as_str())?,
    };
    let before = before.map(|json| json.value().to_owned());
    Ok(Action::Setting { name, before })
}

fn put_path(tables: &mut Tables<'_>, path: Vec<u8>, entry: Option<ExtraPath>) -> Result<Action, Obstacle> {
    let before = match extra_path(tables, &path) {
        Ok(before) => before,
        Err(Failure::Store(error)) => return Err(Obstacle::Store(error)),
        Err(Failure::Refused(refusal)) => return Obstacle::why(refusal.to_string()),
    };
    put_extra_path(tables, &path, before.is_none(), entry)?;
    Ok(Action::ExtraPath { path, before })
}
