//! Whether the text index holds the texts of the ledger: every folded template is compared, every document counted,
//! every file proved by its checksum, and of postings a spread sample is asked.

use super::snapshot::{Base, Snapshot};
use super::store::{Store, prove_files};
use super::tail::Tail;
use crate::ledger::ReadError;
use crate::ledger::verify::{Finding, Mend};
use crate::projection::verify::{LookError, Looking, Unjudged};
use crate::sys::storage::Disk;
use lumidex_schema::feed::Subject;
use lumidex_schema::fold::fold;
use lumidex_schema::id::{FolderId, TagId, TextId};
use lumidex_schema::text::HOLE;
use lumidex_schema::{format, layout};
use roaring::RoaringBitmap;
use std::path::Path;

const PLACE: &str = layout::TEXT;
/// Texts whose postings are asked.
const SAMPLED: u32 = 1_000;
/// Characters of the longer of the two fragments that are asked for.
const FRAGMENT_CHARS: usize = 24;
/// Files of an index that is written may be merged away while they are proved.
const PROVED_TIMES: usize = 4;

/// Looks at an index that nobody has open.
pub(in crate::projection) fn verify_closed(dir: &Path, looking: &mut Looking<'_>) -> Result<(), LookError> {
    let store = match Store::open_as_it_stands(&Disk::shared(), dir) {
        Ok(Some(store)) => store,
        Ok(None) => return Ok(()),
        Err(error) => {
            let mut found = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                found.push_str(&format!(": {error}"));
                cause = error.source();
            }
            looking.tell(PLACE, "file-sound", "the index", ("files as they were written", found));
            return Ok(());
        }
    };
    let Some(checkpoint) = store.checkpoint() else { return Ok(()) };
    let Some(applied) = looking.judge(PLACE, Ok(checkpoint), format::TEXT.current)? else { return Ok(()) };
    let snapshot = Snapshot::compose(Some(store.base().clone()), Tail::default(), applied);
    let unjudged = Unjudged::since(looking.reader, applied)?;
    compare(&snapshot, looking, || Ok(unjudged))
}

/// Looks at the index as it is served; `changed` is asked in the end what changed after what is durable of it.
///
/// # Errors
/// [`LookError`].
pub fn verify(
    snapshot: &Snapshot,
    looking: &mut Looking<'_>,
    changed: impl FnOnce() -> Result<Unjudged, ReadError>,
) -> Result<(), LookError> {
    if let Some(base) = &snapshot.base {
        let index = base.searcher.index();
        // Whole once is enough: what changes in between is not damage.
        let mut found = None;
        for _ in 0..PROVED_TIMES {
            found = match prove_files(index) {
                Ok(Ok(())) => None,
                Ok(Err(what)) => Some(what.to_owned()),
                Err(error) => Some(error.to_string()),
            };
            if found.is_none() {
                break;
            }
        }
        if let Some(found) = found {
            looking.tell(PLACE, "file-sound", "the index", ("files as they were written", found));
        }
    }
    compare(snapshot, looking, changed)
}

fn compare(
    snapshot: &Snapshot,
    looking: &mut Looking<'_>,
    changed: impl FnOnce() -> Result<Unjudged, ReadError>,
) -> Result<(), LookError> {
    let reader = looking.reader;
    let last = reader.last_text()?.0.max(snapshot.len().saturating_sub(1));
    let every = last / SAMPLED + 1;
    let mut differences: Vec<(u32, Finding)> = Vec::new();
    for id in 1..=last {
        looking.step(last.into())?;
        let due = reader.text(TextId(id))?.map(|text| fold(&text.template));
        let there = snapshot.folded(TextId(id));
        let found = match (&due, there) {
            (Some(due), Some(there)) if due == there => None,
            (None, None) => continue,
            (_, None) => Some(("text-folded", "none".to_owned())),
            (_, Some(there)) => Some(("text-folded", shortened(there))),
        };
        let found = match (&due, found) {
            (Some(due), None) if id % every == 0 => unfound(snapshot, id, due),
            (_, found) => found,
        };
        if let Some((rule, found)) = found
            && differences.len() < SAMPLED as usize
        {
            let due = due.as_deref().map_or("none".to_owned(), shortened);
            differences
                .push((id, Finding::new(PLACE, rule, format!("text {id}"), (due, found), Mend::Refill)));
        }
    }
    let unjudged = changed()?;
    for (id, finding) in differences {
        if !unjudged.texts.contains(id) {
            looking.findings.add(finding);
        }
    }
    match &snapshot.base {
        Some(base) => look_at_documents(base, looking, &unjudged),
        None => Ok(()),
    }
}

/// What of a text is not found by pieces of it.
fn unfound(snapshot: &Snapshot, id: u32, folded: &str) -> Option<(&'static str, String)> {
    let part = folded.split(HOLE).max_by_key(|part| part.len())?;
    let fragment = |n: usize| part.chars().take(n).collect::<String>();
    for piece in [fragment(1), fragment(3), fragment(FRAGMENT_CHARS)] {
        if piece.is_empty() {
            continue;
        }
        match snapshot.candidates(&piece) {
            Ok(found) if found.contains(TextId(id)) => {}
            Ok(_) => return Some(("text-found", format!("not by `{piece}`"))),
            Err(error) => return Some(("text-found", error.to_string())),
        }
    }
    None
}

/// One document for each text, and for each folder and tag there is.
fn look_at_documents(base: &Base, looking: &mut Looking<'_>, unjudged: &Unjudged) -> Result<(), LookError> {
    let reader = looking.reader;
    let texts: RoaringBitmap = base.segments.iter().flat_map(|segment| segment.texts()).collect();
    let arenas: RoaringBitmap =
        base.arenas.iter().flat_map(|arena| arena.iter().map(|(id, _)| id.0)).collect();
    for id in &(&texts ^ &arenas) - &unjudged.texts {
        let found = if texts.contains(id) { "a document and no text" } else { "a text and no document" };
        looking.tell(PLACE, "text-document", format!("text {id}"), ("both", found));
    }
    let (mut folders, mut tags) = (RoaringBitmap::new(), RoaringBitmap::new());
    for subject in base.segments.iter().flat_map(|segment| segment.others()) {
        match subject {
            Subject::Folder(id) => drop(folders.insert(id.0)),
            Subject::Tag(id) => drop(tags.insert(id.0)),
            Subject::Image(_) | Subject::Text(_) => {}
        }
    }
    let (mut due_folders, mut due_tags) = (RoaringBitmap::new(), RoaringBitmap::new());
    for id in 1..=reader.last_folder()?.0 {
        if reader.folder(FolderId(id))?.is_some() {
            due_folders.insert(id);
        }
    }
    for id in 1..=reader.last_tag()?.0 {
        if reader.tag(TagId(id))?.is_some_and(|tag| !tag.removed) {
            due_tags.insert(id);
        }
    }
    for (what, due, there, unjudged) in
        [("folder", due_folders, folders, &unjudged.folders), ("tag", due_tags, tags, &unjudged.tags)]
    {
        for id in &(&due ^ &there) - unjudged {
            let words = if due.contains(id) { ("a document", "none") } else { ("none", "a document") };
            looking.tell(PLACE, "name-document", format!("{what} {id}"), words);
        }
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).map(|c| if c == HOLE { '|' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{}`", short.replace('\n', " "))
}
