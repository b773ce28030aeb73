//! ComfyUI: the graph that was run and the graph that the editor shows, in every container it saves.

use serde_json::Value;

use super::graphs::Graph;
use super::nodes::{efficient, pipes, service, texts};
use super::shapes::{custom, edit, flux, plain, refined, sd3, studio};
use super::{Writer, as_it_is};
use crate::dice::Dice;
use crate::file::{Container, SEGMENT_BYTES_MAX};
use crate::intended::{Field, Intended};
use crate::notes::{COMMENT, Notes};

/// Whatever can be made by it, but for GIF and BMP, which it cannot describe.
const ALL: &[Container] = &[
    Container::Png,
    Container::Apng,
    Container::Jpeg,
    Container::Webp,
    Container::Avif,
    Container::Heic,
    Container::Jxl,
    Container::Tiff,
    Container::Mp4,
    Container::Mov,
    Container::Webm,
    Container::Mkv,
    Container::Flac,
    Container::Ogg,
    Container::Mp3,
];
const SOME: &[Container] =
    &[Container::Png, Container::Webp, Container::Jpeg, Container::Mp4, Container::Webm];

pub(super) const BASE: &[Field] = &[
    Field::Positive,
    Field::Negative,
    Field::Steps,
    Field::Sampler,
    Field::Scheduler,
    Field::Cfg,
    Field::Seed,
    Field::Size,
    Field::Model,
];
pub(super) const ADAPTED: &[Field] = &[
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
    Field::ClipSkip,
    Field::Loras,
];

pub(super) const WRITERS: &[Writer] = &[
    writer("comfyui", ADAPTED, ALL, "ComfyUI_%n_", |intended, container, dice| {
        graphs(&plain(intended, dice), container, dice)
    }),
    writer("comfyui-studio", ADAPTED, SOME, "studio_%n_", |intended, container, dice| {
        graphs(&studio(intended, dice), container, dice)
    }),
    writer("comfyui-refined", ADAPTED, SOME, "refined_%n_", |intended, container, dice| {
        graphs(&refined(intended, dice), container, dice)
    }),
    writer(
        "comfyui-flux",
        &[
            Field::Positive,
            Field::Steps,
            Field::Sampler,
            Field::Scheduler,
            Field::Guidance,
            Field::Seed,
            Field::Size,
            Field::Model,
            Field::Vae,
            Field::Loras,
        ],
        SOME,
        "flux-dev_%n_",
        |intended, container, dice| graphs(&flux(intended, dice), container, dice),
    ),
    writer("comfyui-sd3", BASE, SOME, "sd3_%n_", |intended, container, dice| {
        graphs(&sd3(intended, dice), container, dice)
    }),
    writer(
        "comfyui-editor",
        BASE,
        &[Container::Png, Container::Webp],
        "edited_%n_",
        |intended, container, dice| editor_only(&plain(intended, dice), container),
    ),
    writer("comfyui-custom", ADAPTED, SOME, "custom_%n_", |intended, container, dice| {
        graphs(&custom(intended, dice), container, dice)
    }),
    writer("comfyui-texts", ADAPTED, SOME, "texts_%n_", |intended, container, dice| {
        graphs(&texts(intended, dice), container, dice)
    }),
    writer("comfyui-pipes", ADAPTED, SOME, "piped_%n_", |intended, container, dice| {
        graphs(&pipes(intended, dice), container, dice)
    }),
    writer("comfyui-efficient", ADAPTED, SOME, "efficient_%n_", |intended, container, dice| {
        graphs(&efficient(intended), container, dice)
    }),
    writer(
        "comfyui-edit",
        &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Sampler,
            Field::Scheduler,
            Field::Cfg,
            Field::Seed,
            Field::Model,
            Field::Vae,
            Field::Loras,
        ],
        SOME,
        "edited_by_words_%n_",
        |intended, container, dice| graphs(&edit(intended), container, dice),
    ),
    writer(
        "comfyui-service",
        &[Field::Positive, Field::Negative, Field::Cfg, Field::Seed, Field::Model],
        SOME,
        "asked_%n_",
        |intended, container, dice| graphs(&service(intended, dice), container, dice),
    ),
];

pub(super) const fn writer(
    name: &'static str,
    says: &'static [Field],
    containers: &'static [Container],
    file_name: &'static str,
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some("comfyui"),
        says,
        containers,
        folder: "ComfyUI/output/%d",
        file_name,
        of_comfy: true,
        adapt: as_it_is,
        write,
    }
}

fn editor_only(graph: &Graph, container: Container) -> Notes {
    let notes = Notes { little: true, ..Notes::default() };
    match container {
        Container::Png => notes.text("workflow", graph.editor()),
        // All that editors of pictures leave of it.
        _ => notes.tag(0x8298, &format!("workflow:{}", graph.editor())),
    }
}

pub(super) fn graphs(graph: &Graph, container: Container, dice: &mut Dice) -> Notes {
    let (api, editor) = (graph.api(dice), graph.editor());
    let both = |is_text: bool| {
        let whole = |graph: &str| if is_text { Value::from(graph).to_string() } else { graph.to_owned() };
        format!("{{\"prompt\": {}, \"workflow\": {}}}", whole(&api), whole(&editor))
    };
    let notes = Notes { little: true, is_private: container == Container::Apng, ..Notes::default() };
    match container {
        _ if container.is_film() && dice.chance(30) => notes.text("comment", both(true)),
        _ if container.has_keywords() => notes.text("prompt", api).text("workflow", editor),
        Container::Jpeg if both(false).len() + 200 > SEGMENT_BYTES_MAX => {
            notes.tag(0x0110, &format!("prompt:{api}"))
        }
        Container::Jpeg | Container::Webp if dice.chance(30) => comment_in_ifd0(notes, &both(false)),
        Container::Jpeg if dice.chance(50) => {
            notes.tag(0x010e, &format!("Workflow: {editor}")).tag(0x010f, &format!("Prompt: {api}"))
        }
        _ => notes.tag(0x0110, &format!("prompt:{api}")).tag(0x010f, &format!("workflow:{editor}")),
    }
}

/// Savers put it where it does not belong, without a character code.
fn comment_in_ifd0(mut notes: Notes, text: &str) -> Notes {
    notes.ifd0.push((COMMENT, 2, text.as_bytes().to_vec()));
    notes
}
