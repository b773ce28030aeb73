//! The first index, an unchanged one, starting again, and what it all takes on disk and in memory.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::json;

use super::client::Client;
use super::library::OnDisk;
use super::machine;
use super::report::{Latencies, Report};
use super::search::mebibytes;
use super::server::{BASE, Program, Server};
use super::stat_walk::stat_walk;

/// No library takes longer to be indexed; a server that does has failed.
const INDEXED_WITHIN: Duration = Duration::from_secs(3600);

/// Everything read, durable and searchable, from the start of the process; with a second person
/// at the door all the while.
pub(crate) fn first_index(program: &Program, library: &OnDisk, report: &mut Report) -> anyhow::Result<()> {
    // Once over everything, so that the first run does not pay for cold caches.
    let (files, _) = stat_walk(&library.folder);
    eprintln!("indexing {files} files ...");
    let mut server = program.start()?;
    let memory = server.watch_memory();
    let mut client = server.client()?;
    let is_done = AtomicBool::new(false);
    let (took, probed) = std::thread::scope(|scope| {
        let (port, is_done_seen) = (server.port, &is_done);
        let prober = scope.spawn(move || probe(port, is_done_seen));
        let indexed = wait_until_indexed(&mut client);
        let took = server.started.elapsed();
        is_done.store(true, Ordering::Relaxed);
        let probed = prober.join().map_err(|_| anyhow::anyhow!("the prober panicked"))??;
        indexed?;
        anyhow::Ok((took, probed))
    })?;
    let counted = client.get(&format!("{BASE}/db/basic_info"))?.json()?["img_count"].as_u64();
    if counted != Some(u64::from(library.synth.len())) {
        bail!("{counted:?} images were indexed of {}", library.synth.len());
    }
    let rate = f64::from(library.synth.len()) / took.as_secs_f64();
    report.row(
        "first index, end to end",
        format!(
            "{:.2} s, {rate:.0} images/s ({:.2} s of processor time)",
            took.as_secs_f64(),
            server.processor_seconds()
        ),
    );
    report.row("processors waited for by everyone, at its end", machine::load());
    report.row("anonymous memory, peak while indexing", mebibytes(memory.peak_bytes()));
    // Followers rest and the allocator gives back after some seconds of quiet.
    std::thread::sleep(Duration::from_secs(30));
    report.row("anonymous memory, idle after indexing", mebibytes(server.anonymous_bytes()));
    let [hello, search] = probed;
    report.search("/hello while indexing", hello);
    report.search("substring while indexing", search);
    drop(client);
    server.stop()?;
    Ok(())
}

