//! What the kills came to.

use std::fmt::{Display, Formatter};
use std::ops::AddAssign;

/// As a record names them.
pub(super) const COLUMNS: [&str; 13] = [
    "cycles",
    "acknowledged",
    "unanswered",
    "of these done",
    "refused",
    "file changes",
    "searches",
    "rebuilds",
    "operations",
    "undone",
    "operations refused",
    "operations unanswered",
    "of these finished",
];

/// Sums over worlds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) cycles: u64,
    pub(super) acknowledged: u64,
    /// Edits that were under way when the server was killed.
    pub(super) unanswered: u64,
    /// Those of them that turned out to be done.
    pub(super) done: u64,
    /// Edits refused because their file had moved on.
    pub(super) refused: u64,
    pub(super) file_changes: u64,
    pub(super) searches: u64,
    pub(super) rebuilds: u64,
    /// Operations on files that were acknowledged.
    pub(super) operations: u64,
    /// Those of them that took back another.
    pub(super) undone: u64,
    /// Operations that could not be taken back, as the world had changed.
    pub(super) operations_refused: u64,
    /// Operations that were under way when the server was killed.
    pub(super) operations_unanswered: u64,
    /// Those of them that were found done; all others were found not begun.
    pub(super) operations_done: u64,
}

impl Totals {
    pub(super) fn numbers(self) -> [u64; 13] {
        let mut totals = self;
        totals.each().map(|number| *number)
    }

    /// In the order of their columns.
    fn each(&mut self) -> [&mut u64; 13] {
        [
            &mut self.cycles,
            &mut self.acknowledged,
            &mut self.unanswered,
            &mut self.done,
            &mut self.refused,
            &mut self.file_changes,
            &mut self.searches,
            &mut self.rebuilds,
            &mut self.operations,
            &mut self.undone,
            &mut self.operations_refused,
            &mut self.operations_unanswered,
            &mut self.operations_done,
        ]
    }
}

impl From<[u64; 13]> for Totals {
    fn from(numbers: [u64; 13]) -> Self {
        let mut totals = Self::default();
        totals.each().into_iter().zip(numbers).for_each(|(total, number)| *total = number);
        totals
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.each().into_iter().zip(other.numbers()).for_each(|(total, number)| *total += number);
    }
}

impl Display for Totals {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { cycles, acknowledged, unanswered, done, refused, .. } = self;
        let Self { file_changes, searches, rebuilds, operations, undone, .. } = self;
        let Self { operations_refused, operations_unanswered, operations_done, .. } = self;
        write!(
            f,
            "{cycles} kills, {acknowledged} edits acknowledged, {unanswered} unanswered ({done} done), {refused} refused, \
             {file_changes} changes of files, {searches} searches, {rebuilds} comparisons with a rebuild, \
             {operations} operations on files ({undone} of them undoing), {operations_refused} refused, \
             {operations_unanswered} unanswered ({operations_done} finished)"
        )
    }
}
