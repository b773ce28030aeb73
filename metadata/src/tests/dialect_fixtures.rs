//! A picture of each dialect and of each container it writes, for the fixtures. All texts are made up.

use super::encode::{Png, comment_block, jpeg, jpeg_exif, tiff, unicode, webp};

pub(super) const SWARM: &str = r#"{
  "sui_image_params": {
    "prompt": "a wicker stag in tall grass, <lora:reed:0.3>", "negativeprompt": "rope, 霧", "model": "XL/wicker_v2", "seed": 9007199254740993,
    "steps": "22", "cfgscale": 6.5, "width": 832, "height": 1216, "sampler": "dpmpp_2m", "scheduler": "karras",
    "loras": ["dawn"], "loraweights": ["0.5"], "refinerupscale": 1.5, "refinerupscalemethod": "model-4x_soft.pth", "swarm_version": "0.9.7.2"
  },
  "sui_models": [{"name": "XL/wicker_v2.safetensors", "param": "model", "hash": "0x00aa11bb"}]
}"#;
const FOOOCUS: &str = r#"{"base_model": "cloth_xl.safetensors", "base_model_hash": "ab00cd11ef", "full_negative_prompt": ["stain"], "full_prompt": ["a linen hare", "linen hare, close"], "guidance_scale": 4.5, "loras": [["weave", 0.25, "0123456789"]], "metadata_scheme": "fooocus", "negative_prompt": "", "performance": "Speed", "prompt": "a linen hare", "resolution": "(896, 1152)", "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "seed": "6917529027641081856", "steps": 30, "styles": "['Fooocus V2']", "version": "Fooocus v2.5.5"}"#;
const FOOOCUS_INFOTEXT: &str = "a linen hare, close\nNegative prompt: stain\nSteps: 30, Sampler: DPM++ 2M SDE, Seed: 12, Size: 896x1152, CFG scale: 4.5, \
     Raw prompt: a linen hare, Styles: \"['Fooocus V2']\", Model: cloth_xl, Model hash: ab00cd11ef, Lora hashes: \"weave: 0123456789\", \
     Lora weights: \"weave: 0.25\", Version: Fooocus v2.5.5";
const MRE: &str = r#"{"prompt": "a linen hare", "negative_prompt": "stain", "real_prompt": ["a linen hare", "close"], "real_negative_prompt": ["stain"], "steps": 24, "switch": 16, "cfg": 7, "base_clip_skip": -2, "sampler": "dpmpp_2m", "scheduler": "karras", "base_model": "cloth.safetensors", "refiner_model": "None", "l1": "weave.safetensors", "w1": 0.4, "width": 832, "height": 640, "seed": 31, "software": "Fooocus-MRE v2.0.78"}"#;
const RUINED: &str = r#"{"Prompt": "a slate gull", "Negative": "", "steps": 8, "cfg": 1.5, "width": 1024, "height": 768, "seed": 64, "sampler_name": "lcm", "scheduler": "sgm_uniform", "base_model_name": "XL/slate.safetensors", "base_model_hash": "00ff00ff", "loras": [["", "0.6 - quick.safetensors"]], "clip_skip": 2, "denoise": 1, "software": "RuinedFooocus"}"#;
const INVOKE: &str = r#"{"generation_mode": "sdxl_txt2img", "positive_prompt": "an amber newt\non slate", "negative_prompt": "moss", "width": 1024, "height": 768, "seed": 88, "cfg_scale": 5.5, "steps": 26, "scheduler": "euler_a", "model": {"key": "k", "name": "amberXL", "hash": "blake3:00ab", "base": "sdxl", "type": "main"}, "vae": null, "loras": [{"model": {"name": "gloss"}, "weight": 0.4}], "app_version": "5.6.0"}"#;
const DREAM: &str = "\"an amber newt [moss, fog]\" -s 50 -S 42 -W 512 -H 768 -C 7.5 -A k_lms -U 2 0.75";
const DRAWN: &str = r#"{"c":"ein Dachs im Laub, D?mmerung","uc":"nebel","model":"leaf_v1_f16.ckpt","sampler":"DPM++ 2M Karras","scale":5,"seed":12,"size":"768x512","steps":20,"strength":1,"seed_mode":"Scale Alike","lora":[{"model":"leaf_lora.ckpt","weight":0.7}],"v2":{"width":768,"height":512,"sampler":7}}"#;
const DRAWN_TEXT: &str = "ein Dachs im Laub, Dämmerung\n-nebel\nSteps: 20, Sampler: DPM++ 2M Karras, Guidance Scale: 5.0, Seed: 12, Size: 768x512, Model: leaf_v1_f16.ckpt, Strength: 1.0, Seed Mode: Scale Alike\0";
const EASY: &str = r#"{"prompt": "a cork seal", "negative_prompt": "text", "seed": 5, "use_stable_diffusion_model": "C:\\models\\cork.safetensors", "num_inference_steps": 25, "guidance_scale": 7.5, "sampler_name": "euler_a", "use_lora_model": ["soft"], "lora_alpha": [0.5], "width": 512, "height": 640}"#;
const CIVITAI: &str = r#"{"1": {"class_type": "LoadImage", "inputs": {"image": "x"}}, "extra": {"airs": ["urn:air:sdxl:checkpoint:civitai:1001@2002", "urn:air:sdxl:lora:civitai:3003@4004"]}, "extraMetadata": "{\"prompt\": \"a tin lantern\", \"negativePrompt\": \"soot\", \"cfgScale\": 5, \"steps\": 25, \"seed\": 3, \"sampler\": \"Euler a\", \"width\": 832, \"height\": 1216, \"workflow\": \"img2img-upscale\", \"resources\": [{\"modelVersionId\": 2002, \"strength\": 1}, {\"modelVersionId\": 4004, \"strength\": 0.6}]}"}"#;
const CIVITAI_INFOTEXT: &str = "a tin lantern\nNegative prompt: soot\nSteps: 25, Sampler: Euler a, CFG scale: 5, Seed: 3, Size: 832x1216, Clip skip: 2, Created Date: 2031-05-06T07:08:09.1234567Z, \
     Civitai resources: [{\"type\":\"checkpoint\",\"modelVersionId\":2002,\"modelName\":\"Lantern, Old\",\"modelVersionName\":\"v3\"},{\"type\":\"lora\",\"weight\":0.6,\"modelVersionId\":4004,\"modelName\":\"Soot\",\"modelVersionName\":\"v1\"}], \
     Civitai metadata: {\"input\":{\"url\":\"https://images.example/x?signature=abc\",\"step\":2}}";
