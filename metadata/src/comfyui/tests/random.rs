//! Graphs made of an intended recipe in many ways read back that recipe, in either form.

use super::extra;
use crate::comfyui::parse;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What a graph is made for.
#[derive(Clone, Debug)]
struct Intended {
    positive: String,
    negative: String,
    steps: u32,
    seed: u64,
    cfg: f64,
    sampler: &'static str,
    scheduler: &'static str,
    size: (u32, u32),
    model: String,
    loras: Vec<(String, f64)>,
    hires: bool,
    other_saver: bool,
    /// What decides between equal ways of saying it.
    choices: Vec<u8>,
}

fn intended() -> impl Strategy<Value = Intended> {
    let text = "[a-zA-Z猫é😀,.() \n\"{}:'0-9]{0,60}[a-z]{2}";
    let choices = prop::collection::vec(any::<u8>(), 64);
    let numbers = (1..150_u32, any::<u64>(), 1..40_u32, 1..2048_u32, 1..2048_u32);
    let loras = prop::collection::vec(("[a-z]{3,8}", 1..20_u32), 0..4);
    (text, text, numbers, "[a-z]{3,9}", loras, any::<(bool, bool)>(), choices).prop_map(
        |(
            positive,
            negative,
            (steps, seed, cfg, width, height),
            model,
            loras,
            (hires, other_saver),
            choices,
        )| Intended {
            positive,
            negative,
            steps,
            seed,
            cfg: f64::from(cfg) / 2.0,
            sampler: ["euler", "dpmpp_2m", "heun"][usize::from(choices[0]) % 3],
            scheduler: ["karras", "simple", "beta"][usize::from(choices[1]) % 3],
            size: (width, height),
            model,
            loras: loras
                .into_iter()
                .enumerate()
                .map(|(nth, (name, weight))| (format!("{name}{nth}"), f64::from(weight) / 10.0))
                .collect(),
            hires,
            other_saver,
            choices,
        },
    )
}

/// Puts a graph together.
struct Builder {
    nodes: Map<String, Value>,
    choices: Vec<u8>,
    n_chosen: usize,
}

impl Builder {
    fn choose(&mut self, n: u8) -> u8 {
        self.n_chosen += 1;
        self.choices[self.n_chosen % self.choices.len()] % n
    }

    fn add(&mut self, class: &str, inputs: Value) -> String {
        let id = match self.choose(3) {
            0 => format!("{}", self.nodes.len() + 10),
            1 => format!("30:{}", self.nodes.len()),
            _ => format!("{class}_{}", self.nodes.len()),
        };
        self.nodes.insert(id.clone(), json!({"class_type": class, "inputs": inputs}));
        id
    }

    /// A text as a literal or as a link to what says it.
    fn text(&mut self, text: &str) -> Value {
        let own = |builder: &mut Self, text: &str| {
            json!([builder.add("PrimitiveStringMultiline", json!({"value": text})), 0])
        };
        match self.choose(8) {
            1 => own(self, text),
            2 => match text
                .split_once(", ")
                .filter(|(one, two)| !one.trim().is_empty() && !two.trim().is_empty())
            {
                Some((one, two)) => {
                    let one = own(self, one);
                    json!([self.add("Text Concatenate", json!({"delimiter": ", ", "clean_whitespace": "false", "text_b": two, "text_a": one})), 0])
                }
                None => json!(text),
            },
            3 => {
                let link = own(self, text);
                json!([self.add("ShowText|pysssss", json!({"text": link, "text_0": text})), 0])
            }
            4 => {
                let link = own(self, &text.replace('e', "§§"));
                json!([
                    self.add("Text Find and Replace", json!({"text": link, "find": "§§", "replace": "e"})),
                    0
                ])
            }
            5 => {
                let (link, other) = (own(self, text), own(self, "another text"));
                json!([
                    self.add(
                        "ImpactSwitch",
                        json!({"select": 2, "sel_mode": false, "input1": other, "input2": link})
                    ),
                    0
                ])
            }
            6 => {
                let link = own(self, text);
                json!([self.add("Reroute", json!({"": link})), 0])
            }
            _ => json!(text),
        }
    }

    fn conditioning(&mut self, text: &str, clip: &Value) -> Value {
        let said = self.text(text);
        let (class, inputs) = match self.choose(4) {
            1 => ("CLIPTextEncodeFlux", json!({"clip": clip, "clip_l": "", "t5xxl": said, "guidance": 3.5})),
            2 => (
                "CLIPTextEncodeSDXL",
                json!({"clip": clip, "text_g": said, "text_l": said, "width": 1024, "height": 1024}),
            ),
            _ => ("CLIPTextEncode", json!({"clip": clip, "text": said})),
        };
        let mut link = json!([self.add(class, inputs), 0]);
        for _ in 0..self.choose(3) {
            let (class, inputs) = match self.choose(5) {
                0 => ("FluxGuidance", json!({"conditioning": link, "guidance": 3.5})),
                1 => ("ControlNetApply", json!({"conditioning": link, "strength": 1})),
                2 => ("ConditioningSetTimestepRange", json!({"conditioning": link, "start": 0, "end": 1})),
                3 => ("Reroute", json!({"": link})),
                _ => ("easy ifElse", json!({"boolean": true, "on_true": link})),
            };
            link = json!([self.add(class, inputs), 0]);
        }
        link
    }

