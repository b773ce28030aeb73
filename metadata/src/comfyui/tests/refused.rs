//! What a prompt must not be taken for: what writes texts, what tools are set to, what subgraphs hold
//! that do not run.

use super::{of, with};
use crate::comfyui::parse;
use lumidex_schema::recipe::Recipe;

/// A service alone in an editor's graph, its values by order alone.
fn service(class: &str, values: &str) -> Option<Recipe> {
    let text = format!(
        r#"{{"nodes": [{{"id": 1, "type": "{class}", "inputs": [], "widgets_values": [{values}]}},
        {{"id": 2, "type": "SaveImage", "inputs": [{{"name": "images", "link": 1}}], "widgets_values": ["x"]}}],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]]}}"#
    );
    parse(&text, "x.png")
}

#[test]
fn a_service_was_asked_for_its_first_sentence() {
    let engine = r#""fold this boat", "toy-3", 7, "fixed", "You are an engine that must always draw.""#;
    for (class, values, prompt) in [
        (
            "ToyVideoNode",
            r#""Toy Maker 2.0 Max", "a paper boat at sea", "16:9", 7, "randomize""#,
            "a paper boat at sea",
        ),
        ("ToyImageNode", engine, "fold this boat"),
        ("ToyTextToImageApi", r#""toy-image-3", "a paper boat at sea", 7, "fixed""#, "a paper boat at sea"),
        ("ToyKontextNode", r#""a paper boat at sea", "1:1", 3"#, "a paper boat at sea"),
        ("ToyVideoNode", r#""Toy 3", "紙の舟が海を行く", 7"#, "紙の舟が海を行く"),
        ("ToyImageNode", r#""toymaker 3.0 fast", 7, "randomize""#, ""),
        ("ResizeToyNode", r#""scale the longer side", 2048, "lanczos""#, ""),
        ("ToyVoiceSelector", r#""a voice like thunder""#, ""),
    ] {
        let read = service(class, values).map(|recipe| recipe.positive).unwrap_or_default();
        assert_eq!(read, prompt, "{class} {values}");
    }
}

#[test]
fn inputs_that_a_choice_brings_go_by_their_own_names() {
    let toy = r#""model": "Toy Maker 3", "model.prompt": "a boat folds itself", "model.seed": 12"#;
    let recipe =
        of(&[("1", "ToyVideoNode", toy), ("2", "SaveVideo", r#""video": ["1", 0], "filename_prefix": "x""#)]);
    assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), ("a boat folds itself", Some("12")));
    assert_eq!(recipe.model.as_deref(), Some("Toy Maker 3"));
}

#[test]
fn what_writes_texts_makes_no_picture() {
    let asked = r#""prompt": "Describe this picture in words", "model": "some-model", "seed": 3"#;
    let alone = of(&[("1", "SomeChatNode", asked), ("2", "PreviewAny", r#""source": ["1", 0]"#)]);
    assert_eq!(alone.positive, "");
    // A service that is fed by one is asked for what it wrote, which is not known.
    let fed = of(&[
        ("1", "SomeChatNode", asked),
        ("2", "ToyImageNode", r#""prompt": ["1", 0], "seed": 4"#),
        ("3", "SaveImage", r#""images": ["2", 0], "filename_prefix": "x""#),
    ]);
    assert_eq!((fed.positive.as_str(), fed.seed.as_deref()), ("", Some("4")));
}

const WRITER: (&str, &str, &str) =
    ("20", "TextGenerate", r#""clip": ["4", 1], "prompt": "You are a poet. Write about: a boat""#);

#[test]
fn a_writer_with_a_text_encoder_is_no_encoder() {
    let encoder = ("6", "CLIPTextEncode", r#""text": ["20", 0], "clip": ["4", 1]"#);
    assert_eq!(with(&[WRITER, encoder]).positive, "");
    let encoder = ("6", "CLIPTextEncode", r#""text": ["22", 0], "clip": ["4", 1]"#);
    let switch = ("22", "ComfySwitchNode", r#""switch": true, "on_true": ["20", 0], "on_false": ["21", 0]"#);
    let own = ("21", "PrimitiveStringMultiline", r#""value": "a boat of my own""#);
    assert_eq!(with(&[WRITER, encoder, switch, own]).positive, "a boat of my own");
}

#[test]
fn what_a_node_is_set_to_is_no_text() {
    let encoder = ("6", "CLIPTextEncode", r#""text": ["21", 0], "clip": ["4", 1]"#);
    let part = r#""string": ["20", 0], "regex_pattern": "x", "mode": "First Group""#;
    assert_eq!(with(&[WRITER, encoder, ("21", "RegexExtract", part)]).positive, "");
    let unknown = r#""text": ["20", 0], "kind_of_it": "First Group", "way": "center""#;
    assert_eq!(with(&[WRITER, encoder, ("21", "ToyFilter", unknown)]).positive, "");
    let angle = r#""degrees": 5, "of_what": "camera""#;
    assert_eq!(with(&[encoder, ("21", "ToyAngle", angle)]).positive, "");
}

#[test]
fn what_was_chosen_and_left_empty_is_empty() {
    let encoder = ("6", "CLIPTextEncode", r#""text": ["22", 0], "clip": ["4", 1]"#);
    let switch = ("22", "ComfySwitchNode", r#""switch": false, "on_true": ["20", 0], "on_false": ["21", 0]"#);
    let other = ("20", "PrimitiveString", r#""value": "You are a poet. Write about it""#);
    let chosen = |text: &str| {
        let text = format!(r#""value": "{text}""#);
        with(&[encoder, switch, other, ("21", "PrimitiveString", &text)]).positive
    };
    assert_eq!((chosen("").as_str(), chosen("a boat").as_str()), ("", "a boat"));
}

#[test]
fn patterns_are_filled_in() {
    let encoder = ("6", "CLIPTextEncode", r#""text": ["20", 0], "clip": ["4", 1]"#);
    let colour = ("21", "PrimitiveString", r#""value": "red""#);
    let filled = |pattern: &str| {
        let inputs = format!(r#""f_string": "{pattern}", "values.a": ["21", 0], "values.b": 3"#);
        with(&[encoder, colour, ("20", "StringFormat", &inputs)]).positive
    };
    assert_eq!(filled("{b} {a} boats, {{as they are}}"), "3 red boats, {as they are}");
    for unknown in ["{c} boats", "{b:.2f} boats", "a { boat", "a } boat"] {
        assert_eq!(filled(unknown), "", "{unknown}");
    }
}

#[test]
fn what_is_handed_on_in_order_comes_out_in_order() {
    let order = ("20", "ToyOrder", r#""signal": ["6", 0], "value": ["4", 2]"#);
    let sampler =
        r#""seed": 7, "steps": 9, "positive": ["20", 0], "negative": ["7", 0], "latent_image": ["5", 0]"#;
    assert_eq!(with(&[order, ("3", "KSampler", sampler)]).positive, "a boat");
}

#[test]
fn a_film_of_a_sampled_picture_begins_with_the_picture() {
    let film = r#""init_image": ["8", 0], "width": 1024, "height": 576, "vae": ["4", 2]"#;
    let sampler =
        r#""seed": 8, "steps": 20, "positive": ["20", 0], "negative": ["20", 1], "latent_image": ["20", 2]"#;
    let recipe = with(&[
        ("20", "ToyFilmConditioning", film),
        ("21", "KSampler", sampler),
        ("22", "VAEDecode", r#""samples": ["21", 0]"#),
        ("9", "SaveAnimatedWEBP", r#""images": ["22", 0], "filename_prefix": "x""#),
    ]);
    assert_eq!(
        (recipe.positive.as_str(), recipe.seed.as_deref(), recipe.steps),
        ("a boat", Some("7"), Some(9))
    );
}

/// A sampler in a subgraph, with a picture input before its values.
fn within(instance: &str) -> Recipe {
    let text = format!(
        r#"{{"nodes": [{instance}, {{"id": 9, "type": "SaveImage", "inputs": [{{"name": "images", "type": "IMAGE", "link": 1}}], "widgets_values": ["x"]}},
        {{"id": 10, "type": "CLIPTextEncode", "widgets_values": ["elsewhere in the graph"]}}],
        "links": [[1, 40, 0, 9, 0, "IMAGE"]],
        "definitions": {{"subgraphs": [{{"id": "5eed-uuid", "inputs": [{{"name": "image"}}, {{"name": "text"}}, {{"name": "seed"}}], "outputs": [{{"name": "IMAGE"}}], "nodes": [
          {{"id": 3, "type": "KSampler", "inputs": [{{"name": "positive", "link": 5}}, {{"name": "negative", "link": 6}}, {{"name": "latent_image", "link": 7}},
            {{"name": "seed", "widget": {{"name": "seed"}}, "link": 8}}], "widgets_values": [1, "fixed", 9, 4.5, "euler", "karras", 1]}},
          {{"id": 5, "type": "VAEEncode", "inputs": [{{"name": "pixels", "link": 11}}]}},
          {{"id": 6, "type": "CLIPTextEncode", "inputs": [{{"name": "text", "widget": {{"name": "text"}}, "link": 9}}], "widgets_values": ["stale"]}},
          {{"id": 7, "type": "CLIPTextEncode", "widgets_values": ["fog"]}}],
          "links": [{{"id": 5, "origin_id": 6, "origin_slot": 0, "target_id": 3, "target_slot": 0}},
          {{"id": 6, "origin_id": 7, "origin_slot": 0, "target_id": 3, "target_slot": 1}}, {{"id": 7, "origin_id": 5, "origin_slot": 0, "target_id": 3, "target_slot": 2}},
          {{"id": 8, "origin_id": -10, "origin_slot": 2, "target_id": 3, "target_slot": 3}}, {{"id": 9, "origin_id": -10, "origin_slot": 1, "target_id": 6, "target_slot": 0}},
          {{"id": 11, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 0}},
          {{"id": 10, "origin_id": 3, "origin_slot": 0, "target_id": -20, "target_slot": 0}}]}}]}}}}"#
    );
    parse(&text, "x.png").unwrap()
}

#[test]
fn an_instance_keeps_its_values_in_the_order_of_the_inputs_they_feed() {
    let recipe = within(
        r#"{"id": 40, "type": "5eed-uuid", "inputs": [{"name": "image", "type": "IMAGE", "link": null}], "widgets_values": ["of the instance", 88]}"#,
    );
    assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), ("of the instance", Some("88")));
    // As many values as inputs that feed values, or it is not known which they are.
    let recipe =
        within(r#"{"id": 40, "type": "5eed-uuid", "inputs": [], "widgets_values": ["one too few"]}"#);
    assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), ("stale", Some("1")));
}

#[test]
fn what_is_in_a_bypassed_instance_does_not_run() {
    for mode in [2, 4] {
        let recipe = within(&format!(
            r#"{{"id": 40, "type": "5eed-uuid", "mode": {mode}, "inputs": [], "widgets_values": ["not run", 88]}}"#
        ));
        assert_eq!((recipe.positive.as_str(), recipe.seed), ("elsewhere in the graph", None), "{mode}");
    }
}
