//! The prompts of a graph: from a sampler's conditioning back to the texts that were encoded. How
//! a text came about is `strings`' business.

use crate::comfyui::graph::{BUNDLE, Graph, Input, NodeAt};
use crate::comfyui::strings::{Strings, is_writer};
use crate::comfyui::{pass, scalar};
use std::collections::HashSet;
use std::rc::Rc;

/// Which prompt is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Positive,
    Negative,
}

impl Side {
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Positive => &[
                "positive",
                "base_positive",
                "conditioning",
                "cond",
                "cond1",
                "cond2",
                "positive_cond",
                "pos",
                "cond_pos",
            ],
            Self::Negative => &[
                "negative",
                "base_negative",
                "neg_conditioning",
                "uncond",
                "negative_cond",
                "neg",
                "cond_neg",
            ],
        }
    }

    /// Inputs that hold the prompt as a text, where encoding and sampling are one node.
    const fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Positive => &["positive", "positive_prompt", "prompt", "text", "text_g"],
            Self::Negative => &["negative", "negative_prompt"],
        }
    }

    const fn of_slot(slot: u32) -> Self {
        if slot == 1 { Self::Negative } else { Self::Positive }
    }
}

/// Inputs that hold both sides.
const SHARED: [&str; 7] =
    ["guider", "text_embeds", "hyvid_embeds", "embeds", "prompt_embeds", "conditionings", "text_embeddings"];

/// Texts of encoders that take several, in the order they are read; of one row all that differ.
const ENCODED: [&[&str]; 7] = [
    &["text_g", "text_l"],
    &["text"],
    &["bert", "mt5xl"],
    &["tags", "caption", "lyrics"],
    &["prompt", "user_prompt", "positive_prompt"],
    &["caption", "string", "text_positive", "wildcard_text", "populated_text"],
    &["clip_l", "qwen25_7b"],
];

/// Both prompts of a sampler.
#[derive(Debug, Default)]
pub(super) struct Prompts {
    pub(super) positive: String,
    pub(super) negative: String,
    /// Distilled guidance in the positive chain.
    pub(super) guidance: Option<f64>,
    /// The encoder of the first text, whose `clip` tells of text encoders.
    pub(super) encoder: Option<NodeAt>,
    /// What a second encoder was given, where it is not the same text.
    pub(super) clip_l: Option<String>,
}

/// The prompts of a sampler, texts of several encoders on lines.
pub(super) fn prompts(graph: &Graph<'_>, sampler: NodeAt) -> Prompts {
    let mut strings = Strings::new(graph);
    let walk = Walk::from(&mut strings, sampler, Side::Positive);
    let mut prompts = Prompts {
        positive: walk.texts.join("\n"),
        negative: String::new(),
        guidance: walk.guidance,
        encoder: walk.encoder,
        clip_l: walk.clip_l,
    };
    let walk = Walk::from(&mut strings, sampler, Side::Negative);
    prompts.negative = walk.texts.join("\n");
    prompts.encoder = prompts.encoder.or(walk.encoder);
    prompts
}

/// The text of an encoder, or of a node like one.
pub(super) fn encoded(strings: &mut Strings<'_, '_>, at: NodeAt, side: Side) -> String {
    let mut walk = Walk::new(strings);
    walk.encoder(at, side, false);
    walk.texts.join("\n")
}

/// Whether a node makes conditioning of texts.
pub(super) fn is_encoder(graph: &Graph<'_>, at: NodeAt) -> bool {
    let has_text = || {
        ENCODED.iter().any(|names| graph.has_any(at, names))
            || graph.has_any(at, &["t5xxl", "clip_g", "llama", "positive", "base_positive"])
    };
    if is_writer(graph, at) {
        return false;
    }
    graph.is_kind(at, &["textencode", "text encode", "text_encode"])
        || graph.has(at, "positive_prompt") && graph.has(at, "negative_prompt")
        || graph.has_any(at, &["clip", "text_encoder", "text_encoders", "t5"]) && has_text()
}

/// What is still to be done.
enum Todo {
    /// An output to be visited.
    Visit(NodeAt, u32, Side),
    /// A text whose turn comes after what was put before it.
    Say(Rc<str>),
}

