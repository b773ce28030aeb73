//! A small writer of content credentials; nothing of it is signed.

use super::stills::boxed;
use serde_json::Value;

/// A value as CBOR; lengths of texts and lists as wide as they need to be.
#[must_use]
pub fn cbor(value: &Value) -> Vec<u8> {
    let head = |kind: u8, n: usize| match n {
        0..24 => vec![kind << 5 | n as u8],
        24..256 => vec![kind << 5 | 24, n as u8],
        _ => [&[kind << 5 | 25][..], &(n as u16).to_be_bytes()].concat(),
    };
    match value {
        Value::Null => vec![0xf6],
        Value::Bool(value) => vec![if *value { 0xf5 } else { 0xf4 }],
        // Only whole numbers from 0 are written.
        Value::Number(number) => head(0, number.as_u64().unwrap_or_default() as usize),
        Value::String(text) => [head(3, text.len()), text.as_bytes().to_vec()].concat(),
        Value::Array(items) => {
            [head(4, items.len()), items.iter().flat_map(cbor).collect::<Vec<_>>()].concat()
        }
        Value::Object(members) => {
            let text = |key: &str| cbor(&Value::from(key));
            let inside = members.iter().flat_map(|(key, value)| [text(key), cbor(value)].concat());
            [head(5, members.len()), inside.collect::<Vec<_>>()].concat()
        }
    }
}

/// A labelled box.
#[must_use]
pub fn labelled(label: &str, inside: &[Vec<u8>]) -> Vec<u8> {
    let description = boxed(b"jumd", &[&[7; 16][..], &[3], label.as_bytes(), &[0]].concat());
    boxed(b"jumb", &[description, inside.concat()].concat())
}

/// A manifest of a claim and of actions.
#[must_use]
pub fn manifest(label: &str, claim: &Value, actions: &Value) -> Vec<u8> {
    let assertion = |label: &str, value: &Value| labelled(label, &[boxed(b"cbor", &cbor(value))]);
    labelled(
        label,
        &[
            labelled(
                "c2pa.assertions",
                &[
                    labelled("c2pa.thumbnail.claim.jpeg", &[boxed(b"bidb", &[0xff; 300])]),
                    assertion("c2pa.actions.v2", actions),
                ],
            ),
            labelled("c2pa.claim.v2", &[boxed(b"cbor", &cbor(claim))]),
            labelled("c2pa.signature", &[boxed(b"cbor", b"\xd2\x84")]),
        ],
    )
}

/// A store of these manifests, the last of which is the active one.
#[must_use]
pub fn store(manifests: &[Vec<u8>]) -> Vec<u8> {
    labelled("c2pa", manifests)
}

/// The parts of a store as JPEG segments hold them.
#[must_use]
pub fn parts(store: &[u8], n_bytes: usize) -> Vec<Vec<u8>> {
    let (head, inside) = store.split_at(8);
    let part = |(nth, part): (usize, &[u8])| {
        [&b"JP\x02\x11"[..], &(nth as u32 + 1).to_be_bytes(), head, part].concat()
    };
    inside.chunks(n_bytes).enumerate().map(part).collect()
}

/// A box as ISO files hold a store.
#[must_use]
pub fn uuid(store: &[u8]) -> Vec<u8> {
    let identity = b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
    boxed(b"uuid", &[&identity[..], &[0; 4], b"manifest\0", &[0; 8], store].concat())
}
