//! The graph that the editor keeps, made into the form that is run: links through helpers of the
//! editor resolved, values given their names. Used where no graph that was run is there.

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::comfyui::subgraphs::{Layout, Origin, Placed, Scope, list};
use crate::comfyui::widgets;
use crate::json::Value;
use crate::limits::{GRAPH_STEPS_MAX, NODE_INPUTS_MAX};
use std::cell::Cell;
use std::collections::HashMap;

/// Helpers that are no nodes of the graph that is run.
const HELPERS: [&str; 12] = [
    "Reroute",
    "PrimitiveNode",
    "GetNode",
    "SetNode",
    "Note",
    "MarkdownNote",
    "Reroute (rgthree)",
    "ReroutePrimitive|pysssss",
    "Label (rgthree)",
    "Bookmark (rgthree)",
    "Fast Groups Bypasser (rgthree)",
    "Fast Groups Muter (rgthree)",
];

/// The graph in the form that is run; `None` for what is no graph of the editor.
pub(super) fn graph<'a>(root: &'a Value<'a>) -> Option<Graph<'a>> {
    let layout = Layout::of(root)?;
    let mut at: NodeAt = 0;
    let places = layout.nodes.iter().map(|node| {
        let is_off = [2, 4].contains(&node.mode) || layout.scopes[node.scope].is_off;
        let is_real = node.child.is_none() && !is_off && !is_helper(node.kind);
        at += usize::from(is_real);
        is_real.then(|| at - 1)
    });
    let places = places.collect();
    let mut editor = Editor {
        layout,
        places,
        everywhere: Vec::new(),
        names: HashMap::new(),
        steps: Cell::new(GRAPH_STEPS_MAX),
    };
    editor.note_helpers();
    let mut graph = Graph::default();
    for node in 0..editor.layout.nodes.len() {
        if editor.places[node].is_some() {
            editor.add(node, &mut graph);
        }
    }
    (graph.len() > 0).then_some(graph)
}

fn is_helper(kind: &str) -> bool {
    HELPERS.contains(&kind) || is_everywhere(kind)
}

fn is_everywhere(kind: &str) -> bool {
    kind.starts_with("Anything Everywhere") || kind == "Prompts Everywhere"
}

/// What a link leads to.
enum Source<'a> {
    Node(NodeAt, u32),
    Value(&'a Value<'a>),
}

struct Editor<'a> {
    layout: Layout<'a>,
    /// The place in the graph of each node that is one.
    places: Vec<Option<NodeAt>>,
    /// Outputs that are linked to all free inputs of a type or of a name.
    everywhere: Vec<(&'a str, usize, Origin<'a>)>,
    /// What was set under a name, to be got elsewhere.
    names: HashMap<&'a str, usize>,
    steps: Cell<u32>,
}

impl<'a> Editor<'a> {
    fn note_helpers(&mut self) {
        for (at, node) in self.layout.nodes.iter().enumerate() {
            if node.mode == 2 {
                continue;
            }
            if node.kind == "SetNode"
                && let Some(name) = list(node.value, "widgets_values").first().and_then(Value::text)
            {
                self.names.entry(name).or_insert(at);
            }
            if !is_everywhere(node.kind) {
                continue;
            }
            for (nth, input) in list(node.value, "inputs").iter().enumerate() {
                let Some(origin) = self.origin(node, nth, input) else { continue };
                let kind = input.get("type").and_then(Value::text).unwrap_or("*");
                let what = match (node.kind, nth) {
                    ("Prompts Everywhere", 0) => "positive",
                    ("Prompts Everywhere", 1) => "negative",
                    _ if kind == "*" => input.get("name").and_then(Value::text).unwrap_or("*"),
                    _ => kind,
                };
                self.everywhere.push((what, node.scope, origin));
            }
        }
    }

