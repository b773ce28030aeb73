//! Measures intake with a ledger and nothing behind it: the first walk of a synthetic library, and
//! an unchanged one beside a bare parallel stat walk of the same folders in the same run.
//!
//! `cargo bench --bench intake -- [number of images] [folder for the library]`

#[path = "figures/stat_walk.rs"]
mod stat_walk;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lumidex::intake::{Intake, IntakeSettings};
use lumidex::ledger::Ledger;
use lumidex::sys::{Stop, paths};
use lumidex_index_tools::synth::Library;
use lumidex_schema::record::PathType;
use stat_walk::stat_walk;

const ROUNDS: usize = 9;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let n_images = arguments.next().map_or(Ok(20_000), |n| n.parse())?;
    let top = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = top.join(format!("lumidex-synth-42-{n_images}"));
    if !folder.with_extension("complete").exists() {
        Library::new(42, n_images).write_to(&folder, 0..n_images, &|_| {})?;
        std::fs::write(folder.with_extension("complete"), [])?;
    }
    // Twice, so that the first walk of ours meets a warm cache.
    let (n_files, _) = stat_walk(&folder);
    println!("{n_files} files in `{}`", folder.display());

    let data = tempfile::tempdir()?;
    let ledger = Ledger::open(&data.path().join("ledger.redb"))?;
    ledger.add_extra_path(&paths::to_bytes(&folder), &[PathType::Scanned])?;
    let intake = Intake::start(ledger, IntakeSettings::default(), None, &Stop::never())?;
    let started = Instant::now();
    let first = intake.update()?;
    let took = started.elapsed();
    let rate = first.progress.read as f64 / took.as_secs_f64();
    println!("first walk, read and durable: {} ms, {rate:.0} files/s, {first:?}", took.as_millis());

    anyhow::ensure!(first.progress.missing == 0, "nothing went away");

    let (mut walks, mut rescans) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        walks.push(stat_walk(&folder).1);
        let started = Instant::now();
        let again = intake.update()?;
        rescans.push(started.elapsed());
        anyhow::ensure!(again.progress.to_read == 0, "nothing changed");
    }
    let (walk, rescan) = (median(&mut walks), median(&mut rescans));
    println!(
        "median of {ROUNDS}: bare stat walk {} ms, unchanged rescan {} ms, ratio {:.2}",
        walk.as_millis(),
        rescan.as_millis(),
        rescan.as_secs_f64() / walk.as_secs_f64()
    );
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
