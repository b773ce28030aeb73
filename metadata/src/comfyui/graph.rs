//! An API graph: nodes by id and the links between them. Every walk pays from one budget of
//! steps, so that cycles and fans of a hostile graph end.

use crate::json::Value;
use crate::limits::{GRAPH_STEPS_MAX, NODE_INPUTS_MAX};
use std::cell::Cell;
use std::collections::HashMap;

/// A node's place in its graph.
pub(super) type NodeAt = usize;

/// One node.
pub(super) struct Node<'a> {
    pub(super) id: &'a str,
    pub(super) class: &'a str,
    inputs: &'a Value<'a>,
    pub(super) title: &'a str,
}

/// What an input holds.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    /// The output `slot` of a node.
    Link(NodeAt, u32),
    /// A value of its own.
    Literal(&'a Value<'a>),
}

pub(super) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    by_id: HashMap<&'a str, NodeAt>,
    steps: Cell<u32>,
}

impl<'a> Graph<'a> {
    /// `None` when no member of the value is a node.
    pub(super) fn of(value: &'a Value<'a>) -> Option<Self> {
        let members = value.map()?;
        let nodes: Vec<Node<'a>> = members
            .iter()
            .filter_map(|(id, node)| {
                let title = node.get("_meta").and_then(|meta| meta.get("title")).and_then(Value::text);
                let class = node.get("class_type")?.text()?;
                let is_fit =
                    |inputs: &&Value<'_>| inputs.map().is_some_and(|inputs| inputs.len() <= NODE_INPUTS_MAX);
                let inputs = node.get("inputs").filter(is_fit).unwrap_or(&Value::Null);
                Some(Node { id, class, inputs, title: title.unwrap_or("") })
            })
            .collect();
        // The last one of repeated ids counts, as everywhere in JSON.
        let by_id = nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
        (!nodes.is_empty()).then_some(Self { nodes, by_id, steps: Cell::new(GRAPH_STEPS_MAX) })
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, at: NodeAt) -> &Node<'a> {
        &self.nodes[at]
    }

    pub(super) fn class(&self, at: NodeAt) -> &'a str {
        self.nodes[at].class
    }

    /// Takes a step; false when there are none left.
    pub(super) fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }

    /// An input by name. Links to missing nodes are nothing.
    pub(super) fn input(&self, at: NodeAt, name: &str) -> Option<Input<'a>> {
        self.resolve(self.nodes[at].inputs.get(name)?)
    }

    /// The first of several inputs that is there.
    pub(super) fn first_input(&self, at: NodeAt, names: &[&str]) -> Option<Input<'a>> {
        names.iter().find_map(|name| self.input(at, name))
    }

    /// The target of an input that is a link.
    pub(super) fn link(&self, at: NodeAt, name: &str) -> Option<(NodeAt, u32)> {
        match self.input(at, name)? {
            Input::Link(target, slot) => Some((target, slot)),
            Input::Literal(_) => None,
        }
    }

    /// Whether an input of that name is written, whatever it holds.
    pub(super) fn has(&self, at: NodeAt, name: &str) -> bool {
        self.nodes[at].inputs.get(name).is_some()
    }

    /// All inputs in the order written.
    pub(super) fn inputs(&self, at: NodeAt) -> impl Iterator<Item = (&'a str, Input<'a>)> {
        let inputs: &'a Value<'a> = self.nodes[at].inputs;
        inputs
            .map()
            .unwrap_or_default()
            .iter()
            .filter_map(|(name, value)| Some((name.as_ref(), self.resolve(value)?)))
    }

    fn resolve(&self, value: &'a Value<'a>) -> Option<Input<'a>> {
        let Some([id, slot]) = value.list() else {
            return match value {
                Value::Map(_) => match value.get("__value__") {
                    Some(inner) => Some(Input::Literal(inner)),
                    None => Some(Input::Literal(value)),
                },
                Value::Null => None,
                _ => Some(Input::Literal(value)),
            };
        };
        // Two values of which the first names a node; anything else is a list of values.
        let slot: u32 = match slot {
            Value::Number(number) => number.parse().ok()?,
            _ => return None,
        };
        let target = self.by_id.get(id.scalar()?)?;
        Some(Input::Link(*target, slot))
    }
}
