//! Measures the text index over a synthetic corpus: build time, disk, and how long the
//! candidates of a fragment take, by class of fragment.
//!
//! `cargo bench --bench text -- [number of texts]`

use lumidex::projection::text::TextIndex;
use lumidex_schema::checkpoint::Checkpoint;
use lumidex_schema::fold::fold;
use lumidex_schema::id::{EpochToken, Seq, TextId};
use std::time::{Duration, Instant};

const COMMIT_EVERY: u32 = 16_384;

fn main() -> anyhow::Result<()> {
    let n_texts: u32 = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(222_000);
    let mut corpus = Corpus::new(7);
    // Some are kept to cut fragments from; all of them would hide what the index itself takes.
    let mut texts = Vec::new();
    let (mut bytes, mut memory) = (0, 0);
    let mut generating = Duration::ZERO;
    let place = tempfile::tempdir()?;
    let (mut index, _) = TextIndex::open(place.path());
    index.start_empty()?;
    let start = Instant::now();
    for id in 1..=n_texts {
        let generate = Instant::now();
        let text = corpus.template();
        generating += generate.elapsed();
        bytes += text.len();
        index.add_text(TextId(id), &text)?;
        if id % 512 == 0 {
            index.publish(Seq(u64::from(id)));
            memory = memory.max(anonymous_bytes());
            texts.push(text);
        }
        if id % COMMIT_EVERY == 0 {
            index.commit(checkpoint(id))?;
        }
    }
    index.commit(checkpoint(n_texts))?;
    println!("{n_texts} templates of {} bytes on average", bytes / n_texts as usize);
    println!("built in {:.1} s of wall time", (start.elapsed() - generating).as_secs_f64());
    let start = Instant::now();
    drop(index);
    println!("merges ended after another {:.1} s", start.elapsed().as_secs_f64());
    println!("{:.1} s of processor time in all", processor_seconds() - generating.as_secs_f64());
    println!(
        "at most {} MB of anonymous memory while building, {} MB now",
        memory >> 20,
        anonymous_bytes() >> 20
    );
    report_disk(place.path())?;

    let start = Instant::now();
    let (mut index, found) = TextIndex::open(place.path());
    println!("opened in {:.1} ms: {found:?}", ms(start));
    ask(&index, &mut corpus, &texts)?;

    println!("with {} more texts in the tail:", COMMIT_EVERY - 1);
    for id in n_texts + 1..n_texts + COMMIT_EVERY {
        index.add_text(TextId(id), &corpus.template())?;
    }
    index.publish(Seq(u64::from(n_texts + COMMIT_EVERY)));
    ask(&index, &mut corpus, &texts)
}

fn ask(index: &TextIndex, corpus: &mut Corpus, texts: &[String]) -> anyhow::Result<()> {
    println!(
        "{:<14}{:>9}{:>9}{:>9}{:>11}{:>10}{:>7}",
        "fragment", "p50 ms", "p99 ms", "p99 calm", "candidates", "matching", "exact"
    );
    for (class, fragments) in corpus.fragments(texts) {
        let (mut times, mut calm) = (Vec::new(), Vec::new());
        let (mut found, mut exact, mut matching) = (0u64, 0, 0u64);
        for (nth, fragment) in fragments.iter().enumerate() {
            let start = Instant::now();
            let candidates = index.reader().snapshot().candidates(fragment)?;
            times.push(ms(start));
            // The better of two tells the work from the noise of a shared machine.
            let start = Instant::now();
            index.reader().snapshot().candidates(fragment)?;
            calm.push(ms(start).min(times[nth]));
            exact += usize::from(candidates.is_exact());
            found += u64::from(candidates.count());
            if nth < 20 {
                let snapshot = index.reader().snapshot();
                let finder = memchr::memmem::Finder::new(fragment);
                let proved = candidates.iter().filter_map(|id| snapshot.folded_bytes(id));
                matching += proved.filter(|text| finder.find(text).is_some()).count() as u64;
            }
        }
        times.sort_by(f64::total_cmp);
        calm.sort_by(f64::total_cmp);
        let at = |times: &[f64], share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!(
            "{class:<14}{:>9.3}{:>9.3}{:>9.3}{:>11}{:>10}{:>6}%",
            at(&times, 0.5),
            at(&times, 0.99),
            at(&calm, 0.99),
            found / fragments.len() as u64,
            matching / fragments.len().min(20) as u64,
            exact * 100 / fragments.len()
        );
    }
    Ok(())
}

fn report_disk(dir: &std::path::Path) -> anyhow::Result<()> {
    let mut sizes = std::collections::BTreeMap::<String, (u64, u32)>::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = if name.starts_with("arena-") { "arena" } else { name.rsplit('.').next().unwrap_or("") };
        let size = sizes.entry(kind.to_owned()).or_default();
        *size = (size.0 + entry.metadata()?.len(), size.1 + 1);
    }
    let total: u64 = sizes.values().map(|(bytes, _)| bytes).sum();
    println!("{:.1} MB on disk:", total as f64 / 1e6);
    for (kind, (bytes, files)) in sizes {
        println!("  {kind:<10}{:>8.1} MB in {files} files", bytes as f64 / 1e6);
    }
    Ok(())
}

