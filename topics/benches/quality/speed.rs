//! Time and memory of learning, embedding and clustering.

use std::time::Instant;

use lumidex_topics::builtin::{DIM, Model};
use lumidex_topics::clusters::{Items, Params, cluster};
use lumidex_topics::planted::{Plan, library};
use lumidex_topics::{Unwatched, cleaned};

use crate::near::{Graph, vectors};

/// Largest resident memory so far, in MiB; 0 where the system does not say.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Wall-clock and processor seconds since another moment: the second does not mind what else the machine does.
struct Clock {
    wall: Instant,
    processor: f64,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), processor: processor_s() }
    }

    fn seconds(&self) -> [f64; 2] {
        [self.wall.elapsed().as_secs_f64(), processor_s() - self.processor]
    }

    fn shown(&self) -> String {
        let [wall, processor] = self.seconds();
        format!("{wall:.1} ({processor:.1})")
    }
}

/// Processor seconds of all threads so far; 0 where the system does not say.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

pub(crate) fn table() {
    println!(
        "Seconds are of the clock, in brackets of the processor; rates are per second of the processor."
    );
    println!();
    println!(
        "| prompts | cleaned | fitted s | embedded | model MiB | HNSW built s | clustered s, look-ups included | clusters | peak MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for n in [10_000, 30_000, 100_000, 200_000] {
        row(n);
    }
}

fn row(n: usize) {
    let library = library(&Plan::usual(7, n, n / 250));
    let clock = Clock::start();
    let prompts: Vec<String> = library.prompts.iter().map(|prompt| cleaned(prompt, 4_000).unwrap()).collect();
    let cleaning = n as f64 / clock.seconds()[1];
    drop(library);
    let clock = Clock::start();
    let model = Model::fit(&prompts, &mut Unwatched).unwrap();
    let fitted = clock.shown();
    let clock = Clock::start();
    let vectors = vectors(&model, &prompts);
    let embedding = n as f64 / clock.seconds()[1];
    drop(prompts);
    let size = model.encode().len() as f64 / 1_048_576.0;
    let (built, clustered, n_clusters) = if n > 100_000 {
        ("-".to_owned(), "-".to_owned(), "-".to_owned())
    } else {
        let weights = vec![1u32; n];
        let items = Items::new(DIM, &vectors, &weights);
        let clock = Clock::start();
        let graph = Graph::of(items);
        let built = clock.shown();
        let clock = Clock::start();
        let found = cluster(&items, &graph, &Params::default(), &mut Unwatched).unwrap();
        (built, clock.shown(), found.clusters.len().to_string())
    };
    println!(
        "| {n} | {cleaning:.0} | {fitted} | {embedding:.0} | {size:.1} | {built} | {clustered} | {n_clusters} | {} |",
        peak_mib()
    );
}
