//! `index-tools repair`: shows, asks, acts.

use std::process::ExitCode;

use lumidex_index_tools::repair::{Repair, RepairError, Repaired};
use serde_json::json;

use super::verify::{as_json, in_words, status};
use super::{DataDir, answer, answer_json, is_agreed, now};
use crate::signals::Signals;
use crate::terminal::{bar, remark, show};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
    /// Show what would be done and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// For scripts: one JSON object, with what was found, done and left
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let Args { data_dir, dry_run, yes, json } = arguments;
    let folder = data_dir.folder()?;
    let bar = bar("looking", 0);
    let mut told = |verb: &'static str, done: u64, total: u64| show(&bar, verb, done, total);
    let repair = Repair::plan(&folder, &signals.stop, &mut told)?;
    let found = repair.found().clone();
    if found.findings.is_empty() {
        bar.finish_and_clear();
        if json {
            answer_json(
                &json!({ "schema": 1, "found": as_json(&found), "done": [], "left": as_json(&found) }),
            )?;
        }
        remark("everything is as it should be; nothing was changed");
        return Ok(ExitCode::SUCCESS);
    }
    if !json {
        bar.suspend(|| answer(&in_words(&found)))?;
    }
    if dry_run {
        if json {
            answer_json(
                &json!({ "schema": 1, "found": as_json(&found), "done": [], "left": as_json(&found) }),
            )?;
        }
        remark("nothing was changed; without `--dry-run` it is done");
        return Ok(status(&found));
    }
    let question = format!("Mend this in {}?", folder.display());
    if !yes && !signals.while_waiting(|| bar.suspend(|| is_agreed(&question, "mend it")))? {
        anyhow::bail!("nothing was changed");
    }
    let Repaired { done, left } =
        repair.apply(now(), &signals.stop, &mut told).map_err(|error| match error {
            RepairError::Stopped => anyhow::anyhow!("{error}"),
            other => anyhow::Error::new(other).context("not everything was mended; what was stays so"),
        })?;
    bar.finish_and_clear();
    if json {
        answer_json(&json!({ "schema": 1, "found": as_json(&found), "done": done, "left": as_json(&left) }))?;
    } else {
        done.iter().for_each(|line| remark(line));
        if left.findings.is_empty() {
            remark("everything is as it should be now");
        } else {
            remark("this is left:");
            answer(&in_words(&left))?;
        }
    }
    Ok(status(&left))
}
