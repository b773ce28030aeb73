//! A graph: nodes and the links between them, whichever form they were written in. Every walk pays
//! from a budget of steps, so that cycles and fans of a hostile graph end. Knows no class of node.

use crate::json::Value;
use crate::limits::{GRAPH_STEPS_MAX, NODE_INPUTS_MAX};
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

/// A node's place in its graph.
pub(super) type NodeAt = usize;

/// The slot of a link that means a pipe's whole bundle, of which the reader takes what it needs by name.
pub(super) const BUNDLE: u32 = u32::MAX;

/// What an input holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    /// The output `slot` of a node.
    Link(NodeAt, u32),
    /// A value of its own.
    Literal(&'a Value<'a>),
    /// A link that leads nowhere.
    Lost,
}

/// One node.
struct Node<'a> {
    class: &'a str,
    /// The class in lower case, which words are sought in.
    kind: String,
    title: &'a str,
    inputs: Range<usize>,
}

pub(super) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    /// Of all nodes, in the order written.
    inputs: Vec<(&'a str, Input<'a>)>,
    /// Left of the walk that goes on.
    steps: Cell<u32>,
    /// Taken by all walks.
    taken: Cell<u64>,
}

impl<'a> Graph<'a> {
    /// Of the form that is sent to be run; `None` when no member of the value is a node.
    pub(super) fn of(value: &'a Value<'a>) -> Option<Self> {
        let members = value.map()?;
        let class_of = |node: &'a Value<'a>| node.get("class_type")?.text();
        // The last one of repeated ids counts, as everywhere in JSON.
        let mut last: HashMap<&str, usize> = HashMap::new();
        for (nth, (id, node)) in members.iter().enumerate() {
            if class_of(node).is_some() {
                last.insert(id, nth);
            }
        }
        let mut kept: Vec<usize> = last.values().copied().collect();
        kept.sort_unstable();
        let by_id: HashMap<&str, NodeAt> =
            kept.iter().enumerate().map(|(at, nth)| (members[*nth].0.as_ref(), at)).collect();
        let mut graph = Self::default();
        for nth in kept {
            let node = &members[nth].1;
            let title = node.get("_meta").and_then(|meta| meta.get("title")).and_then(Value::text);
            graph.add(class_of(node).unwrap_or_default(), title.unwrap_or(""));
            let inputs = node.get("inputs").and_then(Value::map).unwrap_or_default();
            if inputs.len() <= NODE_INPUTS_MAX {
                for (name, value) in inputs {
                    graph.put(name, resolved(value, &by_id));
                }
            }
        }
        (!graph.nodes.is_empty()).then_some(graph)
    }

    /// Adds a node without inputs.
    pub(super) fn add(&mut self, class: &'a str, title: &'a str) -> NodeAt {
        let none = self.inputs.len()..self.inputs.len();
        self.nodes.push(Node { class, kind: class.to_ascii_lowercase(), title, inputs: none });
        self.nodes.len() - 1
    }

    /// Adds an input to the node added last; what holds nothing is left out.
    pub(super) fn put(&mut self, name: &'a str, input: Option<Input<'a>>) {
        if let (Some(input), Some(node)) = (input, self.nodes.last_mut()) {
            self.inputs.push((own_name(name), input));
            node.inputs.end = self.inputs.len();
        }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn class(&self, at: NodeAt) -> &'a str {
        self.nodes[at].class
    }

