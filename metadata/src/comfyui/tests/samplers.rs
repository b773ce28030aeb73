//! Passes and what they are made of: samplers, guiders, detailers, services.

use super::{SAMPLER, SAVE, extra, of, with};

#[test]
fn later_passes_are_settings() {
    let later = r#""seed": 8, "steps": 15, "cfg": 6, "sampler_name": "euler", "scheduler": "normal", "denoise": 0.45,
        "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["31", 0]"#;
    let recipe = with(&[
        ("30", "KSampler", later),
        ("31", "VAEEncode", r#""pixels": ["32", 0], "vae": ["4", 2]"#),
        ("32", "ImageScaleBy", r#""image": ["33", 0], "scale_by": 0.5, "upscale_method": "lanczos""#),
        ("33", "ImageUpscaleWithModel", r#""upscale_model": ["34", 0], "image": ["35", 0]"#),
        ("34", "UpscaleModelLoader", r#""model_name": "4x-Example.pth""#),
        ("35", "VAEDecode", r#""samples": ["3", 0], "vae": ["4", 2]"#),
        ("8", "VAEDecode", r#""samples": ["30", 0], "vae": ["4", 2]"#),
    ]);
    assert_eq!((recipe.steps, recipe.seed.as_deref()), (Some(9), Some("7")));
    for (key, value) in [
        ("Hires upscale", "0.5"),
        ("Hires upscaler", "4x-Example"),
        ("Hires steps", "15"),
        ("Hires CFG Scale", "6"),
        ("Denoising strength", "0.45"),
    ] {
        assert_eq!(extra(&recipe, key), Some(value), "{key}");
    }

    let first = r#""add_noise": "enable", "noise_seed": 5, "steps": 25, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "start_at_step": 0,
        "end_at_step": 20, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]"#;
    let second = r#""add_noise": "disable", "noise_seed": 0, "steps": 25, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "start_at_step": 20,
        "end_at_step": 10000, "model": ["41", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["3", 0]"#;
    let recipe = with(&[
        ("3", "KSamplerAdvanced", first),
        ("40", "KSamplerAdvanced", second),
        ("41", "CheckpointLoaderSimple", r#""ckpt_name": "fine_refiner.safetensors""#),
        ("8", "VAEDecode", r#""samples": ["40", 0], "vae": ["4", 2]"#),
    ]);
    assert_eq!(
        (recipe.steps, recipe.seed.as_deref(), recipe.model.as_deref()),
        (Some(25), Some("5"), Some("toy"))
    );
    for (key, value) in [("Refiner", "fine_refiner"), ("Refiner switch at", "0.8"), ("Refiner steps", "5")] {
        assert_eq!(extra(&recipe, key), Some(value), "{key}");
    }

    let upscale = r#""image": ["8", 0], "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "vae": ["4", 2],
        "upscale_by": 2, "seed": 1, "steps": 18, "cfg": 7, "sampler_name": "euler", "scheduler": "normal", "denoise": 0.2, "upscale_model": ["34", 0], "tile_width": 512"#;
    let face = r#""image": ["50", 0], "model": ["4", 0], "clip": ["4", 1], "positive": ["6", 0], "negative": ["7", 0], "bbox_detector": ["52", 0],
        "seed": 2, "steps": 20, "cfg": 7, "denoise": 0.5"#;
    let recipe = with(&[
        ("50", "UltimateSDUpscale", upscale),
        ("34", "UpscaleModelLoader", r#""model_name": "4x-Example.pth""#),
        ("51", "FaceDetailer", face),
        ("52", "UltralyticsDetectorProvider", r#""model_name": "bbox/face_m.pt""#),
        ("53", "ImageScaleBy", r#""image": ["51", 0], "scale_by": 1.5, "upscale_method": "area""#),
        ("9", "SaveImage", r#""images": ["53", 0]"#),
    ]);
    assert_eq!((recipe.steps, recipe.width), (Some(9), Some(512)));
    for (key, value) in [
        ("Hires upscale", "2"),
        ("Hires upscaler", "4x-Example"),
        ("Hires steps", "18"),
        ("Denoising strength", "0.2"),
        ("Detailer model", "face_m"),
        ("Detailer steps", "20"),
        ("Detailer denoising strength", "0.5"),
        ("Postprocess upscale by", "1.5"),
    ] {
        assert_eq!(extra(&recipe, key), Some(value), "{key}");
    }
}

#[test]
fn a_picture_used_as_a_hint_is_not_the_base() {
    let other = SAMPLER.2.replace("\"seed\": 7", "\"seed\": 99").replace(r#"["6", 0]"#, r#"["61", 0]"#);
    let recipe = with(&[
        (
            "6",
            "ControlNetApplyAdvanced",
            r#""positive": ["60", 0], "negative": ["7", 0], "image": ["33", 0]"#,
        ),
        ("60", "CLIPTextEncode", r#""text": "the picture", "clip": ["4", 1]"#),
        ("61", "CLIPTextEncode", r#""text": "the hint", "clip": ["4", 1]"#),
        ("33", "VAEDecode", r#""samples": ["34", 0]"#),
        ("34", "KSampler", &other),
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), ("the picture", Some("7")));
}

#[test]
fn guiders_schedules_and_noise() {
    let sampler = r#""noise": ["2", 0], "guider": ["20", 0], "sampler": ["40", 0], "sigmas": ["50", 1], "latent_image": ["5", 0]"#;
    let rest = [
        ("3", "SamplerCustomAdvanced", sampler),
        ("2", "DisableNoise", ""),
        ("40", "KSamplerSelect", r#""sampler_name": "heun""#),
        ("50", "SplitSigmas", r#""sigmas": ["51", 0], "step": 3"#),
        ("51", "FlipSigmas", r#""sigmas": ["52", 0]"#),
        ("52", "KarrasScheduler", r#""steps": 14, "rho": 7"#),
    ];
    let dual = (
        "20",
        "DualCFGGuider",
        r#""model": ["4", 0], "cond1": ["6", 0], "cond2": ["61", 0], "negative": ["7", 0], "cfg_conds": 8, "cfg_cond2_negative": 2"#,
    );
    let second = ("61", "CLIPTextEncode", r#""text": "in chalk", "clip": ["4", 1]"#);
    let recipe = with(&[&rest[..], &[dual, second]].concat());
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat\nin chalk", "fog"));
    assert_eq!((recipe.seed, recipe.steps, recipe.cfg), (None, Some(14), Some(8.0)));
    assert_eq!(
        (recipe.sampler.as_deref(), recipe.scheduler.as_deref()),
        (Some("heun"), Some("KarrasScheduler"))
    );
    let cfg =
        ("20", "CFGGuider", r#""model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "cfg": 3"#);
    let recipe = with(&[&rest[..], &[cfg]].concat());
    assert_eq!((recipe.negative.as_str(), recipe.cfg), ("fog", Some(3.0)));
    let custom = r#""add_noise": true, "noise_seed": 21, "cfg": 1.5, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
        "sampler": ["40", 0], "sigmas": ["52", 0], "latent_image": ["5", 0]"#;
    let recipe = with(&[&rest[2..], &[("3", "SamplerCustom", custom)]].concat());
    assert_eq!((recipe.seed.as_deref(), recipe.steps, recipe.cfg), (Some("21"), Some(14), Some(1.5)));
}

#[test]
fn image_services_are_read_by_their_inputs() {
    let recipe = of(&[
        (
            "1",
            "ImagineProNode",
            r#""prompt": ["2", 0], "model": "imagine-4", "seed": 31, "aspect_ratio": "16:9", "negative_prompt": "mud""#,
        ),
        ("2", "PrimitiveStringMultiline", r#""value": "a glass fox""#),
        ("3", "SaveImage", r#""images": ["1", 0]"#),
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a glass fox", "mud"));
    assert_eq!((recipe.model.as_deref(), recipe.seed.as_deref()), (Some("imagine-4"), Some("31")));
    assert_eq!(extra(&recipe, "aspect_ratio"), Some("16:9"));
    let upscale = of(&[
        ("1", "LoadImage", r#""image": "my picture of a dog.png""#),
        ("2", "ImageUpscaleWithModel", r#""upscale_model": ["3", 0], "image": ["1", 0]"#),
        ("3", "UpscaleModelLoader", r#""model_name": "4x-Example.pth""#),
        SAVE,
        ("9", "SaveImage", r#""images": ["2", 0]"#),
    ]);
    assert_eq!(
        (upscale.positive.as_str(), extra(&upscale, "Postprocess upscaler")),
        ("", Some("4x-Example"))
    );
}

#[test]
fn conditioning_behind_a_changed_model_and_encoders_without_a_clip() {
    let sampler = SAMPLER.2.replace(r#"["4", 0]"#, r#"["20", 0]"#);
    let sampler = sampler.replace(r#"["6", 0]"#, r#"["20", 1]"#).replace(r#"["7", 0]"#, r#"["20", 2]"#);
    let couple = r#""mode": "Attention", "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0]"#;
    let recipe = with(&[("3", "KSampler", &sampler), ("20", "Attention couple", couple)]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat", "fog"));
    assert_eq!(recipe.model.as_deref(), Some("toy"));
    let other = r#""text": "a bridge", "chat_model": ["50", 0], "hid_proj": ["51", 1]"#;
    let loaders = [("50", "ChatLoader", r#""name": "c.bin""#), ("51", "Loader", r#""unet_name": "k.bin""#)];
    assert_eq!(with(&[("6", "MZ_ChatGLM3", other), loaders[0], loaders[1]]).positive, "a bridge");
    let pair = r#""positive_prompt": "sharp", "negative_prompt": "soft", "SUPIR_model": ["4", 0], "latents": ["5", 0]"#;
    let sampler = SAMPLER.2.replace(r#"["6", 0]"#, r#"["20", 0]"#).replace(r#"["7", 0]"#, r#"["20", 1]"#);
    let recipe = with(&[("3", "SUPIR_sample", &sampler), ("20", "SUPIR_conditioner", pair)]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("sharp", "soft"));
}

#[test]
fn scripts_savers_with_settings_and_regions_on_the_model() {
    let sampler = SAMPLER.2.replace("\"seed\": 7", "\"script\": [\"50\", 0], \"seed\": 7");
    let script = r#""upscale_type": "pixel", "pixel_upscaler": "4x-Example.pth", "latent_upscaler": "nearest", "upscale_by": 1.25,
        "seed": 1, "hires_steps": 11, "denoise": 0.56"#;
    let saver = r#""images": ["8", 0], "filename": "x", "steps": 99, "cfg": 1, "positive": "written down", "negative": "", "seed_value": 5,
        "sampler_name": "lcm", "scheduler": "beta", "model": "other""#;
    let recipe = with(&[
        ("3", "KSampler (Efficient)", &sampler),
        ("50", "HighRes-Fix Script", script),
        ("9", "Image Saver", saver),
    ]);
    assert_eq!(
        (recipe.positive.as_str(), recipe.steps, recipe.sampler.as_deref()),
        ("a boat", Some(9), Some("euler"))
    );
    for (key, value) in [
        ("Hires upscale", "1.25"),
        ("Hires upscaler", "4x-Example"),
        ("Hires steps", "11"),
        ("Denoising strength", "0.56"),
    ] {
        assert_eq!(extra(&recipe, key), Some(value), "{key}");
    }
    let sampler = SAMPLER.2.replace(r#"["4", 0]"#, r#"["20", 0]"#).replace(r#"["6", 0]"#, r#"["20", 1]"#);
    let recipe = with(&[
        ("3", "KSampler", &sampler),
        ("20", "DenseDiffusionApplyNode", r#""model": ["21", 0]"#),
        (
            "21",
            "DenseDiffusionAddCondNode",
            r#""model": ["22", 0], "conditioning": ["23", 0], "strength": 1"#,
        ),
        ("22", "DenseDiffusionAddCondNode", r#""model": ["4", 0], "conditioning": ["6", 0], "strength": 1"#),
        ("23", "CLIPTextEncode", r#""text": "a gull", "clip": ["4", 1]"#),
    ]);
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat\na gull", "fog"));
    let packed = of(&[
        ("1", "CheckpointLoaderSimple", r#""ckpt_name": "toy.safetensors""#),
        (
            "2",
            "ImpactWildcardEncode",
            r#""wildcard_text": "__x__", "populated_text": "a fox <lora:ink:0.6>", "model": ["1", 0], "clip": ["1", 1]"#,
        ),
        ("3", "CLIPTextEncode", r#""text": "fog", "clip": ["2", 1]"#),
        (
            "4",
            "Pack SDXL Tuple",
            r#""base_model": ["2", 0], "base_clip": ["2", 1], "base_positive": ["2", 2], "base_negative": ["3", 0]"#,
        ),
        (
            "5",
            "KSampler SDXL (Eff.)",
            r#""noise_seed": 31, "steps": 30, "cfg": 5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "sdxl_tuple": ["4", 0]"#,
        ),
        ("6", "SaveImage", r#""images": ["5", 0]"#),
    ]);
    assert_eq!((packed.positive.as_str(), packed.negative.as_str()), ("a fox <lora:ink:0.6>", "fog"));
    assert_eq!((packed.model.as_deref(), packed.loras.len(), packed.steps), (Some("toy"), 1, Some(30)));
}
