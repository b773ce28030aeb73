//! Fooocus and its relatives: JSON under either scheme, comments, and the page it logs to in `pages`.

use serde_json::{Value, json};

use super::json::object;
use super::{PICTURES, PNG, Writer, as_it_is};
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{COMMENT, Notes, SOFTWARE};

const SAYS: &[Field] = &[
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
    Field::Refiner,
];
const MRE: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Scheduler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
    Field::ClipSkip,
    Field::Loras,
    Field::Refiner,
];
const VERSION: &str = "Fooocus v2.5.5";

pub(super) const WRITERS: &[Writer] = &[
    Writer {
        name: "fooocus",
        source: Some("fooocus"),
        says: SAYS,
        containers: PICTURES,
        folder: "Fooocus/outputs/%d",
        file_name: "%d_%n_%s",
        of_comfy: true,
        adapt: as_it_is,
        write: |intended, container, _| scheme("fooocus", json_text(intended), VERSION, container),
    },
    Writer {
        name: "fooocus-infotext",
        source: Some("fooocus"),
        says: &[
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
            Field::Loras,
        ],
        containers: PICTURES,
        folder: "Fooocus/outputs/a1111/%d",
        file_name: "%d_%n_%s",
        of_comfy: true,
        adapt: |intended| {
            for text in [&mut intended.positive, &mut intended.negative] {
                *text = text.replace("Negative prompt:", "Negative prompts");
            }
        },
        write: |intended, container, _| scheme("a1111", infotext(intended), VERSION, container),
    },
    Writer {
        name: "fooocus-plus",
        source: Some("fooocus"),
        says: &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Sampler,
            Field::Scheduler,
            Field::Cfg,
            Field::Seed,
            Field::Size,
            Field::Model,
            Field::Loras,
        ],
        containers: PICTURES,
        folder: "FooocusPlus/Outputs/%d",
        file_name: "%d_%n",
        of_comfy: true,
        adapt: as_it_is,
        write: |intended, container, _| match container {
            Container::Png => Notes::default().text("Comment", plus(intended)),
            _ => scheme("simple", plus(intended), "FooocusPlus 1.0.4", container),
        },
    },
    Writer {
        name: "fooocus-mre",
        source: Some("fooocus"),
        says: MRE,
        containers: &[Container::Png, Container::Jpeg],
        folder: "Fooocus-MRE/outputs/%d",
        file_name: "%d_%n",
        of_comfy: true,
        adapt: |intended| intended.loras.truncate(5),
        write: |intended, container, _| match container {
            Container::Png => Notes::default().text("Comment", mre(intended)),
            _ => Notes { comment: Some(mre(intended)), ..Notes::default() },
        },
    },
    Writer {
        name: "fooocus-mre-json",
        source: Some("fooocus"),
        says: MRE,
        containers: PICTURES,
        folder: "Fooocus-MRE/outputs/beside/%d",
        file_name: "%d_%n",
        of_comfy: true,
        adapt: |intended| intended.loras.truncate(5),
        write: |intended, _, _| Notes::default().beside("json", mre(intended)),
    },
    Writer {
        name: "fooocus-log",
        source: Some("fooocus"),
        says: &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Sampler,
            Field::Scheduler,
            Field::Cfg,
            Field::Seed,
            Field::Size,
            Field::Model,
            Field::Vae,
            Field::Loras,
        ],
        containers: PICTURES,
        folder: "Fooocus/logged/%d",
        file_name: "%d_%n_%s",
        of_comfy: true,
        adapt: as_it_is,
        write: |_, _, _| Notes { is_logged: true, ..Notes::default() },
    },
    Writer {
        name: "ruinedfooocus",
        source: Some("ruinedfooocus"),
        says: &[
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
            Field::ClipSkip,
            Field::Loras,
        ],
        containers: PNG,
        folder: "RuinedFooocus/outputs/%d",
        file_name: "%n-%s",
        of_comfy: true,
        adapt: as_it_is,
        write: |intended, _, _| Notes::default().text("parameters", ruined(intended)),
    },
];

