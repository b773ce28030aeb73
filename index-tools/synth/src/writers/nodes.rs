//! Graphs of ComfyUI by nodes that other people wrote: texts put together of several, pipes, loaders that do
//! everything, services that are asked for a picture.

use serde_json::Value;

use super::graphs::{Graph, Out};
use super::shapes::{Fed, file, latent, loaders, sampled, saved};
use crate::dice::Dice;
use crate::intended::Intended;

/// A text as it is, or as nodes make it.
fn said(graph: &mut Graph, text: &str, dice: &mut Dice) -> Value {
    let own = |graph: &mut Graph, text: &str| {
        Value::from(graph.add("PrimitiveStringMultiline", vec![("value", text.into())]))
    };
    let is_said = |part: &str| !part.trim().is_empty() && part.trim() == part;
    let halves = text.split_once(", ").filter(|(one, two)| is_said(one) && is_said(two));
    match (dice.below(8), halves) {
        (0, _) => own(graph, text),
        (1, Some((one, two))) => {
            let one = own(graph, one);
            let parts = vec![("string_a", one), ("string_b", two.into()), ("delimiter", ", ".into())];
            graph.add("StringConcatenate", parts).into()
        }
        (2, Some((one, two))) => {
            let two = own(graph, two);
            let parts = vec![
                ("delimiter", ", ".into()),
                ("clean_whitespace", "false".into()),
                ("text_a", one.into()),
                ("text_b", two),
            ];
            graph.add("Text Concatenate", parts).into()
        }
        (3, _) => {
            let fed = own(graph, text);
            graph.add("ShowText|pysssss", vec![("text", fed), ("text_0", text.into())]).into()
        }
        (4, _) => {
            let fed = own(graph, &text.replace('e', "§§"));
            let parts = vec![("text", fed), ("find", "§§".into()), ("replace", "e".into())];
            graph.add("Text Find and Replace", parts).into()
        }
        (5, _) => {
            let (other, fed) = (own(graph, "what is not chosen"), own(graph, text));
            let inputs =
                vec![("select", 2.into()), ("sel_mode", false.into()), ("input1", other), ("input2", fed)];
            graph.add("ImpactSwitch", inputs).into()
        }
        (6, _) if !text.is_empty() => {
            let drawn = vec![
                ("wildcard_text", "a {red|blue} __animal__".into()),
                ("populated_text", text.into()),
                ("mode", "populate".into()),
                ("seed", 5.into()),
            ];
            graph.add("ImpactWildcardProcessor", drawn).into()
        }
        _ => text.into(),
    }
}

/// The usual graph whose texts come through nodes.
pub(super) fn texts(intended: &Intended, dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let (model, clip, vae) = loaders(&mut graph, intended);
    let mut encoded = |graph: &mut Graph, text: &str| {
        let text = said(graph, text, dice);
        graph.add("CLIPTextEncode", vec![("text", text), ("clip", Value::from(&clip))])
    };
    let positive = encoded(&mut graph, &intended.positive);
    let negative = encoded(&mut graph, &intended.negative);
    let empty = latent(&mut graph, intended, "EmptyLatentImage");
    let fed = Fed { model: &model, positive: &positive, negative: &negative, latent: &empty };
    let done = sampled(&mut graph, intended, intended.steps, 1.0, &fed);
    saved(&mut graph, &done, &vae);
    graph
}

fn settings(intended: &Intended) -> Vec<(&'static str, Value)> {
    vec![
        ("seed", intended.seed.into()),
        ("steps", intended.steps.into()),
        ("cfg", intended.cfg.into()),
        ("sampler_name", intended.sampler.clone().into()),
        ("scheduler", intended.scheduler.clone().into()),
        ("denoise", 1.into()),
    ]
}

