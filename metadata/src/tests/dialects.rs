//! Every dialect through whole files, and through texts put into places by hand where a container's
//! reader is not the subject.

use super::encode::{comment_block, jpeg, jpeg_exif, png, tiff, unicode, webp};
use super::reading;
use crate::claim::Found;
use crate::sheet::Sheet;
use crate::slots::{Place, Slots, Wanted};
use crate::{auto_tags, dialects, recipe_of};
use lumidex_schema::recipe::{Lora, Recipe, Source};
use lumidex_schema::tag::TagKind;
use serde_json::json;

/// The recipe of a picture, after making sure that what is stored of it says the same.
#[track_caller]
pub(super) fn recipe_in(file: &[u8]) -> Recipe {
    let reading = reading(file, "a.png");
    let recipe = reading.recipe.unwrap();
    same(&recipe, &reading.generation_text);
    recipe
}

#[track_caller]
fn same(recipe: &Recipe, text: &str) {
    let mut again = recipe_of(text).unwrap();
    again.raw.clone_from(&recipe.raw);
    assert_eq!(&again, recipe, "{text}");
}

/// What texts in these places are found to say.
#[track_caller]
pub(super) fn found(places: &[(Place, &str)]) -> Option<Found> {
    let mut slots = Slots::new(Wanted::Recipe);
    places.iter().for_each(|(place, text)| slots.add(place.clone(), (*text).to_owned()));
    let found = dialects::find(&Sheet::new(&slots, "a.png"), Vec::new())?;
    same(&found.recipe, &found.generation_text);
    Some(found)
}

#[track_caller]
pub(super) fn recipe_at(places: &[(Place, &str)]) -> Recipe {
    found(places).unwrap().recipe
}

pub(super) fn xmp(name: &str) -> Place {
    Place::Xmp(name.to_owned())
}

pub(super) fn keyword(name: &str) -> Place {
    Place::Keyword(name.to_owned())
}

pub(super) fn extra<'a>(recipe: &'a Recipe, key: &str) -> Option<&'a str> {
    recipe.extra.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

pub(super) fn lora(name: &str, weight: f64, hash: Option<&str>) -> Lora {
    Lora { name: name.to_owned(), weight, hash: hash.map(str::to_owned), ..Lora::default() }
}

#[track_caller]
pub(super) fn prompts(recipe: &Recipe, source: Source, positive: &str, negative: &str) {
    assert_eq!(
        (recipe.source, recipe.positive.as_str(), recipe.negative.as_str()),
        (source, positive, negative)
    );
}

#[track_caller]
pub(super) fn settings(
    recipe: &Recipe,
    steps: u32,
    sampler: &str,
    cfg: f64,
    seed: &str,
    size: (u32, u32),
    model: &str,
) {
    assert_eq!(
        (recipe.steps, recipe.sampler.as_deref(), recipe.cfg, recipe.seed.as_deref()),
        (Some(steps), Some(sampler), Some(cfg), Some(seed))
    );
    assert_eq!((recipe.width.zip(recipe.height), recipe.model.as_deref()), (Some(size), Some(model)));
}

#[track_caller]
pub(super) fn extras(recipe: &Recipe, wanted: &[(&str, &str)]) {
    for (key, value) in wanted {
        assert_eq!(extra(recipe, key), Some(*value), "{key} in {:?}", recipe.extra);
    }
}

fn swarm() -> String {
    json!({
        "sui_image_params": {
            "prompt": "a clay heron, <lora:mud:0.3>", "negativeprompt": "fog", "model": "XL/clay_v2", "seed": 77, "steps": "24",
            "cfgscale": 6.5, "width": 832, "height": 1216, "sampler": "euler", "scheduler": "karras", "vae": "soft.safetensors",
            "loras": ["dust", "a/mud"], "loraweights": "0.5, 0.25", "refinerupscale": 1.5, "refinerupscalemethod": "model-4x_n.pth",
            "refinercontrolpercentage": 0.4, "refinersteps": 9, "clipstopatlayer": -2, "swarm_version": "0.9.7.1", "aspectratio": "2:3"
        },
        "sui_extra_data": {"date": "2031-02-03", "original_prompt": "a {clay|mud} heron", "generation_time": "3 sec"},
        "sui_models": [
            {"name": "XL/clay_v2.safetensors", "param": "model", "hash": "0xABCDEF"},
            {"name": "dust.safetensors", "param": "loras", "hash": "0x12"}, {"name": "x", "param": "vae", "hash": null}
        ]
    })
    .to_string()
}