    pub(super) fn title(&self, at: NodeAt) -> &'a str {
        self.nodes[at].title
    }

    /// Whether the class contains one of several words of lower case.
    pub(super) fn is_kind(&self, at: NodeAt, words: &[&str]) -> bool {
        // Classes are short: looking at every place is quicker than preparing a search.
        let kind = self.nodes[at].kind.as_bytes();
        words.iter().any(|word| kind.windows(word.len()).any(|part| part == word.as_bytes()))
    }

    /// Begins a walk, with steps of its own.
    pub(super) fn begin(&self) {
        self.steps.set(GRAPH_STEPS_MAX);
    }

    /// Takes a step to a node, which costs more the more inputs it has; false when there are none left.
    pub(super) fn step(&self, at: NodeAt) -> bool {
        self.spend(1 + self.nodes[at].inputs.len() / 16)
    }

    /// Pays for work other than a step; false when nothing is left.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let (left, steps) = (self.steps.get(), u32::try_from(steps).unwrap_or(u32::MAX));
        self.taken.set(self.taken.get() + u64::from(steps.min(left)));
        self.steps.set(left.saturating_sub(steps));
        left >= steps.max(1)
    }

    /// Steps that all walks took so far.
    #[cfg(test)]
    pub(super) fn n_taken(&self) -> u64 {
        self.taken.get()
    }

    /// An input by name; the last of repeated ones. Links that lead nowhere are nothing.
    pub(super) fn input(&self, at: NodeAt, name: &str) -> Option<Input<'a>> {
        let (_, input) = self.written(at).iter().rev().find(|(known, _)| *known == name)?;
        (!matches!(input, Input::Lost)).then_some(*input)
    }

    /// The target of an input that is a link.
    pub(super) fn link(&self, at: NodeAt, name: &str) -> Option<(NodeAt, u32)> {
        match self.input(at, name)? {
            Input::Link(target, slot) => Some((target, slot)),
            Input::Literal(_) | Input::Lost => None,
        }
    }

    /// The first of several inputs that is a link.
    pub(super) fn first_link(&self, at: NodeAt, names: &[&str]) -> Option<(NodeAt, u32)> {
        names.iter().find_map(|name| self.link(at, name))
    }

    /// The text an input holds itself.
    pub(super) fn text(&self, at: NodeAt, name: &str) -> Option<&'a str> {
        match self.input(at, name)? {
            Input::Literal(value) => value.text(),
            Input::Link(..) | Input::Lost => None,
        }
    }

    /// Whether an input of that name is written, whatever it holds.
    pub(super) fn has(&self, at: NodeAt, name: &str) -> bool {
        self.written(at).iter().any(|(known, _)| *known == name)
    }

    /// Whether one of several inputs is written.
    pub(super) fn has_any(&self, at: NodeAt, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(at, name))
    }

    /// All inputs that hold something, in the order written.
    pub(super) fn inputs(&self, at: NodeAt) -> impl Iterator<Item = (&'a str, Input<'a>)> {
        self.written(at).iter().filter(|(_, input)| !matches!(input, Input::Lost)).copied()
    }

    /// The inputs that are links, in the order written.
    pub(super) fn links(&self, at: NodeAt) -> impl Iterator<Item = (&'a str, (NodeAt, u32))> {
        self.inputs(at).filter_map(|(name, input)| match input {
            Input::Link(target, slot) => Some((name, (target, slot))),
            Input::Literal(_) | Input::Lost => None,
        })
    }

    /// The only link a node has.
    pub(super) fn only_link(&self, at: NodeAt) -> Option<(NodeAt, u32)> {
        let mut links = self.links(at);
        links.next().filter(|_| links.next().is_none()).map(|(_, link)| link)
    }

    /// Links to nodes that are missing included.
    fn written(&self, at: NodeAt) -> &[(&'a str, Input<'a>)] {
        &self.inputs[self.nodes[at].inputs.clone()]
    }
}

impl Default for Graph<'_> {
    fn default() -> Self {
        Self { nodes: Vec::new(), inputs: Vec::new(), steps: Cell::new(GRAPH_STEPS_MAX), taken: Cell::new(0) }
    }
}

/// Of an input that there is for one choice of another, as `model.prompt`, the name it has there.
fn own_name(name: &str) -> &str {
    let end = name.rsplit('.').next().unwrap_or(name);
    let is_name = end.starts_with(|letter: char| letter.is_ascii_lowercase());
    if is_name { end } else { name }
}

fn resolved<'a>(value: &'a Value<'a>, by_id: &HashMap<&str, NodeAt>) -> Option<Input<'a>> {
    match value {
        Value::Null => Some(Input::Lost),
        Value::List(list) => {
            let [id, slot] = list.as_slice() else { return Some(Input::Literal(value)) };
            // Two values of which the first names a node; anything else leads nowhere.
            let slot = if let Value::Number(number) = slot { number.parse().ok() } else { None };
            let target = id.scalar().and_then(|id| by_id.get(id));
            let link = target.zip(slot).filter(|(_, slot)| *slot != BUNDLE);
            Some(link.map_or(Input::Lost, |(target, slot)| Input::Link(*target, slot)))
        }
        Value::Map(_) => Some(Input::Literal(value.get("__value__").unwrap_or(value))),
        _ => Some(Input::Literal(value)),
    }
}
