//! The text that a string output hands on: literals, and what nodes make of several texts. Knows
//! nothing of conditioning.

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::comfyui::text::Side;
use crate::comfyui::{joining, lottery, pass, scalar};
use crate::json::Value;
use crate::limits::{GENERATION_TEXT_BYTES_MAX, GRAPH_DEPTH_MAX};
use std::collections::HashMap;
use std::rc::Rc;

/// A text, and whether it is certainly the one that was used: no node stands between that may have
/// changed it in a way not known here.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) text: Rc<str>,
    pub(super) is_sure: bool,
}

/// Inputs of text nodes, by how likely they hold the text.
const TEXTS: [&str; 26] = [
    "populated_text",
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
    "Prompt",
    "positive_prompt",
    "text1",
    "text_1",
    "string1",
    "string_1",
    "input",
    "input_text",
    "input_string",
    "anything",
    "source",
    "any",
    "content",
    "opt_text",
];

/// What writes a text from an instruction, which is not the text; and what describes a picture.
const WRITERS: [&str; 30] = [
    "llm",
    "gpt",
    "ollama",
    "gemini",
    "claude",
    "groq",
    "openai",
    "deepseek",
    "florence",
    "joycaption",
    "joy_caption",
    "caption",
    "wd14",
    "tagger",
    "interrogat",
    "blip",
    "moondream",
    "minicpm",
    "promptgen",
    "textgenerat",
    "generatetext",
    "superprompt",
    "llava",
    "chat",
    "vlm",
    "qwenvl",
    "qwen2vl",
    "qwen_vl",
    "mistral",
    "enhancer",
];

/// Pairs of outputs, the first positive.
const PAIRS: [(&str, &str); 7] = [
    ("text_positive", "text_negative"),
    ("positive", "negative"),
    ("positive_prompt", "negative_prompt"),
    ("prompt_positive", "prompt_negative"),
    ("positive_text", "negative_text"),
    ("prompt", "negative_prompt"),
    ("positive_string", "negative_string"),
];

/// Resolves the strings of one graph; each output once.
pub(super) struct Strings<'g, 'a> {
    pub(super) graph: &'g Graph<'a>,
    memo: HashMap<(NodeAt, u32, Side), Option<Said>>,
    /// What display nodes show of an output.
    shown: Option<HashMap<(NodeAt, u32), &'a str>>,
}

impl<'g, 'a> Strings<'g, 'a> {
    pub(super) fn new(graph: &'g Graph<'a>) -> Self {
        Self { graph, memo: HashMap::new(), shown: None }
    }

    /// The text an input holds or is linked to; never empty, a path or of a writer.
    pub(super) fn of(&mut self, input: Input<'a>, side: Side, depth: u32) -> Option<Said> {
        let mut input = input;
        loop {
            let (at, slot) = match input {
                Input::Literal(Value::Text(text)) => return said(text, true),
                Input::Link(at, slot) => (at, slot),
                Input::Literal(_) | Input::Lost => return None,
            };
            if depth > GRAPH_DEPTH_MAX || !self.graph.step(at) {
                return None;
            }
            if let Some(next) = self.handed_on(at) {
                input = next;
                continue;
            }
            let key = (at, slot, side);
            if let Some(known) = self.memo.get(&key) {
                return known.clone();
            }
            // Found again on its own way it is nothing.
            self.memo.insert(key, None);
            let said = self.node(at, slot, side, depth).filter(|said| !is_path(&said.text));
            if !self.graph.spend(said.as_ref().map_or(1, |said| 1 + said.text.len() / 1024)) {
                return None;
            }
            self.memo.insert(key, said.clone());
            return said;
        }
    }

    /// The text an input of a node holds.
    pub(super) fn at(&mut self, at: NodeAt, name: &str, side: Side, depth: u32) -> Option<Said> {
        let input = self.graph.input(at, name)?;
        self.of(input, side, depth + 1)
    }

