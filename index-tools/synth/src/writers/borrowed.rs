//! Savers of ComfyUI that borrowed the web UI's text, with a graph beside it.

use super::infotexts::{prompts, quoted, safe};
use super::{PICTURES, Writer, shapes};
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::Notes;

pub(super) const WRITERS: &[Writer] = &[Writer {
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
            _ => Notes::default().tag(0x010f, &format!("Prompt: {}", graph.api(dice))).unicode(&text, false),
        }
    },
}];

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
