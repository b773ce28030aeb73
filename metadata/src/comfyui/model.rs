//! The model of a pass and what was applied to it: from the sampler upward through adapters,
//! patches, merges and pipes to the loader.

use crate::comfyui::graph::{BUNDLE, Graph, Input, NodeAt};
use crate::comfyui::{adapters, pass, scalar};
use crate::normal;
use lumidex_schema::recipe::Lora;

/// Inputs that lead to the model.
const MODELS: [&str; 19] = [
    "SUPIR_model",
    "model",
    "model1",
    "model_1",
    "base_model",
    "unet",
    "model_opt",
    "guider",
    "model_a",
    "model_A",
    "transformer",
    "pipeline",
    "diffusion_model",
    "model_high_noise",
    "optional_model",
    "base_pipe",
    "MODEL",
    "pipe_model",
    "any",
];

/// Inputs that hold the file of a model, the surest first.
const FILES: [&str; 13] = [
    "ckpt_name",
    "base_ckpt_name",
    "unet_name",
    "gguf_name",
    "model_name",
    "model_path",
    "checkpoint",
    "diffusion_name",
    "nunchaku_model_path",
    "diffusion_model_name",
    "model",
    "repo_id",
    "model_id",
];

/// Further models of a merge.
const MERGED: [&str; 5] = ["model2", "model_2", "model3", "model_b", "model_B"];

/// What a model was made of.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) model: Option<String>,
    /// Of a merge, after the first.
    pub(super) others: Vec<String>,
    pub(super) loras: Vec<Lora>,
    /// The loader, or the last node that was reached.
    pub(super) loader: Option<NodeAt>,
    /// Every node whose adapters these are.
    pub(super) applied: Vec<NodeAt>,
}

/// The model that a sampler was given.
pub(super) fn of(graph: &Graph<'_>, sampler: NodeAt) -> Made {
    const OTHERS_MAX: usize = 16;
    graph.begin();
    let mut made = Made::default();
    let mut seen = vec![false; graph.len()];
    let (mut chain, mut merged) = (Vec::new(), Vec::new());
    let end = climb(graph, sampler, &mut seen, &mut chain, &mut merged);
    made.loader = chain.last().copied();
    made.model = end;
    // The adapter nearest to the checkpoint was applied first.
    for at in chain.iter().rev() {
        adapters::add(graph, *at, &mut made.loras);
    }
    made.applied = chain;
    let mut nth = 0;
    while let Some(&at) = merged.get(nth) {
        nth += 1;
        let mut chain = Vec::new();
        let name = if let Some(name) = name(graph, at) {
            Some(name)
        } else {
            climb(graph, at, &mut seen, &mut chain, &mut merged)
        };
        for at in chain.iter().rev() {
            adapters::add(graph, *at, &mut made.loras);
        }
        made.applied.append(&mut chain);
        if let Some(name) = name
            && made.others.len() < OTHERS_MAX
            && made.model.as_ref() != Some(&name)
            && !made.others.contains(&name)
        {
            made.others.push(name);
        }
    }
    made
}

/// Upward from a node to the name of a model, noting the nodes on the way.
fn climb(
    graph: &Graph<'_>,
    from: NodeAt,
    seen: &mut [bool],
    chain: &mut Vec<NodeAt>,
    merged: &mut Vec<NodeAt>,
) -> Option<String> {
    let (mut at, mut slot) = (from, 0);
    while graph.step(at) && !std::mem::replace(&mut seen[at], true) {
        let branch = if at == from { None } else { pass::chosen(graph, at) };
        if at != from || adapters::is_loader(graph, at) {
            chain.push(at);
        }
        if at != from
            && branch.is_none()
            && let Some(name) = name(graph, at)
        {
            return Some(name);
        }
        merged.extend(
            MERGED
                .iter()
                .filter_map(|name| graph.link(at, name))
                .map(|(target, _)| target)
                .filter(|_| branch.is_none()),
        );
        let next = match branch {
            Some(Input::Link(target, slot)) => Some((target, slot)),
            _ => next(graph, at, slot, at == from),
        };
        (at, slot) = next?;
    }
    None
}

/// The node that a node's model comes from.
fn next(graph: &Graph<'_>, at: NodeAt, slot: u32, is_first: bool) -> Option<(NodeAt, u32)> {
    if let Some(output) = pass::output(graph, at, slot)
        && let Some(link) = graph.link(at, output)
    {
        return Some(link);
    }
    let named = graph.first_link(at, &MODELS).or_else(|| pass::bundle(graph, at));
    let numbered = || {
        graph
            .links(at)
            .find(|(name, _)| name.starts_with("model") || name.starts_with("any_"))
            .map(|(_, link)| link)
    };
    let only = || if is_first && slot != BUNDLE { None } else { graph.only_link(at) };
    named.or_else(numbered).or_else(only)
}

