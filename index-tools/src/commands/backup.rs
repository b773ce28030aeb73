//! `index-tools backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{HumanBytes, HumanCount, ProgressBar};
use lumidex::ledger::backup::Existing;
use lumidex_index_tools::backup::{Stage, backup_unless};
use lumidex_index_tools::paid;

use super::DataDir;
use crate::signals::Signals;
use crate::terminal::{bar, remark, show};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file to write
    file: PathBuf,
    #[command(flatten)]
    data_dir: DataDir,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(Args { file, data_dir, force }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let folder = data_dir.folder()?;
    let existing = if force { Existing::Replace } else { Existing::Keep };
    let bar = bar("starting", 0);
    let content = backup_unless(&folder, &file, existing, &signals.stop, &mut |stage| {
        show_copying(&bar, stage);
    })?;
    bar.finish_and_clear();
    let (rows, bytes) = (HumanCount(content.rows), HumanBytes(content.bytes));
    remark(&format!("wrote and checked {}: {rows} rows, {bytes}", file.display()));
    let paid = paid::backup(&folder, &file, &signals.stop)?;
    if paid.rows > 0 {
        let (added, beside) = (HumanCount(paid.added), paid::beside_backup(&file));
        remark(&format!("and what was paid for, {added} new rows, to {}", beside.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// How far a copy of the ledger is.
pub(crate) fn show_copying(bar: &ProgressBar, stage: Stage) {
    match stage {
        Stage::Waiting => show(bar, "the server makes a copy", 0, 0),
        Stage::Copying(done, total) => show(bar, "copying rows and comparing them", done, total),
        Stage::Receiving(done, total) => show(bar, "receiving bytes", done, total),
        Stage::Checking => show(bar, "checking", 0, 0),
    }
}
