//! Graphs of ComfyUI in the shapes people build: what feeds what, in API form and as the editor keeps it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::graph::ascii;
use crate::intended::Intended;

/// A node: class, title, inputs in the order of its widgets.
struct Node {
    id: String,
    class: &'static str,
    inputs: Vec<(&'static str, Value)>,
}

/// A graph in the making.
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// Put before each id, as the nodes of a subgraph have it.
    inside: &'static str,
}

/// An output: node and slot.
#[derive(Clone)]
pub(super) struct Out(String, u32);

impl Out {
    fn slot(&self, slot: u32) -> Self {
        Self(self.0.clone(), slot)
    }
}

impl From<Out> for Value {
    fn from(out: Out) -> Self {
        json!([out.0, out.1])
    }
}

impl From<&Out> for Value {
    fn from(out: &Out) -> Self {
        json!([out.0, out.1])
    }
}

impl Graph {
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), inside: "" }
    }

    /// A node; answers its first output.
    fn add(&mut self, class: &'static str, inputs: Vec<(&'static str, Value)>) -> Out {
        let id = format!("{}{}", self.inside, self.nodes.len() + 3);
        self.nodes.push(Node { id: id.clone(), class, inputs });
        Out(id, 0)
    }

    /// The graph that was run, its nodes in any order, escaped as Python does.
    pub(super) fn api(&self, dice: &mut Dice) -> String {
        let mut order: Vec<&Node> = self.nodes.iter().collect();
        dice.shuffle(&mut order);
        let nodes: Vec<_> = order.iter().map(|node| format!("{}: {}", quote(&node.id), node.api())).collect();
        ascii(&format!("{{{}}}", nodes.join(", ")))
    }

    /// The graph that the editor shows, with places, sizes and widgets.
    pub(super) fn editor(&self) -> String {
        let mut links = Vec::new();
        let place = |id: &str| self.nodes.iter().position(|node| node.id == id).unwrap_or_default();
        let mut nodes = Vec::new();
        for (nth, node) in self.nodes.iter().enumerate() {
            let (mut inputs, mut widgets) = (Vec::new(), Vec::new());
            for (name, value) in &node.inputs {
                if let Some((from, slot)) = linked(value) {
                    let link = links.len() + 1;
                    links.push(json!([link, place(from) + 3, slot, nth + 3, inputs.len(), kind_of(name)]));
                    inputs.push(json!({"name": name, "type": kind_of(name), "link": link}));
                } else {
                    widgets.push(value.clone());
                    if matches!(*name, "seed" | "noise_seed") {
                        widgets.push("randomize".into());
                    }
                }
            }
            nodes.push((nth, node.class, inputs, widgets));
        }
        let nodes: Vec<_> = nodes
            .into_iter()
            .map(|(nth, class, inputs, widgets)| {
                let outputs = outputs(nth + 3, &links);
                json!({
                    "id": nth + 3, "type": class, "pos": [340 * (nth / 4), 180 * (nth % 4)], "size": [315, 98], "flags": {}, "order": nth,
                    "mode": 0, "inputs": inputs, "outputs": outputs, "properties": {"Node name for S&R": class, "cnr_id": "comfy-core"},
                    "widgets_values": widgets
                })
            })
            .collect();
        let whole = json!({
            "id": "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e", "revision": 0, "last_node_id": nodes.len() + 2, "last_link_id": links.len(),
            "nodes": nodes, "links": links, "groups": [], "config": {},
            "extra": {"ds": {"scale": 0.8, "offset": [120.5, -33.25]}, "frontendVersion": "1.25.11"}, "version": 0.4
        });
        ascii(&whole.to_string())
    }
}