    /// Adds a node with its values and then its links, which count where both are there.
    fn add(&self, at: usize, graph: &mut Graph<'a>) {
        let node = &self.layout.nodes[at];
        let title = node.value.get("title").and_then(Value::text).unwrap_or("");
        graph.add(node.kind, title);
        let inputs = list(node.value, "inputs");
        if inputs.len() > NODE_INPUTS_MAX {
            return;
        }
        for (name, value) in self.values(node).into_iter().take(NODE_INPUTS_MAX) {
            let is_held = !matches!(value, Value::Null);
            graph.put(name, is_held.then_some(Input::Literal(value)));
        }
        for (nth, input) in inputs.iter().enumerate() {
            let Some(name) = input.get("name").and_then(Value::text) else { continue };
            let widget = input.get("widget").and_then(|widget| widget.get("name")).and_then(Value::text);
            let origin = self.origin(node, nth, input);
            let source = match origin {
                Some(origin) => self.source(node.scope, origin),
                None if widget.is_none() => self.source_everywhere(name, input),
                None => None,
            };
            let held = source.map(|source| match source {
                Source::Node(at, slot) => Input::Link(at, slot),
                Source::Value(value) => Input::Literal(value),
            });
            let is_lost = origin.is_some() && widget.is_none();
            graph.put(widget.unwrap_or(name), held.or(is_lost.then_some(Input::Lost)));
        }
    }

    /// The values of a node by name: its own, then those that an instance of its subgraph puts in their place.
    fn values(&self, node: &Placed<'a>) -> Vec<(&'a str, &'a Value<'a>)> {
        let mut values = own_values(node);
        values.extend(self.replaced(node));
        values
    }

    /// What the instance around a node puts in place of its values.
    fn replaced(&self, node: &Placed<'a>) -> impl Iterator<Item = (&'a str, &'a Value<'a>)> {
        let instance = self.layout.scopes[node.scope].instance.map(|at| &self.layout.nodes[at]);
        let of_node = instance.into_iter().flat_map(proxies).filter(|(id, ..)| *id == node.id);
        of_node.map(|(_, name, value)| (name, value))
    }

