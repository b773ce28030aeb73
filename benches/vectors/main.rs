//! Searches among the vectors of many distinct prompts, and what they cost to get ready.
//!
//! ```sh
//! cargo bench --bench vectors                     # 200,000 prompts
//! cargo bench --bench vectors -- --prompts 20000
//! ```
//!
//! Everything goes the way it goes in life: generation texts in a ledger, the projection that follows them,
//! the built-in model that learns from them, an edition with a graph, opened anew. The prompts are planted:
//! each is of one of some topics with words of their own, beside words that all share and words at random.
//! What a search should find is found by looking at every vector.
#![allow(missing_docs, clippy::unwrap_used)]

mod filling;
mod planted;

use lumidex::ledger::Ledger;
use lumidex::ledger::paid::Paid;
use lumidex::projection::follower::catch_up;
use lumidex::projection::vectors::{BUILTIN, Space, VectorsProjection, VectorsReader};
use lumidex::sys::Stop;
use lumidex_schema::id::PromptId;
use lumidex_schema::layout;
use planted::Planted;
use roaring::RoaringBitmap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Neighbours asked for.
const K: usize = 10;
/// Searches of each kind.
const SEARCHES: usize = 400;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut arguments = std::env::args().skip_while(|argument| argument != "--prompts").skip(1);
    let n: u32 = arguments.next().map_or(200_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let planted = Planted::new(n);
    let ledger = filling::filled(folder.path(), (0..n).map(|nth| planted.prompt(nth)));
    println!("{n} distinct prompts of {} topics\n\n| figure | measured |\n|---|---|", planted.n_topics());
    get_ready(folder.path(), &ledger, n);
    let (vectors, space) = opened(folder.path(), &ledger);
    println!("| anonymous memory with everything open | {} MiB |", anonymous_mib());
    println!(
        "| disk, the folder of vectors | {} MiB |",
        disk_bytes(&folder.path().join(layout::VECTORS)) >> 20
    );
    println!("\n| search, best {K} | p50 ms | p99 ms | max ms | recall |\n|---|---|---|---|---|");
    let all = Everything::of(&space, n);
    let near: Vec<Vec<f32>> =
        (0..SEARCHES as u32).map(|nth| all.row(nth * (n / SEARCHES as u32)).to_vec()).collect();
    let asked: Vec<Vec<f32>> =
        (0..SEARCHES as u32).map(|nth| vectors.embed_query(&planted.query(nth)).unwrap().unwrap()).collect();
    let kept = |of: u32| -> RoaringBitmap {
        (0..n).filter(|prompt| prompt.wrapping_mul(2_654_435_761) % of == 0).collect()
    };
    for (what, queries, allowed) in [
        ("like a prompt", &near, None),
        ("three words", &asked, None),
        ("like a prompt, of 1 %", &near, Some(kept(100))),
        ("three words, of 1 %", &asked, Some(kept(100))),
        ("like a prompt, of 10 %", &near, Some(kept(10))),
        ("like a prompt, of 50 %", &near, Some(kept(2))),
        ("like a prompt, all but few", &near, Some((0..n).filter(|prompt| prompt % 997 != 0).collect())),
    ] {
        measure(what, &space, queries, allowed.as_ref(), &all);
    }
}

fn get_ready(folder: &Path, ledger: &Ledger, n: u32) {
    let mut projection = VectorsProjection::open(&folder.join(layout::VECTORS));
    let began = Instant::now();
    catch_up(&mut projection, ledger, &Stop::never(), &mut |_, _| {}).unwrap();
    println!("| following the ledger | {:.0} texts/s |", f64::from(n) / began.elapsed().as_secs_f64());
    let vectors = projection.reader(ledger.clone(), Paid::at(&folder.join(layout::PAID)));
    assert_eq!(vectors.n_prompts(), n);
    // Where its parts end is told by how far it is.
    let (began, processor) = (Instant::now(), processor_time());
    let mut at = [Duration::ZERO; 2];
    let mut graph_from = Duration::ZERO;
    vectors
        .ready_builtin(&mut |done: f32| {
            if done <= 0.3 {
                at[0] = began.elapsed();
            } else if done <= 0.6 {
                at[1] = began.elapsed();
                graph_from = processor_time();
            }
            true
        })
        .unwrap();
    let (whole, graph) = (began.elapsed(), (processor_time() - graph_from).as_secs_f64());
    println!("| learning | {:.1} s |", at[0].as_secs_f64());
    println!("| making and keeping vectors | {:.1} s |", (at[1] - at[0]).as_secs_f64());
    println!(
        "| building the graph | {:.1} s, {:.0} vectors a second of one core |",
        (whole - at[1]).as_secs_f64(),
        f64::from(n) / graph
    );
    println!(
        "| all of it | {:.1} s, {:.1} s of processor time |",
        whole.as_secs_f64(),
        (processor_time() - processor).as_secs_f64()
    );
    println!("| anonymous memory, peak | {} MiB |", peak_mib());
}