impl Node {
    fn api(&self) -> String {
        let mut inputs = String::new();
        for (nth, (name, value)) in self.inputs.iter().enumerate() {
            let _ = write!(inputs, "{}{}: {value}", if nth == 0 { "" } else { ", " }, quote(name));
        }
        let class = quote(self.class);
        format!("{{\"inputs\": {{{inputs}}}, \"class_type\": {class}, \"_meta\": {{\"title\": {class}}}}}")
    }
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

fn linked(value: &Value) -> Option<(&str, u64)> {
    let [from, slot] = &value.as_array()?[..] else { return None };
    Some((from.as_str()?, slot.as_u64()?))
}

/// The outputs of a node that something is linked to, and those before them.
fn outputs(id: usize, links: &[Value]) -> Vec<Value> {
    let from_here = |link: &&Value| link[1] == id;
    let last = links.iter().filter(from_here).filter_map(|link| link[2].as_u64()).max();
    let output = |slot: u64| {
        let own: Vec<_> = links.iter().filter(|link| link[1] == id && link[2] == slot).collect();
        let kind = own.first().map_or(json!("*"), |link| link[5].clone());
        let ids: Vec<_> = own.iter().map(|link| link[0].clone()).collect();
        json!({"name": kind, "type": kind, "slot_index": slot, "links": ids})
    };
    last.map_or_else(Vec::new, |last| (0..=last).map(output).collect())
}

/// The type of what goes into an input of this name.
fn kind_of(name: &str) -> &'static str {
    match name {
        "model" => "MODEL",
        "clip" => "CLIP",
        "vae" => "VAE",
        "positive" | "negative" | "conditioning" => "CONDITIONING",
        "latent_image" | "samples" => "LATENT",
        "pixels" | "image" | "images" => "IMAGE",
        "noise" => "NOISE",
        "guider" => "GUIDER",
        "sampler" => "SAMPLER",
        "sigmas" => "SIGMAS",
        "upscale_model" => "UPSCALE_MODEL",
        "control_net" => "CONTROL_NET",
        "bbox_detector" => "BBOX_DETECTOR",
        _ => "*",
    }
}

fn file(name: &str) -> Value {
    format!("{name}.safetensors").into()
}

/// Checkpoint, adapters one behind the other, layers left out: model, encoder, decoder.
fn loaders(graph: &mut Graph, intended: &Intended) -> (Out, Out, Out) {
    let loaded =
        graph.add("CheckpointLoaderSimple", vec![("ckpt_name", file(&format!("XL/{}", intended.model)))]);
    let (mut model, mut clip) = (loaded.clone(), loaded.slot(1));
    for lora in &intended.loras {
        let inputs = vec![
            ("lora_name", file(&lora.name)),
            ("strength_model", lora.weight.into()),
            ("strength_clip", lora.weight.into()),
            ("model", model.into()),
            ("clip", clip.into()),
        ];
        model = graph.add("LoraLoader", inputs);
        clip = model.slot(1);
    }
    if intended.clip_skip > 1 {
        let layer = -i64::from(intended.clip_skip);
        clip =
            graph.add("CLIPSetLastLayer", vec![("stop_at_clip_layer", layer.into()), ("clip", clip.into())]);
    }
    let vae = graph.add("VAELoader", vec![("vae_name", file(&intended.vae))]);
    (model, clip, vae)
}

fn latent(graph: &mut Graph, intended: &Intended, class: &'static str) -> Out {
    let sides =
        vec![("width", intended.width.into()), ("height", intended.height.into()), ("batch_size", 1.into())];
    graph.add(class, sides)
}

fn encoded(graph: &mut Graph, text: &str, clip: &Out) -> Out {
    graph.add("CLIPTextEncode", vec![("text", text.into()), ("clip", clip.into())])
}

/// What a sampler needs besides the settings.
struct Fed<'a> {
    model: &'a Out,
    positive: &'a Out,
    negative: &'a Out,
    latent: &'a Out,
}

