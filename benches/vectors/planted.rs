//! Prompts of planted topics: each a pure function of its number.

/// Prompts of a topic.
const OF_A_TOPIC: u32 = 60;
/// Words that belong to a topic.
const OWN_WORDS: u32 = 14;

pub(super) struct Planted {
    n: u32,
}

impl Planted {
    pub(super) fn new(n: u32) -> Self {
        Self { n }
    }

    pub(super) fn n_topics(&self) -> u32 {
        (self.n / OF_A_TOPIC).max(1)
    }

    /// Six words of a topic, three that everyone uses, two rare ones, and a number that makes it distinct.
    pub(super) fn prompt(&self, nth: u32) -> String {
        let mut rng = fastrand::Rng::with_seed(u64::from(nth) + 1);
        let topic = rng.u32(0..self.n_topics());
        let mut words: Vec<String> =
            (0..6).map(|_| word(topic * OWN_WORDS + rng.u32(0..OWN_WORDS))).collect();
        words.extend((0..3).map(|_| format!("common{}", rng.u32(0..40))));
        words.extend((0..2).map(|_| word(1 << 24 | rng.u32(0..50_000))));
        words.push(format!("number {nth}"));
        words.join(", ")
    }

    /// Three words of a topic.
    pub(super) fn query(&self, nth: u32) -> String {
        let topic = nth.wrapping_mul(7_919) % self.n_topics();
        (0..3).map(|step| word(topic * OWN_WORDS + step * 4)).collect::<Vec<_>>().join(" ")
    }
}

/// A word of syllables, another one for each number.
fn word(mut number: u32) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta",
        "ve", "wi", "xo", "yu", "za", "bre", "cli", "dro", "flu", "gra", "ple", "sti", "tro", "shu", "cha",
        "the",
    ];
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[(number % 32) as usize]);
        number /= 32;
        if number == 0 && word.len() > 3 {
            return word;
        }
    }
}
