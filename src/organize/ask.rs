//! What can be asked for: which images go where, and how the folders are named.

use super::template::Template;
use crate::files::Placing;
use crate::limits::organize as limits;
use crate::topics::Scope;

/// Asks for images to be put into folders by what they show.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrganizeAsk {
    /// Which images.
    pub scope: Scope,
    /// Where the folders are made; an absolute path, lexically normal.
    pub into: Vec<u8>,
    /// Cosine of an image's prompt with the centre of its topic, at least.
    pub threshold: f64,
    /// Images of a topic, at least.
    pub min_cluster_size: usize,
    /// Language of titles.
    pub lang: String,
    /// What folders are called.
    pub naming: FolderNaming,
    /// Whether images are moved or copied.
    pub placing: Placing,
    /// What becomes of images of no topic.
    pub noise: NoiseMode,
    /// The folder for images of no topic, as asked for.
    pub noise_name: String,
    /// Characters of the name of a folder, at most.
    pub name_chars_max: usize,
}

/// What folders are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FolderNaming {
    /// By the title of the topic.
    #[default]
    Title,
    /// By its first three keywords.
    Keywords,
    /// By its id.
    Id,
    /// By what each image says of itself; several folders one in another where the template says so.
    Template(Template),
}

/// What becomes of images of no topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseMode {
    /// They stay, and are counted.
    Skip,
    /// They go to a folder of their own.
    #[default]
    Unsorted,
    /// They stay, and are listed.
    Leave,
}

/// The folder for images of no topic, unless another is asked for.
pub const NOISE_NAME: &str = "Unsorted";

impl OrganizeAsk {
    /// Puts these images below `into`, with everything else as clients leave it (contract 7.1).
    #[must_use]
    pub fn of(scope: Scope, into: Vec<u8>) -> Self {
        Self {
            scope,
            into,
            threshold: 0.9,
            min_cluster_size: 2,
            lang: "en".to_owned(),
            naming: FolderNaming::Title,
            placing: Placing::Move,
            noise: NoiseMode::Unsorted,
            noise_name: NOISE_NAME.to_owned(),
            name_chars_max: limits::FOLDER_NAME_CHARS,
        }
    }

    /// The same, within bounds.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.threshold = if self.threshold > 0.0 { self.threshold.min(0.999) } else { 0.9 };
        self.min_cluster_size = self.min_cluster_size.max(1);
        self.name_chars_max = self.name_chars_max.clamp(1, limits::FOLDER_NAME_BYTES_MAX);
        if self.noise_name.trim().is_empty() {
            self.noise_name = NOISE_NAME.to_owned();
        }
        self
    }

    /// Whether topics have to be found for it.
    #[must_use]
    pub fn needs_topics(&self) -> bool {
        match &self.naming {
            FolderNaming::Title | FolderNaming::Keywords | FolderNaming::Id => true,
            FolderNaming::Template(template) => template.needs_topics(),
        }
    }

    /// Whether what it names a folder by may be several, one in another.
    #[must_use]
    pub const fn is_deep(&self) -> bool {
        matches!(self.naming, FolderNaming::Template(_))
    }
}

impl FolderNaming {
    /// The word of contract 7.1.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Keywords => "keywords",
            Self::Id => "id",
            Self::Template(_) => "template",
        }
    }
}

impl NoiseMode {
    /// The word of contract 7.1.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Unsorted => "unsorted",
            Self::Leave => "leave",
        }
    }
}
