//! Kinds of nodes that real graphs are made of.

use super::{SAMPLER, extra, graph, of, with};
use crate::comfyui::parse;
use lumidex_schema::recipe::Lora;

const LINKED: (&str, &str, &str) = ("6", "CLIPTextEncode", r#""text": ["20", 0], "clip": ["4", 1]"#);

/// The prompt where the encoder's text comes from node 20.
fn said(nodes: &[(&str, &str, &str)]) -> String {
    with(&[&[LINKED], nodes].concat()).positive
}

#[test]
fn texts_are_put_together_in_the_order_of_names() {
    let many = r#""text_10": "d", "text_2": "c", "text_1": "b", "delimiter": "\n""#;
    assert_eq!(said(&[("20", "Multi Concatenate", many)]), "b\nc\nd");
    let broken = r#""text_a": "one", "text_b": "two", "linebreak_addition": "true""#;
    assert_eq!(said(&[("20", "Text Concatenate", broken)]), "one\ntwo");
    assert_eq!(said(&[("20", "JWStringConcat", r#""a": "one, ", "b": "two""#)]), "one, two");
    let core = r#""string_a": "one", "string_b": "", "delimiter": "; ""#;
    assert_eq!(said(&[("20", "StringConcatenate", core)]), "one;");
    let action = r#""action": "append", "tidy_tags": "yes", "text_a": "a,, b", "text_b": "c", "text_c": """#;
    assert_eq!(said(&[("20", "StringFunction|pysssss", action)]), "a, b, c");
}

#[test]
fn texts_are_replaced_trimmed_and_drawn() {
    let replace = r#""text": ["21", 0], "find": "red", "replace": "blue""#;
    let from = ("21", "Text Multiline", r#""text": "a red kite""#);
    assert_eq!(said(&[("20", "Text Find and Replace", replace), from]), "a blue kite");
    let unknown = r#""text": ["21", 0], "find": ["404", 0], "replace": "blue""#;
    assert_eq!(said(&[("20", "Text Find and Replace", unknown), from]), "a red kite");
    let upper = ("20", "CaseConverter", r#""string": "kite", "mode": "UPPERCASE""#);
    assert_eq!(said(&[upper]), "KITE");
    let lines = ("20", "Text Random Line", r#""text": "zero\none\ntwo", "seed": 42"#);
    assert_eq!(said(&[lines]), "two");
}

#[test]
fn what_writes_texts_is_not_asked_but_what_shows_them_is() {
    let writer = ("30", "OllamaGenerate", r#""prompt": "write a prompt about a kite""#);
    assert_eq!(said(&[("20", "Reroute", r#""x": ["30", 0]"#), writer]), "");
    let shown = r#""text": ["30", 0], "text_0": "a kite over dunes""#;
    assert_eq!(said(&[("20", "ShowText|pysssss", shown), writer]), "a kite over dunes");
    let beside = ("31", "ShowText|pysssss", shown);
    assert_eq!(said(&[("20", "Reroute", r#""x": ["30", 0]"#), writer, beside]), "a kite over dunes");
    let either = r#""boolean": true, "text_a": ["30", 0], "text_b": ["32", 0]"#;
    let own = ("32", "Text Multiline", r#""text": "own words""#);
    assert_eq!(said(&[("20", "Text Input Switch", either), writer, own]), "own words");
    // What is certain without the display may be newer than what it shows.
    let stale = r#""text": ["32", 0], "text_0": "old words""#;
    assert_eq!(said(&[("20", "ShowText|pysssss", stale), own]), "own words");
}

#[test]
fn switches_hand_on_what_was_chosen() {
    let texts = [("40", "Text Multiline", r#""text": "one""#), ("41", "Text Multiline", r#""text": "two""#)];
    for (class, inputs, expected) in [
        (
            "ImpactSwitch",
            r#""select": 2, "input1": ["40", 0], "input2": ["41", 0], "sel_mode": false"#,
            "two",
        ),
        ("CR Text Input Switch", r#""Input": 1, "text1": ["40", 0], "text2": ["41", 0]"#, "one"),
        ("easy ifElse", r#""boolean": false, "on_true": ["40", 0], "on_false": ["41", 0]"#, "two"),
        ("easy anythingIndexSwitch", r#""index": 1, "value0": ["40", 0], "value1": ["41", 0]"#, "two"),
        ("Any Switch (rgthree)", r#""any_02": ["41", 0], "any_03": ["40", 0]"#, "two"),
        ("ComfySwitchNode", r#""switch": true, "on_false": ["40", 0], "on_true": ["41", 0]"#, "two"),
        ("Text Input Switch", r#""boolean": ["50", 0], "text_a": ["40", 0], "text_b": ["41", 0]"#, "two"),
    ] {
        let boolean = ("50", "PrimitiveBoolean", r#""value": false"#);
        assert_eq!(said(&[("20", class, inputs), texts[0], texts[1], boolean]), expected, "{class}");
    }
}

#[test]
fn wildcards_stylers_and_pairs() {
    let wildcard =
        r#""wildcard_text": "a __animal__", "populated_text": "a heron", "mode": "populate", "seed": 5"#;
    assert_eq!(said(&[("20", "ImpactWildcardProcessor", wildcard)]), "a heron");
    let encode =
        r#""model": ["4", 0], "clip": ["4", 1], "wildcard_text": "{a|b}", "populated_text": "a heron""#;
    assert_eq!(with(&[("6", "ImpactWildcardEncode", encode)]).positive, "a heron");
    let styler = (
        "20",
        "SDXLPromptStyler",
        r#""text_positive": "a barn", "text_negative": "people", "style": "base""#,
    );
    let negative = ("7", "CLIPTextEncode", r#""text": ["20", 1], "clip": ["4", 1]"#);
    let recipe = with(&[LINKED, styler, negative]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a barn", "people"));
}

#[test]
fn encoders_of_every_family() {
    for (class, inputs, expected) in [
        ("CLIPTextEncodeSD3", r#""clip_l": "one", "clip_g": "one", "t5xxl": "one""#, "one"),
        (
            "CLIPTextEncodeHiDream",
            r#""clip_l": "one", "clip_g": "one", "t5xxl": "two", "llama": "two""#,
            "one\ntwo",
        ),
        ("CLIPTextEncodeHunyuanDiT", r#""bert": "one", "mt5xl": "one""#, "one"),
        ("CLIPTextEncodeLumina2", r#""system_prompt": "superior", "user_prompt": "one""#, "one"),
        ("TextEncodeQwenImageEditPlus", r#""prompt": "one", "image1": ["404", 0]"#, "one"),
        ("CLIPTextEncodeFlux", r#""clip_l": "", "t5xxl": "one", "guidance": 3.5"#, "one"),
        ("CLIPTextEncodeSDXLRefiner", r#""ascore": 6, "width": 8, "height": 8, "text": "one""#, "one"),
        ("smZ CLIPTextEncode", r#""text": "one", "text_g": "old", "text_l": "", "with_SDXL": false"#, "one"),
        ("Text to Conditioning", r#""text": "one""#, "one"),
    ] {
        let inputs = format!("{inputs}, \"clip\": [\"4\", 1]");
        assert_eq!(with(&[("6", class, &inputs)]).positive, expected, "{class}");
    }
}

#[test]
fn conditioning_is_joined_and_passed_through() {
    let nodes = [
        ("6", "ConditioningConcat", r#""conditioning_from": ["61", 0], "conditioning_to": ["60", 0]"#),
        ("60", "CLIPTextEncode", r#""text": "base", "clip": ["4", 1]"#),
        ("61", "ConditioningSetArea", r#""conditioning": ["62", 0], "x": 0"#),
        ("62", "GLIGENTextBoxApply", r#""conditioning_to": ["63", 0], "clip": ["4", 1], "text": "box""#),
        ("63", "CLIPTextEncode", r#""text": "area", "clip": ["4", 1]"#),
    ];
    assert_eq!(with(&nodes).positive, "base\narea\nbox");
    let cut_off = [
        ("6", "BNK_CutoffRegionsToConditioning", r#""clip_regions": ["60", 0], "mask_token": """#),
        (
            "60",
            "BNK_CutoffSetRegions",
            r#""clip_regions": ["61", 0], "region_text": "part", "target_text": "red""#,
        ),
        ("61", "BNK_CutoffBasePrompt", r#""clip": ["4", 1], "text": "the whole""#),
    ];
    assert_eq!(with(&cut_off).positive, "the whole");
    let zero = ("7", "ConditioningZeroOut", r#""conditioning": ["6", 0]"#);
    assert_eq!((with(&[zero]).positive.as_str(), with(&[zero]).negative.as_str()), ("a boat", ""));
}

#[test]
fn pipes_contexts_and_loaders() {
    let pipe = [
        (
            "3",
            "ImpactKSamplerBasicPipe",
            r#""basic_pipe": ["20", 0], "seed": 1, "steps": 4, "cfg": 2, "latent_image": ["5", 0]"#,
        ),
        ("20", "EditBasicPipe", r#""basic_pipe": ["21", 0], "positive": ["22", 0]"#),
        (
            "21",
            "ToBasicPipe",
            r#""model": ["4", 0], "clip": ["4", 1], "vae": ["4", 2], "positive": ["6", 0], "negative": ["7", 0]"#,
        ),
        ("22", "CLIPTextEncode", r#""text": "edited", "clip": ["4", 1]"#),
    ];
    let recipe = with(&pipe);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("edited", "fog"));
    assert_eq!((recipe.model.as_deref(), recipe.steps), (Some("toy"), Some(4)));

    let sampler = r#""seed": ["20", 8], "steps": ["20", 9], "cfg": ["20", 11], "sampler_name": "euler", "scheduler": "normal",
        "model": ["20", 1], "positive": ["20", 4], "negative": ["20", 5], "latent_image": ["20", 6]"#;
    let big = r#""base_ctx": ["21", 0], "steps": 30"#;
    let base = r#""model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent": ["5", 0], "seed": 77, "cfg": 3.5"#;
    let recipe = with(&[
        ("3", "KSampler", sampler),
        ("20", "Context Big (rgthree)", big),
        ("21", "Context Big (rgthree)", base),
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat", "fog"));
    assert_eq!((recipe.steps, recipe.seed.as_deref(), recipe.cfg), (Some(30), Some("77"), Some(3.5)));
    assert_eq!((recipe.model.as_deref(), recipe.width), (Some("toy"), Some(512)));

    let loader = r#""ckpt_name": "eff.safetensors", "vae_name": "Baked VAE", "clip_skip": -2, "lora_name": "None",
        "positive": "a mill", "negative": ["30", 0], "empty_latent_width": 640, "empty_latent_height": 384, "lora_stack": ["31", 0]"#;
    let stacker = r#""input_mode": "advanced", "lora_count": 1, "lora_name_1": "x/wool.safetensors", "lora_wt_1": 1,
        "model_str_1": 0.4, "clip_str_1": 0.6, "lora_name_2": "beyond.safetensors", "model_str_2": 1"#;
    let sampler = r#""seed": 9, "steps": 12, "cfg": 5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
        "model": ["20", 0], "positive": ["20", 1], "negative": ["20", 2], "latent_image": ["20", 3], "optional_vae": ["20", 4]"#;
    let recipe = of(&[
        ("3", "KSampler (Efficient)", sampler),
        ("20", "Efficient Loader", loader),
        ("30", "Text Multiline", r#""text": "mist""#),
        ("31", "LoRA Stacker", stacker),
        ("9", "SaveImage", r#""images": ["3", 5]"#),
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a mill", "mist"));
    assert_eq!((recipe.model.as_deref(), recipe.width, recipe.height), (Some("eff"), Some(640), Some(384)));
    let wool = Lora { name: "wool".to_owned(), weight: 0.4, clip_weight: Some(0.6), hash: None };
    assert_eq!((recipe.loras.as_slice(), extra(&recipe, "Clip skip")), ([wool].as_slice(), Some("2")));
    assert_eq!(extra(&recipe, "VAE"), None);

    let easy = of(&[
        (
            "1",
            "easy fullLoader",
            r#""ckpt_name": "e.safetensors", "positive": "a bell", "negative": "rust", "resolution": "832 x 1216", "empty_latent_width": 512, "empty_latent_height": 512, "clip_skip": -1"#,
        ),
        (
            "2",
            "easy preSampling",
            r#""steps": 8, "cfg": 2, "sampler_name": "lcm", "scheduler": "simple", "denoise": 1, "seed": 3, "pipe": ["1", 0]"#,
        ),
        ("3", "easy kSampler", r#""pipe": ["2", 0], "image_output": "Save", "save_prefix": "x""#),
        ("4", "SaveImage", r#""images": ["3", 1]"#),
    ]);
    assert_eq!((easy.positive.as_str(), easy.negative.as_str(), easy.steps), ("a bell", "rust", Some(8)));
    assert_eq!((easy.model.as_deref(), easy.width, easy.seed.as_deref()), (Some("e"), Some(832), Some("3")));
}

#[test]
fn models_adapters_and_what_stands_beside() {
    let sampler = SAMPLER.2.replace(r#""model": ["4", 0]"#, r#""model": ["20", 0]"#);
    let recipe = with(&[
        ("3", "KSampler", &sampler),
        (
            "20",
            "LoraLoader",
            r#""lora_name": "b/two.safetensors", "strength_model": 0.5, "strength_clip": 0.25, "model": ["21", 0], "clip": ["4", 1]"#,
        ),
        ("21", "ModelMergeSimple", r#""model1": ["22", 0], "model2": ["23", 0], "ratio": 0.5"#),
        ("22", "CheckpointLoader", r#""config_name": "v1.yaml", "ckpt_name": "one.ckpt""#),
        ("23", "UnetLoaderGGUF", r#""unet_name": "dir\\two.gguf""#),
        ("6", "CLIPTextEncode", r#""text": "a boat", "clip": ["24", 0]"#),
        ("24", "CLIPSetLastLayer", r#""stop_at_clip_layer": -2, "clip": ["25", 0]"#),
        ("25", "DualCLIPLoader", r#""clip_name1": "l.safetensors", "clip_name2": "g.safetensors""#),
        ("8", "VAEDecode", r#""samples": ["3", 0], "vae": ["26", 0]"#),
        ("26", "VAELoader", r#""vae_name": "fine.vae.pt""#),
    ]);
    assert_eq!((recipe.model.as_deref(), extra(&recipe, "Model 2")), (Some("one"), Some("two")));
    let two = Lora { name: "two".to_owned(), weight: 0.5, clip_weight: Some(0.25), hash: None };
    assert_eq!(recipe.loras, [two]);
    assert_eq!((extra(&recipe, "Clip skip"), extra(&recipe, "VAE")), (Some("2"), Some("fine.vae")));
    assert_eq!((extra(&recipe, "Text encoder 1"), extra(&recipe, "Text encoder 2")), (Some("l"), Some("g")));
    for (class, inputs, name) in [
        ("NunchakuFluxDiTLoader", r#""model_path": "svdq-int4""#, "svdq-int4"),
        ("DiffusersLoader", r#""model_path": "sd/turbo""#, "turbo"),
        ("ImageOnlyCheckpointLoader", r#""ckpt_name": "svd.safetensors""#, "svd"),
        ("CheckpointLoader|pysssss", r#""ckpt_name": {"content": "c.safetensors", "image": null}"#, "c"),
        (
            "ECHOCheckpointLoaderSimple",
            r#""ckpt_name": "urn:air:sdxl:checkpoint:civitai:1@2""#,
            "urn:air:sdxl:checkpoint:civitai:1@2",
        ),
    ] {
        assert_eq!(with(&[("4", class, inputs)]).model.as_deref(), Some(name), "{class}");
    }
}

#[test]
fn values_come_through_links() {
    for (node, expected) in [
        (("50", "PrimitiveInt", r#""value": 1125899906842624999"#), "1125899906842624999"),
        (("50", "Seed (rgthree)", r#""seed": 12"#), "12"),
        (("50", "easy seed", r#""seed": 13, "control_before_generate": "fixed""#), "13"),
        (("50", "CR Seed", r#""seed": "0xABCD""#), "43981"),
        (("50", "Reroute", r#""": ["51", 0]"#), "5"),
        (("50", "easy mathInt", r#""a": 3, "b": ["51", 0], "operation": "multiply""#), "15"),
        (("50", "SimpleMath+", r#""value": "a*b + 1", "a": 3, "b": ["51", 0]"#), "16"),
        (("50", "ImpactSwitch", r#""select": 1, "input1": ["51", 0]"#), "5"),
    ] {
        let sampler = SAMPLER.2.replace("\"seed\": 7", "\"seed\": [\"50\", 0]");
        let recipe = with(&[("3", "KSampler", &sampler), node, ("51", "INTConstant", r#""value": 5"#)]);
        assert_eq!(recipe.seed.as_deref(), Some(expected), "{node:?}");
    }
    let config = r#""total": 40, "refiner_step": 30, "guide": 6.5, "solver_name": "heun", "kind": "karras""#;
    let sampler = SAMPLER.2.replace("\"steps\": 9", "\"steps\": [\"50\", 0]").replace("4.5", "[\"50\", 2]");
    let sampler = sampler.replace("\"euler\"", "[\"50\", 3]").replace("\"normal\"", "[\"50\", 4]");
    let recipe = with(&[("3", "KSampler", &sampler), ("50", "Settings", config)]);
    assert_eq!((recipe.steps, recipe.cfg), (Some(40), Some(6.5)));
    assert_eq!((recipe.sampler.as_deref(), recipe.scheduler.as_deref()), (Some("heun"), Some("karras")));
}

#[test]
fn sizes_of_every_form() {
    for (node, expected) in [
        (
            (
                "5",
                "SDXLEmptyLatentSizePicker+",
                r#""resolution": "832x1216 (0.68)", "width_override": 0, "height_override": 0"#,
            ),
            (832, 1216),
        ),
        (
            (
                "5",
                "CR SDXL Aspect Ratio",
                r#""width": 1024, "height": 1024, "aspect_ratio": "3:4 portrait 896x1152", "swap_dimensions": "On""#,
            ),
            (1152, 896),
        ),
        (("5", "VAEEncode", r#""pixels": ["51", 0], "vae": ["4", 2]"#), (320, 200)),
        (("5", "EmptyLatentImage", r#""width": ["52", 0], "height": ["52", 1]"#), (768, 512)),
        (("5", "WanImageToVideo", r#""width": 480, "height": 832, "start_image": ["51", 0]"#), (480, 832)),
    ] {
        let image = (
            "51",
            "ImageScale",
            r#""image": ["404", 0], "width": 320, "height": 200, "upscale_method": "area""#,
        );
        let picker = ("52", "Sizes", r#""width": 768, "height": 512"#);
        let recipe = with(&[node, image, picker]);
        assert_eq!(recipe.width.zip(recipe.height), Some(expected), "{node:?}");
    }
}

#[test]
fn videos_with_wrappers_of_their_own() {
    let recipe = of(&[
        (
            "1",
            "WanVideoSampler",
            r#""model": ["2", 0], "text_embeds": ["3", 0], "image_embeds": ["4", 0], "steps": 30, "cfg": 6, "shift": 5, "seed": 17, "scheduler": "unipc""#,
        ),
        (
            "2",
            "WanVideoModelLoader",
            r#""model": "wan_t2v.safetensors", "base_precision": "fp16", "lora": ["6", 0]"#,
        ),
        (
            "3",
            "WanVideoTextEncode",
            r#""positive_prompt": "waves", "negative_prompt": "still", "t5": ["7", 0]"#,
        ),
        ("4", "WanVideoEmptyEmbeds", r#""width": 832, "height": 480, "num_frames": 81"#),
        ("6", "WanVideoLoraSelect", r#""lora": "slow.safetensors", "strength": 0.8"#),
        ("8", "WanVideoDecode", r#""vae": ["9", 0], "samples": ["1", 0]"#),
        ("9", "WanVideoVAELoader", r#""model_name": "wan_vae.pth""#),
        ("10", "VHS_VideoCombine", r#""images": ["8", 0], "filename_prefix": "sea""#),
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("waves", "still"));
    assert_eq!((recipe.model.as_deref(), recipe.width, recipe.steps), (Some("wan_t2v"), Some(832), Some(30)));
    assert_eq!((recipe.loras.len(), extra(&recipe, "VAE")), (1, Some("wan_vae")));
}

#[test]
fn a_graph_in_a_request_or_in_a_text_is_found() {
    let plain = graph(&[SAMPLER, super::POSITIVE, super::NEGATIVE, super::LATENT, super::MODEL]);
    let quoted = serde_json::to_string(&plain).unwrap();
    for text in
        [format!("{{\"prompt\": {plain}, \"workflow\": {{}}}}"), format!("{{\"prompt\": {quoted}}}"), quoted]
    {
        assert_eq!(parse(&text, "x.png").unwrap().positive, "a boat", "{text}");
    }
}