struct Walk<'s, 'g, 'a> {
    strings: &'s mut Strings<'g, 'a>,
    texts: Vec<String>,
    known: HashSet<String>,
    seen: HashSet<(NodeAt, u32, Side)>,
    /// The next one last.
    todo: Vec<Todo>,
    guidance: Option<f64>,
    encoder: Option<NodeAt>,
    clip_l: Option<String>,
    /// A node was met that nothing could be made of.
    is_lost: bool,
}

impl<'s, 'g, 'a> Walk<'s, 'g, 'a> {
    fn new(strings: &'s mut Strings<'g, 'a>) -> Self {
        strings.graph.begin();
        Self {
            strings,
            texts: Vec::new(),
            known: HashSet::new(),
            seen: HashSet::new(),
            todo: Vec::new(),
            guidance: None,
            encoder: None,
            clip_l: None,
            is_lost: false,
        }
    }

    fn from(strings: &'s mut Strings<'g, 'a>, sampler: NodeAt, side: Side) -> Self {
        let mut walk = Self::new(strings);
        walk.both_sides(sampler, side);
        walk.todo.reverse();
        walk.go();
        if walk.texts.is_empty() && walk.is_lost {
            walk.nearest_encoder(sampler, side);
        }
        walk
    }

    fn go(&mut self) {
        while let Some(todo) = self.todo.pop() {
            let (at, slot, side) = match todo {
                Todo::Visit(at, slot, side) => (at, slot, side),
                Todo::Say(text) => {
                    self.add(&text);
                    continue;
                }
            };
            if !self.graph().step(at) {
                break;
            }
            if self.seen.insert((at, slot, side)) {
                let n_before = self.todo.len();
                self.visit(at, slot, side);
                // The first that was put there is done first.
                self.todo[n_before..].reverse();
            }
        }
    }

    fn graph(&self) -> &'g Graph<'a> {
        self.strings.graph
    }

    fn add(&mut self, text: &str) {
        let text = text.replace(['\r', '\0'], "");
        let text = text.trim();
        if !text.is_empty() && self.known.insert(text.to_owned()) {
            self.texts.push(text.to_owned());
        }
    }

    fn push(&mut self, link: (NodeAt, u32), side: Side) {
        self.todo.push(Todo::Visit(link.0, link.1, side));
    }

    /// What an input of a node leads to, or the text it holds.
    fn take(&mut self, at: NodeAt, input: Input<'a>, side: Side) {
        match input {
            Input::Link(target, slot) => self.push((target, slot), side),
            Input::Literal(value) => {
                if let Some(text) = value.text().filter(|text| !crate::comfyui::strings::is_path(text)) {
                    self.encoder.get_or_insert(at);
                    self.todo.push(Todo::Say(text.into()));
                }
            }
            Input::Lost => {}
        }
    }

    /// A sampler, guider, pipe or loader: continues at what is named like the side.
    fn both_sides(&mut self, at: NodeAt, side: Side) -> bool {
        let graph = self.graph();
        let n_before = self.todo.len();
        for name in side.names() {
            if let Some(input) = graph.input(at, name) {
                self.take(at, input, side);
            }
        }
        let is_said = graph.has_any(at, &side.names()[..2]);
        if self.todo.len() == n_before && !is_said {
            if let Some((target, _)) = graph.first_link(at, &SHARED) {
                self.push((target, BUNDLE), side);
            } else if let Some(bundle) = pass::bundle(graph, at) {
                self.push(bundle, side);
            } else if let Some(said) = side.texts().iter().find_map(|name| self.strings.at(at, name, side, 0))
            {
                self.todo.push(Todo::Say(said.text));
            }
        }
        is_said || self.todo.len() > n_before
    }

