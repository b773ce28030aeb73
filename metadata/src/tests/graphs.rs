//! Graphs for fixtures: one of each kind that real files hold, with invented prompts.

use super::encode::{Png, jpeg_exif, png, tiff, webp};

/// Nodes as `id class {inputs}`, as they are sent to be run.
fn graph(nodes: &[(&str, &str, &str)]) -> String {
    let node = |(id, class, inputs): &(&str, &str, &str)| {
        format!("\"{id}\": {{\"class_type\": \"{class}\", \"inputs\": {{{inputs}}}}}")
    };
    format!("{{{}}}", nodes.iter().map(node).collect::<Vec<_>>().join(", "))
}

const FLUX: &[(&str, &str, &str)] = &[
    (
        "1",
        "SamplerCustomAdvanced",
        r#""noise": ["2", 0], "guider": ["3", 0], "sampler": ["4", 0], "sigmas": ["5", 0], "latent_image": ["6", 0]"#,
    ),
    ("2", "RandomNoise", r#""noise_seed": 998877665544332211"#),
    ("3", "BasicGuider", r#""model": ["7", 0], "conditioning": ["8", 0]"#),
    ("4", "KSamplerSelect", r#""sampler_name": "euler""#),
    ("5", "BasicScheduler", r#""scheduler": "simple", "steps": 20, "denoise": 1, "model": ["7", 0]"#),
    ("6", "EmptySD3LatentImage", r#""width": 1152, "height": 896, "batch_size": 1"#),
    (
        "7",
        "LoraLoaderModelOnly",
        r#""lora_name": "flux\\paper_craft.safetensors", "strength_model": 0.85, "model": ["9", 0]"#,
    ),
    ("8", "FluxGuidance", r#""guidance": 3.5, "conditioning": ["10", 0]"#),
    ("9", "UNETLoader", r#""unet_name": "flux1-dev-fp8.safetensors", "weight_dtype": "fp8_e4m3fn""#),
    (
        "10",
        "CLIPTextEncode",
        r#""text": "a folded paper whale above a town of tin roofs, early light", "clip": ["11", 0]"#,
    ),
    (
        "11",
        "DualCLIPLoader",
        r#""clip_name1": "clip_l.safetensors", "clip_name2": "t5xxl_fp16.safetensors", "type": "flux""#,
    ),
    ("12", "VAEDecode", r#""samples": ["1", 0], "vae": ["13", 0]"#),
    ("13", "VAELoader", r#""vae_name": "ae.safetensors""#),
    ("14", "SaveImage", r#""images": ["12", 0], "filename_prefix": "flux""#),
];

const REFINED: &[(&str, &str, &str)] = &[
    ("4", "CheckpointLoaderSimple", r#""ckpt_name": "xl/meadow_base.safetensors""#),
    ("12", "CheckpointLoaderSimple", r#""ckpt_name": "xl/meadow_refiner.safetensors""#),
    ("5", "EmptyLatentImage", r#""width": 1216, "height": 832, "batch_size": 1"#),
    (
        "6",
        "CLIPTextEncodeSDXL",
        r#""text_g": "an old ferry in reeds", "text_l": "mist, herons", "width": 1216, "height": 832, "clip": ["4", 1]"#,
    ),
    (
        "7",
        "CLIPTextEncodeSDXL",
        r#""text_g": "people", "text_l": "people", "width": 1216, "height": 832, "clip": ["4", 1]"#,
    ),
    ("15", "CLIPTextEncode", r#""text": "an old ferry in reeds", "clip": ["12", 1]"#),
    ("16", "CLIPTextEncode", r#""text": "people", "clip": ["12", 1]"#),
    (
        "10",
        "KSamplerAdvanced",
        r#""add_noise": "enable", "noise_seed": 424242, "steps": 25, "cfg": 7.5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "start_at_step": 0, "end_at_step": 20, "return_with_leftover_noise": "enable", "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]"#,
    ),
    (
        "11",
        "KSamplerAdvanced",
        r#""add_noise": "disable", "noise_seed": 0, "steps": 25, "cfg": 7.5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "start_at_step": 20, "end_at_step": 10000, "return_with_leftover_noise": "disable", "model": ["12", 0], "positive": ["15", 0], "negative": ["16", 0], "latent_image": ["10", 0]"#,
    ),
    ("17", "VAEDecode", r#""samples": ["11", 0], "vae": ["12", 2]"#),
    ("19", "SaveImage", r#""images": ["17", 0], "filename_prefix": "refined""#),
];

const SD3: &[(&str, &str, &str)] = &[
    ("1", "CheckpointLoaderSimple", r#""ckpt_name": "sd3.5_large.safetensors""#),
    (
        "2",
        "TripleCLIPLoader",
        r#""clip_name1": "clip_g.safetensors", "clip_name2": "clip_l.safetensors", "clip_name3": "t5xxl.safetensors""#,
    ),
    (
        "3",
        "CLIPTextEncodeSD3",
        r#""clip_l": "a clay teapot", "clip_g": "a clay teapot", "t5xxl": "a clay teapot shaped like a snail", "empty_padding": "none", "clip": ["2", 0]"#,
    ),
    ("4", "CLIPTextEncode", r#""text": "cracks", "clip": ["2", 0]"#),
    ("5", "ConditioningSetTimestepRange", r#""conditioning": ["4", 0], "start": 0, "end": 0.1"#),
    ("6", "ConditioningZeroOut", r#""conditioning": ["4", 0]"#),
    ("7", "ConditioningSetTimestepRange", r#""conditioning": ["6", 0], "start": 0.1, "end": 1"#),
    ("8", "ConditioningCombine", r#""conditioning_1": ["5", 0], "conditioning_2": ["7", 0]"#),
    ("9", "EmptySD3LatentImage", r#""width": 1024, "height": 1024, "batch_size": 1"#),
    ("10", "ModelSamplingSD3", r#""shift": 3, "model": ["1", 0]"#),
    (
        "11",
        "KSampler",
        r#""seed": 31415926, "steps": 28, "cfg": 4.5, "sampler_name": "dpmpp_2m", "scheduler": "sgm_uniform", "denoise": 1, "model": ["10", 0], "positive": ["3", 0], "negative": ["8", 0], "latent_image": ["9", 0]"#,
    ),
    ("12", "VAEDecode", r#""samples": ["11", 0], "vae": ["1", 2]"#),
    ("13", "SaveImage", r#""images": ["12", 0], "filename_prefix": "ComfyUI""#),
];

/// Wildcards, a stack of adapters, an upscaled second pass, and a branch saved under another name.
const WOVEN: &[(&str, &str, &str)] = &[
    (
        "1",
        "Efficient Loader",
        r#""ckpt_name": "loom_v4.safetensors", "vae_name": "Baked VAE", "clip_skip": -2, "lora_name": "None", "lora_model_strength": 1, "lora_clip_strength": 1, "positive": ["2", 0], "negative": "plastic", "empty_latent_width": 768, "empty_latent_height": 1024, "batch_size": 1, "lora_stack": ["3", 0]"#,
    ),
    (
        "2",
        "Text Concatenate",
        r#""delimiter": ", ", "clean_whitespace": "true", "text_a": ["4", 0], "text_b": ["5", 0]"#,
    ),
    (
        "3",
        "CR LoRA Stack",
        r#""switch_1": "On", "lora_name_1": "wool.safetensors", "model_weight_1": 0.7, "clip_weight_1": 0.5, "switch_2": "Off", "lora_name_2": "felt.safetensors", "model_weight_2": 1, "clip_weight_2": 1, "switch_3": "On", "lora_name_3": "None", "model_weight_3": 1, "clip_weight_3": 1"#,
    ),
    (
        "4",
        "ImpactWildcardProcessor",
        r#""wildcard_text": "a {red|green} __animal__", "populated_text": "a green otter", "mode": "populate", "seed": 6"#,
    ),
    ("5", "Text Multiline", r#""text": "woven from yarn""#),
    (
        "6",
        "KSampler (Efficient)",
        r#""seed": ["7", 0], "steps": 30, "cfg": 6, "sampler_name": "euler_ancestral", "scheduler": "normal", "denoise": 1, "preview_method": "auto", "vae_decode": "true", "model": ["1", 0], "positive": ["1", 1], "negative": ["1", 2], "latent_image": ["1", 3], "optional_vae": ["1", 4]"#,
    ),
    ("7", "Seed (rgthree)", r#""seed": 1010101"#),
    (
        "8",
        "UltimateSDUpscale",
        r#""image": ["6", 5], "model": ["6", 0], "positive": ["6", 1], "negative": ["6", 2], "vae": ["6", 4], "upscale_model": ["9", 0], "upscale_by": 2, "seed": 1, "steps": 12, "cfg": 5, "sampler_name": "euler_ancestral", "scheduler": "normal", "denoise": 0.25, "mode_type": "Linear", "tile_width": 768, "tile_height": 1024"#,
    ),
    ("9", "UpscaleModelLoader", r#""model_name": "4x-Thread.pth""#),
    ("10", "SaveImage", r#""images": ["8", 0], "filename_prefix": "woven/large""#),
    (
        "11",
        "KSampler",
        r#""seed": 2, "steps": 4, "cfg": 1, "sampler_name": "lcm", "scheduler": "simple", "denoise": 1, "model": ["1", 0], "positive": ["12", 0], "negative": ["1", 2], "latent_image": ["1", 3]"#,
    ),
    ("12", "CLIPTextEncode", r#""text": "a quick sketch", "clip": ["1", 5]"#),
    ("13", "VAEDecode", r#""samples": ["11", 0], "vae": ["1", 4]"#),
    ("14", "SaveImage", r#""images": ["13", 0], "filename_prefix": "sketch""#),
];

const PIPES: &[(&str, &str, &str)] = &[
    ("1", "CheckpointLoaderSimple", r#""ckpt_name": "harbour.safetensors""#),
    ("2", "CLIPTextEncode", r#""text": "a harbour of glass boats", "clip": ["1", 1]"#),
    ("3", "CLIPTextEncode", r#""text": "fog", "clip": ["1", 1]"#),
    (
        "4",
        "ToBasicPipe",
        r#""model": ["1", 0], "clip": ["1", 1], "vae": ["1", 2], "positive": ["2", 0], "negative": ["3", 0]"#,
    ),
    ("5", "FromBasicPipe_v2", r#""basic_pipe": ["4", 0]"#),
    ("6", "EmptyLatentImage", r#""width": 640, "height": 640, "batch_size": 1"#),
    (
        "7",
        "KSampler",
        r#""seed": 5, "steps": 22, "cfg": 7, "sampler_name": "ddim", "scheduler": "ddim_uniform", "denoise": 1, "model": ["5", 1], "positive": ["5", 4], "negative": ["5", 5], "latent_image": ["6", 0]"#,
    ),
    ("8", "VAEDecode", r#""samples": ["7", 0], "vae": ["5", 3]"#),
    (
        "9",
        "FaceDetailerPipe",
        r#""image": ["8", 0], "detailer_pipe": ["10", 0], "seed": 6, "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 0.4"#,
    ),
    ("10", "BasicPipeToDetailerPipe", r#""basic_pipe": ["5", 0], "bbox_detector": ["11", 0]"#),
    ("11", "UltralyticsDetectorProvider", r#""model_name": "bbox/face_yolov8m.pt""#),
    ("12", "PreviewImage", r#""images": ["9", 0]"#),
];

const VIDEO: &[(&str, &str, &str)] = &[
    ("1", "UnetLoaderGGUF", r#""unet_name": "wan_high_Q5.gguf""#),
    ("2", "UnetLoaderGGUF", r#""unet_name": "wan_low_Q5.gguf""#),
    ("3", "CLIPLoader", r#""clip_name": "umt5_xxl.safetensors", "type": "wan""#),
    ("4", "CLIPTextEncode", r#""text": "a kite drifts over dunes, slow pan", "clip": ["3", 0]"#),
    ("5", "CLIPTextEncode", r#""text": "jitter", "clip": ["3", 0]"#),
    (
        "6",
        "WanImageToVideo",
        r#""width": 832, "height": 480, "length": 81, "batch_size": 1, "positive": ["4", 0], "negative": ["5", 0], "vae": ["7", 0], "start_image": ["8", 0]"#,
    ),
    ("7", "VAELoader", r#""vae_name": "wan_vae.safetensors""#),
    ("8", "LoadImage", r#""image": "a picture of dunes.png""#),
    (
        "9",
        "KSamplerAdvanced",
        r#""add_noise": "enable", "noise_seed": 77, "steps": 20, "cfg": 3.5, "sampler_name": "euler", "scheduler": "simple", "start_at_step": 0, "end_at_step": 10, "return_with_leftover_noise": "enable", "model": ["1", 0], "positive": ["6", 0], "negative": ["6", 1], "latent_image": ["6", 2]"#,
    ),
    (
        "10",
        "KSamplerAdvanced",
        r#""add_noise": "disable", "noise_seed": 0, "steps": 20, "cfg": 3.5, "sampler_name": "euler", "scheduler": "simple", "start_at_step": 10, "end_at_step": 10000, "return_with_leftover_noise": "disable", "model": ["2", 0], "positive": ["6", 0], "negative": ["6", 1], "latent_image": ["9", 0]"#,
    ),
    ("11", "VAEDecode", r#""samples": ["10", 0], "vae": ["7", 0]"#),
    ("12", "VHS_VideoCombine", r#""images": ["11", 0], "frame_rate": 16, "filename_prefix": "kite""#),
];

const SERVICE: &[(&str, &str, &str)] = &[
    (
        "1",
        "FluxProUltraImageNode",
        r#""prompt": "a chess set of ice", "prompt_upsampling": false, "seed": 8080, "aspect_ratio": "16:9", "raw": false"#,
    ),
    ("2", "SaveImage", r#""images": ["1", 0], "filename_prefix": "service""#),
];

const EDIT: &[(&str, &str, &str)] = &[
    ("1", "UNETLoader", r#""unet_name": "qwen_image_edit.safetensors", "weight_dtype": "default""#),
    ("2", "CLIPLoader", r#""clip_name": "qwen_2.5_vl_7b.safetensors", "type": "qwen_image""#),
    ("3", "LoadImage", r#""image": "garden before.png""#),
    ("4", "FluxKontextImageScale", r#""image": ["3", 0]"#),
    (
        "5",
        "TextEncodeQwenImageEdit",
        r#""prompt": "make it winter, keep the gate", "clip": ["2", 0], "vae": ["6", 0], "image": ["4", 0]"#,
    ),
    ("7", "TextEncodeQwenImageEdit", r#""prompt": "", "clip": ["2", 0], "vae": ["6", 0], "image": ["4", 0]"#),
    ("6", "VAELoader", r#""vae_name": "qwen_image_vae.safetensors""#),
    ("8", "VAEEncode", r#""pixels": ["4", 0], "vae": ["6", 0]"#),
    (
        "9",
        "KSampler",
        r#""seed": 1234, "steps": 8, "cfg": 1, "sampler_name": "euler", "scheduler": "simple", "denoise": 1, "model": ["1", 0], "positive": ["5", 0], "negative": ["7", 0], "latent_image": ["8", 0]"#,
    ),
    ("10", "VAEDecode", r#""samples": ["9", 0], "vae": ["6", 0]"#),
    ("11", "SaveImage", r#""images": ["10", 0], "filename_prefix": "edit""#),
];

/// The editor's graph of a file that lost the other one, a subgraph in it.
const EDITOR: &str = r#"{"id": "0", "version": 0.4, "nodes": [
 {"id": 40, "type": "9c1d-sub", "mode": 0, "inputs": [{"name": "text", "type": "STRING", "widget": {"name": "text"}, "link": null}],
  "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}], "widgets_values": ["a lantern fish in ink"], "properties": {}},
 {"id": 9, "type": "SaveImage", "mode": 0, "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "widgets_values": ["ink"], "properties": {"cnr_id": "comfy-core", "ver": "0.3.48"}},
 {"id": 10, "type": "MarkdownNote", "mode": 0, "inputs": [], "widgets_values": ["put the models there"]}],
 "links": [[1, 40, 0, 9, 0, "IMAGE"]],
 "definitions": {"subgraphs": [{"id": "9c1d-sub", "name": "Text to image", "inputs": [{"name": "text", "type": "STRING"}], "outputs": [{"name": "IMAGE", "type": "IMAGE"}],
 "nodes": [
  {"id": 1, "type": "UNETLoader", "inputs": [], "outputs": [{"type": "MODEL"}], "widgets_values": ["ink_image.safetensors", "default"]},
  {"id": 2, "type": "LoraLoaderModelOnly", "mode": 4, "inputs": [{"name": "model", "type": "MODEL", "link": 20}], "outputs": [{"name": "MODEL", "type": "MODEL"}], "widgets_values": ["fast.safetensors", 1]},
  {"id": 3, "type": "KSampler", "inputs": [{"name": "model", "type": "MODEL", "link": 21}, {"name": "positive", "type": "CONDITIONING", "link": 22}, {"name": "negative", "type": "CONDITIONING", "link": 23}, {"name": "latent_image", "type": "LATENT", "link": 24}],
   "widgets_values": [606060, "randomize", 16, 2.5, "euler", "simple", 1]},
  {"id": 5, "type": "EmptySD3LatentImage", "widgets_values": [1328, 1328, 1]},
  {"id": 6, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": 25}, {"name": "text", "type": "STRING", "widget": {"name": "text"}, "link": 26}], "widgets_values": ["stale"]},
  {"id": 7, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": 25}], "widgets_values": ["colour"]},
  {"id": 8, "type": "VAEDecode", "inputs": [{"name": "samples", "type": "LATENT", "link": 27}], "outputs": [{"type": "IMAGE"}]},
  {"id": 11, "type": "CLIPLoader", "widgets_values": ["qwen_vl.safetensors", "qwen_image", "default"]}],
 "links": [
  {"id": 20, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0, "type": "MODEL"}, {"id": 21, "origin_id": 2, "origin_slot": 0, "target_id": 3, "target_slot": 0, "type": "MODEL"},
  {"id": 22, "origin_id": 6, "origin_slot": 0, "target_id": 3, "target_slot": 1, "type": "CONDITIONING"}, {"id": 23, "origin_id": 7, "origin_slot": 0, "target_id": 3, "target_slot": 2, "type": "CONDITIONING"},
  {"id": 24, "origin_id": 5, "origin_slot": 0, "target_id": 3, "target_slot": 3, "type": "LATENT"}, {"id": 25, "origin_id": 11, "origin_slot": 0, "target_id": 6, "target_slot": 0, "type": "CLIP"},
  {"id": 26, "origin_id": -10, "origin_slot": 0, "target_id": 6, "target_slot": 1, "type": "STRING"}, {"id": 27, "origin_id": 3, "origin_slot": 0, "target_id": 8, "target_slot": 0, "type": "LATENT"},
  {"id": 28, "origin_id": 8, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"}]}]}}"#;

/// Folder, name and content.
pub(super) fn made() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let of = |nodes: &[(&str, &str, &str)], grey: u8| {
        Png::new(8, 8).text("prompt", &graph(nodes)).idat(8, 8, grey).end()
    };
    let both = format!("{{\"prompt\": {}, \"workflow\": {{}}}}", graph(SD3));
    let quoted = serde_json::Value::from(graph(PIPES)).to_string();
    let editor_tag = format!("Workflow: {EDITOR}\0");
    vec![
        ("comfyui", "flux-custom-sampler.png", of(FLUX, 10)),
        ("comfyui", "refined.png", of(REFINED, 20)),
        (
            "comfyui",
            "sd3.jpg",
            jpeg_exif(&tiff(false, &[], &[(0x9286, 7, &[b"ASCII\0\0\0", both.as_bytes()].concat())])),
        ),
        ("comfyui", "large_00001_.png", of(WOVEN, 30)),
        ("comfyui", "sketch_00001_.png", of(WOVEN, 40)),
        ("comfyui", "pipes-in-a-text.png", png(&[("Prompt", &quoted)])),
        ("comfyui", "video-frame.png", of(VIDEO, 50)),
        ("comfyui", "service.png", of(SERVICE, 60)),
        ("comfyui", "edit.png", of(EDIT, 70)),
        (
            "comfyui",
            "editor-only.webp",
            webp(&[(b"EXIF", &tiff(true, &[(0x010e, 2, editor_tag.as_bytes())], &[]))]),
        ),
    ]
}
