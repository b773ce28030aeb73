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
    /// SD.Next.
    SdNext,
    /// Fooocus and what was made of it.
    Fooocus,
    /// RuinedFooocus.
    RuinedFooocus,
    /// InvokeAI.
    InvokeAi,
    /// SwarmUI, formerly StableSwarmUI.
    SwarmUi,
    /// Draw Things.
    DrawThings,
    /// Easy Diffusion.
    EasyDiffusion,
    /// The generator of Civitai.
    Civitai,
    /// TensorArt and its relatives.
    TensorArt,
    /// StabilityMatrix.
    StabilityMatrix,
    /// A space of Hugging Face.
    HfSpace,
    /// Midjourney.
    Midjourney,
    /// OpenAI: DALL·E, gpt-image, ChatGPT, Sora.
    OpenAi,
    /// Google: Gemini, Imagen.
    Google,
    /// Adobe: Firefly, Photoshop.
    Adobe,
    /// A generator that names itself in no way known here.
    Generic,
    /// A camera.
    Camera,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 21] = [
        Self::A1111,
        Self::Forge,
        Self::ComfyUi,
        Self::NovelAi,
        Self::SdNext,
        Self::Fooocus,
        Self::RuinedFooocus,
        Self::InvokeAi,
        Self::SwarmUi,
        Self::DrawThings,
        Self::EasyDiffusion,
        Self::Civitai,
        Self::TensorArt,
        Self::StabilityMatrix,
        Self::HfSpace,
        Self::Midjourney,
        Self::OpenAi,
        Self::Google,
        Self::Adobe,
        Self::Generic,
        Self::Camera,
    ];

    /// The word of the `Source Identifier` settings entry, as the field writes it.
    #[must_use]
    pub const fn identifier(self) -> &'static str {
        match self {
            Self::A1111 => "Stable Diffusion web UI",
            Self::Forge => "Stable Diffusion web UI Forge",
            Self::ComfyUi => "ComfyUI",
            Self::NovelAi => "NovelAI",
            Self::SdNext => "SD.Next",
            Self::Fooocus => "Fooocus",
            Self::RuinedFooocus => "RuinedFooocus",
            Self::InvokeAi => "InvokeAI",
            Self::SwarmUi => "StableSwarmUI",
            Self::DrawThings => "Draw Things",
            Self::EasyDiffusion => "Easy Diffusion",
            Self::Civitai => "Civitai",
            Self::TensorArt => "TensorArt",
            Self::StabilityMatrix => "StabilityMatrix",
            Self::HfSpace => "Hugging Face",
            Self::Midjourney => "Midjourney",
            Self::OpenAi => "OpenAI",
            Self::Google => "Google",
            Self::Adobe => "Adobe",
            Self::Generic => "Other generator",
            Self::Camera => "Camera",
        }
    }

    /// One word in lower case, as scripts know it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::A1111 => "a1111",
            Self::Forge => "forge",
            Self::ComfyUi => "comfyui",
            Self::NovelAi => "novelai",
            Self::SdNext => "sdnext",
            Self::Fooocus => "fooocus",
            Self::RuinedFooocus => "ruinedfooocus",
            Self::InvokeAi => "invokeai",
            Self::SwarmUi => "swarmui",
            Self::DrawThings => "drawthings",
            Self::EasyDiffusion => "easydiffusion",
            Self::Civitai => "civitai",
            Self::TensorArt => "tensorart",
            Self::StabilityMatrix => "stabilitymatrix",
            Self::HfSpace => "hfspace",
            Self::Midjourney => "midjourney",
            Self::OpenAi => "openai",
            Self::Google => "google",
            Self::Adobe => "adobe",
            Self::Generic => "generic",
            Self::Camera => "camera",
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lora {
    /// Name without folder and extension.
    pub name: String,
    /// 1 when the file does not say.
    pub weight: f64,
    /// Of the text encoder, where the file gives one of its own.
    pub clip_weight: Option<f64>,
    /// Lower case, without the name of its kind.
    pub hash: Option<String>,
}
