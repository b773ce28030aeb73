//! InvokeAI in each of its generations: a command line, JSON about the picture, JSON of the request, a graph.

use serde_json::{Value, json};

use super::json::object;
use super::{PNG, Writer, as_it_is};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Adapter, Field, Intended};
use crate::notes::Notes;

const SAYS: &[Field] = &[
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
const LINE: &[Field] =
    &[Field::Positive, Field::Negative, Field::Steps, Field::Sampler, Field::Cfg, Field::Seed, Field::Size];

const MODELLED: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
];

pub(super) const WRITERS: &[Writer] = &[
    writer("invokeai", SAYS, PNG, as_it_is, |intended, _, _| {
        Notes::default()
            .text("invokeai_metadata", request(intended, true))
            .text("invokeai_graph", graph(intended))
            .text("invokeai_workflow", workflow(intended))
    }),
    writer("invokeai-3", SAYS, PNG, as_it_is, |intended, _, _| {
        Notes::default().text("invokeai_metadata", request(intended, false))
    }),
    writer("invokeai-film", SAYS, &[Container::Mp4, Container::Webm], as_it_is, |intended, _, _| {
        let whole = object(&[
            ("invokeai_metadata", request(intended, true).into()),
            ("invokeai_graph", graph(intended).into()),
        ]);
        Notes::default().beside("json", whole)
    }),
    writer("invokeai-graph", LINE, PNG, as_it_is, |intended, _, _| {
        Notes::default().text("invokeai_graph", graph(intended))
    }),
    writer("invokeai-2", MODELLED, PNG, bracketed, |intended, _, dice| {
        let notes = Notes::default().text("sd-metadata", second(intended, dice));
        notes.text("Dream", line(intended))
    }),
    writer("invokeai-dream", LINE, PNG, bracketed, |intended, _, _| {
        Notes::default().text("Dream", line(intended))
    }),
    // What the graph holds was wired, so that it says less than what stands beside it.
    writer("invokeai-3-pair", SAYS, PNG, as_it_is, |intended, _, _| {
        Notes::default()
            .text("invokeai_metadata", request(intended, false))
            .text("invokeai_graph", third_graph(intended, false))
            .text("invokeai_workflow", workflow(intended))
    }),
    writer("invokeai-3-graph", MODELLED, PNG, as_it_is, |intended, _, _| {
        Notes::default().text("invokeai_graph", third_graph(intended, true))
    }),
    writer("invokeai-preview", MODELLED, PNG, as_it_is, |intended, _, _| {
        Notes::default().text("invokeai", preview(intended))
    }),
];

const fn writer(
    name: &'static str,
    says: &'static [Field],
    containers: &'static [Container],
    adapt: fn(&mut Intended),
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some("invokeai"),
        says,
        containers,
        folder: "invokeai/outputs/images/%d",
        file_name: "%s-%n",
        of_comfy: true,
        adapt,
        write,
    }
}

/// Negative words stand in brackets, and all of it in quotes on one line.
fn bracketed(intended: &mut Intended) {
    for text in [&mut intended.positive, &mut intended.negative] {
        let kept: String = text
            .chars()
            .map(|c| if matches!(c, '[' | ']' | '"' | '\\' | '<' | '>') { ' ' } else { c })
            .collect();
        *text = kept.split_whitespace().collect::<Vec<_>>().join(" ");
        // What an option looks like.
        *text = text.replace(" -", " ~");
    }
}

fn prompts(intended: &Intended) -> String {
    match intended.negative.as_str() {
        "" => intended.positive.clone(),
        negative => format!("{} [{negative}]", intended.positive),
    }
}

fn line(intended: &Intended) -> String {
    format!(
        "\"{}\" -s {} -S {} -W {} -H {} -C {} -A {}",
        prompts(intended),
        intended.steps,
        intended.seed,
        intended.width,
        intended.height,
        intended.cfg,
        intended.sampler
    )
}

/// The prompt as text, or as weighted parts, of one picture or in a list of pictures.
fn second(intended: &Intended, dice: &mut Dice) -> String {
    let prompt = prompts(intended);
    let prompt = if dice.chance(50) { json!([{"prompt": prompt, "weight": 1.0}]) } else { prompt.into() };
    let image = json!({
        "prompt": prompt, "steps": intended.steps, "cfg_scale": intended.cfg, "threshold": 0, "perlin": 0, "width": intended.width,
        "height": intended.height, "seamless": false, "hires_fix": false, "type": "txt2img", "postprocessing": null,
        "sampler": intended.sampler, "variations": [], "seed": intended.seed
    });
    let (key, image) = if dice.chance(50) { ("image", image) } else { ("images", json!([image])) };
    object(&[
        ("model", "stable diffusion".into()),
        ("model_weights", intended.model.clone().into()),
        ("model_hash", format!("{:f<64}", intended.model_hash).into()),
        ("app_id", "invoke-ai/InvokeAI".into()),
        ("app_version", "2.2.5".into()),
        (key, image),
    ])
}

