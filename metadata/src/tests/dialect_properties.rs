//! Any recipe, written the way a dialect writes it, reads back as it was meant, and what is stored of it
//! reads back the same.

use super::encode::{comment_block, jpeg_exif, png};
use super::reading;
use crate::{auto_tags, recipe_of};
use lumidex_schema::recipe::{Lora, Recipe, Source};
use lumidex_schema::tag::{TagKind, is_valid_name};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

/// What every dialect can say.
#[derive(Clone, Debug)]
struct Meant {
    positive: String,
    negative: String,
    steps: u32,
    cfg: f64,
    seed: u64,
    size: (u32, u32),
    sampler: String,
    model: String,
    loras: Vec<(String, f64)>,
}

fn prompt() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Zéß猫風😀 ]{1,8}",
        Just("\n".to_owned()),
        Just(", ".to_owned()),
        Just("\"so\\\" {a|b} (x:1.2)".to_owned()),
        Just("\nSteps: 3 of them, red".to_owned()),
        Just("Negative prompt: not really".to_owned()),
        Just(" Seed: 5, Size: 8x8, Model: none".to_owned()),
        Just("<b> & 'quoted' %41".to_owned()),
    ];
    vec(piece, 1..8).prop_map(|pieces| format!("w{}", pieces.concat()).trim().to_owned())
}

fn meant() -> impl Strategy<Value = Meant> {
    let numbers = (1..150_u32, 0.5..30.0_f64, any::<u64>(), (1..8_000_u32, 1..8_000_u32));
    let names = ("[a-z][a-z0-9_]{1,9}", "[a-zA-Z猫][a-zA-Z0-9_ ]{0,12}[a-z0-9]");
    let loras = vec(("y[a-z]{2,6}", -1.0..2.0_f64), 0..3);
    (prompt(), prompt(), numbers, names, loras).prop_map(
        |(positive, negative, (steps, cfg, seed, size), (sampler, model), loras)| {
            let mut kept: Vec<(String, f64)> = Vec::new();
            for (name, weight) in loras {
                if !kept.iter().any(|(known, _)| *known == name) {
                    kept.push((name, weight));
                }
            }
            Meant { positive, negative, steps, cfg, seed, size, sampler, model, loras: kept }
        },
    )
}

fn swarm(meant: &Meant) -> Vec<u8> {
    let (names, weights): (Vec<_>, Vec<_>) = meant.loras.iter().cloned().unzip();
    let weights: Vec<_> = weights.iter().map(f64::to_string).collect();
    let params = json!({"prompt": meant.positive, "negativeprompt": meant.negative, "steps": meant.steps, "cfgscale": meant.cfg, "seed": meant.seed,
        "width": meant.size.0, "height": meant.size.1, "sampler": meant.sampler, "model": format!("XL/{}", meant.model), "loras": names, "loraweights": weights});
    png(&[("parameters", &format!("{:#}", json!({ "sui_image_params": params }))), ("prompt", super::GRAPH)])
}

fn invoke(meant: &Meant) -> Vec<u8> {
    let loras: Vec<_> =
        meant.loras.iter().map(|(name, weight)| json!({"model": {"name": name}, "weight": weight})).collect();
    let text = json!({"positive_prompt": meant.positive, "negative_prompt": meant.negative, "steps": meant.steps, "cfg_scale": meant.cfg, "seed": meant.seed,
        "width": meant.size.0, "height": meant.size.1, "scheduler": meant.sampler, "model": {"name": meant.model}, "loras": loras});
    png(&[("invokeai_metadata", &text.to_string())])
}

fn fooocus(meant: &Meant) -> Vec<u8> {
    let loras: Vec<_> = meant.loras.iter().map(|(name, weight)| json!([name, weight, "ab12"])).collect();
    let (width, height) = meant.size;
    let text = json!({"prompt": meant.positive, "negative_prompt": meant.negative, "steps": meant.steps, "guidance_scale": meant.cfg,
        "seed": meant.seed.to_string(), "resolution": format!("({width}, {height})"), "sampler": meant.sampler, "base_model": meant.model,
        "loras": loras, "metadata_scheme": "fooocus"});
    png(&[("parameters", &text.to_string())])
}

