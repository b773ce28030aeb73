//! `index-tools verify`, and how findings are told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::HumanCount;
use lumidex::ledger::verify::Finding;
use lumidex_index_tools::verify::{Verified, verify};
use serde_json::json;

use super::{AllOf, answer, answer_json};
use crate::signals::Signals;
use crate::terminal::{Bars, remark};

/// Something is not as it should be.
pub(crate) const FOUND: u8 = 3;
/// Findings of one rule and place that people are told.
const SHOWN_MAX: usize = 8;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    library: AllOf,
    /// For scripts: one JSON object, `{"schema": 1, "findings": [...], ...}`
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(Args { library, json }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let place = library.place()?;
    let (begun, mut bars) = (Instant::now(), Bars::default());
    let verified = verify(place, &signals.stop, &mut |verb, done, total| bars.show(verb, done, total));
    bars.clear();
    let verified = verified?;
    if json {
        answer_json(&as_json(&verified))?;
    } else {
        answer(&in_words(&verified))?;
        let seconds = begun.elapsed().as_secs_f64();
        match verified.findings.is_empty() {
            true => remark(&format!("everything is as it should be; looked at in {seconds:.1} s")),
            false => remark("`index-tools repair` shows what it would do about it, and asks"),
        }
    }
    Ok(status(&verified))
}

/// How a check ends.
pub(crate) fn status(verified: &Verified) -> ExitCode {
    if verified.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) }
}

pub(crate) fn as_json(Verified { findings, unlooked, served }: &Verified) -> serde_json::Value {
    json!({
        "schema": 1,
        "findings": findings.told,
        "counts": findings.counts,
        "unlooked": unlooked,
        "served": served,
    })
}

/// By place and rule.
pub(crate) fn in_words(Verified { findings, unlooked, .. }: &Verified) -> String {
    let mut groups: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &findings.told {
        groups.entry((&finding.place, &finding.rule)).or_default().push(finding);
    }
    let (mut words, mut place) = (String::new(), "");
    for ((of, rule), group) in groups {
        if of != place {
            let _ = writeln!(words, "{of}");
            place = of;
        }
        for finding in group.iter().take(SHOWN_MAX) {
            let Finding { what, expected, found, .. } = finding;
            let _ = writeln!(words, "  {what} ({rule})\n    expected {expected}\n    found    {found}");
        }
        let count = findings.counts.get(&format!("{of}: {rule}")).copied().unwrap_or_default();
        let more = count.saturating_sub(SHOWN_MAX as u64);
        if more > 0 {
            let _ = writeln!(words, "  and {} more ({rule})", HumanCount(more));
        }
        if let Some(first) = group.first() {
            let _ = writeln!(words, "    to mend  {}", first.mend.words());
        }
    }
    for what in unlooked {
        let _ = writeln!(words, "not looked at because of that: {what}");
    }
    words
}
