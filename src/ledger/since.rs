//! Whether something was decided about again: what stands between a decision and its undoing. Only reads.

use super::ReadError;
use super::txn::Tables;
use super::undo::followed;
use lumidex_schema::id::{ImageId, Seq, TagId};
use lumidex_schema::record::{Action, Decision, Question, Row};
use redb::ReadableTable;
use std::collections::HashSet;

/// A later decision about the same.
pub(super) struct Later {
    pub(super) by: Seq,
    /// What it did, to be read between its number and `since`.
    pub(super) what: &'static str,
}

/// The first decision after this one about something it changed. One that was undone does not count,
/// nor does what undid it.
pub(super) fn changed_since(
    tables: &Tables<'_>,
    number: Seq,
    action: &Action,
) -> Result<Option<Later>, ReadError> {
    let concerned = images(tables, action)?;
    let mut undoers = HashSet::new();
    for entry in tables.undone.range(number.next().0..)? {
        undoers.insert(entry?.1.value());
    }
    for entry in tables.decisions.range(number.next().0..)? {
        let (later, row) = entry?;
        let later = later.value();
        if undoers.contains(&later) || is_undone(tables, later)? {
            continue;
        }
        let by_then = Decision::decode(row.value())?.action;
        let shares_images = || -> Result<bool, ReadError> {
            Ok(images(tables, &by_then)?.iter().any(|image| concerned.contains(image)))
        };
        if let Some(what) = touches(action, &by_then, shares_images)? {
            return Ok(Some(Later { by: Seq(later), what }));
        }
    }
    Ok(None)
}

/// Whether a decision was undone, and that was not undone in turn.
fn is_undone(tables: &Tables<'_>, number: u64) -> Result<bool, ReadError> {
    let (mut number, mut is_undone) = (number, false);
    while let Some(by) = tables.undone.get(number)? {
        (number, is_undone) = (by.value(), !is_undone);
    }
    Ok(is_undone)
}

/// What a decision is about, as far as another can be about the same.
#[derive(Clone, Copy, PartialEq)]
enum About<'a> {
    /// Whether there is a tag.
    Tag(TagId),
    Color(TagId),
    Links(TagId),
    Setting(&'a str),
    Path(&'a [u8]),
    Cover,
    Text,
    Identity,
    Nothing,
}

fn about(action: &Action) -> About<'_> {
    match action {
        Action::TagMade { tag }
        | Action::TagRemoved { tag, .. }
        | Action::TagDropped { tag, .. }
        | Action::TagBack { tag } => About::Tag(*tag),
        Action::TagColored { tag, .. } => About::Color(*tag),
        Action::TagPut { tag, .. } | Action::TagTaken { tag, .. } | Action::TagLinked { tag, .. } => {
            About::Links(*tag)
        }
        Action::Setting { name, .. } => About::Setting(name),
        Action::ExtraPath { path, .. } => About::Path(path),
        Action::CoverChosen { .. } => About::Cover,
        Action::TextEdited { .. } => About::Text,
        Action::ReviewSettled { .. }
        | Action::ReviewAnswered { .. }
        | Action::ReviewTaken { .. }
        | Action::ReviewReopened { .. } => About::Identity,
        Action::Files { .. } => About::Nothing,
    }
}

/// What a later decision did to what an earlier one was about, if anything.
fn touches(
    earlier: &Action,
    later: &Action,
    shares_images: impl Fn() -> Result<bool, ReadError>,
) -> Result<Option<&'static str>, ReadError> {
    let (ours, theirs) = (about(earlier), about(later));
    let what = match (ours, theirs) {
        (About::Tag(a) | About::Color(a) | About::Links(a), About::Tag(b)) if a == b => {
            "removed the tag or put it back"
        }
        (About::Tag(a) | About::Color(a), About::Color(b)) if a == b => "coloured the tag",
        (About::Tag(a), About::Links(b)) if a == b => "put the tag on images or took it off",
        (About::Links(a), About::Links(b)) if a == b && shares_images()? => {
            "put the tag on one of the images or took it off"
        }
        (About::Setting(a), About::Setting(b)) if a == b => "changed the setting",
        (About::Path(a), About::Path(b)) if a == b => "changed the folder",
        (About::Cover, About::Cover) if shares_images()? => "chose another cover",
        (About::Text, About::Text) if shares_images()? => "edited the text",
        (About::Links(_) | About::Cover | About::Text | About::Identity, About::Identity)
            if shares_images()? =>
        {
            "settled which image one of them is"
        }
        (About::Identity, About::Links(_) | About::Cover | About::Text) if shares_images()? => {
            "changed one of the images"
        }
        _ => return Ok(None),
    };
    Ok(Some(what))
}

/// The images a decision is about, under the ids they have now.
fn images(tables: &Tables<'_>, action: &Action) -> Result<HashSet<ImageId>, ReadError> {
    let mut named: Vec<ImageId> = Vec::new();
    match action {
        Action::TagPut { images, .. } | Action::TagTaken { images, .. } => named.extend(images),
        Action::TagLinked { changes, .. } => named.extend(changes.iter().map(|change| change.image)),
        Action::CoverChosen { image, .. } | Action::TextEdited { image, .. } => named.push(*image),
        Action::ReviewSettled { image, before, .. } if image == before => {}
        Action::ReviewSettled { image, before, .. }
        | Action::ReviewAnswered { image, before, .. }
        | Action::ReviewTaken { image, before, .. } => {
            named.extend([*image, *before]);
        }
        Action::ReviewReopened { review, take: Some(_), .. } => match &review.question {
            Question::Ambiguous { arrived, missing } => named.extend(missing.iter().chain([arrived])),
            Question::Both { missing, arrived } => named.extend([*missing, *arrived]),
            Question::Replaced { image, .. } => named.push(*image),
        },
        _ => {}
    }
    let mut all: HashSet<ImageId> = named.iter().copied().collect();
    for image in named {
        all.extend(followed(tables, image)?);
    }
    Ok(all)
}
