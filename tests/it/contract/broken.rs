//! The broken library of `faults`, asked for topics and for organizing.

use super::faults::Broken;
use lumidex::organize::{Choice, Moving, OrganizeAsk, OrganizeJob};
use lumidex::query::{Hit, SearchError};
use lumidex::serve::{Failure, Meanings, Organizing};
use lumidex::sys::Stop;
use lumidex::topics::{
    Cached, Embedded, Embedder, Embedding, GraphFound, MeaningAsk, MeaningFound, Posted, Scope, SimilarAsk,
    Topic, TopicSet, TopicsAsk, TopicsError, TopicsJob,
};
use lumidex_schema::id::ImageId;
use lumidex_schema::record::Malformed;
use std::sync::Arc;

impl Broken {
    fn deny<T>(&self) -> Result<T, TopicsError> {
        self.fail().map_err(|error| match error {
            Failure::Unready(_) => SearchError::NotReady.into(),
            _ => TopicsError::Ledger(Malformed { table: "images" }.into()),
        })
    }
}

impl Meanings for Broken {
    fn start_topics(&self, _: TopicsAsk) -> Result<String, TopicsError> {
        self.deny()
    }
    fn topics_job(&self, _: &str) -> Option<Posted<TopicsJob>> {
        None
    }
    fn stop_topics(&self, _: &str) -> bool {
        false
    }
    fn kept_topics(&self, _: &str) -> Option<Arc<TopicSet>> {
        None
    }
    fn cached_topics(&self, _: &TopicsAsk) -> Result<Cached, TopicsError> {
        self.deny()
    }
    fn embed(&self, _: &Scope, _: Embedding, _: &Stop) -> Result<(Embedder, Embedded), TopicsError> {
        self.deny()
    }
    fn by_meaning(&self, _: &MeaningAsk, _: &Stop) -> Result<MeaningFound, TopicsError> {
        self.deny()
    }
    fn similar(&self, _: &SimilarAsk, _: &Stop) -> Result<MeaningFound, TopicsError> {
        self.deny()
    }
    fn tag_graph(&self, _: &[Vec<u8>], _: &str, _: bool, _: &Stop) -> Result<GraphFound, TopicsError> {
        self.deny()
    }
    fn topic(&self, _: &str, _: &str) -> Option<Topic> {
        None
    }
    fn hits(&self, _: &[ImageId]) -> Result<Vec<Hit>, Failure> {
        self.fail()
    }
}

impl Organizing for Broken {
    fn start_organizing(&self, _: OrganizeAsk) -> Result<String, Failure> {
        self.fail()
    }
    fn organizing(&self, _: &str) -> Result<Option<(Posted<OrganizeJob>, Moving)>, Failure> {
        self.fail()
    }
    fn organized_folders(&self, _: &str, _: &Choice) -> Vec<Vec<u8>> {
        Vec::new()
    }
    fn confirm_organizing(&self, _: &str, _: Choice) -> Result<(), Failure> {
        self.fail()
    }
}
