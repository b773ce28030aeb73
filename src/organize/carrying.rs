//! Carrying out what a person agreed to, as one operation on files.

use super::ask::OrganizeAsk;
use super::desk::Desk;
use super::destination::{existing, folder_of};
use super::job::{Mapping, OrganizeJob, Status};
use super::mapping::chosen;
use super::outcome::{Expected, name_of, operation_after, outcome_of};
use crate::files::{Wish, WishError};
use crate::ledger::ReadError;
use crate::topics::Posted;
use lumidex_schema::path::absolute;
use lumidex_schema::record::Presence;
use std::sync::Arc;

/// Why files were not moved.
pub(super) enum Attempt {
    /// For the moment.
    Again(String),
    /// For good.
    Final(String),
}

impl From<WishError> for Attempt {
    fn from(error: WishError) -> Self {
        match error {
            WishError::Busy(_) | WishError::Ledger(_) => Self::Again(error.to_string()),
            WishError::Refused(why) | WishError::Unknown(why) | WishError::Forbidden(why) => Self::Final(why),
        }
    }
}

impl From<ReadError> for Attempt {
    fn from(error: ReadError) -> Self {
        Self::Again(format!("the ledger cannot be read: {error}"))
    }
}

/// Files of each folder as one wish.
pub(super) fn wish(ask: &OrganizeAsk, folders: &[Vec<Expected>]) -> Wish {
    let folder = |files: &Vec<Expected>| {
        let into = folder_of(&files.first()?.to).to_vec();
        Some((into, files.iter().map(|file| file.from.clone()).collect()))
    };
    Wish::Organize { folders: folders.iter().filter_map(folder).collect(), placing: ask.placing }
}

impl Desk {
    /// Moves or copies the files of a job, or finds out what was done before the program ended.
    pub(super) fn attempt(&self, id: &str) -> Result<(), Attempt> {
        let Some(Posted { job, .. }) = self.board.get(id) else { return Ok(()) };
        let done = match job.began {
            Some(began) => {
                self.parts.files.recover()?;
                operation_after(&self.parts.ledger.reader()?, began)?
            }
            None => None,
        };
        let folders = self.folders_now(&job)?;
        let expected: Vec<Expected> = folders.iter().flatten().cloned().collect();
        let outcome = match done {
            Some(operation) => {
                let reader = self.parts.ledger.reader()?;
                (self.parts.settle)(reader.head()?);
                outcome_of(&reader, Some(operation), &expected, &[])?
            }
            None => {
                let began = self.parts.ledger.reader()?.head()?;
                self.board.change(id, |job| {
                    (job.began, job.total) = (Some(began), expected.len() as u64);
                });
                // Before anything is touched: so a restart knows which operation is this one's.
                self.board.keep(id);
                let report = self.parts.files.perform(&wish(&job.ask, &folders))?;
                (self.parts.settle)(report.head);
                outcome_of(&self.parts.ledger.reader()?, report.operation, &expected, &report.errors)?
            }
        };
        self.board.change(id, |job| {
            job.status = Status::Done;
            job.outcome = Some(Arc::new(outcome));
        });
        self.board.keep(id);
        Ok(())
    }

    /// Files by folder, where they are now; what lies in its folder already is left out.
    fn folders_now(&self, job: &OrganizeJob) -> Result<Vec<Vec<Expected>>, Attempt> {
        let (Some(preview), Some(choice)) = (&job.preview, &job.choice) else { return Ok(Vec::new()) };
        let mappings: Vec<&Mapping> = preview.mappings().collect();
        let mut folders = Vec::new();
        let reader = self.parts.ledger.reader()?;
        for (folder, numbers) in chosen(&job.ask, preview, choice, &existing(&self.parts.files, &job.ask)) {
            let into = absolute(&job.ask.into, folder.as_bytes(), b"");
            let mut files = Vec::with_capacity(numbers.len());
            for number in numbers {
                let Some(mapping) = mappings.get(number) else { continue };
                let image = reader.image(mapping.image())?;
                let from = match image.filter(|image| image.presence == Presence::Present) {
                    Some(image) => reader.path_of(&image)?,
                    None => mapping.from.clone(),
                };
                if folder_of(&from) != into {
                    let to = absolute(&into, b"", name_of(&from));
                    files.push(Expected { image: mapping.image(), from, to });
                }
            }
            folders.push(files);
        }
        Ok(folders)
    }
}
