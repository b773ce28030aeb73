//! Topics of a whole library, as a job finds them, and searches by meaning.
//!
//! ```sh
//! cargo bench --bench topics                         # 10,000, 30,000 and 100,000 prompts
//! cargo bench --bench topics -- --prompts 200000
//! ```
//!
//! Everything goes the way it goes in life: generation texts in a ledger, an open library that follows them,
//! the built-in embedder, and the room where topics are found. Topics are planted, so that what is found can
//! be compared with them.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../vectors/filling.rs"]
mod filling;

use lumidex::intake::IntakeSettings;
use lumidex::library::{Library, LibraryOptions};
use lumidex::sys::Stop;
use lumidex::topics::{Embedding, MeaningAsk, Scope, Stage, TopicSet, TopicsAsk};
use lumidex_topics::planted::{Plan, adjusted_rand, library};
use std::time::{Duration, Instant};

/// Prompts of a topic, on average.
const OF_A_TOPIC: usize = 250;
/// Searches.
const SEARCHES: usize = 200;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut arguments = std::env::args().skip_while(|argument| argument != "--prompts").skip(1);
    let sizes = arguments.next().map_or(vec![10_000, 30_000, 100_000], |n| vec![n.parse().unwrap()]);
    println!(
        "| prompts | learning and graph s | finding: clusters s | titles s | again s | ARI | topics | memory, peak MiB | by meaning p50 ms | p99 ms | hybrid p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for n in sizes {
        measure(n);
    }
}

fn measure(n: usize) {
    let folder = tempfile::tempdir().unwrap();
    let planted = library(&Plan::usual(7, n, (n / OF_A_TOPIC).max(10)));
    drop(filling::filled(folder.path(), planted.prompts.iter().cloned()));
    let options = LibraryOptions {
        data_dir: folder.path().to_owned(),
        intake: IntakeSettings::default(),
        watch: None,
        granted: None,
    };
    let opened = Library::open(&options).unwrap();
    let head = opened.ledger().head();
    assert!(opened.wait_prompts(head, Duration::from_secs(600)));
    assert!(opened.query().wait_visible(head, Duration::from_secs(600)));
    let scope = Scope { folders: vec![filling::ROOT.to_vec()], recursive: true };
    let began = Instant::now();
    opened.topics().embed(&scope, Embedding::default(), &Stop::never()).unwrap();
    let learning = began.elapsed();
    reset_peak();
    let ask = TopicsAsk::of(scope.clone());
    let (began, mut titling) = (Instant::now(), None);
    let found = opened.topics().find(
        &ask,
        &mut |stage, _| {
            if stage == Stage::Titling && titling.is_none() {
                titling = Some(began.elapsed());
            }
        },
        &Stop::never(),
    );
    let (found, whole) = (found.unwrap(), began.elapsed());
    let peak = peak_mib();
    let again = Instant::now();
    opened.topics().find(&ask, &mut |_, _| {}, &Stop::never()).unwrap();
    let again = again.elapsed();
    let titling = titling.unwrap();
    let score = agreement(&found, &planted.topics);
    let queries: Vec<&str> =
        planted.prompts.iter().step_by(n / SEARCHES).map(|prompt| words(prompt)).collect();
    let [near, hybrid] = [false, true].map(|hybrid| times(&opened, &scope, &queries, hybrid));
    println!(
        "| {n} | {:.1} | {:.1} | {:.1} | {:.2} | {score:.3} | {} | {peak} | {:.1} | {:.1} | {:.1} |",
        learning.as_secs_f64(),
        titling.as_secs_f64(),
        (whole - titling).as_secs_f64(),
        again.as_secs_f64(),
        found.topics.len(),
        at(&near, 50),
        at(&near, 99),
        at(&hybrid, 99),
    );
}

/// Adjusted Rand index against what was planted, over prompts that have a topic; an image of no topic is one
/// of its own.
fn agreement(found: &TopicSet, planted: &[Option<usize>]) -> f64 {
    let mut labels = vec![usize::MAX; planted.len()];
    for (nth, topic) in found.topics.iter().enumerate() {
        for image in &topic.images {
            labels[*image as usize - 1] = nth;
        }
    }
    let alone = found.topics.len();
    let pairs = labels.into_iter().enumerate().zip(planted);
    let (found, truth): (Vec<usize>, Vec<usize>) = pairs
        .filter_map(|((image, label), topic)| {
            Some((if label == usize::MAX { alone + image } else { label }, (*topic)?))
        })
        .unzip();
    adjusted_rand(&found, &truth)
}

/// The beginning of a prompt, as somebody might search for it.
fn words(prompt: &str) -> &str {
    let end = prompt.match_indices(',').nth(3).map_or(prompt.len(), |(at, _)| at);
    &prompt[..end]
}

fn times(library: &Library, scope: &Scope, queries: &[&str], hybrid: bool) -> Vec<Duration> {
    let mut times = Vec::new();
    for query in queries {
        let ask = MeaningAsk {
            query: (*query).to_owned(),
            scope: scope.clone(),
            embedding: Embedding::default(),
            top_k: 80,
            min_score: 0.0,
            ensure_embed: true,
            hybrid,
        };
        let began = Instant::now();
        let found = library.topics().by_meaning(&ask, &Stop::never()).unwrap();
        times.push(began.elapsed());
        assert!(!found.found.is_empty(), "{query}");
    }
    times.sort_unstable();
    times
}

fn at(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

fn reset_peak() {
    // Where that is not possible, the peak is that of everything before.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or_default() >> 10
}
