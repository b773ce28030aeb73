//! The web UIs and everything that took over their text: prompt, negative prompt, one line of settings.

use std::fmt::Write as _;

use serde_json::Value;

use super::{PICTURES, PNG, Writer};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{DESCRIPTION, Notes};

pub(super) const WEB_UI: &[Field] = &[
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
    Field::Hires,
    Field::Refiner,
];
const FORGE: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Scheduler,
    Field::Cfg,
    Field::Guidance,
    Field::Seed,
    Field::Size,
    Field::Model,
    Field::ModelHash,
    Field::Loras,
    Field::Hires,
];
const FEWER: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
    Field::ModelHash,
    Field::Loras,
];

pub(super) const WRITERS: &[Writer] = &[
    Writer {
        name: "a1111",
        source: Some("a1111"),
        says: WEB_UI,
        containers: &Container::ALL,
        folder: "stable-diffusion-webui/outputs/txt2img-images/%d",
        file_name: "%n-%s",
        of_comfy: false,
        adapt: name_adapters,
        write: |intended, container, dice| {
            let text = web_ui(intended, dice, "v1.10.1");
            match container {
                Container::Bmp => Notes::default().beside("txt", text),
                _ => comment(text, container, dice),
            }
        },
    },
    Writer {
        name: "a1111-hidden",
        source: Some("a1111"),
        says: WEB_UI,
        containers: PNG,
        folder: "stable-diffusion-webui/outputs/stealth/%d",
        file_name: "%n-%s",
        of_comfy: false,
        adapt: name_adapters,
        write: |intended, _, dice| {
            let signature = ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"];
            Notes {
                hidden: Some((signature[dice.index(4)], web_ui(intended, dice, "v1.9.4"))),
                ..Notes::default()
            }
        },
    },
    Writer {
        name: "a1111-sidecar",
        source: Some("a1111"),
        says: WEB_UI,
        containers: PICTURES,
        folder: "stable-diffusion-webui/log/images/%d",
        file_name: "%n-%s",
        of_comfy: false,
        adapt: name_adapters,
        write: |intended, _, dice| Notes::default().beside("txt", web_ui(intended, dice, "v1.6.0")),
    },
    forge("forge", "forge/output/txt2img-images/%d", |intended, container, dice| {
        comment(forge_text(intended, "f2.0.1v1.10.1-previous-655-g4e8f1a2c"), container, dice)
    }),
    forge("reforge", "reForge/outputs/txt2img-images/%d", |intended, container, dice| {
        comment(forge_text(intended, "f1.3.0v2-v1.10.1RC-latest-2185-g0a1b2c3d"), container, dice)
    }),
    forge("forge-neo", "forge-neo/output/%d", |intended, container, dice| {
        comment(forge_text(intended, "neo"), container, dice)
    }),
    forge("forge-classic", "forge-classic/output/%d", |intended, container, dice| {
        comment(forge_text(intended, "classic"), container, dice)
    }),
    sd_next("sdnext", name_adapters, |intended, container, dice| {
        comment(sd_next_text(intended, "\n"), container, dice)
    }),
    sd_next("sdnext-block", one_block, |intended, container, dice| {
        comment(sd_next_text(intended, " "), container, dice)
    }),
];

const fn forge(
    name: &'static str,
    folder: &'static str,
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some("forge"),
        says: FORGE,
        containers: &[Container::Png, Container::Jpeg, Container::Webp, Container::Avif, Container::Gif],
        folder,
        file_name: "%n-%s",
        of_comfy: false,
        adapt: name_adapters,
        write,
    }
}

const fn sd_next(
    name: &'static str,
    adapt: fn(&mut Intended),
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some("sdnext"),
        says: FEWER,
        containers: &[Container::Png, Container::Jpeg, Container::Webp, Container::Jxl],
        folder: "sdnext/outputs/text/%d",
        file_name: "%n-%d-%s",
        of_comfy: false,
        adapt,
        write,
    }
}

