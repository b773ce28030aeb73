//! `index-tools restore`. However it is interrupted, the folder has the one ledger or the other.

use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::HumanCount;
use lumidex_index_tools::restore::Place;

use super::{DataDir, is_agreed};
use crate::signals::Signals;
use crate::terminal::{bar, remark};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A file of `backup`, of the folder `backups`, or a former ledger
    file: PathBuf,
    #[command(flatten)]
    data_dir: DataDir,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(Args { file, data_dir, yes }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let folder = data_dir.folder()?;
    let place = Place::take(&folder, &file)?;
    let question = format!("Replace the ledger of {} by {}?", folder.display(), file.display());
    let deed = format!("replace the ledger of {}", folder.display());
    if !yes && !signals.while_waiting(|| is_agreed(&question, &deed))? {
        anyhow::bail!("nothing was changed");
    }
    let bar = bar("checking and copying", 0);
    let restored = place.restore(&file, &signals.stop)?;
    bar.finish_and_clear();
    let rows = HumanCount(restored.content.rows);
    remark(&format!("restored {rows} rows from {} to {}", file.display(), folder.display()));
    if let Some(former) = restored.former {
        remark(&format!("the former ledger is kept as {}", former.display()));
    }
    if let Some(paid) = place.restore_paid(&file, &signals.stop)? {
        remark(&format!("and added {} rows of what was paid for", HumanCount(paid.added)));
    }
    Ok(ExitCode::SUCCESS)
}
