//! `lumidex doctor`: how reading the files of a library went, for a terminal, and a sample of the files for a
//! bug report that gives nothing of their content away.

use super::asking::Request;
use super::talk::{Ended, Halt, Outcome, Talk};
use super::terminal::{grouped, plain, table};
use crate::intake::Alone;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

/// Files of each group that go into a report.
pub const REPORT_EXAMPLES: usize = 5;

/// Why files say nothing, in words.
const WITHOUT: [(&str, &str); 5] = [
    ("no-text", "hold no text at all"),
    ("only-remarks", "name a program and nothing else"),
    ("caption", "hold a caption, no prompt"),
    ("unknown-text", "hold text of an unknown kind"),
    ("broken", "hold text that cannot be read"),
];

/// Tells how reading went, with so many paths for each group of files.
///
/// # Errors
/// [`Halt`] when nobody answers.
pub fn doctor(examples: usize, talk: &mut Talk<'_>) -> Outcome {
    let answer = asked(examples, talk)?;
    if talk.manner.is_json {
        talk.document(&answer)?;
    } else {
        told(&answer, talk.out)?;
    }
    Ok(Ended::Done)
}

/// Has the server read every file again.
///
/// # Errors
/// [`Halt`] when it refuses.
pub fn reparse(talk: &mut Talk<'_>) -> Outcome {
    let answer = talk.body(&Request::post("/api/v1/doctor/reparse", json!({})))?;
    talk.done("every file is read again; `lumidex status` shows how far it is", answer, &[])
}

/// Writes a sample of the library's files to this file, which gives nothing of what people wrote away.
///
/// # Errors
/// [`Halt`] when nobody answers, or it cannot be written.
pub fn write_report(file: &Path, talk: &mut Talk<'_>) -> Outcome {
    let report = report(&asked(REPORT_EXAMPLES, talk)?);
    let n_samples = report["samples"].as_array().map_or(0, Vec::len);
    std::fs::write(file, format!("{report:#}\n"))?;
    let file = file.display().to_string();
    let words =
        format!("wrote how {n_samples} files are built to `{file}`; look through it before you send it");
    talk.done(&words, json!({ "file": file, "samples": n_samples }), &[])
}

fn asked(examples: usize, talk: &mut Talk<'_>) -> Result<Value, Halt> {
    talk.body(&Request::get(format!("/api/v1/doctor?examples={examples}")))
}

/// Writes what `GET /api/v1/doctor` answered.
///
/// # Errors
/// Only what writing to `out` fails with.
fn told(answer: &Value, out: &mut dyn Write) -> io::Result<()> {
    let images = answer["images"].as_u64().unwrap_or_default();
    let silent = answer["writers"]["none"]["files"].as_u64().unwrap_or_default();
    let known = images.saturating_sub(silent);
    writeln!(out, "{} images, {} with a recipe{}", grouped(images), grouped(known), share(known, images))?;
    section("written by", &answer["writers"], images, out, &|word| plain(word))?;
    section("without a recipe", &answer["without"], images, out, &|word| {
        let known = WITHOUT.iter().find(|(known, _)| *known == word);
        known.map_or_else(|| plain(word), |(_, text)| (*text).to_owned())
    })?;
    section("complaints", &answer["complaints"], images, out, &|word| plain(&word.replace('-', " ")))?;
    if let Some(slowest) = answer["slowest"].as_array().filter(|slowest| !slowest.is_empty()) {
        writeln!(out, "\nslowest to read")?;
        let lines: Vec<_> = slowest
            .iter()
            .map(|file| {
                let path = plain(file["path"].as_str().unwrap_or_default());
                [format!("  {:.1} ms", file["ms"].as_f64().unwrap_or_default()), path]
            })
            .collect();
        table(&lines, out)?;
    }
    let count = |name: &str| answer[name].as_u64().unwrap_or_default();
    if count("edited") > 0 {
        writeln!(out, "\n{} images have a text that was written by hand", grouped(count("edited")))?;
    }
    if count("outdated") > 0 {
        let n = grouped(count("outdated"));
        writeln!(out, "\n{n} files were read by an older version; the server reads them again by itself")?;
    }
    Ok(())
}

fn section(
    title: &str,
    groups: &Value,
    images: u64,
    out: &mut dyn Write,
    name: &dyn Fn(&str) -> String,
) -> io::Result<()> {
    let mut groups: Vec<_> =
        groups.as_object().into_iter().flatten().filter(|(word, _)| *word != "none").collect();
    if groups.is_empty() {
        return Ok(());
    }
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group["files"].as_u64()));
    writeln!(out, "\n{title}")?;
    let mut lines = Vec::new();
    for (word, group) in groups {
        let files = group["files"].as_u64().unwrap_or_default();
        lines.push([format!("  {}", grouped(files)), name(word), share(files, images).trim().to_owned()]);
    }
    table(&lines, out)
}

fn share(part: u64, whole: u64) -> String {
    if whole == 0 { String::new() } else { format!(" ({:.1} %)", part as f64 * 100.0 / whole as f64) }
}

/// A sample of the files that an answer of `GET /api/v1/doctor` names: how their texts are built, with every
/// letter and digit of what people wrote replaced. Files that cannot be opened by now are left out.
#[must_use]
pub fn report(answer: &Value) -> Value {
    let mut paths = BTreeSet::new();
    for groups in ["writers", "without", "complaints"] {
        for (_, group) in answer[groups].as_object().into_iter().flatten() {
            paths.extend(group["examples"].as_array().into_iter().flatten().filter_map(Value::as_str));
        }
    }
    let counts = |groups: &str| -> Value {
        let groups = answer[groups].as_object().into_iter().flatten();
        groups
            .map(|(word, group)| (word.clone(), group["files"].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let samples: Vec<_> = paths
        .into_iter()
        .filter_map(|path| Alone::open(Path::new(path)).ok()?.with_sidecars(Path::new(path)).redacted().ok())
        .collect();
    json!({
        "lumidex": env!("CARGO_PKG_VERSION"),
        "reader": answer["reader"],
        "images": answer["images"],
        "outdated": answer["outdated"],
        "writers": counts("writers"),
        "containers": counts("containers"),
        "without": counts("without"),
        "complaints": counts("complaints"),
        "samples": samples,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_found_is_told_in_the_order_of_how_often() {
        let group = |files: u64| json!({ "files": files, "examples": [] });
        let answer = json!({
            "images": 2_000, "reader": 2, "outdated": 3, "edited": 1,
            "writers": { "a1111": group(500), "comfyui": group(1_000), "none": group(500) },
            "containers": {}, "without": { "no-text": group(500) }, "complaints": { "header-checksum": group(2) },
            "slowest": [{ "path": "/a\u{1b}b.png", "ms": 12.5 }],
        });
        let mut out = Vec::new();
        told(&answer, &mut out).unwrap();
        let said = String::from_utf8(out).unwrap();
        assert!(said.starts_with("2,000 images, 1,500 with a recipe (75.0 %)\n"), "{said}");
        assert!(said.find("comfyui").unwrap() < said.find("a1111").unwrap(), "{said}");
        for part in
            ["hold no text at all", "header checksum", "12.5 ms  /a\u{fffd}b.png", "by hand", "3 files were"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