fn sampled(graph: &mut Graph, intended: &Intended, steps: u32, denoise: f64, fed: &Fed<'_>) -> Out {
    graph.add(
        "KSampler",
        vec![
            ("seed", intended.seed.into()),
            ("steps", steps.into()),
            ("cfg", intended.cfg.into()),
            ("sampler_name", intended.sampler.clone().into()),
            ("scheduler", intended.scheduler.clone().into()),
            ("denoise", denoise.into()),
            ("model", fed.model.into()),
            ("positive", fed.positive.into()),
            ("negative", fed.negative.into()),
            ("latent_image", fed.latent.into()),
        ],
    )
}

fn saved(graph: &mut Graph, latent: &Out, vae: &Out) {
    let image = graph.add("VAEDecode", vec![("samples", latent.into()), ("vae", vae.into())]);
    graph.add("SaveImage", vec![("filename_prefix", "ComfyUI".into()), ("images", image.into())]);
}

/// One checkpoint, adapters, one sampler; a second pass if one is wanted.
pub(super) fn plain(intended: &Intended, dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    if dice.chance(25) {
        graph.inside = "30:";
    }
    let (model, clip, vae) = loaders(&mut graph, intended);
    let positive = encoded(&mut graph, &intended.positive, &clip);
    let negative = encoded(&mut graph, &intended.negative, &clip);
    let empty = latent(&mut graph, intended, "EmptyLatentImage");
    let fed = Fed { model: &model, positive: &positive, negative: &negative, latent: &empty };
    let mut done = sampled(&mut graph, intended, intended.steps, 1.0, &fed);
    if let Some(hires) = &intended.hires {
        let larger = graph.add(
            "LatentUpscaleBy",
            vec![
                ("upscale_method", "nearest-exact".into()),
                ("scale_by", hires.scale.into()),
                ("samples", done.into()),
            ],
        );
        done = sampled(&mut graph, intended, hires.steps, hires.denoise, &Fed { latent: &larger, ..fed });
    }
    saved(&mut graph, &done, &vae);
    graph
}

/// The same with guidance by an edge picture, a face that is drawn again, an upscaler, and a look between.
pub(super) fn studio(intended: &Intended, dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let (model, clip, vae) = loaders(&mut graph, intended);
    let mut ends =
        [encoded(&mut graph, &intended.positive, &clip), encoded(&mut graph, &intended.negative, &clip)];
    if dice.chance(60) {
        let net = graph.add("ControlNetLoader", vec![("control_net_name", file("control_canny"))]);
        let edges = graph.add("LoadImage", vec![("image", "edges.png".into()), ("upload", "image".into())]);
        let both = graph.add(
            "ControlNetApplyAdvanced",
            vec![
                ("strength", 0.7.into()),
                ("start_percent", 0.into()),
                ("end_percent", 0.8.into()),
                ("positive", Value::from(&ends[0])),
                ("negative", Value::from(&ends[1])),
                ("control_net", net.into()),
                ("image", edges.into()),
            ],
        );
        ends = [both.slot(0), both.slot(1)];
    }
    let empty = latent(&mut graph, intended, "EmptyLatentImage");
    let fed = Fed { model: &model, positive: &ends[0], negative: &ends[1], latent: &empty };
    let done = sampled(&mut graph, intended, intended.steps, 1.0, &fed);
    let mut image = graph.add("VAEDecode", vec![("samples", done.into()), ("vae", (&vae).into())]);
    graph.add("PreviewImage", vec![("images", Value::from(&image))]);
    for nth in 0..1 + dice.below(3) {
        let detector =
            graph.add("UltralyticsDetectorProvider", vec![("model_name", "bbox/face_yolov8m.pt".into())]);
        image = graph.add(
            "FaceDetailer",
            vec![
                ("guide_size", 512.into()),
                ("seed", (intended.seed / 2 + nth).into()),
                ("steps", 12.into()),
                ("cfg", 4.5.into()),
                ("sampler_name", "euler".into()),
                ("scheduler", "normal".into()),
                ("denoise", 0.4.into()),
                ("image", image.into()),
                ("model", Value::from(&model)),
                ("clip", Value::from(&clip)),
                ("vae", Value::from(&vae)),
                ("positive", Value::from(&ends[0])),
                ("negative", Value::from(&ends[1])),
                ("bbox_detector", detector.into()),
            ],
        );
    }
    let upscaler = graph.add("UpscaleModelLoader", vec![("model_name", "4x-FineGrain.pth".into())]);
    let image =
        graph.add("ImageUpscaleWithModel", vec![("upscale_model", upscaler.into()), ("image", image.into())]);
    for nth in 0..dice.below(40) {
        graph.add("Note", vec![("text", format!("what is to be tried next: {nth}").into())]);
    }
    graph.add("SaveImage", vec![("filename_prefix", "studio".into()), ("images", image.into())]);
    graph
}

