//! The command line of the offline tools. Exit codes: 0 done, 1 failed, 2 asked wrongly, 130
//! interrupted.

use std::io::{IsTerminal, Write, stderr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lumidex_index_tools::synth::{Dialect, Library};

/// Offline tools for lumidex.
#[derive(Parser)]
#[command(name = "index-tools", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a synthetic library of small valid images, as generators leave them
    ///
    /// The same seed and number give the same files to the byte, on every machine. Files that are
    /// there already are left alone, so an interrupted run can be repeated.
    #[command(after_help = "Examples:
  index-tools synth /tmp/library --images 20000
  index-tools synth /tmp/library --images 500 --seed 7 --dialects comfy-ui-png,sidecar")]
    Synth {
        /// Folder to write into; created if need be
        dir: PathBuf,
        /// How many images
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        images: u32,
        /// Another seed gives another library
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Only these kinds of files
        #[arg(long, value_delimiter = ',')]
        dialects: Vec<Dialect>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Synth { dir, images, seed, dialects } => {
            synth(&dir, &Library::new(seed, images).with_dialects(&dialects))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do about a closed terminal.
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the library on all processors, each writing a stretch of its own.
fn synth(dir: &std::path::Path, library: &Library) -> anyhow::Result<()> {
    let bar = bar("writing", u64::from(library.len()));
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u32).min(8);
    let stretch = library.len().div_ceil(threads);
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..threads)
            .map(|nth| {
                let (bar, done) = (&bar, &done);
                scope.spawn(move || {
                    let first = (nth * stretch).min(library.len());
                    let reported = std::cell::Cell::new(0);
                    library.write_to(dir, first..(first + stretch).min(library.len()), &|images| {
                        let step = images - reported.replace(images);
                        bar.set_position(done.fetch_add(step, Ordering::Relaxed) + step);
                    })
                })
            })
            .collect();
        for writer in writers {
            writer.join().map_err(|_| anyhow::anyhow!("a writer panicked"))??;
        }
        anyhow::Ok(())
    })?;
    bar.finish_and_clear();
    let _ = writeln!(stderr(), "wrote {} images to {}", library.len(), dir.display());
    Ok(())
}

/// A bar on a terminal, nothing elsewhere.
fn bar(verb: &'static str, len: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(len), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_message(verb);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
