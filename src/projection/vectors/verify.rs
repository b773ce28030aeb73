//! Whether each text has the prompt that follows from it, and whether the vectors of each model are, byte for byte,
//! what was written, and of these prompts.

use super::edition::{self, Proved};
use super::projection::{FORMAT, PROMPTS};
use super::prompts::Prompts;
use super::reader::VectorsReader;
use super::store;
use super::wording::prompt_of;
use crate::ledger::ReadError;
use crate::ledger::verify::{Finding, Mend};
use crate::projection::verify::{LookError, Looking, Unjudged, open_as_it_stands};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::id::TextId;
use lumidex_schema::layout;
use lumidex_topics::prompt;
use parking_lot::RwLock;
use std::path::Path;

const PLACE: &str = layout::VECTORS;
/// Texts with other prompts that are remembered until it is known whether they came meanwhile.
const DIFFERENCES_MAX: usize = 1_000;
/// An edition may be replaced while it is proved.
const PROVED_TIMES: usize = 3;

/// Looks at vectors that nobody has open.
pub(in crate::projection) fn verify_closed(dir: &Path, looking: &mut Looking<'_>) -> Result<(), LookError> {
    let path = dir.join(PROMPTS);
    // Without prompts there is nothing that anybody would use: it was emptied, and a program killed meanwhile.
    if !path.exists() {
        return Ok(());
    }
    let (prompts, checkpoint) = match load(&path) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Ok(()),
        Err(error) => {
            let words = ("prompts as they were written", error.to_string());
            looking.tell(PLACE, "file-sound", "the file of prompts", words);
            return Ok(());
        }
    };
    let found: Result<_, StartEmpty> = Ok(checkpoint);
    let Some(applied) = looking.judge(PLACE, found, FORMAT)? else { return Ok(()) };
    let prompts = RwLock::new(prompts);
    let unjudged = Unjudged::since(looking.reader, applied)?;
    compare(&prompts, looking, || Ok(unjudged))?;
    look_at_editions(dir, &prompts, looking);
    Ok(())
}

fn load(path: &Path) -> Result<Option<(Prompts, Checkpoint)>, store::StoreError> {
    let Some(db) = open_as_it_stands(path)? else { return Ok(None) };
    let checkpoint = store::checkpoint(&db)?.ok_or("there is no checkpoint")?;
    let prompts = if checkpoint.format == FORMAT { store::load(&db)? } else { Prompts::default() };
    Ok(Some((prompts, checkpoint)))
}

/// Looks at prompts and vectors as they are served; `changed` is asked in the end what changed meanwhile.
///
/// # Errors
/// [`LookError`].
pub fn verify(
    vectors: &VectorsReader,
    looking: &mut Looking<'_>,
    changed: impl FnOnce() -> Result<Unjudged, ReadError>,
) -> Result<(), LookError> {
    compare(&vectors.shared.prompts, looking, changed)?;
    look_at_editions(&vectors.shared.dir, &vectors.shared.prompts, looking);
    Ok(())
}

fn compare(
    prompts: &RwLock<Prompts>,
    looking: &mut Looking<'_>,
    changed: impl FnOnce() -> Result<Unjudged, ReadError>,
) -> Result<(), LookError> {
    let reader = looking.reader;
    let last = reader.last_text()?.0;
    let mut differences = Vec::new();
    for id in 1..=last {
        looking.step(last.into())?;
        let Some(text) = reader.text(TextId(id))? else { continue };
        let due = prompt_of(&text.template).map(|words| prompt::hash(&words));
        let there = {
            let prompts = prompts.read();
            prompts.of(TextId(id)).and_then(|prompt| prompts.hash_of(prompt))
        };
        if due != there && differences.len() < DIFFERENCES_MAX {
            let shown = |hash: Option<[u8; 32]>| match hash {
                Some(hash) => format!("prompt {}…", &blake3::Hash::from(hash).to_hex()[..16]),
                None => "no prompt".to_owned(),
            };
            let words = (shown(due), shown(there));
            differences
                .push((id, Finding::new(PLACE, "text-prompt", format!("text {id}"), words, Mend::Refill)));
        }
    }
    let unjudged = changed()?;
    for (id, finding) in differences {
        if !unjudged.texts.contains(id) {
            looking.findings.add(finding);
        }
    }
    Ok(())
}

fn look_at_editions(dir: &Path, prompts: &RwLock<Prompts>, looking: &mut Looking<'_>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if !entry.path().is_dir() {
            continue;
        }
        let mut found = String::new();
        let is_sound = (0..PROVED_TIMES).any(|_| match edition::prove(&entry.path(), prompts) {
            // One that is ahead of the prompts that are durable is given up by who opens it.
            Ok(Proved::Sound | Proved::Absent | Proved::Ahead) => true,
            Err(error) => {
                found = error.to_string();
                false
            }
        });
        if !is_sound {
            let name = entry.file_name().to_string_lossy().into_owned();
            let place = format!("{PLACE}/{name}");
            looking.tell(place, "file-sound", "vectors of a model", ("files as they were written", found));
        }
    }
}
