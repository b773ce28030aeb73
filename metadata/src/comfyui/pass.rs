//! Nodes that only hand on: switches, pipes, contexts, and nodes with several outputs of one node
//! each. Says which input an output stands for; what the input means is not its business.

use crate::comfyui::graph::{BUNDLE, Graph, Input, NodeAt};
use crate::comfyui::scalar;

/// Inputs that carry a bundle of model, prompts, latent and the rest.
const BUNDLES: [&str; 20] = [
    "basic_pipe",
    "pipe",
    "detailer_pipe",
    "sdxl_tuple",
    "base_ctx",
    "ctx_01",
    "ctx_02",
    "ctx_03",
    "ctx_04",
    "ctx_05",
    "context",
    "ctx",
    "bus",
    "sdxl_pipe",
    "refiner_basic_pipe",
    "pipe_opt",
    "optional_pipe",
    "input_pipe",
    "pipe_in",
    "model_pipe",
];

const BASIC: [&str; 5] = ["model", "clip", "vae", "positive", "negative"];
const EDITED: [&str; 6] = ["basic_pipe", "model", "clip", "vae", "positive", "negative"];
const CONTEXT: [&str; 23] = [
    "base_ctx",
    "model",
    "clip",
    "vae",
    "positive",
    "negative",
    "latent",
    "images",
    "seed",
    "steps",
    "step_refiner",
    "cfg",
    "ckpt_name",
    "sampler",
    "scheduler",
    "clip_width",
    "clip_height",
    "text_pos_g",
    "text_pos_l",
    "text_neg_g",
    "text_neg_l",
    "mask",
    "control_net",
];
const DETAILER: [&str; 12] = [
    "detailer_pipe",
    "model",
    "clip",
    "vae",
    "positive",
    "negative",
    "bbox_detector",
    "sam_model_opt",
    "segm_detector_opt",
    "detailer_hook",
    "refiner_model",
    "refiner_clip",
];
const EFFICIENT_LOADER: [&str; 6] = ["model", "positive", "negative", "latent", "vae", "clip"];
const EASY_OUT: [&str; 8] = ["pipe", "model", "positive", "negative", "latent", "vae", "clip", "images"];
const SAMPLED: [&str; 6] = ["model", "positive", "negative", "latent", "vae", "images"];
const BUS: [&str; 6] = ["bus", "model", "clip", "vae", "positive", "negative"];

