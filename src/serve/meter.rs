//! What the server counts of itself, as Prometheus text. Refuses to know what the numbers mean.

use super::table::{ROUTES, Route};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Upper ends of the buckets, in seconds.
const BUCKETS_S: [f64; 9] = [0.001, 0.003, 0.005, 0.012, 0.05, 0.1, 0.5, 2.0, 10.0];

/// Counts of every route.
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    routes: Vec<Count>,
    strays: AtomicU64,
}

#[derive(Debug, Default)]
struct Count {
    /// By hundreds of the status.
    answered: [AtomicU64; 6],
    buckets: [AtomicU64; BUCKETS_S.len()],
    micros: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            routes: ROUTES.iter().map(|_| Count::default()).collect(),
            strays: AtomicU64::new(0),
        }
    }

    /// A route has answered.
    pub(crate) fn count(&self, route: &'static Route, status: u16, took: Duration) {
        let Some(at) = ROUTES.iter().position(|known| std::ptr::eq(known, route)) else { return };
        let count = &self.routes[at];
        count.answered[usize::from(status / 100).min(5)].fetch_add(1, Relaxed);
        count.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        if let Some(bucket) = BUCKETS_S.iter().position(|end| took.as_secs_f64() <= *end) {
            count.buckets[bucket].fetch_add(1, Relaxed);
        }
    }

    /// A request matched no route.
    pub(crate) fn count_stray(&self) {
        self.strays.fetch_add(1, Relaxed);
    }

    /// How long the server has been up.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Everything that was counted, with these gauges of the library.
    pub(crate) fn text(&self, gauges: &[(&str, &str, u64)]) -> String {
        let mut text = String::with_capacity(16 << 10);
        for (name, help, value) in gauges {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        let _ = writeln!(
            text,
            "# TYPE lumidex_uptime_seconds gauge\nlumidex_uptime_seconds {}",
            self.uptime().as_secs()
        );
        let _ = writeln!(
            text,
            "# TYPE lumidex_http_strays_total counter\nlumidex_http_strays_total {}",
            self.strays.load(Relaxed)
        );
        text.push_str("# TYPE lumidex_http_requests_total counter\n");
        for (route, count) in ROUTES.iter().zip(&self.routes) {
            for (hundreds, n) in count.answered.iter().enumerate() {
                let n = n.load(Relaxed);
                if n > 0 {
                    let _ = writeln!(
                        text,
                        "lumidex_http_requests_total{{{},status=\"{hundreds}xx\"}} {n}",
                        label(route)
                    );
                }
            }
        }
        text.push_str("# TYPE lumidex_http_request_seconds histogram\n");
        for (route, count) in ROUTES.iter().zip(&self.routes) {
            let total: u64 = count.answered.iter().map(|n| n.load(Relaxed)).sum();
            if total == 0 {
                continue;
            }
            let label = label(route);
            let mut below = 0;
            for (end, n) in BUCKETS_S.iter().zip(&count.buckets) {
                below += n.load(Relaxed);
                let _ = writeln!(text, "lumidex_http_request_seconds_bucket{{{label},le=\"{end}\"}} {below}");
            }
            let seconds = Duration::from_micros(count.micros.load(Relaxed)).as_secs_f64();
            let _ = writeln!(text, "lumidex_http_request_seconds_bucket{{{label},le=\"+Inf\"}} {total}");
            let _ = writeln!(text, "lumidex_http_request_seconds_sum{{{label}}} {seconds}");
            let _ = writeln!(text, "lumidex_http_request_seconds_count{{{label}}} {total}");
        }
        text
    }
}

fn label(route: &Route) -> String {
    format!("method=\"{}\",route=\"{}{}\"", route.method.word(), route.at.word(), route.path)
}
