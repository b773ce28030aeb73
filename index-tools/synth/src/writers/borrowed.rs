//! Who borrowed the web UI's text: savers of ComfyUI, Civitai's generator, StabilityMatrix, each with something
//! of their own beside it.

use serde_json::{Value, json};

use super::infotexts::{prompts, quoted, safe};
use super::json::object;
use super::{PICTURES, PNG, Writer, shapes};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{Notes, SOFTWARE};

pub(super) const WRITERS: &[Writer] = &[
    Writer {
        name: "civitai-infotext",
        source: Some("civitai"),
        says: &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Sampler,
            Field::Cfg,
            Field::Seed,
            Field::Size,
            Field::ClipSkip,
        ],
        containers: &[Container::Jpeg, Container::Webp],
        folder: "civitai/%d",
        file_name: "%s-%n",
        of_comfy: false,
        adapt: safe,
        write: |intended, _, _| {
            let job = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e";
            Notes { little: true, ..Notes::default() }
                .tag(0x013b, "ai")
                .tag(SOFTWARE, job)
                .unicode(&civitai(intended), false)
        },
    },
    Writer {
        name: "comfyui-infotext",
        source: Some("comfyui"),
        says: &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Cfg,
            Field::Seed,
            Field::Size,
            Field::Model,
            Field::ModelHash,
        ],
        containers: PICTURES,
        folder: "ComfyUI/output/%d",
        file_name: "%d_%n",
        of_comfy: true,
        adapt: safe,
        write: |intended, container, dice| {
            let text = saver(intended);
            let graph = shapes::plain(intended, dice);
            match container {
                Container::Png => Notes::default()
                    .text("parameters", text)
                    .text("prompt", graph.api(dice))
                    .text("workflow", graph.editor()),
                _ => Notes::default()
                    .tag(0x010f, &format!("Prompt: {}", graph.api(dice)))
                    .unicode(&text, false),
            }
        },
    },
    Writer {
        name: "stabilitymatrix",
        source: Some("stabilitymatrix"),
        says: &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Sampler,
            Field::Cfg,
            Field::Seed,
            Field::Size,
            Field::Model,
            Field::ModelHash,
        ],
        containers: PNG,
        folder: "StabilityMatrix/Data/Images/Inference/%d",
        file_name: "InferenceTextToImage_%n",
        of_comfy: false,
        adapt: |intended| {
            safe(intended);
            intended.model_hash = format!("{:0<64}", intended.model_hash);
        },
        write: stability_matrix,
    },
];

fn civitai(intended: &Intended) -> String {
    let mut resources = vec![json!({
        "type": "checkpoint", "modelVersionId": 2_002, "modelName": intended.model, "modelVersionName": "v3"
    })];
    for (nth, lora) in intended.loras.iter().enumerate() {
        resources.push(json!({
            "type": "lora", "weight": lora.weight, "modelVersionId": 4_004 + nth, "modelName": lora.name, "modelVersionName": "v1"
        }));
    }
    format!(
        "{}\nSteps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Clip skip: {}, Created Date: 2031-05-06T07:08:09.1234567Z, \
         Civitai resources: {}, Civitai metadata: {}",
        prompts(intended),
        intended.steps,
        quoted(&intended.sampler),
        intended.cfg,
        intended.seed,
        intended.width,
        intended.height,
        intended.clip_skip,
        Value::from(resources),
        json!({"input": {"url": "https://images.example/x?signature=abc", "step": 2}})
    )
}

/// As savers of ComfyUI that imitate the web UI write it: sampler and scheduler in one word.
fn saver(intended: &Intended) -> String {
    format!(
        "{}\nSteps: {}, Sampler: {}_{}, CFG Scale: {:?}, Seed: {}, Size: {}x{}, Model hash: {}, Model: {}, Version: ComfyUI",
        prompts(intended),
        intended.steps,
        intended.sampler,
        intended.scheduler,
        intended.cfg,
        intended.seed,
        intended.width,
        intended.height,
        intended.model_hash,
        quoted(&intended.model)
    )
}

fn stability_matrix(intended: &Intended, _: Container, dice: &mut Dice) -> Notes {
    let lines = |text: &str| text.replace('\n', "\r\n");
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
