//! A whole first scan (walk, read, ledger, indexes until everything is found) with and without looking for
//! texts hidden in pixels, in turns over the same files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image::ImageFormat;
use lumidex::intake::IntakeSettings;
use lumidex::library::{Library, LibraryOptions};
use lumidex::metadata::Hidden;
use lumidex::sys::paths;
use lumidex_index_tools::synth::Dialect;
use lumidex_schema::record::PathType;

use crate::files;

/// Prints a line for each kind of library.
pub(crate) fn compare(top: &Path, n: u32, n_rounds: usize) -> anyhow::Result<()> {
    println!(
        "\n| a first scan, processor time, median of {n_rounds}, in turns | files | not looked for, ms | looked for, ms | ratio of the pairs | ratio by the clock |"
    );
    println!("|---|---|---|---|---|---|");
    let mixed = library(top, "mixed", n, &Dialect::COMMON)?;
    let plain = library(top, "plain", n, &[Dialect::Plain])?;
    let n_large = n / 10;
    let large = pictures(top, ImageFormat::Png, n_large)?;
    let webp = pictures(top, ImageFormat::WebP, n_large)?;
    for (name, folder, n, hidden) in [
        ("every writer, small files", mixed, n, Hidden::Cheap),
        ("small PNG files without a text", plain, n, Hidden::Cheap),
        ("PNG files without a text, 512 by 512", large, n_large, Hidden::Cheap),
        ("lossless WebP files without a text, 512 by 512", webp, n_large, Hidden::Always),
    ] {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        let (mut busy_ratios, mut clock_ratios) = (Vec::new(), Vec::new());
        scan(&folder, hidden)?;
        for round in 0..n_rounds {
            // Whoever comes first in a pair must not always be the same.
            let (one, other) = if round % 2 == 0 { (Hidden::Never, hidden) } else { (hidden, Hidden::Never) };
            let times = (scan(&folder, one)?, scan(&folder, other)?);
            let (never, looked) = if round % 2 == 0 { times } else { (times.1, times.0) };
            let thousandths =
                |looked: Duration, never: Duration| looked.as_micros() * 1_000 / never.as_micros().max(1);
            clock_ratios.push(thousandths(looked.0, never.0));
            busy_ratios.push(thousandths(looked.1, never.1));
            without.push(never.1);
            with.push(looked.1);
        }
        println!(
            "| {name} | {n} | {} | {} | {:.3} | {:.3} |",
            crate::median(&mut without).as_millis(),
            crate::median(&mut with).as_millis(),
            crate::median(&mut busy_ratios) as f64 / 1_000.0,
            crate::median(&mut clock_ratios) as f64 / 1_000.0
        );
    }
    Ok(())
}

fn library(top: &Path, name: &str, n: u32, dialects: &[Dialect]) -> anyhow::Result<PathBuf> {
    files::written(top, name, n, dialects)?;
    Ok(top.join(format!("lumidex-reading-{name}-{n}")))
}

fn pictures(top: &Path, format: ImageFormat, n: u32) -> anyhow::Result<PathBuf> {
    let ending = format.extensions_str().first().copied().unwrap_or("x");
    let folder = top.join(format!("lumidex-reading-textless-{ending}-{n}"));
    fs::create_dir_all(&folder)?;
    for number in 0..n {
        let path = folder.join(format!("{number}.{ending}"));
        if !path.exists() {
            fs::write(path, files::encoded(&files::picture(512, number), format)?)?;
        }
    }
    Ok(folder)
}

/// How long it takes until everything in the folder is found, by the clock and in processor time.
fn scan(folder: &Path, hidden: Hidden) -> anyhow::Result<(Duration, Duration)> {
    let data = tempfile::tempdir()?;
    let intake = IntakeSettings { hidden, ..IntakeSettings::default() };
    let library = Library::open(&LibraryOptions {
        data_dir: data.path().to_owned(),
        intake,
        watch: None,
        granted: None,
    })?;
    library.add_extra_path(&paths::to_bytes(folder), &[PathType::Scanned])?;
    let (started, busy) = (Instant::now(), processor_time()?);
    library.update()?;
    let took = (started.elapsed(), processor_time()?.saturating_sub(busy));
    anyhow::ensure!(library.query().n_images()? > 0, "something was found");
    Ok(took)
}

/// What all threads of the program took so far, to a hundredth of a second.
fn processor_time() -> anyhow::Result<Duration> {
    let said = fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold anything: the fourteenth and fifteenth fields.
    let fields = said.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: Result<Vec<u64>, _> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect();
    Ok(Duration::from_millis(ticks?.iter().sum::<u64>() * 10))
}
