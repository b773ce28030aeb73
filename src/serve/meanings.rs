//! The door through which routes reach topics and searches by meaning.

use super::engine::Failure;
use crate::library::Library;
use crate::query::Hit;
use crate::sys::Stop;
use crate::topics::{
    Cached, Embedded, Embedder, Embedding, GraphFound, MeaningAsk, MeaningFound, Posted, Scope, SimilarAsk,
    Topic, TopicSet, TopicsAsk, TopicsError, TopicsJob,
};
use lumidex_schema::id::ImageId;
use std::sync::Arc;

/// Topics and searches by meaning. Every method may block; none is called on an async thread.
pub trait Meanings {
    /// See [`Topics::start`](crate::topics::Topics::start).
    ///
    /// # Errors
    /// [`TopicsError`]; so for everything here.
    fn start_topics(&self, ask: TopicsAsk) -> Result<String, TopicsError>;
    /// See [`Topics::job`](crate::topics::Topics::job).
    fn topics_job(&self, id: &str) -> Option<Posted<TopicsJob>>;
    /// See [`Topics::stop`](crate::topics::Topics::stop).
    fn stop_topics(&self, id: &str) -> bool;
    /// See [`Topics::kept`](crate::topics::Topics::kept).
    fn kept_topics(&self, key: &str) -> Option<Arc<TopicSet>>;
    /// See [`Topics::cached`](crate::topics::Topics::cached).
    ///
    /// # Errors
    /// As above.
    fn cached_topics(&self, ask: &TopicsAsk) -> Result<Cached, TopicsError>;
    /// See [`Topics::embed`](crate::topics::Topics::embed).
    ///
    /// # Errors
    /// As above.
    fn embed(&self, scope: &Scope, how: Embedding, stop: &Stop) -> Result<(Embedder, Embedded), TopicsError>;
    /// See [`Topics::by_meaning`](crate::topics::Topics::by_meaning).
    ///
    /// # Errors
    /// As above.
    fn by_meaning(&self, ask: &MeaningAsk, stop: &Stop) -> Result<MeaningFound, TopicsError>;
    /// See [`Topics::similar`](crate::topics::Topics::similar).
    ///
    /// # Errors
    /// As above.
    fn similar(&self, ask: &SimilarAsk, stop: &Stop) -> Result<MeaningFound, TopicsError>;
    /// See [`Topics::graph`](crate::topics::Topics::graph).
    ///
    /// # Errors
    /// As above.
    fn tag_graph(
        &self,
        folders: &[Vec<u8>],
        lang: &str,
        may_pay: bool,
        stop: &Stop,
    ) -> Result<GraphFound, TopicsError>;
    /// See [`Topics::topic`](crate::topics::Topics::topic).
    fn topic(&self, key: &str, id: &str) -> Option<Topic>;
    /// These images, in the order given, without those that are not there.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn hits(&self, images: &[ImageId]) -> Result<Vec<Hit>, Failure>;
}

impl Meanings for Library {
    fn start_topics(&self, ask: TopicsAsk) -> Result<String, TopicsError> {
        self.topics().start(ask)
    }

    fn topics_job(&self, id: &str) -> Option<Posted<TopicsJob>> {
        self.topics().job(id)
    }

    fn stop_topics(&self, id: &str) -> bool {
        self.topics().stop(id)
    }

    fn kept_topics(&self, key: &str) -> Option<Arc<TopicSet>> {
        self.topics().kept(key)
    }

    fn cached_topics(&self, ask: &TopicsAsk) -> Result<Cached, TopicsError> {
        self.topics().cached(ask)
    }

    fn embed(&self, scope: &Scope, how: Embedding, stop: &Stop) -> Result<(Embedder, Embedded), TopicsError> {
        self.topics().embed(scope, how, stop)
    }

    fn by_meaning(&self, ask: &MeaningAsk, stop: &Stop) -> Result<MeaningFound, TopicsError> {
        self.topics().by_meaning(ask, stop)
    }

    fn similar(&self, ask: &SimilarAsk, stop: &Stop) -> Result<MeaningFound, TopicsError> {
        self.topics().similar(ask, stop)
    }

    fn tag_graph(
        &self,
        folders: &[Vec<u8>],
        lang: &str,
        may_pay: bool,
        stop: &Stop,
    ) -> Result<GraphFound, TopicsError> {
        self.topics().graph(folders, lang, may_pay, stop)
    }

    fn topic(&self, key: &str, id: &str) -> Option<Topic> {
        self.topics().topic(key, id)
    }

    fn hits(&self, images: &[ImageId]) -> Result<Vec<Hit>, Failure> {
        Ok(self.query().hits(images)?)
    }
}
