//! Planted topics and synonyms are found, from prompts to clusters and answers: the short form of what the
//! bench measures at length.

use crate::builtin::{DIM, Model};
use crate::clusters::{Exact, Items, Params, cluster};
use crate::planted::{Plan, adjusted_rand, library, synonyms};
use crate::vector::dot;
use crate::{Unwatched, cleaned};

fn embedded(prompts: &[String]) -> (Model, Vec<f32>) {
    let prompts: Vec<String> = prompts.iter().filter_map(|prompt| cleaned(prompt, 4_000)).collect();
    let model = Model::fit(&prompts, &mut Unwatched).unwrap();
    let mut vectors = vec![0f32; prompts.len() * DIM];
    for (prompt, vector) in prompts.iter().zip(vectors.chunks_exact_mut(DIM)) {
        model.embed(prompt, vector);
    }
    (model, vectors)
}

/// The topic of each prompt, and its cluster; those without are each alone.
fn found(plan: &Plan) -> (Vec<usize>, Vec<usize>) {
    let library = library(plan);
    let (_, vectors) = embedded(&library.prompts);
    let weights = vec![1; library.prompts.len()];
    let items = Items::new(DIM, &vectors, &weights);
    let clustering = cluster(&items, &Exact(items), &Params::default(), &mut Unwatched).unwrap();
    let alone = |row: usize| plan.n_prompts + row;
    let mut labels: Vec<usize> = (0..weights.len()).map(alone).collect();
    for (label, cluster) in clustering.clusters.iter().enumerate() {
        cluster.members.iter().for_each(|row| labels[*row as usize] = label);
    }
    let topics = library.topics.iter().enumerate().map(|(row, topic)| topic.unwrap_or(alone(row)));
    (topics.collect(), labels)
}

#[test]
fn planted_topics_are_found() {
    for (n_prompts, n_topics) in [(100, 10), (300, 10), (600, 40)] {
        for seed in 0..2 {
            let (topics, labels) = found(&Plan::usual(seed, n_prompts, n_topics));
            let agreement = adjusted_rand(&topics, &labels);
            assert!(agreement >= 0.9, "{n_prompts} prompts, {n_topics} topics, seed {seed}: {agreement}");
        }
    }
}

#[test]
fn words_of_nothing_make_no_topics() {
    let plan = Plan { noise_percent: 100, ..Plan::usual(5, 300, 2) };
    let (_, labels) = found(&plan);
    let n_clustered = labels.iter().filter(|label| **label < plan.n_prompts).count();
    // Pairs that happen to share most of their few words.
    assert!(n_clustered <= 15, "{n_clustered} of 300 prompts about nothing are in clusters");
}

#[test]
fn synonyms_that_never_meet_are_found() {
    let (prompts, questions) = synonyms(3, 1_200, 30);
    let (model, vectors) = embedded(&prompts);
    let mut n_right = 0;
    for question in &questions {
        let mut asked = vec![0f32; DIM];
        model.embed_query(&question.text, &mut asked);
        let mut best: Vec<(f32, usize)> =
            vectors.chunks_exact(DIM).map(|row| dot(row, &asked)).zip(0..).collect();
        best.retain(|(_, row)| !question.left_out.contains(row));
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        n_right += best[..10].iter().filter(|(_, row)| question.relevant.contains(row)).count();
    }
    let part = n_right as f64 / (10 * questions.len()) as f64;
    assert!(part >= 0.8, "{part}");
}
