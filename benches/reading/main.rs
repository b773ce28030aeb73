//! Measures reading files and nothing else: how many a second on two threads beside what the system needs to
//! open and read them, how long the slowest take by who wrote them, and what looking for texts hidden in pixels
//! costs, for a file and for a whole scan. Prints tables.
//!
//! `cargo bench --bench reading -- [--files 200000] [--rounds 5] [--scan 5000] [folder for the files]`

mod files;
mod scan;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lumidex::intake::Alone;
use lumidex::metadata::{Bytes, Hidden, Options, read_with};

const THREADS: usize = 2;

/// What was asked for on the command line.
struct Asked {
    n_files: u32,
    n_rounds: usize,
    n_scanned: u32,
    top: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let asked = asked()?;
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    throughput(&asked)?;
    latencies(&asked)?;
    probes(&asked)?;
    scan::compare(&asked.top, asked.n_scanned, asked.n_rounds)?;
    println!("load after: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    Ok(())
}

fn asked() -> anyhow::Result<Asked> {
    let mut asked = Asked { n_files: 200_000, n_rounds: 5, n_scanned: 5_000, top: std::env::temp_dir() };
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().unwrap_or_default().parse::<u32>();
        match argument.as_str() {
            "--files" => asked.n_files = number()?,
            "--rounds" => asked.n_rounds = usize::try_from(number()?)?,
            "--scan" => asked.n_scanned = number()?,
            _ => asked.top = argument.into(),
        }
    }
    Ok(asked)
}

/// PNG files of every writer, opened, read and parsed, beside the same opened and read only, in turns.
fn throughput(asked: &Asked) -> anyhow::Result<()> {
    let paths = files::pngs(&asked.top, asked.n_files)?;
    let bare = |path: &Path| -> anyhow::Result<()> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let mut head = vec![0; usize::try_from(len)?.min(64 << 10)];
        file.read_exact_at(&mut head, 0)?;
        Ok(())
    };
    let ours = |path: &Path| -> anyhow::Result<()> {
        let reading = Alone::open(path)?.reading()?;
        anyhow::ensure!(reading.recipe.is_some(), "`{}` says how it was made", path.display());
        Ok(())
    };
    let (mut bares, mut reads) = (Vec::new(), Vec::new());
    // Once to warm the cache.
    on_threads(&paths, &bare)?;
    for _ in 0..asked.n_rounds {
        bares.push(on_threads(&paths, &bare)?);
        reads.push(on_threads(&paths, &ours)?);
    }
    let both = |rounds: Vec<(Duration, Duration)>| {
        let (mut walls, mut busy): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
        (median(&mut walls), median(&mut busy))
    };
    let (bare, ours) = (both(bares), both(reads));
    let rate = |time: Duration| paths.len() as f64 / time.as_secs_f64();
    println!(
        "\n| {} PNG files, {THREADS} threads, warm, median of {} | files/s | files/s of processor time |",
        paths.len(),
        asked.n_rounds
    );
    println!("|---|---|---|");
    for (what, took) in
        [("opened, looked at and read, nothing else", bare), ("opened, read and parsed", ours)]
    {
        println!("| {what} | {:.0} | {:.0} |", rate(took.0), rate(took.1 / THREADS as u32));
    }
    let ratio = |of: fn((Duration, Duration)) -> Duration| of(ours).as_secs_f64() / of(bare).as_secs_f64();
    println!(
        "| time of ours to time of the bare | {:.2} | {:.2} |",
        ratio(|took| took.0),
        ratio(|took| took.1)
    );
    Ok(())
}

/// How long it took, and how long the threads had a processor, together.
fn on_threads(
    paths: &[PathBuf],
    read: &(dyn Fn(&Path) -> anyhow::Result<()> + Sync),
) -> anyhow::Result<(Duration, Duration)> {
    let (next, busy) = (AtomicUsize::new(0), AtomicU64::new(0));
    let started = Instant::now();
    std::thread::scope(|scope| {
        let work = || -> anyhow::Result<()> {
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                read(path)?;
            }
            busy.fetch_add(processor_time()?, Ordering::Relaxed);
            Ok(())
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })?;
    Ok((started.elapsed(), Duration::from_nanos(busy.into_inner())))
}

/// Nanoseconds for which this thread had a processor: what others do on the machine is no part of it.
fn processor_time() -> anyhow::Result<u64> {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(said.split(' ').next().unwrap_or_default().parse()?)
}

/// How long one file takes, by who wrote it; one thread.
fn latencies(asked: &Asked) -> anyhow::Result<()> {
    println!("\n| one file opened, read and parsed, by writer | files | p50, us | p99, us | longest, us |");
    println!("|---|---|---|---|---|");
    for (name, paths) in files::by_writer(&asked.top)? {
        // Of each file the median, so that what else the machine does is no part of it.
        let mut rounds = vec![Vec::with_capacity(asked.n_rounds); paths.len()];
        for round in 0..=asked.n_rounds {
            for (path, times) in paths.iter().zip(&mut rounds) {
                let started = Instant::now();
                let reading = Alone::open(path)?.with_sidecars(path).reading()?;
                let took = started.elapsed();
                std::hint::black_box(reading);
                if round > 0 {
                    times.push(took);
                }
            }
        }
        let mut times: Vec<Duration> = rounds.iter_mut().map(|times| median(times)).collect();
        times.sort_unstable();
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let at = |part: usize| us(times[(times.len() - 1) * part / 100]);
        println!("| {name} | {} | {:.0} | {:.0} | {:.0} |", paths.len(), at(50), at(99), at(100));
    }
    Ok(())
}

/// What one picture without any text costs, from memory, by where hidden texts are looked for.
fn probes(asked: &Asked) -> anyhow::Result<()> {
    println!("\n| one picture without a text, in memory | not looked for, us | looked for, us |");
    println!("|---|---|---|");
    for (name, pictures) in files::textless()? {
        let each = |hidden: Hidden| -> anyhow::Result<Duration> {
            let mut times = Vec::new();
            for _ in 0..asked.n_rounds.max(3) {
                for picture in &pictures {
                    let started = Instant::now();
                    let reading = read_with(&Bytes(picture), b"a", &[], &Options { hidden })?;
                    times.push(started.elapsed());
                    anyhow::ensure!(reading.recipe.is_none() && reading.pixel_width > 0);
                }
            }
            Ok(median(&mut times))
        };
        let (without, with) = (each(Hidden::Never)?, each(Hidden::Always)?);
        println!("| {name} | {:.1} | {:.1} |", without.as_secs_f64() * 1e6, with.as_secs_f64() * 1e6);
    }
    Ok(())
}

fn median<T: Ord + Copy>(times: &mut [T]) -> T {
    times.sort_unstable();
    times[times.len() / 2]
}
