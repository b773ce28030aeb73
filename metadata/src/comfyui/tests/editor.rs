//! Graphs as the editor keeps them.

use super::extra;
use crate::comfyui::parse;
use lumidex_schema::recipe::Recipe;

/// An old graph: values by order alone, links as lists. `encoder` and `rest` are further nodes and links.
fn old(nodes: &str, links: &str) -> Recipe {
    let text = format!(
        r#"{{"version": 0.4, "nodes": [
        {{"id": 3, "type": "KSampler", "mode": 0, "inputs": [
            {{"name": "model", "type": "MODEL", "link": 1}}, {{"name": "positive", "type": "CONDITIONING", "link": 2}},
            {{"name": "negative", "type": "CONDITIONING", "link": 3}}, {{"name": "latent_image", "type": "LATENT", "link": 4}}],
          "widgets_values": [77, "randomize", 9, 4.5, "euler", "karras", 1]}},
        {{"id": 4, "type": "CheckpointLoaderSimple", "outputs": [{{"type": "MODEL"}}], "widgets_values": ["SD/toy.safetensors"]}},
        {{"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 640, 1]}},
        {{"id": 7, "type": "CLIPTextEncode", "widgets_values": ["fog"]}},
        {{"id": 8, "type": "VAEDecode", "inputs": [{{"name": "samples", "type": "LATENT", "link": 5}}]}},
        {{"id": 9, "type": "SaveImage", "inputs": [{{"name": "images", "type": "IMAGE", "link": 6}}], "widgets_values": ["boat"]}},
        {nodes}],
        "links": [[1, 4, 0, 3, 0, "MODEL"], [3, 7, 0, 3, 2, "CONDITIONING"], [4, 5, 0, 3, 3, "LATENT"],
        [5, 3, 0, 8, 0, "LATENT"], [6, 8, 0, 9, 0, "IMAGE"], {links}]}}"#
    );
    parse(&text, "x.png").unwrap()
}

const ENCODER: &str = r#"{"id": 6, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": 90}], "widgets_values": ["a boat"]}"#;
const TO_SAMPLER: &str = r#"[2, 6, 0, 3, 1, "CONDITIONING"]"#;

#[test]
fn values_by_order_alone() {
    let recipe = old(ENCODER, TO_SAMPLER);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat", "fog"));
    assert_eq!((recipe.steps, recipe.cfg, recipe.seed.as_deref()), (Some(9), Some(4.5), Some("77")));
    assert_eq!((recipe.sampler.as_deref(), recipe.scheduler.as_deref()), (Some("euler"), Some("karras")));
    assert_eq!((recipe.width, recipe.height, recipe.model.as_deref()), (Some(512), Some(640), Some("toy")));
}

#[test]
fn a_link_wins_over_the_stale_value() {
    let encoder = r#"{"id": 6, "type": "CLIPTextEncode", "inputs": [{"name": "text", "type": "STRING", "widget": {"name": "text"}, "link": 10}],
        "widgets_values": ["stale"]}"#;
    let primitive =
        r#"{"id": 20, "type": "PrimitiveNode", "widgets_values": ["from the primitive", "fixed"]}"#;
    let linked = format!("{TO_SAMPLER}, [10, 20, 0, 6, 0, \"STRING\"]");
    assert_eq!(old(&format!("{encoder}, {primitive}"), &linked).positive, "from the primitive");
    let unknown = r#"{"id": 20, "type": "Some Text Box", "widgets_values": ["from a box of words"]}"#;
    assert_eq!(old(&format!("{encoder}, {unknown}"), &linked).positive, "from a box of words");
    let mapped = r#"{"id": 20, "type": "Video Text", "widgets_values": {"text": "by its name"}}"#;
    assert_eq!(old(&format!("{encoder}, {mapped}"), &linked).positive, "by its name");
}

#[test]
fn helpers_of_the_editor_are_resolved() {
    let reroute = r#"{"id": 21, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 11}]}"#;
    let links = r#"[2, 21, 0, 3, 1, "CONDITIONING"], [11, 6, 0, 21, 0, "CONDITIONING"]"#;
    assert_eq!(old(&format!("{ENCODER}, {reroute}"), links).positive, "a boat");
    let pair = r#"{"id": 21, "type": "GetNode", "widgets_values": ["p"]},
        {"id": 22, "type": "SetNode", "inputs": [{"name": "x", "type": "CONDITIONING", "link": 11}], "widgets_values": ["p"]}"#;
    let links = r#"[2, 21, 0, 3, 1, "CONDITIONING"], [11, 6, 0, 22, 0, "CONDITIONING"]"#;
    assert_eq!(old(&format!("{ENCODER}, {pair}"), links).positive, "a boat");
    let everywhere = r#"{"id": 21, "type": "Prompts Everywhere", "inputs": [{"name": "CONDITIONING", "type": "*", "link": 11}]}"#;
    let links = r#"[11, 6, 0, 21, 0, "CONDITIONING"]"#;
    assert_eq!(old(&format!("{ENCODER}, {everywhere}"), links).positive, "a boat");
}

