//! What a long proof has shown so far: a line for each seed, in a file that a later run goes on with.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// `LUMIDEX_PROOF_DIR` names the folder of records; without it nothing is kept.
const FOLDER: &str = "LUMIDEX_PROOF_DIR";

/// The file, if there is one, and the seeds in it with their numbers.
pub struct Record<const N: usize> {
    path: Option<PathBuf>,
    seeds: BTreeMap<u64, [u64; N]>,
}

impl<const N: usize> Record<N> {
    /// Of the folder that the environment names, which is made if need be.
    pub fn open(name: &str, columns: [&str; N]) -> Self {
        Self::open_in(std::env::var_os(FOLDER).map(PathBuf::from), name, columns)
    }

    fn open_in(folder: Option<PathBuf>, name: &str, columns: [&str; N]) -> Self {
        let Some(folder) = folder else { return Self { path: None, seeds: BTreeMap::new() } };
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.tsv"));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let seeds = text.lines().skip(1).filter_map(read).collect();
        if text.is_empty() {
            fs::write(&path, format!("seed\t{}\tseconds\n", columns.join("\t"))).unwrap();
        } else if !text.ends_with('\n') {
            // Cut off in the middle of a line.
            fs::write(&path, format!("{text}\n")).unwrap();
        }
        Self { path: Some(path), seeds }
    }

    /// Whether this seed came to its end before.
    pub fn has(&self, seed: u64) -> bool {
        self.seeds.contains_key(&seed)
    }

    /// The numbers of all seeds, added up.
    pub fn totals(&self) -> [u64; N] {
        let mut totals = [0; N];
        for numbers in self.seeds.values() {
            totals.iter_mut().zip(numbers).for_each(|(total, number)| *total += number);
        }
        totals
    }

    /// A seed came to its end without a failure.
    pub fn add(&mut self, seed: u64, numbers: [u64; N], took: Duration) {
        self.seeds.insert(seed, numbers);
        if let Some(path) = &self.path {
            let line = numbers.map(|number| number.to_string()).join("\t");
            let mut file = fs::File::options().append(true).open(path).unwrap();
            writeln!(file, "{seed}\t{line}\t{:.1}", took.as_secs_f64()).unwrap();
        }
    }
}

/// A line; one that was cut off counts for nothing.
fn read<const N: usize>(line: &str) -> Option<(u64, [u64; N])> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [seed, numbers @ .., _seconds] = fields.as_slice() else { return None };
    let numbers: Vec<u64> = numbers.iter().map_while(|number| number.parse().ok()).collect();
    Some((seed.parse().ok()?, numbers.try_into().ok()?))
}

#[test]
fn a_record_is_gone_on_with_and_a_cut_line_counts_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Record::open_in(Some(dir.path().join("proofs")), "some", ["cycles", "edits", "rebuilds"]);
    let mut record = open();
    record.add(1, [25, 400, 5], Duration::from_secs(3));
    record.add(4, [25, 400, 5], Duration::from_secs(3));
    let path = dir.path().join("proofs/some.tsv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}5\t25\t40")).unwrap();
    let mut record = open();
    record.add(6, [25, 400, 5], Duration::from_secs(3));
    let record = open();
    assert!(record.has(6) && record.has(1) && record.has(4) && !record.has(5));
    assert_eq!(record.totals(), [75, 1200, 15]);
}
