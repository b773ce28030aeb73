//! What a file is meant to say, in the words of no dialect, and which of it a dialect has words for.
//! Knows no format and no reader.

use crate::dice::Dice;
use crate::recipe::BatchRecipe;

/// How a picture was made: what a writer is given to write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intended {
    /// Positive prompt, without adapters.
    pub positive: String,
    /// Negative prompt.
    pub negative: String,
    /// Steps of the first pass.
    pub steps: u32,
    /// In the writer's own words.
    pub sampler: String,
    /// In the writer's own words.
    pub scheduler: String,
    /// Classifier-free guidance.
    pub cfg: f64,
    /// Distilled guidance.
    pub guidance: f64,
    /// Any 64 bits.
    pub seed: u64,
    /// Of generation, in pixels.
    pub width: u32,
    /// Of generation, in pixels.
    pub height: u32,
    /// Name of the checkpoint without folder and extension.
    pub model: String,
    /// Ten hex digits in lower case.
    pub model_hash: String,
    /// Name of the decoder without folder and extension.
    pub vae: String,
    /// Layers of the text encoder that are left out, 1 or more.
    pub clip_skip: u32,
    /// In order, names distinct.
    pub loras: Vec<Adapter>,
    /// A second pass at a larger size.
    pub hires: Option<SecondPass>,
    /// Name of a second checkpoint, without folder and extension.
    pub refiner: Option<String>,
}

/// A low-rank adapter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adapter {
    /// Without folder and extension.
    pub name: String,
    /// Any number but 0, which some programs leave out.
    pub weight: f64,
    /// Hex digits in lower case.
    pub hash: String,
}

/// A second pass at a larger size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecondPass {
    /// Factor.
    pub scale: f64,
    /// Steps.
    pub steps: u32,
    /// 0 to 1.
    pub denoise: f64,
    /// Name of the upscaler.
    pub upscaler: String,
}

/// A part of [`Intended`] that a file may or may not be able to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Positive prompt.
    Positive,
    /// Negative prompt.
    Negative,
    /// Steps.
    Steps,
    /// Sampler.
    Sampler,
    /// Scheduler.
    Scheduler,
    /// Classifier-free guidance.
    Cfg,
    /// Distilled guidance.
    Guidance,
    /// Seed.
    Seed,
    /// Width and height of generation.
    Size,
    /// Checkpoint.
    Model,
    /// Hash of the checkpoint.
    ModelHash,
    /// Decoder.
    Vae,
    /// Layers left out.
    ClipSkip,
    /// Names and weights of adapters.
    Loras,
    /// Second pass.
    Hires,
    /// Second checkpoint.
    Refiner,
    /// The positive prompt, but as words about the picture and not as a prompt.
    Description,
    /// That a machine made the picture.
    Made,
}

impl Intended {
    /// What an image of a library is meant to say. The sampler is in ComfyUI's words if `of_comfy`.
    pub(crate) fn of(recipe: &BatchRecipe, seed: u64, of_comfy: bool, dice: &mut Dice) -> Self {
        let (sampler, scheduler) = if of_comfy {
            (recipe.comfy_sampler, crate::graph::comfy_scheduler(recipe))
        } else {
            (recipe.sampler, recipe.scheduler)
        };
        let adapter = |lora: &crate::recipe::Lora| Adapter {
            name: lora.name.clone(),
            weight: f64::from(lora.weight_percent) / 100.0,
            hash: lora.hash.clone(),
        };
        Self {
            positive: recipe.positive.clone(),
            negative: recipe.negative.clone(),
            steps: recipe.steps,
            sampler: sampler.to_owned(),
            scheduler: scheduler.to_owned(),
            cfg: f64::from(recipe.cfg_tenths) / 10.0,
            guidance: 3.5,
            seed,
            width: recipe.width,
            height: recipe.height,
            model: recipe.model.to_owned(),
            model_hash: recipe.model_hash.clone(),
            vae: "softDecode_v2".to_owned(),
            clip_skip: if recipe.clip_skip { 2 } else { 1 },
            loras: recipe.loras.iter().map(adapter).collect(),
            hires: recipe.hires.then(|| SecondPass {
                scale: 2.0,
                steps: 12,
                denoise: 0.45,
                upscaler: "4x-FineGrain".to_owned(),
            }),
            refiner: dice.chance(20).then(|| "northlightRefiner_v1".to_owned()),
        }
    }

    /// The prompt with its adapters named in it, as web UIs want it.
    pub(crate) fn with_adapters_named(&self) -> String {
        let mut text = self.positive.clone();
        for Adapter { name, weight, .. } in &self.loras {
            text.push_str(&format!(", <lora:{name}:{weight}>"));
        }
        text
    }
}
