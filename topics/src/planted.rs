//! Libraries of which the topics are known, for tests and benches: prompts by topic, with words that say
//! nothing and words that belong nowhere; and prompts with synonyms that never meet. All a pure function of
//! a seed. Knows nothing of vectors.

use std::collections::BTreeSet;

use crate::vector::SplitMix;

/// What a library of topics is like.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Where everything follows from.
    pub seed: u64,
    /// Prompts in all.
    pub n_prompts: usize,
    /// Topics, each with words of its own.
    pub n_topics: usize,
    /// Words of a topic.
    pub topic_words: usize,
    /// Tags of a prompt, from and to.
    pub tags: [usize; 2],
    /// Part of a prompt's tags that is of its topic, in percent, from and to; at least two are.
    pub topical_percent: [usize; 2],
    /// Part of the prompts that has no topic, in percent.
    pub noise_percent: usize,
    /// Whether the largest topic is twenty times as large as the smallest.
    pub is_skewed: bool,
}

impl Plan {
    /// A library like those that people have: tags from five to forty, half to nearly all of them topical, a
    /// prompt in ten about nothing in particular.
    pub fn usual(seed: u64, n_prompts: usize, n_topics: usize) -> Self {
        Self {
            seed,
            n_prompts,
            n_topics,
            topic_words: 30,
            tags: [5, 40],
            topical_percent: [50, 90],
            noise_percent: 10,
            is_skewed: false,
        }
    }
}

/// Prompts, not cleaned, and the topic of each; none for those without.
#[derive(Debug, Clone)]
pub struct Library {
    /// Distinct prompts.
    pub prompts: Vec<String>,
    /// The topic of each.
    pub topics: Vec<Option<usize>>,
}

/// Written into every prompt by somebody.
const QUALITY: [&str; 12] = [
    "masterpiece",
    "best quality",
    "8k",
    "highly detailed",
    "sharp focus",
    "(ultra-detailed:1.2)",
    "absurdres",
    "depth of field",
    "high resolution",
    "<lora:more_detail:0.7>",
    "RAW photo",
    "professional lighting",
];
/// Words in every second prompt that no list of boilerplate holds.
const SHARED_WORDS: usize = 20;
/// Words that belong to no topic.
const STRAY_WORDS: usize = 3_000;

/// A library by a plan.
pub fn library(plan: &Plan) -> Library {
    let mut random = SplitMix(plan.seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
    let mut names = Names::default();
    let topics: Vec<Vec<String>> =
        (0..plan.n_topics).map(|_| names.tags(plan.topic_words, &mut random)).collect();
    let shared = names.tags(SHARED_WORDS, &mut random);
    let stray = names.tags(STRAY_WORDS, &mut random);
    let mut library = Library { prompts: Vec::new(), topics: Vec::new() };
    let mut seen = BTreeSet::new();
    while library.prompts.len() < plan.n_prompts {
        let is_noise = random.below(100) < plan.noise_percent;
        let topic = (!is_noise).then(|| plan.topic(&mut random));
        let n_tags = between(plan.tags, &mut random);
        let mut tags = Vec::new();
        let n_topical =
            topic.map_or(0, |_| (n_tags * between(plan.topical_percent, &mut random)).div_ceil(100).max(2));
        if let Some(topic) = topic {
            draw(&topics[topic], n_topical, &mut tags, &mut random);
        }
        let n_rest = n_tags.saturating_sub(tags.len());
        // What is not of a topic is in equal parts quality, shared and stray; without a topic mostly stray.
        let n_quality = if is_noise { n_rest / 4 } else { n_rest / 3 };
        let quality: Vec<String> = QUALITY.iter().map(|word| (*word).to_owned()).collect();
        draw(&quality, n_quality, &mut tags, &mut random);
        draw(&shared, n_quality, &mut tags, &mut random);
        let n_stray = n_tags.saturating_sub(tags.len());
        draw(&stray, n_stray, &mut tags, &mut random);
        for at in (1..tags.len()).rev() {
            tags.swap(at, random.below(at + 1));
        }
        let prompt = tags.join(", ");
        if seen.insert(prompt.clone()) {
            library.prompts.push(prompt);
            library.topics.push(topic);
        }
    }
    library
}

impl Plan {
    fn topic(&self, random: &mut SplitMix) -> usize {
        if !self.is_skewed {
            return random.below(self.n_topics);
        }
        // Sizes fall geometrically from twenty to one.
        let size = |topic: usize| (20f64.powf(1.0 - topic as f64 / self.n_topics as f64) * 1_000.0) as usize;
        let total: usize = (0..self.n_topics).map(size).sum();
        let mut at = random.below(total);
        (0..self.n_topics)
            .find(|topic| {
                let is_here = at < size(*topic);
                at = at.saturating_sub(size(*topic));
                is_here
            })
            .unwrap_or(0)
    }
}

fn between([from, to]: [usize; 2], random: &mut SplitMix) -> usize {
    from + random.below(to - from + 1)
}

/// Draws different words, all of them if there are too few.
fn draw(words: &[String], n: usize, into: &mut Vec<String>, random: &mut SplitMix) {
    let mut rest: Vec<&String> = words.iter().collect();
    for _ in 0..n.min(words.len()) {
        into.push(rest.swap_remove(random.below(rest.len())).clone());
    }
}

/// Made-up words, none twice.
#[derive(Default)]
struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    fn word(&mut self, random: &mut SplitMix) -> String {
        const BEGIN: [&str; 20] = [
            "b", "br", "c", "d", "dr", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t",
            "v", "z",
        ];
        const MIDDLE: [&str; 12] = ["a", "e", "i", "o", "u", "ai", "ea", "ou", "an", "er", "il", "on"];
        loop {
            let mut word = String::new();
            for _ in 0..2 + random.below(2) {
                word.push_str(BEGIN[random.below(BEGIN.len())]);
                word.push_str(MIDDLE[random.below(MIDDLE.len())]);
            }
            if word.len() > 3 && self.taken.insert(word.clone()) {
                return word;
            }
        }
    }

    /// Tags, one in five of two words.
    fn tags(&mut self, n: usize, random: &mut SplitMix) -> Vec<String> {
        let tag = |_| {
            let word = self.word(random);
            if random.below(5) == 0 { format!("{word} {}", self.word(random)) } else { word }
        };
        (0..n).map(tag).collect()
    }
}

