//! Thumbnails for each second of one core, beside Pillow; and the cache beside a file for each.
//!
//! ```sh
//! cargo bench --bench thumbs
//! PYTHON=~/venv/bin/python cargo bench --bench thumbs   # where Pillow is
//! ```
//!
//! Processor time of one thread, on the same files in the same run, in turns with Pillow. A thumbnail is
//! all a request needs: opening, reading, decoding, reducing, encoding, keeping.
#![allow(missing_docs, clippy::unwrap_used)]

mod cache;
mod likeness;
mod picture;

use likeness::likeness;
use lumidex::projection::thumbs::{CacheBounds, Ffmpeg, Frame, Identity, Source, Thumbs};
use lumidex::sys::Stop;
use lumidex::sys::storage::Disk;
use lumidex_schema::id::Timestamp;
use lumidex_schema::media::MediaKind;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Thumbnails of each file in one turn, of which the median counts.
const ROUNDS: u64 = 9;
/// Turns of each side, of which the best counts: what is slower was disturbed.
const TURNS: u64 = 5;
const PICTURES: u64 = 3;

struct Pictures {
    what: &'static str,
    files: Vec<PathBuf>,
    /// Methods of WebP for Pillow: that of the figure, and its own choice.
    methods: [u8; 2],
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    println!(
        "| pictures | lumidex ms | Pillow ms (method) | times as fast | SSIM lumidex | SSIM Pillow | bytes lumidex, Pillow |"
    );
    println!("|---|---|---|---|---|---|---|");
    let own = own();
    for pictures in written(folder.path()) {
        compare(&own, &pictures);
    }
    drop(own);
    cache::compare(folder.path());
}

/// A desk that keeps what it makes, as in life.
fn own() -> Thumbs {
    let folder = std::env::temp_dir().join(format!("lumidex-bench-thumbs-{}", std::process::id()));
    let bounds = CacheBounds { bytes: 256 << 20, segment_bytes: 32 << 20 };
    Thumbs::open(Arc::new(Disk), &folder, bounds, Ffmpeg::default())
}

fn written(folder: &Path) -> Vec<Pictures> {
    let kinds: [(&str, (u32, u32), f32, &str); 5] = [
        ("832x1216 PNG, one filter", (832, 1216), 2.0, "up.png"),
        ("832x1216 PNG, best filters", (832, 1216), 2.0, "best.png"),
        ("832x1216 PNG, best filters, grainy", (832, 1216), 8.0, "grainy.png"),
        ("3840x2160 JPEG", (3840, 2160), 2.0, "a.jpg"),
        ("3840x2160 JPEG, grainy", (3840, 2160), 8.0, "grainy.jpg"),
    ];
    let write = |(what, size, grain, name): (&'static str, (u32, u32), f32, &str)| {
        let file = |nth: u64| {
            let path = folder.join(format!("{nth}{name}"));
            let pixels = picture::drawn(size.0, size.1, nth, grain);
            match name {
                "up.png" => picture::write_png(&path, size, &pixels, png::Filter::Up),
                _ if name.ends_with("png") => picture::write_png(&path, size, &pixels, png::Filter::Adaptive),
                _ => picture::write_jpeg(&path, size, &pixels),
            }
            path
        };
        Pictures { what, files: (0..PICTURES).map(file).collect(), methods: [1, 4] }
    };
    kinds.into_iter().map(write).collect()
}

fn compare(own: &Thumbs, pictures: &Pictures) {
    let mut best: HashMap<(&Path, Option<u8>), f64> = HashMap::new();
    let mut thumbnails = HashMap::new();
    let mut has_pillow = true;
    for turn in 0..TURNS {
        for file in &pictures.files {
            let (ms, bytes) = measured(own, file, turn);
            let least = best.entry((file, None)).or_insert(ms);
            *least = least.min(ms);
            thumbnails.insert(file, bytes);
        }
        for method in pictures.methods {
            let Some(times) = pillow(&pictures.files, method) else {
                has_pillow = false;
                continue;
            };
            for (file, ms) in pictures.files.iter().zip(times) {
                let least = best.entry((file, Some(method))).or_insert(ms);
                *least = least.min(ms);
            }
        }
    }
    let mean = |method: Option<u8>| {
        pictures.files.iter().map(|file| best[&(file.as_path(), method)]).sum::<f64>() / PICTURES as f64
    };
    let mean_likeness = |bytes: &dyn Fn(&PathBuf) -> Vec<u8>| {
        pictures.files.iter().map(|file| likeness(file, &bytes(file))).sum::<f64>() / PICTURES as f64
    };
    let n_own: usize = thumbnails.values().map(Vec::len).sum::<usize>() / PICTURES as usize;
    let own_likeness = mean_likeness(&|file| thumbnails[file].clone());
    if !has_pillow {
        println!(
            "| {} | {:.2} | no Pillow here | | {own_likeness:.4} | | {n_own} |",
            pictures.what,
            mean(None)
        );
        return;
    }
    let of_pillow = |file: &PathBuf| std::fs::read(format!("{}.pillow.webp", file.display())).unwrap();
    for method in pictures.methods {
        pillow(&pictures.files, method);
        let n_pillow: usize =
            pictures.files.iter().map(|file| of_pillow(file).len()).sum::<usize>() / PICTURES as usize;
        println!(
            "| {} | {:.2} | {:.2} ({method}) | {:.2} | {own_likeness:.4} | {:.4} | {n_own}, {n_pillow} |",
            pictures.what,
            mean(None),
            mean(Some(method)),
            mean(Some(method)) / mean(None),
            mean_likeness(&of_pillow),
        );
    }
}

/// Milliseconds of processor time, and the thumbnail.
fn measured(own: &Thumbs, file: &Path, turn: u64) -> (f64, Vec<u8>) {
    let mut times = Vec::new();
    let mut bytes = Vec::new();
    for round in 0..ROUNDS {
        // Another identity each time, so that nothing is found.
        let path = file.to_str().unwrap().as_bytes();
        let identity = Identity::of_file(path, turn * ROUNDS + round, Timestamp(0));
        let source = Source::at(path, identity, MediaKind::Image);
        let start = processor_ms();
        let made = own.get(&source, Frame::COMMON, &Stop::never()).unwrap();
        times.push(processor_ms() - start);
        bytes = made.bytes.to_vec();
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], bytes)
}

/// Milliseconds this thread was run for.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts processor time");
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e6
}

/// Milliseconds of each file; `None` without Pillow.
fn pillow(files: &[PathBuf], method: u8) -> Option<Vec<f64>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/thumbs/pillow.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(python).arg(script).arg(method.to_string()).args(files).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect())
}
