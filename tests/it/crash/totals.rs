//! What the kills came to.

use std::fmt::{Display, Formatter};
use std::ops::AddAssign;

/// As a record names them.
pub(super) const COLUMNS: [&str; 8] = [
    "cycles",
    "acknowledged",
    "unanswered",
    "of these done",
    "refused",
    "file changes",
    "searches",
    "rebuilds",
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
}

impl Totals {
    pub(super) fn numbers(self) -> [u64; 8] {
        let Self { cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds } = self;
        [cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds]
    }
}

impl From<[u64; 8]> for Totals {
    fn from(numbers: [u64; 8]) -> Self {
        let [cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds] = numbers;
        Self { cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        let Self { cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds } =
            other;
        self.cycles += cycles;
        self.acknowledged += acknowledged;
        self.unanswered += unanswered;
        self.done += done;
        self.refused += refused;
        self.file_changes += file_changes;
        self.searches += searches;
        self.rebuilds += rebuilds;
    }
}

impl Display for Totals {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds } = self;
        write!(
            f,
            "{cycles} kills, {acknowledged} edits acknowledged, {unanswered} unanswered ({done} done), {refused} refused, \
             {file_changes} changes of files, {searches} searches, {rebuilds} comparisons with a rebuild"
        )
    }
}
