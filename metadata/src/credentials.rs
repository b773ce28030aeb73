//! Content credentials (C2PA): which program made or changed a picture, as the boxes of its manifest store
//! say. Signatures are not verified, so that what is read here is a claim like any other text.

use crate::json::Value;
use crate::limits::{CREDENTIAL_BOXES_MAX, CREDENTIAL_TEXT_BYTES_MAX};
use crate::slots::{Place, Slots};
use crate::{cbor, json};

/// Identity of the box that holds a store in ISO files.
pub(super) const IDENTITY: [u8; 16] = *b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
/// Sources, by the last part of their address, that mean made by a machine.
const MADE: [&str; 4] = [
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "algorithmicMedia",
    "compositeSynthetic",
];

/// Reads the store among boxes.
pub(super) fn read(boxes: &[u8], slots: &mut Slots) {
    if let Some(store) = Boxes(boxes).find(|found| found.kind == *b"jumb") {
        read_inside(store.content, slots);
    }
}

/// Reads what is inside the outermost box of a store.
pub(super) fn read_inside(store: &[u8], slots: &mut Slots) {
    let mut manifests: Vec<Manifest> = children(store).map(|(_, manifest)| Manifest::of(manifest)).collect();
    // The last one is in force; the others are those of what went into the picture.
    let Some(active) = manifests.pop() else { return };
    let others = || manifests.iter().rev();
    for generator in &active.generators {
        keep("generator", generator, slots);
    }
    if let Some(agent) = active.agent.as_ref().or_else(|| others().find_map(|other| other.agent.as_ref())) {
        keep("agent", agent, slots);
    }
    let mut types: Vec<&String> =
        active.types.iter().chain(others().flat_map(|other| &other.types)).collect();
    types.sort_by_key(|kind| !MADE.contains(&kind.as_str()));
    if let Some(kind) = types.first() {
        keep("source type", kind, slots);
    }
}

/// Reads what a box under [`IDENTITY`] holds: version, purpose, an offset, the store.
pub(super) fn read_behind_purpose(data: &[u8], slots: &mut Slots) {
    let store = || {
        let purpose = data.get(4..)?;
        let len = memchr::memchr(0, purpose.get(..purpose.len().min(64))?)?;
        purpose.get(len + 1 + 8..).filter(|_| &purpose[..len] == b"manifest")
    };
    if let Some(store) = store() {
        read(store, slots);
    }
}

fn keep(name: &'static str, text: &str, slots: &mut Slots) {
    let text = text.replace(['\r', '\n', '\0'], " ");
    let text = text.trim();
    slots
        .add(Place::Credential(name), text[..text.floor_char_boundary(CREDENTIAL_TEXT_BYTES_MAX)].to_owned());
}

/// What a manifest says.
#[derive(Debug, Default)]
struct Manifest {
    generators: Vec<String>,
    agent: Option<String>,
    types: Vec<String>,
}

impl Manifest {
    fn of(manifest: &[u8]) -> Self {
        let mut read = Self::default();
        for (label, part) in children(manifest) {
            match base(label) {
                "c2pa.claim" => {
                    if let Some(claim) = value(part) {
                        read.take_claim(&claim);
                    }
                }
                "c2pa.assertions" => {
                    for (label, assertion) in children(part) {
                        if base(label) == "c2pa.actions"
                            && let Some(actions) = value(assertion)
                        {
                            read.take_actions(&actions);
                        }
                    }
                }
                _ => {}
            }
        }
        read
    }

    fn take_claim(&mut self, claim: &Value<'_>) {
        let info = claim.get("claim_generator_info");
        // One description, or a list of them.
        let info = info.and_then(|info| info.list().map_or(Some(info), <[_]>::first)).and_then(program);
        let stated = claim.get("claim_generator").and_then(Value::text).map(str::to_owned);
        self.generators = stated.into_iter().chain(info).filter(|name| !name.trim().is_empty()).collect();
    }

    fn take_actions(&mut self, assertion: &Value<'_>) {
        let agents = assertion.get("softwareAgents").and_then(Value::list).unwrap_or_default();
        let mut is_of_creation = false;
        for action in assertion.get("actions").and_then(Value::list).unwrap_or_default() {
            let nth = action.get("softwareAgentIndex").and_then(Value::scalar);
            let by_number = || agents.get(nth?.parse::<usize>().ok()?);
            let agent = action.get("softwareAgent").or_else(by_number).and_then(program);
            let creates = action.get("action").and_then(Value::text) == Some("c2pa.created");
            if let Some(agent) = agent
                && (self.agent.is_none() || creates && !is_of_creation)
            {
                self.agent = Some(agent);
                is_of_creation = creates;
            }
            let inside = action.get("parameters").and_then(|parameters| parameters.get("digitalSourceType"));
            let stated = action.get("digitalSourceType").or(inside).and_then(Value::text);
            self.types.extend(stated.and_then(|address| address.rsplit('/').next()).map(str::to_owned));
        }
    }
}

/// The name of a program and its version.
fn program(value: &Value<'_>) -> Option<String> {
    if let Some(name) = value.text() {
        return Some(name.to_owned()).filter(|name| !name.trim().is_empty());
    }
    let name = value.get("name")?.text()?;
    Some(match value.get("version").and_then(Value::scalar) {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    })
}

/// A label without its version and its number: `c2pa.actions.v2__1` is one of actions.
fn base(label: &str) -> &str {
    let label = label.split("__").next().unwrap_or(label);
    match label.rsplit_once(".v") {
        Some((base, version)) if version.bytes().all(|digit| digit.is_ascii_digit()) => base,
        _ => label,
    }
}

/// The value inside a box of CBOR or JSON.
fn value(part: &[u8]) -> Option<Value<'_>> {
    Boxes(part).take(CREDENTIAL_BOXES_MAX).find_map(|found| match &found.kind {
        b"cbor" => cbor::parse(found.content),
        b"json" => json::parse(std::str::from_utf8(found.content).ok()?),
        _ => None,
    })
}

/// The labelled boxes inside one.
fn children(content: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    let boxes = Boxes(content).take(CREDENTIAL_BOXES_MAX).filter(|found| found.kind == *b"jumb");
    boxes.filter_map(|found| {
        let description = Boxes(found.content).next().filter(|first| first.kind == *b"jumd")?;
        // A type of sixteen bytes, flags, and where these say so a label.
        let (flags, rest) = description.content.get(16..)?.split_first()?;
        let label = rest.get(..memchr::memchr(0, rest)?).filter(|_| flags & 2 != 0)?;
        Some((std::str::from_utf8(label).ok()?, found.content))
    })
}

struct Inner<'a> {
    kind: [u8; 4],
    content: &'a [u8],
}

/// Boxes in memory, one behind the other; the last may be cut.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = Inner<'a>;

    fn next(&mut self) -> Option<Inner<'a>> {
        let ([l0, l1, l2, l3, kind @ ..], rest) = self.0.split_first_chunk::<8>()?;
        let (len, rest) = match u32::from_be_bytes([*l0, *l1, *l2, *l3]) {
            0 => (rest.len(), rest),
            1 => {
                let (len, rest) = rest.split_first_chunk::<8>()?;
                (usize::try_from(u64::from_be_bytes(*len)).ok()?.checked_sub(16)?, rest)
            }
            len => (usize::try_from(len).ok()?.checked_sub(8)?, rest),
        };
        let (content, behind) = rest.split_at(len.min(rest.len()));
        self.0 = behind;
        Some(Inner { kind: *kind, content })
    }
}
