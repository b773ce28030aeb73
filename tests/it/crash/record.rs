//! What was proven so far: a line for each world, in a file that a later run goes on with.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::fs;
use std::io::Write as _;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::time::Duration;

const NAME: &str = "crash.tsv";
const HEAD: &str = "seed\tcycles\tacknowledged\tunanswered\tof these done\trefused\tfile changes\tsearches\trebuilds\tseconds";

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

/// The file, if there is one, and the worlds in it.
pub(super) struct Record {
    path: Option<PathBuf>,
    worlds: BTreeMap<u64, Totals>,
}

impl Record {
    /// Of a folder, which is made if need be; without one nothing is kept.
    pub(super) fn open(folder: Option<&Path>) -> Self {
        let Some(folder) = folder else { return Self { path: None, worlds: BTreeMap::new() } };
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(NAME);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let worlds = text.lines().skip(1).filter_map(read).collect();
        if text.is_empty() {
            fs::write(&path, format!("{HEAD}\n")).unwrap();
        } else if !text.ends_with('\n') {
            // Cut off in the middle of a line.
            fs::write(&path, format!("{text}\n")).unwrap();
        }
        Self { path: Some(path), worlds }
    }

    pub(super) fn has(&self, seed: u64) -> bool {
        self.worlds.contains_key(&seed)
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.worlds.values().for_each(|world| totals += *world);
        totals
    }

    /// A world came to its end without a failure.
    pub(super) fn add(&mut self, seed: u64, world: Totals, took: Duration) {
        self.worlds.insert(seed, world);
        if let Some(path) = &self.path {
            let line = world.numbers().map(|number| number.to_string()).join("\t");
            let mut file = fs::File::options().append(true).open(path).unwrap();
            writeln!(file, "{seed}\t{line}\t{:.1}", took.as_secs_f64()).unwrap();
        }
    }
}

/// A line; one that was cut off counts for nothing.
fn read(line: &str) -> Option<(u64, Totals)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [seed, numbers @ .., _seconds] = fields.as_slice() else { return None };
    let numbers: Vec<u64> = numbers.iter().map_while(|number| number.parse().ok()).collect();
    let &[cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds] =
        numbers.as_slice()
    else {
        return None;
    };
    let totals = Totals { cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds };
    Some((seed.parse().ok()?, totals))
}

impl Totals {
    fn numbers(self) -> [u64; 8] {
        let Self { cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds } = self;
        [cycles, acknowledged, unanswered, done, refused, file_changes, searches, rebuilds]
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

#[test]
fn a_record_is_gone_on_with_and_a_cut_line_counts_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("proofs");
    let world = Totals { cycles: 25, acknowledged: 400, rebuilds: 5, ..Totals::default() };
    let mut record = Record::open(Some(&folder));
    record.add(1, world, Duration::from_secs(3));
    record.add(4, world, Duration::from_secs(3));
    let path = folder.join(NAME);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}5\t25\t40")).unwrap();
    let mut record = Record::open(Some(&folder));
    record.add(6, world, Duration::from_secs(3));
    let record = Record::open(Some(&folder));
    assert!(record.has(6) && record.has(1) && record.has(4) && !record.has(5));
    assert_eq!(record.totals().numbers(), [75, 1200, 0, 0, 0, 0, 0, 15]);
}