    /// A value as a literal or as a link.
    fn value(&mut self, value: Value) -> Value {
        match self.choose(4) {
            1 => json!([self.add("PrimitiveInt", json!({"value": value})), 0]),
            2 => {
                let link = json!([self.add("INTConstant", json!({"value": value})), 0]);
                json!([self.add("Reroute", json!({"": link})), 0])
            }
            _ => value,
        }
    }

    fn model(&mut self, recipe: &Intended) -> (Value, Value) {
        let file = format!("dir\\{}.safetensors", recipe.model);
        let (mut model, mut clip) = if self.choose(2) == 0 {
            let id = self.add("CheckpointLoaderSimple", json!({"ckpt_name": file}));
            (json!([id, 0]), json!([id, 1]))
        } else {
            let loader = self
                .add("DualCLIPLoader", json!({"clip_name1": "l.safetensors", "clip_name2": "t.safetensors"}));
            (json!([self.add("UNETLoader", json!({"unet_name": file})), 0]), json!([loader, 0]))
        };
        if recipe.loras.is_empty() {
            return (model, clip);
        }
        let files: Vec<_> =
            recipe.loras.iter().map(|(name, weight)| (format!("x/{name}.safetensors"), *weight)).collect();
        match self.choose(3) {
            0 => {
                for (name, weight) in files {
                    let id = self.add("LoraLoader", json!({"lora_name": name, "strength_model": weight, "strength_clip": 1, "model": model, "clip": clip}));
                    (model, clip) = (json!([id, 0]), json!([id, 1]));
                }
            }
            1 => {
                let mut inputs = json!({"model": model, "clip": clip, "lora_9": {"on": false, "lora": "off", "strength": 1}});
                for (nth, (name, weight)) in files.iter().enumerate() {
                    inputs[format!("lora_{}", nth + 1)] =
                        json!({"on": true, "lora": name, "strength": weight});
                }
                let id = self.add("Power Lora Loader (rgthree)", inputs);
                (model, clip) = (json!([id, 0]), json!([id, 1]));
            }
            _ => {
                let mut inputs = json!({});
                for nth in 0..4 {
                    let (name, weight) = files.get(nth).cloned().unwrap_or(("None".to_owned(), 1.0));
                    inputs[format!("switch_{}", nth + 1)] = json!("On");
                    inputs[format!("lora_name_{}", nth + 1)] = json!(name);
                    inputs[format!("model_weight_{}", nth + 1)] = json!(weight);
                    inputs[format!("clip_weight_{}", nth + 1)] = json!(1);
                }
                let stack = json!([self.add("CR LoRA Stack", inputs), 0]);
                let id = self
                    .add("CR Apply LoRA Stack", json!({"model": model, "clip": clip, "lora_stack": stack}));
                (model, clip) = (json!([id, 0]), json!([id, 1]));
            }
        }
        (model, clip)
    }

    /// The base pass; its latent.
    fn base(&mut self, recipe: &Intended, model: &Value, mut positive: Value, mut negative: Value) -> Value {
        let (width, height) = (self.value(json!(recipe.size.0)), self.value(json!(recipe.size.1)));
        let latent = json!([
            self.add("EmptyLatentImage", json!({"width": width, "height": height, "batch_size": 1})),
            0
        ]);
        let (seed, steps) = (self.value(json!(recipe.seed)), self.value(json!(recipe.steps)));
        match self.choose(4) {
            0 => {
                let id = self.add(
                    "ControlNetApplyAdvanced",
                    json!({"positive": positive, "negative": negative, "strength": 1}),
                );
                (positive, negative) = (json!([id, 0]), json!([id, 1]));
            }
            1 => {
                let pipe = json!([
                    self.add(
                        "ToBasicPipe",
                        json!({"model": model, "positive": positive, "negative": negative})
                    ),
                    0
                ]);
                let id = self.add("FromBasicPipe", json!({"basic_pipe": pipe}));
                (positive, negative) = (json!([id, 3]), json!([id, 4]));
            }
            _ => {}
        }
        let (sampler, scheduler, cfg) = (recipe.sampler, recipe.scheduler, recipe.cfg);
        let id = match self.choose(4) {
            0 => self.add("KSamplerAdvanced", json!({"add_noise": "enable", "noise_seed": seed, "steps": steps, "cfg": cfg, "sampler_name": sampler,
                "scheduler": scheduler, "start_at_step": 0, "end_at_step": 10000, "return_with_leftover_noise": "disable", "model": model,
                "positive": positive, "negative": negative, "latent_image": latent})),
            1 => {
                let solver = json!([self.add("KSamplerSelect", json!({"sampler_name": sampler})), 0]);
                let sigmas = json!([self.add("BasicScheduler", json!({"scheduler": scheduler, "steps": steps, "denoise": 1, "model": model})), 0]);
                let noise = json!([self.add("RandomNoise", json!({"noise_seed": seed})), 0]);
                let guider = json!([self.add("CFGGuider", json!({"cfg": cfg, "model": model, "positive": positive, "negative": negative})), 0]);
                self.add("SamplerCustomAdvanced", json!({"noise": noise, "guider": guider, "sampler": solver, "sigmas": sigmas, "latent_image": latent}))
            }
            _ => self.add("KSampler", json!({"seed": seed, "steps": steps, "cfg": cfg, "sampler_name": sampler, "scheduler": scheduler, "denoise": 1,
                "model": model, "positive": positive, "negative": negative, "latent_image": latent})),
        };
        json!([id, 0])
    }