fn ruined(meant: &Meant) -> Vec<u8> {
    let loras: Vec<_> = meant
        .loras
        .iter()
        .map(|(name, weight)| json!(["", format!("{weight} - a/{name}.safetensors")]))
        .collect();
    let text = json!({"Prompt": meant.positive, "Negative": meant.negative, "steps": meant.steps, "cfg": meant.cfg, "seed": meant.seed,
        "width": meant.size.0, "height": meant.size.1, "sampler_name": meant.sampler, "base_model_name": format!("{}.ckpt", meant.model),
        "loras": loras, "software": "RuinedFooocus"});
    png(&[("parameters", &text.to_string())])
}

fn novel(meant: &Meant) -> Vec<u8> {
    let text = json!({"prompt": meant.positive, "uc": meant.negative, "steps": meant.steps, "scale": meant.cfg, "seed": meant.seed,
        "width": meant.size.0, "height": meant.size.1, "sampler": meant.sampler, "n_samples": 1});
    png(&[
        ("Software", "NovelAI"),
        ("Source", &format!("{} 0011AABB", meant.model)),
        ("Comment", &text.to_string()),
    ])
}

fn drawn(meant: &Meant) -> Vec<u8> {
    let loras: Vec<_> =
        meant.loras.iter().map(|(name, weight)| json!({"model": name, "weight": weight})).collect();
    let (width, height) = meant.size;
    let text = json!({"c": meant.positive, "uc": meant.negative, "steps": meant.steps, "scale": meant.cfg, "seed": meant.seed,
        "size": format!("{width}x{height}"), "sampler": meant.sampler, "model": format!("{}.ckpt", meant.model), "lora": loras});
    jpeg_exif(&comment_block(&text.to_string()))
}

fn easy(meant: &Meant) -> Vec<u8> {
    let (names, weights): (Vec<_>, Vec<_>) = meant.loras.iter().cloned().unzip();
    let text = json!({"prompt": meant.positive, "negative_prompt": meant.negative, "num_inference_steps": meant.steps, "guidance_scale": meant.cfg,
        "seed": meant.seed, "width": meant.size.0, "height": meant.size.1, "sampler_name": meant.sampler,
        "use_stable_diffusion_model": format!("C:\\m\\{}.ckpt", meant.model), "use_lora_model": names, "lora_alpha": weights});
    jpeg_exif(&comment_block(&text.to_string()))
}

fn tensor(meant: &Meant) -> Vec<u8> {
    let loras: Vec<_> =
        meant.loras.iter().map(|(name, weight)| json!({"modelFileName": name, "weight": weight})).collect();
    let text = json!({"prompt": meant.positive, "negativePrompt": meant.negative, "steps": meant.steps, "cfgScale": meant.cfg, "seed": meant.seed.to_string(),
        "width": meant.size.0, "height": meant.size.1, "samplerName": meant.sampler, "baseModel": {"modelFileName": meant.model}, "models": loras});
    png(&[("generation_data", &format!("{text}\0"))])
}

fn matrix(meant: &Meant) -> Vec<u8> {
    let text = json!({"PositivePrompt": meant.positive, "NegativePrompt": meant.negative, "Steps": meant.steps, "CfgScale": meant.cfg, "Seed": meant.seed,
        "Width": meant.size.0, "Height": meant.size.1, "Sampler": meant.sampler, "ModelName": format!("{}.safetensors", meant.model)});
    png(&[("parameters-json", &text.to_string())])
}

fn civitai(meant: &Meant) -> Vec<u8> {
    let about = json!({"prompt": meant.positive, "negativePrompt": meant.negative, "steps": meant.steps, "cfgScale": meant.cfg, "seed": meant.seed,
        "width": meant.size.0, "height": meant.size.1, "sampler": meant.sampler});
    let text = json!({"extra": {"airs": []}, "extraMetadata": about.to_string()});
    jpeg_exif(&comment_block(&text.to_string()))
}

fn flat(meant: &Meant) -> Vec<u8> {
    let (width, height) = meant.size;
    let text = json!({"prompt": meant.positive, "negative_prompt": meant.negative, "num_inference_steps": meant.steps, "guidance_scale": meant.cfg,
        "seed": meant.seed, "resolution": format!("{width} x {height}"), "sampler": meant.sampler, "Model": meant.model});
    png(&[("parameters", &text.to_string())])
}