/// The places of a scheme: keywords of a PNG, else all in IFD0.
fn scheme(name: &str, text: String, version: &str, container: Container) -> Notes {
    if container == Container::Png {
        return Notes::default().text("parameters", text).text("fooocus_scheme", name);
    }
    let mut notes = Notes::default().tag(SOFTWARE, version).tag(0x927c, name);
    notes.ifd0.push((COMMENT, 2, text.into_bytes()));
    notes
}

/// `None` is a word there.
fn or_none(text: &Option<String>, end: &str) -> String {
    text.as_ref().map_or("None".to_owned(), |text| format!("{text}{end}"))
}

fn size(intended: &Intended) -> String {
    format!("({}, {})", intended.width, intended.height)
}

/// The keys in alphabetical order, as the program sorts them.
fn json_text(intended: &Intended) -> String {
    let full = [intended.positive.clone(), format!("{}, highly detailed, sharp focus", intended.positive)];
    // Where nothing was typed, what the styles add would be all there is, and be the negative prompt.
    let full_negative = match intended.negative.as_str() {
        "" => json!([]),
        typed => json!([typed, "ugly, deformed, noisy"]),
    };
    let mut members = vec![
        ("adm_guidance".to_owned(), json!("(1.5, 0.8, 0.3)")),
        ("base_model".to_owned(), intended.model.clone().into()),
        ("base_model_hash".to_owned(), intended.model_hash.clone().into()),
        ("clip_skip".to_owned(), intended.clip_skip.into()),
        ("full_negative_prompt".to_owned(), full_negative),
        ("full_prompt".to_owned(), json!(full)),
        ("guidance_scale".to_owned(), intended.cfg.into()),
    ];
    for (nth, lora) in intended.loras.iter().enumerate() {
        let text = format!("{}.safetensors : {}", lora.name, lora.weight);
        members.push((format!("lora_combined_{}", nth + 1), text.into()));
    }
    let loras: Vec<_> =
        intended.loras.iter().map(|lora| json!([lora.name, lora.weight, lora.hash])).collect();
    let rest: [(&str, Value); 18] = [
        ("loras", loras.into()),
        ("metadata_scheme", "fooocus".into()),
        ("negative_prompt", intended.negative.clone().into()),
        ("performance", "Speed".into()),
        ("prompt", intended.positive.clone().into()),
        ("prompt_expansion", "highly detailed, sharp focus".into()),
        ("refiner_model", or_none(&intended.refiner, "").into()),
        ("refiner_switch", 0.5.into()),
        ("resolution", size(intended).into()),
        ("sampler", intended.sampler.clone().into()),
        ("scheduler", intended.scheduler.clone().into()),
        ("seed", intended.seed.to_string().into()),
        ("sharpness", 2.0.into()),
        ("steps", intended.steps.into()),
        ("styles", "['Fooocus V2', 'Fooocus Enhance', 'Fooocus Sharp']".into()),
        ("vae", format!("{}.safetensors", intended.vae).into()),
        ("version", VERSION.into()),
        ("created_by", "".into()),
    ];
    members.extend(rest.map(|(key, value)| (key.to_owned(), value)));
    let members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    object(&members)
}

fn infotext(intended: &Intended) -> String {
    let mut text = format!(
        "{}\nNegative prompt: {}\nSteps: {}, Sampler: {}, Schedule type: {}, Seed: {}, Size: {}x{}, CFG scale: {}, Sharpness: 2.0, \
         ADM Guidance: \"(1.5, 0.8, 0.3)\", Performance: Speed, Raw prompt: {}, Raw negative prompt: , Styles: \"['Fooocus V2']\", \
         Model: {}, Model hash: {}",
        intended.positive,
        intended.negative,
        intended.steps,
        intended.sampler,
        intended.scheduler,
        intended.seed,
        intended.width,
        intended.height,
        intended.cfg,
        Value::from(intended.positive.as_str()),
        intended.model,
        intended.model_hash
    );
    if !intended.loras.is_empty() {
        let of = |value: &dyn Fn(&crate::intended::Adapter) -> String| {
            let pairs: Vec<_> =
                intended.loras.iter().map(|lora| format!("{}: {}", lora.name, value(lora))).collect();
            Value::from(pairs.join(", "))
        };
        let (hashes, weights) = (of(&|lora| lora.hash.clone()), of(&|lora| lora.weight.to_string()));
        text.push_str(&format!(", Lora hashes: {hashes}, Lora weights: {weights}"));
    }
    text + ", Version: " + VERSION
}

