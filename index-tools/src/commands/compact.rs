//! `index-tools compact`.

use std::process::ExitCode;

use indicatif::HumanBytes;
use lumidex_index_tools::compact::compact;

use super::{DataDir, answer, answer_json};
use crate::signals::Signals;
use crate::terminal::{bar, show};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
    /// For scripts: one JSON object, `{"schema": 1, "stores": [...]}`
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(Args { data_dir, json }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let folder = data_dir.folder()?;
    let bar = bar("making stores smaller", 0);
    let told = &mut |done, total| show(&bar, "making stores smaller", done, total);
    let stores = compact(&folder, &signals.stop, told)?;
    bar.finish_and_clear();
    if json {
        answer_json(&serde_json::json!({ "schema": 1, "stores": stores }))?;
    } else {
        for store in stores {
            let (before, after) = (HumanBytes(store.before), HumanBytes(store.after));
            answer(&format!("{}: {before}, now {after}\n", store.place))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
