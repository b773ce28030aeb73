//! A recipe: how a picture was made, as read from its file.

use serde::{Deserialize, Serialize};

/// Which writer's dialect a recipe was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// AUTOMATIC1111's web UI and everything compatible.
    #[default]
    A1111,
    /// Forge and its relatives.
    Forge,
    /// A ComfyUI graph.
    ComfyUi,
    /// NovelAI.
    NovelAi,
}

impl Source {
    /// The word of the `Source Identifier` settings entry, as the field writes it.
    #[must_use]
    pub const fn identifier(self) -> &'static str {
        match self {
            Self::A1111 => "Stable Diffusion web UI",
            Self::Forge => "Stable Diffusion web UI Forge",
            Self::ComfyUi => "ComfyUI",
            Self::NovelAi => "NovelAI",
        }
    }
}

/// How a picture was made. Every field is absent when the file does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Whose dialect the file speaks.
    pub source: Source,
    /// Positive prompt; newlines kept, ends trimmed.
    pub positive: String,
    /// Negative prompt; newlines kept, ends trimmed.
    pub negative: String,
    /// Steps of the first pass.
    pub steps: Option<u32>,
    /// Sampler as stored.
    pub sampler: Option<String>,
    /// Scheduler as stored.
    pub scheduler: Option<String>,
    /// Classifier-free guidance.
    pub cfg: Option<f64>,
    /// Seed as text, because seeds beyond 2^53 are common and some exceed 64 bits.
    pub seed: Option<String>,
    /// Generation width in pixels; pixel size of the file is a separate pair.
    pub width: Option<u32>,
    /// Generation height in pixels.
    pub height: Option<u32>,
    /// Model name without folder and known extension.
    pub model: Option<String>,
    /// Model hash, lower case.
    pub model_hash: Option<String>,
    /// Order of appearance, duplicates merged.
    pub loras: Vec<Lora>,
    /// Every settings key that no field above holds, in order, as text.
    pub extra: Vec<(String, String)>,
    /// The exact decoded text the recipe came from.
    pub raw: String,
}

/// A low-rank adapter and how strongly it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Name without folder and extension.
    pub name: String,
    /// 1 when the file does not say.
    pub weight: f64,
}
