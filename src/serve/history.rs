//! What a person did, as it is told: each decision in one sentence. Decides nothing.

use super::deeds::Deed;
use crate::ledger::{ReadError, Reader};
use crate::limits::UNDO_AGE_MAX;
use lumidex_schema::id::{ImageId, Seq, TagId, Timestamp};
use lumidex_schema::operation::{Act, Operation, OperationKind, OperationState, Step};
use lumidex_schema::path::display;
use lumidex_schema::record::{Action, Decision, Link};
use std::time::SystemTime;

/// Steps of an operation that are looked at to say what it was about.
const STEPS_LOOKED_AT: usize = 8;

/// Up to `max` deeds before this one, newest first.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn deeds(reader: &Reader, before: Option<Seq>, max: usize) -> Result<Vec<Deed>, ReadError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let age = |nanos| i128::try_from(nanos).unwrap_or(i128::MAX);
    let oldest = age(now) - age(UNDO_AGE_MAX.as_nanos());
    let mut deeds = Vec::new();
    for (number, decision) in reader.decisions_before(before, max)? {
        let Decision { at, action } = decision;
        let mut deed = told(reader, number, &action)?;
        deed.at = at;
        deed.undone_by = reader.undone_by(number)?;
        if deed.lasting.is_none() && i128::from(at.0) < oldest {
            deed.lasting = Some("undo reaches back ninety days");
        }
        deeds.push(deed);
    }
    Ok(deeds)
}

fn told(reader: &Reader, number: Seq, action: &Action) -> Result<Deed, ReadError> {
    let plain = |kind, text: String| Deed {
        number,
        at: Timestamp::default(),
        kind,
        text,
        paths: Vec::new(),
        undone_by: None,
        lasting: None,
    };
    let about = |kind, text, images: &[ImageId]| -> Result<Deed, ReadError> {
        Ok(Deed { paths: paths_of(reader, images)?, ..plain(kind, text) })
    };
    Ok(match action {
        Action::TagMade { tag } => plain("tag_made", format!("made the tag {}", name(reader, *tag)?)),
        Action::TagRemoved { tag, images } => {
            let text = format!("removed the tag {} from {}", name(reader, *tag)?, pictures(images.len()));
            about("tag_removed", text, images)?
        }
        Action::TagColored { tag, .. } => {
            plain("tag_colored", format!("changed the colour of {}", name(reader, *tag)?))
        }
        Action::TagPut { tag, images } => {
            let text = format!("put {} on {}", name(reader, *tag)?, pictures(images.len()));
            about("tag_put", text, images)?
        }
        Action::TagTaken { tag, images } => {
            let text = format!("took {} off {}", name(reader, *tag)?, pictures(images.len()));
            about("tag_taken", text, images)?
        }
        Action::Setting { name, .. } => plain("setting", format!("changed the setting `{name}`")),
        Action::ExtraPath { path, .. } => Deed {
            paths: vec![path.clone()],
            ..plain("folder", format!("changed the folder `{}`", display(path)))
        },
        Action::ReviewSettled { image, before, .. }
        | Action::ReviewAnswered { image, before, .. }
        | Action::ReviewTaken { image, before, .. } => {
            about("review_settled", "answered a question about a picture".to_owned(), &[*image, *before])?
        }
        Action::TextEdited { image, after, .. } => {
            let text = match after {
                Some(_) => "edited the text of a picture",
                None => "showed the text that a picture's file holds",
            };
            about("text_edited", text.to_owned(), &[*image])?
        }
        Action::CoverChosen { image, .. } => {
            about("cover_chosen", "chose the cover of a video".to_owned(), &[*image])?
        }
        Action::TagLinked { tag, changes } => {
            let images: Vec<ImageId> = changes.iter().map(|change| change.image).collect();
            let is_put = changes.iter().any(|change| matches!(change.after, Some(Link::Given | Link::Ruled)));
            let (kind, put, on) =
                if is_put { ("tag_put", "put", "on") } else { ("tag_taken", "took", "off") };
            let text = format!("{put} {} {on} {}", name(reader, *tag)?, pictures(images.len()));
            about(kind, text, &images)?
        }
        Action::TagDropped { tag, links } => {
            let images: Vec<ImageId> = links.iter().map(|(image, _)| *image).collect();
            let text = format!("removed the tag {} from {}", name(reader, *tag)?, pictures(images.len()));
            about("tag_removed", text, &images)?
        }
        Action::TagBack { tag } => plain("tag_made", format!("put the tag {} back", name(reader, *tag)?)),
        Action::ReviewReopened { .. } => {
            plain("review_reopened", "asked a question about a picture again".to_owned())
        }
        Action::Files { .. } => return operation(reader, number, plain),
    })
}