/// In one block nothing but the words themselves tells the parts apart.
fn one_block(intended: &mut Intended) {
    name_adapters(intended);
    words_of_one_line(intended);
}

pub(super) fn words_of_one_line(intended: &mut Intended) {
    for text in [&mut intended.positive, &mut intended.negative] {
        *text = text.replace('\n', " ").replace("Negative prompt:", "Negative prompts");
    }
}

/// A line of a prompt that begins as a part of the text would be that part.
pub(super) fn safe(intended: &mut Intended) {
    for text in [&mut intended.positive, &mut intended.negative] {
        *text = text.replace("\nNegative prompt:", "\nno Negative prompt:");
        if text.starts_with("Negative prompt:") {
            text.insert_str(0, "no ");
        }
    }
}

pub(super) fn name_adapters(intended: &mut Intended) {
    safe(intended);
    intended.positive = intended.with_adapters_named();
}

/// The text where such programs put it in a file of this kind.
pub(super) fn comment(text: String, container: Container, dice: &mut Dice) -> Notes {
    match container {
        Container::Png | Container::Apng => Notes::default().text("parameters", text),
        Container::Gif => Notes { comment: Some(text), ..Notes::default() },
        _ if container.has_keywords() => Notes::default().text("comment", text),
        // The order of the text's bytes is not always that of the block.
        _ => match dice.below(8) {
            0 => Notes { little: true, ..Notes::default() }.unicode(&text, false),
            1 => Notes { little: true, ..Notes::default() }.unicode(&text, true),
            2 => Notes::default().user_comment(b"ASCII\0\0\0", &text),
            3 => Notes::default().user_comment(&[0; 8], &text),
            4 => Notes::default().tag(DESCRIPTION, &text),
            _ => Notes::default().unicode(&text, false),
        },
    }
}

/// A value as a settings line holds it: a JSON string where it would end the value.
pub(super) fn quoted(value: &str) -> String {
    if value.contains([',', ':', '\n']) { Value::from(value).to_string() } else { value.to_owned() }
}

pub(super) fn prompts(intended: &Intended) -> String {
    let mut text = intended.positive.clone();
    if !intended.negative.is_empty() {
        let _ = write!(text, "\nNegative prompt: {}", intended.negative);
    }
    text
}

/// `Lora hashes: "name: hash, …"`.
fn adapter_hashes(intended: &Intended) -> Option<String> {
    let pairs: Vec<_> = intended.loras.iter().map(|lora| format!("{}: {}", lora.name, lora.hash)).collect();
    (!pairs.is_empty()).then(|| Value::from(pairs.join(", ")).to_string())
}

fn second_pass(text: &mut String, intended: &Intended) {
    if let Some(hires) = &intended.hires {
        let _ = write!(
            text,
            ", Denoising strength: {}, Hires upscale: {}, Hires steps: {}, Hires upscaler: {}",
            hires.denoise,
            hires.scale,
            hires.steps,
            quoted(&hires.upscaler)
        );
    }
}

