//! Programs that write one JSON object, or its members under keywords: Draw Things, Easy Diffusion, TensorArt,
//! spaces of Hugging Face and whatever is like them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{PICTURES, PNG, Writer, as_it_is, shapes};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Adapter, Field, Intended};
use crate::notes::{DESCRIPTION, Notes, SOFTWARE, alternative, packet, records};

/// An object whose members stay in the order given, spaced as Python does.
pub(super) fn object(members: &[(&str, Value)]) -> String {
    let mut text = String::from("{");
    for (nth, (key, value)) in members.iter().enumerate() {
        let _ = write!(text, "{}{}: {value}", if nth == 0 { "" } else { ", " }, Value::from(*key));
    }
    text + "}"
}

const BASE: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
];
const ADAPTED: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
    Field::Loras,
];
const EASY: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
    Field::Vae,
    Field::Loras,
];

pub(super) const WRITERS: &[Writer] = &[
    drawn("drawthings", PNG, |intended, _, _| {
        let xmp = packet(&[
            ("xmp:CreatorTool", "Draw Things".to_owned()),
            ("dc:description", alternative(&readable(intended))),
            ("exif:UserComment", alternative(&drawn_text(intended))),
        ]);
        Notes { xmp: Some(xmp), ..Notes::default() }
    }),
    drawn("drawthings-old", PNG, |intended, _, _| {
        let text = drawn_text(intended);
        // Before there was the whole configuration beside it.
        let text = text.split_once(", \"v2\": ").map_or(text.clone(), |(text, _)| format!("{text}}}"));
        let xmp = packet(&[
            ("xmp:CreatorTool", "Draw Things".to_owned()),
            ("exif:UserComment", alternative(&text)),
        ]);
        Notes { xmp: Some(xmp), ..Notes::default() }
    }),
    drawn("drawthings-jpeg", &[Container::Jpeg], |intended, _, _| {
        let ascii: String =
            drawn_text(intended).chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        let text = readable(intended);
        let notes = Notes { iptc: Some(records(&[(120, &text)])), ..Notes::default() };
        notes.tag(DESCRIPTION, &text).tag(SOFTWARE, "Draw Things").user_comment(b"ASCII\0\0\0", &ascii)
    }),
    drawn("drawthings-cut", &[Container::Png, Container::Jpeg], |intended, container, dice| {
        let text: Vec<char> = drawn_text(intended).chars().collect();
        // What carried it on had no room for all of it.
        let cut = &text[..1 + dice.index(text.len() - 1)];
        let readable = readable(intended);
        if container == Container::Png {
            let xmp = packet(&[
                ("xmp:CreatorTool", "Draw Things".to_owned()),
                ("dc:description", alternative(&readable)),
                ("exif:UserComment", alternative(&cut.iter().collect::<String>())),
            ]);
            return Notes { xmp: Some(xmp), ..Notes::default() };
        }
        let ascii: String = cut.iter().map(|c| if c.is_ascii() { *c } else { '?' }).collect();
        Notes::default()
            .tag(DESCRIPTION, &readable)
            .tag(SOFTWARE, "Draw Things")
            .user_comment(b"ASCII\0\0\0", &ascii)
    }),
    easy("easydiffusion", PNG, |intended, _, _| {
        easy_members(intended).into_iter().fold(Notes::default(), |notes, (key, value)| {
            let text = match value {
                Value::Null => "None".to_owned(),
                Value::String(text) => text,
                // Lists as Python shows them.
                value => value.to_string().replace('"', "'").replace(',', ", "),
            };
            notes.text(key, text)
        })
    }),
    easy("easydiffusion-titles", PNG, |intended, _, _| {
        // The names of the lines of a text, for keywords.
        let lines =
            easy_lines(&Intended { positive: String::new(), negative: String::new(), ..intended.clone() });
        let notes = Notes::default()
            .text("Prompt", intended.positive.clone())
            .text("Negative Prompt", intended.negative.clone());
        let pairs = lines.lines().filter_map(|line| line.split_once(": "));
        pairs
            .filter(|(key, _)| !key.ends_with("rompt"))
            .fold(notes, |notes, (key, value)| notes.text(key, value))
    }),
    easy("easydiffusion-comment", &[Container::Jpeg, Container::Webp], |intended, _, _| {
        Notes::default().unicode(&object(&easy_members(intended)), false)
    }),
    easy("easydiffusion-json", PICTURES, |intended, _, _| {
        Notes::default().beside("json", object(&easy_members(intended)))
    }),
    Writer {
        name: "easydiffusion-txt",
        source: Some("easydiffusion"),
        says: EASY,
        containers: PICTURES,
        folder: "easydiffusion/%d",
        file_name: "%n_%s",
        of_comfy: true,
        adapt: |intended| {
            // One line each.
            for text in [&mut intended.positive, &mut intended.negative] {
                *text = text.replace('\n', " ");
            }
        },
        write: |intended, _, _| Notes::default().beside("txt", easy_lines(intended)),
    },
    Writer {
        name: "tensorart",
        source: Some("tensorart"),
        says: ADAPTED,
        containers: PNG,
        folder: "tensorart/%d",
        file_name: "%s-%n",
        of_comfy: false,
        adapt: as_it_is,
        write: |intended, _, dice| {
            let graph = shapes::plain(intended, dice).api(dice);
            let graph = graph.replace("\"CheckpointLoaderSimple\"", "\"ECHOCheckpointLoaderSimple\"");
            let data = format!("{}\0", tensor(intended));
            Notes::default().text("generation_data", data).text("prompt", graph)
        },
    },
    Writer {
        name: "tensorart-random",
        source: Some("tensorart"),
        says: ADAPTED,
        containers: PNG,
        folder: "tensorart/random/%d",
        file_name: "%s-%n",
        of_comfy: false,
        adapt: as_it_is,
        write: |intended, _, dice| {
            // What was asked for is any seed; the graph has the one that was drawn.
            let data = tensor(intended).replace(&format!("\"{}\"", intended.seed), "\"-1\"");
            let graph = shapes::plain(intended, dice).api(dice);
            Notes::default().text("generation_data", data + "\0").text("prompt", graph)
        },
    },
    Writer {
        name: "flat-json",
        source: Some("generic"),
        says: BASE,
        containers: PICTURES,
        folder: "downloads/demos/%d",
        file_name: "output (%n)",
        of_comfy: true,
        adapt: as_it_is,
        write: |intended, container, dice| {
            let text = flat(intended, dice);
            match container {
                _ if dice.chance(25) => Notes::default().beside("json", text),
                Container::Png => Notes::default().text(["parameters", "Comment"][dice.index(2)], text),
                _ => Notes::default().user_comment(b"ASCII\0\0\0", &text),
            }
        },
    },
    Writer {
        name: "hfspace",
        source: Some("hfspace"),
        says: BASE,
        containers: PNG,
        folder: "downloads/spaces/%d",
        file_name: "image (%n)",
        of_comfy: false,
        adapt: as_it_is,
        write: |intended, _, _| Notes::default().text("parameters", space(intended)),
    },
];