fn plus(intended: &Intended) -> String {
    let mut members: Vec<(String, Value)> = vec![
        ("Prompt".to_owned(), intended.positive.clone().into()),
        ("Negative Prompt".to_owned(), intended.negative.clone().into()),
        ("Full Prompt".to_owned(), json!([intended.positive, "sharp"])),
        ("Styles".to_owned(), "['Fooocus V2']".into()),
        ("Performance".to_owned(), "Speed".into()),
        ("Steps".to_owned(), intended.steps.into()),
        ("Resolution".to_owned(), size(intended).into()),
        ("Guidance Scale".to_owned(), intended.cfg.into()),
        ("Sharpness".to_owned(), 2.into()),
        ("Base Model".to_owned(), format!("{}.safetensors", intended.model).into()),
        ("Refiner Model".to_owned(), "None".into()),
        ("Sampler".to_owned(), intended.sampler.clone().into()),
        ("Scheduler".to_owned(), intended.scheduler.clone().into()),
        ("Seed".to_owned(), intended.seed.to_string().into()),
    ];
    for (nth, lora) in intended.loras.iter().enumerate() {
        let text = format!("{}.safetensors : {}", lora.name, lora.weight);
        members.push((format!("LoRA {}", nth + 1), text.into()));
    }
    members.push(("Version".to_owned(), "FooocusPlus 1.0.4".into()));
    let members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    object(&members)
}

fn mre(intended: &Intended) -> String {
    let mut members: Vec<(String, Value)> = vec![
        ("prompt".to_owned(), intended.positive.clone().into()),
        ("negative_prompt".to_owned(), intended.negative.clone().into()),
        ("real_prompt".to_owned(), json!([intended.positive, "close"])),
        ("real_negative_prompt".to_owned(), json!([intended.negative])),
        ("style".to_owned(), "cinematic-default".into()),
        ("steps".to_owned(), intended.steps.into()),
        ("switch".to_owned(), (intended.steps * 2 / 3).into()),
        ("cfg".to_owned(), intended.cfg.into()),
        ("base_clip_skip".to_owned(), (-i64::from(intended.clip_skip)).into()),
        ("refiner_clip_skip".to_owned(), (-2).into()),
        ("sampler".to_owned(), intended.sampler.clone().into()),
        ("scheduler".to_owned(), intended.scheduler.clone().into()),
        ("base_model".to_owned(), format!("{}.safetensors", intended.model).into()),
        ("refiner_model".to_owned(), or_none(&intended.refiner, ".safetensors").into()),
    ];
    for nth in 0..5 {
        let lora = intended.loras.get(nth);
        let name = lora.map_or("None".to_owned(), |lora| format!("{}.safetensors", lora.name));
        members.push((format!("l{}", nth + 1), name.into()));
        members.push((format!("w{}", nth + 1), lora.map_or(0.5, |lora| lora.weight).into()));
    }
    members.push(("width".to_owned(), intended.width.into()));
    members.push(("height".to_owned(), intended.height.into()));
    members.push(("seed".to_owned(), intended.seed.into()));
    members.push(("software".to_owned(), "Fooocus-MRE v2.0.78".into()));
    let members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    object(&members)
}

fn ruined(intended: &Intended) -> String {
    let adapter = |lora: &crate::intended::Adapter| {
        json!([lora.hash, format!("{} - style/{}.safetensors", lora.weight, lora.name)])
    };
    object(&[
        ("Prompt", intended.positive.clone().into()),
        ("Negative", intended.negative.clone().into()),
        ("steps", intended.steps.into()),
        ("cfg", intended.cfg.into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("seed", intended.seed.into()),
        ("sampler_name", intended.sampler.clone().into()),
        ("scheduler", intended.scheduler.clone().into()),
        ("base_model_name", format!("SDXL/{}.safetensors", intended.model).into()),
        ("base_model_hash", intended.model_hash.clone().into()),
        ("loras", intended.loras.iter().map(adapter).collect::<Vec<_>>().into()),
        ("start_step", 0.into()),
        ("denoise", 1.0.into()),
        ("clip_skip", intended.clip_skip.into()),
        ("software", "RuinedFooocus".into()),
    ])
}