fn opened(folder: &Path, ledger: &Ledger) -> (VectorsReader, Arc<Space>) {
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..5 {
        drop(last.take());
        let began = Instant::now();
        let projection = VectorsProjection::open(&folder.join(layout::VECTORS));
        let prompts = began.elapsed();
        let vectors = projection.reader(ledger.clone(), Paid::at(&folder.join(layout::PAID)));
        let space = vectors.space(BUILTIN).unwrap();
        times.push((began.elapsed(), prompts));
        assert!(space.has_graph() && space.n_tail() == 0);
        last = Some((vectors, space));
    }
    times.sort();
    let (whole, prompts) = times[2];
    println!("| opening at start: prompts | {} ms |", prompts.as_millis());
    println!("| and vectors, proved, when first asked for | {} ms |", (whole - prompts).as_millis());
    last.unwrap()
}

/// Every vector.
struct Everything {
    dim: usize,
    rows: Vec<f32>,
}

impl Everything {
    fn of(space: &Space, n: u32) -> Self {
        let rows = (0..n).flat_map(|prompt| space.vector(PromptId(prompt)).unwrap()).collect();
        Self { dim: space.dim(), rows }
    }

    fn row(&self, prompt: u32) -> &[f32] {
        &self.rows[prompt as usize * self.dim..][..self.dim]
    }

    /// The score that the last of the best has.
    fn bound(&self, query: &[f32], allowed: Option<&RoaringBitmap>) -> f32 {
        let length = query.iter().map(|value| value * value).sum::<f32>().sqrt();
        let score = |row: &[f32]| row.iter().zip(query).map(|(a, b)| a * b).sum::<f32>() / length;
        let mut scores: Vec<f32> = match allowed {
            Some(allowed) => allowed.iter().map(|prompt| score(self.row(prompt))).collect(),
            None => self.rows.chunks_exact(self.dim).map(score).collect(),
        };
        let (_, bound, _) = scores.select_nth_unstable_by(K - 1, |a, b| b.total_cmp(a));
        *bound
    }
}

fn measure(
    what: &str,
    space: &Space,
    queries: &[Vec<f32>],
    allowed: Option<&RoaringBitmap>,
    all: &Everything,
) {
    let mut times = Vec::new();
    let mut found = 0;
    for query in queries {
        let began = Instant::now();
        let best = space.search(query, allowed, K, -1.0);
        times.push(began.elapsed());
        // One that is as near as the last of the best is as good.
        let bound = all.bound(query, allowed) - 1e-5;
        found += best.iter().filter(|(_, score)| *score >= bound).count();
    }
    times.sort();
    let ms = |nth: usize| times[nth].as_secs_f64() * 1e3;
    let recall = found as f64 / (queries.len() * K) as f64;
    println!(
        "| {what} | {:.2} | {:.2} | {:.2} | {recall:.3} |",
        ms(times.len() / 2),
        ms(times.len() * 99 / 100),
        ms(times.len() - 1)
    );
}

fn status_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or_default()
}

fn anonymous_mib() -> u64 {
    status_kib("RssAnon:") >> 10
}

fn peak_mib() -> u64 {
    status_kib("VmHWM:").saturating_sub(status_kib("RssFile:")) >> 10
}

fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|nth| fields.get(*nth)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn disk_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => disk_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
