//! The editor's nodes laid out flat: every instance of a subgraph or of a group of nodes is a scope
//! of its own. What the nodes mean is not its business.

use crate::json::Value;
use crate::limits::{EDITOR_NODES_MAX, NODE_INPUTS_MAX, SUBGRAPH_DEPTH_MAX};
use std::collections::{HashMap, HashSet};

/// An output: the id of a node within its scope, and the slot.
pub(super) type Origin<'a> = (&'a str, u32);

/// The graph itself, or one instance of a subgraph.
#[derive(Default)]
pub(super) struct Scope<'a> {
    /// The node that it is the inside of.
    pub(super) instance: Option<usize>,
    /// Origins by the id of the link.
    pub(super) links: HashMap<&'a str, Origin<'a>>,
    /// Origins by node and input, where links have no ids.
    pub(super) into: HashMap<Origin<'a>, Origin<'a>>,
    pub(super) by_id: HashMap<&'a str, usize>,
    /// Names of the inputs from outside, in order.
    pub(super) inputs: Vec<&'a str>,
    /// Those that feed values of nodes inside, whose own values the instance keeps in this order.
    pub(super) values: Vec<&'a str>,
    /// What comes out of each output.
    pub(super) outputs: Vec<Option<Origin<'a>>>,
    /// Which input of the instance feeds an input of a node, in groups.
    pub(super) outside: HashMap<Origin<'a>, usize>,
    /// Within an instance that is muted or bypassed.
    pub(super) is_off: bool,
    definition: Option<&'a Value<'a>>,
    depth: usize,
}

/// One node in its scope.
pub(super) struct Placed<'a> {
    pub(super) scope: usize,
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) value: &'a Value<'a>,
    /// 2 is muted, 4 is bypassed.
    pub(super) mode: u32,
    /// The scope inside.
    pub(super) child: Option<usize>,
    /// The values the instance of its group holds in place of its own.
    pub(super) values: Option<&'a [Value<'a>]>,
}

/// All nodes of a file's graph.
pub(super) struct Layout<'a> {
    pub(super) scopes: Vec<Scope<'a>>,
    pub(super) nodes: Vec<Placed<'a>>,
}

impl<'a> Layout<'a> {
    /// `None` for what is no graph of the editor.
    pub(super) fn of(root: &'a Value<'a>) -> Option<Self> {
        root.get("nodes")?.list().filter(|nodes| !nodes.is_empty())?;
        let subgraphs =
            root.get("definitions").and_then(|known| known.get("subgraphs")).and_then(Value::list);
        let subgraphs: HashMap<&str, &Value<'_>> = subgraphs
            .unwrap_or_default()
            .iter()
            .filter_map(|subgraph| Some((subgraph.get("id")?.text()?, subgraph)))
            .collect();
        let groups = root.get("extra").and_then(|extra| extra.get("groupNodes"));
        let mut layout = Self { scopes: Vec::new(), nodes: Vec::new() };
        layout.scopes.push(Scope { definition: Some(root), ..Scope::default() });
        let mut nth = 0;
        while nth < layout.scopes.len() {
            layout.place(nth, &subgraphs, groups);
            nth += 1;
        }
        Some(layout)
    }

    /// Places the nodes of a scope, and adds the scopes inside them.
    fn place(
        &mut self,
        nth: usize,
        subgraphs: &HashMap<&'a str, &'a Value<'a>>,
        groups: Option<&'a Value<'a>>,
    ) {
        let Some(definition) = self.scopes[nth].definition else { return };
        let nodes = definition.get("nodes").and_then(Value::list).unwrap_or_default();
        let is_group =
            self.scopes[nth].instance.is_some_and(|at| self.nodes[at].kind.starts_with("workflow"));
        // What groups link is places; some of them give all their nodes one id.
        let names = if is_group { ["index", "id"] } else { ["id", "index"] };
        for node in nodes {
            let id = names.iter().find_map(|name| node.get(name)).and_then(Value::scalar);
            let (Some(kind), Some(id)) = (node.get("type").and_then(Value::text), id) else { continue };
            if self.nodes.len() >= EDITOR_NODES_MAX {
                break;
            }
            let mode =
                node.get("mode").and_then(Value::scalar).and_then(|mode| mode.parse().ok()).unwrap_or(0);
            let at = self.nodes.len();
            self.scopes[nth].by_id.insert(id, at);
            self.nodes.push(Placed { scope: nth, id, kind, value: node, mode, child: None, values: None });
            let group = kind.strip_prefix("workflow/").or_else(|| kind.strip_prefix("workflow>"));
            let inside = match group {
                Some(name) => groups.and_then(|groups| groups.get(name)),
                None => subgraphs.get(kind).copied(),
            };
            if let Some(inside) = inside.filter(|inside| self.may_hold(nth, inside)) {
                let depth = self.scopes[nth].depth + 1;
                let is_off = self.scopes[nth].is_off || [2, 4].contains(&mode);
                self.nodes[at].child = Some(self.scopes.len());
                self.scopes.push(Scope {
                    instance: Some(at),
                    definition: Some(inside),
                    depth,
                    is_off,
                    ..Scope::default()
                });
            }
        }
        if is_group { self.wire_group(nth, definition) } else { self.wire(nth, definition) }
    }