#[test]
fn muted_and_bypassed_nodes() {
    let area = |mode: u32| {
        format!(
            r#"{ENCODER}, {{"id": 21, "type": "ConditioningConcat", "mode": {mode}, "inputs": [{{"name": "conditioning_to", "type": "CONDITIONING", "link": 11}},
            {{"name": "conditioning_from", "type": "CONDITIONING", "link": 12}}], "outputs": [{{"name": "CONDITIONING", "type": "CONDITIONING"}}]}},
            {{"id": 22, "type": "CLIPTextEncode", "widgets_values": ["at dusk"]}}"#
        )
    };
    let links = r#"[2, 21, 0, 3, 1, "CONDITIONING"], [11, 6, 0, 21, 0, "CONDITIONING"], [12, 22, 0, 21, 1, "CONDITIONING"]"#;
    assert_eq!(old(&area(0), links).positive, "a boat\nat dusk");
    assert_eq!(old(&area(4), links).positive, "a boat");
    assert_eq!(old(&area(2), links).positive, "");
}

#[test]
fn subgraphs_take_what_their_instance_says() {
    let graph = |instance: &str| {
        format!(
            r#"{{"nodes": [{instance}, {{"id": 9, "type": "SaveImage", "inputs": [{{"name": "images", "type": "IMAGE", "link": 1}}], "widgets_values": ["x"]}},
            {{"id": 30, "type": "PrimitiveStringMultiline", "widgets_values": ["from outside"]}}],
            "links": [[1, 40, 0, 9, 0, "IMAGE"], [2, 30, 0, 40, 0, "STRING"]],
            "definitions": {{"subgraphs": [{{"id": "1f3a-uuid", "inputs": [{{"name": "text"}}, {{"name": "seed"}}], "outputs": [{{"name": "IMAGE"}}], "nodes": [
              {{"id": 3, "type": "KSampler", "inputs": [{{"name": "positive", "link": 5}}, {{"name": "negative", "link": 6}}, {{"name": "latent_image", "link": 7}},
                {{"name": "seed", "widget": {{"name": "seed"}}, "link": 8}}], "widgets_values": [1, "fixed", 9, 4.5, "euler", "karras", 1],
                "properties": {{"cnr_id": "comfy-core", "ver": "0.3.48"}}}},
              {{"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 640, 1]}},
              {{"id": 6, "type": "CLIPTextEncode", "inputs": [{{"name": "text", "widget": {{"name": "text"}}, "link": 9}}], "widgets_values": ["stale"]}},
              {{"id": 7, "type": "CLIPTextEncode", "widgets_values": ["fog"]}}],
              "links": [{{"id": 5, "origin_id": 6, "origin_slot": 0, "target_id": 3, "target_slot": 0, "type": "CONDITIONING"}},
              {{"id": 6, "origin_id": 7, "origin_slot": 0, "target_id": 3, "target_slot": 1}}, {{"id": 7, "origin_id": 5, "origin_slot": 0, "target_id": 3, "target_slot": 2}},
              {{"id": 8, "origin_id": -10, "origin_slot": 1, "target_id": 3, "target_slot": 3}}, {{"id": 9, "origin_id": -10, "origin_slot": 0, "target_id": 6, "target_slot": 0}},
              {{"id": 10, "origin_id": 3, "origin_slot": 0, "target_id": -20, "target_slot": 0}}]}}]}}}}"#
        )
    };
    let read = |instance: &str| parse(&graph(instance), "x.png").unwrap();
    let linked = r#"{"id": 40, "type": "1f3a-uuid", "inputs": [{"name": "text", "widget": {"name": "text"}, "link": 2}, {"name": "seed", "widget": {"name": "seed"}, "link": null}],
        "widgets_values": ["unused", 88]}"#;
    let recipe = read(linked);
    assert_eq!(
        (recipe.positive.as_str(), recipe.seed.as_deref(), recipe.steps),
        ("from outside", Some("88"), Some(9))
    );
    let own = linked.replace("\"link\": 2", "\"link\": null").replace("unused", "of the instance");
    assert_eq!((read(&own).positive.as_str(), read(&own).width), ("of the instance", Some(512)));
    let proxied = r#"{"id": 40, "type": "1f3a-uuid", "inputs": [], "properties": {"proxyWidgets": [["-1", "text"], ["3", "steps"], ["7", "text"]]},
        "widgets_values": ["by proxy", 33, "haze"]}"#;
    let recipe = read(proxied);
    assert_eq!(
        (recipe.positive.as_str(), recipe.negative.as_str(), recipe.steps),
        ("by proxy", "haze", Some(33))
    );
    let mixed = r#"{"id": 40, "type": "1f3a-uuid", "inputs": [{"name": "image", "type": "IMAGE", "link": 2}],
        "properties": {"proxyWidgets": [["-1", "text"], ["-1", "seed"]]}, "widgets_values": ["beside a link", 12]}"#;
    let recipe = read(mixed);
    assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), ("beside a link", Some("12")));
    let silent = r#"{"id": 40, "type": "1f3a-uuid", "inputs": [], "widgets_values": []}"#;
    assert_eq!(read(silent).positive, "stale");
}

