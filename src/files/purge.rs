//! Emptying the trash: what is too old, or too much, is removed for good, and can no longer be undone.
//! Only what a journal names is removed, and only if it is still what was put there.

use super::place::{join, on_disk};
use super::problem::in_full;
use super::{Files, Gone, WishError, trash};
use crate::intake::rules::TRASH;
use crate::ledger::Reader;
use crate::limits::files as limits;
use crate::sys::PathError;
use crate::sys::tree::Kind;
use lumidex_schema::id::{Seq, Timestamp};
use lumidex_schema::operation::{Operation, OperationState, Step, StepState};
use std::collections::BTreeMap;

/// What may stay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// What is older goes.
    pub(super) older_than: Timestamp,
    /// Of the rest, the oldest goes until so much is left.
    pub(super) bytes_max: u64,
    /// The newest stays however much it is.
    pub(super) keeps_newest: bool,
}

/// See the top of the file.
///
/// # Errors
/// When the ledger fails; what was removed before stays so.
pub(super) fn purge(files: &Files, bounds: Bounds) -> Result<Gone, WishError> {
    let mut gone = Gone::default();
    for operation in too_much(&files.ledger.reader()?, bounds)? {
        if files.stop.is_stopped() {
            break;
        }
        // Somebody is taking it back this moment.
        let Some(_turn) = files.busy_with(operation) else { continue };
        match empty(files, operation)? {
            Some(removed) => {
                files.ledger.expire_operation(operation)?;
                gone.operations += 1;
                gone.files += removed.files;
                gone.bytes += removed.bytes;
            }
            None => tracing::debug!(%operation, "its trash is left for later: its folder is not there"),
        }
    }
    Ok(gone)
}

/// The operations to be expired, the oldest first.
fn too_much(reader: &Reader, bounds: Bounds) -> Result<Vec<Seq>, WishError> {
    let mut found = Vec::new();
    let (mut kept, mut is_full, mut is_newest) = (0_u64, false, bounds.keeps_newest);
    let mut before = None;
    loop {
        let page = reader.operations(before, limits::OPERATIONS_READ_AT_ONCE)?;
        let Some((last, _)) = page.last() else { break };
        before = Some(*last);
        for (operation, head) in page {
            let is_over = matches!(head.state, OperationState::Done | OperationState::Stopped);
            if !is_over || head.is_expired() || head.steps == 0 {
                continue;
            }
            let held = held(reader, operation, &head)?;
            if held > 0 && !is_newest && kept.saturating_add(held) > bounds.bytes_max {
                is_full = true;
            }
            is_newest &= held == 0;
            if head.at < bounds.older_than || (is_full && held > 0) {
                found.push(operation);
            } else {
                kept = kept.saturating_add(held);
            }
        }
    }
    found.reverse();
    Ok(found)
}

/// Bytes that are in a trash for the sake of this operation; what was undone is there no more.
fn held(reader: &Reader, operation: Seq, head: &Operation) -> Result<u64, WishError> {
    if head.held == 0 || reader.undone_by(operation)?.is_some() { Ok(0) } else { Ok(head.held) }
}

/// Removes what an operation put in a trash; `None` when a root is not there, and nothing was removed, or
/// when it was to end before it was done.
fn empty(files: &Files, operation: Seq) -> Result<Option<Gone>, WishError> {
    let reader = files.ledger.reader()?;
    let Some(head) = reader.operation(operation)? else { return Ok(None) };
    let mut gone = Gone::default();
    if held(&reader, operation, &head)? == 0 {
        return Ok(Some(gone));
    }
    let token = trash::token(operation, head.at);
    let mut roots = BTreeMap::new();
    for_each(&reader, operation, &head, |step| {
        let device = step.after.map_or(0, |after| after.device);
        if let Some(root) = trash::root_of(&step.to, &token)
            && !roots.contains_key(root)
        {
            roots.insert(root.to_vec(), device);
        }
        true
    })?;
    if roots.iter().any(|(root, device)| !is_there(files, root, *device)) {
        return Ok(None);
    }
    let is_whole = for_each(&reader, operation, &head, |step| {
        if trash::root_of(&step.to, &token).is_some() {
            match remove(files, &step) {
                Ok(Some(bytes)) => (gone.files, gone.bytes) = (gone.files + 1, gone.bytes + bytes),
                Ok(None) => {}
                Err(error) => tracing::warn!(error = in_full(&error), "a file stays in the trash"),
            }
            trash::clear_way(files.tree.as_ref(), &step.to, &token);
        }
        !files.stop.is_stopped()
    })?;
    Ok(is_whole.then_some(gone))
}

/// Calls `each` with the steps that were taken until it answers `false`; whether it never did.
fn for_each(
    reader: &Reader,
    operation: Seq,
    head: &Operation,
    mut each: impl FnMut(Step) -> bool,
) -> Result<bool, WishError> {
    let mut from = 0;
    while from < head.taken {
        let steps = reader.steps(operation, from, limits::STEPS_JOURNALED_AT_ONCE)?;
        if steps.is_empty() {
            break;
        }
        from += u32::try_from(steps.len()).unwrap_or(u32::MAX);
        if !steps.into_iter().filter(|step| step.state == StepState::Done).all(&mut each) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a root is what it was when its trash was filled. One without a trash, on another disk, is an
/// empty mount point perhaps, and the drive with the files may come back.
fn is_there(files: &Files, root: &[u8], device: u64) -> bool {
    let look = |path: &[u8]| files.tree.look_through(&on_disk(path)).ok().flatten();
    let has_trash = look(&join(root, TRASH)).is_some_and(|look| look.kind == Kind::Folder);
    has_trash || look(root).is_some_and(|look| look.sighting.device == device)
}

/// Bytes removed; `None` when what was put there is not there.
fn remove(files: &Files, step: &Step) -> Result<Option<u64>, PathError> {
    let path = on_disk(&step.to);
    let look = files.tree.look(&path)?.filter(|look| step.after.is_some_and(|after| look.is_still(&after)));
    let Some(look) = look.filter(|look| look.kind != Kind::Folder) else { return Ok(None) };
    files.tree.remove_file(&path)?;
    Ok(Some(look.sighting.size))
}
