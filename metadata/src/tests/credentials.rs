//! Content credentials in every container, and what is wrong with them.

use super::encode::{Png, jpeg, webp};
use super::encode_credentials::{cbor, labelled, manifest, parts, store, uuid};
use super::encode_films::ftyp;
use super::encode_stills::{boxed, brotli, codestream, heif, item, jxl};
use super::{reading, text_at, texts};
use crate::{Bytes, slots_as_text};
use serde_json::{Value, json};

const ADDRESS: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/";

/// Two manifests: of what went in, made by a machine, and the one in force.
pub(super) fn good() -> Vec<u8> {
    let made = json!({"actions": [{"action": "c2pa.created", "softwareAgent": {"name": "Example Image", "version": "2"},
        "digitalSourceType": format!("{ADDRESS}trainedAlgorithmicMedia")}]});
    let opened = json!({"actions": [{"action": "c2pa.opened", "digitalSourceType": format!("{ADDRESS}minorHumanEdits")}]});
    let claim = json!({"claim_generator": "Example_Service/1.2", "instanceID": "xmp:iid:1",
        "claim_generator_info": [{"name": "Example Service", "version": "1.2"}]});
    store(&[
        manifest("urn:c2pa:first", &json!({"claim_generator": "Other"}), &made),
        manifest("urn:c2pa:second", &claim, &opened),
    ])
}

#[track_caller]
fn check(file: &[u8], what: &str) {
    let want = [
        ("credentials:generator", "Example_Service/1.2"),
        ("credentials:generator", "Example Service 1.2"),
        ("credentials:agent", "Example Image 2"),
        ("credentials:source type", "trainedAlgorithmicMedia"),
    ];
    assert_eq!(texts(file, "a.png"), want.map(|(place, text)| (place.to_owned(), text.to_owned())), "{what}");
    assert!(!slots_as_text(&Bytes(file)).unwrap().values().any(|text| text.contains("Example")));
}

#[test]
fn credentials_of_every_container_are_read() {
    let store = good();
    let segments = parts(&store, 400);
    let mut segments: Vec<_> = segments.iter().map(|part| (0xeb, &part[..])).collect();
    check(&jpeg(&segments), "jpeg in parts");
    segments.reverse();
    check(&jpeg(&segments), "jpeg in parts, the last first");
    check(&jpeg(&[(0xeb, &parts(&store, 60_000)[0])]), "jpeg");
    check(&Png::new(1, 1).chunk(b"caBX", &store).end(), "png");
    check(&webp(&[(b"C2PA", &store)]), "webp");
    let avif = heif(b"avif", 0, &[item(b"av01", b"x")]);
    check(&[&avif[..], &uuid(&store)].concat(), "avif");
    check(&jxl(&[boxed(b"jxlc", &codestream()), store.clone()]), "jxl");
    let packed = boxed(b"brob", &[b"jumb", &brotli(&store[8..])[..]].concat());
    check(&jxl(&[packed]), "compressed jxl");
    check(&[ftyp(b"isom"), uuid(&store), boxed(b"mdat", b"data")].concat(), "mp4");
}

fn of(claim: &Value, actions: &Value) -> Vec<(String, String)> {
    texts(&Png::new(1, 1).chunk(b"caBX", &store(&[manifest("urn:x", claim, actions)])).end(), "a.png")
}

#[test]
fn agents_and_programs_of_every_form() {
    let agent = |actions: &Value| {
        let found = of(&json!({}), actions).into_iter().find(|(place, _)| place == "credentials:agent");
        found.map(|(_, text)| text).unwrap_or_default()
    };
    assert_eq!(
        agent(&json!({"actions": [{"action": "c2pa.edited", "softwareAgent": "Editor"},
        {"action": "c2pa.created", "softwareAgent": "Maker"}, {"action": "c2pa.created", "softwareAgent": "Later"}]})),
        "Maker"
    );
    assert_eq!(
        agent(&json!({"softwareAgents": [{"name": "zero"}, {"name": "one", "version": 3}],
        "actions": [{"action": "c2pa.created", "softwareAgentIndex": 1}]})),
        "one 3"
    );
    assert_eq!(
        agent(&json!({"actions": [{"softwareAgent": {"version": "1"}}, 7, null, {"softwareAgent": " "}]})),
        ""
    );
    assert_eq!(agent(&json!([])), "");
    let info = of(&json!({"claim_generator_info": {"name": "A\nB"}}), &json!({}));
    assert_eq!(info, [("credentials:generator".to_owned(), "A B".to_owned())]);
    let long = of(&json!({"claim_generator": "é".repeat(400)}), &json!({}));
    assert_eq!(long[0].1.len(), crate::limits::CREDENTIAL_TEXT_BYTES_MAX);
    let inside =
        json!({"actions": [{"parameters": {"digitalSourceType": format!("{ADDRESS}compositeSynthetic")}}]});
    assert_eq!(of(&json!({}), &inside)[0].1, "compositeSynthetic");
}

#[test]
fn assertions_may_be_json_and_have_numbers_and_versions() {
    let actions = br#"{"actions": [{"action": "c2pa.created", "softwareAgent": "Old Maker"}]}"#;
    for label in ["c2pa.actions", "c2pa.actions.v2", "c2pa.actions__1", "c2pa.actions.v2__3"] {
        let assertions = labelled("c2pa.assertions", &[labelled(label, &[boxed(b"json", actions)])]);
        let file = Png::new(1, 1).chunk(b"caBX", &store(&[labelled("urn:x", &[assertions])])).end();
        assert_eq!(text_at(&file, "credentials:agent").as_deref(), Some("Old Maker"), "{label}");
    }
}

#[test]
fn d17_wrong_lengths_and_long_boxes_are_survived() {
    let whole = good();
    for at in 0..whole.len() {
        for len in [0_u8, 1, 7, 0xff] {
            let mut store = whole.clone();
            store[at] = len;
            reading(&Png::new(1, 1).chunk(b"caBX", &store).end(), "a.png");
        }
        reading(&Png::new(1, 1).chunk(b"caBX", &whole[..at]).end(), "a.png");
    }
    let deep = (0..2_000).fold(Vec::new(), |inner, _| labelled("c2pa", &[inner]));
    assert_eq!(texts(&Png::new(1, 1).chunk(b"caBX", &deep).end(), "a.png"), []);
    // Of a long box the first part is read.
    let padded = [&whole[..], &vec![0; 20 << 20]].concat();
    check(&Png::new(1, 1).chunk(b"caBX", &padded).end(), "long");
    let parts = parts(&whole, 3);
    let segments: Vec<_> = parts.iter().map(|part| (0xeb, &part[..])).collect();
    check(&jpeg(&segments), "many parts");
    assert_eq!(texts(&jpeg(&[(0xeb, b"JP"), (0xeb, b"JP\0\x01\0\0\0\x01"), (0xeb, b"other")]), "a.jpg"), []);
    assert_eq!(cbor(&json!([1])), [0x81, 1]);
}