const TENSOR: &str = "{\"prompt\": \"ein Käfer aus Glas\", \"negativePrompt\": \"\", \"width\": 768, \"height\": 1152, \"steps\": 25, \"cfgScale\": 4, \"seed\": \"-1\", \"clipSkip\": 2, \"samplerName\": \"Euler\", \"schedule\": \"normal\", \"guidance\": 3.5, \"baseModel\": {\"modelFileName\": \"beetle_v1.safetensors\", \"hash\": \"AB12\"}, \"models\": [{\"modelFileName\": \"shine.safetensors\", \"weight\": 0.8}]}\0";
const MATRIX: &str = r#"{"PositivePrompt": "a paper crane\r\nfolded", "NegativePrompt": "creases", "Steps": 9, "Sampler": "Euler Ancestral Karras", "CfgScale": 5.5, "Seed": 7, "Width": 640, "Height": 512, "ModelHash": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "ModelName": "crane.safetensors", "ModelVersionId": 5}"#;
const SPACE: &str = r#"{"prompt": "a brass moth", "negative_prompt": "dust", "resolution": "832 x 1216", "guidance_scale": 7, "num_inference_steps": 28, "seed": 4, "sampler": "Euler a", "style_preset": "None", "Model": "mothXL", "Model hash": "ab12cd34ef", "use_upscaler": {"upscale_method": "nearest-exact", "upscaler_strength": 0.55, "upscale_by": 1.5, "upscale_steps": 14, "new_resolution": "1248 x 1824"}}"#;
const MIDJOURNEY: &str = "a chalk whale under ice --ar 3:2 --v 6.1 --no boats, nets --s 250 Job ID: 01234567-89ab-4cde-8f01-23456789abcd";
const SD_NEXT: &str = "a wool comet Negative prompt: seams Steps: 20, Size: 768x512, Sampler: Euler a, Seed: 41, CFG scale: 3.5, CFG true: 1, \
     Model: wool_v1, Model hash: 0011aabbcc, App: SD.Next, Version: 5f0ad1b, Pipeline: FluxPipeline, Operations: txt2img; upscale";

