//! Which sampler of a graph made the picture, and what lies upstream of a node.

use crate::comfyui::graph::{Graph, Input, NodeAt};
use crate::limits::GRAPH_CHOICES_MAX;

/// What a graph is read from.
pub(super) struct Route {
    /// The sampler of the base pass.
    pub(super) base: NodeAt,
    /// Every node upstream of the saver, nearest first.
    pub(super) upstream: Vec<NodeAt>,
}

/// The base sampler of the picture named `name`; `None` when no sampler leads to it.
pub(super) fn find(graph: &Graph<'_>, name: &str) -> Option<Route> {
    let everything = || (0..graph.len()).collect::<Vec<_>>();
    let upstream = saver(graph, name).map_or_else(everything, |saver| upstream(graph, saver));
    let base = base_of(graph, &upstream);
    match base {
        Some(base) => Some(Route { base, upstream }),
        // A saver that the graph does not connect with its sampler.
        None => base_of(graph, &everything()).map(|base| Route { base, upstream: everything() }),
    }
}

/// Nodes that lead to a node, itself first, in the order of their distance.
pub(super) fn upstream(graph: &Graph<'_>, from: NodeAt) -> Vec<NodeAt> {
    let mut seen = vec![false; graph.len()];
    seen[from] = true;
    let mut found = vec![from];
    let mut nth = 0;
    while let Some(&at) = found.get(nth) {
        nth += 1;
        if !graph.step() {
            break;
        }
        for (_, input) in graph.inputs(at) {
            if let Input::Link(target, _) = input
                && !std::mem::replace(&mut seen[target], true)
            {
                found.push(target);
            }
        }
    }
    found
}

/// Known by its inputs; class names are too many.
pub(super) fn is_sampler(graph: &Graph<'_>, at: NodeAt) -> bool {
    let has = |name: &str| graph.has(at, name);
    let has_latent = has("latent_image") || has("samples") || has("latent");
    let settles = has("steps") || has("seed") || has("noise_seed") || has("sigmas");
    has("positive") && has("negative") && has_latent && settles
        || has("guider") && has("sigmas")
        || has("basic_pipe") && has("steps")
}

/// The sampler without another one upstream; the nearest to the saver of several.
fn base_of(graph: &Graph<'_>, upstream_of_saver: &[NodeAt]) -> Option<NodeAt> {
    let samplers: Vec<_> = upstream_of_saver
        .iter()
        .copied()
        .filter(|at| is_sampler(graph, *at))
        .take(GRAPH_CHOICES_MAX)
        .collect();
    let is_base = |at: &NodeAt| !upstream(graph, *at)[1..].iter().any(|before| is_sampler(graph, *before));
    samplers.iter().copied().find(is_base).or_else(|| samplers.last().copied())
}

/// The output node of the picture: by its file name where that is unique, otherwise the one with
/// the most behind it; previews only where nothing is saved.
fn saver(graph: &Graph<'_>, name: &str) -> Option<NodeAt> {
    let all = |words: &[&str]| {
        let is = |at: &NodeAt| words.iter().any(|word| graph.class(*at).contains(word));
        (0..graph.len()).filter(is).take(GRAPH_CHOICES_MAX).collect::<Vec<_>>()
    };
    let savers = all(&["SaveImage", "Image Save", "SaveAnimated", "ImageSave", "SaveWEBM", "VideoCombine"]);
    let savers = if savers.is_empty() { all(&["Save"]) } else { savers };
    let savers = if savers.is_empty() { all(&["Preview"]) } else { savers };
    if let [only] = savers[..] {
        return Some(only);
    }
    let named: Vec<_> = savers.iter().copied().filter(|at| is_name_of(graph, *at, name)).collect();
    if let [only] = named[..] {
        return Some(only);
    }
    savers.into_iter().max_by_key(|at| upstream(graph, *at).len())
}

/// Whether a saver writes names like `<prefix>_<digits>_.<extension>` that this one is.
fn is_name_of(graph: &Graph<'_>, at: NodeAt, name: &str) -> bool {
    let Some(Input::Literal(prefix)) = graph.input(at, "filename_prefix") else { return false };
    let Some(prefix) = prefix.text() else { return false };
    let prefix = prefix.rsplit(['/', '\\']).next().unwrap_or(prefix);
    let fixed = prefix.split('%').next().unwrap_or(prefix);
    if fixed.len() < prefix.len() {
        return !fixed.is_empty() && name.starts_with(fixed);
    }
    let Some(rest) = name.strip_prefix(fixed).and_then(|rest| rest.strip_prefix('_')) else { return false };
    !fixed.is_empty() && rest.starts_with(|digit: char| digit.is_ascii_digit())
}