    /// What an input is linked to within its scope.
    fn origin(&self, node: &Placed<'a>, nth: usize, input: &'a Value<'a>) -> Option<Origin<'a>> {
        let scope = &self.layout.scopes[node.scope];
        let of_id = input.get("link").and_then(Value::scalar).and_then(|link| scope.links.get(link));
        let slot = u32::try_from(nth).ok()?;
        let of_place = || scope.into.get(&(node.id, slot)).copied();
        let is_outside = || scope.outside.contains_key(&(node.id, slot)).then_some((node.id, slot));
        of_id.copied().or_else(of_place).or_else(|| is_outside().map(|_| ("-10", self.outside(node, slot))))
    }

    fn outside(&self, node: &Placed<'a>, slot: u32) -> u32 {
        let nth = self.layout.scopes[node.scope].outside.get(&(node.id, slot));
        nth.and_then(|nth| u32::try_from(*nth).ok()).unwrap_or(u32::MAX)
    }

    /// Follows an output through helpers, bypassed nodes and the borders of subgraphs.
    fn source(&self, mut scope: usize, mut origin: Origin<'a>) -> Option<Source<'a>> {
        const HOPS_MAX: u32 = 1_000;
        for _ in 0..HOPS_MAX {
            self.steps.set(self.steps.get().checked_sub(1)?);
            let (id, slot) = origin;
            if id == "-10" {
                match self.fed_outside(scope, slot)? {
                    Outside::Value(value) => return Some(Source::Value(value)),
                    Outside::Linked(outer, next) => (scope, origin) = (outer, next),
                }
                continue;
            }
            let at = *self.layout.scopes[scope].by_id.get(id)?;
            let node = &self.layout.nodes[at];
            if node.mode == 2 {
                return None;
            }
            let linked = |nth: usize| self.origin(node, nth, list(node.value, "inputs").get(nth)?);
            if node.mode == 4 {
                origin = self.bypassed(node, slot)?;
            } else if let Some(child) = node.child {
                origin = (*self.layout.scopes[child].outputs.get(usize::try_from(slot).ok()?)?)?;
                scope = child;
            } else if node.kind == "PrimitiveNode" {
                return list(node.value, "widgets_values").first().map(Source::Value);
            } else if node.kind == "GetNode" {
                let name = list(node.value, "widgets_values").first().and_then(Value::text)?;
                let set = &self.layout.nodes[*self.names.get(name)?];
                origin = self.origin(set, 0, list(set.value, "inputs").first()?)?;
                scope = set.scope;
            } else if is_helper(node.kind) {
                origin = linked(0)?;
            } else {
                return self.places[at].map(|at| Source::Node(at, slot));
            }
        }
        None
    }

    /// A bypassed node hands on the input of the output's type, that of the same place first.
    fn bypassed(&self, node: &Placed<'a>, slot: u32) -> Option<Origin<'a>> {
        let kind_of = |value: &'a Value<'a>| value.get("type").and_then(Value::text);
        let slot = usize::try_from(slot).ok()?;
        let inputs = list(node.value, "inputs");
        let kind = list(node.value, "outputs").get(slot).and_then(kind_of)?;
        let same_place = inputs.get(slot).filter(|input| kind_of(input) == Some(kind));
        let of = |nth: usize, input| self.origin(node, nth, input);
        let others = || {
            inputs
                .iter()
                .enumerate()
                .filter(|(_, input)| kind_of(input) == Some(kind))
                .find_map(|(nth, input)| of(nth, input))
        };
        same_place.and_then(|input| of(slot, input)).or_else(others)
    }

    /// What the instance of a subgraph feeds into one of its inputs.
    fn fed_outside(&self, scope: usize, slot: u32) -> Option<Outside<'a>> {
        let inside = &self.layout.scopes[scope];
        let instance = &self.layout.nodes[inside.instance?];
        let slot = usize::try_from(slot).ok()?;
        let inputs = list(instance.value, "inputs");
        let name = inside.inputs.get(slot).copied();
        let is_named = |input: &&Value<'_>| name.is_some() && input.get("name").and_then(Value::text) == name;
        let nth = inputs
            .iter()
            .position(|input| is_named(&input))
            .or_else(|| (name.is_none() && slot < inputs.len()).then_some(slot));
        if let Some(nth) = nth
            && let Some(origin) = self.origin(instance, nth, &inputs[nth])
        {
            return Some(Outside::Linked(instance.scope, origin));
        }
        let name = name?;
        let promoted = proxies(instance).find(|(id, known, _)| *id == "-1" && *known == name);
        let of_name = |(known, value): (&str, &'a Value<'a>)| (known == name).then_some(value);
        let value = promoted
            .map(|(.., value)| value)
            .or_else(|| self.replaced(instance).filter_map(of_name).last())
            .or_else(|| in_place(inside, instance, slot))
            .or_else(|| own_values(instance).into_iter().rev().find_map(of_name));
        value.filter(|value| !matches!(value, Value::Null)).map(Outside::Value)
    }

    fn source_everywhere(&self, name: &str, input: &'a Value<'a>) -> Option<Source<'a>> {
        let kind = input.get("type").and_then(Value::text).unwrap_or("");
        let is_for = |what: &str| what == kind || what == name;
        let (_, scope, origin) = self.everywhere.iter().rev().find(|(what, ..)| is_for(what))?;
        self.source(*scope, *origin)
    }
}

enum Outside<'a> {
    Value(&'a Value<'a>),
    Linked(usize, Origin<'a>),
}

/// The value of a subgraph's input where the instance keeps one for each input that feeds values.
fn in_place<'a>(inside: &Scope<'a>, instance: &Placed<'a>, slot: usize) -> Option<&'a Value<'a>> {
    let values = list(instance.value, "widgets_values");
    let name = inside.inputs.get(slot)?;
    let nth = inside.values.iter().position(|known| known == name)?;
    values.get(nth).filter(|_| values.len() == inside.values.len())
}

fn own_values<'a>(node: &Placed<'a>) -> Vec<(&'a str, &'a Value<'a>)> {
    let names: Vec<&str> = list(node.value, "inputs")
        .iter()
        .filter_map(|input| input.get("widget")?.get("name")?.text())
        .take(NODE_INPUTS_MAX)
        .collect();
    let kept = node.value.get("widgets_values");
    match (node.values, kept) {
        (Some(values), _) => widgets::named(node.kind, &names, values),
        (None, Some(Value::List(values))) => widgets::named(node.kind, &names, values),
        (None, Some(Value::Map(members))) => {
            members.iter().map(|(name, value)| (name.as_ref(), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// The values of an instance that stand for those of nodes inside: the node's id, the name, the value.
fn proxies<'a>(instance: &Placed<'a>) -> impl Iterator<Item = (&'a str, &'a str, &'a Value<'a>)> {
    let names = instance.value.get("properties").map(|properties| list(properties, "proxyWidgets"));
    let values = list(instance.value, "widgets_values");
    let names = names.filter(|names| names.len() == values.len()).unwrap_or_default();
    names.iter().zip(values).filter_map(|(name, value)| match name.list() {
        Some([id, name, ..]) => Some((id.scalar()?, name.text()?, value)),
        _ => None,
    })
}
