//! A recipe as one record for every dialect (catalogue, sections 1 and 6): canonical names of samplers and
//! schedulers beside the stored ones, and settings of later passes put together. Reads nothing.

use crate::samplers;
use crate::{normal, tags};
use lumidex_schema::recipe::{Lora, Recipe};
use serde::Serialize;

/// A recipe in the words of no dialect. Absent is what the file does not say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Normalised {
    /// The writer, as one word in lower case: `a1111`, `comfyui`.
    pub source: &'static str,
    /// Of the writer.
    pub version: Option<String>,
    /// Positive prompt.
    pub positive: String,
    /// Negative prompt.
    pub negative: String,
    /// Steps of the first pass.
    pub steps: Option<u32>,
    /// Without the scheduler that some writers join to it.
    pub sampler: Option<Named>,
    /// Of its own, or the one joined to the sampler.
    pub scheduler: Option<Named>,
    /// Classifier-free guidance.
    pub cfg: Option<f64>,
    /// Distilled guidance.
    pub guidance: Option<f64>,
    /// A number where 64 bits hold it, otherwise its digits.
    pub seed: Option<Seed>,
    /// Generation width in pixels.
    pub width: Option<u32>,
    /// Generation height in pixels.
    pub height: Option<u32>,
    /// The checkpoint.
    pub model: Option<Model>,
    /// Its file's name without folder and extension.
    pub vae: Option<String>,
    /// Order of appearance.
    pub loras: Vec<Lora>,
    /// The second pass at a larger size.
    pub hires: Option<Hires>,
    /// The second model.
    pub refiner: Option<Refiner>,
    /// What enlarged the finished picture.
    pub upscaler: Option<Upscaler>,
    /// How many last layers of the text encoder are left out.
    pub clip_skip: Option<u32>,
    /// Every setting that is none of the above, in order: key and value.
    pub extra: Vec<(String, String)>,
}

/// A name as the file has it, and the one that all writers' names for the same thing become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// As stored.
    pub stored: String,
    /// Lower case, words joined by `_`: `dpmpp_2m`.
    pub canonical: String,
}

/// A seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Seed {
    /// One that 64 bits hold.
    Number(u64),
    /// Decimal digits of a larger one.
    Digits(String),
}

/// A checkpoint; at least one of its fields is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Without folder and extension.
    pub name: Option<String>,
    /// Lower case.
    pub hash: Option<String>,
}

/// A second pass at a larger size.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Hires {
    /// Factor.
    pub scale: Option<f64>,
    /// Of the pass.
    pub steps: Option<u32>,
    /// 0 to 1.
    pub denoise: Option<f64>,
    /// Name of the upscaler.
    pub upscaler: Option<String>,
    /// Where it is another than the first pass has.
    pub sampler: Option<Named>,
    /// Where it is another than the first pass has.
    pub cfg: Option<f64>,
}

/// A second model that ends the work of the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Refiner {
    /// Without folder, extension and hash.
    pub model: Option<String>,
    /// The part of the steps, or the step, at which it takes over.
    pub switch_at: Option<f64>,
    /// Of the refiner.
    pub steps: Option<u32>,
}

/// What enlarged the finished picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Upscaler {
    /// As stored.
    pub name: Option<String>,
    /// Factor.
    pub scale: Option<f64>,
}

/// The record of a recipe.
#[must_use]
pub fn normalised(recipe: &Recipe) -> Normalised {
    let mut rest = Rest { recipe, taken: Vec::new() };
    let (sampler, joined) = recipe.sampler.as_deref().map(samplers::split).unzip();
    let joined: Option<Named> = joined.flatten();
    let scheduler = recipe
        .scheduler
        .as_ref()
        .map(|stored| Named { stored: stored.clone(), canonical: samplers::canonical_scheduler(stored) });
    let has_model = recipe.model.is_some() || recipe.model_hash.is_some();
    Normalised {
        source: recipe.source.word(),
        version: rest.text("Version"),
        positive: recipe.positive.clone(),
        negative: recipe.negative.clone(),
        steps: recipe.steps,
        sampler,
        scheduler: scheduler.or(joined),
        cfg: recipe.cfg,
        guidance: rest.number("Distilled CFG Scale"),
        seed: recipe.seed.as_ref().map(|seed| match seed.parse() {
            Ok(number) => Seed::Number(number),
            Err(_) => Seed::Digits(seed.clone()),
        }),
        width: recipe.width,
        height: recipe.height,
        model: has_model.then(|| Model { name: recipe.model.clone(), hash: recipe.model_hash.clone() }),
        vae: rest.text("VAE").and_then(|vae| normal::model(&vae)),
        loras: recipe.loras.clone(),
        hires: rest.hires(),
        refiner: rest.refiner(),
        upscaler: rest.upscaler(),
        clip_skip: rest.count("Clip skip"),
        extra: rest.finish(),
    }
}