#[test]
fn swarmui_speaks_before_the_graph_beside_it() {
    let exif = jpeg_exif(&tiff(true, &[], &[(0x9286, 7, &unicode(&swarm(), true))]));
    let old = webp(&[(b"EXIF", &tiff(true, &[(0x0110, 2, swarm().as_bytes())], &[]))]);
    for file in [png(&[("parameters", &swarm()), ("prompt", super::GRAPH)]), exif, old] {
        let recipe = recipe_in(&file);
        prompts(&recipe, Source::SwarmUi, "a clay heron, <lora:mud:0.3>", "fog");
        settings(&recipe, 24, "euler", 6.5, "77", (832, 1216), "clay_v2");
        assert_eq!(
            (recipe.scheduler.as_deref(), recipe.model_hash.as_deref()),
            (Some("karras"), Some("abcdef"))
        );
        assert_eq!(recipe.loras, [lora("dust", 0.5, Some("12")), lora("mud", 0.25, None)]);
        extras(
            &recipe,
            &[
                ("VAE", "soft"),
                ("Clip skip", "2"),
                ("Hires upscale", "1.5"),
                ("Hires upscaler", "4x_n"),
                ("Hires steps", "9"),
                ("Denoising strength", "0.4"),
                ("Version", "0.9.7.1"),
                ("Raw prompt", "a {clay|mud} heron"),
                ("aspectratio", "2:3"),
            ],
        );
    }
    assert_eq!(recipe_at(&[(Place::Hidden, &swarm())]).source, Source::SwarmUi);
    let tags = auto_tags(&recipe_in(&png(&[("parameters", &swarm())])));
    assert!(tags.contains(&(TagKind::SourceIdentifier, "StableSwarmUI".to_owned())));
    assert!(tags.contains(&(TagKind::HiresUpscaler, "Hires All".to_owned())));
}

#[test]
fn invokeai_of_every_age() {
    let metadata = json!({
        "generation_mode": "sdxl_txt2img", "positive_prompt": "a jade carp\nin a pond", "negative_prompt": "mud", "width": 1024,
        "height": 768, "seed": 771, "cfg_scale": 6.0, "steps": 28, "scheduler": "euler_a", "app_version": "5.1.0", "clip_skip": 0,
        "model": {"name": "jadeXL", "hash": "blake3:00FF", "base": "sdxl", "type": "main", "key": "k"},
        "vae": {"name": "crisp"}, "loras": [{"model": {"name": "gloss"}, "weight": 0.4}, {"lora": {"model_name": "matte"}, "weight": 1}],
        "canvas_v2_metadata": {"big": [1, 2]}, "strength": null, "seamless_x": false
    })
    .to_string();
    let graph =
        json!({"nodes": {"core": {"type": "core_metadata", "positive_prompt": "other"}}, "edges": []})
            .to_string();
    let beside = json!({ "invokeai_metadata": metadata }).to_string();
    let of_film = recipe_at(&[(Place::Beside("a.json".to_owned()), &beside)]);
    for recipe in [recipe_in(&png(&[("invokeai_metadata", &metadata), ("invokeai_graph", &graph)])), of_film]
    {
        prompts(&recipe, Source::InvokeAi, "a jade carp\nin a pond", "mud");
        settings(&recipe, 28, "euler_a", 6.0, "771", (1024, 768), "jadeXL");
        assert_eq!((recipe.model_hash.as_deref(), recipe.scheduler.as_deref()), (Some("00ff"), None));
        assert_eq!(recipe.loras, [lora("gloss", 0.4, None), lora("matte", 1.0, None)]);
        extras(
            &recipe,
            &[
                ("VAE", "crisp"),
                ("Base model", "sdxl"),
                ("Generation mode", "sdxl_txt2img"),
                ("Version", "5.1.0"),
            ],
        );
    }
    let line = r#""a jade carp, \"so\" [mud, weeds]" -s 50 -S 42 -W 512 -H 768 -C7.5 -A k_lms -f 0.6 -G 0.8 -U 2 0.75"#;
    let old = recipe_in(&png(&[("Dream", line)]));
    prompts(&old, Source::InvokeAi, "a jade carp, \"so\"", "mud, weeds");
    assert_eq!(
        (old.steps, old.cfg, old.seed.as_deref(), old.width),
        (Some(50), Some(7.5), Some("42"), Some(512))
    );
    extras(&old, &[("Denoising strength", "0.6"), ("Postprocess upscale by", "2")]);
    let bare = recipe_in(&png(&[("Dream", "a carp -- very well -s30 -Ak_euler")]));
    assert_eq!(
        (bare.positive.as_str(), bare.steps, bare.sampler.as_deref()),
        ("a carp -- very well", Some(30), Some("k_euler"))
    );
    assert_eq!(reading(&png(&[("Dream", "!fix x.png -U 2")]), "a.png").recipe, None);
    let data = json!({"model": "stable diffusion", "model_weights": "sd-1.4", "model_hash": "AB", "app_version": "2.1",
        "images": [{"prompt": [{"prompt": "a carp [mud]", "weight": 1}], "steps": 30, "cfg_scale": 7, "seed": 5, "width": 512,
            "height": 512, "sampler": "k_lms", "postprocessing": [{"type": "esrgan", "scale": 2}]}]});
    let data = recipe_in(&png(&[("Dream", line), ("sd-metadata", &data.to_string())]));
    prompts(&data, Source::InvokeAi, "a carp", "mud");
    settings(&data, 30, "k_lms", 7.0, "5", (512, 512), "sd-1.4");
    let junk = recipe_in(&png(&[("Dream", "\"<too lazy to implement>\" -s 5 -S 6")]));
    assert_eq!((junk.positive.as_str(), junk.steps), ("", Some(5)));
}

