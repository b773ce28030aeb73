//! The adapters of a loader or of a stack of them, in the shapes that nodes keep them in.

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::comfyui::scalar;
use crate::json::Value;
use crate::{normal, prompt};
use lumidex_schema::recipe::Lora;

/// Inputs that lead to a stack that stands beside the model.
const STACKS: [&str; 7] =
    ["lora_stack", "lora", "loras", "prev_lora", "optional_lora_stack", "lora_params", "optional_loras"];
/// Stacks behind one another.
const STACKS_MAX: usize = 64;

/// Whether a node applies an adapter.
pub(super) fn is_loader(graph: &Graph<'_>, at: NodeAt) -> bool {
    graph.has_any(at, &["lora_name", "lora_stack", "lora_01", "lora_1", "loras"])
}

/// Adds the adapters of a node, those of stacks that lead to it first.
pub(super) fn add(graph: &Graph<'_>, at: NodeAt, loras: &mut Vec<Lora>) {
    let mut stacks = vec![at];
    while stacks.len() < STACKS_MAX
        && let Some(last) = stacks.last()
        && let Some((next, _)) = graph.first_link(*last, &STACKS)
        && !stacks.contains(&next)
        && graph.step(next)
    {
        stacks.push(next);
    }
    for at in stacks.into_iter().rev() {
        own(graph, at, loras);
    }
}

fn own(graph: &Graph<'_>, at: NodeAt, loras: &mut Vec<Lora>) {
    let is_off = |name: &str| {
        let value = graph.input(at, name);
        matches!(value, Some(Input::Literal(value)) if value.scalar().is_some_and(is_no))
    };
    if is_off("switch") || is_off("toggle") || is_off("enabled") {
        return;
    }
    if let Some(name) = scalar::first(graph, at, &["lora_name"]) {
        const WEIGHTS: [&str; 8] = [
            "strength_model",
            "strength",
            "lora_weight",
            "model_strength",
            "lora_strength",
            "lora_model_strength",
            "model_weight",
            "lora_wt",
        ];
        const CLIPS: [&str; 4] = ["strength_clip", "lora_clip_strength", "clip_strength", "clip_weight"];
        put(loras, &name, scalar::number(graph, at, &WEIGHTS), scalar::number(graph, at, &CLIPS));
    } else if let Some(name) = graph.text(at, "lora").filter(|name| is_file(name)) {
        put(loras, name, scalar::number(graph, at, &["strength", "strength_model", "lora_strength"]), None);
    }
    let count = scalar::count(graph, at, &["lora_count", "num_loras"]);
    let is_simple = graph.text(at, "input_mode").or_else(|| graph.text(at, "mode")) == Some("simple");
    for (key, input) in graph.inputs(at) {
        let Input::Literal(value) = input else { continue };
        match value {
            Value::Map(_) => object(loras, value),
            Value::List(list) => {
                list.iter().filter(|item| item.map().is_some()).for_each(|item| object(loras, item))
            }
            Value::Text(text) if key.starts_with("lora") => {
                let Some(number) = number(key) else { continue };
                let nth: Option<u32> = number.parse().ok();
                let is_beyond = count.zip(nth).is_some_and(|(count, nth)| nth > count);
                if !is_beyond && !is_off(&format!("switch_{number}")) {
                    numbered(graph, at, loras, (text, number, is_simple));
                }
            }
            Value::Text(text)
                if ["text", "prompt", "populated_text", "lora_syntax"].contains(&key)
                    && text.contains("<lora:") =>
            {
                for network in prompt::networks(text) {
                    put(loras, network.name, Some(network.weight), None);
                }
            }
            _ => {}
        }
    }
}

/// `{"on": true, "lora": "x", "strength": 0.7}` and its relatives.
fn object(loras: &mut Vec<Lora>, value: &Value<'_>) {
    let text = |names: &[&str]| names.iter().find_map(|name| value.get(name)?.scalar());
    let is_off = text(&["on", "active", "enabled"]).is_some_and(is_no);
    let name = text(&["lora", "name", "lora_name"])
        .filter(|_| value.get("strength").is_some() || value.get("on").is_some());
    if let Some(name) = name.filter(|_| !is_off) {
        let weight = text(&["strength", "weight", "strength_model"]).and_then(normal::number);
        let clip = text(&["strengthTwo", "clipStrength", "strength_clip"]).and_then(normal::number);
        put(loras, name, weight, clip);
    }
}

/// One of a numbered stack.
fn numbered(
    graph: &Graph<'_>,
    at: NodeAt,
    loras: &mut Vec<Lora>,
    (name, number, is_simple): (&str, &str, bool),
) {
    let names = |starts: &[&str]| {
        starts
            .iter()
            .map(|start| match start.strip_suffix('*') {
                Some(start) => format!("lora_{number}_{start}"),
                None => format!("{start}{number}"),
            })
            .collect::<Vec<_>>()
    };
    let simple = ["lora_wt_", "strength*", "weight*"];
    let advanced = [
        "strength_",
        "model_str_",
        "model_strength*",
        "model_weight_",
        "lora_strength_",
        "strength_model_",
        "model_strength_",
        "lora_weight_",
        "weight_",
    ];
    let weights = if is_simple { [&simple[..], &advanced[..]] } else { [&advanced[..], &simple[..]] };
    let weights = names(&weights.concat());
    let clips = names(&["clip_str_", "clip_strength*", "clip_weight_", "strength_clip_", "clip_strength_"]);
    let of = |names: &[String]| names.iter().find_map(|name| scalar::number(graph, at, &[name]));
    put(loras, name, of(&weights), of(&clips).filter(|_| !is_simple));
}

/// The number of `lora_01`, `lora_name_1` or `lora_1_name`.
fn number(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("lora_name_").or_else(|| key.strip_prefix("lora_"))?;
    let number = rest.strip_suffix("_name").unwrap_or(rest);
    (!number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(number)
}

fn is_no(value: &str) -> bool {
    ["false", "off", "no"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

fn is_file(name: &str) -> bool {
    normal::stem(name).len() < name.len() && name.contains('.')
}

fn put(loras: &mut Vec<Lora>, name: &str, weight: Option<f64>, clip_weight: Option<f64>) {
    let weight = weight.unwrap_or(1.0);
    if weight == 0.0 && clip_weight.unwrap_or(0.0) == 0.0 || name.eq_ignore_ascii_case("none") {
        return;
    }
    let n_before = loras.len();
    normal::add_lora(loras, name, weight);
    if let Some(added) = loras.get_mut(n_before) {
        added.clip_weight = clip_weight;
    }
}
