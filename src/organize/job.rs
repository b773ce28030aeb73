//! A job that organizes files: what was asked, how far it is, what it would do, and what it did.

use super::ask::{NoiseMode, OrganizeAsk};
use crate::topics::{Progress, Stage};
use lumidex_schema::id::{ImageId, Seq};
use std::sync::Arc;

/// See the module.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrganizeJob {
    /// What was asked.
    pub ask: OrganizeAsk,
    /// How far it is.
    pub status: Status,
    /// While topics are found, how far that is.
    pub stage: Stage,
    /// In numbers.
    pub progress: Progress,
    /// What it would do; there from [`Status::PreviewReady`] on.
    #[serde(with = "shared")]
    pub preview: Option<Arc<Preview>>,
    /// What a person said to it.
    pub choice: Option<Choice>,
    /// The ledger's head before files were touched: the operation has the next number of its kind.
    pub began: Option<Seq>,
    /// Files that were to be moved or copied then.
    pub total: u64,
    /// What became of it.
    #[serde(with = "shared")]
    pub outcome: Option<Arc<Outcome>>,
    /// Why nothing became of it.
    pub error: Option<String>,
}

/// How far a job is, in the words of contract 7.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for its turn.
    Queued,
    /// Finds out what it would do.
    Running,
    /// Waits for a person.
    PreviewReady,
    /// Moves or copies files, or waits for its turn to.
    Moving,
    /// All was done that could be.
    Done,
    /// Nothing was done.
    Error,
}

/// What a job would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Preview {
    /// Folders with what goes there.
    pub clusters: Vec<Cluster>,
    /// Images of no topic.
    pub noise: Cluster,
    /// They are moved as well.
    pub is_noise_moved: bool,
    /// What could not be done as the disk was then.
    pub errors: Vec<Mistake>,
}

/// A folder with what goes there.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cluster {
    /// How it is named in a choice.
    pub id: String,
    /// Below the destination, components divided by `/`; empty where images stay.
    pub folder: String,
    /// Of its topic.
    pub title: String,
    /// Of its topics.
    pub keywords: Vec<String>,
    /// Images.
    pub size: u64,
    /// Images that are listed, with where they go.
    pub mappings: Vec<Mapping>,
}

/// An image, with where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mapping {
    /// Which. It is found by this, should its file be moved before its turn.
    pub image: u32,
    /// Where its file was, as an absolute path.
    #[serde(with = "shown")]
    pub from: Vec<u8>,
    /// Where it goes.
    #[serde(with = "shown")]
    pub to: Vec<u8>,
}

/// What a person said to a preview.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Choice {
    /// Other names for folders, by the id of the cluster; the last one counts.
    pub edits: Vec<(String, String)>,
    /// Clusters that stay as they are.
    pub skips: Vec<String>,
}

/// What became of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    /// By which it is undone; `None` when there was nothing to do.
    pub operation: Option<Seq>,
    /// Images that were moved or copied.
    pub moved: u64,
    /// Absolute paths of folders that were made.
    #[serde(with = "shown_all")]
    pub created: Vec<Vec<u8>>,
    /// What is not as the preview said; the first thousand.
    pub errors: Vec<Mistake>,
    /// Errors in all.
    pub failed: u64,
}

/// Something that is not as the preview said.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mistake {
    /// Which file.
    #[serde(with = "shown")]
    pub from: Vec<u8>,
    /// Where it should have gone, or did go.
    #[serde(with = "shown")]
    pub to: Vec<u8>,
    /// In words.
    pub why: String,
    /// It was done all the same, under another name.
    pub is_renamed: bool,
}

impl OrganizeJob {
    /// One that waits for its turn.
    #[must_use]
    pub fn new(ask: OrganizeAsk) -> Self {
        Self {
            ask,
            status: Status::Queued,
            stage: Stage::Queued,
            progress: Progress::default(),
            preview: None,
            choice: None,
            began: None,
            total: 0,
            outcome: None,
            error: None,
        }
    }
}

impl Status {
    /// The word of contract 7.2.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::PreviewReady => "preview_ready",
            Self::Moving => "moving",
            Self::Done => "done",
            Self::Error => "error",
        }
    }

    /// Whether it waits for a turn or has one.
    #[must_use]
    pub const fn is_busy(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Moving => true,
            Self::PreviewReady | Self::Done | Self::Error => false,
        }
    }
}

impl Preview {
    /// Whether noise of this mode is moved.
    #[must_use]
    pub const fn moves_noise(mode: NoiseMode) -> bool {
        matches!(mode, NoiseMode::Unsorted)
    }

    /// The clusters whose files are moved or copied.
    pub fn moved(&self) -> impl Iterator<Item = &Cluster> {
        self.clusters.iter().chain(self.is_noise_moved.then_some(&self.noise))
    }

    /// All files that are moved or copied, cluster by cluster.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        self.moved().flat_map(|cluster| &cluster.mappings)
    }
}

impl Mapping {
    /// Which image.
    #[must_use]
    pub const fn image(&self) -> ImageId {
        ImageId(self.image)
    }
}

/// What jobs share, stored as if each had its own.
mod shared {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::sync::Arc;

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Arc<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_deref().serialize(to)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Arc<T>>, D::Error> {
        Ok(Option::<T>::deserialize(from)?.map(Arc::new))
    }
}

/// A path as it is shown, which is four times shorter in JSON than its bytes; none is lost.
mod shown {
    use lumidex_schema::path::{display, from_display};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&display(path))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        Ok(from_display(&String::deserialize(from)?))
    }
}

/// As [`shown`].
mod shown_all {
    use lumidex_schema::path::{display, from_display};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(paths: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(paths.iter().map(|path| display(path)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        Ok(Vec::<String>::deserialize(from)?.iter().map(|path| from_display(path)).collect())
    }
}
