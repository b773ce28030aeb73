//! What the original's front end asks at once: every tag of a library that has a hundred thousand, the texts and tags
//! of a page of images, and a folder of many files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::json;

use super::report::{Latencies, Report};
use super::server::Program;

/// Below it answers are as that front end wants them.
const AT: &str = "/iib";
/// Images in the one folder, each with tags that no other has.
const FILES: usize = 20_000;
const TAGS_PER_FILE: usize = 5;
/// Paths in one request.
const PATHS: usize = 100;
/// How often each is asked.
const TIMES: usize = 100;
/// The longest answer that lists tags (contract 4.1).
const INFO_BYTES_MAX: usize = 1 << 20;

/// Measures over a folder of its own below `dir`.
pub(crate) fn front_end(program: &Program, dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    let work = tempfile::Builder::new().prefix("lumidex-front-end-").tempdir_in(dir)?;
    let pictures = work.path().join("pictures");
    fs::create_dir(&pictures)?;
    for nth in 0..FILES {
        let mut text = String::new();
        for tag in 0..TAGS_PER_FILE {
            write!(text, "word{}, ", nth * TAGS_PER_FILE + tag)?;
        }
        text.push_str("a lighthouse\nSteps: 20, Sampler: Euler a, Seed: 7, Size: 16x16");
        fs::write(
            pictures.join(format!("{nth:06}.png")),
            lumidex_index_tools::synth::png(nth as u64, Some(&text)),
        )?;
    }
    let program = Program {
        binary: program.binary.clone(),
        library: work.path().to_owned(),
        data: work.path().join("data"),
    };
    let mut server = program.start()?;
    let mut client = server.client()?;
    client.post(&format!("{AT}/db/update_image_data"), &json!({}))?.json()?;

    let mut latencies = Latencies::default();
    let mut len = 0;
    for _ in 0..TIMES {
        let answer = client.get(&format!("{AT}/db/basic_info"))?;
        len = answer.body.len();
        ensure!(len < INFO_BYTES_MAX, "the answer has {len} bytes");
        let n = answer.json()?["tags"].as_array().map_or(0, Vec::len);
        latencies.add(answer.took, n, &"tags");
    }
    report.search(&format!("{AT}/db/basic_info of {} tags", FILES * TAGS_PER_FILE), latencies);
    report.row("bytes of that answer", len.to_string());

    let mut latencies = Latencies::default();
    let listing = format!("{AT}/files?folder_path={}", pictures.display());
    let mut paths = Vec::new();
    for _ in 0..TIMES / 10 {
        let answer = client.get(&listing)?;
        let answered = answer.json()?;
        let files = answered["files"].as_array().context("no files")?;
        ensure!(files.len() == FILES, "{} files are listed", files.len());
        latencies.add(answer.took, FILES, &listing);
        paths = files.iter().map(|file| file["fullpath"].clone()).collect();
    }
    report.search(&format!("folder of {FILES} files"), latencies);

    // Images without tags of one's own are left out of answers.
    let tag = client.post(&format!("{AT}/db/add_custom_tag"), &json!({ "tag_name": "kept" }))?.json()?["id"]
        .clone();
    let tagging = json!({ "img_paths": paths, "action": "add", "tag_id": tag });
    client.post(&format!("{AT}/db/batch_update_image_tag"), &tagging)?.json()?;
    for route in ["image_geninfo_batch", "db/get_image_tags"] {
        let mut latencies = Latencies::default();
        for (nth, paths) in paths.chunks(PATHS).take(TIMES).enumerate() {
            let answer = client.post(&format!("{AT}/{route}"), &json!({ "paths": paths }))?;
            let n = answer.json()?.as_object().map_or(0, serde_json::Map::len);
            ensure!(n == PATHS, "{n} of {PATHS} are answered");
            latencies.add(answer.took, n, &format!("page {nth}"));
        }
        report.search(&format!("{AT}/{route} of {PATHS} paths"), latencies);
    }
    server.stop()?;
    Ok(())
}
