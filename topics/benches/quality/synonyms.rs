//! Questions that use the name that the prompt does not: vectors beside plain word matching.

use std::collections::{HashMap, HashSet};

use lumidex_topics::builtin::{DIM, Model};
use lumidex_topics::planted::{Question, synonyms};
use lumidex_topics::{Unwatched, cleaned};

use crate::near::vectors;

const DEPTH: usize = 10;

pub(crate) fn table() {
    println!(
        "| prompts, concepts | questions | nDCG@10, vectors | synonym alone, vectors | nDCG@10, BM25 | nDCG@10, tf-idf cosine |"
    );
    println!("|---|---|---|---|---|---|");
    for (n_prompts, n_concepts) in [(2_000, 40), (5_000, 100), (20_000, 100), (20_000, 400)] {
        let (mut sums, mut n) = ([0f64; 4], 0);
        for seed in 0..2 {
            let (prompts, questions) = synonyms(seed, n_prompts, n_concepts);
            let gains = gains(&prompts, &questions);
            for gains in &gains {
                sums.iter_mut().zip(gains).for_each(|(sum, gain)| *sum += gain);
            }
            n += gains.len();
        }
        let [vectors, alone, bm25, tf_idf] = sums.map(|sum| sum / n as f64);
        println!("| {n_prompts}, {n_concepts} | {n} | {vectors:.3} | {alone:.3} | {bm25:.3} | {tf_idf:.3} |");
    }
}

/// Of each question: by vectors, by vectors without the company, by the two kinds of word matching.
fn gains(prompts: &[String], questions: &[Question]) -> Vec<[f64; 4]> {
    let prompts: Vec<String> = prompts.iter().map(|prompt| cleaned(prompt, 4_000).unwrap()).collect();
    let model = Model::fit(&prompts, &mut Unwatched).unwrap();
    let (vectors, words) = (vectors(&model, &prompts), Words::of(&prompts));
    let by_vector = |text: &str| -> Vec<f32> {
        let mut asked = vec![0f32; DIM];
        model.embed_query(text, &mut asked);
        vectors.chunks_exact(DIM).map(|row| dot(row, &asked)).collect()
    };
    let of = |question: &Question| {
        let name = question.text.split(' ').next().unwrap_or_default();
        let [bm25, tf_idf] = words.scores(&question.text);
        [by_vector(&question.text), by_vector(name), bm25, tf_idf].map(|scores| ndcg(question, &scores))
    };
    questions.iter().map(of).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Normalised discounted cumulative gain of the best ten that do not hold the question's synonym.
fn ndcg(question: &Question, scores: &[f32]) -> f64 {
    let (relevant, left_out): (HashSet<usize>, HashSet<usize>) =
        (question.relevant.iter().copied().collect(), question.left_out.iter().copied().collect());
    let mut order: Vec<usize> = (0..scores.len()).filter(|at| !left_out.contains(at)).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let discount = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let gained = |rank: usize| {
        if relevant.contains(&order[rank]) && scores[order[rank]] > 0.0 { discount(rank) } else { 0.0 }
    };
    let gain: f64 = (0..DEPTH.min(order.len())).map(gained).sum();
    gain / (0..DEPTH.min(relevant.len())).map(discount).sum::<f64>()
}

/// Word matching: BM25 with its usual constants, and the cosine of tf-idf vectors.
struct Words {
    postings: HashMap<String, Vec<usize>>,
    lengths: Vec<f32>,
    norms: Vec<f32>,
}

impl Words {
    fn of(prompts: &[String]) -> Self {
        let split = |text: &str| -> HashSet<String> {
            text.split(|letter: char| !letter.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let mut postings: HashMap<String, Vec<usize>> = HashMap::new();
        let mut lengths = Vec::new();
        for (at, prompt) in prompts.iter().enumerate() {
            let words = split(prompt);
            lengths.push(words.len() as f32);
            words.into_iter().for_each(|word| postings.entry(word).or_default().push(at));
        }
        let n = prompts.len() as f32;
        let mut norms = vec![0f32; prompts.len()];
        for held in postings.values() {
            let idf = (1.0 + n / held.len() as f32).ln();
            held.iter().for_each(|at| norms[*at] += idf * idf);
        }
        norms.iter_mut().for_each(|norm| *norm = norm.sqrt());
        Self { postings, lengths, norms }
    }

    fn scores(&self, question: &str) -> [Vec<f32>; 2] {
        let n = self.lengths.len() as f32;
        let mean = self.lengths.iter().sum::<f32>() / n;
        let mut scores = [vec![0f32; self.lengths.len()], vec![0f32; self.lengths.len()]];
        for word in question.split_whitespace() {
            let Some(held) = self.postings.get(word) else { continue };
            let df = held.len() as f32;
            let (bm25_idf, idf) = (((n - df + 0.5) / (df + 0.5) + 1.0).ln(), (1.0 + n / df).ln());
            for &at in held {
                scores[0][at] += bm25_idf * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * self.lengths[at] / mean));
                scores[1][at] += idf * idf / self.norms[at];
            }
        }
        scores
    }
}
