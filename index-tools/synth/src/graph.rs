//! JSON of ComfyUI and NovelAI: graphs and comments, with every character beyond ASCII escaped, as
//! Python's writers do.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::recipe::{BatchRecipe, decimal};

/// ComfyUI's API graph: loader, adapters in a chain, two texts, one sampler, one saver.
pub(crate) fn api_graph(recipe: &BatchRecipe, seed: u64, file_prefix: &str) -> String {
    let mut nodes = Map::new();
    let mut add = |id: String, class: &str, inputs: Value, title: &str| {
        let node = json!({"inputs": inputs, "class_type": class, "_meta": {"title": title}});
        nodes.insert(id, node);
    };
    let checkpoint = format!("{}.safetensors", recipe.model);
    add("4".into(), "CheckpointLoaderSimple", json!({"ckpt_name": checkpoint}), "Load Checkpoint");
    let mut model = json!(["4", 0]);
    let mut clip = json!(["4", 1]);
    for (nth, lora) in recipe.loras.iter().enumerate() {
        let id = (10 + nth).to_string();
        let weight = f64::from(lora.weight_percent) / 100.0;
        let inputs = json!({
            "lora_name": format!("{}.safetensors", lora.name),
            "strength_model": weight, "strength_clip": weight, "model": model, "clip": clip,
        });
        model = json!([id, 0]);
        clip = json!([id, 1]);
        add(id, "LoraLoader", inputs, "Load LoRA");
    }
    add(
        "5".into(),
        "EmptyLatentImage",
        json!({"width": recipe.width, "height": recipe.height, "batch_size": 1}),
        "Empty Latent Image",
    );
    for (id, text) in [("6", &recipe.positive), ("7", &recipe.negative)] {
        add(id.into(), "CLIPTextEncode", json!({"text": text, "clip": clip}), "CLIP Text Encode (Prompt)");
    }
    let sampling = json!({
        "seed": seed, "steps": recipe.steps, "cfg": f64::from(recipe.cfg_tenths) / 10.0,
        "sampler_name": recipe.comfy_sampler, "scheduler": comfy_scheduler(recipe), "denoise": 1.0,
        "model": model, "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
    });
    add("3".into(), "KSampler", sampling, "KSampler");
    add("8".into(), "VAEDecode", json!({"samples": ["3", 0], "vae": ["4", 2]}), "VAE Decode");
    add("9".into(), "SaveImage", json!({"filename_prefix": file_prefix, "images": ["8", 0]}), "Save Image");
    ascii(&Value::Object(nodes).to_string())
}

/// ComfyUI's scheduler word for the recipe's.
pub(crate) fn comfy_scheduler(recipe: &BatchRecipe) -> &'static str {
    match recipe.scheduler {
        "Karras" => "karras",
        "Exponential" => "exponential",
        _ => "sgm_uniform",
    }
}

/// ComfyUI's editor graph, kept short: the nodes that hold the texts and the seed.
pub(crate) fn workflow(recipe: &BatchRecipe, seed: u64) -> String {
    let node = |id: u32, class: &str, widgets: Value| json!({"id": id, "type": class, "pos": [100 * id, 200], "mode": 0, "widgets_values": widgets});
    let sampling = json!([
        seed,
        "randomize",
        recipe.steps,
        f64::from(recipe.cfg_tenths) / 10.0,
        recipe.comfy_sampler,
        comfy_scheduler(recipe),
        1
    ]);
    let nodes = json!([
        node(6, "CLIPTextEncode", json!([recipe.positive])),
        node(7, "CLIPTextEncode", json!([recipe.negative])),
        node(3, "KSampler", sampling),
    ]);
    let links = json!([[4, 6, 0, 3, 1, "CONDITIONING"], [6, 7, 0, 3, 2, "CONDITIONING"]]);
    ascii(
        &json!({"last_node_id": 9, "last_link_id": 9, "nodes": nodes, "links": links, "version": 0.4})
            .to_string(),
    )
}

/// NovelAI's comment, of its third model generation.
pub(crate) fn novelai_comment(recipe: &BatchRecipe, seed: u64) -> String {
    let comment = json!({
        "prompt": recipe.positive, "steps": recipe.steps, "height": recipe.height, "width": recipe.width,
        "scale": f64::from(recipe.cfg_tenths) / 10.0, "uncond_scale": 1.0, "cfg_rescale": 0.0, "seed": seed,
        "n_samples": 1, "noise_schedule": comfy_scheduler(recipe), "sampler": novelai_sampler(recipe),
        "sm": false, "sm_dyn": false, "request_type": "PromptGenerateRequest", "uc": recipe.negative,
    });
    ascii(&comment.to_string())
}

/// NovelAI's sampler word for the recipe's.
pub(crate) fn novelai_sampler(recipe: &BatchRecipe) -> String {
    format!("k_{}", recipe.comfy_sampler)
}

/// NovelAI's `Generation time`, in seconds.
pub(crate) fn novelai_time(recipe: &BatchRecipe) -> String {
    decimal(recipe.steps * 1_307 + recipe.cfg_tenths, 4)
}

/// The same JSON with `\u` escapes for everything beyond ASCII.
pub(crate) fn ascii(json: &str) -> String {
    if json.is_ascii() {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len() * 2);
    let mut units = [0; 2];
    for letter in json.chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}
