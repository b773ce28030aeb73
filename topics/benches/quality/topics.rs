//! Planted topics against found clusters, by the adjusted Rand index.

use lumidex_topics::builtin::{DIM, Model};
use lumidex_topics::clusters::{Clustering, Exact, Items, Params, cluster};
use lumidex_topics::planted::{Plan, adjusted_rand, library};
use lumidex_topics::titles::{self, Sample};
use lumidex_topics::{Unwatched, cleaned};

use crate::near::{Graph, vectors};

/// What makes a library another one.
type Change = fn(&mut Plan);

const EXACT_MAX: usize = 6_000;

pub(crate) struct Outcome {
    /// Over prompts with a topic.
    pub(crate) topical: f64,
    /// Over all, where each prompt without a topic is a topic of its own.
    pub(crate) all: f64,
    pub(crate) n_clusters: usize,
    /// Prompts with a topic in no cluster, prompts without in one.
    pub(crate) lost: f64,
    pub(crate) gained: f64,
    /// Cosines of topical prompts to the mean of their topic: 5th percentile.
    pub(crate) low: f32,
}

pub(crate) fn measured(plan: &Plan) -> Outcome {
    let library = library(plan);
    let prompts: Vec<String> = library.prompts.iter().map(|prompt| cleaned(prompt, 4_000).unwrap()).collect();
    let model = Model::fit(&prompts, &mut Unwatched).unwrap();
    let vectors = vectors(&model, &prompts);
    let weights = vec![1u32; prompts.len()];
    let items = Items::new(DIM, &vectors, &weights);
    let params = Params::default();
    let found = if prompts.len() <= EXACT_MAX {
        cluster(&items, &Exact(items), &params, &mut Unwatched).unwrap()
    } else {
        cluster(&items, &Graph::of(items), &params, &mut Unwatched).unwrap()
    };
    outcome(&library.topics, &found, &items, plan.n_topics)
}

fn outcome(topics: &[Option<usize>], found: &Clustering, items: &Items<'_>, n_topics: usize) -> Outcome {
    let n = topics.len();
    let mut labels = vec![0usize; n];
    for (label, cluster) in found.clusters.iter().enumerate() {
        cluster.members.iter().for_each(|row| labels[*row as usize] = label);
    }
    found.noise.iter().for_each(|row| labels[*row as usize] = found.clusters.len() + *row as usize);
    let truth: Vec<usize> =
        topics.iter().enumerate().map(|(at, topic)| topic.unwrap_or(n_topics + at)).collect();
    let is_topical = |at: &usize| topics[*at].is_some();
    let only = |labels: &[usize]| (0..n).filter(is_topical).map(|at| labels[at]).collect::<Vec<_>>();
    let n_topical = (0..n).filter(is_topical).count();
    let in_noise = |at: usize| labels[at] >= found.clusters.len();
    let lost = (0..n).filter(|at| is_topical(at) && in_noise(*at)).count();
    let gained = (0..n).filter(|at| !is_topical(at) && !in_noise(*at)).count();
    let mut means = vec![vec![0f32; DIM]; n_topics];
    for (row, topic) in topics.iter().enumerate() {
        if let Some(topic) = topic {
            means[*topic].iter_mut().zip(items.row(row as u32)).for_each(|(mean, value)| *mean += value);
        }
    }
    let mut cosines: Vec<f32> = (0..n)
        .filter_map(|at| {
            let mean = &means[topics[at]?];
            let along: f32 = mean.iter().zip(items.row(at as u32)).map(|(a, b)| a * b).sum();
            Some(along / mean.iter().map(|value| value * value).sum::<f32>().sqrt())
        })
        .collect();
    cosines.sort_by(f32::total_cmp);
    Outcome {
        topical: adjusted_rand(&only(&truth), &only(&labels)),
        all: adjusted_rand(&truth, &labels),
        n_clusters: found.clusters.len(),
        lost: lost as f64 / n_topical.max(1) as f64,
        gained: gained as f64 / (n - n_topical).max(1) as f64,
        low: cosines.get(cosines.len() / 20).copied().unwrap_or(0.0),
    }
}