/// Folder, name and content.
pub(super) fn made() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let png = |texts: &[(&str, &str)], grey: u8| {
        texts
            .iter()
            .fold(Png::new(8, 8), |png, (keyword, text)| png.text(keyword, text))
            .idat(8, 8, grey)
            .end()
    };
    let exif = |block: &[u8]| webp(&[(b"EXIF", block)]);
    let swarm = tiff(true, &[], &[(0x9286, 7, &unicode(SWARM, true))]);
    let fooocus = tiff(
        false,
        &[(0x0131, 2, b"Fooocus v2.5.5\0"), (0x927c, 2, b"fooocus\0"), (0x9286, 2, FOOOCUS.as_bytes())],
        &[],
    );
    let drawn = tiff(
        false,
        &[(0x010e, 2, DRAWN_TEXT.as_bytes()), (0x0131, 2, b"Draw Things\0")],
        &[(0x9286, 7, &[b"ASCII\0\0\0", DRAWN.as_bytes()].concat())],
    );
    let camera = tiff(
        false,
        &[(0x010e, 2, b"Boats in the harbour\0"), (0x010f, 2, b"Maker\0"), (0x0110, 2, b"Model One\0")],
        &[(0x9003, 2, b"2031:05:06 07:08:09\0")],
    );
    vec![
        ("swarmui", "graph-beside.png", png(&[("parameters", SWARM), ("prompt", super::GRAPH)], 11)),
        ("swarmui", "comment.jpg", jpeg_exif(&swarm)),
        ("swarmui", "comment.webp", exif(&swarm)),
        ("swarmui", "sidecar.png", png(&[], 12)),
        ("fooocus", "json.png", png(&[("parameters", FOOOCUS), ("fooocus_scheme", "fooocus")], 13)),
        (
            "fooocus",
            "infotext.png",
            png(&[("parameters", FOOOCUS_INFOTEXT), ("fooocus_scheme", "a1111")], 14),
        ),
        ("fooocus", "first-directory.jpg", jpeg_exif(&fooocus)),
        ("fooocus", "first-directory.webp", exif(&fooocus)),
        ("fooocus", "mre.png", png(&[("Comment", MRE)], 15)),
        ("fooocus", "mre.jpg", jpeg(&[(0xfe, MRE.as_bytes())])),
        ("ruinedfooocus", "json.png", png(&[("parameters", RUINED)], 16)),
        (
            "invokeai",
            "metadata.png",
            png(&[("invokeai_metadata", INVOKE), ("invokeai_graph", "{\"nodes\": {}}")], 17),
        ),
        ("invokeai", "command-line.png", png(&[("Dream", DREAM)], 18)),
        ("drawthings", "comment.jpg", jpeg_exif(&drawn)),
        (
            "easydiffusion",
            "texts.png",
            png(
                &[
                    ("prompt", "a cork seal"),
                    ("negative_prompt", "text"),
                    ("seed", "5"),
                    ("use_stable_diffusion_model", "/m/cork.ckpt"),
                    ("use_vae_model", "None"),
                    ("num_inference_steps", "25"),
                    ("use_lora_model", "['soft']"),
                    ("lora_alpha", "[0.5]"),
                    ("width", "512"),
                    ("height", "640"),
                ],
                19,
            ),
        ),
        ("easydiffusion", "comment.jpg", jpeg_exif(&comment_block(EASY))),
        ("easydiffusion", "comment.webp", exif(&comment_block(EASY))),
        ("civitai", "job.jpg", jpeg_exif(&comment_block(CIVITAI))),
        (
            "civitai",
            "infotext.jpg",
            jpeg_exif(&tiff(
                true,
                &[(0x013b, 2, b"ai\0")],
                &[(0x9286, 7, &unicode(CIVITAI_INFOTEXT, false))],
            )),
        ),
        ("tensorart", "job.png", png(&[("generation_data", TENSOR), ("prompt", super::GRAPH)], 20)),
        (
            "stabilitymatrix",
            "job.png",
            png(
                &[
                    ("parameters", "a paper crane\r\nfolded\r\nSteps: 9, Seed: 7, RNG: CPU"),
                    ("parameters-json", MATRIX),
                    ("smproj", "{\"State\": {}}"),
                ],
                21,
            ),
        ),
        ("hfspace", "flat.png", png(&[("parameters", SPACE)], 22)),
        ("midjourney", "description.png", png(&[("Description", MIDJOURNEY), ("Author", "someone")], 23)),
        ("sdnext", "one-block.jpg", jpeg_exif(&comment_block(SD_NEXT))),
        ("camera", "photo.jpg", jpeg_exif(&camera)),
    ]
}