    fn visit(&mut self, at: NodeAt, slot: u32, side: Side) {
        let graph = self.graph();
        if graph.is_kind(at, &["zeroout", "zero out", "emptyconditioning"]) {
            return;
        }
        if side == Side::Positive && self.guidance.is_none() && graph.has(at, "guidance") {
            self.guidance = scalar::number(graph, at, &["guidance"]);
        }
        if let Some(output) = pass::output(graph, at, slot) {
            let side = if output.contains("negative") { Side::Negative } else { side };
            let side = if output.contains("positive") { Side::Positive } else { side };
            self.open(at, BUNDLE, side);
            return;
        }
        let is_conditioned = graph.first_link(at, &["conditioning_to", "conditioning"]).is_some();
        if is_conditioned && graph.has(at, "text") && graph.has(at, "clip") {
            // A box of its own text on top of the base.
            self.conditioned(at, side);
            let said = self.strings.at(at, "text", side, 0);
            self.todo.extend(said.map(|said| Todo::Say(said.text)));
            return;
        }
        if let Some(branch) = pass::chosen(graph, at) {
            self.take(at, branch, side);
            return;
        }
        let is_two_sided = graph.has_any(at, &Side::Positive.names()[..2])
            && graph.has_any(at, &Side::Negative.names()[..2]);
        if !is_two_sided && is_encoder(graph, at) {
            self.encoder(at, side, slot == BUNDLE);
            return;
        }
        self.open(at, slot, side);
    }

    /// A node that is no encoder.
    fn open(&mut self, at: NodeAt, slot: u32, side: Side) {
        let graph = self.graph();
        let has = |side: Side| graph.has_any(at, &side.names()[..2]);
        if has(Side::Positive) && has(Side::Negative) {
            // Of a node with both inputs the slot decides; the side only for bundles and their like.
            let is_bundle = slot > 2
                || graph.is_kind(at, &["guider", "pipe", "context", "loader", "bus", "tuple", "sampler"])
                || graph.has_any(at, &["ckpt_name", "base_ckpt_name", "base_ctx"]);
            let side = if is_bundle { side } else { Side::of_slot(slot - self.first_slot(at, slot)) };
            self.both_names(at, side);
            return;
        }
        let is_guider = graph.is_kind(at, &["guider", "sampler"]) || slot == BUNDLE;
        if is_guider {
            if !self.both_sides(at, side) {
                self.is_lost = true;
            }
            return;
        }
        if self.conditioned(at, side) {
            return;
        }
        if graph.has_any(at, &["text", "prompt", "text_g"]) {
            self.encoder(at, side, false);
        } else {
            self.through(at, slot, side);
        }
    }

    /// How many outputs stand before the positive one: of nodes that change the model too, one.
    fn first_slot(&self, at: NodeAt, slot: u32) -> u32 {
        let graph = self.graph();
        let is_behind_model = |name: &str, target: u32| {
            target == 0 && name.contains("model") || target == 2 && name.starts_with("neg")
        };
        let links =
            (0..graph.len()).flat_map(|from| graph.links(from)).filter(|(_, (target, _))| *target == at);
        let is_spent = !graph.spend(1 + graph.len() / 16);
        let is_behind = !is_spent && links.into_iter().any(|(name, (_, slot))| is_behind_model(name, slot));
        u32::from(is_behind).min(slot)
    }

    /// One side of a node with two: its link, its bundle, or its text.
    fn both_names(&mut self, at: NodeAt, side: Side) {
        let graph = self.graph();
        let names = &side.names()[..2];
        match names.iter().find_map(|name| graph.input(at, name)) {
            Some(Input::Link(target, slot)) => {
                // Of a loader the prompt may be a string that is linked.
                let is_text = graph.has_any(
                    at,
                    &["ckpt_name", "base_ckpt_name", "positive_token_normalization", "token_normalization"],
                );
                let said = if is_text { self.strings.of(Input::Link(target, slot), side, 0) } else { None };
                match said {
                    Some(said) => {
                        self.encoder.get_or_insert(at);
                        self.add(&said.text);
                    }
                    None => self.push((target, slot), side),
                }
            }
            Some(input) => self.take(at, input, side),
            None => {
                if let Some(bundle) = pass::bundle(graph, at) {
                    self.push(bundle, side);
                }
            }
        }
    }

