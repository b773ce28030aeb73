//! Hostile graphs end within their steps (rows E6, E7 and E12 of the bad inputs).

use super::graph;
use crate::comfyui::graph::Graph;
use crate::comfyui::{recipe, ui};
use crate::json;
use crate::limits::{EDITOR_NODES_MAX, GRAPH_STEPS_MAX};
use std::fmt::Write as _;

/// Walks of one graph, each with its budget; a few for each later pass, and some for each saver.
const WALKS_MAX: u64 = 64;

/// Steps that a graph took, and its positive prompt.
fn taken(text: &str) -> (u64, String) {
    let value = json::parse(text).unwrap();
    let graph = Graph::of(&value).or_else(|| ui::graph(&value)).unwrap();
    let positive = recipe(&graph, "", "x.png").positive;
    (graph.n_taken(), positive)
}

fn usual_with(nodes: &str, positive: &str) -> String {
    let usual =
        graph(&[super::SAMPLER, super::MODEL, super::LATENT, super::NEGATIVE, super::DECODE, super::SAVE]);
    let usual = usual.replacen("[\"6\", 0]", positive, 1);
    format!("{{{nodes} {}", &usual[1..])
}

#[test]
fn e7_a_long_chain_takes_no_more_steps_than_allowed() {
    for class in ["Reroute", "ConditioningSetArea", "Text Concatenate", "LatentUpscale"] {
        let mut nodes = String::new();
        for nth in 0..60_000 {
            let (at, next) = (nth + 100, nth + 101);
            write!(nodes, "\"{at}\": {{\"class_type\": \"{class}\", \"inputs\": {{\"conditioning\": [\"{next}\", 0]}}}},").unwrap();
        }
        let (n_taken, _) = taken(&usual_with(&nodes, "[\"100\", 0]"));
        assert!(n_taken <= WALKS_MAX * u64::from(GRAPH_STEPS_MAX), "{class}: {n_taken}");
    }
}

#[test]
fn e7_a_fan_is_walked_once() {
    for (class, input, end) in [
        (
            "ConditioningCombine",
            "conditioning_",
            "\"160\": {\"class_type\": \"CLIPTextEncode\", \"inputs\": {\"text\": \"end\", \"clip\": 0}},",
        ),
        (
            "Text Concatenate",
            "text_",
            "\"160\": {\"class_type\": \"Text\", \"inputs\": {\"text\": \"end\"}},",
        ),
    ] {
        let mut nodes = end.to_owned();
        for nth in 100..160 {
            let inputs: Vec<_> = (0..8).map(|n| format!("\"{input}{n}\": [\"{}\", 0]", nth + 1)).collect();
            write!(
                nodes,
                "\"{nth}\": {{\"class_type\": \"{class}\", \"inputs\": {{{}}}}},",
                inputs.join(",")
            )
            .unwrap();
        }
        let encoder =
            "\"6\": {\"class_type\": \"CLIPTextEncode\", \"inputs\": {\"text\": [\"100\", 0], \"clip\": 0}},";
        let is_text = class.starts_with("Text");
        let nodes = if is_text { format!("{nodes}{encoder}") } else { nodes };
        let (n_taken, positive) =
            taken(&usual_with(&nodes, if is_text { "[\"6\", 0]" } else { "[\"100\", 0]" }));
        assert!(n_taken < 50_000, "{class}: {n_taken}");
        // Of texts that double sixty times nothing is kept.
        assert_eq!(positive, if is_text { "" } else { "end" });
    }
}

#[test]
fn e6_cycles_of_every_kind_of_link_end() {
    for (class, input) in [
        ("Text Concatenate", "text_a"),
        ("ConditioningCombine", "conditioning_1"),
        ("ImpactSwitch", "input1"),
        ("ToBasicPipe", "basic_pipe"),
        ("LoraLoader", "model"),
        ("CR LoRA Stack", "lora_stack"),
        ("Math", "a"),
    ] {
        let nodes = format!(
            "\"100\": {{\"class_type\": \"{class}\", \"inputs\": {{\"{input}\": [\"101\", 0], \"x\": [\"101\", 0]}}}},
             \"101\": {{\"class_type\": \"{class}\", \"inputs\": {{\"{input}\": [\"100\", 0]}}}},"
        );
        let text = usual_with(&nodes, "[\"100\", 0]");
        for from in ["[\"4\", 0]", "[\"5\", 0]", "\"steps\": 9", "[\"7\", 0]"] {
            let to = if from.starts_with('[') { "[\"100\", 0]" } else { "\"steps\": [\"100\", 0]" };
            let (n_taken, _) = taken(&text.replacen(from, to, 1));
            assert!(n_taken < 10_000, "{class}: {n_taken}");
        }
    }
}

#[test]
fn e12_subgraphs_within_themselves_end() {
    let inside = |id: &str, nodes: &str| {
        format!(
            "{{\"id\": \"{id}\", \"nodes\": [{nodes}, {{\"id\": 3, \"type\": \"CLIPTextEncode\", \"widgets_values\": [\"a well\"]}}], \"links\": []}}"
        )
    };
    let node = |id: u32, kind: &str| format!("{{\"id\": {id}, \"type\": \"{kind}\"}}");
    let own = inside("s0", &node(1, "s0"));
    let rings = [inside("s0", &node(1, "s1")), inside("s1", &node(1, "s0"))].join(",");
    let doubling: Vec<_> = (0..30)
        .map(|nth| {
            inside(
                &format!("s{nth}"),
                &format!("{}, {}", node(1, &format!("s{}", nth + 1)), node(2, &format!("s{}", nth + 1))),
            )
        })
        .collect();
    for definitions in [own, rings, doubling.join(",")] {
        let text = format!(
            "{{\"nodes\": [{}], \"links\": [], \"definitions\": {{\"subgraphs\": [{definitions}]}}}}",
            node(1, "s0")
        );
        let value = json::parse(&text).unwrap();
        let graph = ui::graph(&value).unwrap();
        assert!(graph.len() <= EDITOR_NODES_MAX);
        assert_eq!(recipe(&graph, "", "x.png").positive, "a well");
    }
}

#[test]
fn links_of_the_editor_in_a_ring_end() {
    let nodes: Vec<_> = (0..50)
        .map(|nth| format!("{{\"id\": {nth}, \"type\": \"Reroute\", \"inputs\": [{{\"name\": \"\", \"type\": \"*\", \"link\": {nth}}}]}}"))
        .collect();
    let links: Vec<_> =
        (0..50).map(|nth| format!("[{nth}, {}, 0, {nth}, 0, \"*\"]", (nth + 1) % 50)).collect();
    let encoder = "{\"id\": 99, \"type\": \"CLIPTextEncode\", \"inputs\": [{\"name\": \"clip\", \"type\": \"CLIP\", \"link\": 7}], \"widgets_values\": [\"a well\"]}";
    let text = format!("{{\"nodes\": [{}, {encoder}], \"links\": [{}]}}", nodes.join(","), links.join(","));
    assert_eq!(taken(&text).1, "a well");
}
