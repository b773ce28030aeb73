//! `index-tools retag`.

use std::process::ExitCode;

use indicatif::HumanCount;
use lumidex::intake::put_rules_to_all;
use lumidex_index_tools::reindex::Library;

use super::DataDir;
use crate::signals::Signals;
use crate::terminal::{bar, remark, show};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
}

pub(crate) fn run(Args { data_dir }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let library = Library::open(&data_dir.folder()?)?;
    let bar = bar("images looked at", 0);
    let ruled = put_rules_to_all(library.ledger(), &signals.stop, &mut |done, total| {
        show(&bar, "images looked at", done, total);
    })?;
    bar.finish_and_clear();
    if signals.stop.is_stopped() {
        anyhow::bail!("stopped; what was tagged by then stays, and it can be repeated");
    }
    let (images, matched) = (HumanCount(ruled.images), HumanCount(ruled.matched));
    remark(&format!("rules were put to {images} images, {matched} of them match one"));
    Ok(ExitCode::SUCCESS)
}