/// The model that a node loads.
pub(super) fn name(graph: &Graph<'_>, at: NodeAt) -> Option<String> {
    if graph.first_link(at, &MODELS[..9]).is_some() {
        return None;
    }
    let has_adapter = graph.has(at, "lora_name") || graph.text(at, "lora").is_some();
    let is_adapter = has_adapter && !graph.has_any(at, &FILES[..4]);
    if is_adapter {
        return None;
    }
    FILES.iter().find_map(|file| normal::model(&scalar::first(graph, at, &[file])?))
}

/// The autoencoder that a node's `vae` leads to; `None` where it is the checkpoint's own.
pub(super) fn vae(graph: &Graph<'_>, at: NodeAt) -> Option<String> {
    const LINKS: [&str; 3] = ["vae", "optional_vae", "vae_opt"];
    const NAMES: [&str; 3] = ["vae_name", "vae", "model_name"];
    let mut seen = vec![false; graph.len()];
    let (mut at, mut slot) = graph.first_link(at, &LINKS)?;
    while graph.step(at) && !std::mem::replace(&mut seen[at], true) {
        let branch = pass::chosen(graph, at);
        if branch.is_none() && graph.has(at, "vae_name") || graph.is_kind(at, &["vaeloader", "vae loader"]) {
            let name = normal::model(&scalar::first(graph, at, &NAMES)?)?;
            return (!name.eq_ignore_ascii_case("baked vae")).then_some(name);
        }
        (at, slot) = match branch {
            Some(Input::Link(target, slot)) => (target, slot),
            _ => graph.first_link(at, &LINKS).or_else(|| pass::bundle(graph, at)).or_else(|| {
                let is_plain = graph.inputs(at).count() == 1;
                graph.only_link(at).filter(|_| is_plain || slot == BUNDLE)
            })?,
        };
    }
    None
}

/// What an encoder's `clip` leads to: layers skipped and the files of text encoders.
#[derive(Debug, Default)]
pub(super) struct Encoders {
    pub(super) clip_skip: Option<u32>,
    pub(super) files: Vec<String>,
    pub(super) loras: Vec<Lora>,
}

/// Follows the `clip` of an encoder, or what a loader says itself. The adapters of `known` nodes are left out.
pub(super) fn encoders(graph: &Graph<'_>, encoder: NodeAt, known: &[NodeAt]) -> Encoders {
    const LINKS: [&str; 6] = ["clip", "text_encoders", "text_encoder", "t5", "clip1", "CLIP"];
    const SKIPS: [&str; 3] = ["stop_at_clip_layer", "clip_skip", "base_clip_skip"];
    graph.begin();
    let mut found = Encoders::default();
    let mut seen = vec![false; graph.len()];
    let mut at = encoder;
    let mut chain = Vec::new();
    while graph.step(at) && !std::mem::replace(&mut seen[at], true) {
        if found.clip_skip.is_none() && graph.has_any(at, &SKIPS) {
            let skip = scalar::first(graph, at, &SKIPS).and_then(|skip| normal::number(&skip));
            found.clip_skip = skip
                .map(|skip| skip.abs())
                .filter(|skip| (1.0..=24.0).contains(skip))
                .map(|skip| skip as u32);
        }
        chain.push(at);
        found.files = files(graph, at);
        if !found.files.is_empty() {
            break;
        }
        let branch = if at == encoder { None } else { pass::chosen(graph, at) };
        let next = match branch {
            Some(Input::Link(target, slot)) => Some((target, slot)),
            _ => graph.first_link(at, &LINKS).or_else(|| pass::bundle(graph, at)),
        };
        let only = || {
            if at == encoder { None } else { graph.only_link(at).filter(|_| graph.inputs(at).count() == 1) }
        };
        let Some((target, _)) = next.or_else(only) else { break };
        at = target;
    }
    for at in chain.into_iter().rev().filter(|at| !known.contains(at)) {
        adapters::add(graph, at, &mut found.loras);
    }
    found
}

/// The files of text encoders that a node loads.
fn files(graph: &Graph<'_>, at: NodeAt) -> Vec<String> {
    const FILES: [&str; 10] = [
        "clip_name",
        "clip_name1",
        "clip_name2",
        "clip_name3",
        "clip_name4",
        "text_encoder1",
        "text_encoder2",
        "text_encoder_name",
        "t5_name",
        "llm_model",
    ];
    if graph.has(at, "ckpt_name") {
        return Vec::new();
    }
    FILES.iter().filter_map(|name| normal::model(&scalar::first(graph, at, &[name])?)).collect()
}