/// Model, texts and decoder in one bundle, which is sometimes edited on its way.
pub(super) fn pipes(intended: &Intended, dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let (model, clip, vae) = loaders(&mut graph, intended);
    let encoded = |graph: &mut Graph, text: &str| -> Out {
        graph.add("CLIPTextEncode", vec![("text", text.into()), ("clip", Value::from(&clip))])
    };
    let is_edited = dice.chance(50);
    let first: &str = if is_edited { "words that are edited away" } else { &intended.positive };
    let (positive, negative) = (encoded(&mut graph, first), encoded(&mut graph, &intended.negative));
    let parts = vec![
        ("model", Value::from(&model)),
        ("clip", Value::from(&clip)),
        ("vae", Value::from(&vae)),
        ("positive", positive.into()),
        ("negative", negative.into()),
    ];
    let mut pipe = graph.add("ToBasicPipe", parts);
    if is_edited {
        let edited = encoded(&mut graph, &intended.positive);
        pipe = graph.add("EditBasicPipe", vec![("basic_pipe", pipe.into()), ("positive", edited.into())]);
    }
    let empty = latent(&mut graph, intended, "EmptyLatentImage");
    let mut inputs = settings(intended);
    inputs.extend([("basic_pipe", pipe.into()), ("latent_image", empty.into())]);
    let done = graph.add("ImpactKSamplerBasicPipe", inputs);
    let image = graph.add("VAEDecode", vec![("samples", done.slot(1).into()), ("vae", done.slot(2).into())]);
    graph.add("SaveImage", vec![("filename_prefix", "piped".into()), ("images", image.into())]);
    graph
}

/// One node that loads and encodes everything, and one that samples and decodes.
pub(super) fn efficient(intended: &Intended) -> Graph {
    let mut graph = Graph::new();
    let mut inputs: Vec<(&'static str, Value)> = vec![
        ("ckpt_name", file(&intended.model)),
        ("vae_name", file(&intended.vae)),
        ("clip_skip", (-i64::from(intended.clip_skip)).into()),
        ("lora_name", "None".into()),
        ("lora_model_strength", 1.into()),
        ("lora_clip_strength", 1.into()),
        ("positive", intended.positive.clone().into()),
        ("negative", intended.negative.clone().into()),
        ("token_normalization", "none".into()),
        ("weight_interpretation", "comfy".into()),
        ("empty_latent_width", intended.width.into()),
        ("empty_latent_height", intended.height.into()),
        ("batch_size", 1.into()),
    ];
    if !intended.loras.is_empty() {
        const NAMES: [[&str; 4]; 3] = [
            ["lora_name_1", "lora_wt_1", "model_str_1", "clip_str_1"],
            ["lora_name_2", "lora_wt_2", "model_str_2", "clip_str_2"],
            ["lora_name_3", "lora_wt_3", "model_str_3", "clip_str_3"],
        ];
        let count = intended.loras.len().min(NAMES.len());
        let mut stack = vec![("input_mode", "simple".into()), ("lora_count", count.into())];
        for (lora, [name, weight, of_model, of_clip]) in intended.loras.iter().zip(NAMES) {
            stack.extend([(name, file(&lora.name)), (weight, lora.weight.into())]);
            stack.extend([(of_model, 1.into()), (of_clip, 1.into())]);
        }
        let stack = graph.add("LoRA Stacker", stack);
        inputs.push(("lora_stack", stack.into()));
    }
    let loaded = graph.add("Efficient Loader", inputs);
    let mut inputs = settings(intended);
    inputs.extend([
        ("preview_method", "auto".into()),
        ("vae_decode", "true".into()),
        ("model", Value::from(&loaded)),
        ("positive", loaded.slot(1).into()),
        ("negative", loaded.slot(2).into()),
        ("latent_image", loaded.slot(3).into()),
        ("optional_vae", loaded.slot(4).into()),
    ]);
    let done = graph.add("KSampler (Efficient)", inputs);
    graph.add("SaveImage", vec![("filename_prefix", "efficient".into()), ("images", done.slot(5).into())]);
    graph
}

/// A service that makes a picture of a sentence; no sampler of one's own.
pub(super) fn service(intended: &Intended, dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let prompt = said(&mut graph, &intended.positive, dice);
    let asked = graph.add(
        "StabilityStableImageSD_3_5Node",
        vec![
            ("prompt", prompt),
            ("model", intended.model.clone().into()),
            ("aspect_ratio", "3:2".into()),
            ("style_preset", "None".into()),
            ("cfg_scale", intended.cfg.into()),
            ("seed", intended.seed.into()),
            ("image_denoise", 0.5.into()),
            ("negative_prompt", intended.negative.clone().into()),
        ],
    );
    graph.add("SaveImage", vec![("filename_prefix", "asked".into()), ("images", asked.into())]);
    graph
}
