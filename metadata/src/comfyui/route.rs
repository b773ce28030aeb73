//! Which sampler of a graph made the picture, and which passes came after it. What a pass was set
//! to is not its business.

use crate::comfyui::graph::{Graph, NodeAt};
use crate::comfyui::{pass, scalar};
use crate::limits::GRAPH_CHOICES_MAX;

/// What a graph is read from.
#[derive(Debug)]
pub(super) struct Route {
    /// The sampler of the base pass.
    pub(super) base: NodeAt,
    /// The passes after it, the first one first.
    pub(super) later: Vec<NodeAt>,
    /// The way of the picture from its saver to the first sampler on it, that one left out.
    pub(super) last_leg: Vec<NodeAt>,
}

/// Inputs that hand on a picture or its latent.
const PICTURES: [&str; 47] = [
    "image_target",
    "target_image",
    "latent_image",
    "samples",
    "latent",
    "latents",
    "pixels",
    "images",
    "image",
    "video",
    "frames",
    "segs",
    "samples_to",
    "samples1",
    "samples_from",
    "samples2",
    "destination",
    "image1",
    "image_1",
    "image2",
    "image_2",
    "source",
    "latent_opt",
    "optional_latent",
    "stage_c",
    "video_latent",
    "image_embeds",
    "av_latent",
    "start_latent",
    "latent_image_opt",
    "images_a",
    "images_b",
    "image_a",
    "image_b",
    "input_image",
    "original_image",
    "images_to",
    "img",
    "output_image",
    "upscaled_image",
    "IMAGE",
    "LATENT",
    "base_image",
    "start_image",
    "init_image",
    "first_frame",
    "reference_image",
];

/// The base sampler of the picture named `name`; `None` when no sampler leads to it.
pub(super) fn find(graph: &Graph<'_>, name: &str) -> Option<Route> {
    graph.begin();
    let saver = saver(graph, name);
    graph.begin();
    if let Some(route) = saver.and_then(|saver| along(graph, saver)) {
        return Some(route);
    }
    let upstream_of_saver = saver.map(|saver| upstream(graph, saver));
    let everything = || (0..graph.len()).collect::<Vec<_>>();
    let base = upstream_of_saver.and_then(|nodes| base_of(graph, &nodes)).or_else(|| {
        graph.begin();
        base_of(graph, &everything())
    })?;
    Some(Route { base, later: Vec::new(), last_leg: Vec::new() })
}

/// Along the way of the picture: the sampler that no other one is behind.
fn along(graph: &Graph<'_>, saver: NodeAt) -> Option<Route> {
    let way = way(graph, saver, false);
    let samplers: Vec<_> =
        way.iter().copied().filter(|at| is_pass(graph, *at)).take(GRAPH_CHOICES_MAX).collect();
    let full: Vec<_> = samplers.iter().copied().filter(|at| is_sampler(graph, *at)).collect();
    let choices = if full.is_empty() { &samplers } else { &full };
    let is_base = |at: &NodeAt| !way_before(graph, *at).iter().any(|before| choices.contains(before));
    let base = choices.iter().copied().find(is_base).or_else(|| choices.last().copied())?;
    let is_later = |at: &NodeAt| *at != base && way_before(graph, *at).contains(&base);
    let mut later: Vec<_> = samplers.iter().copied().filter(is_later).collect();
    later.reverse();
    let mut last_leg = self::way(graph, saver, true);
    last_leg.retain(|at| !is_pass(graph, *at));
    Some(Route { base, later, last_leg })
}

/// The way of a picture upward, without the node it starts from.
pub(super) fn way_before(graph: &Graph<'_>, from: NodeAt) -> Vec<NodeAt> {
    let mut way = way(graph, from, false);
    way.remove(0);
    way
}

