//! Who says little: services that write a sentence, programs that write captions in any form, cameras.

use serde_json::json;

use super::{PICTURES, Writer, as_it_is};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{DESCRIPTION, Notes, SOFTWARE, alternative, bag, packet, records, wide};

pub(super) const MADE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
pub(super) const JOB: &str = "01234567-89ab-4cde-8f01-23456789abcd";

pub(super) const WRITERS: &[Writer] = &[
    job("midjourney", |intended, container, _| midjourney(intended, container, "")),
    // Pictures that it was to be like stand before the prompt.
    job("midjourney-images", |intended, container, dice| {
        let images = [
            "https://cdn.example/attachments/0/1/heron.png?ex=0a1b&hm=2c3d ",
            "<https://s.example/Ab-C_d1> ",
            "https://cdn.example/0.webp <https://s.example/x> ",
        ];
        midjourney(intended, container, images[dice.index(3)])
    }),
    Writer {
        name: "caption-xmp",
        source: None,
        says: &[Field::Description],
        containers: &[Container::Png, Container::Jpeg, Container::Webp, Container::Tiff, Container::Avif],
        folder: "Lightroom/%d",
        file_name: "DSC_%n",
        of_comfy: false,
        adapt: plain_words,
        write: |intended, _, _| {
            let xmp = packet(&[
                ("dc:description", alternative(&intended.positive)),
                ("dc:subject", bag(&["harbour", "évening"])),
                ("xmp:CreatorTool", "A Darkroom 9.1".to_owned()),
            ]);
            Notes { xmp: Some(xmp), ..Notes::default() }
        },
    },
    Writer {
        name: "caption-iptc",
        source: None,
        says: &[Field::Description],
        containers: &[Container::Jpeg, Container::Tiff],
        folder: "Archive/%d",
        file_name: "scan_%n",
        of_comfy: false,
        adapt: plain_words,
        write: |intended, _, _| {
            let records =
                records(&[(5, "a title"), (25, "harbour"), (25, "évening"), (120, &intended.positive)]);
            Notes { iptc: Some(records), ..Notes::default() }
        },
    },
    Writer {
        name: "caption-txt",
        source: None,
        says: &[Field::Description],
        containers: PICTURES,
        folder: "datasets/%d",
        file_name: "image (%n)",
        of_comfy: false,
        adapt: plain_words,
        write: |intended, _, _| Notes::default().beside("txt", intended.positive.clone()),
    },
    Writer {
        name: "caption-fields",
        source: None,
        says: &[Field::Description],
        containers: &[Container::Jpeg, Container::Webp, Container::Tiff, Container::Heic],
        folder: "Pictures/tagged/%d",
        file_name: "IMG_%n",
        of_comfy: false,
        adapt: plain_words,
        write: |intended, _, dice| fields(intended, dice),
    },
    Writer {
        name: "caption-comment",
        source: None,
        says: &[Field::Description],
        containers: &[Container::Jpeg, Container::Gif, Container::Png],
        folder: "Pictures/commented/%d",
        file_name: "IMG_%n",
        of_comfy: false,
        adapt: plain_words,
        write: |intended, container, _| match container {
            Container::Png => Notes::default().text("Description", intended.positive.clone()),
            _ => Notes { comment: Some(intended.positive.clone()), ..Notes::default() },
        },
    },
    Writer {
        name: "caption-structured",
        source: None,
        says: &[Field::Description],
        containers: PICTURES,
        folder: "fibo/%d",
        file_name: "image_%n",
        of_comfy: false,
        adapt: |intended| intended.positive = structured(&intended.positive),
        write: |intended, container, dice| {
            let text = intended.positive.clone();
            match container {
                Container::Png => {
                    Notes::default().text(dice.pick(&["parameters", "prompt", "Description"]), text)
                }
                _ => Notes::default().unicode(&text, false),
            }
        },
    },
    Writer {
        name: "caption-structured-sidecar",
        source: None,
        says: &[Field::Description],
        containers: PICTURES,
        folder: "datasets/structured/%d",
        file_name: "image (%n)",
        of_comfy: false,
        adapt: |intended| intended.positive = structured(&intended.positive),
        write: |intended, _, dice| {
            Notes::default().beside(["json", "txt"][dice.index(2)], intended.positive.clone())
        },
    },
    Writer {
        name: "camera",
        source: Some("camera"),
        says: &[],
        containers: &[Container::Jpeg, Container::Tiff, Container::Heic],
        folder: "DCIM/100MAKER/%d",
        file_name: "DSC%n",
        of_comfy: false,
        adapt: as_it_is,
        write: |_, _, _| {
            let mut notes =
                Notes::default().tag(0x010f, "Maker").tag(0x0110, "Model One").tag(SOFTWARE, "1.02");
            notes.exif.push((0x9003, 2, b"2031:05:06 07:08:09\0".to_vec()));
            // Blanks, as such files have them.
            notes.exif.push((0x9286, 7, [&b"ASCII\0\0\0"[..], &[b' '; 40]].concat()));
            notes
        },
    },
];

