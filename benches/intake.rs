//! Measures intake with a ledger and nothing behind it: the first walk of a synthetic library, and
//! an unchanged one beside a bare parallel stat walk of the same folders in the same run, one after
//! every file was moved, and what a fingerprint costs.
//!
//! `cargo bench --bench intake -- [number of images] [folder for the library]`

#[path = "figures/stat_walk.rs"]
mod stat_walk;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use lumidex::intake::{Alone, Intake, IntakeSettings};
use lumidex::ledger::Ledger;
use lumidex::sys::{Stop, paths};
use lumidex_index_tools::synth::Library;
use lumidex_schema::record::{Fingerprint, PathType};
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
    moved(&folder, &intake, first.progress.read)?;
    fingerprint()
}

/// The library under another name: every file is read, recognised by its content and moved.
fn moved(folder: &Path, intake: &Intake, n_known: u64) -> anyhow::Result<()> {
    let folders: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    let renamed = |path: &Path| {
        path.with_file_name(format!("moved {}", path.file_name().unwrap_or_default().display()))
    };
    for path in &folders {
        std::fs::rename(path, renamed(path))?;
    }
    let started = Instant::now();
    let summary = intake.update();
    let took = started.elapsed();
    for path in &folders {
        std::fs::rename(renamed(path), path)?;
    }
    let read = summary?.progress.read;
    anyhow::ensure!(read == n_known, "every file is read again");
    println!(
        "every folder renamed: {} ms, {:.0} moved files/s",
        took.as_millis(),
        read as f64 / took.as_secs_f64()
    );
    Ok(())
}

/// A picture without any text: what reading it costs is what its fingerprint costs, and a little more.
fn fingerprint() -> anyhow::Result<()> {
    const PICTURES: u32 = 2_000;
    const PIXELS_BYTES: usize = 4 << 20;
    let small = lumidex_index_tools::synth::png(1, None);
    let pixels = small.windows(4).position(|four| four == b"IDAT").context("a PNG has pixels")? - 4;
    let mut large = small[..pixels].to_vec();
    large.extend_from_slice(&u32::try_from(PIXELS_BYTES)?.to_be_bytes());
    large.extend_from_slice(b"IDAT");
    large.extend((0..PIXELS_BYTES + 4).map(|at| (at * 31 % 251) as u8));
    large.extend_from_slice(&small[small.len() - 12..]);
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("large.png");
    std::fs::write(&path, &large)?;
    let started = Instant::now();
    for _ in 0..PICTURES {
        let reading = Alone::open(&path)?.reading()?;
        anyhow::ensure!(reading.fingerprint != Fingerprint::default() && reading.recipe.is_none());
    }
    let each = started.elapsed() / PICTURES;
    println!("a PNG of 4 MiB opened, read and fingerprinted: {:.1} us", each.as_secs_f64() * 1e6);
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
