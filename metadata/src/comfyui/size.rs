//! The size a picture was generated at: from the base sampler's latent upward.

use crate::comfyui::graph::{Graph, NodeAt};
use crate::comfyui::{pass, route, scalar};
use crate::normal;

const WIDTHS: [&str; 3] = ["width", "empty_latent_width", "image_width"];
const HEIGHTS: [&str; 3] = ["height", "empty_latent_height", "image_height"];

/// The size that a sampler began with.
pub(super) fn of(graph: &Graph<'_>, sampler: NodeAt) -> Option<(u32, u32)> {
    graph.begin();
    let way = route::way(graph, sampler, false);
    let found = way.iter().find_map(|at| dimensions(graph, *at));
    found.or_else(|| {
        let mut at = pass::bundle(graph, sampler)?.0;
        for _ in 0..way.len().max(16) {
            if let Some(size) = dimensions(graph, at) {
                return Some(size);
            }
            at = pass::bundle(graph, at).or_else(|| graph.link(at, "latent"))?.0;
        }
        None
    })
}

/// The size a node is set to.
fn dimensions(graph: &Graph<'_>, at: NodeAt) -> Option<(u32, u32)> {
    if !graph.step(at) {
        return None;
    }
    if let Some(size) = preset(graph, at) {
        return Some(size);
    }
    let link = |names: &[&str]| graph.first_link(at, names);
    if let (Some((one, _)), Some((other, _))) = (link(&WIDTHS), link(&HEIGHTS))
        && one == other
        && let Some(size) = preset(graph, one)
    {
        return Some(size);
    }
    let side = |names: &[&str]| scalar::count(graph, at, names).filter(|side| (1..=65_535).contains(side));
    side(&WIDTHS).zip(side(&HEIGHTS))
}

/// `1024 x 1024 (square)` of nodes that let one choose.
fn preset(graph: &Graph<'_>, at: NodeAt) -> Option<(u32, u32)> {
    const NAMES: [&str; 8] = [
        "resolution",
        "dimensions",
        "aspect_ratio",
        "size",
        "preset",
        "ratio",
        "size_selected",
        "ratio_selected",
    ];
    let side = |name: &str| scalar::count(graph, at, &[name]).filter(|side| *side > 0);
    if let (Some(width), Some(height)) = (side("width_override"), side("height_override")) {
        return Some((width, height));
    }
    let (width, height) = NAMES.iter().find_map(|name| within(&scalar::first(graph, at, &[name])?))?;
    let is_turned = ["swap_dimensions", "invert", "swap"].iter().any(|name| {
        scalar::first(graph, at, &[name])
            .is_some_and(|value| ["On", "true", "True"].contains(&value.as_str()))
    });
    let (width, height) = if is_turned { (height, width) } else { (width, height) };
    Some((side("width_override").unwrap_or(width), side("height_override").unwrap_or(height)))
}

/// The first `WxH` within a text.
fn within(text: &str) -> Option<(u32, u32)> {
    const SMALLEST: u32 = 64;
    for (at, sign) in text.match_indices(['x', 'X', '×', '*']) {
        let is_part = |letter: char| letter.is_ascii_digit() || letter == ' ';
        let start = text[..at].trim_end_matches(is_part).len();
        let rest = &text[at + sign.len()..];
        let end = at + sign.len() + (rest.len() - rest.trim_start_matches(is_part).len());
        if let Some((width, height)) = normal::size(text[start..end].trim())
            && width >= SMALLEST
            && height >= SMALLEST
        {
            return Some((width, height));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stand_in_names_of_presets() {
        for (text, size) in [
            ("1024 x 768 (landscape)", Some((1024, 768))),
            ("SDXL - portrait 832x1216", Some((832, 1216))),
            ("1:1 square 1024x1024", Some((1024, 1024))),
            ("4x upscale", None),
            ("auto", None),
        ] {
            assert_eq!(within(text), size, "{text}");
        }
    }
}