    /// Continues at every conditioning input; whether there is one.
    fn conditioned(&mut self, at: NodeAt, side: Side) -> bool {
        let graph = self.graph();
        let word = if side == Side::Positive { "positive_" } else { "negative_" };
        let mut links: Vec<_> = graph
            .links(at)
            .filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                name.starts_with("cond") || name == "clip_regions" || name.starts_with(word)
            })
            .collect();
        // Some regions hang on the model, each on the one before.
        if !links.is_empty() && graph.is_kind(at, &["addcond"]) {
            links.extend(graph.link(at, "model").map(|link| ("model_to", link)));
        }
        // What is added to comes before what is added.
        links.sort_by_key(|(name, _)| !name.ends_with("_to"));
        for (_, link) in &links {
            self.push(*link, side);
        }
        !links.is_empty()
    }

    /// A node of unknown kind is passed through where it is clear what it passes.
    fn through(&mut self, at: NodeAt, slot: u32, side: Side) {
        const ANY: [&str; 8] = ["any", "value", "input", "anything", "*", "any_01", "input1", "source"];
        let graph = self.graph();
        let first = |names: &[&str]| names.iter().find_map(|name| graph.input(at, name));
        if let Some(input) = first(&side.names()[..2]) {
            self.take(at, input, side);
        } else if let Some(link) = pass::in_order(graph, at, slot) {
            self.push(link, side);
        } else if let Some(input) = first(&ANY) {
            self.take(at, input, side);
        } else if let Some(bundle) = pass::bundle(graph, at) {
            self.push(bundle, side);
        } else if let Some(link) = graph.only_link(at) {
            self.push(link, side);
        } else {
            self.is_lost = true;
        }
    }

    fn encoder(&mut self, at: NodeAt, side: Side, is_shared: bool) {
        let graph = self.graph();
        self.encoder.get_or_insert(at);
        if side == Side::Negative && (is_shared || graph.has_any(at, &["positive_prompt", "negative_prompt"]))
        {
            let said =
                ["negative_prompt", "negative"].iter().find_map(|name| self.strings.at(at, name, side, 0));
            match (said, graph.first_link(at, &["hyvid_cfg", "negative_text_embeds"])) {
                (Some(said), _) => self.add(&said.text),
                (None, Some(link)) => self.push((link.0, BUNDLE), side),
                (None, None) => {}
            }
            return;
        }
        if graph.has(at, "t5xxl") && !graph.has_any(at, &["clip_g", "llama"]) {
            let [primary, second] = ["t5xxl", "clip_l"].map(|name| self.strings.at(at, name, side, 0));
            if let (Some(primary), Some(second)) = (&primary, &second)
                && primary.text.trim() != second.text.trim()
                && side == Side::Positive
            {
                self.clip_l.get_or_insert(second.text.trim().to_owned());
            }
            if let Some(said) = primary.or(second) {
                self.add(&said.text);
            }
            return;
        }
        if graph.has(at, "t5xxl") || graph.has(at, "clip_g") {
            for name in ["clip_g", "clip_l", "t5xxl", "llama"] {
                if let Some(said) = self.strings.at(at, name, side, 0) {
                    self.add(&said.text);
                }
            }
            return;
        }
        // Some encoders have all inputs, and one that says which count.
        let is_plain = graph.has(at, "text")
            && graph.has(at, "with_SDXL")
            && scalar::first(graph, at, &["with_SDXL"]).as_deref() != Some("true");
        let populated: &[&[&str]] = &[&["populated_text"]];
        for names in populated.iter().chain(&ENCODED).skip(usize::from(is_plain) * 2) {
            let mut is_found = false;
            for name in *names {
                if let Some(said) = self.strings.at(at, name, side, 0) {
                    is_found = true;
                    self.add(&said.text);
                }
            }
            if is_found {
                return;
            }
        }
        if let Some(said) =
            ["positive", "base_positive"].iter().find_map(|name| self.strings.at(at, name, side, 0))
        {
            self.add(&said.text);
        }
    }

    /// Where the way was lost: the longest text of the encoders that lead there, those of the other
    /// side left out.
    fn nearest_encoder(&mut self, sampler: NodeAt, side: Side) {
        let graph = self.graph();
        let Some(link) = graph.first_link(sampler, side.names()) else { return };
        let mut longest = String::new();
        for at in crate::comfyui::route::upstream(graph, link.0) {
            if is_encoder(graph, at) {
                let text = encoded(self.strings, at, side);
                if text.len() > longest.len() {
                    longest = text;
                    self.encoder.get_or_insert(at);
                }
            }
        }
        self.add(&longest);
    }
}