/// SDXL: texts for both encoders, a base that stops early and a refiner that ends its work.
pub(super) fn refined(intended: &Intended, _: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let (model, clip, vae) = loaders(&mut graph, intended);
    let refiner = intended.refiner.clone().unwrap_or_else(|| "northlightRefiner_v1".to_owned());
    let second = graph.add("CheckpointLoaderSimple", vec![("ckpt_name", file(&refiner))]);
    let both = |graph: &mut Graph, text: &str| {
        let sides = [("width", intended.width), ("height", intended.height), ("crop_w", 0), ("crop_h", 0)];
        let mut inputs: Vec<(&'static str, Value)> = sides.map(|(name, side)| (name, side.into())).into();
        inputs.extend([("target_width", intended.width.into()), ("target_height", intended.height.into())]);
        inputs.extend([("text_g", text.into()), ("text_l", text.into()), ("clip", Value::from(&clip))]);
        graph.add("CLIPTextEncodeSDXL", inputs)
    };
    let (positive, negative) = (both(&mut graph, &intended.positive), both(&mut graph, &intended.negative));
    let for_refiner = |graph: &mut Graph, text: &str| {
        let sides =
            [("ascore", 6.into()), ("width", intended.width.into()), ("height", intended.height.into())];
        let inputs = sides.into_iter().chain([("text", text.into()), ("clip", second.slot(1).into())]);
        graph.add("CLIPTextEncodeSDXLRefiner", inputs.collect())
    };
    let last = [for_refiner(&mut graph, &intended.positive), for_refiner(&mut graph, &intended.negative)];
    let empty = latent(&mut graph, intended, "EmptyLatentImage");
    let stop = (intended.steps * 4 / 5).max(1);
    let pass = |graph: &mut Graph, is_first: bool, fed: &Fed<'_>| {
        graph.add(
            "KSamplerAdvanced",
            vec![
                ("add_noise", if is_first { "enable" } else { "disable" }.into()),
                ("noise_seed", if is_first { intended.seed } else { 0 }.into()),
                ("steps", intended.steps.into()),
                ("cfg", intended.cfg.into()),
                ("sampler_name", intended.sampler.clone().into()),
                ("scheduler", intended.scheduler.clone().into()),
                ("start_at_step", if is_first { 0 } else { stop }.into()),
                ("end_at_step", if is_first { stop } else { 10_000 }.into()),
                ("return_with_leftover_noise", if is_first { "enable" } else { "disable" }.into()),
                ("model", fed.model.into()),
                ("positive", fed.positive.into()),
                ("negative", fed.negative.into()),
                ("latent_image", fed.latent.into()),
            ],
        )
    };
    let fed = Fed { model: &model, positive: &positive, negative: &negative, latent: &empty };
    let done = pass(&mut graph, true, &fed);
    let fed = Fed { model: &second, positive: &last[0], negative: &last[1], latent: &done };
    let done = pass(&mut graph, false, &fed);
    saved(&mut graph, &done, &vae);
    graph
}