    /// The one input of a node that has no more to say.
    fn handed_on(&self, at: NodeAt) -> Option<Input<'a>> {
        let mut inputs = self.graph.inputs(at);
        let only = inputs.next().filter(|_| inputs.next().is_none()).map(|(_, input)| input)?;
        let is_plain = matches!(only, Input::Link(..)) && !self.graph.is_kind(at, &WRITERS);
        is_plain.then_some(only)
    }

    fn node(&mut self, at: NodeAt, slot: u32, side: Side, depth: u32) -> Option<Said> {
        let graph = self.graph;
        let is_kind = |words: &[&str]| graph.is_kind(at, words);
        if is_display(graph, at) {
            return self.display(at, side, depth);
        }
        if is_writer(graph, at) {
            return self.shown_of(at, slot).and_then(|text| said(text, false));
        }
        if let Some(output) = pass::output(graph, at, slot) {
            return self.at(at, output, side, depth);
        }
        if let Some(branch) = pass::chosen(graph, at) {
            let said = self.of(branch, side, depth + 1);
            // What was chosen and left empty was used so.
            return said
                .or_else(|| if self.is_blank(branch) { None } else { self.any_link(at, side, depth) });
        }
        if graph.has(at, "populated_text") {
            let populated = self.at(at, "populated_text", side, depth).map(sure);
            return populated.or_else(|| self.at(at, "wildcard_text", side, depth).map(unsure));
        }
        if is_kind(&["concat", "join", "combine", "append", "stringfunction"]) {
            return joining::joined(self, at, side, depth);
        }
        if graph.class(at) == "StringFormat" {
            return joining::formatted(self, at, side, depth);
        }
        if is_kind(&["regexextract", "jsonextract"]) {
            // A part of the text that only running it tells.
            return self.shown_of(at, slot).and_then(|text| said(text, false));
        }
        if is_kind(&["replace", "find"]) {
            return joining::replaced(self, at, side, depth);
        }
        if is_kind(&["random line", "randomline"]) && graph.has(at, "seed") {
            return self.drawn(at, side, depth);
        }
        for (positive, negative) in PAIRS {
            if graph.has(at, positive) && graph.has(at, negative) {
                let by_slot = if slot == 1 { negative } else { positive };
                let is_first_two = slot <= 1;
                let name = if is_first_two || side == Side::Positive { by_slot } else { negative };
                return self.at(at, name, side, depth).map(unsure);
            }
        }
        if slot > 0
            && let Some((_, input)) =
                graph.inputs(at).filter(|(name, _)| name.starts_with("text")).nth(slot as usize)
        {
            return self.of(input, side, depth + 1);
        }
        self.named(at, side, depth).or_else(|| self.last_resort(at, slot, side, depth))
    }

    /// Whether an input is a text of no letters, or a node that holds nothing else.
    fn is_blank(&self, input: Input<'a>) -> bool {
        let is_blank = |input| matches!(input, Input::Literal(Value::Text(text)) if text.trim().is_empty());
        match input {
            Input::Link(at, _) => {
                let mut inputs = self.graph.inputs(at);
                inputs.next().is_some_and(|(_, input)| is_blank(input)) && inputs.next().is_none()
            }
            input => is_blank(input),
        }
    }

    /// The text of a box, or of what is fed into a node that changes it.
    fn named(&mut self, at: NodeAt, side: Side, depth: u32) -> Option<Said> {
        const CHANGING: [&str; 13] = [
            "random", "style", "wildcard", "load", "file", "translat", "nsp", "dynamic", "parse", "noodle",
            "case", "split", "regex",
        ];
        const BOXES: [&str; 7] = ["string", "text", "prompt", "primitive", "multiline", "trim", "literal"];
        let graph = self.graph;
        let said = TEXTS.iter().find_map(|name| self.at(at, name, side, depth))?;
        let is_box = graph.is_kind(at, &BOXES) && !graph.is_kind(at, &CHANGING);
        if graph.is_kind(at, &["trim", "case"]) {
            return joining::reshaped(graph, at, &said);
        }
        Some(Said { is_sure: said.is_sure && is_box, ..said })
    }

    /// Of a node of unknown kind: its only text, its longest, or what it is linked to.
    fn last_resort(&mut self, at: NodeAt, slot: u32, side: Side, depth: u32) -> Option<Said> {
        // Of a node that is fed a text its own texts say what to do with it.
        let is_fed = TEXTS.iter().any(|name| self.graph.link(at, name).is_some());
        let texts: Vec<&'a str> = self
            .graph
            .inputs(at)
            .filter(|(name, _)| !is_fed && !is_about_something_else(name))
            .filter_map(|(_, input)| match input {
                Input::Literal(value) => value.text(),
                Input::Link(..) | Input::Lost => None,
            })
            .filter(|text| !is_path(text) && !text.trim().is_empty())
            .collect();
        if let [only] = texts[..]
            && !is_setting(only)
        {
            return said(only, false);
        }
        let longest = texts.into_iter().filter(|text| text.contains(' ')).max_by_key(|text| text.len());
        if let Some(longest) = longest {
            return said(longest, false);
        }
        let linked = self
            .graph
            .only_link(at)
            .and_then(|(target, slot)| self.of(Input::Link(target, slot), side, depth + 1).map(unsure));
        linked.or_else(|| self.shown_of(at, slot).and_then(|text| said(text, false)))
    }

    /// A display node keeps what it was fed; where that is certain without it, it may be of an
    /// earlier run.
    fn display(&mut self, at: NodeAt, side: Side, depth: u32) -> Option<Said> {
        let links: Vec<_> = self.graph.links(at).take(4).collect();
        let fed = links
            .into_iter()
            .find_map(|(_, (target, slot))| self.of(Input::Link(target, slot), side, depth + 1));
        match (fed, kept(self.graph, at)) {
            (Some(fed), _) if fed.is_sure => Some(fed),
            (_, Some(kept)) => said(kept, false),
            (fed, None) => fed,
        }
    }

    fn any_link(&mut self, at: NodeAt, side: Side, depth: u32) -> Option<Said> {
        let inputs: Vec<_> = self.graph.inputs(at).map(|(_, input)| input).collect();
        inputs.into_iter().find_map(|input| match input {
            Input::Link(..) => self.of(input, side, depth + 1).map(unsure),
            Input::Literal(value) => {
                value.text().filter(|text| text.contains(' ')).and_then(|text| said(text, false))
            }
            Input::Lost => None,
        })
    }

    /// What a node that draws a line by its seed drew.
    fn drawn(&mut self, at: NodeAt, side: Side, depth: u32) -> Option<Said> {
        let from =
            ["text", "multiline_text", "lines"].iter().find_map(|name| self.at(at, name, side, depth))?;
        let seed = scalar::first(self.graph, at, &["seed"])?;
        let lines: Vec<_> = from.text.split('\n').collect();
        if lines.len() == 1 {
            return Some(from);
        }
        let is_known = self.graph.class(at) == "Text Random Line";
        let nth =
            seed.trim().parse().ok().filter(|_| is_known).and_then(|seed| lottery::choice(seed, lines.len()));
        match nth {
            Some(nth) => said(lines[nth], from.is_sure),
            None => Some(unsure(from)),
        }
    }

    /// What a display node shows of an output.
    fn shown_of(&mut self, at: NodeAt, slot: u32) -> Option<&'a str> {
        let graph = self.graph;
        let shown = self.shown.get_or_insert_with(|| {
            let displays = (0..graph.len()).filter(|at| is_display(graph, *at));
            let texts = displays.filter_map(|at| Some((graph.links(at).next()?.1, kept(graph, at)?)));
            texts.collect()
        });
        shown.get(&(at, slot)).copied()
    }
}