fn request(intended: &Intended, is_new: bool) -> String {
    let hash = format!("blake3:{:0<64}", intended.model_hash);
    let named = |name: &str, kind: &str| {
        if is_new {
            json!({"key": "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e", "hash": hash, "name": name, "base": "sdxl", "type": kind})
        } else {
            json!({"model_name": name, "base_model": "sdxl", "model_type": kind})
        }
    };
    let adapter = |lora: &Adapter| {
        if is_new {
            json!({"model": named(&lora.name, "lora"), "weight": lora.weight})
        } else {
            json!({"lora": {"model_name": lora.name, "base_model": "sdxl"}, "weight": lora.weight})
        }
    };
    let mut members = vec![
        ("generation_mode", "sdxl_txt2img".into()),
        ("positive_prompt", intended.positive.clone().into()),
        ("negative_prompt", intended.negative.clone().into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("seed", intended.seed.into()),
        ("rand_device", "cpu".into()),
        ("cfg_scale", intended.cfg.into()),
        ("cfg_rescale_multiplier", 0.0.into()),
        ("steps", intended.steps.into()),
        ("scheduler", intended.sampler.clone().into()),
        ("model", named(&intended.model, "main")),
        ("controlnets", json!([])),
        ("ipAdapters", json!([])),
        ("t2iAdapters", json!([])),
        ("loras", intended.loras.iter().map(adapter).collect::<Vec<_>>().into()),
        ("vae", named(&intended.vae, "vae")),
        ("seamless_x", false.into()),
        ("seamless_y", false.into()),
        ("refiner_model", Value::Null),
    ];
    if is_new {
        let layers = json!({"rasterLayers": [{"id": "raster_layer:x", "isEnabled": true, "objects": [[1, 2, 3, 4]]}], "controlLayers": []});
        members.push(("canvas_v2_metadata", layers));
    }
    members.push(("app_version", if is_new { "5.6.0" } else { "3.4.0" }.into()));
    object(&members)
}

/// What was run: the fields that are wired are null in the node that holds the others.
fn graph(intended: &Intended) -> String {
    let node = |id: &str, kind: &str, own: Value| {
        let mut node = json!({"id": id, "type": kind, "is_intermediate": true, "use_cache": true});
        if let (Value::Object(node), Value::Object(own)) = (&mut node, own) {
            node.extend(own);
        }
        (id.to_owned(), node)
    };
    let nodes: serde_json::Map<String, Value> = [
        node("positive_prompt:aB3", "string", json!({"value": intended.positive})),
        node("seed:cD4", "integer", json!({"value": intended.seed})),
        node("pos_cond:eF5", "sdxl_compel_prompt", json!({"prompt": "", "style": ""})),
        node(
            "neg_cond:gH6",
            "sdxl_compel_prompt",
            json!({"prompt": intended.negative, "style": intended.negative}),
        ),
        node("noise:iJ7", "noise", json!({"seed": null, "width": intended.width, "height": intended.height, "use_cpu": true})),
        node(
            "denoise_latents:kL8",
            "denoise_latents",
            json!({"steps": intended.steps, "cfg_scale": intended.cfg, "scheduler": intended.sampler, "denoising_start": 0, "denoising_end": 1}),
        ),
        node(
            "core_metadata:mN9",
            "core_metadata",
            json!({
                "generation_mode": "sdxl_txt2img", "positive_prompt": null, "negative_prompt": intended.negative, "seed": null,
                "width": intended.width, "height": intended.height, "steps": intended.steps, "cfg_scale": intended.cfg,
                "scheduler": intended.sampler
            }),
        ),
    ]
    .into_iter()
    .collect();
    let edge = |from: &str, out: &str, to: &str, into: &str| json!({"source": {"node_id": from, "field": out}, "destination": {"node_id": to, "field": into}});
    let edges = [
        edge("positive_prompt:aB3", "value", "pos_cond:eF5", "prompt"),
        edge("positive_prompt:aB3", "value", "core_metadata:mN9", "positive_prompt"),
        edge("seed:cD4", "value", "noise:iJ7", "seed"),
        edge("seed:cD4", "value", "core_metadata:mN9", "seed"),
        edge("pos_cond:eF5", "conditioning", "denoise_latents:kL8", "positive_conditioning"),
        edge("neg_cond:gH6", "conditioning", "denoise_latents:kL8", "negative_conditioning"),
        edge("noise:iJ7", "noise", "denoise_latents:kL8", "noise"),
    ];
    object(&[("id", "sdxl_graph:oP0".into()), ("nodes", nodes.into()), ("edges", edges.to_vec().into())])
}

fn workflow(intended: &Intended) -> String {
    let node = json!({"id": "x", "type": "invocation", "data": {"type": "denoise_latents", "inputs": {"steps": {"value": intended.steps}}}});
    object(&[
        ("name", "".into()),
        ("nodes", json!([node])),
        ("edges", json!([])),
        ("meta", json!({"version": "3.0.0"})),
    ])
}

/// A graph of the third generation: encoders with their words, and a node that gathers what was asked for.
fn third_graph(intended: &Intended, is_alone: bool) -> String {
    let model = json!({"model_name": intended.model, "base_model": "sdxl", "model_type": "main"});
    let mut nodes = serde_json::Map::new();
    let mut add = |id: &str, kind: &str, own: Value| {
        let mut node = json!({"id": id, "type": kind, "is_intermediate": true, "workflow": null});
        if let (Value::Object(node), Value::Object(own)) = (&mut node, own) {
            node.extend(own);
        }
        nodes.insert(id.to_owned(), node);
    };
    add("sdxl_model_loader", "sdxl_model_loader", json!({"model": model}));
    for (id, text) in
        [("positive_conditioning", &intended.positive), ("negative_conditioning", &intended.negative)]
    {
        add(
            id,
            "sdxl_compel_prompt",
            json!({"prompt": text, "style": text, "original_width": 1_024, "original_height": 1_024}),
        );
    }
    let sides =
        json!({"seed": intended.seed, "width": intended.width, "height": intended.height, "use_cpu": true});
    add("noise", "noise", sides);
    let passes = json!({
        "steps": intended.steps, "cfg_scale": intended.cfg, "scheduler": intended.sampler, "denoising_start": 0, "denoising_end": 1
    });
    add("sdxl_denoise_latents", "denoise_latents", passes);
    add("latents_to_image", "l2i", json!({"tiled": false, "fp32": true}));
    let gathered = json!({
        "generation_mode": "sdxl_txt2img", "cfg_scale": intended.cfg, "width": intended.width, "height": intended.height,
        "positive_prompt": if is_alone { Value::from("") } else { intended.positive.clone().into() }, "negative_prompt": intended.negative,
        "model": model, "seed": null, "steps": intended.steps, "rand_device": "cpu", "scheduler": intended.sampler, "clip_skip": 0,
        "controlnets": [], "loras": []
    });
    let kind = if is_alone { "core_metadata" } else { "metadata_accumulator" };
    add(kind, kind, gathered);
    let edge = |from: &str, out: &str, to: &str, into: &str| json!({"source": {"node_id": from, "field": out}, "destination": {"node_id": to, "field": into}});
    let edges = [
        edge("sdxl_model_loader", "unet", "sdxl_denoise_latents", "unet"),
        edge("positive_conditioning", "conditioning", "sdxl_denoise_latents", "positive_conditioning"),
        edge("negative_conditioning", "conditioning", "sdxl_denoise_latents", "negative_conditioning"),
        edge("noise", "noise", "sdxl_denoise_latents", "noise"),
        edge("sdxl_denoise_latents", "latents", "latents_to_image", "latents"),
        edge(kind, "metadata", "latents_to_image", "metadata"),
    ];
    object(&[
        ("id", "sdxl_text_to_image_graph".into()),
        ("nodes", nodes.into()),
        ("edges", edges.to_vec().into()),
    ])
}

/// As it was written before the third generation was out.
fn preview(intended: &Intended) -> String {
    object(&[
        ("type", "t2l".into()),
        ("positive_conditioning", intended.positive.clone().into()),
        ("negative_conditioning", intended.negative.clone().into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("seed", intended.seed.into()),
        ("cfg_scale", intended.cfg.into()),
        ("steps", intended.steps.into()),
        ("scheduler", intended.sampler.clone().into()),
        ("model", intended.model.clone().into()),
        ("strength", Value::Null),
        ("latents", Value::Null),
        ("vae", Value::Null),
        ("unet", "UNet2DConditionModel".into()),
        ("clip", "CLIPTextModel".into()),
        ("extra", Value::Null),
    ])
}