#[test]
fn invokeai_graphs_are_followed_where_their_metadata_is_empty() {
    let edge = |from: &str, field: &str, to: &str, into: &str| json!({"source": {"node_id": from, "field": field}, "destination": {"node_id": to, "field": into}});
    let graph = json!({
        "nodes": {
            "core_metadata:1": {"type": "core_metadata", "positive_prompt": null, "seed": null, "steps": 22, "cfg_scale": 5, "model": {"name": "jade"}},
            "positive_prompt:9": {"type": "string", "value": "a jade frog"},
            "neg_cond:2": {"type": "sdxl_compel_prompt", "prompt": "fog"},
            "seed:3": {"type": "integer", "value": 123}, "noise:4": {"type": "noise", "width": 64, "height": 32}
        },
        "edges": [edge("positive_prompt:9", "value", "core_metadata:1", "positive_prompt"), edge("seed:3", "value", "core_metadata:1", "seed"), 5]
    });
    let recipe = recipe_in(&png(&[("invokeai_graph", &graph.to_string())]));
    prompts(&recipe, Source::InvokeAi, "a jade frog", "fog");
    assert_eq!(
        (recipe.seed.as_deref(), recipe.steps, recipe.width, recipe.model.as_deref()),
        (Some("123"), Some(22), Some(64), Some("jade"))
    );
}

fn fooocus() -> serde_json::Value {
    json!({
        "base_model": "toyXL_v1.safetensors", "base_model_hash": "AB12CD34EF", "full_negative_prompt": ["ugly", "blur"],
        "full_prompt": ["photo of a toy", "toy, sharp"], "guidance_scale": 4, "loras": [["soft", 0.2, "0011223344"]],
        "lora_combined_1": "soft : 0.2", "metadata_scheme": "fooocus", "negative_prompt": "ugly", "performance": "Speed",
        "prompt": "a toy", "prompt_expansion": "a toy, neat", "refiner_model": "None", "refiner_switch": 0.5,
        "resolution": "(896, 1152)", "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "seed": "900719925474099312",
        "sharpness": 2, "steps": 30, "styles": "['Fooocus V2', 'Sharp']", "vae": "Default (model)", "version": "Fooocus v2.5.5"
    })
}