/// What an output of a node with many is called; `None` where only one thing comes out, or the
/// class is not known.
pub(super) fn output(graph: &Graph<'_>, at: NodeAt, slot: u32) -> Option<&'static str> {
    let names: &[&'static str] = match graph.class(at) {
        "FromBasicPipe" => &BASIC,
        "FromBasicPipe_v2" => &EDITED,
        "FromDetailerPipe" => &DETAILER[1..],
        "FromDetailerPipe_v2" | "FromDetailerPipeSDXL" => &DETAILER,
        "Efficient Loader" => &EFFICIENT_LOADER,
        "KSampler (Efficient)" | "KSampler Adv. (Efficient)" => &SAMPLED,
        "easy pipeOut" | "easy pipeIn" | "easy pipeEdit" | "ttN pipeOUT" | "ttN pipeEDIT" => &EASY_OUT,
        "Bus Node" => &BUS,
        "UnpackSDXLTuple" | "Unpack SDXL Tuple" => {
            &["base_model", "base_clip", "base_positive", "base_negative", "refiner_model"]
        }
        class if class.contains("Context") && class.contains("rgthree") => &CONTEXT,
        class if class.starts_with("easy ") && class.to_ascii_lowercase().contains("loader") => {
            &["pipe", "model", "vae", "clip", "positive", "negative", "latent"]
        }
        _ => return None,
    };
    names.get(usize::try_from(slot).ok()?).copied()
}

/// Of a node that only hands on, several things at once: each output is the input of that place.
pub(super) fn in_order(graph: &Graph<'_>, at: NodeAt, slot: u32) -> Option<(NodeAt, u32)> {
    let is_all_links = graph.inputs(at).all(|(_, input)| matches!(input, Input::Link(..)));
    let slot = usize::try_from(slot).ok()?;
    let of_slot = || graph.links(at).nth(slot).map(|(_, link)| link);
    if is_all_links && graph.inputs(at).nth(1).is_some() { of_slot() } else { None }
}

/// The bundle a node takes in, its first one first.
pub(super) fn bundle(graph: &Graph<'_>, at: NodeAt) -> Option<(NodeAt, u32)> {
    graph.first_link(at, &BUNDLES).map(|(target, _)| (target, BUNDLE))
}

/// Whether a node takes in a bundle.
pub(super) fn has_bundle(graph: &Graph<'_>, at: NodeAt) -> bool {
    graph.has_any(at, &BUNDLES)
}

/// What a switch hands on: the chosen branch, or the first there is. `None` for what is no switch.
pub(super) fn chosen<'a>(graph: &Graph<'a>, at: NodeAt) -> Option<Input<'a>> {
    const SELECTORS: [&str; 14] = [
        "switch",
        "boolean",
        "boolean_number",
        "select",
        "index",
        "Input",
        "condition",
        "cond",
        "input_index",
        "selected",
        "selection",
        "select_input",
        "bool",
        "which",
    ];
    const WORDS: [&str; 9] = [
        "switch",
        "ifelse",
        "if else",
        "conditionalbranch",
        "selector",
        "select",
        "if any",
        "if-else",
        "fallback",
    ];
    let has_pair = graph.has_any(at, &["on_true", "on_false", "tt_value", "if_true"]);
    if !has_pair && !graph.is_kind(at, &WORDS) || graph.is_kind(at, &["inversed", "samplerselect"]) {
        return None;
    }
    let selector = SELECTORS.iter().find(|name| graph.has(at, name)).copied();
    let branches: Vec<_> =
        graph.inputs(at).filter(|(name, input)| is_branch(name, *input, selector)).collect();
    if branches.iter().filter(|(_, input)| matches!(input, Input::Link(..))).count() == 0 && !has_pair {
        return None;
    }
    let value = selector.and_then(|name| scalar::first(graph, at, &[name]));
    let wanted = value.and_then(|value| branch_of(&value, &branches));
    let first = || branches.iter().find(|(_, input)| matches!(input, Input::Link(..)));
    wanted.or_else(|| first().or_else(|| branches.first()).map(|(_, input)| *input))
}

fn is_branch(name: &str, input: Input<'_>, selector: Option<&str>) -> bool {
    if Some(name) == selector || name == "sel_mode" || name.ends_with("mode") {
        return false;
    }
    match input {
        Input::Link(..) => true,
        Input::Literal(value) => value.scalar().is_some(),
        Input::Lost => false,
    }
}

/// The branch that a truth value or a number names.
fn branch_of<'a>(value: &str, branches: &[(&'a str, Input<'a>)]) -> Option<Input<'a>> {
    let ends: &[&str] = match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" => &["true", "tt_value", "_a", "_yes", "_on", "1"],
        "false" | "off" | "no" => &["false", "ff_value", "_b", "_no", "_off", "2"],
        _ => &[],
    };
    if let Some((_, input)) =
        ends.iter().find_map(|end| branches.iter().find(|(name, _)| name.ends_with(end)))
    {
        return Some(*input);
    }
    let number: usize = crate::normal::count(value)?.try_into().ok()?;
    let of_name = |name: &str| {
        let digits = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        name[digits..].parse::<usize>().ok()
    };
    if let Some((_, input)) = branches.iter().find(|(name, _)| of_name(name) == Some(number)) {
        return Some(*input);
    }
    // Branches without numbers are a pair: 0 or 1 as a truth value, 1 or 2 as a place.
    let is_pair = |name: &str| name.ends_with("true") || name.ends_with("false");
    if branches.iter().any(|(name, _)| is_pair(name)) {
        let end = if number == 0 { "false" } else { "true" };
        return branches.iter().find(|(name, _)| name.ends_with(end)).map(|(_, input)| *input);
    }
    None
}
