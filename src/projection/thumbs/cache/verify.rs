//! Whether packed thumbnails are what was written. The end of a segment may be torn, as a power cut leaves it;
//! anything else is damage. Looks at files alone, so it works beside whoever has them open.

use super::record::{self, Span};
use super::{Kept, entries_of, index_path, listed, segment_path};
use crate::ledger::verify::{Finding, Findings, Mend};
use crate::projection::thumbs::key::Key;
use crate::projection::verify::{LookError, Looking};
use crate::sys::Stop;
use crate::sys::storage::{Disk, Open, StoredFile};
use lumidex_schema::layout;
use std::path::{Path, PathBuf};

/// Looks at the thumbnails of a data folder.
pub(in crate::projection) fn verify_closed(
    folder: &Path,
    looking: &mut Looking<'_>,
) -> Result<(), LookError> {
    verify(folder, looking.stop, looking.progress, looking.findings)
}

/// Looks at all segments of a folder, which need not exist. `progress` is told bytes looked at, and how many there
/// are.
///
/// # Errors
/// [`LookError::Stopped`].
pub fn verify(
    folder: &Path,
    stop: &Stop,
    progress: &mut dyn FnMut(u64, u64),
    findings: &mut Findings,
) -> Result<(), LookError> {
    let segments = listed(folder);
    let total: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
    let newest = segments.last().map(|(number, _)| *number);
    let mut done = 0;
    for (number, n_bytes) in segments {
        if stop.is_stopped() {
            return Err(LookError::Stopped);
        }
        if let Some(found) = damage(folder, number, n_bytes, Some(number) == newest) {
            let place = format!("{}/{number:08}.seg", layout::THUMBS);
            let words = ("records as they were written".to_owned(), found);
            findings.add(Finding::new(place, "record-sound", "thumbnails", words, Mend::Refill));
        }
        done += n_bytes;
        progress(done, total);
    }
    Ok(())
}

/// Where the small pictures of a library are, if they are kept below `folder` and not in its data folder. `data_dir` as a
/// server has it: absolute and lexically normal.
#[must_use]
pub fn kept_below(folder: &Path, data_dir: &Path) -> PathBuf {
    let whose = blake3::hash(data_dir.as_os_str().as_encoded_bytes()).to_hex();
    folder.join(format!("lumidex-{}", &whose[..16]))
}

/// What is kept in a folder, which need not exist, without opening it for keeping more.
#[must_use]
pub fn kept_in(folder: &Path) -> Kept {
    let mut kept = Kept::default();
    for (number, n_bytes) in listed(folder) {
        kept.bytes += n_bytes;
        if let Ok(file) = Disk::shared().open(&segment_path(folder, number), Open::Read) {
            kept.entries += entries_of(&*Disk::shared(), folder, number, &*file, n_bytes).len();
        }
    }
    kept
}

fn damage(folder: &Path, number: u32, n_bytes: u64, is_newest: bool) -> Option<String> {
    let storage = Disk::shared();
    let file = match storage.open(&segment_path(folder, number), Open::Read) {
        // It went meanwhile, to make room.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => return Some(error.to_string()),
        Ok(file) => file,
    };
    let index = std::fs::read(index_path(folder, number)).ok().map(|bytes| record::decode_index(&bytes));
    let (entries, is_closed) = match index {
        Some(Some(entries)) => (entries, true),
        // One that is being written is not whole either.
        Some(None) if !is_newest => return Some("an index that is damaged".to_owned()),
        Some(None) | None => (record::walk(&*file, n_bytes), false),
    };
    if entries.is_empty() && !is_newest {
        return Some("no record".to_owned());
    }
    let last = entries.len().saturating_sub(1);
    entries.iter().enumerate().find_map(|(nth, (key, span))| {
        // The last of one that was never closed may be torn.
        let may_be_torn = !is_closed && nth == last;
        (!may_be_torn && !is_whole(&*file, key, *span))
            .then(|| format!("a damaged record at {} of {n_bytes} bytes", span.offset))
    })
}

fn is_whole(file: &dyn StoredFile, key: &Key, span: Span) -> bool {
    let Ok(n_bytes) = usize::try_from(span.record_bytes()) else { return false };
    let mut bytes = vec![0; n_bytes];
    file.read_at(u64::from(span.offset), &mut bytes).is_ok() && record::decode(&bytes, key).is_some()
}
