//! `index-tools repair`: shows, asks, acts.

use std::process::ExitCode;

use lumidex_index_tools::repair::{Repair, RepairError, Repaired};
use serde_json::json;

use super::verify::{as_json, in_words, status};
use super::{AllOf, answer, answer_json, is_agreed, now};
use crate::signals::Signals;
use crate::terminal::{Bars, remark};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    library: AllOf,
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
    let Args { library, dry_run, yes, json } = arguments;
    let place = library.place()?;
    let mut bars = Bars::default();
    let repair =
        Repair::plan(place.clone(), &signals.stop, &mut |verb, done, total| bars.show(verb, done, total));
    bars.clear();
    let repair = repair?;
    let found = repair.found().clone();
    if found.findings.is_empty() {
        if json {
            answer_json(
                &json!({ "schema": 1, "found": as_json(&found), "done": [], "left": as_json(&found) }),
            )?;
        }
        remark("everything is as it should be; nothing was changed");
        return Ok(ExitCode::SUCCESS);
    }
    if !json {
        answer(&in_words(&found))?;
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
    let question = format!("Mend this in {}?", place.folder().display());
    if !yes && !signals.while_waiting(|| is_agreed(&question, "mend it"))? {
        anyhow::bail!("nothing was changed");
    }
    let repaired = repair.apply(now(), &signals.stop, &mut |verb, done, total| bars.show(verb, done, total));
    bars.clear();
    let Repaired { done, left } = repaired.map_err(|error| match error {
        RepairError::Stopped => anyhow::anyhow!("{error}"),
        other => anyhow::Error::new(other).context("not everything was mended; what was stays so"),
    })?;
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
