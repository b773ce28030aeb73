//! Graphs without a sampler: image services called from a graph, samplers in one node, and graphs
//! that only work on a finished picture.

use crate::comfyui::graph::{Graph, NodeAt};
use crate::comfyui::strings::{self, Strings, is_path};
use crate::comfyui::text::{self, Side};
use crate::comfyui::{passes, put, route, sampling, scalar};
use crate::normal;
use lumidex_schema::recipe::Recipe;
use std::collections::HashSet;

const PROMPTS: [&str; 6] = ["prompt", "positive_prompt", "text_prompt", "prompt_text", "positive", "text"];

/// Fills a recipe from the nodes that lead to the saver, else from all.
pub(super) fn fill(graph: &Graph<'_>, saver: Option<NodeAt>, recipe: &mut Recipe) {
    graph.begin();
    let nodes = saver.map_or_else(|| (0..graph.len()).collect(), |saver| route::upstream(graph, saver));
    graph.begin();
    let way = saver.map(|saver| route::way(graph, saver, false));
    graph.begin();
    // One that the picture came through, before one that only leads to it; what writes texts makes none.
    let mut services = way.iter().flatten().chain(&nodes).copied().filter(|at| is_service(graph, *at));
    if let Some(service) = services.find(|at| !is_writer(graph, *at)) {
        of_service(graph, service, recipe);
    }
    if recipe.positive.is_empty() {
        longest(graph, &nodes, recipe);
    }
    graph.begin();
    passes::upscaled_only(graph, way.as_deref().unwrap_or(&nodes), recipe);
}

/// A node that makes a text of an instruction, where its class does not say that it makes pictures too.
fn is_writer(graph: &Graph<'_>, at: NodeAt) -> bool {
    strings::is_writer(graph, at) && !graph.is_kind(at, &["image", "img", "video", "banana", "t2i", "veo"])
        || graph.is_kind(at, &["seednode"])
}

/// A node that makes a picture of a prompt by itself.
fn is_service(graph: &Graph<'_>, at: NodeAt) -> bool {
    let has_more = graph.has_any(
        at,
        &[
            "seed",
            "model",
            "model_name",
            "aspect_ratio",
            "negative_prompt",
            "size",
            "steps",
            "duration",
            "resolution",
            "quality",
            "guidance",
        ],
    );
    graph.has_any(at, &PROMPTS[..4]) && has_more && !text::is_encoder(graph, at)
}

fn of_service(graph: &Graph<'_>, at: NodeAt, recipe: &mut Recipe) {
    let mut strings = Strings::new(graph);
    let mut said = |names: &[&str], side: Side| {
        let said = names.iter().find_map(|name| strings.at(at, name, side, 0));
        said.map(|said| said.text.replace(['\r', '\0'], "").trim().to_owned()).unwrap_or_default()
    };
    recipe.positive = said(&PROMPTS, Side::Positive);
    recipe.negative = said(&["negative_prompt", "negative"], Side::Negative);
    let settings = sampling::of(graph, at);
    super::apply(&settings, recipe);
    const MODELS: [&str; 5] = ["model", "model_name", "ckpt_name", "model_version", "model_type"];
    let model = MODELS.iter().find_map(|name| normal::model(&scalar::first(graph, at, &[name])?));
    recipe.model = model.or_else(|| Some(graph.class(at).to_owned()));
    let size = scalar::count(graph, at, &["width"]).zip(scalar::count(graph, at, &["height"]));
    let named =
        || ["size", "resolution"].iter().find_map(|name| normal::size(&scalar::first(graph, at, &[name])?));
    let is_sane =
        |(width, height): &(u32, u32)| (1..=65_535).contains(width) && (1..=65_535).contains(height);
    if let Some((width, height)) = size.or_else(named).filter(is_sane) {
        (recipe.width, recipe.height) = (Some(width), Some(height));
    }
    for name in ["aspect_ratio", "quality", "style", "duration"] {
        let value = scalar::first(graph, at, &[name]).filter(|value| value.len() <= 64 && !value.is_empty());
        put(recipe, name, value);
    }
}

/// The longest text of encoders and of nodes like them on either side.
fn longest(graph: &Graph<'_>, nodes: &[NodeAt], recipe: &mut Recipe) {
    let mut strings = Strings::new(graph);
    let negatives: HashSet<NodeAt> = (0..graph.len())
        .flat_map(|at| graph.links(at))
        .filter(|(name, _)| name.starts_with("neg"))
        .map(|(_, (target, _))| target)
        .collect();
    for at in nodes.iter().copied() {
        if !graph.step(at) {
            break;
        }
        let text = if text::is_encoder(graph, at) {
            text::encoded(&mut strings, at, Side::Positive)
        } else if (graph.is_kind(at, &["prompt"]) || graph.has(at, "prompt")) && !is_writer(graph, at) {
            let said = PROMPTS.iter().find_map(|name| strings.at(at, name, Side::Positive, 0));
            said.map(|said| said.text.trim().to_owned()).unwrap_or_default()
        } else {
            continue;
        };
        if is_path(&text) || text.starts_with(['{', '[']) && crate::json::len(&text).is_some() {
            continue;
        }
        let is_negative =
            [graph.class(at), graph.title(at)].iter().any(|word| word.to_ascii_lowercase().contains("neg"));
        let side =
            if is_negative || negatives.contains(&at) { &mut recipe.negative } else { &mut recipe.positive };
        if text.len() > side.len() {
            *side = text;
        }
    }
}
