//! Graphs to recipes.
#![allow(clippy::unwrap_used)]

mod bounds;
mod editor;
mod kinds;
mod places;
mod random;
mod refused;
mod samplers;

use super::parse;
use lumidex_schema::recipe::{Lora, Recipe};

/// A graph from nodes of the form `id class {inputs}`.
fn graph(nodes: &[(&str, &str, &str)]) -> String {
    let nodes: Vec<_> = nodes
        .iter()
        // Of repeated ids the last one counts.
        .map(|(id, class, inputs)| {
            format!("\"{id}\": {{\"class_type\": \"{class}\", \"inputs\": {{{inputs}}}}}")
        })
        .collect();
    format!("{{{}}}", nodes.join(", "))
}

fn of(nodes: &[(&str, &str, &str)]) -> Recipe {
    parse(&graph(nodes), "x.png").unwrap()
}

/// The usual graph with some nodes put in place of its own, or beside them.
fn with(nodes: &[(&str, &str, &str)]) -> Recipe {
    let all: Vec<_> =
        [SAMPLER, MODEL, LATENT, POSITIVE, NEGATIVE, DECODE, SAVE].iter().chain(nodes).copied().collect();
    of(&all)
}

/// A setting of a recipe.
fn extra<'r>(recipe: &'r Recipe, key: &str) -> Option<&'r str> {
    recipe.extra.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

