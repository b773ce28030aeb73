//! The one thread that changes the ledger.
//!
//! Everything queued while a commit runs goes into the next one (group commit). Walks hand in
//! large batches; one is closed early when a decision waits, so that a person never waits for
//! more than a slice of it. Only this file begins a write transaction on an open ledger.

use super::ReadError;
use super::decide::{self, DecideError, Failure, Outcome};
use super::intern::Interned;
use super::observe::{self, Observation};
use super::store::Store;
use super::sweep::{self, Sweepable, Swept};
use super::txn::Tables;
use crate::limits;
use crate::sys::Bell;
use crossbeam_channel::{Receiver, Sender, select_biased};
use lumidex_schema::id::{ImageId, Seq, Timestamp};
use redb::{Database, WriteTransaction};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The ledger could not be written; nothing of the batch was kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// The storage engine failed.
    #[error("the ledger could not be written")]
    Store(#[source] Arc<ReadError>),
    /// The ledger is being closed.
    #[error("the ledger is closed")]
    Closed,
}

impl WriteError {
    /// The disk has no room left.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_disk_full())
    }
}

/// A batch of observations and where to say that it is durable.
pub(super) struct Report {
    pub(super) observations: Vec<Observation>,
    pub(super) answer: Sender<Result<Seq, WriteError>>,
}

/// A decision and where to say that it is durable.
pub(super) struct Ask {
    pub(super) request: decide::Request,
    pub(super) answer: Sender<Result<(Seq, Outcome), DecideError>>,
}

/// Images that are due for a sweep and where to say what became of them.
pub(super) struct Sweeping {
    pub(super) which: Sweepable,
    pub(super) seen: Seq,
    pub(super) images: Vec<(ImageId, bool)>,
    pub(super) answer: Sender<Result<Swept, WriteError>>,
}

/// What changes the truth: one thread owns it, nothing can clone it.
pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) reports: Receiver<Report>,
    pub(super) asks: Receiver<Ask>,
    pub(super) sweeps: Receiver<Sweeping>,
    /// Says that a reader found the disk to have failed.
    pub(super) woken: Receiver<()>,
    pub(super) head: Bell,
    pub(super) interned: Interned,
}

impl Writer {
    /// Until every handle of the ledger is gone.
    pub(super) fn run(mut self) {
        loop {
            select_biased! {
                recv(self.asks) -> ask => match ask {
                    Ok(ask) => self.decide(ask),
                    Err(_) => break,
                },
                recv(self.reports) -> report => match report {
                    Ok(report) => self.observe(report),
                    Err(_) => break,
                },
                recv(self.sweeps) -> sweeping => match sweeping {
                    Ok(sweeping) => self.sweep(&sweeping),
                    Err(_) => break,
                },
                recv(self.woken) -> _ => self.mend(),
                default(self.patience()) => self.mend(),
            }
        }
        // Handles are gone together; whatever was queued before is still done.
        while let Ok(report) = self.reports.try_recv() {
            self.observe(report);
        }
    }

    /// Tries to make the ledger writable again, when it is not.
    fn mend(&mut self) {
        if let Err(error) = self.store.mend() {
            tracing::debug!(error = &error as &dyn std::error::Error, "the ledger still cannot be written");
        }
    }

    /// How long to wait for work before looking after the store.
    fn patience(&self) -> Duration {
        if self.store.is_settled() { Duration::MAX } else { limits::LEDGER_MEND_EVERY }
    }

    /// One transaction for this decision and all that wait behind it.
    fn decide(&mut self, first: Ask) {
        let mut answers = Vec::new();
        let mut next = Some(first);
        let committed = self.transact(|tables, interned, waiting| {
            while let Some(Ask { request, answer }) = next.take() {
                let decided = match decide::apply(tables, interned, request, now()) {
                    Ok(outcome) => Ok(outcome),
                    Err(Failure::Refused(refusal)) => Err(refusal),
                    Err(Failure::Store(error)) => {
                        answers.push((answer, Err(DecideError::Write(WriteError::Closed))));
                        return Err(error);
                    }
                };
                answers.push((answer, decided));
                if answers.len() < limits::GROUP_COMMIT_ENTRIES_MAX {
                    next = waiting.try_recv().ok();
                }
            }
            Ok(())
        });
        // The store may have refused before the first was looked at.
        answers.extend(next.map(|ask| (ask.answer, Err(DecideError::Write(WriteError::Closed)))));
        for (answer, decided) in answers {
            let said = match &committed {
                Ok(_) => decided,
                Err(error) => Err(DecideError::Write(error.clone())),
            };
            // Whoever asked may have given up; the decision stands all the same.
            drop(answer.send(said));
        }
    }

    /// As many transactions as waiting decisions ask for; the answer comes after the last.
    fn observe(&mut self, report: Report) {
        let Report { observations, answer } = report;
        let mut rest = observations;
        let mut said = Ok(Seq(self.head.last()));
        while !rest.is_empty() && said.is_ok() {
            let slices = &mut rest;
            said = self.transact(|tables, interned, waiting| {
                while !slices.is_empty() {
                    let later = slices.split_off(slices.len().min(limits::OBSERVATION_SLICE));
                    observe::apply(tables, interned, std::mem::replace(slices, later))?;
                    if !waiting.is_empty() {
                        break;
                    }
                }
                Ok(())
            });
            if let Ok(ask) = self.asks.try_recv() {
                self.decide(ask);
            }
        }
        drop(answer.send(said));
    }

    /// As many transactions as waiting decisions ask for; the answer comes after the last.
    fn sweep(&mut self, sweeping: &Sweeping) {
        let Sweeping { which, seen, images, answer } = sweeping;
        let mut rest = images.as_slice();
        let mut said = Ok(Swept::default());
        while !rest.is_empty()
            && let Ok(before) = said
        {
            let (slices, mut swept) = (&mut rest, before);
            let done = &mut swept;
            let written = self.transact(|tables, interned, waiting| {
                while !slices.is_empty() {
                    let (slice, later) = slices.split_at(slices.len().min(limits::OBSERVATION_SLICE));
                    *slices = later;
                    *done += sweep::apply(tables, interned, *which, *seen, slice)?;
                    if !waiting.is_empty() {
                        break;
                    }
                }
                Ok(())
            });
            said = written.map(|_| swept);
            if let Ok(ask) = self.asks.try_recv() {
                self.decide(ask);
            }
        }
        drop(answer.send(said));
    }

    /// Runs `change` in one transaction and makes it durable; nothing of it is kept on failure.
    fn transact(
        &mut self,
        change: impl FnOnce(&mut Tables<'_>, &mut Interned, &Receiver<Ask>) -> Result<(), ReadError>,
    ) -> Result<Seq, WriteError> {
        let (interned, asks) = (&mut self.interned, &self.asks);
        let outcome = self.store.write(|txn| {
            let mut tables = Tables::open(txn)?;
            change(&mut tables, interned, asks)?;
            tables.finish()
        });
        match outcome {
            Ok(head) => {
                self.interned.commit();
                self.head.ring(head.0);
                Ok(head)
            }
            Err(error) => {
                self.interned.forget();
                tracing::error!(error = &error as &dyn std::error::Error, "the ledger could not be written");
                Err(WriteError::Store(Arc::new(error)))
            }
        }
    }
}

/// Begins a durable transaction whose file opens quickly even after a kill.
pub(super) fn begin(db: &Database) -> Result<WriteTransaction, ReadError> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(true);
    Ok(txn)
}

/// The time now.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
