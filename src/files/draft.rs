//! The journal of an operation while it is planned: steps go to the ledger in chunks, so that a plan of
//! any length takes little memory. Nothing is touched before the last chunk is in.

use super::place::name_of;
use super::problem::in_full;
use super::running::Run;
use super::{Files, WishError, trash};
use crate::limits::files as limits;
use lumidex_schema::id::Seq;
use lumidex_schema::media::MediaKind;
use lumidex_schema::operation::{Act, OperationKind, Step};

/// Stands for the name in a trash of what will not be done.
const FORESEEN: &str = "foreseen";

/// See the top of the file.
pub(super) struct Draft<'a> {
    files: &'a Files,
    run: &'a Run,
    operation: Option<Seq>,
    token: Option<String>,
    /// Not yet in the ledger.
    steps: Vec<Step>,
    /// Items of those steps.
    items: u32,
    /// The number of the next item.
    next: u32,
    /// Where files would go, when nothing is to be journaled.
    foreseen: Option<Vec<(Vec<u8>, Vec<u8>)>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(files: &'a Files, run: &'a Run) -> Self {
        Self {
            files,
            run,
            operation: None,
            token: None,
            steps: Vec::new(),
            items: 0,
            next: 0,
            foreseen: None,
        }
    }

    /// From now on only remembers where files would go; nothing of it ever reaches the ledger.
    pub(super) fn only_foresee(&mut self) {
        self.foreseen = Some(Vec::new());
    }

    /// Where files would go.
    pub(super) fn into_foreseen(self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.foreseen.unwrap_or_default()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// The name of the operation in a trash.
    pub(super) fn token(&mut self) -> Result<String, WishError> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        if self.foreseen.is_some() {
            return Ok(FORESEEN.to_owned());
        }
        let operation = match self.operation {
            Some(operation) => operation,
            None => self.begin(false)?,
        };
        let head = self.files.ledger.reader()?.operation(operation)?;
        let head = head.ok_or_else(|| WishError::Unknown(format!("operation {operation} is gone")))?;
        Ok(self.token.insert(trash::token(operation, head.at)).clone())
    }

    /// Adds an item.
    pub(super) fn add(&mut self, mut steps: Vec<Step>) -> Result<(), WishError> {
        if steps.is_empty() {
            return Ok(());
        }
        if let Some(foreseen) = &mut self.foreseen {
            self.next = self.next.saturating_add(1);
            let is_placed = |step: &Step| matches!(step.act, Act::MoveFile | Act::CopyFile);
            foreseen.extend(steps.into_iter().filter(is_placed).map(|step| (step.from, step.to)));
            return Ok(());
        }
        self.items = self.items.saturating_add(weight(self.run.kind(), &steps));
        steps.iter_mut().for_each(|step| step.item = self.next);
        self.next = self.next.saturating_add(1);
        self.run.add_steps(steps.len());
        self.steps.append(&mut steps);
        if self.steps.len() >= limits::STEPS_JOURNALED_AT_ONCE { self.flush(false) } else { Ok(()) }
    }

    /// From now on it is applied, also after a crash; `None` when there is nothing to do.
    pub(super) fn finish(&mut self) -> Result<Option<Seq>, WishError> {
        if self.is_empty() {
            self.forget();
            return Ok(None);
        }
        self.flush(true)?;
        Ok(self.operation)
    }

    /// Leaves no trace of it.
    pub(super) fn forget(&mut self) {
        let Some(operation) = self.operation.take() else { return };
        if let Err(error) = self.files.ledger.forget_operation(operation) {
            // The next start forgets it.
            tracing::warn!(%operation, error = in_full(&error), "a plan that was given up stays for now");
        }
    }

    fn flush(&mut self, is_last: bool) -> Result<(), WishError> {
        match self.operation {
            None => self.begin(is_last).map(drop),
            Some(operation) => {
                let (steps, items) = self.take();
                self.files.ledger.add_steps(operation, items, steps, is_last)?;
                Ok(())
            }
        }
    }

    fn begin(&mut self, is_whole: bool) -> Result<Seq, WishError> {
        let (steps, items) = self.take();
        // So that nobody takes it for one that was left behind before its run knows its number.
        let _numbering = self.files.numbering.read();
        let operation = self.files.ledger.begin_operation(self.run.kind(), items, steps, is_whole)?;
        self.run.set_number(operation);
        self.operation = Some(operation);
        Ok(operation)
    }

    fn take(&mut self) -> (Vec<Step>, u32) {
        (std::mem::take(&mut self.steps), std::mem::take(&mut self.items))
    }
}

/// How many of the things that were asked for an item is: a file with its sidecar is one, files that
/// share a sidecar are as many as they are, folders that are made or removed along the way are none.
pub(super) fn weight(kind: OperationKind, steps: &[Step]) -> u32 {
    let is_file = |act| matches!(act, Act::MoveFile | Act::CopyFile | Act::RemoveFile);
    let is_asked_for = match kind {
        OperationKind::MakeFolder => true,
        OperationKind::Delete | OperationKind::DeleteForGood => {
            steps.iter().any(|step| step.act != Act::MakeFolder)
        }
        OperationKind::Copy
        | OperationKind::Move
        | OperationKind::Rename
        | OperationKind::Flatten
        | OperationKind::Organize
        | OperationKind::Undo { .. } => {
            steps.iter().any(|step| is_file(step.act) || step.act == Act::MoveFolder)
        }
    };
    let media = steps.iter().filter(|step| is_file(step.act));
    let media = media.filter(|step| MediaKind::of_name(name_of(&step.from)).is_some()).count();
    if is_asked_for { u32::try_from(media.max(1)).unwrap_or(u32::MAX) } else { 0 }
}
