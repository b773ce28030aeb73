//! The web UIs' text: positive prompt, `Negative prompt:`, one line of settings.

use std::fmt::Write;

use super::dialect::Dialect;
use super::recipe::{BatchRecipe, Lora, decimal};
use super::timeline::Place;

/// The infotext of one image, as the dialect's writer embeds it.
pub(crate) fn infotext(dialect: Dialect, recipe: &BatchRecipe, place: &Place, seed: u64) -> String {
    let mut text = String::with_capacity(recipe.positive.len() + recipe.negative.len() + 420);
    text.push_str(&recipe.positive);
    if !recipe.negative.is_empty() {
        let _ = write!(text, "\nNegative prompt: {}", recipe.negative);
    }
    let _ = write!(
        text,
        "\nSteps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Seed: {seed}, Size: {}x{}, \
         Model hash: {}, Model: {}",
        recipe.steps,
        recipe.sampler,
        recipe.scheduler,
        decimal(recipe.cfg_tenths, 1),
        recipe.width,
        recipe.height,
        recipe.model_hash,
        recipe.model,
    );
    if recipe.states_batch && place.batch_size > 1 {
        let _ = write!(text, ", Batch size: {}, Batch pos: {}", place.batch_size, place.batch_position);
    }
    if recipe.clip_skip {
        text.push_str(", Clip skip: 2");
    }
    if recipe.hires {
        text.push_str(
            ", Denoising strength: 0.45, Hires upscale: 2, Hires steps: 12, Hires upscaler: 4x-FineGrain",
        );
    }
    hashes(&mut text, &recipe.loras);
    text.push_str(match dialect {
        Dialect::ForgePng => {
            ", Module 1: clip_l, Module 2: ae, Version: f2.0.1v1.10.1-previous-655-g4e8f1a2c"
        }
        _ => ", Version: v1.10.1",
    });
    text
}

/// `Lora hashes: "name: hash, ..."`, absent without adapters.
fn hashes(text: &mut String, loras: &[Lora]) {
    for (nth, lora) in loras.iter().enumerate() {
        text.push_str(if nth == 0 { ", Lora hashes: \"" } else { ", " });
        let _ = write!(text, "{}: {}", lora.name, lora.hash);
    }
    if !loras.is_empty() {
        text.push('"');
    }
}
