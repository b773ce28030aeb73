//! Graphs of ComfyUI in the shapes people build: what feeds what.

use serde_json::Value;

use super::graphs::{Graph, Out};
use crate::dice::Dice;
use crate::intended::Intended;

pub(super) fn file(name: &str) -> Value {
    format!("{name}.safetensors").into()
}

/// Checkpoint, adapters one behind the other, layers left out: model, encoder, decoder.
pub(super) fn loaders(graph: &mut Graph, intended: &Intended) -> (Out, Out, Out) {
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

pub(super) fn latent(graph: &mut Graph, intended: &Intended, class: &'static str) -> Out {
    let sides =
        vec![("width", intended.width.into()), ("height", intended.height.into()), ("batch_size", 1.into())];
    graph.add(class, sides)
}

pub(super) fn encoded(graph: &mut Graph, text: &str, clip: &Out) -> Out {
    graph.add("CLIPTextEncode", vec![("text", text.into()), ("clip", clip.into())])
}

/// What a sampler needs besides the settings.
pub(super) struct Fed<'a> {
    pub(super) model: &'a Out,
    pub(super) positive: &'a Out,
    pub(super) negative: &'a Out,
    pub(super) latent: &'a Out,
}

pub(super) fn sampled(
    graph: &mut Graph,
    intended: &Intended,
    steps: u32,
    denoise: f64,
    fed: &Fed<'_>,
) -> Out {
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

pub(super) fn saved(graph: &mut Graph, latent: &Out, vae: &Out) {
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
    let model = diffusion(&mut graph, intended);
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

/// A film: model, encoder and decoder apart, frames combined by a node that keeps its values by name.
pub(super) fn video(intended: &Intended) -> Graph {
    let mut graph = Graph::new();
    let model = diffusion(&mut graph, intended);
    let clip = graph.add("CLIPLoader", vec![("clip_name", file("umt5_xxl")), ("type", "wan".into())]);
    let vae = graph.add("VAELoader", vec![("vae_name", file(&intended.vae))]);
    let positive = encoded(&mut graph, &intended.positive, &clip);
    let negative = encoded(&mut graph, &intended.negative, &clip);
    let sides = vec![
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("length", 33.into()),
        ("batch_size", 1.into()),
    ];
    let empty = graph.add("EmptyHunyuanLatentVideo", sides);
    let fed = Fed { model: &model, positive: &positive, negative: &negative, latent: &empty };
    let done = sampled(&mut graph, intended, intended.steps, 1.0, &fed);
    let frames = graph.add("VAEDecode", vec![("samples", done.into()), ("vae", vae.into())]);
    graph.add(
        "VHS_VideoCombine",
        vec![
            ("frame_rate", 16.into()),
            ("loop_count", 0.into()),
            ("filename_prefix", "video".into()),
            ("format", "video/h264-mp4".into()),
            ("pix_fmt", "yuv420p".into()),
            ("save_metadata", true.into()),
            ("save_output", true.into()),
            ("images", frames.into()),
        ],
    );
    graph
}

/// A model without encoder and decoder, and its adapters.
fn diffusion(graph: &mut Graph, intended: &Intended) -> Out {
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
    model
}

/// A picture that is changed by what is said of it: the text sees the picture, nothing is said against.
pub(super) fn edit(intended: &Intended) -> Graph {
    let mut graph = Graph::new();
    let model = diffusion(&mut graph, intended);
    let model = graph.add("ModelSamplingAuraFlow", vec![("shift", 3.into()), ("model", model.into())]);
    let model = graph.add("CFGNorm", vec![("strength", 1.into()), ("model", model.into())]);
    let clip =
        graph.add("CLIPLoader", vec![("clip_name", file("qwen_2.5_vl_7b")), ("type", "qwen_image".into())]);
    let vae = graph.add("VAELoader", vec![("vae_name", file(&intended.vae))]);
    let image = graph.add("LoadImage", vec![("image", "a picture.png".into())]);
    let image = graph.add("FluxKontextImageScale", vec![("image", image.into())]);
    let told = |graph: &mut Graph, text: &str| {
        let inputs = vec![
            ("prompt", text.into()),
            ("clip", Value::from(&clip)),
            ("vae", Value::from(&vae)),
            ("image1", Value::from(&image)),
        ];
        graph.add("TextEncodeQwenImageEditPlus", inputs)
    };
    let (positive, negative) = (told(&mut graph, &intended.positive), told(&mut graph, &intended.negative));
    let start = graph.add("VAEEncode", vec![("pixels", image.into()), ("vae", Value::from(&vae))]);
    let fed = Fed { model: &model, positive: &positive, negative: &negative, latent: &start };
    let done = sampled(&mut graph, intended, intended.steps, 1.0, &fed);
    saved(&mut graph, &done, &vae);
    graph
}

/// A sampler that is put together: by its own inputs, or with noise and guider as nodes too.
pub(super) fn custom(intended: &Intended, dice: &mut Dice) -> Graph {
    let mut graph = Graph::new();
    let (model, clip, vae) = loaders(&mut graph, intended);
    let positive = encoded(&mut graph, &intended.positive, &clip);
    let negative = encoded(&mut graph, &intended.negative, &clip);
    let empty = latent(&mut graph, intended, "EmptyLatentImage");
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
    let mut inputs: Vec<(&'static str, Value)> =
        vec![("sampler", sampler.into()), ("sigmas", sigmas.into()), ("latent_image", empty.into())];
    let sides: [(&'static str, Value); 3] =
        [("model", (&model).into()), ("positive", positive.into()), ("negative", negative.into())];
    let done = if dice.chance(50) {
        let own =
            [("add_noise", true.into()), ("noise_seed", intended.seed.into()), ("cfg", intended.cfg.into())];
        inputs.splice(0..0, own);
        inputs.extend(sides);
        graph.add("SamplerCustom", inputs)
    } else {
        let noise = graph.add("RandomNoise", vec![("noise_seed", intended.seed.into())]);
        let mut guided = vec![("cfg", intended.cfg.into())];
        guided.extend(sides);
        let guider = graph.add("CFGGuider", guided);
        inputs.extend([("noise", noise.into()), ("guider", guider.into())]);
        graph.add("SamplerCustomAdvanced", inputs)
    };
    saved(&mut graph, &done, &vae);
    graph
}