/// Flux: loaders apart, distilled guidance, noise, guider, sampler and sigmas as nodes of their own.
pub(super) fn flux(intended: &Intended, dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let mut model = graph
        .add("UNETLoader", vec![("unet_name", file(&intended.model)), ("weight_dtype", "default".into())]);
    for lora in &intended.loras {
        let inputs = vec![
            ("lora_name", file(&lora.name)),
            ("strength_model", lora.weight.into()),
            ("model", model.into()),
        ];
        model = graph.add("LoraLoaderModelOnly", inputs);
    }
    let clip = graph.add(
        "DualCLIPLoader",
        vec![("clip_name1", file("t5xxl_fp16")), ("clip_name2", file("clip_l")), ("type", "flux".into())],
    );
    let vae = graph.add("VAELoader", vec![("vae_name", file(&intended.vae))]);
    let text = if dice.chance(40) {
        graph.add(
            "CLIPTextEncodeFlux",
            vec![
                ("clip_l", intended.positive.clone().into()),
                ("t5xxl", intended.positive.clone().into()),
                ("guidance", intended.guidance.into()),
                ("clip", Value::from(&clip)),
            ],
        )
    } else {
        let text = encoded(&mut graph, &intended.positive, &clip);
        graph.add("FluxGuidance", vec![("guidance", intended.guidance.into()), ("conditioning", text.into())])
    };
    let sizes = vec![
        ("max_shift", 1.15.into()),
        ("base_shift", 0.5.into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("model", Value::from(&model)),
    ];
    let model = graph.add("ModelSamplingFlux", sizes);
    let noise = graph.add("RandomNoise", vec![("noise_seed", intended.seed.into())]);
    let guider =
        graph.add("BasicGuider", vec![("model", Value::from(&model)), ("conditioning", text.into())]);
    let sampler = graph.add("KSamplerSelect", vec![("sampler_name", intended.sampler.clone().into())]);
    let sigmas = graph.add(
        "BasicScheduler",
        vec![
            ("scheduler", intended.scheduler.clone().into()),
            ("steps", intended.steps.into()),
            ("denoise", 1.into()),
            ("model", Value::from(&model)),
        ],
    );
    let empty = latent(&mut graph, intended, "EmptySD3LatentImage");
    let inputs = vec![
        ("noise", noise.into()),
        ("guider", guider.into()),
        ("sampler", sampler.into()),
        ("sigmas", sigmas.into()),
        ("latent_image", empty.into()),
    ];
    let done = graph.add("SamplerCustomAdvanced", inputs);
    saved(&mut graph, &done, &vae);
    graph
}

/// SD3: three encoders, a text for each.
pub(super) fn sd3(intended: &Intended, _: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let loaded = graph.add("CheckpointLoaderSimple", vec![("ckpt_name", file(&intended.model))]);
    let clip = graph.add(
        "TripleCLIPLoader",
        vec![
            ("clip_name1", file("clip_g")),
            ("clip_name2", file("clip_l")),
            ("clip_name3", file("t5xxl_fp16")),
        ],
    );
    let model = graph.add("ModelSamplingSD3", vec![("shift", 3.into()), ("model", Value::from(&loaded))]);
    let texts = |graph: &mut Graph, text: &str| {
        let mut inputs: Vec<(&'static str, Value)> =
            ["clip_l", "clip_g", "t5xxl"].map(|name| (name, text.into())).into();
        inputs.extend([("empty_padding", "none".into()), ("clip", Value::from(&clip))]);
        graph.add("CLIPTextEncodeSD3", inputs)
    };
    let (positive, negative) = (texts(&mut graph, &intended.positive), texts(&mut graph, &intended.negative));
    let empty = latent(&mut graph, intended, "EmptySD3LatentImage");
    let fed = Fed { model: &model, positive: &positive, negative: &negative, latent: &empty };
    let done = sampled(&mut graph, intended, intended.steps, 1.0, &fed);
    saved(&mut graph, &done, &loaded.slot(2));
    graph
}

/// The members of a graph, for programs that put more beside its nodes.
pub(super) fn members(graph: &Graph, dice: &mut Dice) -> Map<String, Value> {
    match serde_json::from_str(&graph.api(dice)) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}
