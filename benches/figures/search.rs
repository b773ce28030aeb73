//! First pages over HTTP, by kind of needle, and the routes a page load needs.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use super::library::OnDisk;
use super::needles::{regexes, substrings};
use super::report::{Latencies, Report};
use super::server::{BASE, Program};

/// Measures every kind of search on a server that has nothing else to do.
pub(crate) fn all(
    program: &Program,
    library: &OnDisk,
    requests: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut server = program.start()?;
    let mut client = server.client()?;
    client.post(&format!("{BASE}/db/update_image_data"), &json!({}))?.json()?;
    std::thread::sleep(Duration::from_secs(5));
    report.row("anonymous memory, idle after start", mebibytes(server.anonymous_bytes()));

    let bodies = |needles: &[String], key: &str| -> Vec<Value> {
        needles.iter().map(|needle| json!({ key: needle, "size": 200 })).collect()
    };
    report.search("newest (empty needle)", ask(&mut client, SUBSTRING, &[json!({"surstr": ""})], requests)?);
    for kind in substrings(&library.synth, requests) {
        let latencies = ask(&mut client, SUBSTRING, &bodies(&kind.needles, "surstr"), requests)?;
        report.search(kind.name, latencies);
        if kind.name.starts_with("path") {
            let scoped: Vec<Value> =
                kind.needles.iter().map(|needle| json!({"surstr": needle, "path_only": true})).collect();
            report.search(
                &format!("{}, path only", kind.name),
                ask(&mut client, SUBSTRING, &scoped, requests)?,
            );
        }
    }
    scoped(&mut client, library, requests, report)?;
    for kind in regexes() {
        // Fewer: each expression is asked some times, and slow ones may take seconds.
        let latencies = ask(&mut client, SUBSTRING, &bodies(&kind.needles, "regexp"), requests / 4)?;
        report.search(kind.name, latencies);
    }
    tags(&mut client, requests, report)?;
    pages(&mut client, requests / 4, report)?;
    for (name, path) in [
        ("/db/basic_info", "/db/basic_info"),
        ("/hello", "/hello"),
        ("/db/random_images", "/db/random_images"),
    ] {
        let mut latencies = Latencies::default();
        for _ in 0..requests / 4 {
            let answer = client.get(&format!("{BASE}{path}"))?;
            answer.json()?;
            latencies.add(answer.took, 0, &path);
        }
        report.search(name, latencies);
    }
    report.row("anonymous memory, after the searches", mebibytes(server.anonymous_bytes()));
    drop(client);
    report.row("stop on SIGTERM", format!("{:.0} ms", server.stop()?.as_secs_f64() * 1e3));
    Ok(())
}

const SUBSTRING: &str = "/db/search_by_substr";
const TAGS: &str = "/db/match_images_by_tags";

/// Sends the bodies in turn until `requests` were sent, after one round that does not count.
pub(crate) fn ask(
    client: &mut Client,
    route: &str,
    bodies: &[Value],
    requests: usize,
) -> anyhow::Result<Latencies> {
    let path = format!("{BASE}{route}");
    let mut latencies = Latencies::default();
    for body in bodies.iter().take(8) {
        client.post(&path, body)?;
    }
    for body in bodies.iter().cycle().take(if bodies.is_empty() { 0 } else { requests }) {
        let answer = client.post(&path, body)?;
        // An expression past its time bound is answered so; that is a figure too.
        let is_refused = answer.status == 400 && !body["regexp"].is_null();
        let found = if is_refused { 0 } else { answer.json()?["files"].as_array().map_or(0, Vec::len) };
        latencies.refused += usize::from(is_refused);
        latencies.add(answer.took, found, body);
    }
    Ok(latencies)
}

/// A common word in one folder.
fn scoped(client: &mut Client, library: &OnDisk, requests: usize, report: &mut Report) -> anyhow::Result<()> {
    let folder = |index: u32| library.folder.join(library.synth.image(index).folder);
    let step = (library.synth.len() / 40).max(1);
    let bodies: Vec<Value> = (0..library.synth.len())
        .step_by(step as usize)
        .map(|index| json!({"surstr": "masterpiece", "folder_paths": [folder(index)]}))
        .collect();
    report.search("substring in one folder", ask(client, SUBSTRING, &bodies, requests)?);
    Ok(())
}

/// Tags by how common they are, alone and combined.
fn tags(client: &mut Client, requests: usize, report: &mut Report) -> anyhow::Result<()> {
    let info = client.get(&format!("{BASE}/db/basic_info"))?.json()?;
    let mut counted: Vec<(i64, i64)> = info["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| Some((tag["count"].as_i64()?, tag["id"].as_i64()?)))
        .collect();
    counted.sort_unstable_by(|a, b| b.cmp(a));
    let ids: Vec<i64> = counted.iter().map(|(_, id)| *id).collect();
    let nth = |nth: usize| ids[nth % ids.len()];
    let each = |make: &dyn Fn(usize) -> Value| -> Vec<Value> { (0..requests.min(200)).map(make).collect() };
    let kinds = [
        ("tags: one", each(&|n| json!({"and_tags": [nth(n * 7)]}))),
        ("tags: and of two common", each(&|n| json!({"and_tags": [nth(n % 30), nth(n % 29 + 1)]}))),
        (
            "tags: or of five",
            each(&|n| json!({"or_tags": [nth(n), nth(n + 40), nth(n + 80), nth(n + 300), nth(n + 900)]})),
        ),
        (
            "tags: and 1, or 2, not 1",
            each(
                &|n| json!({"and_tags": [nth(n % 40)], "or_tags": [nth(n + 3), nth(n + 50)], "not_tags": [nth(n + 11)]}),
            ),
        ),
        ("tags: not of one common", each(&|n| json!({"not_tags": [nth(n % 40)]}))),
        ("tags: one, random order", each(&|n| json!({"and_tags": [nth(n % 60)], "random_sort": true}))),
    ];
    for (name, bodies) in kinds {
        report.search(name, ask(client, TAGS, &bodies, requests)?);
    }
    Ok(())
}

/// Page after page of one common word.
fn pages(client: &mut Client, count: usize, report: &mut Report) -> anyhow::Result<()> {
    let path = format!("{BASE}{SUBSTRING}");
    let mut latencies = Latencies::default();
    let mut cursor = Value::String(String::new());
    for _ in 0..count {
        let answer = client.post(&path, &json!({"surstr": "best", "cursor": cursor}))?;
        let page = answer.json()?;
        latencies.add(answer.took, page["files"].as_array().map_or(0, Vec::len), &cursor);
        if page["cursor"]["has_next"] != true {
            break;
        }
        cursor = page["cursor"]["next"].clone();
    }
    report.search("next pages of a common word", latencies);
    Ok(())
}

pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / 1024 / 1024)
}
