//! Single values of nodes, through the links that may hold them.

use crate::comfyui::graph::{BUNDLE, Graph, Input, NodeAt};
use crate::comfyui::{math, pass};
use crate::json::Value;
use crate::normal;
use std::borrow::Cow;

/// Links followed for one value; real graphs pass at most a few reroutes.
const LINKS_MAX: u32 = 25;
/// Nodes that calculate, one behind the other.
const SUMS_MAX: u32 = 4;

/// Names that mean the same value.
const FAMILIES: [&[&str]; 10] = [
    &["seed", "noise_seed", "seed_num", "random_seed", "rand_seed"],
    &["steps", "steps_total", "total_steps", "num_steps"],
    &["cfg", "cfg_scale", "guidance_scale"],
    &["sampler_name", "sampler", "samplers"],
    &["scheduler", "scheduler_name", "schedulers"],
    &["width", "clip_width", "empty_latent_width", "target_width", "w"],
    &["height", "clip_height", "empty_latent_height", "target_height", "h"],
    &["ckpt_name", "checkpoint", "model_name", "unet_name", "ckpt"],
    &["denoise", "denoise_strength"],
    &["filename_prefix", "filename", "prefix", "text", "string"],
];

/// Inputs that hold the value of a node that holds one.
const VALUES: [&str; 12] = [
    "value",
    "Value",
    "int",
    "float",
    "number",
    "Number",
    "text",
    "string",
    "String",
    "int_value",
    "float_value",
    "val",
];

/// The value of the first of several inputs that resolves to one.
pub(super) fn first(graph: &Graph<'_>, at: NodeAt, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| Some(resolve(graph, graph.input(at, name)?, name, 0)?.into_owned()))
}

/// The first that is a number.
pub(super) fn number(graph: &Graph<'_>, at: NodeAt, names: &[&str]) -> Option<f64> {
    names.iter().find_map(|name| normal::number(&first(graph, at, &[name])?))
}

/// The first that is a whole number.
pub(super) fn count(graph: &Graph<'_>, at: NodeAt, names: &[&str]) -> Option<u32> {
    names.iter().find_map(|name| normal::count(&first(graph, at, &[name])?))
}

/// The plain value an input holds: a text, a number, a truth value, or an object made of one.
pub(super) fn plain<'a>(value: &'a Value<'a>) -> Option<&'a str> {
    value.scalar().or_else(|| value.get("content").or_else(|| value.get("value"))?.scalar())
}

/// What an input holds under a name, whatever stands between.
pub(super) fn resolve<'a>(
    graph: &Graph<'a>,
    mut input: Input<'a>,
    name: &str,
    depth: u32,
) -> Option<Cow<'a, str>> {
    let mut name = name;
    for _ in 0..LINKS_MAX {
        let (at, slot) = match input {
            Input::Literal(value) => return plain(value).map(Cow::Borrowed),
            Input::Link(at, slot) => (at, slot),
            Input::Lost => return None,
        };
        if !graph.step(at) {
            return None;
        }
        if let Some(output) = pass::output(graph, at, slot) {
            name = if output == "sampler" { "sampler_name" } else { output };
        }
        if depth < SUMS_MAX
            && let Some(sum) = calculated(graph, at, depth)
        {
            return Some(Cow::Owned(sum.to_string()));
        }
        input = next(graph, at, slot, name)?;
    }
    None
}

/// The input that a node's value of some name comes from.
fn next<'a>(graph: &Graph<'a>, at: NodeAt, slot: u32, name: &str) -> Option<Input<'a>> {
    if let Some(branch) = pass::chosen(graph, at) {
        return Some(branch);
    }
    let family = FAMILIES.iter().find(|family| family.contains(&name)).copied().unwrap_or(&[]);
    let named = std::iter::once(&name).chain(family).chain(&VALUES);
    if let Some(input) = named.filter_map(|name| graph.input(at, name)).find(|input| is_value(*input)) {
        return Some(input);
    }
    if let Some((target, slot)) = pass::bundle(graph, at) {
        return Some(Input::Link(target, slot));
    }
    let is_scalar = |input: &Input<'_>| matches!(input, Input::Literal(value) if plain(value).is_some());
    let mut scalars = graph.inputs(at).map(|(_, input)| input).filter(is_scalar);
    match (scalars.next(), scalars.next()) {
        (Some(only), None) => Some(only),
        // Of a node that hands out several settings each output is the input of that place.
        (Some(_), Some(_)) if slot != BUNDLE => {
            graph.inputs(at).map(|(_, input)| input).nth(usize::try_from(slot).ok()?)
        }
        _ => graph.only_link(at).map(|(target, slot)| Input::Link(target, slot)),
    }
}

fn is_value(input: Input<'_>) -> bool {
    match input {
        Input::Link(..) => true,
        Input::Literal(value) => plain(value).is_some(),
        Input::Lost => false,
    }
}

/// What a node calculates of literal numbers or of linked ones.
fn calculated(graph: &Graph<'_>, at: NodeAt, depth: u32) -> Option<f64> {
    let operand = |name: &str| {
        let text = resolve(graph, graph.input(at, name)?, name, depth + 1)?;
        normal::number(&text)
    };
    if !graph.is_kind(at, &["math", "operation", "calculate", "expression", "binary"]) {
        return None;
    }
    if let Some(name) = ["operation", "op", "operator"].iter().find_map(|name| graph.text(at, name)) {
        let a = ["a", "number_a", "A", "int_a", "x"].iter().find_map(|name| operand(name))?;
        let b = ["b", "number_b", "B", "int_b", "y"].iter().find_map(|name| operand(name))?;
        return math::operation(name, a, b);
    }
    let expression =
        ["expression", "value", "equation", "expr"].iter().find_map(|name| graph.text(at, name))?;
    math::value(expression, &operand)
}