/// A question about prompts that do not hold its first word.
#[derive(Debug, Clone)]
pub struct Question {
    /// A synonym, and a word that goes with its concept.
    pub text: String,
    /// Prompts with the other synonym.
    pub relevant: Vec<usize>,
    /// Prompts with the synonym itself: no answers, since any search finds those.
    pub left_out: Vec<usize>,
}

/// Prompts about concepts that have two names, never both in one prompt, and the company that each concept
/// keeps; and questions that use the other name.
pub fn synonyms(seed: u64, n_prompts: usize, n_concepts: usize) -> (Vec<String>, Vec<Question>) {
    const COMPANY: usize = 10;
    let mut random = SplitMix(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
    let mut names = Names::default();
    let concepts: Vec<([String; 2], Vec<String>)> = (0..n_concepts)
        .map(|_| ([names.word(&mut random), names.word(&mut random)], names.tags(COMPANY, &mut random)))
        .collect();
    let shared = names.tags(SHARED_WORDS, &mut random);
    let stray = names.tags(STRAY_WORDS, &mut random);
    let mut prompts = Vec::new();
    let mut held: Vec<[Vec<usize>; 2]> = vec![Default::default(); n_concepts];
    for prompt in 0..n_prompts {
        let mut tags = Vec::new();
        let concept = random.below(n_concepts);
        let name = random.below(2);
        held[concept][name].push(prompt);
        tags.push(concepts[concept].0[name].clone());
        draw(&concepts[concept].1, 2 + random.below(4), &mut tags, &mut random);
        // Company of another concept, without it.
        let other = random.below(n_concepts);
        draw(&concepts[other].1, random.below(3), &mut tags, &mut random);
        draw(&shared, 3, &mut tags, &mut random);
        draw(&stray, 2 + random.below(3), &mut tags, &mut random);
        prompts.push(tags.join(", "));
    }
    let mut questions = Vec::new();
    for ((names, company), held) in concepts.iter().zip(&held) {
        for name in 0..2 {
            let text = format!("{} {}", names[name], company[random.below(COMPANY)]);
            let question = Question { text, relevant: held[1 - name].clone(), left_out: held[name].clone() };
            if question.relevant.len() >= 10 {
                questions.push(question);
            }
        }
    }
    (prompts, questions)
}

/// Adjusted Rand index of two partitions of the same things (Hubert, Arabie, 1985): 1 for the same, about 0
/// for unrelated ones.
pub fn adjusted_rand(one: &[usize], other: &[usize]) -> f64 {
    use std::collections::HashMap;
    let pairs = |n: u64| (n * n.saturating_sub(1)) as f64 / 2.0;
    let mut both: HashMap<(usize, usize), u64> = HashMap::new();
    let (mut first, mut second): (HashMap<usize, u64>, HashMap<usize, u64>) = Default::default();
    for (a, b) in one.iter().zip(other) {
        *both.entry((*a, *b)).or_default() += 1;
        *first.entry(*a).or_default() += 1;
        *second.entry(*b).or_default() += 1;
    }
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.map(pairs).sum::<f64>();
    let together = sum(&mut both.values().copied());
    let (a, b) = (sum(&mut first.values().copied()), sum(&mut second.values().copied()));
    let expected = a * b / pairs(one.len() as u64).max(1.0);
    let most = (a + b) / 2.0;
    if most - expected == 0.0 { 1.0 } else { (together - expected) / (most - expected) }
}