/// Every node a picture came through, nearest first, the start included. With `is_short` no farther
/// than the first passes.
pub(super) fn way(graph: &Graph<'_>, from: NodeAt, is_short: bool) -> Vec<NodeAt> {
    walk(graph, from, |at, found| {
        if !(is_short && at != from && is_pass(graph, at)) {
            found.extend(before(graph, at));
        }
    })
}

/// The nodes that the picture of a node comes from.
fn before(graph: &Graph<'_>, at: NodeAt) -> Vec<NodeAt> {
    if let Some(input) = pass::chosen(graph, at) {
        return match input {
            crate::comfyui::graph::Input::Link(target, _) => vec![target],
            _ => Vec::new(),
        };
    }
    let named: Vec<_> =
        PICTURES.iter().filter_map(|name| graph.link(at, name)).map(|(target, _)| target).collect();
    if !named.is_empty() {
        return named;
    }
    // What has a size of its own begins a picture.
    if graph.has_any(at, &["width", "empty_latent_width"]) && !is_pass(graph, at) {
        return Vec::new();
    }
    if let Some((target, _)) = pass::bundle(graph, at) {
        return vec![target];
    }
    let numbered = graph
        .links(at)
        .filter(|(name, _)| ["image", "any", "value", "input"].iter().any(|start| name.starts_with(start)));
    let numbered: Vec<_> = numbered.map(|(_, (target, _))| target).collect();
    if numbered.is_empty() {
        graph.only_link(at).map(|(target, _)| target).into_iter().collect()
    } else {
        numbered
    }
}

/// Nodes that lead to a node, itself first, in the order of their distance.
pub(super) fn upstream(graph: &Graph<'_>, from: NodeAt) -> Vec<NodeAt> {
    walk(graph, from, |at, found| found.extend(graph.links(at).map(|(_, (target, _))| target)))
}

fn walk(graph: &Graph<'_>, from: NodeAt, next: impl Fn(NodeAt, &mut Vec<NodeAt>)) -> Vec<NodeAt> {
    let mut seen = vec![false; graph.len()];
    seen[from] = true;
    let (mut found, mut targets) = (vec![from], Vec::new());
    let mut nth = 0;
    while let Some(&at) = found.get(nth) {
        nth += 1;
        if !graph.step(at) {
            break;
        }
        next(at, &mut targets);
        for target in targets.drain(..) {
            if !std::mem::replace(&mut seen[target], true) {
                found.push(target);
            }
        }
    }
    found
}

/// Savers may take all settings too, to write them down.
fn is_output(graph: &Graph<'_>, at: NodeAt) -> bool {
    graph.is_kind(at, &["save", "metadata"]) || graph.has_any(at, &["filename_prefix", "filename"])
}

/// A sampler that may be the base pass. Known by its inputs; class names are too many.
pub(super) fn is_sampler(graph: &Graph<'_>, at: NodeAt) -> bool {
    let has = |name: &str| graph.has(at, name);
    if graph.is_kind(at, &["context"]) || is_output(graph, at) {
        return false;
    }
    let is_composed = has("guider") && (has("sigmas") || has("sampler"));
    if is_composed {
        return true;
    }
    if graph.has_any(at, &["bbox_detector", "segs", "detailer_pipe", "upscale_by", "upscale_model"]) {
        return false;
    }
    let has_sides = has("positive") && has("negative")
        || has("base_positive") && has("base_negative")
        || has("conditioning") && has("neg_conditioning");
    let has_latent = graph
        .has_any(at, &["latent_image", "samples", "latent", "start_latent", "latents", "optional_latent"]);
    let settles = graph.has_any(at, &["steps", "seed", "noise_seed", "sigmas"]);
    has_sides && has_latent && settles
        || (has_sides || graph.has_any(at, &["text_embeds", "hyvid_embeds"])) && has("steps") && !has("image")
        || pass::has_bundle(graph, at)
            && has("steps")
            && graph.has_any(at, &["seed", "noise_seed", "cfg", "sampler_name"])
}

