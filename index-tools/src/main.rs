//! The command line of the tools. All say what was asked for on standard output, remarks and progress on standard
//! error, and end as [`commands::EXIT_STATUS`] says. The first interrupt ends them where nothing is half done.

mod commands;
mod exporting;
mod importing;
mod signals;
mod terminal;

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lumidex_index_tools::import::Mapping;

use commands::{EXIT_STATUS, backup, compact, doctor, reindex, repair, restore, retag, stats, synth, verify};
use signals::{INTERRUPTED, Signals};

/// Tools for a lumidex library.
#[derive(Parser)]
#[command(name = "index-tools", version, propagate_version = true, after_help = EXIT_STATUS)]
struct Arguments {
    /// Say nothing but errors and what was asked for
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look whether everything in the data folder is as it should be; nothing is written
    ///
    /// The ledger by its own rules, what is derived from it against it, thumbnails, backups, kept results. Beside a
    /// server, the server looks at what it has open; pages of its files are proved only when none runs.
    #[command(after_help = "Examples:
  index-tools verify
  index-tools verify --json --data-dir /srv/lumidex

Exit status: 0 all is as it should be, 1 it could not be looked at, 2 not understood,
3 something is not as it should be, 130 interrupted.")]
    Verify(verify::Args),
    /// Mend what `verify` finds; shows it first and asks
    ///
    /// The ledger is copied first, to `ledger.redb.before-repair-TIME`. What is derived is emptied and fills again.
    /// Rows that are lost come from a backup, or from what still speaks of them; what refers to nothing is taken out
    /// and kept in `set-aside-TIME.jsonl`. A server must not run on the same data folder. Interrupted, it can be
    /// repeated.
    #[command(after_help = "Examples:
  index-tools repair --dry-run
  index-tools repair
  index-tools repair --yes --data-dir /srv/lumidex

Exit status: 0 all is as it should be now, 1 failed, 2 not understood,
3 something is not as it should be even so, 130 interrupted.")]
    Repair(repair::Args),
    /// Count what the library holds, and measure what takes how much room; nothing is written
    #[command(after_help = "Examples:
  index-tools stats
  index-tools stats --json --data-dir /srv/lumidex")]
    Stats(stats::Args),
    /// Show which programs made the pictures, and which files say nothing and why; nothing is written
    #[command(after_help = "Examples:
  index-tools doctor
  index-tools doctor --examples 5")]
    Doctor(doctor::Args),
    /// Copy the ledger, which holds everything that must not be lost, into one file
    ///
    /// Works while a server runs on the data folder: it is asked for a copy. The file has its name
    /// only when it is whole, compared with the ledger and on the disk.
    #[command(after_help = "Examples:
  index-tools backup /mnt/usb/lumidex.redb
  index-tools backup today.redb --force --data-dir /srv/lumidex")]
    Backup(backup::Args),
    /// Put a backup in the place of the ledger
    ///
    /// The backup is checked first and only read. The ledger that is there is kept beside, as
    /// `ledger.redb.before-restore-TIME`. A server must not run on the same data folder; when it
    /// starts, it finds the rest out from the ledger and the files.
    #[command(after_help = "Examples:
  index-tools restore /mnt/usb/lumidex.redb
  index-tools restore today.redb --yes --data-dir /srv/lumidex")]
    Restore(restore::Args),
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
    /// folder. Interrupted, `--resume` does the rest, or the server when it starts.
    #[command(after_help = "Examples:
  index-tools reindex
  index-tools reindex text tags --data-dir /srv/lumidex
  index-tools reindex --resume
  index-tools reindex --from-files
  index-tools reindex --from-files --resume")]
    Reindex(reindex::Args),
    /// Put the rules for tags to every image
    ///
    /// The rules are those of the setting `auto_tag_rules`. What a person decided about a tag on an image
    /// stays. A server must not run on the same data folder; it does the same when asked by
    /// `POST /api/v1/auto-tags/apply`. Interrupted, it can be repeated. `lumidex undo` takes it back.
    #[command(after_help = "Examples:
  index-tools retag
  index-tools retag --data-dir /srv/lumidex")]
    Retag(retag::Args),
    /// Make the stores in the data folder as small as they can be
    ///
    /// Each is copied, the copy is made small and proved, and takes the place of the store if it is smaller: so the
    /// disk needs room for the largest of them, and an interrupt leaves the one or the other. A server must not run
    /// on the same data folder.
    #[command(after_help = "Examples:
  index-tools compact
  index-tools compact --data-dir /srv/lumidex")]
    Compact(compact::Args),
    /// Write a synthetic library of small valid images, as generators leave them
    ///
    /// The same seed and number give the same files to the byte, on every machine. Files that are
    /// there already are left alone, so an interrupted run can be repeated.
    #[command(after_help = "Examples:
  index-tools synth /tmp/library --images 20000
  index-tools synth /tmp/library --images 500 --seed 7 --dialects comfy-ui-png,sidecar
  index-tools synth /tmp/library --dialects all
  index-tools synth /tmp/library --dialects common,invokeai,swarmui.webp")]
    Synth(synth::Args),
}

fn main() -> ExitCode {
    let Arguments { quiet, command } = Arguments::parse();
    if quiet {
        terminal::be_quiet();
    }
    match command {
        Command::Verify(args) => heeding(|signals| verify::run(args, signals)),
        Command::Repair(args) => heeding(|signals| repair::run(args, signals)),
        Command::Stats(args) => heeding(|signals| stats::run(args, signals)),
        Command::Doctor(args) => heeding(|signals| doctor::run(args, signals)),
        Command::Backup(args) => heeding(|signals| backup::run(args, signals)),
        Command::Restore(args) => heeding(|signals| restore::run(args, signals)),
        Command::Import { file, data_dir, map, dry_run, yes } => {
            ended(importing::import(&file, data_dir, &map, dry_run, yes))
        }
        Command::Export(args) => heeding(|signals| exporting::export(args, signals)),
        Command::Reindex(args) => heeding(|signals| reindex::run(args, signals)),
        Command::Retag(args) => heeding(|signals| retag::run(args, signals)),
        Command::Compact(args) => heeding(|signals| compact::run(args, signals)),
        Command::Synth(args) => heeding(|signals| synth::run(args, signals)),
    }
}

/// Runs what an interrupt asks to stop; what then ends is told apart from what failed.
fn heeding(run: impl FnOnce(&Signals) -> anyhow::Result<ExitCode>) -> ExitCode {
    let signals = match Signals::heed() {
        Ok(signals) => signals,
        Err(error) => return ended(Err(error.into())),
    };
    match run(&signals) {
        Err(error) if signals.stop.is_stopped() => {
            let _ = writeln!(stderr(), "{error:#}");
            ExitCode::from(INTERRUPTED)
        }
        outcome => ended(outcome),
    }
}

fn ended(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        // Nothing is left to do about a closed terminal.
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
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

    #[test]
    fn every_command_says_how_it_is_used() {
        use clap::CommandFactory;
        for command in Arguments::command().get_subcommands_mut() {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:\n  index-tools "), "{name}");
            let is_lone = name == "synth";
            assert_eq!(help.contains("--data-dir"), !is_lone, "{name}");
        }
    }
}