#[test]
fn fooocus_in_either_scheme() {
    let json = fooocus().to_string();
    let block = tiff(
        false,
        &[(0x0131, 2, b"Fooocus v2.5.5\0"), (0x927c, 2, b"fooocus\0"), (0x9286, 2, json.as_bytes())],
        &[],
    );
    for file in [
        png(&[("parameters", &json), ("fooocus_scheme", "fooocus")]),
        jpeg_exif(&block),
        webp(&[(b"EXIF", &block)]),
    ] {
        let recipe = recipe_in(&file);
        prompts(&recipe, Source::Fooocus, "a toy", "ugly");
        settings(&recipe, 30, "dpmpp_2m_sde_gpu", 4.0, "900719925474099312", (896, 1152), "toyXL_v1");
        assert_eq!(recipe.loras, [lora("soft", 0.2, Some("0011223344"))]);
        extras(
            &recipe,
            &[
                ("Full prompt", "photo of a toy, toy, sharp"),
                ("Full negative prompt", "ugly, blur"),
                ("Styles", "Fooocus V2, Sharp"),
                ("Performance", "Speed"),
                ("Expanded prompt", "a toy, neat"),
                ("Version", "Fooocus v2.5.5"),
            ],
        );
        assert_eq!(
            (extra(&recipe, "VAE"), extra(&recipe, "Refiner"), extra(&recipe, "Refiner switch at")),
            (None, None, None)
        );
    }
    let mut silent = fooocus();
    silent["prompt"] = "".into();
    assert_eq!(
        recipe_in(&png(&[("parameters", &silent.to_string())])).positive,
        "photo of a toy, toy, sharp"
    );
    let text = "photo of a toy\nNegative prompt: ugly\nSteps: 30, Sampler: DPM++ 2M SDE, Seed: 4, Size: 896x1152, CFG scale: 4, \
        Raw prompt: a toy, Model: toyXL, Model hash: ab12, Lora hashes: \"soft: 0011\", Lora weights: \"soft: 0.2\", Version: Fooocus v2.5.5";
    let recipe = recipe_in(&png(&[("parameters", text), ("fooocus_scheme", "a1111")]));
    prompts(&recipe, Source::Fooocus, "photo of a toy", "ugly");
    assert_eq!(recipe.loras, [lora("soft", 0.2, Some("0011"))]);
    extras(&recipe, &[("Raw prompt", "a toy")]);
}

#[test]
fn relatives_of_fooocus() {
    let mre = json!({"prompt": "a toy", "negative_prompt": "", "real_prompt": ["a toy", "sharp"], "real_negative_prompt": [],
        "steps": 30, "switch": 20, "cfg": 7, "base_clip_skip": -2, "sampler": "dpmpp_2m", "scheduler": "karras",
        "base_model": "toy.safetensors", "refiner_model": "fine.safetensors", "l1": "soft.safetensors", "w1": 0.4, "l2": "None", "w2": 1,
        "width": 64, "height": 32, "seed": 5, "software": "Fooocus-MRE v2"});
    for file in [png(&[("Comment", &mre.to_string())]), jpeg(&[(0xfe, mre.to_string().as_bytes())])] {
        let recipe = recipe_in(&file);
        prompts(&recipe, Source::Fooocus, "a toy", "");
        settings(&recipe, 30, "dpmpp_2m", 7.0, "5", (64, 32), "toy");
        assert_eq!(recipe.loras, [lora("soft", 0.4, None)]);
        extras(
            &recipe,
            &[
                ("Clip skip", "2"),
                ("Refiner", "fine"),
                ("Refiner switch at", "20"),
                ("Full prompt", "a toy, sharp"),
            ],
        );
    }
    let plus = json!({"Prompt": "a toy", "Negative Prompt": "ugly", "Full Prompt": "['a toy', 'neat']", "Steps": 8, "Guidance Scale": 3,
        "Base Model": "toy.safetensors", "Resolution": "(64, 32)", "Sampler": "euler", "Seed": 1, "LoRA 1": "soft.safetensors : 0.5"});
    let recipe = recipe_in(&png(&[("Comment", &plus.to_string())]));
    settings(&recipe, 8, "euler", 3.0, "1", (64, 32), "toy");
    assert_eq!((recipe.negative.as_str(), recipe.loras), ("ugly", vec![lora("soft", 0.5, None)]));
    let ruined = json!({"Prompt": "a moss otter", "Negative": "", "steps": 12, "cfg": 1, "width": 1024, "height": 1024, "seed": 42,
        "sampler_name": "lcm", "scheduler": "exponential", "base_model_name": "SDXL/moss.safetensors", "base_model_hash": "1122aabb",
        "loras": [["", "0.6 - a/fast.safetensors"], ["AB", "1 - x"]], "denoise": 1, "software": "RuinedFooocus"});
    let recipe = recipe_in(&png(&[("parameters", &ruined.to_string())]));
    prompts(&recipe, Source::RuinedFooocus, "a moss otter", "");
    settings(&recipe, 12, "lcm", 1.0, "42", (1024, 1024), "moss");
    assert_eq!(recipe.loras, [lora("fast", 0.6, None), lora("x", 1.0, Some("ab"))]);
    assert_eq!(
        (recipe.model_hash.as_deref(), extra(&recipe, "Denoising strength")),
        (Some("1122aabb"), None)
    );
}