#[test]
fn groups_of_nodes_take_what_their_instance_says() {
    let text = r#"{"nodes": [
        {"id": 3, "type": "KSampler", "inputs": [{"name": "positive", "link": 1}, {"name": "negative", "link": 2}, {"name": "latent_image", "link": 3}],
          "widgets_values": [1, "fixed", 9, 4.5, "euler", "karras", 1]},
        {"id": 4, "type": "workflow>prompts", "inputs": [{"name": "clip", "link": 4}], "widgets_values": ["a lamp", "glare"]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 640, 1]}, {"id": 6, "type": "CLIPLoader", "widgets_values": ["t5.safetensors", "sd3"]}],
        "links": [[1, 4, 0, 3, 0, "C"], [2, 4, 1, 3, 1, "C"], [3, 5, 0, 3, 2, "L"], [4, 6, 0, 4, 0, "CLIP"]],
        "extra": {"groupNodes": {"prompts": {"nodes": [
            {"index": 0, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP"}], "outputs": [{"type": "C"}], "widgets_values": ["old"]},
            {"index": 1, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP"}], "outputs": [{"type": "C"}], "widgets_values": ["older"]}],
            "links": [], "external": []}}}}"#;
    let recipe = parse(text, "x.png").unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a lamp", "glare"));
    assert_eq!(extra(&recipe, "Text encoder 1"), Some("t5"));
}

#[test]
fn nodes_of_a_group_that_all_have_one_id_are_told_apart_by_their_place() {
    let text = r#"{"nodes": [
        {"id": 3, "type": "KSampler", "inputs": [{"name": "positive", "link": 1}, {"name": "negative", "link": 2}, {"name": "latent_image", "link": 3}],
          "widgets_values": [1, "fixed", 9, 4.5, "euler", "karras", 1]},
        {"id": 4, "type": "workflow/told", "inputs": [], "widgets_values": ["a lamp", "glare", 512, 640, 1]}],
        "links": [[1, 4, 0, 3, 0, "C"], [2, 4, 1, 3, 1, "C"], [3, 4, 2, 3, 2, "L"]],
        "extra": {"groupNodes": {"told": {"nodes": [
            {"id": -1, "index": 0, "type": "CLIPTextEncode", "outputs": [{"type": "C"}], "widgets_values": ["old"]},
            {"id": -1, "index": 1, "type": "CLIPTextEncode", "outputs": [{"type": "C"}], "widgets_values": ["older"]},
            {"id": -1, "index": 2, "type": "EmptyLatentImage", "outputs": [{"type": "L"}], "widgets_values": [8, 8, 1]}],
            "links": [], "external": []}}}}"#;
    let recipe = parse(text, "x.png").unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a lamp", "glare"));
    assert_eq!((recipe.width, recipe.height), (Some(512), Some(640)));
}

#[test]
fn without_a_sampler_the_texts_of_encoders_are_taken() {
    let text = r#"{"nodes": [{"id": 1, "type": "CLIPTextEncode", "widgets_values": ["a quiet street"]},
        {"id": 2, "type": "CLIPTextEncode", "title": "Negative", "widgets_values": ["cars and people in it"]}], "links": []}"#;
    let recipe = parse(text, "x.png").unwrap();
    assert_eq!(
        (recipe.positive.as_str(), recipe.negative.as_str()),
        ("a quiet street", "cars and people in it")
    );
}

#[test]
fn an_empty_latent_of_an_unknown_kind_begins_with_its_size() {
    let latent = r#"{"id": 5, "type": "EmptyToy7LatentVideo", "widgets_values": [896, 1152, 33, 1]}"#;
    let recipe = old(&format!("{ENCODER}, {latent}"), TO_SAMPLER);
    assert_eq!((recipe.width, recipe.height), (Some(896), Some(1152)));
}

#[test]
fn an_image_service_of_unknown_order_is_read_by_its_values() {
    let text = r#"{"nodes": [{"id": 1, "type": "GeminiImageNode", "inputs": [], "widgets_values":
        ["a balloon over a market", "some-image-2.5", 8514, "randomize", "auto", "You are an engine."]},
        {"id": 2, "type": "SaveImage", "inputs": [{"name": "images", "link": 1}], "widgets_values": ["x"]}],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]]}"#;
    let recipe = parse(text, "x.png").unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), ("a balloon over a market", Some("8514")));
}
