//! Does what was planned, in batches.

use lumidex::intake::worded;
use lumidex::ledger::paid::Paid;
use lumidex::ledger::{Brought, Deeds, Ledger, Tally};
use lumidex_schema::id::TagId;
use lumidex_schema::layout;
use lumidex_schema::tag::TagKind;

use super::plan::{FolderPlan, Plan};
use super::settings::wishes;
use super::{Import, ImportError, Stage, report, take_lock};

/// Files written at once: some tenths of a second.
const FILES_AT_ONCE: usize = 8_192;
/// Bytes of texts written at once.
const TEXT_BYTES_AT_ONCE: usize = 16 << 20;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// What became of files.
    pub files: Tally,
    /// Tags made or coloured.
    pub tags: u64,
    /// Folders added or renamed.
    pub folders: u64,
    /// Settings stored.
    pub settings: u64,
    /// Vectors, titles and groups of tags kept.
    pub vectors: u64,
    /// Files that are waited for by now, of this import and others.
    pub waiting: u64,
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&report::said(self))
    }
}

pub(super) fn apply(import: Import, progress: &mut dyn FnMut(Stage)) -> Result<Done, ImportError> {
    let Import { folder, mut from, map, mut source, plan, vectors: _, stop, lock } = import;
    let _lock = match lock {
        Some(lock) => lock,
        None => take_lock(&folder)?,
    };
    let ledger = Ledger::open(&folder.join(layout::LEDGER))?;
    let mut done = Done { tags: plan.tags.len() as u64, ..Done::default() };
    // All of them, for those that are here are found by it.
    let tags = source.tags.iter().map(|tag| (TagKind::Custom, tag.name.clone(), tag.color.clone()));
    let others = source.other_tags.iter().map(|(kind, name)| (*kind, name.clone(), String::new()));
    let ids = ledger.bring_tags(tags.chain(others).collect())?;
    done.folders = folders(&ledger, &plan)?;
    for wish in wishes(&source, &map, &ledger.reader()?, &mut Vec::new())? {
        ledger.put_setting(&wish.name, &wish.json)?;
        done.settings += 1;
    }
    let n_files = plan.files.len() as u64;
    let (mut batch, mut text_bytes, mut n) = (Vec::new(), 0, 0);
    let reader = ledger.reader()?;
    for (nth, whose) in plan.files {
        if stop.is_stopped() {
            return Err(ImportError::Stopped);
        }
        let file = &source.files[nth as usize];
        let tags =
            |places: &[u32]| -> Vec<TagId> { places.iter().map(|place| ids[*place as usize]).collect() };
        let text = file.text.as_deref().map(|text| worded(&reader, text)).transpose()?;
        let cover = file.cover.as_deref().map(|name| from.cover(name)).transpose()?.flatten();
        text_bytes += file.text.as_ref().map_or(0, String::len) + cover.as_ref().map_or(0, Vec::len);
        let (refused, ruled) = (tags(&file.refused), tags(&file.ruled));
        let deeds = Deeds { tags: tags(&file.tags), refused, ruled, text, cover };
        let fingerprint = file.fingerprint;
        batch.push(Brought { source: file.key(), size: file.size, fingerprint, whose, deeds });
        n += 1;
        if batch.len() >= FILES_AT_ONCE || text_bytes >= TEXT_BYTES_AT_ONCE {
            done.files += ledger.bring(std::mem::take(&mut batch))?.1;
            text_bytes = 0;
            progress(Stage::Writing(n, n_files));
        }
    }
    if !batch.is_empty() {
        done.files += ledger.bring(batch)?.1;
    }
    done.waiting = ledger.reader()?.n_pending()?;
    let paid = Paid::at(&folder.join(layout::PAID));
    done.vectors = from.vectors(&paid, true, &mut source.complaints, progress)?.to_bring();
    Ok(done)
}

fn folders(ledger: &Ledger, plan: &Plan) -> Result<u64, ImportError> {
    for FolderPlan { path, types, alias, is_there: _ } in &plan.folders {
        if !types.is_empty() {
            ledger.add_extra_path(path, types)?;
        }
        if let Some(alias) = alias {
            ledger.alias_extra_path(path, alias)?;
        }
    }
    Ok(plan.folders.len() as u64)
}
