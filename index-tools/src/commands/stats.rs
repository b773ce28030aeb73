//! `index-tools stats`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use indicatif::{HumanBytes, HumanCount};
use lumidex_index_tools::stats::{LibraryStats, stats};

use super::{AllOf, answer, answer_json};
use crate::signals::Signals;
use crate::terminal::{bar, show};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    library: AllOf,
    /// For scripts: one JSON object, `{"schema": 1, ...}`
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(Args { library, json }: Args, signals: &Signals) -> anyhow::Result<ExitCode> {
    let place = library.place()?;
    let bar = bar("counting images", 0);
    let stats = stats(place, &signals.stop, &mut |done, total| show(&bar, "counting images", done, total))?;
    bar.finish_and_clear();
    if json {
        answer_json(&stats)?
    } else {
        answer(&in_words(&stats))?
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(stats: &LibraryStats) -> String {
    let LibraryStats { library, folder, models, thumbnails, .. } = stats;
    let mut words = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(words, "{name:<14} {value}");
    };
    let counts = |counts: &BTreeMap<String, u64>| {
        let each = counts.iter().map(|(word, count)| format!("{} {word}", HumanCount(*count)));
        let each = each.collect::<Vec<_>>().join(", ");
        if each.is_empty() { "none".to_owned() } else { each }
    };
    line("images", counts(&library.images));
    line("media", counts(&library.media));
    line("files", HumanBytes(library.file_bytes).to_string());
    if let Some((oldest, newest)) = library.dates {
        let shown = |nanos: i64| {
            jiff::Timestamp::from_nanosecond(nanos.into())
                .map_or_else(|_| nanos.to_string(), |at| format!("{at:.0}"))
        };
        line("dates", format!("{} to {}", shown(oldest), shown(newest)));
    }
    let doubles = library.duplicates;
    let (pictures, more) = (HumanCount(doubles.pictures), HumanCount(doubles.files));
    line("duplicates", format!("{pictures} pictures in {more} more files, {}", HumanBytes(doubles.bytes)));
    for root in &library.roots {
        let (images, bytes) = (HumanCount(root.images), HumanBytes(root.bytes));
        line("root", format!("{}: {images} images, {bytes}", root.path));
    }
    line("texts", HumanCount(library.texts).to_string());
    line("tags", counts(&library.tags));
    line("custom tags", counts(&library.links));
    for (name, count) in [
        ("edits", library.edits),
        ("covers", library.covers),
        ("decisions", library.decisions),
        ("operations", library.operations),
        ("questions", library.reviews),
        ("waiting", library.waiting),
        ("thumbnails", *thumbnails),
    ] {
        line(name, HumanCount(count).to_string());
    }
    for model in models {
        let (vectors, prompts) = (HumanCount(model.vectors.into()), HumanCount(model.prompts.into()));
        line(
            "vectors",
            format!("{}: {vectors} of {prompts} prompts, {} numbers each", model.model, model.dim),
        );
    }
    words.push_str("\nin the data folder\n");
    for (name, room) in folder {
        let _ = writeln!(words, "  {:>12}  {name}", HumanBytes(room.bytes).to_string());
    }
    words.push_str("\nin the ledger\n");
    let mut tables: Vec<_> = library.tables.iter().collect();
    tables.sort_by_key(|(_, table)| std::cmp::Reverse(table.page_bytes));
    for (name, table) in tables.into_iter().filter(|(_, table)| table.rows > 0) {
        let bytes = HumanBytes(table.page_bytes).to_string();
        let _ = writeln!(words, "  {bytes:>12}  {name}, {} rows", HumanCount(table.rows));
    }
    words
}