pub(super) fn web_ui(intended: &Intended, dice: &mut Dice, version: &str) -> String {
    let mut text = prompts(intended);
    let _ = write!(
        text,
        "\nSteps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model hash: {}, Model: {}, \
         VAE hash: 0a1b2c3d4e, VAE: {}.safetensors",
        intended.steps,
        quoted(&intended.sampler),
        intended.scheduler,
        intended.cfg,
        intended.seed,
        intended.width,
        intended.height,
        intended.model_hash,
        quoted(&intended.model),
        intended.vae
    );
    if intended.clip_skip > 1 {
        let _ = write!(text, ", Clip skip: {}", intended.clip_skip);
    }
    second_pass(&mut text, intended);
    if let Some(refiner) = &intended.refiner {
        let _ = write!(text, ", Refiner: {refiner} [0f1e2d3c4b], Refiner switch at: 0.8");
    }
    if dice.chance(30) {
        text.push_str(
            ", ADetailer model: face_yolov8n.pt, ADetailer prompt: \"a calm face, Steps: 4, detailed\", ADetailer confidence: 0.3, \
             ADetailer dilate erode: 4, ADetailer mask blur: 4, ADetailer denoising strength: 0.4, ADetailer inpaint only masked: True, \
             ADetailer inpaint padding: 32, ADetailer model 2nd: hand_yolov8n.pt, ADetailer confidence 2nd: 0.3, ADetailer version: 24.11.1",
        );
    }
    if dice.chance(20) {
        text.push_str(
            ", ControlNet 0: \"Module: canny, Model: control_canny [d14c016b], Weight: 1, Resize Mode: Crop and Resize, Processor Res: 512, \
             Threshold A: 100, Threshold B: 200, Guidance Start: 0, Guidance End: 1, Pixel Perfect: False, Control Mode: Balanced\"",
        );
    }
    if let Some(hashes) = adapter_hashes(intended) {
        let _ = write!(text, ", Lora hashes: {hashes}");
    }
    if dice.chance(15) {
        text.push_str(", TI hashes: \"soft_negative_v2: 0123456789ab\"");
    }
    if dice.chance(25) {
        let mut hashes = serde_json::Map::new();
        hashes.insert("model".to_owned(), intended.model_hash.clone().into());
        for lora in &intended.loras {
            hashes.insert(format!("lora:{}", lora.name), lora.hash.clone().into());
        }
        let _ = write!(text, ", Hashes: {}", Value::Object(hashes));
    }
    let _ = write!(text, ", Version: {version}");
    if dice.chance(10) {
        text.push_str("\nTemplate: a {red|blue} kite, __animal__\nNegative Template: dull, {grey|brown}");
    }
    text
}

fn forge_text(intended: &Intended, version: &str) -> String {
    let mut text = prompts(intended);
    let _ = write!(
        text,
        "\nSteps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Distilled CFG Scale: {}, Seed: {}, Size: {}x{}, Model hash: {}, Model: {}",
        intended.steps,
        quoted(&intended.sampler),
        intended.scheduler,
        intended.cfg,
        intended.guidance,
        intended.seed,
        intended.width,
        intended.height,
        intended.model_hash,
        quoted(&intended.model)
    );
    second_pass(&mut text, intended);
    if intended.hires.is_some() {
        text.push_str(
            ", Hires Module 1: Use same choices, Hires CFG Scale: 1, Hires Distilled CFG Scale: 3.5",
        );
    }
    if let Some(hashes) = adapter_hashes(intended) {
        let _ = write!(text, ", Lora hashes: {hashes}");
    }
    let _ = write!(text, ", Version: {version}, Module 1: clip_l, Module 2: ae, Module 3: t5xxl_fp8_e4m3fn");
    text
}

fn sd_next_text(intended: &Intended, between: &str) -> String {
    let mut text = intended.positive.clone();
    if !intended.negative.is_empty() {
        let _ = write!(text, "{between}Negative prompt: {}", intended.negative);
    }
    let _ = write!(
        text,
        "{between}Steps: {}, Size: {}x{}, Sampler: {}, Seed: {}, CFG scale: {}, Model: {}, Model hash: {}",
        intended.steps,
        intended.width,
        intended.height,
        quoted(&intended.sampler),
        intended.seed,
        intended.cfg,
        quoted(&intended.model),
        intended.model_hash
    );
    if let Some(hashes) = adapter_hashes(intended) {
        let _ = write!(text, ", LoRA networks: {}", intended.loras.len());
        let _ = write!(text, ", Lora hashes: {hashes}");
    }
    text.push_str(
        ", App: SD.Next, Version: 5f0ad1b, Pipeline: StableDiffusionXLPipeline, Operations: txt2img; upscale, \
         Sampler sigma: karras, Parser: native",
    );
    text
}
