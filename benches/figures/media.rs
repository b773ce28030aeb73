//! What files cost: a long film and an archive of it over loopback, and folders of many files.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::report::{Latencies, Report};
use super::server::{BASE, Program, Server};

/// Length of the film: longer than a processor's caches, short enough to stay in memory.
const FILM_BYTES: u64 = 2 << 30;
/// Files in the large folder.
const FILES: usize = 100_000;
/// How often each is asked.
const TIMES: usize = 5;

/// Measures over a folder of its own below `dir`.
pub(crate) fn media(program: &Program, dir: &Path, report: &mut Report) -> anyhow::Result<()> {
    let work = tempfile::Builder::new().prefix("lumidex-media-").tempdir_in(dir)?;
    let (film, many) = (work.path().join("film.mp4"), work.path().join("many"));
    File::create(&film)?.set_len(FILM_BYTES)?;
    std::fs::create_dir(&many)?;
    for nth in 0..FILES {
        File::create(many.join(format!("{nth:06}.png")))?;
    }
    let program = Program {
        binary: program.binary.clone(),
        library: work.path().to_owned(),
        data: work.path().join("data"),
    };
    let mut server = program.start()?;
    let mut client = server.client()?;
    // Settled: what follows is not to compete with the walk.
    client.post(&format!("{BASE}/db/update_image_data"), &serde_json::json!({}))?.json()?;

    let get = format!("GET {BASE}/file?path={} HTTP/1.1", film.display());
    streamed(&server, report, "2 GiB film over loopback", &get, "")?;
    let body = serde_json::json!({ "paths": [film] }).to_string();
    streamed(&server, report, "archive of it, stored", &format!("POST {BASE}/zip HTTP/1.1"), &body)?;

    let mut latencies = Latencies::default();
    for _ in 0..TIMES {
        let answer = client.get(&format!("{BASE}/files?folder_path={}", many.display()))?;
        let n = answer.json()?["files"].as_array().map_or(0, Vec::len);
        if n != FILES {
            bail!("{n} of {FILES} files are listed");
        }
        latencies.add(answer.took, n, &"a folder of 100,000 files");
    }
    report.search("folder of 100,000 files", latencies);
    let mut latencies = Latencies::default();
    for _ in 0..TIMES {
        let body = serde_json::json!({ "paths": [many] });
        let answer = client.post(&format!("{BASE}/batch_top_4_media_info"), &body)?;
        let n = answer.json()?.as_object().and_then(|o| o.values().next()?.as_array()).map_or(0, Vec::len);
        latencies.add(answer.took, n, &"its cover");
    }
    report.search("cover of that folder", latencies);
    server.stop()?;
    Ok(())
}

fn streamed(
    server: &Server,
    report: &mut Report,
    what: &str,
    request: &str,
    body: &str,
) -> anyhow::Result<()> {
    let before = server.anonymous_bytes();
    let memory = server.watch_memory();
    let used = server.processor_seconds();
    let mut best = 0.0_f64;
    let mut all = Duration::ZERO;
    for _ in 0..TIMES {
        let started = Instant::now();
        let n = read_all(server.port, request, body)?;
        let took = started.elapsed();
        if n < FILM_BYTES {
            bail!("{n} bytes came of {FILM_BYTES}");
        }
        best = best.max(n as f64 / took.as_secs_f64() / 1e9);
        all += took;
    }
    let mean = FILM_BYTES as f64 * TIMES as f64 / all.as_secs_f64() / 1e9;
    let used = (server.processor_seconds() - used) / TIMES as f64;
    let grown = memory.peak_bytes().saturating_sub(before) as f64 / 1e6;
    report.row(
        what,
        format!("{best:.2} GB/s at best, {mean:.2} on average; {used:.2} s of processor, {grown:.1} MB more memory"),
    );
    Ok(())
}

/// Bytes behind the head of an answer, which are thrown away.
fn read_all(port: u16, request: &str, body: &str) -> anyhow::Result<u64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let head = format!(
        "{request}\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if !line.contains(" 200 ") {
        bail!("answered {line}");
    }
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).context("a header")?;
    }
    let mut n = reader.buffer().len() as u64;
    let mut stream = reader.into_inner();
    let mut buffer = vec![0; 512 << 10];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(n),
            read => n += read as u64,
        }
    }
}
