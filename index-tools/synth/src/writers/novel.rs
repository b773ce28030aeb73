//! NovelAI: titles and a comment of JSON, in PNG, in WebP and among the pixels, of each generation.

use serde_json::{Value, json};

use super::json::object;
use super::{PNG, Writer};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{DESCRIPTION, Notes, SOFTWARE};

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
];
/// The first generations had no schedule.
const OLD: &[Field] = &[
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
const BOTH: &[Container] = &[Container::Png, Container::Webp];

pub(super) const WRITERS: &[Writer] = &[
    writer(
        "novelai-v1",
        OLD,
        PNG,
        |it| model(it, "Stable Diffusion"),
        |it, container, _| notes(it, container, 1),
    ),
    writer(
        "novelai-v3",
        SAYS,
        BOTH,
        |it| model(it, "Stable Diffusion XL"),
        |it, container, _| notes(it, container, 3),
    ),
    writer(
        "novelai-v4",
        SAYS,
        BOTH,
        |it| model(it, "NovelAI Diffusion V4.5"),
        |it, container, _| notes(it, container, 4),
    ),
    writer(
        "novelai-hidden",
        SAYS,
        PNG,
        |it| model(it, "NovelAI Diffusion V4"),
        |it, _, _| Notes { hidden: Some(("stealth_pngcomp", whole(it, 4, ""))), ..Notes::default() },
    ),
    writer(
        "novelai-characters",
        SAYS,
        BOTH,
        |it| model(it, "NovelAI Diffusion V4"),
        |it, container, _| notes(it, container, 5),
    ),
    // All that was left when others had saved the picture again; a record that mends errors follows, or none.
    writer(
        "novelai-saved-hidden",
        SAYS,
        BOTH,
        |it| model(it, "NovelAI Diffusion V4.5"),
        |it, _, dice| Notes {
            hidden: Some(("stealth_pngcomp", whole(it, 5, ""))),
            hidden_end: [&[0xff; 4][..], b"\0\0\0\x20mend"][dice.index(2)],
            ..Notes::default()
        },
    ),
    writer(
        "novelai-tool",
        &[],
        PNG,
        |it| model(it, "NovelAI Diffusion V4"),
        |it, _, _| {
            let comment = object(&[
                ("req_type", "bg-removal".into()),
                ("width", it.width.into()),
                ("height", it.height.into()),
                ("signed_hash", HASH.into()),
            ]);
            Notes::default()
                .text("Title", "AI augmented image")
                .text("Description", "")
                .text("Software", "NovelAI")
                .text("Source", source(it))
                .text("Generation time", TIME)
                .text("Comment", comment)
        },
    ),
];

const fn writer(
    name: &'static str,
    says: &'static [Field],
    containers: &'static [Container],
    adapt: fn(&mut Intended),
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some("novelai"),
        says,
        containers,
        folder: "novelai/%d",
        file_name: "%n s-%s",
        of_comfy: true,
        adapt,
        write,
    }
}

/// The model is one of its own, and hashes have eight digits.
fn model(intended: &mut Intended, name: &str) {
    name.clone_into(&mut intended.model);
    intended.model_hash.truncate(8);
}

fn source(intended: &Intended) -> String {
    format!("{} {}", intended.model, intended.model_hash.to_uppercase())
}

const TITLE: &str = "NovelAI generated image";
const TIME: &str = "6.494704299024306";
const HASH: &str = "K1c3bVfXo0Zk8yJx2m4q5w6e7r8t9u0i1o2p3a4s5d6f7g8h9j0kAA==";

fn notes(intended: &Intended, container: Container, generation: u32) -> Notes {
    if container == Container::Png {
        return Notes::default()
            .text("Title", TITLE)
            .text("Description", intended.positive.clone())
            .text("Software", "NovelAI")
            .text("Source", source(intended))
            .text("Generation time", TIME)
            .text("Comment", comment(intended, generation));
    }
    let mut notes = Notes::default().tag(SOFTWARE, &source(intended)).tag(0x010d, TITLE);
    notes.ifd0.push((DESCRIPTION, 2, [&[0; 4][..], intended.positive.as_bytes(), b"\0"].concat()));
    notes.user_comment(b"ASCII\0\0\0", &whole(intended, generation, "\0\0\0\0"))
}

/// Everything that a PNG has as texts, in one object.
fn whole(intended: &Intended, generation: u32, before: &str) -> String {
    object(&[
        ("Comment", comment(intended, generation).into()),
        ("Description", format!("{before}{}", intended.positive).into()),
        ("Generation time", TIME.into()),
        ("Software", "NovelAI".into()),
        ("Source", source(intended).into()),
        ("Title", TITLE.into()),
    ])
}

/// Base and characters: lines behind the first are characters, where they can be.
fn captions(text: &str) -> Value {
    let lines: Vec<&str> = text.lines().collect();
    let is_plain = lines.iter().all(|line| !line.is_empty() && line.trim() == *line);
    let (base, characters) =
        if is_plain && lines.len() > 1 { (lines[0], &lines[1..]) } else { (text, &[][..]) };
    let character = |(nth, caption): (usize, &&str)| json!({"char_caption": caption, "centers": [{"x": 0.3 + 0.2 * nth as f64, "y": 0.5}]});
    let characters: Vec<_> = characters.iter().enumerate().map(character).collect();
    json!({"base_caption": base, "char_captions": characters})
}

fn comment(intended: &Intended, generation: u32) -> String {
    let mut members: Vec<(&str, Value)> = Vec::new();
    if generation > 1 {
        members.push(("prompt", intended.positive.clone().into()));
    }
    members.extend([
        ("steps", intended.steps.into()),
        ("height", intended.height.into()),
        ("width", intended.width.into()),
        ("scale", intended.cfg.into()),
        ("uncond_scale", 1.0.into()),
        ("cfg_rescale", 0.0.into()),
        ("seed", intended.seed.into()),
        ("n_samples", 1.into()),
    ]);
    if generation > 1 {
        members.push(("noise_schedule", intended.scheduler.clone().into()));
        members.push(("legacy_v3_extend", false.into()));
        members.push(("reference_strength_multiple", json!([])));
    }
    members.push(("sampler", intended.sampler.clone().into()));
    if generation > 3 {
        let said = |text: &str| json!({"caption": captions(text), "use_coords": true, "use_order": true, "legacy_uc": false});
        let mut negative = json!({"caption": {"base_caption": intended.negative, "char_captions": []}, "use_coords": false, "use_order": false});
        if generation > 4 {
            // What characters must not be, too.
            negative["caption"] = captions(&intended.negative);
        }
        members.push(("v4_prompt", said(&intended.positive)));
        members.push(("v4_negative_prompt", negative));
    }
    members.extend([
        ("dynamic_thresholding", false.into()),
        ("sm", false.into()),
        ("sm_dyn", false.into()),
        ("uc", intended.negative.clone().into()),
        ("request_type", "PromptGenerateRequest".into()),
        ("signed_hash", HASH.into()),
    ]);
    object(&members)
}
