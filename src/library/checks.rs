//! Looking at an open library while it is used: whether everything is as it should be, and how much there is.

use super::Library;
use crate::ledger::verify::{self, Finding, Findings, Mend};
use crate::ledger::{ReadError, Stats, stats};
use crate::limits;
use crate::projection::verify::{LookError, Looking, Unjudged};
use crate::projection::{Follower, tags, text, vectors};
use crate::sys::Stop;
use lumidex_schema::id::Seq;
use lumidex_schema::layout;

impl Library {
    /// Looks through the ledger and everything in use that is derived from it. What changes meanwhile is left out.
    ///
    /// # Errors
    /// [`LookError`].
    pub fn verify(&self, stop: &Stop) -> Result<Findings, LookError> {
        let reader = self.reader()?;
        let head = reader.head()?;
        let progress = &mut |_: u64, _: u64| {};
        let mut findings = verify::verify(&reader, stop, progress).map_err(|error| match error {
            verify::VerifyError::Read(error) => LookError::Ledger(error),
            verify::VerifyError::Stopped => LookError::Stopped,
        })?;
        let changed = |after: Seq| move || Unjudged::since(&self.ledger.reader()?, after);
        if self.follows(&self.tags, layout::TAGS, head, &mut findings) {
            let mut looking = Looking::new(&reader, stop, progress, &mut findings);
            tags::verify(&self.engine.sources().tags, &mut looking, changed(head))?;
        }
        if self.follows(&self.text, layout::TEXT, head, &mut findings) {
            // Folders and tags are looked up in what is durable of the index.
            let durable = self.text.state().durable().min(head);
            let mut looking = Looking::new(&reader, stop, progress, &mut findings);
            text::verify(&self.engine.sources().text.snapshot(), &mut looking, changed(durable))?;
        }
        if self.follows(&self.vectors, layout::VECTORS, head, &mut findings) {
            let mut looking = Looking::new(&reader, stop, progress, &mut findings);
            vectors::verify(&self.vectors_reader, &mut looking, changed(head))?;
        }
        match self.paid.verify() {
            Ok(found) => findings.add_all(found),
            Err(error) => {
                let words = ("a file that can be read", error.to_string());
                findings.add(Finding::new(layout::PAID, "file-sound", "the file", words, Mend::Restore));
            }
        }
        Ok(findings)
    }

    /// Counts what the ledger holds; `None` when told to stop.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stats(&self, stop: &Stop) -> Result<Option<Stats>, ReadError> {
        stats(&self.reader()?, stop, &mut |_, _| {})
    }

    /// Whether a projection has come as far as the ledger that is looked at; one that stands still is told of.
    fn follows(&self, follower: &Follower, place: &'static str, head: Seq, findings: &mut Findings) -> bool {
        let is_there = follower.state().wait_visible(head, limits::VISIBLE_WAIT);
        if !is_there && let Some(why) = follower.state().failure() {
            let words = (format!("everything up to {head}"), why);
            findings.add(Finding::new(place, "follows", "the whole", words, Mend::Nothing));
        }
        is_there
    }
}