const SAMPLER: (&str, &str, &str) = (
    "3",
    "KSampler",
    r#""seed": 7, "steps": 9, "cfg": 4.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
    "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]"#,
);
const MODEL: (&str, &str, &str) = ("4", "CheckpointLoaderSimple", r#""ckpt_name": "toy.safetensors""#);
const LATENT: (&str, &str, &str) = ("5", "EmptyLatentImage", r#""width": 512, "height": 640"#);
const POSITIVE: (&str, &str, &str) = ("6", "CLIPTextEncode", r#""text": "a boat", "clip": ["4", 1]"#);
const NEGATIVE: (&str, &str, &str) = ("7", "CLIPTextEncode", r#""text": "fog", "clip": ["4", 1]"#);
const SAVE: (&str, &str, &str) = ("9", "SaveImage", r#""images": ["8", 0], "filename_prefix": "boat""#);
const DECODE: (&str, &str, &str) = ("8", "VAEDecode", r#""samples": ["3", 0], "vae": ["4", 2]"#);

#[test]
fn the_usual_graph() {
    let recipe = of(&[SAMPLER, MODEL, LATENT, POSITIVE, NEGATIVE, DECODE, SAVE]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat", "fog"));
    assert_eq!((recipe.steps, recipe.cfg, recipe.seed.as_deref()), (Some(9), Some(4.5), Some("7")));
    assert_eq!((recipe.sampler.as_deref(), recipe.scheduler.as_deref()), (Some("euler"), Some("normal")));
    assert_eq!((recipe.width, recipe.height, recipe.model.as_deref()), (Some(512), Some(640), Some("toy")));
}

#[test]
fn a_composed_sampler_is_put_together() {
    let recipe = of(&[
        (
            "1",
            "SamplerCustomAdvanced",
            r#""noise": ["2", 0], "guider": ["30:6", 0], "sampler": ["40", 0], "sigmas": ["50", 0], "latent_image": ["5", 0]"#,
        ),
        ("2", "RandomNoise", r#""noise_seed": ["60", 0]"#),
        ("60", "PrimitiveInt", r#""value": 1125899906842624999"#),
        ("30:6", "BasicGuider", r#""model": ["70", 0], "conditioning": ["80", 0]"#),
        ("40", "KSamplerSelect", r#""sampler_name": "euler""#),
        ("50", "SplitSigmas", r#""sigmas": ["51", 0], "step": 3"#),
        ("51", "BasicScheduler", r#""scheduler": "simple", "steps": 20, "denoise": 0.5, "model": ["70", 0]"#),
        (
            "70",
            "LoraLoaderModelOnly",
            r#""lora_name": "f\\lux.safetensors", "strength_model": 0.7, "model": ["71", 0]"#,
        ),
        ("71", "UNETLoader", r#""unet_name": "flux1-dev.sft""#),
        ("80", "FluxGuidance", r#""guidance": 3.5, "conditioning": ["81", 0]"#),
        ("81", "CLIPTextEncodeFlux", r#""clip_l": "tags", "t5xxl": "a long text", "clip": ["90", 0]"#),
        ("5", "EmptySD3LatentImage", r#""width": 1024, "height": 768"#),
        ("8", "VAEDecode", r#""samples": ["1", 0], "vae": ["91", 0]"#),
        ("91", "VAELoader", r#""vae_name": "ae.sft""#),
        SAVE,
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a long text", ""));
    assert_eq!(
        (recipe.steps, recipe.cfg, recipe.seed.as_deref()),
        (Some(20), Some(1.0), Some("1125899906842624999"))
    );
    assert_eq!((recipe.scheduler.as_deref(), recipe.model.as_deref()), (Some("simple"), Some("flux1-dev")));
    assert_eq!(recipe.loras, [Lora { name: "lux".to_owned(), weight: 0.7, ..Lora::default() }]);
    let extra: Vec<_> = recipe.extra.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let expected =
        [("Denoising strength", "0.5"), ("VAE", "ae"), ("Distilled CFG Scale", "3.5"), ("clip_l", "tags")];
    assert_eq!(extra, expected);
}

#[test]
fn texts_are_followed_through_the_usual_nodes() {
    let positive = |nodes: &[(&str, &str, &str)]| {
        let all: Vec<_> =
            [SAMPLER, MODEL, LATENT, NEGATIVE, DECODE, SAVE].iter().chain(nodes).copied().collect();
        of(&all).positive
    };
    let link = r#""text": ["20", 0], "clip": ["4", 1]"#;
    assert_eq!(
        positive(&[
            ("6", "CLIPTextEncode", link),
            ("20", "PrimitiveStringMultiline", r#""value": "linked""#)
        ]),
        "linked"
    );
    let shown = r#""text": ["404", 0], "text_0": "shown""#;
    assert_eq!(positive(&[("6", "CLIPTextEncode", link), ("20", "ShowText|pysssss", shown)]), "shown");
    let parts = r#""text_a": "one", "text_b": ["21", 0], "delimiter": " + ""#;
    let both = [
        ("6", "CLIPTextEncode", link),
        ("20", "Text Concatenate", parts),
        ("21", "Text", r#""text": "two""#),
    ];
    assert_eq!(positive(&both), "one + two");
    let sdxl = r#""text_g": "big", "text_l": "small", "clip": ["4", 1]"#;
    assert_eq!(positive(&[("6", "CLIPTextEncodeSDXL", sdxl)]), "big\nsmall");
    let combine = r#""conditioning_1": ["20", 0], "conditioning_2": ["21", 0]"#;
    let texts = [
        ("20", "CLIPTextEncode", r#""text": "l", "clip": 0"#),
        ("21", "CLIPTextEncode", r#""text": "r", "clip": 0"#),
    ];
    assert_eq!(positive(&[("6", "ConditioningCombine", combine), texts[0], texts[1]]), "l\nr");
    assert_eq!(positive(&[("6", "ConditioningZeroOut", r#""conditioning": ["7", 0]"#)]), "");
    let file = [("6", "CLIPTextEncode", link), ("20", "LoadText", r#""text": "C:/prompts/a.txt""#)];
    assert_eq!(positive(&file), "");
}

#[test]
fn the_slot_decides_which_side_of_a_two_sided_node() {
    let sampler = SAMPLER.2.replace(r#""positive": ["6", 0]"#, r#""positive": ["20", 0]"#);
    let sampler = sampler.replace(r#""negative": ["7", 0]"#, r#""negative": ["20", 1]"#);
    let control = r#""positive": ["6", 0], "negative": ["7", 0], "strength": 1"#;
    let recipe = of(&[
        ("3", "KSampler", &sampler),
        ("20", "ControlNetApplyAdvanced", control),
        MODEL,
        LATENT,
        POSITIVE,
        NEGATIVE,
        DECODE,
        SAVE,
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat", "fog"));
}

#[test]
fn the_base_pass_speaks_not_a_later_one() {
    let later = SAMPLER.2.replace("\"steps\": 9", "\"steps\": 99").replace(r#"["5", 0]"#, r#"["31", 0]"#);
    let nodes = [
        ("30", "KSampler", later.as_str()),
        ("31", "LatentUpscaleBy", r#""samples": ["3", 0], "scale_by": 1.5"#),
        ("8", "VAEDecode", r#""samples": ["30", 0]"#),
        SAMPLER,
        MODEL,
        LATENT,
        POSITIVE,
        NEGATIVE,
        SAVE,
    ];
    assert_eq!(of(&nodes).steps, Some(9));
}

#[test]
fn of_several_savers_the_file_name_chooses() {
    let other = SAMPLER.2.replace("\"seed\": 7", "\"seed\": 8");
    let text = graph(&[
        SAMPLER,
        MODEL,
        LATENT,
        POSITIVE,
        NEGATIVE,
        DECODE,
        SAVE,
        ("33", "KSampler", &other),
        ("38", "VAEDecode", r#""samples": ["33", 0], "vae": ["4", 2]"#),
        ("39", "SaveImage", r#""images": ["38", 0], "filename_prefix": "out/ship""#),
    ]);
    for (name, seed) in [("boat_00001_.png", "7"), ("ship_00001_.png", "8")] {
        assert_eq!(parse(&text, name).unwrap().seed.as_deref(), Some(seed));
    }
}

#[test]
fn stacks_of_adapters() {
    let sampler = SAMPLER.2.replace(r#"["4", 0]"#, r#"["20", 0]"#);
    let stack = r#""model": ["4", 0], "lora_01": "a.safetensors", "strength_01": 0.3, "lora_02": "None", "strength_02": 1,
        "lora_3": {"on": true, "lora": "b.pt", "strength": 0.6}, "lora_4": {"on": false, "lora": "c", "strength": 1}"#;
    let recipe = of(&[
        ("3", "KSampler", &sampler),
        ("20", "Lora Loader Stack", stack),
        MODEL,
        LATENT,
        POSITIVE,
        NEGATIVE,
        DECODE,
        SAVE,
    ]);
    let loras: Vec<_> = recipe.loras.iter().map(|lora| (lora.name.as_str(), lora.weight)).collect();
    assert_eq!((loras, recipe.model.as_deref()), (vec![("a", 0.3), ("b", 0.6)], Some("toy")));
}

#[test]
fn graphs_without_a_sampler_give_their_texts() {
    let recipe =
        of(&[("1", "ImageService", r#""prompt": "a kite", "negative_prompt": "rain", "model": "m""#), SAVE]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a kite", "rain"));
    assert_eq!(parse("{\"nodes\": [], \"links\": []}", "x.png"), None);
    assert_eq!(parse("{\"extra\": {\"airs\": []}}", "x.png"), None);
}
