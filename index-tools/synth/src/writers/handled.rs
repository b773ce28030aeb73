//! The web UI's text as it was in other years, and after others had handled it: galleries, tools that change a
//! file in place, the tab for finished pictures, services that hand pictures out.

use std::fmt::Write as _;

use super::infotexts::{WEB_UI, comment, name_adapters, prompts, quoted, safe, web_ui, words_of_one_line};
use super::{PICTURES, PNG, Writer};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::Notes;

pub(super) const WRITERS: &[Writer] = &[
    web("a1111-edited", WEB_UI, PNG, |intended, _, dice| {
        let text = web_ui(intended, dice, "v1.7.0");
        Notes { is_edited: true, ..Notes::default() }.text("parameters", text)
    }),
    web("a1111-webp-hidden", WEB_UI, &[Container::Webp], |intended, _, dice| {
        let signature = ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"];
        let text = web_ui(intended, dice, "v1.10.0");
        Notes { hidden: Some((signature[dice.index(4)], text)), ..Notes::default() }
    }),
    web("a1111-trailer", WEB_UI, PICTURES, |intended, container, dice| {
        let text = web_ui(intended, dice, "v1.8.0") + TRAILER;
        if dice.chance(25) { Notes::default().beside("txt", text) } else { comment(text, container, dice) }
    }),
    web("a1111-upscaled", WEB_UI, PNG, |intended, _, dice| {
        let keyword = ["postprocessing", "extras"][dice.index(2)];
        Notes::default().text("parameters", web_ui(intended, dice, "v1.4.0")).text(keyword, UPSCALED)
    }),
    web("a1111-extras", &[], PICTURES, |_, container, dice| match container {
        Container::Png => Notes::default().text(["postprocessing", "extras"][dice.index(2)], UPSCALED),
        // There the line stands where the recipe stood.
        _ => Notes::default().unicode(UPSCALED, false),
    }),
    Writer {
        name: "a1111-2022",
        source: Some("a1111"),
        says: &[
            Field::Positive,
            Field::Negative,
            Field::Steps,
            Field::Cfg,
            Field::Seed,
            Field::Size,
            Field::ModelHash,
            Field::Loras,
        ],
        containers: PICTURES,
        folder: "old/stable-diffusion-webui/outputs/txt2img-images/%d",
        file_name: "%n-%s",
        of_comfy: false,
        adapt: |intended| {
            safe(intended);
            intended.model_hash.truncate(8);
        },
        write: |intended, container, dice| comment(of_2022(intended, dice), container, dice),
    },
    Writer {
        name: "exporter",
        source: Some("a1111"),
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
        containers: PICTURES,
        folder: "downloads/exported/%d",
        file_name: "%n-%s",
        of_comfy: false,
        adapt: |intended| {
            safe(intended);
            words_of_one_line(intended);
        },
        write: |intended, container, dice| comment(exported(intended, dice), container, dice),
    },
];

/// What a gallery puts behind everything.
const TRAILER: &str = "\nextraJsonMetaInfo: {\n  \"rating\": 4,\n  \"album\": \"harbour, Steps: 3\",\n  \"tags\": [\"a\", \"b\"]\n}";
/// What the tab for finished pictures writes.
const UPSCALED: &str = "Postprocess upscale by: 4, Postprocess upscaler: R-ESRGAN 4x+";

const fn web(
    name: &'static str,
    says: &'static [Field],
    containers: &'static [Container],
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some("a1111"),
        says,
        containers,
        folder: "stable-diffusion-webui/outputs/others/%d",
        file_name: "%n-%s",
        of_comfy: false,
        adapt: name_adapters,
        write,
    }
}

/// As it was before samplers and schedulers parted, with adapters by an extension.
fn of_2022(intended: &Intended, dice: &mut Dice) -> String {
    let mut text = prompts(intended);
    let _ = write!(
        text,
        "\nSteps: {}, Sampler: DPM++ 2M Karras, CFG scale: {}, Seed: {}, Face restoration: CodeFormer, Size: {}x{}, Model hash: {}",
        intended.steps, intended.cfg, intended.seed, intended.width, intended.height, intended.model_hash
    );
    if dice.chance(40) {
        text.push_str(
            ", Batch size: 4, Batch pos: 2, Variation seed: 1234, Variation seed strength: 0.1, Seed resize from: 512x512, \
             Denoising strength: 0.7, First pass size: 0x0, Eta: 0.67, ENSD: 31337",
        );
    }
    if !intended.loras.is_empty() {
        text.push_str(", AddNet Enabled: True");
    }
    for (nth, lora) in intended.loras.iter().enumerate() {
        let nth = nth + 1;
        let _ = write!(
            text,
            ", AddNet Module {nth}: LoRA, AddNet Model {nth}: {}({}), AddNet Weight A {nth}: {}, AddNet Weight B {nth}: {}",
            lora.name, lora.hash, lora.weight, lora.weight
        );
    }
    text
}

/// All in one line behind a label, as services hand it out.
fn exported(intended: &Intended, dice: &mut Dice) -> String {
    let mut text = format!("{}{}", ["parameters: ", "Parameters: "][dice.index(2)], intended.positive);
    if !intended.negative.is_empty() {
        let _ = write!(text, " Negative prompt: {}", intended.negative);
    }
    let _ = write!(
        text,
        " Steps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model hash: {}, Model: {}",
        intended.steps,
        quoted(&intended.sampler),
        intended.cfg,
        intended.seed,
        intended.width,
        intended.height,
        intended.model_hash,
        quoted(&intended.model)
    );
    text
}
