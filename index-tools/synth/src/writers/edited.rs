//! ComfyUI's files that hold only what its editor shows, in the forms that editing gives it, and the graphs of
//! films and of XMP packets.

use super::Writer;
use super::comfy::{ADAPTED, BASE, writer};
use super::editor::{Editor, Promoted};
use super::shapes::{plain, video};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{Notes, escaped, packet};

/// What an editor's graph goes into.
const KEPT: &[Container] =
    &[Container::Png, Container::Webp, Container::Mp4, Container::Webm, Container::Flac, Container::Mp3];
const FILM: &[Field] = &[
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
];

pub(super) const WRITERS: &[Writer] = &[
    writer("comfyui-subgraph", ADAPTED, KEPT, "folded_%n_", |intended, container, dice| {
        let graph = subgraphs(intended, dice);
        shown(graph, container, dice)
    }),
    writer("comfyui-group", ADAPTED, KEPT, "grouped_%n_", |intended, container, dice| {
        let graph = groups(intended, dice);
        shown(graph, container, dice)
    }),
    writer("comfyui-helpers", ADAPTED, KEPT, "wired_%n_", |intended, container, dice| {
        let graph = helpers(intended, dice);
        shown(graph, container, dice)
    }),
    writer(
        "comfyui-video",
        FILM,
        &[Container::Mp4, Container::Webm, Container::Mkv, Container::Png],
        "video_%n",
        |intended, _, dice| {
            let graph = video(intended);
            let editor = Editor::of(&graph, true).text(dice);
            // The editor's alone, where a person asked for no more.
            let notes = Notes::default().text("workflow", editor);
            if dice.chance(60) { notes.text("prompt", graph.api(dice)) } else { notes }
        },
    ),
    writer(
        "comfyui-xmp",
        BASE,
        &[Container::Avif, Container::Heic, Container::Jxl],
        "packed_%n_",
        |intended, _, dice| {
            let graph = plain(intended, dice);
            let xmp = packet(&[
                ("comfy:prompt", escaped(&graph.api(dice))),
                ("comfy:workflow", escaped(&graph.editor())),
            ]);
            Notes { xmp: Some(xmp), ..Notes::default() }
        },
    ),
];

fn shown(graph: String, container: Container, dice: &mut Dice) -> Notes {
    let notes = Notes { little: true, ..Notes::default() };
    match container {
        _ if container.has_keywords() => notes.text("workflow", graph),
        _ if dice.chance(50) => notes.tag(0x010f, &format!("workflow:{graph}")),
        _ => notes.tag(0x8298, &format!("workflow:{graph}")),
    }
}

/// What samples, what it is told and what it begins with in one subgraph, or the texts in another one inside.
fn subgraphs(intended: &Intended, dice: &mut Dice) -> String {
    let mut editor = Editor::of(&plain(intended, dice), true);
    let ways = [Promoted::Never, Promoted::Inputs, Promoted::Fed, Promoted::Proxies];
    let encoders = editor.all_of(&["CLIPTextEncode"]);
    let samplers = editor.all_of(&["KSampler"]);
    let mut inside = editor.all_of(&["KSampler", "LatentUpscaleBy"]);
    if dice.chance(60) {
        inside.extend(editor.all_of(&["EmptyLatentImage"]));
    }
    if dice.chance(50) {
        inside.extend(editor.all_of(&["VAEDecode"]));
    }
    let mut told: Vec<(i64, &str)> = encoders.iter().map(|id| (*id, "text")).collect();
    if dice.chance(40) {
        let way = ways[dice.index(2)];
        let instance = editor.fold(&encoders, &told, way, dice);
        inside.push(instance);
        told =
            if way == Promoted::Never { Vec::new() } else { vec![(instance, "text"), (instance, "text_1")] };
    } else {
        inside.extend(&encoders);
    }
    told.extend(samplers.first().into_iter().flat_map(|id| [(*id, "seed"), (*id, "steps"), (*id, "cfg")]));
    told.truncate(1 + dice.index(told.len()));
    let way = ways[dice.index(ways.len())];
    editor.fold(&inside, &told, way, dice);
    editor.text(dice)
}

/// The texts in a group, and sometimes what samples in another.
fn groups(intended: &Intended, dice: &mut Dice) -> String {
    let mut editor = Editor::of(&plain(intended, dice), dice.chance(30));
    let encoders = editor.all_of(&["CLIPTextEncode"]);
    let samplers = editor.all_of(&["KSampler", "LatentUpscaleBy", "VAEDecode"]);
    editor.group(&encoders, "prompts", dice);
    if dice.chance(50) {
        editor.group(&samplers, "sampling and all", dice);
    }
    editor.text(dice)
}

/// Links led around, values fed from elsewhere, parts that are switched off.
fn helpers(intended: &Intended, dice: &mut Dice) -> String {
    let mut editor = Editor::of(&plain(intended, dice), dice.chance(50));
    for _ in 0..dice.below(5) {
        editor.lead_around(dice);
    }
    for (classes, names) in [
        (&["CLIPTextEncode"], &["text"][..]),
        (&["KSampler"], &["seed", "steps"]),
        (&["EmptyLatentImage"], &["width", "height"]),
    ] {
        for id in editor.all_of(classes) {
            for name in names.iter().filter(|_| dice.chance(50)).collect::<Vec<_>>() {
                editor.feed(id, name, dice);
            }
        }
    }
    let loaders = editor.all_of(&["CheckpointLoaderSimple"]);
    for loader in loaders.into_iter().filter(|_| dice.chance(50)).collect::<Vec<_>>() {
        editor.switch_off(loader);
    }
    editor.text(dice)
}