fn row(name: &str, plans: impl Iterator<Item = Plan>) {
    let outcomes: Vec<Outcome> = plans.map(|plan| measured(&plan)).collect();
    let mean = |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / outcomes.len() as f64;
    let worst = |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).fold(f64::INFINITY, f64::min);
    println!(
        "| {name} | {} | {:.3} / {:.3} | {:.3} / {:.3} | {:.0} | {:.1} % | {:.1} % | {:.3} |",
        outcomes.len(),
        mean(&|o| o.topical),
        worst(&|o| o.topical),
        mean(&|o| o.all),
        worst(&|o| o.all),
        mean(&|o| o.n_clusters as f64),
        100.0 * mean(&|o| o.lost),
        100.0 * mean(&|o| o.gained),
        mean(&|o| f64::from(o.low)),
    );
}

fn head() {
    println!(
        "| library | seeds | ARI, prompts with a topic: mean / worst | ARI, all: mean / worst | clusters | topical in noise | others in clusters | cosine to the topic's mean, 5th percentile |"
    );
    println!("|---|---|---|---|---|---|---|---|");
}

pub(crate) fn small() {
    head();
    for (n_prompts, n_topics) in
        [(10, 3), (20, 4), (30, 5), (50, 5), (50, 10), (100, 5), (100, 10), (200, 20)]
    {
        let plans = (0..10).map(|seed| Plan::usual(seed, n_prompts, n_topics));
        row(&format!("{n_prompts} prompts, {n_topics} topics"), plans);
    }
}

pub(crate) fn large() {
    head();
    for (n_prompts, n_topics, seeds) in [
        (500, 10, 10u64),
        (500, 20, 10),
        (500, 50, 10),
        (2_000, 20, 5),
        (5_000, 20, 5),
        (5_000, 60, 5),
        (5_000, 200, 3),
        (50_000, 20, 1),
        (50_000, 60, 1),
        (50_000, 500, 1),
    ] {
        let plans = (0..seeds).map(|seed| Plan::usual(seed, n_prompts, n_topics));
        row(&format!("{n_prompts} prompts, {n_topics} topics"), plans);
    }
    let variants: [(&str, Change); 7] = [
        ("30 to 60 % topical", |plan| plan.topical_percent = [30, 60]),
        ("20 to 40 % topical", |plan| plan.topical_percent = [20, 40]),
        ("all topical, no noise", |plan| (plan.topical_percent, plan.noise_percent) = ([100, 100], 0)),
        ("100 words a topic", |plan| plan.topic_words = 100),
        ("5 to 10 tags", |plan| plan.tags = [5, 10]),
        ("sizes one to twenty", |plan| plan.is_skewed = true),
        ("half noise", |plan| plan.noise_percent = 50),
    ];
    for (name, change) in variants {
        let plans = (0..5).map(|seed| {
            let mut plan = Plan::usual(seed, 3_000, 40);
            change(&mut plan);
            plan
        });
        row(&format!("3000 prompts, 40 topics, {name}"), plans);
    }
}

/// What titles look like.
pub(crate) fn titles() {
    let library = library(&Plan::usual(1, 400, 8));
    let prompts: Vec<String> = library.prompts.iter().map(|prompt| cleaned(prompt, 4_000).unwrap()).collect();
    let model = Model::fit(&prompts, &mut Unwatched).unwrap();
    let (vectors, weights) = (vectors(&model, &prompts), vec![1u32; prompts.len()]);
    let items = Items::new(DIM, &vectors, &weights);
    let found = cluster(&items, &Exact(items), &Params::default(), &mut Unwatched).unwrap();
    let samples: Vec<Sample<'_>> = found
        .clusters
        .iter()
        .map(|cluster| Sample {
            prompts: cluster.members.iter().map(|row| (prompts[*row as usize].as_str(), 1)).collect(),
        })
        .collect();
    for (described, sample) in titles::describe(&samples).into_iter().zip(&samples) {
        println!("{} prompts: {:?}", sample.prompts.len(), described);
    }
}