/// Until searches show what the walk found that a server begins by itself. Asking for an update would
/// wait for a second one.
fn wait_until_indexed(client: &mut Client) -> anyhow::Result<()> {
    let began = Instant::now();
    while client.get(&format!("{BASE}/db/expired_dirs"))?.json()?["expired"] != false {
        if began.elapsed() > INDEXED_WITHIN {
            bail!("the library was not indexed within {} s", INDEXED_WITHIN.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Asks now and then, until told that it is over.
fn probe(port: u16, is_done: &AtomicBool) -> anyhow::Result<[Latencies; 2]> {
    let mut client = Client::connect(port)?;
    let [mut hello, mut search] = [Latencies::default(), Latencies::default()];
    let needles = ["masterpiece", "silver whale", "大海", "zxqvwk", "seed: 1", "lora:rust"];
    for needle in needles.iter().cycle() {
        if is_done.load(Ordering::Relaxed) {
            break;
        }
        hello.add(client.get(&format!("{BASE}/hello"))?.took, 0, &"hello");
        let answer = client.post(&format!("{BASE}/db/search_by_substr"), &json!({"surstr": needle}))?;
        search.add(answer.took, answer.json()?["files"].as_array().map_or(0, Vec::len), needle);
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok([hello, search])
}

/// Bytes of the data folder that the disk really holds.
pub(crate) fn disk(program: &Program, library: &OnDisk, report: &mut Report) -> anyhow::Result<()> {
    let mut parts = Vec::new();
    let mut total = 0;
    for entry in std::fs::read_dir(&program.data)? {
        let entry = entry?;
        let bytes = allocated_bytes(&entry.path())?;
        total += bytes;
        parts.push(format!("{} {}", entry.file_name().display(), mebibytes(bytes)));
    }
    parts.sort();
    let per_image = total / u64::from(library.synth.len().max(1));
    report.row("disk per image, all indexes", format!("{per_image} bytes ({})", parts.join(", ")));
    Ok(())
}

fn allocated_bytes(path: &Path) -> anyhow::Result<u64> {
    let metadata = std::fs::symlink_metadata(path)?;
    let mut bytes = metadata.blocks() * 512;
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path)? {
            bytes += allocated_bytes(&entry?.path())?;
        }
    }
    Ok(bytes)
}

/// An update when nothing changed, beside a bare walk in the same run.
pub(crate) fn rescan(program: &Program, library: &OnDisk, report: &mut Report) -> anyhow::Result<()> {
    let mut server = program.start()?;
    let mut client = server.client()?;
    let (mut rescans, mut walks) = (Vec::new(), Vec::new());
    client.post(&format!("{BASE}/db/update_image_data"), &json!({}))?.json()?;
    for _ in 0..5 {
        let answer = client.post(&format!("{BASE}/db/update_image_data"), &json!({}))?;
        answer.json()?;
        rescans.push(answer.took);
        walks.push(stat_walk(&library.folder).1);
    }
    rescans.sort_unstable();
    walks.sort_unstable();
    let (rescan, walk) = (rescans[2].as_secs_f64(), walks[2].as_secs_f64());
    report.row(
        "unchanged rescan, median of 5",
        format!(
            "{:.0} ms, {:.2} times a bare parallel stat walk ({:.0} ms)",
            rescan * 1e3,
            rescan / walk,
            walk * 1e3
        ),
    );
    drop(client);
    server.stop()?;
    Ok(())
}

/// From the start of the process to the first page of a search, after a stop and after a kill.
pub(crate) fn restarts(program: &Program, library: &OnDisk, report: &mut Report) -> anyhow::Result<()> {
    let (mut stopped, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let mut server = program.start()?;
        stopped.push(first_answer(&mut server)?);
        server.kill()?;
        let mut server = program.start()?;
        killed.push(first_answer(&mut server)?);
        server.stop()?;
    }
    report.row("start to first answer, after a stop", spread(&mut stopped));
    report.row("start to first answer, after kill -9", spread(&mut killed));

    // Killed while it writes: a data folder of its own, half filled.
    let half = tempfile::tempdir_in(program.data.parent().unwrap_or(Path::new(".")))?;
    let program = Program {
        data: half.path().join("data"),
        binary: program.binary.clone(),
        library: program.library.clone(),
    };
    let mut server = program.start()?;
    let mut client = server.client()?;
    let started = Instant::now();
    loop {
        let count = client.get(&format!("{BASE}/db/basic_info"))?.json()?["img_count"].as_u64();
        if count.unwrap_or(0) >= u64::from(library.synth.len() / 2)
            || started.elapsed() > Duration::from_secs(600)
        {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    server.kill()?;
    let mut server = program.start()?;
    let first = first_answer(&mut server)?;
    report.row(
        "start to first answer, after kill -9 amid the first index",
        format!("{:.0} ms", first.as_secs_f64() * 1e3),
    );
    Ok(())
}

fn first_answer(server: &mut Server) -> anyhow::Result<Duration> {
    let mut client = server.client()?;
    let page =
        client.post(&format!("{BASE}/db/search_by_substr"), &json!({"surstr": "masterpiece"}))?.json()?;
    let took = server.started.elapsed();
    if page["files"].as_array().is_none_or(Vec::is_empty) {
        bail!("nothing was found after a restart");
    }
    Ok(took)
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let ms = |at: usize| times[at].as_secs_f64() * 1e3;
    format!("median {:.0} ms, worst {:.0} ms of {}", ms(times.len() / 2), ms(times.len() - 1), times.len())
}
