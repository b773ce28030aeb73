//! Who says little: services that write a sentence, programs that write captions, cameras, and vendors whose
//! content credentials say no more than that a machine made the picture.

use serde_json::json;

use super::{PICTURES, PNG, Writer, as_it_is};
use crate::container::credentials::{manifest, store};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{DESCRIPTION, Notes, SOFTWARE, alternative, bag, packet, records};

const MADE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
const JOB: &str = "01234567-89ab-4cde-8f01-23456789abcd";
/// What holds credentials.
const SIGNED: &[Container] =
    &[Container::Png, Container::Jpeg, Container::Webp, Container::Avif, Container::Jxl];

pub(super) const WRITERS: &[Writer] = &[
    Writer {
        name: "midjourney",
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
        write: |intended, container, _| midjourney(intended, container),
    },
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
        containers: PNG,
        folder: "datasets/%d",
        file_name: "image (%n)",
        of_comfy: false,
        adapt: plain_words,
        write: |intended, _, _| Notes::default().beside("txt", intended.positive.clone()),
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
    vendor("openai", "downloads/chat/%d", |_, _, _| signed("OpenAI Media Service API", "GPT-4o")),
    vendor("google", "downloads/imagen/%d", |_, _, _| {
        signed("Google C2PA Core Generator Library", "Imagen 4")
    }),
    vendor("adobe", "Adobe Firefly/%d", |_, _, _| signed("Adobe_Firefly", "Adobe Firefly")),
];

const fn vendor(
    name: &'static str,
    folder: &'static str,
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some(name),
        says: &[],
        containers: SIGNED,
        folder,
        file_name: "%n-%s",
        of_comfy: false,
        adapt: as_it_is,
        write,
    }
}

/// What people write about a picture has no settings in it.
fn plain_words(intended: &mut Intended) {
    intended.positive = intended.positive.replace(": ", " ");
}

fn signed(generator: &str, agent: &str) -> Notes {
    let claim = json!({"claim_generator_info": [{"name": generator, "version": "1.2"}], "instanceID": "xmp:iid:0f1e2d3c"});
    let actions = json!({"actions": [{"action": "c2pa.created", "softwareAgent": {"name": agent}, "digitalSourceType": MADE}]});
    let manifest = manifest(&format!("urn:c2pa:{JOB}"), &claim, &actions);
    Notes { credentials: Some(store(&[manifest])), ..Notes::default() }
}

fn midjourney(intended: &Intended, container: Container) -> Notes {
    let mut text = format!("{} --ar 3:2 --stylize 250 --seed {} --v 6.1", intended.positive, intended.seed);
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