fn operation(
    reader: &Reader,
    number: Seq,
    plain: impl Fn(&'static str, String) -> Deed,
) -> Result<Deed, ReadError> {
    let Some(operation) = reader.operation(number)? else {
        return Ok(Deed {
            lasting: Some("its journal is gone"),
            ..plain("files", "changed files".to_owned())
        });
    };
    let steps = reader.steps(number, 0, STEPS_LOOKED_AT)?;
    let mut paths: Vec<Vec<u8>> = Vec::new();
    for Step { from, to, .. } in &steps {
        paths.extend([from, to].into_iter().filter(|path| !path.is_empty() && !is_in_trash(path)).cloned());
    }
    paths.dedup();
    let lasting = match (operation.kind, operation.state) {
        (OperationKind::DeleteForGood, _) => Some("it was deleted for good"),
        (_, OperationState::Planning | OperationState::Applying) => Some("it is under way"),
        _ if operation.taken > 0 && steps.is_empty() => Some("what undoing it needs is gone"),
        _ => None,
    };
    let text = words(&operation, &steps);
    Ok(Deed { paths, lasting, ..plain(operation.kind.word(), text) })
}

/// In one sentence.
fn words(operation: &Operation, steps: &[Step]) -> String {
    let items = match operation.items {
        1 => steps
            .iter()
            .find(|step| step.act != Act::MakeFolder)
            .map_or_else(|| "one item".to_owned(), |step| format!("`{}`", base(&step.from))),
        n => format!("{n} items"),
    };
    let to = steps.iter().rfind(|step| step.act != Act::MakeFolder && !step.to.is_empty());
    let into = to.map_or_else(String::new, |step| format!(" into `{}`", display(folder(&step.to))));
    let part = match operation.failed {
        0 => String::new(),
        n => format!(" ({n} steps failed)"),
    };
    let said = match operation.kind {
        OperationKind::Copy => format!("copied {items}{into}"),
        OperationKind::Move => format!("moved {items}{into}"),
        OperationKind::Rename => {
            format!("renamed {items} to `{}`", to.map_or_else(String::new, |step| base(&step.to)))
        }
        OperationKind::Delete => format!("moved {items} to the trash"),
        OperationKind::DeleteForGood => format!("deleted {items} for good"),
        OperationKind::Flatten => format!("flattened{into}"),
        OperationKind::MakeFolder => {
            let made = steps.last().map_or_else(String::new, |step| display(&step.to));
            format!("made the folder `{made}`")
        }
        OperationKind::Organize => format!("organized {items}"),
        OperationKind::Undo { of } => format!("undid {of}"),
    };
    format!("{said}{part}")
}

fn is_in_trash(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|part| part == crate::intake::rules::TRASH)
}

fn base(path: &[u8]) -> String {
    display(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default())
}

fn folder(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |at| &path[..at.max(1)])
}

fn pictures(n: usize) -> String {
    if n == 1 { "one picture".to_owned() } else { format!("{n} pictures") }
}

fn name(reader: &Reader, tag: TagId) -> Result<String, ReadError> {
    Ok(reader.tag(tag)?.map_or_else(|| format!("tag {tag}"), |tag| format!("`{}`", tag.name)))
}

fn paths_of(reader: &Reader, images: &[ImageId]) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut paths = Vec::new();
    for id in images.iter().take(STEPS_LOOKED_AT) {
        if let Some(image) = reader.image(*id)? {
            paths.push(reader.path_of(&image)?);
        }
    }
    Ok(paths)
}