/// Whether a node writes a text from an instruction. What takes a `clip` and is no generator of texts
/// encodes one.
pub(super) fn is_writer(graph: &Graph<'_>, at: NodeAt) -> bool {
    let is_generator = graph.is_kind(at, &["textgenerat", "generatetext"]);
    is_generator || graph.is_kind(at, &WRITERS) && !graph.has(at, "clip")
}

/// A text of its own, unless it is blank, too long or a path.
pub(super) fn said(text: &str, is_sure: bool) -> Option<Said> {
    let is_fit = text.len() <= GENERATION_TEXT_BYTES_MAX && !text.trim().is_empty() && !is_path(text);
    is_fit.then(|| Said { text: text.into(), is_sure })
}

fn sure(said: Said) -> Said {
    Said { is_sure: true, ..said }
}

pub(super) fn unsure(said: Said) -> Said {
    Said { is_sure: false, ..said }
}

fn is_display(graph: &Graph<'_>, at: NodeAt) -> bool {
    graph.text(at, "text_0").is_some() && !graph.is_kind(at, &["concat", "join", "combine"])
        || graph.is_kind(
            at,
            &[
                "showtext",
                "show text",
                "showany",
                "previewany",
                "previewtext",
                "displaytext",
                "display any",
                "displayany",
            ],
        )
}

/// The text a display node keeps.
fn kept<'a>(graph: &Graph<'a>, at: NodeAt) -> Option<&'a str> {
    let names =
        ["text_0", "text_1", "preview", "preview_text", "preview_markdown", "text", "output", "displaytext"];
    names.iter().find_map(|name| graph.text(at, name).filter(|text| !text.trim().is_empty()))
}

/// Inputs whose text is no prompt, by their names.
fn is_about_something_else(name: &str) -> bool {
    const WORDS: [&str; 15] = [
        "name",
        "path",
        "file",
        "style",
        "mode",
        "model",
        "delimiter",
        "separator",
        "sampler",
        "scheduler",
        "preset",
        "template",
        "url",
        "key",
        "format",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// A word of lower case, or numbers: what one chooses in a list, and no prompt of a node that is not known.
fn is_setting(text: &str) -> bool {
    let is_word = !text.contains([' ', ',', '\n']) && text.is_ascii() && !text.contains(char::is_uppercase);
    is_word || !text.contains(char::is_alphabetic)
}

/// A model or text file is not a prompt.
pub(super) fn is_path(text: &str) -> bool {
    const ENDS: [&str; 16] = [
        ".safetensors",
        ".ckpt",
        ".txt",
        ".png",
        ".jpg",
        ".jpeg",
        ".webp",
        ".gguf",
        ".pt",
        ".pth",
        ".sft",
        ".json",
        ".yaml",
        ".mp4",
        ".csv",
        ".bin",
    ];
    let text = text.trim();
    text.len() < 512
        && !text.contains(['\n', ','])
        && ENDS.iter().any(|end| {
            text.len() > end.len()
                && text.get(text.len() - end.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        })
}
