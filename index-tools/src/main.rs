//! The command line of the tools. Exit codes: 0 done, 1 failed, 2 asked wrongly. An interrupt ends it
//! where it stands, 130 to a shell: an index or a library may then be half written, a backup or a
//! ledger never is. An import ends between two batches.

mod bar;
mod exporting;
mod importing;

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{HumanBytes, HumanCount};
use lumidex::intake::put_rules_to_all;
use lumidex::ledger::backup::Existing;
use lumidex::sys::Stop;
use lumidex_index_tools::backup::{Stage, backup as make_backup};
use lumidex_index_tools::import::Mapping;
use lumidex_index_tools::paid;
use lumidex_index_tools::reindex::{Library as Reindexed, Part};
use lumidex_index_tools::restore::Place;
use lumidex_index_tools::synth::{Dialect, Dialects, Library};

use bar::bar;

/// Tools for a lumidex library.
#[derive(Parser)]
#[command(name = "index-tools", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Copy the ledger, which holds everything that must not be lost, into one file
    ///
    /// Works while a server runs on the data folder: it is asked for a copy. The file has its name
    /// only when it is whole, compared with the ledger and on the disk.
    #[command(after_help = "Examples:
  index-tools backup /mnt/usb/lumidex.redb
  index-tools backup today.redb --force --data-dir /srv/lumidex")]
    Backup {
        /// The file to write
        file: PathBuf,
        /// The library's data folder
        #[arg(long, env = "LUMIDEX_DATA_DIR", value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Replace the file if it exists
        #[arg(long)]
        force: bool,
    },
    /// Put a backup in the place of the ledger
    ///
    /// The backup is checked first and only read. The ledger that is there is kept beside, as
    /// `ledger.redb.before-restore-TIME`. A server must not run on the same data folder; when it
    /// starts, it finds the rest out from the ledger and the files.
    #[command(after_help = "Examples:
  index-tools restore /mnt/usb/lumidex.redb
  index-tools restore today.redb --yes --data-dir /srv/lumidex")]
    Restore {
        /// A file of `backup`, of the folder `backups`, or a former ledger
        file: PathBuf,
        /// The library's data folder
        #[arg(long, env = "LUMIDEX_DATA_DIR", value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Write what you did to your library into one file, to keep it or take it elsewhere; or as XMP, or for
    /// search engines
    ///
    /// The archive holds tags, texts, covers, folders and settings, and what still waits for its file; not what
    /// is read from files anyway, and not the history for `undo`. It is a zip of JSON lines (`import` reads it
    /// back). Works while a server runs on the data folder: it is asked for a copy of the ledger. A file has its
    /// name only when it is whole.
    #[command(after_help = "Examples:
  index-tools export mine.zip
  index-tools export everything.zip --records --vectors --force
  index-tools export --ndjson images.ndjson
  index-tools export --ndjson - --bulk --index pictures | curl -sT - -H 'Content-Type: application/x-ndjson' \
      http://127.0.0.1:9200/_bulk
  index-tools export --xmp-beside")]
    Export(exporting::Exporting),
    /// Bring tags, texts, folders, settings and vectors from infinite-image-browsing, or from an archive
    ///
    /// FILE is the database of infinite-image-browsing, `iib.db`, of any version, or an archive of `export`; it is
    /// only read. First it is shown what comes, what waits
    /// for its file and what stays behind; then it is asked. What you did here stays, and running it twice
    /// changes nothing. A server must not run on the same data folder, nor infinite-image-browsing on the
    /// database. Interrupted, it can be repeated. `lumidex undo` takes it back, batch by batch.
    #[command(after_help = "Examples:
  index-tools import iib.db --dry-run
  index-tools import ~/sd-webui/extensions/sd-webui-infinite-image-browsing/iib.db
  index-tools import mine.zip
  index-tools import iib.db --map 'D:\\pics=/mnt/pics' --map /data=/mnt/nas/data --yes")]
    Import {
        /// The database, or the archive
        file: PathBuf,
        /// The library's data folder
        #[arg(long, env = "LUMIDEX_DATA_DIR", value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// What lay in the folder OLD when the file was written is in NEW now; may be repeated
        #[arg(long, value_name = "OLD=NEW")]
        map: Vec<Mapping>,
        /// Show what would be done and change nothing
        #[arg(long, conflicts_with = "yes")]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Empty what is derived from the ledger and fill it again
    ///
    /// Nothing is lost by it: the ledger holds everything. A server must not run on the same data
    /// folder. Interrupted, the rest is done by the server when it starts.
    #[command(after_help = "Examples:
  index-tools reindex
  index-tools reindex text --data-dir /srv/lumidex
  index-tools reindex --from-files")]
    Reindex {
        /// What to fill again
        #[arg(value_enum, default_value_t = Parts::All)]
        parts: Parts,
        /// The library's data folder
        #[arg(long, env = "LUMIDEX_DATA_DIR", value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Read every file again first, changed or not
        #[arg(long)]
        from_files: bool,
    },
    /// Put the rules for tags to every image
    ///
    /// The rules are those of the setting `auto_tag_rules`. What a person decided about a tag on an image
    /// stays. A server must not run on the same data folder; it does the same when asked by
    /// `POST /api/v1/auto-tags/apply`. Interrupted, it can be repeated. `lumidex undo` takes it back.
    #[command(after_help = "Examples:
  index-tools retag
  index-tools retag --data-dir /srv/lumidex")]
    Retag {
        /// The library's data folder
        #[arg(long, env = "LUMIDEX_DATA_DIR", value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Write a synthetic library of small valid images, as generators leave them
    ///
    /// The same seed and number give the same files to the byte, on every machine. Files that are
    /// there already are left alone, so an interrupted run can be repeated.
    #[command(after_help = "Examples:
  index-tools synth /tmp/library --images 20000
  index-tools synth /tmp/library --images 500 --seed 7 --dialects comfy-ui-png,sidecar
  index-tools synth /tmp/library --dialects all
  index-tools synth /tmp/library --dialects common,invokeai,swarmui.webp")]
    Synth {
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
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Parts {
    /// Full-text index
    Text,
    /// Tags, folders and the order by date
    Tags,
    /// Prompts; their vectors are made again by the server
    Vectors,
    /// Everything
    All,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Backup { file, data_dir, force } => backup(&file, data_dir, force),
        Command::Restore { file, data_dir, yes } => restore(&file, data_dir, yes),
        Command::Import { file, data_dir, map, dry_run, yes } => {
            return ended(importing::import(&file, data_dir, &map, dry_run, yes));
        }
        Command::Export(arguments) => return ended(exporting::export(arguments)),
        Command::Reindex { parts, data_dir, from_files } => reindex(parts, data_dir, from_files),
        Command::Retag { data_dir } => retag(data_dir),
        Command::Synth { dir, images, seed, dialects } => {
            let dialects: Vec<Dialect> = dialects.into_iter().flat_map(|named| named.0).collect();
            synth(&dir, &Library::new(seed, images).with_dialects(&dialects))
        }
    };
    ended(outcome.map(|()| ExitCode::SUCCESS))
}

fn ended(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        // Nothing is left to do about a closed terminal.
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
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

fn folder_of(data_dir: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let folder = data_dir.or_else(lumidex::sys::paths::default_data_dir);
    folder.ok_or_else(|| anyhow::anyhow!("this system names no data folder; use `--data-dir`"))
}

fn backup(file: &Path, data_dir: Option<PathBuf>, force: bool) -> anyhow::Result<()> {
    let folder = folder_of(data_dir)?;
    let existing = if force { Existing::Replace } else { Existing::Keep };
    let bar = bar("starting", 0);
    let content = make_backup(&folder, file, existing, &mut |stage| {
        let (verb, done, total) = match stage {
            Stage::Waiting => ("the server makes a copy", 0, 0),
            Stage::Copying(done, total) => ("copying rows and comparing them", done, total),
            Stage::Receiving(done, total) => ("receiving bytes", done, total),
            Stage::Checking => ("checking", 0, 0),
        };
        bar.set_message(verb);
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let (rows, bytes) = (HumanCount(content.rows), HumanBytes(content.bytes));
    let _ = writeln!(stderr(), "wrote and checked {}: {rows} rows, {bytes}", file.display());
    let paid = paid::backup(&folder, file)?;
    if paid.rows > 0 {
        let (added, beside) = (HumanCount(paid.added), paid::beside_backup(file));
        let _ = writeln!(stderr(), "and what was paid for, {added} new rows, to {}", beside.display());
    }
    Ok(())
}

fn restore(file: &Path, data_dir: Option<PathBuf>, yes: bool) -> anyhow::Result<()> {
    let folder = folder_of(data_dir)?;
    let place = Place::take(&folder, file)?;
    let question = format!("Replace the ledger of {} by {}?", folder.display(), file.display());
    if !yes && !is_agreed(&question, &format!("replace the ledger of {}", folder.display()))? {
        anyhow::bail!("nothing was changed");
    }
    let bar = bar("checking and copying", 0);
    let restored = place.restore(file)?;
    bar.finish_and_clear();
    let rows = HumanCount(restored.content.rows);
    let _ = writeln!(stderr(), "restored {rows} rows from {} to {}", file.display(), folder.display());
    if let Some(former) = restored.former {
        let _ = writeln!(stderr(), "the former ledger is kept as {}", former.display());
    }
    if let Some(paid) = place.restore_paid(file)? {
        let _ = writeln!(stderr(), "and added {} rows of what was paid for", HumanCount(paid.added));
    }
    Ok(())
}

/// Asks at the terminal; without one nobody can say yes. `deed` says what `--yes` does.
fn is_agreed(question: &str, deed: &str) -> anyhow::Result<bool> {
    if !stdin().is_terminal() {
        anyhow::bail!("there is no terminal to ask at; add `--yes` to {deed}");
    }
    let _ = write!(stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn reindex(parts: Parts, data_dir: Option<PathBuf>, from_files: bool) -> anyhow::Result<()> {
    let folder = folder_of(data_dir)?;
    let library = Reindexed::open(&folder)?;
    let parts: &[Part] = match parts {
        Parts::Text => &[Part::Text],
        Parts::Tags => &[Part::Tags],
        Parts::Vectors => &[Part::Vectors],
        Parts::All => &Part::ALL,
    };
    if from_files {
        read_again(&library)?;
    }
    for part in parts {
        let bar = bar(part.word(), 0);
        library.refill(*part, &Stop::never(), &mut |applied, head| {
            bar.set_length(head.0);
            bar.set_position(applied.0);
        })?;
        bar.finish_and_clear();
        let _ = writeln!(stderr(), "{} filled again in {:.1} s", part.word(), bar.elapsed().as_secs_f64());
    }
    Ok(())
}

fn retag(data_dir: Option<PathBuf>) -> anyhow::Result<()> {
    let library = Reindexed::open(&folder_of(data_dir)?)?;
    let bar = bar("images looked at", 0);
    let ruled = put_rules_to_all(library.ledger(), &Stop::never(), &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let (images, matched) = (HumanCount(ruled.images), HumanCount(ruled.matched));
    let _ = writeln!(stderr(), "rules were put to {images} images, {matched} of them match one");
    Ok(())
}

fn read_again(library: &Reindexed) -> anyhow::Result<()> {
    let bar = bar("reading", 0);
    let summary = library.read_again(&Stop::never(), &mut |progress| {
        // More may be found while it walks, so the end moves.
        bar.set_length(progress.to_read);
        bar.set_position(progress.read);
    })?;
    bar.finish_and_clear();
    let progress = &summary.progress;
    let seconds = progress.elapsed.as_secs_f64();
    let _ = writeln!(stderr(), "read {} files again in {seconds:.1} s", progress.read);
    if progress.unreadable > 0 {
        let _ = writeln!(stderr(), "{} could not be read, among them:", progress.unreadable);
        for complaint in &progress.complaints_kept {
            let _ = writeln!(stderr(), "  {complaint}");
        }
    }
    if !summary.offline.is_empty() {
        let _ = writeln!(stderr(), "{} roots were offline; their images were kept", summary.offline.len());
    }
    Ok(())
}

/// Writes the library on all processors, each writing a stretch of its own.
fn synth(dir: &Path, library: &Library) -> anyhow::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn commands_in_the_readme_are_understood() {
        let readme = include_str!("../../README.md");
        let ours = "cargo run --release -p lumidex-index-tools -- ";
        let commands: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix(ours)).collect();
        assert!(commands.len() >= 2, "{commands:?}");
        for command in commands {
            let words = command.split(" #").next().unwrap_or(command).split_whitespace();
            if let Err(error) = Arguments::try_parse_from(std::iter::once("index-tools").chain(words)) {
                panic!("{command}: {error}");
            }
        }
    }
}