type Write = fn(&Intended, Container, &mut Dice) -> Notes;

const fn drawn(name: &'static str, containers: &'static [Container], write: Write) -> Writer {
    Writer {
        name,
        source: Some("drawthings"),
        says: ADAPTED,
        containers,
        folder: "Pictures/Draw Things/%d",
        file_name: "%n_%s",
        of_comfy: false,
        adapt: as_it_is,
        write,
    }
}

const fn easy(name: &'static str, containers: &'static [Container], write: Write) -> Writer {
    Writer {
        name,
        source: Some("easydiffusion"),
        says: EASY,
        containers,
        folder: "easydiffusion/%d",
        file_name: "%n_%s",
        of_comfy: true,
        adapt: as_it_is,
        write,
    }
}

fn drawn_text(intended: &Intended) -> String {
    let loras = |key: &str| -> Vec<Value> {
        let adapter = |lora: &Adapter| json!({key: format!("{}.ckpt", lora.name), "weight": lora.weight});
        intended.loras.iter().map(adapter).collect()
    };
    let mut members = vec![
        ("c", intended.positive.clone().into()),
        ("uc", intended.negative.clone().into()),
        ("model", format!("{}.ckpt", intended.model).into()),
        ("sampler", intended.sampler.clone().into()),
        ("scale", intended.cfg.into()),
        ("seed", intended.seed.into()),
        ("seed_mode", "Scale Alike".into()),
        ("shift", 1.into()),
        ("size", format!("{}x{}", intended.width, intended.height).into()),
        ("steps", intended.steps.into()),
        ("strength", 1.into()),
        ("mask_blur", 1.5.into()),
    ];
    if !intended.loras.is_empty() {
        members.push(("lora", loras("model").into()));
    }
    members.push((
        "profile",
        json!({"duration": 4.2, "timings": [{"name": "sampling", "durations": [0.2, 0.2, 0.2]}]}),
    ));
    let all = json!({
        "width": intended.width, "height": intended.height, "guidanceScale": intended.cfg, "sampler": 7, "loras": loras("file"),
        "batchCount": 1, "hiresFix": false, "tiledDecoding": false, "zeroNegativePrompt": false, "seedMode": 2
    });
    members.push(("v2", all));
    object(&members)
}

