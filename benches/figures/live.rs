//! From a file being written to its being found, while others keep coming; and what watching costs
//! when nothing happens.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;

use super::client::Client;
use super::library::OnDisk;
use super::report::{Latencies, Report};
use super::server::{BASE, Program};

const FILES_PER_SECOND: u32 = 50;
const WRITTEN_FOR: Duration = Duration::from_secs(20);
const IDLE_FOR: Duration = Duration::from_secs(20);
/// Longer than followers take to make durable what they show, and to rest.
const REST: Duration = Duration::from_secs(15);
/// After this a file counts as missed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file that was just written whole.
struct Written {
    /// Found in its path and nowhere else.
    needle: String,
    at: Instant,
}

/// Writes files into the library's own folders and asks for each until it is found. Leaves the
/// library as it was.
pub(crate) fn live(program: &Program, library: &OnDisk, report: &mut Report) -> anyhow::Result<()> {
    let mut server = program.start()?;
    let mut client = server.client()?;
    client.post(&format!("{BASE}/db/update_image_data"), &json!({}))?.json()?;
    std::thread::sleep(REST);
    let before = server.processor_seconds();
    std::thread::sleep(IDLE_FOR);
    let idle = server.processor_seconds() - before;
    report.row(
        "processor while idle and watching",
        format!("{:.2} % of one over {} s", idle / IDLE_FOR.as_secs_f64() * 100.0, IDLE_FOR.as_secs()),
    );

    let n_files = FILES_PER_SECOND * u32::try_from(WRITTEN_FOR.as_secs())?;
    let paths: Vec<PathBuf> = (0..n_files).map(|n| path_of(library, n)).collect();
    let before = server.processor_seconds();
    let measured = std::thread::scope(|scope| {
        let (sender, written) = channel();
        let paths = &paths;
        scope.spawn(move || {
            let began = Instant::now();
            for (n, path) in (0..n_files).zip(paths) {
                let turn = began + Duration::from_secs(1) * n / FILES_PER_SECOND;
                std::thread::sleep(turn.saturating_duration_since(Instant::now()));
                let done = write(library, n, path);
                // Who asks may have given up.
                if sender.send(done).is_err() {
                    return;
                }
            }
        });
        await_all(&mut client, &written)
    });
    let busy = server.processor_seconds() - before;
    for path in &paths {
        let _ = std::fs::remove_file(path);
    }
    let latencies = measured?;
    if latencies.times.len() != n_files as usize {
        bail!("{} files of {n_files} were found", latencies.times.len());
    }
    report.search(&format!("written to found, {FILES_PER_SECOND} files/s"), latencies);
    report.row(
        "processor per file written and found, asking included",
        format!("{:.2} ms", busy / f64::from(n_files) * 1e3),
    );
    drop(client);
    server.stop()?;
    Ok(())
}

/// Beside an image of the library, spread over its folders, under a name of its own.
fn path_of(library: &OnDisk, n: u32) -> PathBuf {
    let beside = library.synth.image(n.wrapping_mul(7_919) % library.synth.len().max(1));
    let content = library.synth.image(library.synth.len() + n);
    let ending = Path::new(&content.name).extension().unwrap_or_default().to_owned();
    let name = format!("live-{}-{n:06}.{}", std::process::id(), ending.display());
    library.folder.join(&beside.folder).join(name)
}

fn write(library: &OnDisk, n: u32, path: &Path) -> anyhow::Result<Written> {
    // Images beyond the end of a library are still distinct.
    let content = library.synth.image(library.synth.len() + n).bytes();
    std::fs::write(path, content).with_context(|| format!("writing {}", path.display()))?;
    let at = Instant::now();
    let stem = path.file_stem().unwrap_or_default();
    Ok(Written { needle: stem.display().to_string(), at })
}

/// Asks for each file in turn, oldest first, until all were found.
fn await_all(client: &mut Client, written: &Receiver<anyhow::Result<Written>>) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    let mut awaited: VecDeque<Written> = VecDeque::new();
    loop {
        match written.try_recv() {
            Ok(one) => {
                awaited.push_back(one?);
                continue;
            }
            Err(TryRecvError::Disconnected) if awaited.is_empty() => return Ok(latencies),
            Err(TryRecvError::Disconnected | TryRecvError::Empty) => {}
        }
        let n_awaited = awaited.len();
        for _ in 0..n_awaited {
            let Some(one) = awaited.pop_front() else { break };
            let body = json!({"surstr": one.needle, "size": 1});
            let answer = client.post(&format!("{BASE}/db/search_by_substr"), &body)?.json()?;
            if answer["files"].as_array().is_some_and(|files| !files.is_empty()) {
                latencies.add(one.at.elapsed(), 1, &one.needle);
            } else if one.at.elapsed() > PATIENCE {
                bail!("`{}` was not found in {} s", one.needle, PATIENCE.as_secs());
            } else {
                awaited.push_back(one);
            }
        }
        // A person's client would not ask more often either; the figure is that much coarser.
        std::thread::sleep(Duration::from_millis(1));
    }
}
