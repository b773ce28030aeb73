//! Thumbnails under pressure: many connections that ask again as soon as they are answered.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;

use super::library::OnDisk;
use super::report::{Latencies, Report};
use super::server::{BASE, Program};

const CONNECTIONS: usize = 64;
/// Threads that serve them: as few as can, because the server has the same processors.
const THREADS: usize = 2;
const LASTS: Duration = Duration::from_secs(5);
/// Thumbnails asked for in turn.
const IMAGES: u32 = 256;

/// Asks for thumbnails that are cached, and for the same with their version.
pub(crate) fn thumbnails(program: &Program, library: &OnDisk, report: &mut Report) -> anyhow::Result<()> {
    let mut server = program.start()?;
    let mut client = server.client()?;
    client.post(&format!("{BASE}/db/update_image_data"), &json!({}))?.json()?;
    let mut asked = Vec::new();
    for n in 0..library.synth.len() {
        let image = library.synth.image(n);
        let path = library.folder.join(&image.folder).join(&image.name);
        let target = format!("{BASE}/image-thumbnail?path={}&size=512x512&t=0", encoded(&path));
        let answer = client.get(&target)?;
        if answer.status == 200 {
            asked.push(target);
        }
        if asked.len() == IMAGES as usize {
            break;
        }
    }
    let mut plain = Vec::new();
    let mut known = Vec::new();
    for target in &asked {
        let head = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        let etag = etag_of(server.port, &head)?;
        plain.push(format!("{head}\r\n"));
        known.push(format!("{head}If-None-Match: {etag}\r\n\r\n"));
    }
    for (name, requests, status) in
        [("thumbnail, cached", &plain, 200), ("thumbnail, not modified", &known, 304)]
    {
        let (latencies, took) = press(server.port, requests, status)?;
        let rate = latencies.times.len() as f64 / took.as_secs_f64();
        report.row(&format!("{name}, {CONNECTIONS} connections"), format!("{rate:.0} requests/s"));
        report.search(&format!("{name}, {CONNECTIONS} connections"), latencies);
    }
    drop(client);
    server.stop()?;
    Ok(())
}

/// Every connection has one request under way at a time.
fn press(port: u16, requests: &[String], status: u16) -> anyhow::Result<(Latencies, Duration)> {
    let began = Instant::now();
    let parts: Vec<anyhow::Result<Latencies>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|nth| scope.spawn(move || connections(port, requests, status, nth))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| bail!("a thread panicked")))
            .collect()
    });
    let took = began.elapsed();
    let mut all = Latencies::default();
    for part in parts {
        for time in part?.times {
            all.add(time, 1, &"");
        }
    }
    Ok((all, took))
}

fn connections(port: u16, requests: &[String], status: u16, nth: usize) -> anyhow::Result<Latencies> {
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS / THREADS {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        streams.push((BufReader::with_capacity(64 * 1024, stream), Instant::now()));
    }
    let mut latencies = Latencies::default();
    let mut next = nth;
    let mut body = Vec::new();
    let mut send = |stream: &mut (BufReader<TcpStream>, Instant)| {
        next = (next + THREADS) % requests.len();
        stream.1 = Instant::now();
        stream.0.get_mut().write_all(requests[next].as_bytes())
    };
    for stream in &mut streams {
        send(stream)?;
    }
    let began = Instant::now();
    while began.elapsed() < LASTS {
        for stream in &mut streams {
            let got = receive(&mut stream.0, &mut body)?.0;
            if got != status {
                bail!("status {got} where {status} was expected");
            }
            latencies.times.push(stream.1.elapsed());
            send(stream)?;
        }
    }
    Ok(latencies)
}

/// Status and version of one answer; its body is read and forgotten.
fn receive(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> anyhow::Result<(u16, String)> {
    let mut line = String::new();
    let (mut status, mut length, mut etag) = (0, 0_usize, String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        if status == 0 {
            status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).context("a status line")?;
        }
        if let Some((name, value)) = text.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            } else if name.eq_ignore_ascii_case("etag") {
                value.trim().clone_into(&mut etag);
            }
        }
    }
    body.resize(length, 0);
    if status != 304 {
        stream.read_exact(body)?;
    }
    Ok((status, etag))
}

fn etag_of(port: u16, head: &str) -> anyhow::Result<String> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port))?);
    stream.get_mut().write_all(format!("{head}\r\n").as_bytes())?;
    let (_, etag) = receive(&mut stream, &mut Vec::new())?;
    if etag.is_empty() { bail!("a thumbnail without a version") } else { Ok(etag) }
}

fn encoded(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        // Writing to a string cannot fail.
        let _ = match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                write!(text, "{}", char::from(*byte))
            }
            byte => write!(text, "%{byte:02X}"),
        };
    }
    text
}