fn readable(intended: &Intended) -> String {
    let mut text = intended.positive.clone();
    if !intended.negative.is_empty() {
        let _ = write!(text, "\n-{}", intended.negative);
    }
    let _ = write!(
        text,
        "\nSteps: {}, Sampler: {}, Guidance Scale: {}, Seed: {}, Size: {}x{}, Model: {}.ckpt, Strength: 1.0, Seed Mode: Scale Alike",
        intended.steps,
        intended.sampler,
        intended.cfg,
        intended.seed,
        intended.width,
        intended.height,
        intended.model
    );
    for (nth, lora) in intended.loras.iter().enumerate() {
        let _ =
            write!(text, ", LoRA {0} Model: {1}.ckpt, LoRA {0} Weight: {2}", nth + 1, lora.name, lora.weight);
    }
    text
}

fn easy_members(intended: &Intended) -> Vec<(&'static str, Value)> {
    let mut members = vec![
        ("prompt", intended.positive.clone().into()),
        ("seed", intended.seed.into()),
        ("used_random_seed", true.into()),
        ("negative_prompt", intended.negative.clone().into()),
        ("num_outputs", 1.into()),
        ("num_inference_steps", intended.steps.into()),
        ("guidance_scale", intended.cfg.into()),
        ("distilled_guidance_scale", Value::Null),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        (
            "use_stable_diffusion_model",
            format!("C:\\models\\stable-diffusion\\{}.safetensors", intended.model).into(),
        ),
        ("clip_skip", false.into()),
        ("use_vae_model", format!("C:\\models\\vae\\{}.safetensors", intended.vae).into()),
        ("sampler_name", intended.sampler.clone().into()),
        ("scheduler_name", "karras".into()),
        ("use_controlnet_model", Value::Null),
        ("use_upscale", Value::Null),
        ("tiling", Value::Null),
    ];
    if !intended.loras.is_empty() {
        let names: Vec<_> = intended.loras.iter().map(|lora| lora.name.clone()).collect();
        let weights: Vec<_> = intended.loras.iter().map(|lora| lora.weight).collect();
        members.push(("use_lora_model", names.into()));
        members.push(("lora_alpha", weights.into()));
    }
    members
}

