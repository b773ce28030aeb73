//! A graph of ComfyUI in the making, whatever its shape: in the form that is run, and as the editor keeps it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::graph::ascii;

/// A node: class, title, inputs in the order of its widgets.
pub(super) struct Node {
    pub(super) id: String,
    pub(super) class: &'static str,
    pub(super) inputs: Vec<(&'static str, Value)>,
}

/// A graph in the making.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// Put before each id, as the nodes of a subgraph have it.
    pub(super) inside: &'static str,
}

/// An output: node and slot.
#[derive(Clone)]
pub(super) struct Out(String, u32);

impl Out {
    pub(super) fn slot(&self, slot: u32) -> Self {
        Self(self.0.clone(), slot)
    }
}

impl From<Out> for Value {
    fn from(out: Out) -> Self {
        json!([out.0, out.1])
    }
}

impl From<&Out> for Value {
    fn from(out: &Out) -> Self {
        json!([out.0, out.1])
    }
}

impl Graph {
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), inside: "" }
    }

    /// A node; answers its first output.
    pub(super) fn add(&mut self, class: &'static str, inputs: Vec<(&'static str, Value)>) -> Out {
        let id = format!("{}{}", self.inside, self.nodes.len() + 3);
        self.nodes.push(Node { id: id.clone(), class, inputs });
        Out(id, 0)
    }

    /// The graph that was run, its nodes in any order, escaped as Python does.
    pub(super) fn api(&self, dice: &mut Dice) -> String {
        let mut order: Vec<&Node> = self.nodes.iter().collect();
        dice.shuffle(&mut order);
        let nodes: Vec<_> = order.iter().map(|node| format!("{}: {}", quote(&node.id), node.api())).collect();
        ascii(&format!("{{{}}}", nodes.join(", ")))
    }

    /// The graph that the editor shows, with places, sizes and widgets.
    pub(super) fn editor(&self) -> String {
        let mut links = Vec::new();
        let place = |id: &str| self.nodes.iter().position(|node| node.id == id).unwrap_or_default();
        let mut nodes = Vec::new();
        for (nth, node) in self.nodes.iter().enumerate() {
            let (mut inputs, mut widgets) = (Vec::new(), Vec::new());
            for (name, value) in &node.inputs {
                if let Some((from, slot)) = linked(value) {
                    let link = links.len() + 1;
                    links.push(json!([link, place(from) + 3, slot, nth + 3, inputs.len(), kind_of(name)]));
                    inputs.push(json!({"name": name, "type": kind_of(name), "link": link}));
                } else {
                    widgets.push(value.clone());
                    if matches!(*name, "seed" | "noise_seed") {
                        widgets.push("randomize".into());
                    }
                }
            }
            nodes.push((nth, node.class, inputs, widgets));
        }
        let nodes: Vec<_> = nodes
            .into_iter()
            .map(|(nth, class, inputs, widgets)| {
                let outputs = outputs(nth + 3, &links);
                json!({
                    "id": nth + 3, "type": class, "pos": [340 * (nth / 4), 180 * (nth % 4)], "size": [315, 98], "flags": {}, "order": nth,
                    "mode": 0, "inputs": inputs, "outputs": outputs, "properties": {"Node name for S&R": class, "cnr_id": "comfy-core"},
                    "widgets_values": widgets
                })
            })
            .collect();
        let whole = json!({
            "id": "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e", "revision": 0, "last_node_id": nodes.len() + 2, "last_link_id": links.len(),
            "nodes": nodes, "links": links, "groups": [], "config": {},
            "extra": {"ds": {"scale": 0.8, "offset": [120.5, -33.25]}, "frontendVersion": "1.25.11"}, "version": 0.4
        });
        ascii(&whole.to_string())
    }
}

impl Node {
    fn api(&self) -> String {
        let mut inputs = String::new();
        for (nth, (name, value)) in self.inputs.iter().enumerate() {
            let _ = write!(inputs, "{}{}: {value}", if nth == 0 { "" } else { ", " }, quote(name));
        }
        let class = quote(self.class);
        format!("{{\"inputs\": {{{inputs}}}, \"class_type\": {class}, \"_meta\": {{\"title\": {class}}}}}")
    }
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

pub(super) fn linked(value: &Value) -> Option<(&str, u64)> {
    let [from, slot] = &value.as_array()?[..] else { return None };
    Some((from.as_str()?, slot.as_u64()?))
}

/// The outputs of a node that something is linked to, and those before them.
fn outputs(id: usize, links: &[Value]) -> Vec<Value> {
    let from_here = |link: &&Value| link[1] == id;
    let last = links.iter().filter(from_here).filter_map(|link| link[2].as_u64()).max();
    let output = |slot: u64| {
        let own: Vec<_> = links.iter().filter(|link| link[1] == id && link[2] == slot).collect();
        let kind = own.first().map_or(json!("*"), |link| link[5].clone());
        let ids: Vec<_> = own.iter().map(|link| link[0].clone()).collect();
        json!({"name": kind, "type": kind, "slot_index": slot, "links": ids})
    };
    last.map_or_else(Vec::new, |last| (0..=last).map(output).collect())
}

/// The type of what goes into an input of this name.
pub(super) fn kind_of(name: &str) -> &'static str {
    match name {
        "model" => "MODEL",
        "clip" => "CLIP",
        "vae" => "VAE",
        "positive" | "negative" | "conditioning" => "CONDITIONING",
        "latent_image" | "samples" => "LATENT",
        "pixels" | "image" | "images" => "IMAGE",
        "noise" => "NOISE",
        "guider" => "GUIDER",
        "sampler" => "SAMPLER",
        "sigmas" => "SIGMAS",
        "upscale_model" => "UPSCALE_MODEL",
        "control_net" => "CONTROL_NET",
        "bbox_detector" => "BBOX_DETECTOR",
        _ => "*",
    }
}

/// The members of a graph, for programs that put more beside its nodes.
pub(super) fn members(graph: &Graph, dice: &mut Dice) -> Map<String, Value> {
    match serde_json::from_str(&graph.api(dice)) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}
