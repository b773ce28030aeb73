//! `index-tools synth`. An interrupt ends it between two images; files that are there are left alone by the next run.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use lumidex::sys::Stop;
use lumidex_index_tools::synth::{Dialect, Dialects, Library};

use crate::signals::Signals;
use crate::terminal::{bar, remark};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder to write into; created if need be
    dir: PathBuf,
    /// How many images
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    images: u32,
    /// Another seed gives another library
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which kinds of files: `common` (the default), `all`, or a list of names
    #[arg(long, value_delimiter = ',', long_help = dialects_help())]
    dialects: Vec<Dialects>,
}

pub(crate) fn run(Args { dir, images, seed, dialects }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let dialects: Vec<Dialect> = dialects.into_iter().flat_map(|named| named.0).collect();
    write(&dir, &Library::new(seed, images).with_dialects(&dialects), &signals.stop)?;
    Ok(ExitCode::SUCCESS)
}

/// Programs stand once, with the kinds of their files.
fn dialects_help() -> String {
    let mut help = "Which kinds of files: `common` (the default, the nine commonest), `all`, or a list of names. A program \
         stands for all of its kinds of files, or with a dot for one of them.\n\nThe commonest:"
        .to_owned();
    let mut program = String::new();
    for name in Dialect::all().into_iter().map(Dialect::name) {
        match name.split_once('.') {
            None => help.push_str(&format!("\n  {name}")),
            Some((own, kind)) if own == program => help.push_str(&format!(" .{kind}")),
            Some((own, kind)) => {
                help.push_str(if program.is_empty() { "\n\nPrograms:\n  " } else { "\n  " });
                help.push_str(&format!("{own} .{kind}"));
                own.clone_into(&mut program);
            }
        }
    }
    help
}

/// Writes the library on all processors, each writing a stretch of its own.
fn write(dir: &Path, library: &Library, stop: &Stop) -> anyhow::Result<()> {
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
                    let stretch = first..(first + stretch).min(library.len());
                    library.write_unless(dir, stretch, &|| stop.is_stopped(), &|images| {
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
    remark(&format!("wrote {} images to {}", library.len(), dir.display()));
    Ok(())
}