fn easy_lines(intended: &Intended) -> String {
    let mut text = format!(
        "Prompt: {}\nSeed: {}\nNegative Prompt: {}\nSteps: {}\nGuidance Scale: {}\nWidth: {}\nHeight: {}\n\
         Stable Diffusion model: /models/stable-diffusion/{}.safetensors\nClip Skip: False\nVAE model: /models/vae/{}.safetensors\n\
         Sampler: {}\n",
        intended.positive,
        intended.seed,
        intended.negative,
        intended.steps,
        intended.cfg,
        intended.width,
        intended.height,
        intended.model,
        intended.vae,
        intended.sampler
    );
    if !intended.loras.is_empty() {
        let names: Vec<_> = intended.loras.iter().map(|lora| format!("'{}'", lora.name)).collect();
        let weights: Vec<_> = intended.loras.iter().map(|lora| lora.weight.to_string()).collect();
        let _ = writeln!(text, "LoRA model: [{}]\nLoRA Strength: [{}]", names.join(", "), weights.join(", "));
    }
    text
}

fn tensor(intended: &Intended) -> String {
    let adapter = |lora: &Adapter| json!({"modelFileName": format!("{}.safetensors", lora.name), "weight": lora.weight, "modelId": "6001", "type": "LORA"});
    let base = json!({
        "modelFileName": format!("{}.safetensors", intended.model), "hash": intended.model_hash.to_uppercase(), "label": "SDXL",
        "modelId": "600", "modelFileId": "601"
    });
    object(&[
        ("models", intended.loras.iter().map(adapter).collect::<Vec<_>>().into()),
        ("prompt", intended.positive.clone().into()),
        ("negativePrompt", intended.negative.clone().into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("imageCount", 1.into()),
        ("samplerName", intended.sampler.clone().into()),
        ("steps", intended.steps.into()),
        ("cfgScale", intended.cfg.into()),
        ("seed", intended.seed.to_string().into()),
        ("clipSkip", intended.clip_skip.into()),
        ("baseModel", base),
        ("sdVae", "Automatic".into()),
        ("workEngine", "TAMS_V2".into()),
    ])
}

fn space(intended: &Intended) -> String {
    object(&[
        ("prompt", intended.positive.clone().into()),
        ("negative_prompt", intended.negative.clone().into()),
        ("resolution", format!("{} x {}", intended.width, intended.height).into()),
        ("guidance_scale", intended.cfg.into()),
        ("num_inference_steps", intended.steps.into()),
        ("seed", intended.seed.into()),
        ("sampler", intended.sampler.clone().into()),
        ("style_preset", "None".into()),
        ("use_upscaler", Value::Null),
        ("Model", intended.model.clone().into()),
        ("Model hash", intended.model_hash.clone().into()),
    ])
}

/// One of the many names that each member has.
fn flat(intended: &Intended, dice: &mut Dice) -> String {
    let mut members: Vec<(&str, Value)> = vec![
        (dice.pick(&["prompt", "Prompt"]), intended.positive.clone().into()),
        (dice.pick(&["negative_prompt", "negativePrompt", "negative"]), intended.negative.clone().into()),
        (dice.pick(&["steps", "num_inference_steps", "num_steps"]), intended.steps.into()),
        (dice.pick(&["cfg", "cfg_scale", "cfgScale", "guidance_scale", "scale"]), intended.cfg.into()),
        (dice.pick(&["seed", "noise_seed"]), intended.seed.into()),
        (dice.pick(&["model", "ckpt", "checkpoint"]), format!("a/{}.safetensors", intended.model).into()),
        (dice.pick(&["sampler", "sampler_name", "scheduler"]), intended.sampler.clone().into()),
        ("created", "2031-05-06".into()),
    ];
    if dice.chance(50) {
        members.push(("size", format!("{}x{}", intended.width, intended.height).into()));
    } else {
        members.extend([("width", intended.width.into()), ("height", intended.height.into())]);
    }
    dice.shuffle(&mut members);
    object(&members)
}
