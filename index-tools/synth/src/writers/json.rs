//! Programs that write one JSON object, or its members under keywords: SwarmUI, Draw Things, Easy Diffusion,
//! Civitai's jobs, TensorArt, spaces of Hugging Face.

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
const SWARM: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Scheduler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
    Field::ModelHash,
    Field::Vae,
    Field::ClipSkip,
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
    swarm("swarmui", PICTURES, |intended, container, dice| {
        let text = swarm_text(intended, dice);
        match container {
            Container::Png => {
                let other = Intended { positive: "a backend's own words".to_owned(), ..intended.clone() };
                Notes::default()
                    .text("parameters", text)
                    .text("prompt", shapes::plain(&other, dice).api(dice))
            }
            // Old builds took the camera's model for it.
            Container::Webp if dice.chance(20) => {
                Notes { little: true, ..Notes::default() }.tag(0x0110, &text)
            }
            _ => Notes { little: true, ..Notes::default() }.unicode(&text, true),
        }
    }),
    swarm("swarmui-hidden", PNG, |intended, _, dice| {
        let signature = ["stealth_pngcomp", "stealth_rgbcomp"][dice.index(2)];
        Notes { hidden: Some((signature, swarm_text(intended, dice))), ..Notes::default() }
    }),
    swarm("swarmui-sidecar", &[Container::Png, Container::Mp4, Container::Webm], |intended, _, dice| {
        Notes::default().beside("swarm.json", swarm_text(intended, dice))
    }),
    drawn("drawthings", PNG, |intended, _, _| {
        let xmp = packet(&[
            ("xmp:CreatorTool", "Draw Things".to_owned()),
            ("dc:description", alternative(&readable(intended))),
            ("exif:UserComment", alternative(&drawn_text(intended))),
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
        name: "civitai-job",
        source: Some("civitai"),
        says: &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Sampler,
            Field::Cfg,
            Field::Seed,
            Field::Size,
            Field::ClipSkip,
        ],
        containers: &[Container::Jpeg, Container::Webp],
        folder: "civitai/jobs/%d",
        file_name: "%s-%n",
        of_comfy: false,
        adapt: as_it_is,
        write: |intended, _, dice| Notes::default().unicode(&job(intended, dice), false),
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

const fn swarm(name: &'static str, containers: &'static [Container], write: Write) -> Writer {
    Writer {
        name,
        source: Some("swarmui"),
        says: SWARM,
        containers,
        folder: "SwarmUI/Output/local/raw/%d",
        file_name: "%n-%s",
        of_comfy: true,
        adapt: as_it_is,
        write,
    }
}

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

fn swarm_text(intended: &Intended, dice: &mut Dice) -> String {
    let texts = dice.chance(50);
    let number = |value: Value| if texts { Value::from(value.to_string()) } else { value };
    let (names, weights): (Vec<_>, Vec<_>) =
        intended.loras.iter().map(|lora| (lora.name.clone(), lora.weight.to_string())).unzip();
    let mut params = vec![
        ("prompt", intended.positive.clone().into()),
        ("negativeprompt", intended.negative.clone().into()),
        ("model", format!("SDXL/{}", intended.model).into()),
        ("seed", intended.seed.into()),
        ("steps", number(intended.steps.into())),
        ("cfgscale", number(intended.cfg.into())),
        ("aspectratio", "Custom".into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("sampler", intended.sampler.clone().into()),
        ("scheduler", intended.scheduler.clone().into()),
        ("vae", intended.vae.clone().into()),
        ("automaticvae", false.into()),
        ("clipstopatlayer", (-i64::from(intended.clip_skip)).into()),
    ];
    if !names.is_empty() {
        let is_list = dice.chance(70);
        params.push(("loras", if is_list { json!(names) } else { names.join(",").into() }));
        params.push(("loraweights", if is_list { json!(weights) } else { weights.join(",").into() }));
    }
    params.push(("swarm_version", "0.9.7.0".into()));
    let model = |name: &str, param: &str, hash: &str| json!({"name": name, "param": param, "hash": format!("0x{hash:0<64}")});
    let mut models = vec![json!({
        "name": format!("SDXL/{}.safetensors", intended.model), "param": "model", "hash": format!("0x{}", intended.model_hash)
    })];
    models.extend(
        intended.loras.iter().map(|lora| model(&format!("{}.safetensors", lora.name), "loras", &lora.hash)),
    );
    let members: Vec<_> =
        params.iter().map(|(key, value)| format!("    {}: {value}", Value::from(*key))).collect();
    let extra = json!({"date": "2031-05-06", "prep_time": "0.02 sec", "generation_time": "3.71 sec", "original_prompt": "a {clay|mud} heron"});
    format!(
        "{{\n  \"sui_image_params\": {{\n{}\n  }},\n  \"sui_extra_data\": {extra},\n  \"sui_models\": {}\n}}",
        members.join(",\n"),
        Value::from(models)
    )
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

fn job(intended: &Intended, dice: &mut Dice) -> String {
    let mut graph = shapes::members(&shapes::plain(&Intended::default(), dice), dice);
    let resource =
        |(nth, lora): (usize, &Adapter)| json!({"modelVersionId": 4_004 + nth, "strength": lora.weight});
    let resources: Vec<_> = [json!({"modelVersionId": 2_002, "strength": 1})]
        .into_iter()
        .chain(intended.loras.iter().enumerate().map(resource))
        .collect();
    let about = object(&[
        ("prompt", intended.positive.clone().into()),
        ("negativePrompt", intended.negative.clone().into()),
        ("cfgScale", intended.cfg.into()),
        ("sampler", intended.sampler.clone().into()),
        ("workflowId", "txt2img".into()),
        ("steps", intended.steps.into()),
        ("seed", intended.seed.into()),
        ("clipSkip", intended.clip_skip.into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("baseModel", "SDXL 1.0".into()),
        ("resources", resources.into()),
    ]);
    graph.insert("extra".to_owned(), json!({"airs": ["urn:air:sdxl:checkpoint:civitai:1001@2002"]}));
    graph.insert("extraMetadata".to_owned(), about.into());
    Value::Object(graph).to_string()
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