/// The settings, of which some are taken.
struct Rest<'a> {
    recipe: &'a Recipe,
    taken: Vec<&'static str>,
}

impl Rest<'_> {
    fn text(&mut self, key: &'static str) -> Option<String> {
        let value = tags::setting(self.recipe, key)?.to_owned();
        self.taken.push(key);
        Some(value)
    }

    /// A setting that is no number stays among the others.
    fn number(&mut self, key: &'static str) -> Option<f64> {
        let number = tags::setting(self.recipe, key).and_then(normal::number)?;
        self.taken.push(key);
        Some(number)
    }

    fn count(&mut self, key: &'static str) -> Option<u32> {
        let count = tags::setting(self.recipe, key).and_then(normal::count)?;
        self.taken.push(key);
        Some(count)
    }

    /// The strength of a change belongs to this pass only where there is one.
    fn hires(&mut self) -> Option<Hires> {
        let mut hires = Hires {
            scale: self.number("Hires upscale"),
            steps: self.count("Hires steps"),
            denoise: None,
            upscaler: self.text("Hires upscaler"),
            sampler: self.text("Hires sampler").map(|stored| samplers::split(&stored).0),
            cfg: self.number("Hires CFG Scale"),
        };
        let has_size = tags::setting(self.recipe, "Hires resize").is_some();
        if hires == Hires::default() && !has_size {
            return None;
        }
        hires.denoise = self.number("Denoising strength");
        Some(hires)
    }

    fn refiner(&mut self) -> Option<Refiner> {
        let model = self.text("Refiner").and_then(|model| {
            // `name [hash]`
            let name =
                model.rsplit_once(" [").filter(|_| model.ends_with(']')).map_or(&*model, |(name, _)| name);
            normal::model(name)
        });
        let refiner = Refiner {
            model,
            switch_at: self.number("Refiner switch at"),
            steps: self.count("Refiner steps"),
        };
        (refiner != Refiner::default()).then_some(refiner)
    }

    fn upscaler(&mut self) -> Option<Upscaler> {
        let name = self.text("Postprocess upscaler").or_else(|| self.text("Upscaler"));
        let upscaler = Upscaler { name, scale: self.number("Postprocess upscale by") };
        (upscaler != Upscaler::default()).then_some(upscaler)
    }

    fn finish(self) -> Vec<(String, String)> {
        let is_taken = |key: &str| self.taken.iter().any(|taken| taken.eq_ignore_ascii_case(key));
        self.recipe.extra.iter().filter(|(key, _)| !is_taken(key)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::recipe_of;

    #[test]
    fn settings_of_later_passes_are_put_together() {
        let text = "x <lora:a:0.5>\nNegative prompt: y\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 1, Seed: 5, \
            Size: 64x96, Model hash: ab12, Model: m, VAE: v.safetensors, Clip skip: 2, Denoising strength: 0.4, \
            Hires upscale: 1.5, Hires steps: 8, Hires upscaler: Latent, Refiner: r.safetensors [12ab], \
            Refiner switch at: 0.8, Distilled CFG Scale: 3.5, Postprocess upscaler: L, Postprocess upscale by: 2, \
            Version: v1.9, RNG: CPU";
        let record = normalised(&recipe_of(text).unwrap());
        let json = serde_json::to_value(&record).unwrap();
        let expected = serde_json::json!({
            "source": "a1111", "version": "v1.9", "positive": "x <lora:a:0.5>", "negative": "y", "steps": 20,
            "sampler": {"stored": "DPM++ 2M", "canonical": "dpmpp_2m"},
            "scheduler": {"stored": "Karras", "canonical": "karras"},
            "cfg": 1.0, "guidance": 3.5, "seed": 5, "width": 64, "height": 96,
            "model": {"name": "m", "hash": "ab12"}, "vae": "v",
            "loras": [{"name": "a", "weight": 0.5, "clip_weight": null, "hash": null}],
            "hires": {"scale": 1.5, "steps": 8, "denoise": 0.4, "upscaler": "Latent", "sampler": null, "cfg": null},
            "refiner": {"model": "r", "switch_at": 0.8, "steps": null},
            "upscaler": {"name": "L", "scale": 2.0}, "clip_skip": 2, "extra": [["RNG", "CPU"]],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn what_is_not_said_is_absent() {
        let record = normalised(
            &recipe_of("x\nSteps: 2, Seed: 99999999999999999999, Denoising strength: 0.5").unwrap(),
        );
        assert_eq!(record.seed, Some(Seed::Digits("99999999999999999999".to_owned())));
        assert_eq!((record.hires, record.refiner, record.upscaler, record.model), (None, None, None, None));
        assert_eq!(record.extra, [("Denoising strength".to_owned(), "0.5".to_owned())]);
    }
}
