//! SwarmUI: one JSON object in every kind of picture, beside it or among its pixels, of each of its ages.

use serde_json::{Value, json};

use super::{PICTURES, PNG, Writer, as_it_is, shapes};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::Notes;

const SWARM: &[Field] = &[
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
];
/// Older settings had other names, and no hashes stood beside them.
const OLDER: &[Field] = &[
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
];
const UPSCALED: &[Field] = &[
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
    Field::Vae,
    Field::Loras,
    Field::Hires,
];
const REFINED: &[Field] = &[
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
    Field::Refiner,
];

pub(super) const WRITERS: &[Writer] = &[
    swarm("swarmui", SWARM, PICTURES, |intended, container, dice| {
        let text = swarm_text(intended, dice);
        match container {
            Container::Png => {
                let other = Intended { positive: "a backend's own words".to_owned(), ..intended.clone() };
                Notes::default()
                    .text("parameters", text)
                    .text("prompt", shapes::plain(&other, dice).api(dice))
            }
            // Old builds took the camera's model for it.
            Container::Webp if dice.chance(20) => {
                Notes { little: true, ..Notes::default() }.tag(0x0110, &text)
            }
            _ => Notes { little: true, ..Notes::default() }.unicode(&text, true),
        }
    }),
    swarm("swarmui-hidden", SWARM, PNG, |intended, _, dice| {
        let signature = ["stealth_pngcomp", "stealth_rgbcomp"][dice.index(2)];
        Notes { hidden: Some((signature, swarm_text(intended, dice))), ..Notes::default() }
    }),
    swarm(
        "swarmui-sidecar",
        SWARM,
        &[Container::Png, Container::Jpeg, Container::Webp, Container::Mp4, Container::Webm],
        |intended, _, dice| Notes::default().beside("swarm.json", swarm_text(intended, dice)),
    ),
    swarm("swarmui-older", OLDER, PICTURES, |intended, container, dice| {
        let text = swarm_text(intended, dice);
        let (text, _) = text.split_once(",\n  \"sui_models\"").unwrap_or((&text, ""));
        let (sampler, scheduler) = ("\"comfyuisampler\": ", "\"comfyuischeduler\": ");
        let text = text.replace("\n    \"sampler\": ", &format!("\n    {sampler}"));
        placed(text.replace("\n    \"scheduler\": ", &format!("\n    {scheduler}")) + "\n}", container)
    }),
    swarm("swarmui-upscaled", UPSCALED, PICTURES, |intended, container, dice| {
        let mut more = vec![("fluxguidancescale", intended.guidance.into())];
        if let Some(hires) = &intended.hires {
            more.extend([
                ("refinercontrolpercentage", hires.denoise.into()),
                ("refinersteps", hires.steps.into()),
                ("refinermethod", "PostApply".into()),
                ("refinerupscale", hires.scale.into()),
                ("refinerupscalemethod", format!("model-{}.pth", hires.upscaler).into()),
            ]);
        }
        placed(swarm_text_with(intended, &more, dice), container)
    }),
    swarm("swarmui-refined", REFINED, PICTURES, |intended, container, dice| {
        let mut more = Vec::new();
        if let Some(refiner) = &intended.refiner {
            more.extend([
                ("refinermodel", format!("XL/{refiner}").into()),
                ("refinercontrolpercentage", 0.2.into()),
                ("refinermethod", "StepSwap".into()),
                ("refinersteps", 40.into()),
            ]);
        }
        placed(swarm_text_with(intended, &more, dice), container)
    }),
];

type Write = fn(&Intended, Container, &mut Dice) -> Notes;

const fn swarm(
    name: &'static str,
    says: &'static [Field],
    containers: &'static [Container],
    write: Write,
) -> Writer {
    Writer {
        name,
        source: Some("swarmui"),
        says,
        containers,
        folder: "SwarmUI/Output/local/raw/%d",
        file_name: "%n-%s",
        of_comfy: true,
        adapt: as_it_is,
        write,
    }
}

fn placed(text: String, container: Container) -> Notes {
    match container {
        Container::Png => Notes::default().text("parameters", text),
        _ => Notes { little: true, ..Notes::default() }.unicode(&text, true),
    }
}

fn swarm_text(intended: &Intended, dice: &mut Dice) -> String {
    swarm_text_with(intended, &[], dice)
}

/// The same with more settings.
fn swarm_text_with(intended: &Intended, more: &[(&'static str, Value)], dice: &mut Dice) -> String {
    let texts = dice.chance(50);
    let number = |value: Value| if texts { Value::from(value.to_string()) } else { value };
    let (names, weights): (Vec<_>, Vec<_>) =
        intended.loras.iter().map(|lora| (lora.name.clone(), lora.weight.to_string())).unzip();
    let mut params = vec![
        ("prompt", intended.positive.clone().into()),
        ("negativeprompt", intended.negative.clone().into()),
        ("model", format!("SDXL/{}", intended.model).into()),
        ("seed", intended.seed.into()),
        ("steps", number(intended.steps.into())),
        ("cfgscale", number(intended.cfg.into())),
        ("aspectratio", "Custom".into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("sampler", intended.sampler.clone().into()),
        ("scheduler", intended.scheduler.clone().into()),
        ("vae", intended.vae.clone().into()),
        ("automaticvae", false.into()),
        ("clipstopatlayer", (-i64::from(intended.clip_skip)).into()),
    ];
    if !names.is_empty() {
        let is_list = dice.chance(70);
        params.push(("loras", if is_list { json!(names) } else { names.join(",").into() }));
        params.push(("loraweights", if is_list { json!(weights) } else { weights.join(",").into() }));
    }
    params.extend(more.iter().cloned());
    params.push(("swarm_version", "0.9.7.0".into()));
    let model = |name: &str, param: &str, hash: &str| json!({"name": name, "param": param, "hash": format!("0x{hash:0<64}")});
    let mut models = vec![json!({
        "name": format!("SDXL/{}.safetensors", intended.model), "param": "model", "hash": format!("0x{}", intended.model_hash)
    })];
    models.extend(
        intended.loras.iter().map(|lora| model(&format!("{}.safetensors", lora.name), "loras", &lora.hash)),
    );
    let members: Vec<_> =
        params.iter().map(|(key, value)| format!("    {}: {value}", Value::from(*key))).collect();
    let extra = json!({"date": "2031-05-06", "prep_time": "0.02 sec", "generation_time": "3.71 sec", "original_prompt": "a {clay|mud} heron"});
    format!(
        "{{\n  \"sui_image_params\": {{\n{}\n  }},\n  \"sui_extra_data\": {extra},\n  \"sui_models\": {}\n}}",
        members.join(",\n"),
        Value::from(models)
    )
}