#[test]
fn novelai_of_every_age_and_place() {
    let v4 = json!({"prompt": "x", "steps": 28, "scale": 5.5, "seed": 1, "sampler": "k_euler", "noise_schedule": "karras", "uc": "bad",
        "width": 64, "height": 32, "request_type": "Img2ImgRequest", "strength": 0.7,
        "v4_prompt": {"caption": {"base_caption": "two girls, {{kite}}", "char_captions": [
            {"char_caption": "girl, red", "centers": [{"x": 0.1, "y": 0.9}]}, {"char_caption": ""}, {"char_caption": "girl, 1.3::blue::"}]}},
        "v4_negative_prompt": {"caption": {"base_caption": "bad, worse", "char_captions": [{"char_caption": "hat"}]}}})
    .to_string();
    let outer = json!({"Title": "NovelAI generated image", "Description": "\0\0\0\0x", "Software": "NovelAI",
        "Source": "NovelAI Diffusion V4.5 0A1B2C3D", "Generation time": "3.2", "Comment": v4})
    .to_string();
    let hidden = recipe_at(&[(Place::Hidden, &outer)]);
    let comment = [b"ASCII\0\0\0", outer.as_bytes()].concat();
    let block = tiff(
        false,
        &[(0x010e, 2, b"\0\0\0\0x"), (0x0131, 2, b"NovelAI Diffusion V4.5 0A1B2C3D\0")],
        &[(0x9286, 7, &comment)],
    );
    for recipe in [hidden, recipe_in(&webp(&[(b"EXIF", &block)]))] {
        prompts(
            &recipe,
            Source::NovelAi,
            "two girls, {{kite}}\ngirl, red\ngirl, 1.3::blue::",
            "bad, worse\nhat",
        );
        settings(&recipe, 28, "k_euler", 5.5, "1", (64, 32), "NovelAI Diffusion V4.5");
        extras(
            &recipe,
            &[
                ("Character 1", "girl, red @ 0.1,0.9"),
                ("Character 2", "girl, 1.3::blue::"),
                ("Denoising strength", "0.7"),
                ("Generation mode", "Img2ImgRequest"),
            ],
        );
    }
    let tool = recipe_in(&png(&[
        ("Title", "AI augmented image"),
        ("Software", "NovelAI"),
        ("Description", "x"),
        ("Comment", "{\"req_type\": \"bg-removal\"}"),
    ]));
    prompts(&tool, Source::NovelAi, "", "");
    let alone = reading(&webp(&[(b"EXIF", &tiff(false, &[(0x010e, 2, b"\0\0\0\0a kite")], &[]))]), "a.webp");
    assert_eq!((alone.recipe, alone.description.as_deref()), (None, Some("a kite")));
}

const DRAWN: &str = r#"{"c":"ein B?r, br?cke","uc":"fog","model":"brick_v1_f16.ckpt","sampler":"DPM++ 2M Karras","scale":5,"seed":12,"size":"768x512","steps":20,"strength":1,"seed_mode":"Scale Alike","profile":{"timings":[1,2]},"lora":[{"model":"arch_lora.ckpt","weight":0.7}],"v2":{"width":768,"height":512,"sampler":7}}"#;
const DRAWN_TEXT: &str = "ein Bär, brücke\n-fog\nSteps: 20, Sampler: DPM++ 2M Karras, Guidance Scale: 5.0, Seed: 12, Size: 768x512, \
    Model: brick_v1_f16.ckpt, Strength: 1.0, Seed Mode: Scale Alike, LoRA 1 Model: arch_lora.ckpt, LoRA 1 Weight: 0.7";

