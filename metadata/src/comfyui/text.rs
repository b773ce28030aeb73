//! The prompts of a graph: from a sampler's conditioning back to the texts that were encoded.

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::json::Value;
use crate::limits::GRAPH_DEPTH_MAX;
use std::collections::HashSet;

/// Which prompt is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Positive,
    Negative,
}

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }

    const fn of_slot(slot: u32) -> Self {
        if slot == 1 { Self::Negative } else { Self::Positive }
    }
}

/// Inputs of encoders that hold a prompt, in the order of what they say.
const ENCODER_TEXTS: [&str; 14] = [
    "text",
    "text_g",
    "text_l",
    "t5xxl",
    "clip_g",
    "clip_l",
    "prompt",
    "user_prompt",
    "bert",
    "mt5xl",
    "llama",
    "positive_prompt",
    "caption",
    "string",
];

/// Inputs of text nodes, by how likely they hold the text.
const STRING_TEXTS: [&str; 16] = [
    "populated_text",
    "text_0",
    "text",
    "prompt",
    "string",
    "value",
    "Text",
    "positive",
    "prompt_text",
    "text_a",
    "string_a",
    "wildcard_text",
    "String",
    "preview",
    "text1",
    "input",
];

/// The prompt of one side of a sampler or guider, texts of several encoders on lines.
pub(super) fn prompt(graph: &Graph<'_>, from: NodeAt, side: Side) -> String {
    let mut found = Found { graph, texts: Vec::new(), seen: HashSet::new() };
    found.of_sampler(from, side, 0);
    found.texts.join("\n").trim().to_owned()
}

struct Found<'g, 'a> {
    graph: &'g Graph<'a>,
    texts: Vec<String>,
    seen: HashSet<(NodeAt, u32, Side)>,
}

impl Found<'_, '_> {
    fn add(&mut self, text: &str) {
        let text = text.replace('\r', "");
        let text = text.trim();
        if !text.is_empty() && !self.texts.iter().any(|known| known == text) {
            self.texts.push(text.to_owned());
        }
    }

    /// A sampler, guider or pipe: continues at what is named like the side.
    fn of_sampler(&mut self, at: NodeAt, side: Side, depth: u32) {
        let names: &[&str] = match side {
            Side::Positive => &["positive", "conditioning", "cond1", "guider", "basic_pipe", "pipe"],
            Side::Negative => &["negative", "guider", "basic_pipe", "pipe"],
        };
        match self.graph.first_input(at, names) {
            Some(Input::Link(target, slot)) => self.conditioning(target, slot, side, depth + 1),
            Some(Input::Literal(value)) => {
                if let Some(text) = value.text() {
                    self.add(text);
                }
            }
            None => {}
        }
    }

    fn conditioning(&mut self, at: NodeAt, slot: u32, side: Side, depth: u32) {
        if depth > GRAPH_DEPTH_MAX || !self.graph.step() || !self.seen.insert((at, slot, side)) {
            return;
        }
        let (graph, class) = (self.graph, self.graph.class(at));
        if class.contains("ZeroOut") {
            return;
        }
        let has = |name: &str| graph.has(at, name);
        if class.contains("TextEncode") || has("clip") && ENCODER_TEXTS.iter().any(|name| has(name)) {
            return self.encoder(at, side, depth);
        }
        // Of a node with both inputs the slot decides; the side only for pipes and guiders.
        if has("positive") && has("negative") {
            let is_guider = class.contains("Guider") || class.contains("Pipe") || class.contains("pipe");
            let side = if is_guider { side } else { Side::of_slot(slot) };
            return match graph.input(at, side.name()) {
                Some(Input::Link(target, slot)) => self.conditioning(target, slot, side, depth + 1),
                Some(Input::Literal(Value::Text(text))) => self.add(text),
                _ => {}
            };
        }
        let mut went_on = false;
        for (name, input) in graph.inputs(at) {
            let is_conditioning =
                name.starts_with("cond") && !name.ends_with("strength") || name == "clip_regions";
            if is_conditioning && let Input::Link(target, slot) = input {
                went_on = true;
                if side == Side::Negative && name.starts_with("cond") && class.contains("Guider") {
                    continue;
                }
                self.conditioning(target, slot, side, depth + 1);
            }
        }
        if !went_on {
            match graph.first_input(
                at,
                &[side.name(), "base_positive", "basic_pipe", "pipe", "any", "value", "input"],
            ) {
                Some(Input::Link(target, slot)) => self.conditioning(target, slot, side, depth + 1),
                Some(Input::Literal(Value::Text(text))) => self.add(text),
                _ => self.passed(at, side, depth),
            }
        }
    }