    /// Not within itself, and not too deep.
    fn may_hold(&self, mut scope: usize, inside: &'a Value<'a>) -> bool {
        if self.scopes[scope].depth >= SUBGRAPH_DEPTH_MAX {
            return false;
        }
        loop {
            if self.scopes[scope].definition.is_some_and(|known| std::ptr::eq(known, inside)) {
                return false;
            }
            let Some(instance) = self.scopes[scope].instance else { return true };
            scope = self.nodes[instance].scope;
        }
    }

    /// Links as lists or as objects; those to -20 are what comes out.
    fn wire(&mut self, nth: usize, definition: &'a Value<'a>) {
        let Self { scopes, nodes } = self;
        let scope = &mut scopes[nth];
        let mut feeds_value = [false; NODE_INPUTS_MAX];
        for link in definition.get("links").and_then(Value::list).unwrap_or_default() {
            let part = |at: usize, name: &str| match link.list() {
                Some(list) => list.get(at),
                None => link.get(name),
            };
            let id = part(0, "id").and_then(Value::scalar);
            let origin =
                part(1, "origin_id").and_then(Value::scalar).zip(part(2, "origin_slot").and_then(slot));
            let (Some(id), Some(origin)) = (id, origin) else { continue };
            scope.links.insert(id, origin);
            let target = part(3, "target_id").and_then(Value::scalar);
            let target_slot =
                part(4, "target_slot").and_then(slot).and_then(|slot| usize::try_from(slot).ok());
            let (Some(target), Some(target_slot)) = (target, target_slot) else { continue };
            if let ("-10", Some(feeds_value)) = (origin.0, feeds_value.get_mut(origin.1 as usize)) {
                let inputs = scope.by_id.get(target).map(|at| list(nodes[*at].value, "inputs"));
                let input = inputs.and_then(|inputs| inputs.get(target_slot));
                *feeds_value |= input.is_some_and(|input| input.get("widget").is_some());
            }
            if target == "-20" && target_slot < 256 {
                let output = target_slot;
                if scope.outputs.len() <= output {
                    scope.outputs.resize(output + 1, None);
                }
                scope.outputs[output] = Some(origin);
            }
        }
        let inputs = definition.get("inputs").and_then(Value::list).unwrap_or_default();
        scope.inputs =
            inputs.iter().map(|input| input.get("name").and_then(Value::text).unwrap_or("")).collect();
        let of_values = scope.inputs.iter().zip(feeds_value).filter(|(_, feeds_value)| *feeds_value);
        scope.values = of_values.map(|(name, _)| *name).collect();
    }

    /// A group knows its nodes by their number; what is not linked inside is joined to the outside
    /// in the order of nodes and inputs.
    fn wire_group(&mut self, nth: usize, definition: &'a Value<'a>) {
        let Self { scopes, nodes } = self;
        let scope = &mut scopes[nth];
        let mut taken: HashSet<Origin<'a>> = HashSet::new();
        for link in definition.get("links").and_then(Value::list).unwrap_or_default() {
            let Some([from, from_slot, to, to_slot, ..]) = link.list() else { continue };
            let ends = from.scalar().zip(slot(from_slot)).zip(to.scalar().zip(slot(to_slot)));
            if let Some((origin, target)) = ends {
                scope.into.insert(target, origin);
                taken.insert(origin);
            }
        }
        for external in definition.get("external").and_then(Value::list).unwrap_or_default() {
            if let Some([node, output, ..]) = external.list()
                && let Some(origin) = node.scalar().zip(slot(output))
            {
                taken.remove(&origin);
            }
        }
        let inner: Vec<usize> = (0..nodes.len()).filter(|at| nodes[*at].scope == nth).collect();
        let instance =
            scope.instance.and_then(|at| nodes[at].value.get("widgets_values")).and_then(Value::list);
        let values_of =
            |node: &Placed<'a>| node.value.get("widgets_values").and_then(Value::list).unwrap_or_default();
        let n_values: usize = inner.iter().map(|at| values_of(&nodes[*at]).len()).sum();
        let mut values = instance.filter(|values| values.len() == n_values).unwrap_or_default();
        let mut n_outside = 0;
        for at in inner {
            let node = &mut nodes[at];
            let own = values_of(node).len();
            if let Some((first, rest)) = values.split_at_checked(own).filter(|_| !values.is_empty()) {
                node.values = Some(first);
                values = rest;
            }
            for (input, value) in list(node.value, "inputs").iter().enumerate() {
                let target = (node.id, u32::try_from(input).unwrap_or(u32::MAX));
                if value.get("widget").is_none() && !scope.into.contains_key(&target) {
                    scope.outside.insert(target, n_outside);
                    n_outside += 1;
                }
            }
            for output in 0..list(node.value, "outputs").len().min(256) {
                let origin = (node.id, output as u32);
                if !taken.contains(&origin) {
                    scope.outputs.push(Some(origin));
                }
            }
        }
    }
}

/// A member that is a list, or nothing.
pub(super) fn list<'a>(value: &'a Value<'a>, name: &str) -> &'a [Value<'a>] {
    value.get(name).and_then(Value::list).unwrap_or_default()
}

fn slot(value: &Value<'_>) -> Option<u32> {
    value.scalar()?.parse().ok()
}
