//! What only says that a machine made a picture: content credentials, labels that some countries ask for,
//! properties of packets. And what looks like a recipe and is none.

use serde_json::{Value, json};

use super::captions::{JOB, MADE};
use super::json::object;
use super::{PICTURES, PNG, Writer, as_it_is};
use crate::container::credentials::{manifest, store};
use crate::dice::Dice;
use crate::file::Container;
use crate::intended::{Field, Intended};
use crate::notes::{Notes, SOFTWARE, base64, escaped, packet};

/// What holds credentials.
const SIGNED: &[Container] =
    &[Container::Png, Container::Jpeg, Container::Webp, Container::Avif, Container::Heic, Container::Jxl];
/// What holds packets.
const PACKED: &[Container] = &[
    Container::Png,
    Container::Jpeg,
    Container::Webp,
    Container::Tiff,
    Container::Avif,
    Container::Heic,
    Container::Jxl,
    Container::Gif,
];

pub(super) const WRITERS: &[Writer] = &[
    vendor("openai", "openai", SIGNED, "downloads/chat/%d", |_, _, _| {
        signed("OpenAI Media Service API", "GPT-4o")
    }),
    vendor("google", "google", SIGNED, "downloads/imagen/%d", |_, _, _| {
        signed("Google C2PA Core Generator Library", "Imagen 4")
    }),
    vendor("adobe", "adobe", SIGNED, "Adobe Firefly/%d", |_, _, _| signed("Adobe_Firefly", "Adobe Firefly")),
    vendor("openai-film", "openai", &[Container::Mp4, Container::Mov], "downloads/sora/%d", |_, _, _| {
        signed("Sora", "Sora")
    }),
    vendor("credentials-other", "generic", SIGNED, "downloads/designer/%d", |_, _, _| {
        signed("Responsible Picture Provenance", "Example Image Creator 3")
    }),
    // The parent was made by a machine, and the last to sign is another.
    vendor("credentials-chain", "adobe", SIGNED, "Adobe/edited/%d", |_, _, _| {
        let parent =
            made("urn:uuid:0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e", "OpenAI Media Service API", "GPT-4o");
        let claim = json!({"claim_generator": "Adobe_Photoshop/26.5 adobe_c2pa/0.8", "instanceID": "xmp:iid:4b5a4968"});
        let actions =
            json!({"actions": [{"action": "c2pa.edited", "softwareAgent": "Adobe Photoshop 26.5"}]});
        let own = manifest(&format!("urn:c2pa:{JOB}"), &claim, &actions);
        Notes { credentials: Some(store(&[parent, own])), ..Notes::default() }
    }),
    vendor("label-aigc", "generic", PICTURES, "downloads/labelled/%d", |_, container, dice| {
        labelled(container, dice)
    }),
    Writer {
        name: "properties-ai",
        source: Some("generic"),
        says: &[Field::Positive, Field::Model, Field::Made],
        containers: PACKED,
        folder: "downloads/stock/%d",
        file_name: "stock_%n",
        of_comfy: false,
        adapt: as_it_is,
        write: |intended, _, _| {
            let xmp = packet(&[
                ("Iptc4xmpExt:DigitalSourceType", MADE.to_owned()),
                ("Iptc4xmpExt:AIPromptInformation", escaped(&intended.positive)),
                ("Iptc4xmpExt:AIPromptWriterName", "someone".to_owned()),
                ("Iptc4xmpExt:AISystemUsed", escaped(&intended.model)),
                ("Iptc4xmpExt:AISystemVersionUsed", "3.1".to_owned()),
            ]);
            Notes { xmp: Some(xmp), ..Notes::default() }
        },
    },
    none("character-card", PNG, "SillyTavern/characters/%d", |intended, _, _| {
        let card = |version: &str| {
            json!({
                "spec": format!("chara_card_{version}"), "data": {"name": "A heron", "description": intended.positive,
                "first_mes": "prompt: {{user}}", "system_prompt": intended.negative, "extensions": {}}
            })
        };
        let coded = |version: &str| base64(card(version).to_string().as_bytes());
        Notes::default().text("chara", coded("v2")).text("ccv3", coded("v3"))
    }),
    none("embedding-picture", PNG, "embeddings/%d", |_, _, _| {
        let data =
            json!({"string_to_token": {"*": 265}, "name": "soft", "step": 500, "sd_checkpoint": "0a1b2c3d"});
        Notes::default().text("sd-ti-embedding", base64(data.to_string().as_bytes()))
    }),
    none("diagram", PNG, "diagrams/%d", |_, _, _| {
        Notes::default().text(
            "mxfile",
            "%3Cmxfile%20host%3D%22app.example%22%3E%3Cdiagram%20id%3D%22x%22%3E%3C%2Fmxfile%3E",
        )
    }),
    none("screenshot", PICTURES, "Screenshots/%d", |_, container, _| match container {
        Container::Png => {
            Notes::default().text("Software", "a desktop").user_comment(b"ASCII\0\0\0", "Screenshot")
        }
        _ => Notes::default().tag(SOFTWARE, "a desktop").user_comment(b"ASCII\0\0\0", "Screenshot"),
    }),
    none("remarks", &[Container::Jpeg, Container::Gif], "downloads/mixed/%d", |_, _, dice| {
        let remarks = [
            "Created with GIMP",
            "CREATOR: gd-jpeg v1.0 (using IJG JPEG v80), quality = 90\n",
            "Optimized by a tool",
            "    ",
        ];
        Notes { comment: Some(remarks[dice.index(4)].to_owned()), ..Notes::default() }
    }),
];

