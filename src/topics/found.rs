//! From prompts with vectors to topics.

use super::ask::{Embedder, TopicsAsk};
use super::error::TopicsError;
use super::items::{Items, words};
use super::kept::{Topic, TopicSet};
use super::naming::{Naming, Unnamed};
use super::room::Inner;
use crate::projection::vectors::Space;
use crate::sys::Stop;
use lumidex_schema::id::{ImageId, PromptId};
use lumidex_topics::clusters::{self, Clustering, Near, Params};
use lumidex_topics::titles::PROMPTS_MAX;
use lumidex_topics::{Stopped, prompt};

/// Characters of a sample prompt.
const SAMPLE_CHARS: usize = 200;

/// What is told while topics are found: images put together of all, topics named of all.
pub(super) enum Told {
    Clustering { done: u64, all: u64 },
    Titling { done: u64, all: u64 },
}

/// Finds the topics of the items; everything of the result but its key, time and folders is set.
pub(super) fn find(
    inner: &Inner,
    items: &Items,
    ask: &TopicsAsk,
    embedder: &Embedder,
    told: &mut dyn FnMut(Told),
    stop: &Stop,
) -> Result<TopicSet, TopicsError> {
    let space = inner.parts.vectors.space(embedder.name())?;
    let rows = Rows::of(items, &space);
    let all: u64 = rows.weights.iter().map(|n| u64::from(*n)).sum();
    told(Told::Clustering { done: 0, all });
    let params = Params {
        threshold: ask.threshold as f32,
        min_cluster_size: u32::try_from(ask.min_cluster_size).unwrap_or(u32::MAX),
        assign_noise_threshold: ask.least_of_noise() as f32,
    };
    let clustering = rows.cluster(&space, &params, &mut |done: f32| {
        told(Told::Clustering { done: (f64::from(done) * all as f64) as u64, all });
        !stop.is_stopped()
    });
    let clustering = clustering.map_err(|Stopped| TopicsError::Stopped)?;
    let unnamed = rows.unnamed(inner, &clustering)?;
    let n = unnamed.len() as u64;
    told(Told::Titling { done: 0, all: n });
    let named = Naming::of(inner, ask, embedder).name(
        &unnamed,
        &mut |done| told(Told::Titling { done, all: n }),
        stop,
    )?;
    let images_of = |members: &[u32]| -> Vec<u32> {
        let images =
            |row: &u32| items.prompts.images_of(rows.prompts[*row as usize]).iter().map(|ImageId(id)| *id);
        members.iter().flat_map(images).collect()
    };
    let mut topics = Vec::with_capacity(named.len());
    for ((nth, cluster), (title, keywords)) in clustering.clusters.iter().enumerate().zip(named) {
        let sample = unnamed[nth].prompts.first().map_or("", |(words, _)| prompt::short(words, SAMPLE_CHARS));
        topics.push(Topic {
            id: format!("topic_{nth}"),
            title,
            keywords,
            images: images_of(&cluster.members),
            sample: sample.to_owned(),
        });
    }
    Ok(TopicSet {
        key: String::new(),
        made: super::board::now(),
        scope: ask.scope.clone(),
        embedder: embedder.clone(),
        threshold: ask.threshold,
        min_cluster_size: ask.min_cluster_size,
        least_of_noise: ask.least_of_noise(),
        vectors: items.mark(inner, embedder, &space)?,
        folder_times: Vec::new(),
        topics,
        noise: images_of(&clustering.noise),
    })
}

/// Prompts that have a vector, as rows in the order of their ids.
struct Rows {
    prompts: Vec<PromptId>,
    weights: Vec<u32>,
    vectors: Vec<f32>,
    dim: usize,
}

impl Rows {
    fn of(items: &Items, space: &Space) -> Self {
        let dim = space.dim();
        let mut rows = Self { prompts: Vec::new(), weights: Vec::new(), vectors: Vec::new(), dim };
        for (prompt, images) in items.prompts.iter() {
            if let Some(vector) = space.vector(prompt) {
                rows.prompts.push(prompt);
                rows.weights.push(u32::try_from(images.len()).unwrap_or(u32::MAX));
                rows.vectors.extend(vector);
            }
        }
        rows
    }

    fn cluster(
        &self,
        space: &Space,
        params: &Params,
        watch: &mut dyn lumidex_topics::Watch,
    ) -> Result<Clustering, Stopped> {
        if self.prompts.is_empty() {
            return Ok(Clustering::default());
        }
        let items = clusters::Items::new(self.dim, &self.vectors, &self.weights);
        // Below this, comparing all with all takes less than a graph would.
        if self.prompts.len() <= crate::limits::topics::COMPARED_EXACTLY_MAX || !space.has_graph() {
            return clusters::cluster(&items, &clusters::Exact(items), params, watch);
        }
        clusters::cluster(&items, &Graph { rows: self, space }, params, watch)
    }

    fn unnamed(&self, inner: &Inner, clustering: &Clustering) -> Result<Vec<Unnamed>, TopicsError> {
        let unnamed = clustering.clusters.iter().map(|cluster| {
            let members = &cluster.members[..cluster.members.len().min(PROMPTS_MAX)];
            let prompts: Vec<PromptId> = members.iter().map(|row| self.prompts[*row as usize]).collect();
            let weights = members.iter().map(|row| self.weights[*row as usize]);
            let hashes = cluster.members.iter().map(|row| self.prompts[*row as usize]);
            let hashes =
                hashes.map(|prompt| inner.parts.vectors.hash_of(prompt).unwrap_or_default()).collect();
            Ok(Unnamed { prompts: words(inner, &prompts)?.into_iter().zip(weights).collect(), hashes })
        });
        unnamed.collect()
    }
}

/// Candidates from the graph of the vectors.
struct Graph<'a> {
    rows: &'a Rows,
    space: &'a Space,
}

impl Near for Graph<'_> {
    fn candidates(&self, row: u32, k: usize, into: &mut Vec<u32>) {
        self.space.neighbours(self.rows.prompts[row as usize], k, &mut |prompt| {
            if let Ok(at) = self.rows.prompts.binary_search(&prompt) {
                into.push(at as u32);
            }
        });
    }
}