fn infotext(meant: &Meant) -> Vec<u8> {
    let (width, height) = meant.size;
    let line = |text: &str| {
        text.replace("\nSteps: 3", "\n Steps: 3").replace("\nNegative prompt:", "\n Negative prompt:")
    };
    let weights: Vec<_> = meant.loras.iter().map(|(name, weight)| format!("{name}: {weight}")).collect();
    let weights = Value::from(weights.join(", "));
    let text = format!(
        "{}\nNegative prompt: {}\nSteps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {width}x{height}, Model: {}, Lora weights: {weights}, App: SD.Next",
        line(&meant.positive),
        line(&meant.negative),
        meant.steps,
        meant.sampler,
        meant.cfg,
        meant.seed,
        meant.model
    );
    jpeg_exif(&comment_block(&text))
}

type Writer = fn(&Meant) -> Vec<u8>;
/// Who writes it, how, what of it the writer calls its model, and whether it names adapters.
const WRITERS: [(Source, Writer, bool); 12] = [
    (Source::SwarmUi, swarm, true),
    (Source::InvokeAi, invoke, true),
    (Source::Fooocus, fooocus, true),
    (Source::RuinedFooocus, ruined, true),
    (Source::NovelAi, novel, false),
    (Source::DrawThings, drawn, true),
    (Source::EasyDiffusion, easy, true),
    (Source::TensorArt, tensor, true),
    (Source::StabilityMatrix, matrix, false),
    (Source::Civitai, civitai, false),
    (Source::HfSpace, flat, false),
    (Source::SdNext, infotext, true),
];

/// A blank more or less at the start of a line is no difference: it keeps a prompt's line from being
/// read as another part.
pub(super) fn plain(text: &str) -> String {
    text.replace("\n ", "\n")
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn what_was_meant_is_read(meant in meant(), nth in 0..WRITERS.len()) {
        let (source, write, has_loras) = WRITERS[nth];
        let reading = reading(&write(&meant), "a.png");
        prop_assert!(reading.recipe.is_some(), "{:?}", source);
        let recipe = reading.recipe.unwrap();
        prop_assert_eq!(recipe.source, source);
        prop_assert_eq!((plain(&recipe.positive), plain(&recipe.negative)), (plain(&meant.positive), plain(&meant.negative)));
        prop_assert_eq!((recipe.steps, recipe.cfg, recipe.seed.as_ref()), (Some(meant.steps), Some(meant.cfg), Some(&meant.seed.to_string())));
        prop_assert_eq!((recipe.width.zip(recipe.height), recipe.sampler.as_ref()), (Some(meant.size), Some(&meant.sampler)));
        if source != Source::Civitai {
            prop_assert_eq!(recipe.model.as_ref(), Some(&meant.model));
        }
        if has_loras && source != Source::SwarmUi {
            let loras: Vec<_> = recipe.loras.iter().map(|lora| (lora.name.clone(), lora.weight)).collect();
            prop_assert_eq!(&loras, &meant.loras);
        }
        let tags = auto_tags(&recipe);
        let has = |kind: TagKind, name: &str| tags.contains(&(kind, name.to_owned()));
        prop_assert!(has(TagKind::SourceIdentifier, source.identifier()) && has(TagKind::Sampler, &meant.sampler));
        prop_assert!(source == Source::Civitai || !is_valid_name(&meant.model) || has(TagKind::Model, &meant.model), "{:?}", tags);
        prop_assert!(!has_loras || meant.loras.iter().all(|(name, _)| has(TagKind::Lora, name)));
        prop_assert!(!tags.iter().any(|(kind, _)| *kind == TagKind::Size));
        let stored = recipe_of(&reading.generation_text).unwrap();
        let same = |recipe: Recipe| {
            let mut loras: Vec<Lora> = recipe.loras.clone();
            loras.sort_by(|a, b| a.name.cmp(&b.name));
            Recipe { raw: String::new(), positive: plain(&recipe.positive), negative: plain(&recipe.negative), loras, ..recipe }
        };
        prop_assert_eq!(same(stored), same(recipe));
    }
}
