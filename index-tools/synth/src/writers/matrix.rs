//! StabilityMatrix: the job as JSON beside the web UI's text, a project and a graph, or all of it in one object.

use serde_json::json;

use super::infotexts::safe;
use super::json::object;
use super::{PNG, Writer, as_it_is, shapes};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::Notes;

const SAYS: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
    Field::ModelHash,
];

pub(super) const WRITERS: &[Writer] = &[
    matrix("stabilitymatrix", SAYS, PNG, whole_hash, stability_matrix),
    matrix("stabilitymatrix-copy", SAYS, &[Container::Jpeg, Container::Webp], whole_hash, copy),
    matrix(
        "stabilitymatrix-project",
        &[Field::Positive, Field::Negative, Field::Steps, Field::Cfg, Field::Seed, Field::Size, Field::Model],
        PNG,
        as_it_is,
        |intended, _, _| Notes::default().text("smproj", project(intended)),
    ),
];

const fn matrix(
    name: &'static str,
    says: &'static [Field],
    containers: &'static [Container],
    adapt: fn(&mut Intended),
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some("stabilitymatrix"),
        says,
        containers,
        folder: "StabilityMatrix/Data/Images/Inference/%d",
        file_name: "InferenceTextToImage_%n",
        of_comfy: false,
        adapt,
        write,
    }
}

fn whole_hash(intended: &mut Intended) {
    safe(intended);
    intended.model_hash = format!("{:0<64}", intended.model_hash);
}

fn lines(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// All texts in one object, in the comment of an export.
fn copy(intended: &Intended, container: Container, dice: &mut Dice) -> Notes {
    let notes = stability_matrix(intended, Container::Png, dice);
    let mut members: Vec<_> =
        notes.texts.iter().map(|(key, text)| (key.as_str(), text.clone().into())).collect();
    members.retain(|(key, _)| *key != "prompt" || dice.chance(50));
    let text = object(&members);
    match container {
        Container::Jpeg if dice.chance(50) => Notes { comment: Some(text), ..Notes::default() },
        _ => Notes::default().unicode(&text, false),
    }
}

/// The state of the program's cards.
fn project(intended: &Intended) -> String {
    let state = json!({
        "ModelCard": {"SelectedModelName": format!("sdxl/{}.safetensors", intended.model), "IsVaeSelectionEnabled": false},
        "SamplerCard": {
            "Steps": intended.steps, "Width": intended.width, "Height": intended.height, "CfgScale": intended.cfg,
            "SelectedSampler": {"Name": "euler_ancestral"}, "SelectedScheduler": {"Name": "karras"}, "DenoiseStrength": 1.0
        },
        "SeedCard": {"Seed": intended.seed, "IsRandomizeEnabled": true},
        "PromptCard": {"Prompt": lines(&intended.positive), "NegativePrompt": lines(&intended.negative)},
        "BatchSize": {"BatchSize": 1, "BatchCount": 1}
    });
    json!({"Version": 2, "ProjectType": "TextToImage", "State": state}).to_string()
}

fn stability_matrix(intended: &Intended, _: Container, dice: &mut Dice) -> Notes {
    let about = object(&[
        ("PositivePrompt", lines(&intended.positive).into()),
        ("NegativePrompt", lines(&intended.negative).into()),
        ("Steps", intended.steps.into()),
        ("Sampler", intended.sampler.clone().into()),
        ("CfgScale", intended.cfg.into()),
        ("Seed", intended.seed.into()),
        ("Height", intended.height.into()),
        ("Width", intended.width.into()),
        ("ModelHash", intended.model_hash.clone().into()),
        ("ModelName", format!("{}.safetensors", intended.model).into()),
        ("ModelVersionId", 5.into()),
    ]);
    let project = json!({
        "Version": 1, "ProjectType": "TextToImage",
        "State": {"Prompt": {"Prompt": intended.positive, "NegativePrompt": intended.negative}, "Sampler": {"Steps": 20}}
    });
    let text = format!(
        "{}\r\nNegative prompt: {}\r\nSteps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model hash: {}, Model: {}",
        lines(&intended.positive),
        lines(&intended.negative),
        intended.steps,
        intended.sampler,
        intended.cfg,
        intended.seed,
        intended.width,
        intended.height,
        intended.model_hash,
        intended.model
    );
    Notes::default()
        .text("parameters", text)
        .text("parameters-json", about)
        .text("smproj", project.to_string())
        .text("prompt", shapes::plain(intended, dice).api(dice))
}