const fn vendor(
    name: &'static str,
    source: &'static str,
    containers: &'static [Container],
    folder: &'static str,
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: Some(source),
        says: &[Field::Made],
        containers,
        folder,
        file_name: "%n-%s",
        of_comfy: false,
        adapt: as_it_is,
        write,
    }
}

/// Of which nothing is told, although it holds texts.
const fn none(
    name: &'static str,
    containers: &'static [Container],
    folder: &'static str,
    write: fn(&Intended, Container, &mut Dice) -> Notes,
) -> Writer {
    Writer {
        name,
        source: None,
        says: &[],
        containers,
        folder,
        file_name: "%n-%s",
        of_comfy: false,
        adapt: as_it_is,
        write,
    }
}

fn made(label: &str, generator: &str, agent: &str) -> Vec<u8> {
    let claim = json!({"claim_generator_info": [{"name": generator, "version": "1.2"}], "instanceID": "xmp:iid:0f1e2d3c"});
    let actions = json!({"actions": [{"action": "c2pa.created", "softwareAgent": {"name": agent}, "digitalSourceType": MADE}]});
    manifest(label, &claim, &actions)
}

fn signed(generator: &str, agent: &str) -> Notes {
    let manifest = made(&format!("urn:c2pa:{JOB}"), generator, agent);
    Notes { credentials: Some(store(&[manifest])), ..Notes::default() }
}

/// A label as the law asks for it, wherever services put it.
fn labelled(container: Container, dice: &mut Dice) -> Notes {
    let label = object(&[
        ("Label", "1".into()),
        ("ContentProducer", "001191110000ABCDEFGH".into()),
        ("ProduceID", "0f1e2d3c4b5a4968".into()),
        ("ReservedCode1", "".into()),
        ("ContentPropagator", "001191110000ABCDEFGH".into()),
        ("PropagateID", "0f1e2d3c4b5a4968".into()),
        ("ReservedCode2", "".into()),
    ]);
    let xmp = |label: &str| {
        let packet = packet(&[("TC260:AIGC", escaped(label))]);
        let with = "xmlns:TC260='http://www.tc260.org.cn/ns/AIGC/1.0/' xmlns:dc=";
        Notes { xmp: Some(packet.replace("xmlns:dc=", with)), ..Notes::default() }
    };
    match (container, dice.below(3)) {
        (_, 0) => xmp(&label),
        (Container::Png, 1) => Notes::default().text("AIGC", Value::from(label).to_string()),
        (Container::Png, _) => Notes::default().text("AIGC", label),
        (_, 1) => Notes::default().unicode(&format!("{{\"aigc_info\": {label}}}"), false),
        _ => Notes::default().user_comment(b"ASCII\0\0\0", &label),
    }
}