#[test]
fn draw_things_mends_its_json_by_its_words() {
    let comment = [b"ASCII\0\0\0", DRAWN.as_bytes()].concat();
    let described = DRAWN_TEXT.as_bytes();
    let whole =
        tiff(false, &[(0x010e, 2, described), (0x0131, 2, b"Draw Things\0")], &[(0x9286, 7, &comment)]);
    let cut =
        tiff(false, &[(0x010e, 2, described), (0x0131, 2, b"Draw Things\0")], &[(0x9286, 7, &comment[..40])]);
    let of_png = recipe_at(&[
        (xmp("xmp:CreatorTool"), "Draw Things"),
        (xmp("exif:UserComment"), DRAWN),
        (xmp("dc:description"), DRAWN_TEXT),
    ]);
    let words = tiff(false, &[(0x010e, 2, described), (0x0131, 2, b"Draw Things\0")], &[]);
    for recipe in
        [recipe_in(&jpeg_exif(&whole)), recipe_in(&jpeg_exif(&cut)), of_png, recipe_in(&jpeg_exif(&words))]
    {
        prompts(&recipe, Source::DrawThings, "ein Bär, brücke", "fog");
        settings(&recipe, 20, "DPM++ 2M Karras", 5.0, "12", (768, 512), "brick_v1_f16");
        assert_eq!(recipe.loras, [lora("arch_lora", 0.7, None)]);
        extras(&recipe, &[("seed_mode", "Scale Alike")]);
        assert_eq!((extra(&recipe, "Guidance Scale"), extra(&recipe, "Denoising strength")), (None, None));
    }
}

#[test]
fn draw_things_says_in_words_what_was_cut_off() {
    let behind = |what: &str| DRAWN.find(what).unwrap() + what.len();
    // In the middle of a number, of a size, and where a list has lost its last ones.
    for at in [behind("\"seed\":1"), behind("\"size\":\"7"), behind("\"lora\":["), behind("\"v2\":")] {
        let comment = [b"ASCII\0\0\0", &DRAWN.as_bytes()[..at]].concat();
        let tags = [(0x010e, 2, DRAWN_TEXT.as_bytes()), (0x0131, 2, &b"Draw Things\0"[..])];
        let recipe = recipe_in(&jpeg_exif(&tiff(false, &tags, &[(0x9286, 7, &comment)])));
        prompts(&recipe, Source::DrawThings, "ein Bär, brücke", "fog");
        settings(&recipe, 20, "DPM++ 2M Karras", 5.0, "12", (768, 512), "brick_v1_f16");
        assert_eq!(recipe.loras, [lora("arch_lora", 0.7, None)]);
    }
}

#[test]
fn easy_diffusion_in_every_form() {
    let fields = [
        ("prompt", "a felt orca"),
        ("negative_prompt", "text"),
        ("seed", "5"),
        ("use_stable_diffusion_model", "C:\\models\\felt.safetensors"),
        ("clip_skip", "False"),
        ("use_vae_model", "None"),
        ("sampler_name", "euler_a"),
        ("width", "512"),
        ("height", "640"),
        ("num_inference_steps", "25"),
        ("guidance_scale", "7.5"),
        ("use_lora_model", "['soft', 'b']"),
        ("lora_alpha", "[0.5, 1]"),
        ("tiling", "x"),
    ];
    let json: serde_json::Map<_, _> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    let json = serde_json::Value::Object(json).to_string();
    let lines = "Prompt: a felt orca\nNegative Prompt: text\nSeed: 5\nStable Diffusion model: felt\nSampler: euler_a\nWidth: 512\n\
        Height: 640\nSteps: 25\nGuidance Scale: 7.5\nLoRA model: ['soft', 'b']\nLoRA Strength: [0.5, 1]";
    let beside = |name: &str, text: &str| {
        let beside = crate::Beside { name: name.as_bytes(), bytes: text.as_bytes() };
        let reading = crate::read(&crate::Bytes(&png(&[])), b"a.png", &[beside]).unwrap();
        same(reading.recipe.as_ref().unwrap(), &reading.generation_text);
        assert_eq!(reading.places, [format!("beside:{name}")]);
        reading.recipe.unwrap()
    };
    for recipe in [
        recipe_in(&png(&fields)),
        recipe_in(&jpeg_exif(&comment_block(&json))),
        recipe_in(&webp(&[(b"EXIF", &comment_block(&json))])),
        beside("a.txt", lines),
        beside("a.json", &json),
    ] {
        prompts(&recipe, Source::EasyDiffusion, "a felt orca", "text");
        settings(&recipe, 25, "euler_a", 7.5, "5", (512, 640), "felt");
        assert_eq!(recipe.loras, [lora("soft", 0.5, None), lora("b", 1.0, None)]);
        assert_eq!((extra(&recipe, "VAE"), extra(&recipe, "Clip skip")), (None, None));
    }
}
