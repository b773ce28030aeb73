//! Single values of nodes, through the links that may hold them.

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::json::Value;
use crate::limits::LORAS_MAX;
use crate::normal;
use lumidex_schema::recipe::Lora;

/// Links followed for one value; real graphs pass at most a few reroutes.
const LINKS_MAX: u32 = 25;

/// Inputs that hold the value of a primitive node.
const VALUES: [&str; 12] = [
    "value",
    "Value",
    "seed",
    "noise_seed",
    "int",
    "float",
    "number",
    "Number",
    "text",
    "string",
    "a",
    "ckpt_name",
];

/// The value of the first of several inputs that resolves to one.
pub(super) fn first(graph: &Graph<'_>, at: NodeAt, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| resolve(graph, graph.input(at, name)?, name, 0))
}

/// The text of the first of several inputs that holds one itself.
pub(super) fn literal(graph: &Graph<'_>, at: NodeAt, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match graph.input(at, name)? {
        Input::Literal(value) => value.text().map(str::to_owned),
        Input::Link(..) => None,
    })
}

/// The first node with a property on the way upward through an input of one name.
pub(super) fn passed(
    graph: &Graph<'_>,
    mut at: NodeAt,
    name: &str,
    has: impl Fn(NodeAt) -> bool,
) -> Option<NodeAt> {
    for _ in 0..LINKS_MAX {
        if has(at) {
            return Some(at);
        }
        at = graph.link(at, name)?.0;
    }
    None
}

fn resolve(graph: &Graph<'_>, input: Input<'_>, name: &str, depth: u32) -> Option<String> {
    let at = match input {
        Input::Literal(value) => return value.scalar().map(str::to_owned),
        Input::Link(at, _) => at,
    };
    if depth > LINKS_MAX || !graph.step() {
        return None;
    }
    let named = graph.input(at, name).into_iter();
    for input in named.chain(VALUES.iter().filter_map(|name| graph.input(at, name))) {
        if let Some(value) = resolve(graph, input, name, depth + 1) {
            return Some(value);
        }
    }
    let mut scalars = graph.inputs(at).filter_map(|(_, input)| match input {
        Input::Literal(value) => value.scalar(),
        Input::Link(..) => None,
    });
    match (scalars.next(), scalars.next()) {
        (Some(only), None) => Some(only.to_owned()),
        (Some(_), Some(_)) => None,
        (None, _) => {
            let mut links = graph.inputs(at);
            let (_, only) = links.next().filter(|_| links.next().is_none())?;
            resolve(graph, only, name, depth + 1)
        }
    }
}

/// The adapters of a loader or of a stack of them.
pub(super) fn loras(graph: &Graph<'_>, at: NodeAt, loras: &mut Vec<Lora>) {
    if let Some(name) = first(graph, at, &["lora_name"]) {
        add(loras, &name, first(graph, at, &["strength_model", "strength", "lora_weight", "model_strength"]));
        return;
    }
    for (key, input) in graph.inputs(at).take(LORAS_MAX) {
        match input {
            Input::Literal(value @ Value::Map(_)) => {
                if let Some(name) = value.get("lora").and_then(Value::text)
                    && value.get("on") != Some(&Value::Bool(false))
                {
                    add(loras, name, value.get("strength").and_then(Value::scalar).map(str::to_owned));
                }
            }
            Input::Literal(Value::Text(name)) if is_stack_name(key) => {
                let number = key.rsplit('_').next().unwrap_or_default();
                let weights = ["strength_", "lora_wt_", "model_str_"].map(|start| format!("{start}{number}"));
                add(loras, name, first(graph, at, &[&weights[0], &weights[1], &weights[2]]));
            }
            _ => {}
        }
    }
}

/// `lora_01` or `lora_name_1`.
fn is_stack_name(key: &str) -> bool {
    let number = key.strip_prefix("lora_name_").or_else(|| key.strip_prefix("lora_"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn add(loras: &mut Vec<Lora>, name: &str, weight: Option<String>) {
    let weight = weight.and_then(|weight| normal::number(&weight)).unwrap_or(1.0);
    if weight != 0.0 {
        normal::add_lora(loras, name, weight);
    }
}