    /// A node of unknown kind with one link is passed through: reroutes, switches.
    fn passed(&mut self, at: NodeAt, side: Side, depth: u32) {
        let mut links = self.graph.inputs(at).filter_map(|(_, input)| match input {
            Input::Link(target, slot) => Some((target, slot)),
            Input::Literal(_) => None,
        });
        if let (Some((target, slot)), None) = (links.next(), links.next()) {
            self.conditioning(target, slot, side, depth + 1);
        }
    }

    fn encoder(&mut self, at: NodeAt, side: Side, depth: u32) {
        let mut texts: Vec<String> = Vec::new();
        for name in ENCODER_TEXTS {
            let text = match self.graph.input(at, name) {
                Some(input) => self.string(input, side, depth + 1),
                None => None,
            };
            if let Some(text) = text.filter(|text| !text.trim().is_empty() && !texts.contains(text)) {
                texts.push(text);
            }
            // The first is the prompt; only the two halves of one prompt go together.
            if !texts.is_empty() && !["text_g", "clip_g"].contains(&name) {
                break;
            }
        }
        if texts.is_empty() && self.graph.has(at, side.name()) {
            texts.extend(
                self.graph.input(at, side.name()).and_then(|input| self.string(input, side, depth + 1)),
            );
        }
        for text in texts {
            self.add(&text);
        }
    }

    /// The text an input holds or is linked to.
    fn string(&mut self, input: Input<'_>, side: Side, depth: u32) -> Option<String> {
        let (at, slot) = match input {
            Input::Literal(value) => return value.text().map(str::to_owned),
            Input::Link(at, slot) => (at, slot),
        };
        if depth > GRAPH_DEPTH_MAX || !self.graph.step() {
            return None;
        }
        let (graph, class) = (self.graph, self.graph.class(at).to_ascii_lowercase());
        if ["concat", "join", "combine"].iter().any(|word| class.contains(word)) {
            return self.joined(at, side, depth);
        }
        let by_slot = if slot == 1 { "text_negative" } else { "text_positive" };
        if let Some(input) = graph.input(at, by_slot) {
            return self.string(input, side, depth + 1);
        }
        for name in STRING_TEXTS {
            let Some(input) = graph.input(at, name) else { continue };
            if let Some(text) = self.string(input, side, depth + 1) {
                return Some(text).filter(|text| !is_path(text));
            }
        }
        let mut texts = graph.inputs(at).filter_map(|(_, input)| match input {
            Input::Literal(Value::Text(text)) if text.contains(' ') && !is_path(text) => {
                Some(text.to_string())
            }
            _ => None,
        });
        match texts.next() {
            Some(text) => Some(
                texts.fold(text, |longest, text| if text.len() > longest.len() { text } else { longest }),
            ),
            None => {
                let mut links = graph.inputs(at).filter(|(_, input)| matches!(input, Input::Link(..)));
                let (_, only) = links.next().filter(|_| links.next().is_none())?;
                self.string(only, side, depth + 1)
            }
        }
    }

    /// All texts of a node that puts texts together, in the order of their names.
    fn joined(&mut self, at: NodeAt, side: Side, depth: u32) -> Option<String> {
        let is_delimiter = |name: &str| name.contains("delimiter") || name.contains("separator");
        let mut delimiter = ", ".to_owned();
        let mut parts = Vec::new();
        for (name, input) in self.graph.inputs(at) {
            match input {
                Input::Literal(Value::Text(text)) if is_delimiter(name) => {
                    delimiter = text.replace("\\n", "\n");
                }
                Input::Literal(Value::Text(_)) | Input::Link(..) if !name.contains("clean") => {
                    if let Some(text) =
                        self.string(input, side, depth + 1).filter(|text| !text.trim().is_empty())
                    {
                        parts.push((name, text));
                    }
                }
                _ => {}
            }
        }
        parts.sort_by_key(|(name, _)| *name);
        let texts: Vec<_> = parts.into_iter().map(|(_, text)| text).collect();
        (!texts.is_empty()).then(|| texts.join(&delimiter))
    }
}

/// A model or text file is not a prompt.
fn is_path(text: &str) -> bool {
    const ENDS: [&str; 7] = [".safetensors", ".ckpt", ".txt", ".png", ".jpg", ".gguf", ".pt"];
    let text = text.trim();
    text.len() < 512 && !text.contains('\n') && ENDS.iter().any(|end| text.ends_with(end))
}