/// What people write about a picture has no settings in it.
fn plain_words(intended: &mut Intended) {
    intended.positive = intended.positive.replace(": ", " ");
}

const fn job(name: &'static str, write: fn(&Intended, Container, &mut Dice) -> Notes) -> Writer {
    Writer {
        name,
        source: Some("midjourney"),
        says: &[Field::Positive, Field::Negative, Field::Seed, Field::Model],
        containers: PICTURES,
        folder: "downloads/midjourney/%d",
        file_name: "someone_%s_%n",
        of_comfy: false,
        adapt: |intended| {
            "Midjourney v6.1".clone_into(&mut intended.model);
            // Two hyphens begin what is no prompt any more.
            for text in [&mut intended.positive, &mut intended.negative] {
                *text = text.replace("--", "-").replace('\u{2014}', "-");
            }
        },
        write,
    }
}

fn midjourney(intended: &Intended, container: Container, images: &str) -> Notes {
    let mut text =
        format!("{images}{} --ar 3:2 --stylize 250 --seed {} --v 6.1", intended.positive, intended.seed);
    if !intended.negative.is_empty() {
        text.push_str(&format!(" --no {}", intended.negative));
    }
    text.push_str(&format!(" Job ID: {JOB}"));
    match container {
        Container::Png => Notes {
            xmp: Some(packet(&[
                ("Iptc4xmpExt:DigitalSourceType", MADE.to_owned()),
                ("Iptc4xmpExt:DigImageGUID", JOB.to_owned()),
            ])),
            ..Notes::default()
        }
        .text("Description", text)
        .text("Author", "someone")
        .text("Creation Time", "Tue, 06 May 2031 07:08:09 GMT"),
        Container::Jpeg => {
            Notes { xmp: Some(packet(&[("dc:description", alternative(&text))])), ..Notes::default() }
        }
        _ => Notes::default().tag(DESCRIPTION, &text),
    }
}

/// The fields that EXIF has for words, and those that one operating system added.
fn fields(intended: &Intended, dice: &mut Dice) -> Notes {
    let mut notes = Notes { little: dice.chance(50), ..Notes::default() };
    let mut add = |tag: u16, text: &str| notes.ifd0.push((tag, 1, wide(text)));
    add(0x9c9e, "harbour;évening");
    if dice.chance(50) {
        add(0x9c9c, &intended.positive);
        return notes;
    }
    add(0x9c9b, "a title");
    notes.tag(DESCRIPTION, &intended.positive).tag(SOFTWARE, "A Darkroom 9.1")
}

/// A caption as an object, which some models take for a prompt.
fn structured(text: &str) -> String {
    let object = json!({
        "short_description": text,
        "objects": [{
            "description": text, "location": "center", "relationship": "alone", "relative_size": "large",
            "shape_and_color": "round, pewter", "texture": "dull", "appearance_details": "", "orientation": "upright"
        }],
        "background_setting": "dunes", "lighting": {"conditions": "evening", "direction": "side", "shadows": "long"},
        "aesthetics": {"composition": "centred", "color_scheme": "warm", "mood_atmosphere": "calm"},
        "photographic_characteristics": {"depth_of_field": "shallow", "focus": "sharp", "camera_angle": "low", "lens_focal_length": "50mm"},
        "style_medium": "photograph", "text_render": [], "context": "a postcard", "artistic_style": "realistic"
    });
    object.to_string()
}
