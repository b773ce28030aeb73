//! `index-tools doctor`.

use std::fmt::Write as _;
use std::process::ExitCode;

use indicatif::HumanCount;
use lumidex_index_tools::doctor::doctor;
use serde_json::Value;

use super::{DataDir, answer, answer_json};
use crate::signals::Signals;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
    /// For scripts: what `GET /api/v1/doctor` answers
    #[arg(long)]
    json: bool,
    /// Paths to show for each group of files
    #[arg(long, value_name = "N", default_value_t = 0)]
    examples: usize,
}

pub(crate) fn run(Args { data_dir, json, examples }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let found = doctor(&data_dir.folder()?, examples, &signals.stop)?;
    if json {
        answer_json(&found)?
    } else {
        answer(&in_words(&found))?
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(found: &Value) -> String {
    let count = |name: &str| HumanCount(found[name].as_u64().unwrap_or_default());
    let mut words = format!(
        "{} images, {} with a text given by hand, {} read by an older version\n",
        count("images"),
        count("edited"),
        count("outdated")
    );
    for (name, title) in [
        ("writers", "written by"),
        ("containers", "kind of file"),
        ("without", "without a recipe"),
        ("complaints", "complaints"),
    ] {
        let mut groups: Vec<_> = found[name].as_object().into_iter().flatten().collect();
        if groups.is_empty() {
            continue;
        }
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group["files"].as_u64()));
        let _ = writeln!(words, "\n{title}");
        for (word, group) in groups {
            let files = HumanCount(group["files"].as_u64().unwrap_or_default()).to_string();
            let _ = writeln!(words, "  {files:>12}  {word}");
            for path in group["examples"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let _ = writeln!(words, "                {path}");
            }
        }
    }
    words
}
