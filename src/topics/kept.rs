//! Topics as they were found, and as they are kept. Images stand by their ids, so that a result stays right
//! when files move.

use super::ask::{Embedder, Scope};
use lumidex_schema::id::Timestamp;

/// The number of this form, see [`lumidex_schema::format::TOPICS`].
pub(super) const FORMAT: u32 = lumidex_schema::format::TOPICS.current;

/// The topics of some images.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TopicSet {
    /// What it is kept under.
    pub key: String,
    /// When it was made.
    pub made: Timestamp,
    /// Of which images.
    pub scope: Scope,
    /// Whose vectors.
    pub embedder: Embedder,
    /// As asked, within bounds.
    pub threshold: f64,
    /// As asked.
    pub min_cluster_size: usize,
    /// Cosine with which a member of a topic that was too small joined another.
    pub least_of_noise: f64,
    /// The vectors it was made from.
    pub vectors: VectorsMark,
    /// When each folder had changed last, where that could be seen.
    pub folder_times: Vec<Option<Timestamp>>,
    /// The largest first.
    pub topics: Vec<Topic>,
    /// Images of no topic, by id.
    pub noise: Vec<u32>,
}

/// Images with similar prompts.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Topic {
    /// `topic_` and the number in which it was found.
    pub id: String,
    /// A few words.
    pub title: String,
    /// At most six.
    pub keywords: Vec<String>,
    /// Its images by id, those of the most representative prompt first.
    pub images: Vec<u32>,
    /// The beginning of its most representative prompt.
    pub sample: String,
}

/// Which vectors there were: a result is good for as long as this is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct VectorsMark {
    /// Images with a vector.
    pub count: u64,
    /// When the latest was made.
    pub updated: Timestamp,
    /// Digest of which image has which prompt, and of what made the vectors.
    pub digest: String,
}

impl TopicSet {
    /// Images, in topics or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.topics.iter().map(|topic| topic.images.len()).sum::<usize>() + self.noise.len()
    }

    /// A topic by its id.
    #[must_use]
    pub fn topic(&self, id: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }
}