    fn save(&mut self, latent: &Value, prefix: &str) {
        let image = json!([self.add("VAEDecode", json!({"samples": latent, "vae": ["none", 0]})), 0]);
        self.add("SaveImage", json!({"images": image, "filename_prefix": prefix}));
    }
}

fn built(recipe: &Intended) -> Map<String, Value> {
    let mut builder = Builder { nodes: Map::new(), choices: recipe.choices.clone(), n_chosen: 2 };
    let (model, clip) = builder.model(recipe);
    let (positive, negative) =
        (builder.conditioning(&recipe.positive, &clip), builder.conditioning(&recipe.negative, &clip));
    let mut latent = builder.base(recipe, &model, positive.clone(), negative.clone());
    if recipe.hires {
        let larger = json!([
            builder.add(
                "LatentUpscaleBy",
                json!({"samples": latent, "upscale_method": "bicubic", "scale_by": 1.5})
            ),
            0
        ]);
        let id = builder.add("KSampler", json!({"seed": 1, "steps": 777, "cfg": 3, "sampler_name": "ddim", "scheduler": "normal", "denoise": 0.5,
            "model": model, "positive": positive, "negative": negative, "latent_image": larger}));
        latent = json!([id, 0]);
    }
    builder.save(&latent, "wanted/tower");
    if recipe.other_saver {
        let other = Intended { steps: 999, seed: 4, positive: "not this".to_owned(), ..recipe.clone() };
        let positive = builder.conditioning(&other.positive, &clip);
        let latent = builder.base(&other, &model, positive, negative);
        builder.save(&latent, "unwanted");
    }
    builder.nodes
}

/// The same graph as the editor keeps it, every value an input with its name.
fn as_editor(nodes: &Map<String, Value>) -> Value {
    let (mut links, mut kept) = (Vec::new(), Vec::new());
    for (id, node) in nodes {
        let (mut inputs, mut values) = (Vec::new(), Vec::new());
        for (name, value) in node["inputs"].as_object().unwrap() {
            match value.as_array() {
                Some(link) => {
                    links.push(json!([links.len() + 1, link[0], link[1], id, inputs.len(), "X"]));
                    inputs.push(json!({"name": name, "type": "X", "link": links.len()}));
                }
                None => {
                    inputs.push(json!({"name": name, "type": "X", "widget": {"name": name}, "link": null}));
                    values.push(value.clone());
                    if name.ends_with("seed") {
                        values.push(json!("randomize"));
                    }
                }
            }
        }
        kept.push(json!({"id": id, "type": node["class_type"], "mode": 0, "inputs": inputs, "outputs": [], "widgets_values": values}));
    }
    json!({"version": 0.4, "nodes": kept, "links": links})
}

fn check(text: &str, intended: &Intended) -> Result<(), TestCaseError> {
    let read = parse(text, "tower_00012_.png").unwrap();
    prop_assert_eq!(read.positive.as_str(), intended.positive.trim());
    prop_assert_eq!(read.negative.as_str(), intended.negative.trim());
    prop_assert_eq!(read.steps, Some(intended.steps));
    prop_assert_eq!(read.seed.clone(), Some(intended.seed.to_string()));
    prop_assert_eq!(read.cfg, Some(intended.cfg));
    prop_assert_eq!(read.sampler.as_deref(), Some(intended.sampler));
    prop_assert_eq!(read.scheduler.as_deref(), Some(intended.scheduler));
    prop_assert_eq!(read.width.zip(read.height), Some(intended.size));
    prop_assert_eq!(read.model.as_deref(), Some(intended.model.as_str()));
    let loras: Vec<_> = read.loras.iter().map(|lora| (lora.name.clone(), lora.weight)).collect();
    prop_assert_eq!(&loras, &intended.loras);
    let hires = ["Hires upscale", "Hires steps", "Denoising strength"].map(|key| extra(&read, key));
    let expected = if intended.hires { [Some("1.5"), Some("777"), Some("0.5")] } else { [None; 3] };
    prop_assert_eq!(hires, expected);
    Ok(())
}

proptest! {
    #[test]
    fn what_was_intended_is_read(intended in intended()) {
        let nodes = built(&intended);
        check(&Value::Object(nodes.clone()).to_string(), &intended)?;
        check(&as_editor(&nodes).to_string(), &intended)?;
    }
}