/// A sampler, or what paints over a finished picture: upscalers by tiles, detailers.
pub(super) fn is_pass(graph: &Graph<'_>, at: NodeAt) -> bool {
    is_sampler(graph, at)
        || !is_output(graph, at)
            && graph.has(at, "steps")
            && graph.has_any(at, &["seed", "noise_seed"])
            && graph.has_any(at, &["positive", "basic_pipe", "detailer_pipe", "model"])
            && graph.has_any(at, &["image", "segs", "images"])
}

/// The sampler without another one upstream; the nearest to the saver of several.
fn base_of(graph: &Graph<'_>, nodes: &[NodeAt]) -> Option<NodeAt> {
    let of = |is: fn(&Graph<'_>, NodeAt) -> bool| {
        nodes.iter().copied().filter(|at| is(graph, *at)).take(GRAPH_CHOICES_MAX).collect::<Vec<_>>()
    };
    let mut samplers = of(is_sampler);
    if samplers.is_empty() {
        samplers = of(is_pass);
    }
    let is_base = |at: &NodeAt| !upstream(graph, *at)[1..].iter().any(|before| is_sampler(graph, *before));
    samplers.iter().copied().find(is_base).or_else(|| samplers.last().copied())
}

/// The output node of the picture: by its file name where that is unique, otherwise the one with
/// the most behind it; previews only where nothing is saved.
pub(super) fn saver(graph: &Graph<'_>, name: &str) -> Option<NodeAt> {
    let all = |is: &dyn Fn(NodeAt) -> bool| {
        (0..graph.len()).filter(|at| is(*at)).take(GRAPH_CHOICES_MAX).collect::<Vec<_>>()
    };
    let is_saver = |at: NodeAt| {
        graph.is_kind(at, &["save", "videocombine", "video combine"])
            && !graph.is_kind(at, &["savelatent", "savelora", "checkpointsave", "savetext", "save text"])
            && graph.links(at).next().is_some()
    };
    let mut savers = all(&is_saver);
    let named = |exact: bool| {
        let named: Vec<_> = savers.iter().copied().filter(|at| is_name_of(graph, *at, name, exact)).collect();
        if let [only] = named[..] { Some(only) } else { None }
    };
    if let Some(named) = named(true).or_else(|| named(false)) {
        return Some(named);
    }
    if savers.is_empty() {
        savers = all(&|at| graph.is_kind(at, &["preview"]) && !graph.is_kind(at, &["previewany", "bridge"]));
    }
    if savers.is_empty() {
        savers = all(&|at| {
            graph.is_kind(at, &["preview", "output", "compare", "view"])
                && !graph.is_kind(at, &["previewany"])
                && graph.links(at).next().is_some()
        });
    }
    if let [only] = savers[..] {
        return Some(only);
    }
    // Of branches of one size the last was added last.
    savers.into_iter().max_by_key(|at| upstream(graph, *at).len())
}

/// Whether a saver writes names like `<prefix>_<digits>_.<extension>` that this one is. A prefix with a
/// place for the date or the like is not exact.
fn is_name_of(graph: &Graph<'_>, at: NodeAt, name: &str, exact: bool) -> bool {
    let prefix = scalar::first(graph, at, &["filename_prefix", "filename", "save_prefix", "prefix"]);
    let Some(prefix) = prefix else { return false };
    let prefix = prefix.rsplit(['/', '\\']).next().unwrap_or(&prefix);
    let fixed = prefix.split(['%', '[']).next().unwrap_or(prefix);
    if fixed.is_empty() || exact && fixed.len() < prefix.len() {
        return false;
    }
    if fixed.len() < prefix.len() {
        return name.starts_with(fixed);
    }
    let rest =
        name.strip_prefix(fixed).and_then(|rest| rest.strip_prefix(['_', '-', ' ', '.']).or(Some(rest)));
    rest.is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()))
}
