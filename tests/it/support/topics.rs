//! Topics that a test says there are, over the real images of a library.

use lumidex::ledger::Ledger;
use lumidex::organize::FindTopics;
use lumidex::sys::Stop;
use lumidex::topics::{Embedder, Progress, Stage, Topic, TopicSet, TopicsAsk, VectorsMark};
use lumidex_schema::id::Timestamp;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};

/// A title, keywords, and files below the folder of the test.
pub type Said = (&'static str, &'static [&'static str], &'static [&'static str]);

/// See the file's head.
#[derive(Default)]
pub struct Given {
    topics: Mutex<(Vec<Said>, Vec<&'static str>)>,
    known: OnceLock<(Ledger, PathBuf)>,
    /// What was asked.
    pub asked: Mutex<Vec<TopicsAsk>>,
    /// Where it is told that topics are being found, which then waits.
    gate: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl Given {
    /// There are these topics, and these files are of none.
    pub fn new(topics: &[Said], noise: &[&'static str]) -> Arc<Self> {
        let given = Self::default();
        *given.topics.lock() = (topics.to_vec(), noise.to_vec());
        Arc::new(given)
    }

    /// From now on there are these.
    pub fn says(&self, topics: &[Said]) {
        *self.topics.lock() = (topics.to_vec(), Vec::new());
    }

    /// Of the library with this ledger, over this folder.
    pub fn knows(&self, ledger: &Ledger, top: &Path) {
        assert!(self.known.set((ledger.clone(), top.to_owned())).is_ok());
    }

    /// The next time it waits: gives what tells that it was asked, and what lets it go on.
    pub fn hold(&self) -> (Receiver<()>, Sender<()>) {
        let ((tell, told), (go, gone)) = (channel(), channel());
        *self.gate.lock() = Some((tell, gone));
        (told, go)
    }
}

impl FindTopics for Given {
    fn find(
        &self,
        ask: TopicsAsk,
        told: &mut dyn FnMut(Stage, Progress),
        stop: &Stop,
    ) -> Result<Arc<TopicSet>, String> {
        let progress = Progress { to_embed: 3, embedded_done: 1, ..Progress::default() };
        told(Stage::Embedding, progress);
        let gate = self.gate.lock().take();
        if let Some((tell, gone)) = gate {
            tell.send(()).unwrap();
            // Closed by a test that wants it stopped.
            if gone.recv().is_err() {
                stop.wait();
                return Err("it was stopped".to_owned());
            }
        }
        let Some((ledger, top)) = self.known.get() else { return Err("nothing is known yet".to_owned()) };
        let reader = ledger.reader().map_err(|error| error.to_string())?;
        let id = |below: &&str| {
            let path = lumidex::sys::paths::to_bytes(top.join(below));
            reader.present_at(&path).unwrap().unwrap_or_else(|| panic!("no image at {below}")).0.0
        };
        let (topics, noise) = &*self.topics.lock();
        let topics: Vec<Topic> = topics
            .iter()
            .enumerate()
            .map(|(nth, (title, keywords, files))| Topic {
                id: format!("topic_{nth}"),
                title: (*title).to_owned(),
                keywords: keywords.iter().map(|&word| word.to_owned()).collect(),
                images: files.iter().map(id).collect(),
                sample: String::new(),
            })
            .collect();
        let n_topics = topics.len() as u64;
        let set = TopicSet {
            key: "0".repeat(40),
            made: Timestamp::default(),
            scope: ask.scope.clone(),
            embedder: Embedder::Builtin,
            threshold: ask.threshold,
            min_cluster_size: ask.min_cluster_size,
            least_of_noise: ask.least_of_noise(),
            vectors: VectorsMark::default(),
            folder_times: Vec::new(),
            topics,
            noise: noise.iter().map(id).collect(),
        };
        self.asked.lock().push(ask);
        told(Stage::Done, Progress { clusters_total: n_topics, clusters_done: n_topics, ..progress });
        Ok(Arc::new(set))
    }
}