fn checkpoint(applied: u32) -> Checkpoint {
    let applied = Seq(u64::from(applied));
    Checkpoint { format: 1, applied, seen: applied, epoch: EpochToken(1) }
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Anonymous resident memory of this process; 0 where there is no `/proc`.
fn anonymous_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// User and system time of this process; 0 where there is no `/proc`.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or("").split(' ').skip(12).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Prompts of tags by Zipf's law, some of them Chinese, with negative prompt and settings.
struct Corpus {
    random: fastrand::Rng,
    tags: Vec<String>,
}

impl Corpus {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let syllables =
            ["ka", "ri", "to", "ne", "sh", "ing", "el", "or", "an", "th", "qu", "ver", "lo", "mi", "us"];
        let word = |random: &mut fastrand::Rng| -> String {
            if random.u8(..10) == 0 {
                return (0..random.usize(2..5))
                    .filter_map(|_| char::from_u32(0x4E00 + random.u32(..3000)))
                    .collect();
            }
            (0..random.usize(2..4)).map(|_| syllables[random.usize(..syllables.len())]).collect()
        };
        let tags = (0..30_000)
            .map(|_| (0..random.usize(1..4)).map(|_| word(&mut random)).collect::<Vec<_>>().join(" "))
            .collect();
        Self { random, tags }
    }

    fn tag(&mut self) -> usize {
        // Ranks with a density of about 1/rank.
        ((self.tags.len() as f64).powf(self.random.f64()) as usize).min(self.tags.len()) - 1
    }

    fn template(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.random.usize(12..40) {
            let tag = self.tag();
            text.push_str(&self.tags[tag]);
            text.push_str(", ");
        }
        text.push_str("masterpiece, best quality\nNegative prompt: lowres, bad anatomy, ");
        for _ in 0..self.random.usize(2..8) {
            let tag = self.tag() / 16;
            text.push_str(&self.tags[tag]);
            text.push_str(", ");
        }
        let random = &mut self.random;
        text.push_str(&format!(
            "\nSteps: {}, Sampler: {}, Schedule type: Karras, CFG scale: {}, Seed: \0, Size: {}x{}, Model hash: {:010x}, Model: model_{}, Version: v1.{}",
            random.u8(15..50),
            ["Euler a", "DPM++ 2M", "UniPC"][random.usize(..3)],
            f64::from(random.u8(2..28)) / 2.0,
            [512, 832, 1024][random.usize(..3)],
            [768, 1216, 1024][random.usize(..3)],
            random.u64(..200) * 0x0123_4567_89AB % (1 << 40),
            random.u8(..200),
            random.u8(..12),
        ));
        text
    }

    fn fragments(&mut self, texts: &[String]) -> Vec<(&'static str, Vec<String>)> {
        let random = &mut self.random;
        let cut = |random: &mut fastrand::Rng, len: usize, keep: &dyn Fn(&str) -> bool| loop {
            let text = fold(&texts[random.usize(..texts.len())]);
            let chars: Vec<char> = text.chars().collect();
            let at = random.usize(..chars.len() - len);
            let fragment: String = chars[at..at + len].iter().collect();
            if keep(&fragment) && !fragment.contains('\0') {
                return fragment;
            }
        };
        let cjk = |fragment: &str| fragment.chars().all(|c| c > '\u{4E00}');
        let mut class = |name, n, make: &mut dyn FnMut(&mut fastrand::Rng) -> String| {
            (name, (0..n).map(|_| make(random)).collect::<Vec<String>>())
        };
        vec![
            class("common word", 200, &mut |random| {
                ["masterpiece", "quality", "lowres", "karras", "sampler"][random.usize(..5)].to_owned()
            }),
            class("tag, common", 200, &mut |random| fold(&self.tags[random.usize(..30)])),
            class("tag, rare", 200, &mut |random| fold(&self.tags[random.usize(10_000..30_000)])),
            class("none", 200, &mut |random| {
                format!("{}zq{}", cut(random, 4, &|_| true), cut(random, 4, &|_| true))
            }),
            class("words unmet", 200, &mut |random| {
                format!(
                    "{}, {}",
                    fold(&self.tags[random.usize(..300)]),
                    fold(&self.tags[random.usize(..300)])
                )
            }),
            class("cjk 2", 200, &mut |random| cut(random, 2, &cjk)),
            class("cjk 1", 200, &mut |random| cut(random, 1, &cjk)),
            class("any 1", 200, &mut |random| cut(random, 1, &|_| true)),
            class("any 2", 200, &mut |random| cut(random, 2, &|_| true)),
            class("any 3", 200, &mut |random| cut(random, 3, &|_| true)),
            class("any 6", 200, &mut |random| cut(random, 6, &|_| true)),
            class("any 12", 200, &mut |random| cut(random, 12, &|_| true)),
            class("any 40", 200, &mut |random| cut(random, 40, &|_| true)),
            class("digits 3", 200, &mut |random| random.u32(100..999).to_string()),
        ]
    }
}
