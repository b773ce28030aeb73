//! What can be asked of topics, and the key under which an answer is kept.

use crate::limits;
use lumidex_topics::prompt;
use sha2::{Digest, Sha256};

/// Who makes vectors of prompts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Embedder {
    /// Learned from the library's own prompts, without a network.
    Builtin,
    /// A model of the upstream, by its name.
    Upstream(String),
}

impl Embedder {
    /// The name of the one that is built in.
    pub const BUILTIN: &'static str = "builtin";

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Builtin => Self::BUILTIN,
            Self::Upstream(model) => model,
        }
    }
}

/// Images: those in or below some folders.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Scope {
    /// Absolute paths as bytes, lexically normal.
    pub folders: Vec<Vec<u8>>,
    /// Below them as well.
    pub recursive: bool,
}

/// How prompts become vectors.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Embedding {
    /// By whom; `None` is the upstream where one is configured, and otherwise the one built in.
    pub model: Option<String>,
    /// Anew, even if there is a vector or a known failure.
    pub force: bool,
    /// Texts of one request to the upstream, 1 to 256.
    pub batch_size: usize,
    /// Characters of a prompt that are sent at most, 256 to 8,000.
    pub max_chars: usize,
}

impl Default for Embedding {
    fn default() -> Self {
        Self { model: None, force: false, batch_size: 64, max_chars: 4_000 }
    }
}

impl Embedding {
    /// The same, within bounds.
    #[must_use]
    pub fn clamped(self) -> Self {
        let Self { model, force, batch_size, max_chars } = self;
        Self { model, force, batch_size: batch_size.clamp(1, 256), max_chars: max_chars.clamp(256, 8_000) }
    }
}

/// Asks for the topics of some images.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TopicsAsk {
    /// Of which images.
    pub scope: Scope,
    /// How their prompts become vectors.
    pub embedding: Embedding,
    /// Cosine of every member with the centre of its topic, at least; 0 to 0.999.
    pub threshold: f64,
    /// Images of a topic, at least; smaller ones are noise.
    pub min_cluster_size: usize,
    /// Cosine with which a member of a topic that is too small may join another; 0 for never, `None` for
    /// what follows from the threshold.
    pub assign_noise_threshold: Option<f64>,
    /// Who writes titles: a chat model of the upstream.
    pub title_model: Option<String>,
    /// Language of titles, as the client calls it.
    pub lang: String,
    /// Titles that were written before are taken.
    pub use_title_cache: bool,
    /// Titles are written anew.
    pub force_title: bool,
    /// Names that titles should reuse.
    pub existing_folder_names: Vec<String>,
}

impl TopicsAsk {
    /// Of these images, with everything else as clients leave it.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        Self {
            scope,
            embedding: Embedding::default(),
            threshold: 0.9,
            min_cluster_size: 2,
            assign_noise_threshold: None,
            title_model: None,
            lang: "en".to_owned(),
            use_title_cache: true,
            force_title: false,
            existing_folder_names: Vec::new(),
        }
    }

    /// The same, within bounds (contract 6.3).
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.embedding = self.embedding.clamped();
        self.threshold = if self.threshold > 0.0 { self.threshold.min(0.999) } else { 0.9 };
        self.min_cluster_size = self.min_cluster_size.max(1);
        self.assign_noise_threshold = self.assign_noise_threshold.map(|least| least.clamp(0.0, 0.999));
        self.existing_folder_names.truncate(limits::topics::FOLDER_NAMES_MAX);
        self
    }

    /// See [`TopicsAsk::assign_noise_threshold`].
    #[must_use]
    pub fn least_of_noise(&self) -> f64 {
        self.assign_noise_threshold.unwrap_or_else(|| (self.threshold + 0.02).clamp(0.88, 0.97))
    }

    /// What an answer by this embedder, with titles by this model, is kept under: 40 hex digits
    /// (contract 16.4).
    #[must_use]
    pub fn key(&self, embedder: &Embedder, title_model: &str) -> String {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        for folder in &self.scope.folders {
            part(folder);
        }
        part(&[u8::from(self.scope.recursive)]);
        part(embedder.name().as_bytes());
        part(&self.threshold.to_le_bytes());
        part(&(self.min_cluster_size as u64).to_le_bytes());
        part(&self.least_of_noise().to_le_bytes());
        part(title_model.as_bytes());
        part(self.lang.as_bytes());
        part(&prompt::RULES.to_le_bytes());
        hex(&digest.finalize()[..20])
    }
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(folder: &str) -> TopicsAsk {
        TopicsAsk::of(Scope { folders: vec![folder.as_bytes().to_vec()], recursive: true })
    }

    #[test]
    fn a_key_says_what_was_asked_and_by_whom() {
        let key = ask("/a").key(&Embedder::Builtin, "");
        assert_eq!(key.len(), 40);
        assert_eq!(key, ask("/a").key(&Embedder::Builtin, ""));
        let named = TopicsAsk { assign_noise_threshold: Some(0.92), ..ask("/a") };
        assert_eq!(key, named.key(&Embedder::Builtin, ""), "what is said and what follows are one");
        let others = [
            ask("/b").key(&Embedder::Builtin, ""),
            ask("/a").key(&Embedder::Upstream("m".to_owned()), ""),
            ask("/a").key(&Embedder::Builtin, "chat"),
            TopicsAsk { threshold: 0.8, ..ask("/a") }.key(&Embedder::Builtin, ""),
            TopicsAsk { lang: "de".to_owned(), ..ask("/a") }.key(&Embedder::Builtin, ""),
        ];
        assert!(!others.contains(&key));
    }

    #[test]
    fn bounds_are_those_of_the_contract() {
        let wild = TopicsAsk {
            threshold: 7.0,
            min_cluster_size: 0,
            assign_noise_threshold: Some(-3.0),
            embedding: Embedding { batch_size: 9_999, max_chars: 1, ..Embedding::default() },
            ..ask("/a")
        };
        let tame = wild.clamped();
        assert_eq!((tame.threshold, tame.min_cluster_size, tame.least_of_noise()), (0.999, 1, 0.0));
        assert_eq!((tame.embedding.batch_size, tame.embedding.max_chars), (256, 256));
        assert_eq!(TopicsAsk { threshold: 0.0, ..ask("/a") }.clamped().threshold, 0.9);
        assert_eq!(ask("/a").least_of_noise(), 0.92);
        assert_eq!(TopicsAsk { threshold: 0.5, ..ask("/a") }.least_of_noise(), 0.88);
    }
}
