//! The table.

use std::time::Duration;

use super::library::OnDisk;
use super::machine;

/// Rows gathered while measuring.
pub(crate) struct Report {
    facts: String,
    images: u32,
    rows: Vec<(String, String)>,
    searches: Vec<(String, Latencies)>,
}

/// Times of many requests of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies {
    pub(crate) times: Vec<Duration>,
    /// Images found on the first page, over all requests.
    pub(crate) found: usize,
    /// Requests refused because they would take too long.
    pub(crate) refused: usize,
    /// The request that took longest, and how long.
    pub(crate) slowest: Option<(Duration, String)>,
}

impl Latencies {
    /// A request that found so many images.
    pub(crate) fn add(&mut self, took: Duration, found: usize, request: &dyn std::fmt::Display) {
        self.times.push(took);
        self.found += found;
        if self.slowest.as_ref().is_none_or(|(slowest, _)| took > *slowest) {
            self.slowest = Some((took, request.to_string()));
        }
    }

    /// In milliseconds; 0 when there are none.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

impl Report {
    pub(crate) fn new(library: &OnDisk) -> Self {
        Self {
            facts: machine::facts(&library.folder),
            images: library.synth.len(),
            rows: Vec::new(),
            searches: Vec::new(),
        }
    }

    /// A figure that is one number or two.
    pub(crate) fn row(&mut self, figure: &str, value: String) {
        eprintln!("  {figure}: {value}");
        self.rows.push((figure.to_owned(), value));
    }

    /// A kind of request.
    pub(crate) fn search(&mut self, kind: &str, latencies: Latencies) {
        let slowest = latencies.slowest.as_ref().map_or("", |(_, request)| request);
        let [middle, high] = [50, 99].map(|percent| latencies.percentile_ms(percent));
        eprintln!("  {kind}: p50 {middle:.2} p99 {high:.2} ms, slowest {slowest}");
        self.searches.push((kind.to_owned(), latencies));
    }

    pub(crate) fn print(&self) {
        println!("{} images. {}.\n", self.images, self.facts);
        println!("| figure | measured |\n|---|---|");
        for (figure, value) in &self.rows {
            println!("| {figure} | {value} |");
        }
        println!(
            "\n| request, over keep-alive | p50 ms | p99 ms | max ms | requests | refused | hits a page |\n|---|---|---|---|---|---|---|"
        );
        for (kind, latencies) in &self.searches {
            println!(
                "| {kind} | {:.2} | {:.2} | {:.2} | {} | {} | {} |",
                latencies.percentile_ms(50),
                latencies.percentile_ms(99),
                latencies.percentile_ms(100),
                latencies.times.len(),
                latencies.refused,
                latencies.found / latencies.times.len().max(1),
            );
        }
    }
}
