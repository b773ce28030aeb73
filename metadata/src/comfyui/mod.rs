//! ComfyUI's graphs to a recipe (catalogue 5.5): the graph that was run, else the one its editor keeps.
//!
//! `places` finds the graphs of a file. Either form becomes a [`graph::Graph`]; `route` chooses the sampler
//! that made the picture, and the rest of the rooms answer one question each about it.

mod adapters;
mod graph;
mod joining;
mod lottery;
mod math;
mod model;
mod pass;
mod passes;
mod places;
mod route;
mod sampling;
mod scalar;
mod unsampled;
mod size;
mod strings;
mod subgraphs;
#[cfg(test)]
mod tests;
mod text;
mod ui;
mod widgets;

#[cfg(test)]
use places::parse;
pub(super) use places::{find, is_editor_graph, is_graph};

use crate::comfyui::graph::Graph;
use crate::comfyui::sampling::Settings;
use crate::normal;
use lumidex_schema::recipe::{Recipe, Source};

/// The recipe of a graph. `name` is the file's, which tells several savers apart.
fn recipe(graph: &Graph<'_>, raw: &str, name: &str) -> Recipe {
    let mut recipe = Recipe { source: Source::ComfyUi, raw: raw.to_owned(), ..Recipe::default() };
    match route::find(graph, name) {
        Some(route) => of_route(graph, &route, &mut recipe),
        None => unsampled::fill(graph, route::saver(graph, name), &mut recipe),
    }
    for network in crate::prompt::networks(&recipe.positive) {
        normal::add_lora(&mut recipe.loras, network.name, network.weight);
    }
    recipe
}

fn of_route(graph: &Graph<'_>, route: &route::Route, recipe: &mut Recipe) {
    const CLIP_L_BYTES_MAX: usize = 256;
    let base = route.base;
    let prompts = text::prompts(graph, base);
    recipe.positive.clone_from(&prompts.positive);
    recipe.negative.clone_from(&prompts.negative);
    let settings = sampling::of(graph, base);
    apply(&settings, recipe);
    let made = model::of(graph, base);
    recipe.model.clone_from(&made.model);
    recipe.loras = made.loras;
    if let Some((width, height)) = size::of(graph, base) {
        (recipe.width, recipe.height) = (Some(width), Some(height));
    }
    passes::add(
        graph,
        route,
        &passes::Base { settings: &settings, model: made.model.as_deref(), prompts: &prompts },
        recipe,
    );
    graph.begin();
    let mut decoders = route.last_leg.iter().rev().chain(&route.later).copied().chain([base]);
    put(recipe, "VAE", decoders.find_map(|at| model::vae(graph, at)));
    let guidance = prompts.guidance.or(settings.guidance);
    put(recipe, "Distilled CFG Scale", guidance.map(|guidance| guidance.to_string()));
    for (nth, model) in made.others.into_iter().enumerate() {
        put(recipe, &format!("Model {}", nth + 2), Some(model));
    }
    if let Some(encoder) = prompts.encoder {
        let encoders = model::encoders(graph, encoder, &made.applied);
        put(recipe, "Clip skip", encoders.clip_skip.map(|skip| skip.to_string()));
        for (nth, file) in encoders.files.into_iter().enumerate() {
            put(recipe, &format!("Text encoder {}", nth + 1), Some(file));
        }
        for lora in encoders.loras {
            let same = normal::SameLora::as_this(&lora.name);
            if !recipe.loras.iter().any(|known| same.is(&known.name)) {
                recipe.loras.push(lora);
            }
        }
    }
    put(recipe, "clip_l", prompts.clip_l.filter(|text| text.len() <= CLIP_L_BYTES_MAX));
}

/// The settings of the base pass as fields.
fn apply(settings: &Settings, recipe: &mut Recipe) {
    recipe.steps = settings.steps;
    recipe.seed.clone_from(&settings.seed);
    recipe.cfg = settings.cfg;
    recipe.sampler.clone_from(&settings.sampler);
    recipe.scheduler.clone_from(&settings.scheduler);
}

/// Adds a setting unless it is there.
fn put(recipe: &mut Recipe, key: &str, value: Option<String>) {
    if let Some(value) = value.filter(|value| !value.is_empty())
        && !recipe.extra.iter().any(|(known, _)| known == key)
    {
        recipe.extra.push((key.to_owned(), value));
    }
}
