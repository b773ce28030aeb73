//! ComfyUI's API graph to a recipe (catalogue 5.5). The graph of its editor is not read yet.

mod graph;
mod route;
mod scalar;
#[cfg(test)]
mod tests;
mod text;

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::comfyui::text::Side;
use crate::json::{self, Value};
use crate::normal;
use lumidex_schema::recipe::{Recipe, Source};

/// How often a graph may be wrapped in a text or in a map before it is given up.
const WRAPPINGS_MAX: usize = 3;

/// The recipe of a graph, or of an object with the graph under `prompt`; `None` when the text
/// holds no graph. `name` is the file's, which tells several savers apart.
pub(super) fn parse(text: &str, name: &str) -> Option<Recipe> {
    with_graph(text, WRAPPINGS_MAX, &mut |graph| recipe(graph, text, name))
}

/// Whether a text is a graph of either kind, which is never shown as generation text.
pub(super) fn is_graph(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with('{')
        && (start.contains("\"class_type\"") || start.contains("\"nodes\"") && start.contains("\"links\""))
}

fn with_graph(text: &str, wrappings: usize, read: &mut dyn FnMut(&Graph<'_>) -> Recipe) -> Option<Recipe> {
    let start = text.trim_start();
    if wrappings == 0 || !start.starts_with(['{', '"']) {
        return None;
    }
    let value = json::parse(start)?;
    unwrapped(&value, wrappings, read)
}

fn unwrapped(
    value: &Value<'_>,
    wrappings: usize,
    read: &mut dyn FnMut(&Graph<'_>) -> Recipe,
) -> Option<Recipe> {
    match value {
        Value::Text(text) => with_graph(text, wrappings - 1, read),
        Value::Map(_) => match Graph::of(value) {
            Some(graph) => Some(read(&graph)),
            None if wrappings > 1 => unwrapped(value.get("prompt")?, wrappings - 1, read),
            None => None,
        },
        _ => None,
    }
}

fn recipe(graph: &Graph<'_>, raw: &str, name: &str) -> Recipe {
    let mut recipe = Recipe { source: Source::ComfyUi, raw: raw.to_owned(), ..Recipe::default() };
    let Some(route) = route::find(graph, name) else {
        without_sampler(graph, &mut recipe);
        return recipe;
    };
    let base = route.base;
    recipe.positive = text::prompt(graph, base, Side::Positive);
    recipe.negative = text::prompt(graph, base, Side::Negative);
    sampler(graph, base, &mut recipe);
    model(graph, base, &mut recipe);
    size(graph, base, &mut recipe);
    beside(graph, &route.upstream, &mut recipe);
    for network in crate::prompt::networks(&recipe.positive) {
        normal::add_lora(&mut recipe.loras, network.name, network.weight);
    }
    recipe
}

/// Steps, seed, guidance, sampler and scheduler: own inputs, or those of the nodes that feed a
/// composed sampler.
fn sampler(graph: &Graph<'_>, base: NodeAt, recipe: &mut Recipe) {
    let linked = |name: &str| graph.link(base, name).map(|(target, _)| target);
    let (noise, guider, sigmas) = (linked("noise"), linked("guider"), linked("sigmas"));
    let of = |at: Option<NodeAt>, names: &[&str]| at.and_then(|at| scalar::first(graph, at, names));
    let own = |names: &[&str]| of(Some(base), names);
    let seed = own(&["seed", "noise_seed"]).or_else(|| of(noise, &["noise_seed", "seed"]));
    recipe.seed = seed.and_then(|seed| normal::seed(&seed));
    let scheduling = sigmas.and_then(|at| scalar::passed(graph, at, "sigmas", |at| graph.has(at, "steps")));
    recipe.steps =
        own(&["steps"]).or_else(|| of(scheduling, &["steps"])).and_then(|steps| normal::count(&steps));
    let class = || scheduling.filter(|at| !graph.has(*at, "scheduler")).map(|at| graph.class(at).to_owned());
    let scheduler = own(&["scheduler"]).or_else(|| of(scheduling, &["scheduler"])).or_else(class);
    recipe.scheduler = scheduler.and_then(|scheduler| normal::word(&scheduler));
    let cfg = own(&["cfg"]).or_else(|| of(guider, &["cfg", "cfg_conds"]));
    recipe.cfg = cfg.and_then(|cfg| normal::number(&cfg));
    if recipe.cfg.is_none() && guider.is_some_and(|at| graph.class(at).contains("BasicGuider")) {
        recipe.cfg = Some(1.0);
    }
    let name = own(&["sampler_name"]).or_else(|| of(linked("sampler"), &["sampler_name", "sampler"]));
    recipe.sampler = name.and_then(|name| normal::word(&name));
    let denoise = own(&["denoise"]).or_else(|| of(scheduling, &["denoise"]));
    if let Some(denoise) =
        denoise.and_then(|denoise| normal::number(&denoise)).filter(|denoise| *denoise < 1.0)
    {
        recipe.extra.push(("Denoising strength".to_owned(), denoise.to_string()));
    }
}

/// Walks from the sampler's model upward: adapters, then the checkpoint.
fn model(graph: &Graph<'_>, base: NodeAt, recipe: &mut Recipe) {
    const MODELS: [&str; 9] =
        ["model", "model1", "base_model", "unet", "guider", "basic_pipe", "pipe", "model_1", "any"];
    let mut seen = vec![false; graph.len()];
    let mut at = base;
    let mut chain = Vec::new();
    while graph.step() && !std::mem::replace(&mut seen[at], true) {
        if at != base {
            chain.push(at);
            if let Some(name) = checkpoint(graph, at) {
                recipe.model = normal::model(&name);
                break;
            }
        }
        let named = MODELS.iter().find_map(|name| graph.link(at, name));
        let Some((next, _)) = named.or_else(|| only_link(graph, at)) else { break };
        at = next;
    }
    // The adapter nearest to the checkpoint was applied first.
    for at in chain.into_iter().rev() {
        scalar::loras(graph, at, &mut recipe.loras);
    }
}

fn checkpoint(graph: &Graph<'_>, at: NodeAt) -> Option<String> {
    const NAMES: [&str; 7] =
        ["ckpt_name", "unet_name", "base_ckpt_name", "gguf_name", "model_name", "model_path", "checkpoint"];
    if graph.has(at, "lora_name") {
        return None;
    }
    scalar::first(graph, at, &NAMES)
}

fn only_link(graph: &Graph<'_>, at: NodeAt) -> Option<(NodeAt, u32)> {
    let mut links = graph.inputs(at).filter_map(|(_, input)| match input {
        Input::Link(target, slot) => Some((target, slot)),
        Input::Literal(_) => None,
    });
    links.next().filter(|_| links.next().is_none())
}

/// From the sampler's latent upward to the first node with a width and a height.
fn size(graph: &Graph<'_>, base: NodeAt, recipe: &mut Recipe) {
    const LATENTS: [&str; 6] = ["latent_image", "samples", "latent", "pixels", "image", "latent_opt"];
    let mut seen = vec![false; graph.len()];
    let mut at = base;
    while graph.step() && !std::mem::replace(&mut seen[at], true) {
        let side = |name: &str| scalar::first(graph, at, &[name]).and_then(|side| normal::count(&side));
        if at != base
            && let (Some(width), Some(height)) = (side("width"), side("height"))
        {
            let is_sane = |side: u32| (1..=65_535).contains(&side);
            if is_sane(width) && is_sane(height) {
                (recipe.width, recipe.height) = (Some(width), Some(height));
            }
            return;
        }
        let named = LATENTS.iter().find_map(|name| graph.link(at, name));
        let Some((next, _)) = named.or_else(|| only_link(graph, at)) else { return };
        at = next;
    }
}

/// What stands beside the sampler: autoencoder, clip skip, distilled guidance.
fn beside(graph: &Graph<'_>, upstream: &[NodeAt], recipe: &mut Recipe) {
    let mut add = |key: &str, value: String| {
        if !recipe.extra.iter().any(|(known, _)| known == key) {
            recipe.extra.push((key.to_owned(), value));
        }
    };
    for at in upstream.iter().copied() {
        match graph.class(at) {
            "VAELoader" => {
                if let Some(name) = scalar::first(graph, at, &["vae_name"]) {
                    add("VAE", normal::stem(&name).to_owned());
                }
            }
            "CLIPSetLastLayer" => {
                let layer = scalar::first(graph, at, &["stop_at_clip_layer"]);
                if let Some(layer) =
                    layer.and_then(|layer| layer.parse::<i32>().ok()).filter(|layer| *layer < 0)
                {
                    add("Clip skip", layer.unsigned_abs().to_string());
                }
            }
            "FluxGuidance" => {
                let guidance = scalar::first(graph, at, &["guidance"]).and_then(|text| normal::number(&text));
                if let Some(guidance) = guidance {
                    add("Distilled CFG Scale", guidance.to_string());
                }
            }
            _ => {}
        }
    }
}

/// Graphs of image services and of upscaling only: the texts of what looks like an encoder.
fn without_sampler(graph: &Graph<'_>, recipe: &mut Recipe) {
    for at in 0..graph.len() {
        if !graph.step() {
            break;
        }
        let node = graph.node(at);
        let text = scalar::literal(graph, at, &["prompt", "text", "positive_prompt"]);
        let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
            continue;
        };
        if !(node.class.contains("Encode") || graph.has(at, "prompt")) {
            continue;
        }
        let is_negative =
            [node.class, node.title].iter().any(|word| word.to_ascii_lowercase().contains("neg"));
        let side = if is_negative { &mut recipe.negative } else { &mut recipe.positive };
        if text.len() > side.len() {
            *side = text;
        }
        if let Some(negative) =
            scalar::literal(graph, at, &["negative_prompt"]).filter(|_| recipe.negative.is_empty())
        {
            recipe.negative = negative.trim().to_owned();
        }
    }
}
