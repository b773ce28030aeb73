//! `index-tools restore`. An interrupt ends it where it stands: the folder has the one ledger or the other.

use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::HumanCount;
use lumidex_index_tools::restore::Place;

use super::{DataDir, is_agreed};
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

pub(crate) fn run(Args { file, data_dir, yes }: Args) -> anyhow::Result<ExitCode> {
    let folder = data_dir.folder()?;
    let place = Place::take(&folder, &file)?;
    let question = format!("Replace the ledger of {} by {}?", folder.display(), file.display());
    if !yes && !is_agreed(&question, &format!("replace the ledger of {}", folder.display()))? {
        anyhow::bail!("nothing was changed");
    }
    let bar = bar("checking and copying", 0);
    let restored = place.restore(&file)?;
    bar.finish_and_clear();
    let rows = HumanCount(restored.content.rows);
    remark(&format!("restored {rows} rows from {} to {}", file.display(), folder.display()));
    if let Some(former) = restored.former {
        remark(&format!("the former ledger is kept as {}", former.display()));
    }
    if let Some(paid) = place.restore_paid(&file)? {
        remark(&format!("and added {} rows of what was paid for", HumanCount(paid.added)));
    }
    Ok(ExitCode::SUCCESS)
}
