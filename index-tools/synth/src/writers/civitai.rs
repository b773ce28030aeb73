//! Civitai's generator: the web UI's text with its own list of resources, and jobs as JSON beside a graph.

use serde_json::{Value, json};

use super::infotexts::{prompts, quoted, safe};
use super::json::object;
use super::{Writer, as_it_is, graphs, shapes};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Adapter, Field, Intended};
use crate::notes::{Notes, SOFTWARE};

const BOTH: &[Container] = &[Container::Jpeg, Container::Webp];

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
        containers: BOTH,
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
        name: "civitai-job",
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
        containers: BOTH,
        folder: "civitai/jobs/%d",
        file_name: "%s-%n",
        of_comfy: false,
        adapt: as_it_is,
        write: |intended, _, dice| Notes::default().unicode(&job(intended, dice), false),
    },
    Writer {
        name: "civitai-tagged",
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
            Field::Model,
            Field::Loras,
        ],
        containers: BOTH,
        folder: "civitai/tagged/%d",
        file_name: "%s-%n",
        of_comfy: false,
        adapt: |intended| {
            // Resources have numbers for names.
            "civitai:2002".clone_into(&mut intended.model);
            for (nth, lora) in intended.loras.iter_mut().enumerate() {
                lora.name = format!("civitai:{}", 4_004 + nth);
            }
        },
        write: |intended, container, dice| {
            let graph = shapes::plain(&Intended::default(), dice);
            let text = beside_the_graph(intended, dice);
            let notes = Notes { little: true, ..Notes::default() };
            match container {
                Container::Webp => notes
                    .tag(0x0110, &format!("prompt:{}", graph.api(dice)))
                    .tag(0x010f, &format!("workflow:{}", graph.editor()))
                    .unicode(&text, false),
                _ => notes.unicode(&text, false),
            }
        },
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

fn job(intended: &Intended, dice: &mut Dice) -> String {
    let mut graph = graphs::members(&shapes::plain(&Intended::default(), dice), dice);
    let resource =
        |(nth, lora): (usize, &Adapter)| json!({"modelVersionId": 4_004 + nth, "strength": lora.weight});
    let resources: Vec<_> = [json!({"modelVersionId": 2_002, "strength": 1})]
        .into_iter()
        .chain(intended.loras.iter().enumerate().map(resource))
        .collect();
    let about = about(intended, resources);
    graph.insert("extra".to_owned(), json!({"airs": ["urn:air:sdxl:checkpoint:civitai:1001@2002"]}));
    graph.insert("extraMetadata".to_owned(), about.into());
    Value::Object(graph).to_string()
}

fn about(intended: &Intended, resources: Vec<Value>) -> String {
    object(&[
        ("prompt", intended.positive.clone().into()),
        ("negativePrompt", intended.negative.clone().into()),
        ("cfgScale", intended.cfg.into()),
        ("sampler", intended.sampler.clone().into()),
        ("workflowId", "txt2img".into()),
        ("steps", intended.steps.into()),
        ("seed", intended.seed.into()),
        ("clipSkip", intended.clip_skip.into()),
        ("width", intended.width.into()),
        ("height", intended.height.into()),
        ("baseModel", "SDXL 1.0".into()),
        ("resources", resources.into()),
    ])
}

/// What stands beside a graph instead of in it: lists of resources in either form, and where things lie, signed.
fn beside_the_graph(intended: &Intended, dice: &mut Dice) -> String {
    let air = |kind: &str, version: usize| format!("urn:air:sdxl:{kind}:civitai:{}@{version}", version / 2);
    let loras: Vec<_> = (0..intended.loras.len()).map(|nth| air("lora", 4_004 + nth)).collect();
    let adapters = intended.loras.iter().enumerate();
    let mut resources: Vec<_> =
        adapters.map(|(nth, lora)| json!({"modelVersionId": 4_004 + nth, "strength": lora.weight})).collect();
    resources.insert(dice.index(resources.len() + 1), json!({"modelVersionId": 2_002, "strength": 1}));
    let about = about(intended, resources);
    let (before, after) = about.split_at(about.len() - 1);
    let about = format!(
        "{before}, \"transformations\": [{}]{after}",
        json!({"type": "upscale", "upscaleWidth": 2_048, "image": "https://images.example/x?signature=abc"})
    );
    let extra = if dice.chance(50) {
        json!({"ckpt_airs": [air("checkpoint", 2_002)], "lora_airs": loras, "embedding_airs": []})
    } else {
        let airs = [vec![air("checkpoint", 2_002)], loras].concat();
        json!({"airs": airs})
    };
    let about = if dice.chance(50) { Value::from(about).to_string() } else { about };
    format!("{{\"extra\": {extra}, \"extraMetadata\": {about}}}")
}
