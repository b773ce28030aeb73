//! Fixtures of films, sound, packets, content credentials and hidden texts.

use super::encode::{Png, jpeg, webp};
use super::encode_credentials::{manifest, parts, store};
use super::encode_films::{
    cluster, flac, frame, keyed, lettered, mkv, mp3, mp4, named, ogg, old_tag, tags, tracks,
};
use super::encode_stealth::{gzip, hidden};
use super::packets::{XMP_HEAD, packet};
use serde_json::json;

type Made = (&'static str, &'static str, Vec<u8>);

const INFOTEXT: &str = "a harbour at dawn, drone view\nNegative prompt: people\nSteps: 30, Sampler: UniPC, CFG scale: 6, \
     Seed: 77123, Size: 832x480, Model: tide_v1";
const WORKFLOW: &str = "{\"nodes\": [], \"links\": []}";

/// Folder, name and content.
pub(super) fn made() -> Vec<Made> {
    [films(), sound(), packets(), credentials(), hidden_texts()].into_iter().flatten().collect()
}

fn films() -> Vec<Made> {
    let graph = [("prompt", super::GRAPH), ("workflow", WORKFLOW)];
    let both = json!({"prompt": super::GRAPH, "workflow": WORKFLOW}).to_string();
    let upper = tags(&[("PROMPT", super::GRAPH), ("WORKFLOW", WORKFLOW)]);
    vec![
        ("a1111", "keys.mp4", mp4(b"isom", &[keyed(&[("parameters", INFOTEXT)], false)])),
        ("a1111", "comment.mp4", mp4(b"isom", &[lettered(&[(b"\xa9cmt", INFOTEXT), (b"\xa9too", "Lavf")])])),
        ("a1111", "comment.mov", mp4(b"qt  ", &[old_tag(b"\xa9cmt", INFOTEXT)])),
        (
            "a1111",
            "comment.webm",
            mkv("webm", &[tracks(), cluster(true), tags(&[("COMMENT", INFOTEXT)])], true),
        ),
        (
            "a1111",
            "comment.mkv",
            mkv("matroska", &[tracks(), tags(&[("COMMENT", INFOTEXT)]), cluster(false)], false),
        ),
        ("comfyui", "graph.mp4", mp4(b"isom", &[keyed(&graph, false)])),
        ("comfyui", "graph.mov", mp4(b"qt  ", &[keyed(&graph, true)])),
        ("comfyui", "both-in-a-comment.mp4", mp4(b"isom", &[keyed(&[("comment", &both)], false)])),
        ("comfyui", "graph.webm", mkv("webm", &[tracks(), upper.clone(), cluster(true)], true)),
        ("comfyui", "graph.mkv", mkv("matroska", &[tracks(), cluster(false), upper], false)),
    ]
}

fn sound() -> Vec<Made> {
    let graph = [("prompt", super::GRAPH), ("workflow", WORKFLOW)];
    let info = [("comment", INFOTEXT)];
    let comment = frame(3, b"COMM", &[b"\x03eng\0", INFOTEXT.as_bytes()].concat());
    vec![
        ("a1111", "comment.flac", flac(&info)),
        ("a1111", "comment.ogg", ogg(b"\x01vorbis", b"\x03vorbis", &info)),
        ("a1111", "comment.mp3", mp3(3, &[comment])),
        ("comfyui", "graph.flac", flac(&graph)),
        ("comfyui", "graph.ogg", ogg(b"OpusHead", b"OpusTags", &graph)),
        ("comfyui", "graph.mp3", named(4, &graph)),
    ]
}

fn packets() -> Vec<Made> {
    let xmp = packet(INFOTEXT);
    let segment = [XMP_HEAD, xmp.as_bytes()].concat();
    let png = Png::new(8, 8).itxt("XML:com.adobe.xmp", &xmp).idat(8, 8, 30).end();
    vec![
        ("xmp", "description.png", png),
        ("xmp", "description.jpg", jpeg(&[(0xe1, &segment)])),
        ("xmp", "description.webp", webp(&[(b"XMP ", xmp.as_bytes())])),
    ]
}

fn credentials() -> Vec<Made> {
    let address = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
    let actions = json!({"actions": [{"action": "c2pa.created", "softwareAgent": {"name": "Example Image", "version": "2"},
        "digitalSourceType": address}]});
    let claim = json!({"claim_generator_info": [{"name": "Example Service", "version": "1.2"}]});
    let store = store(&[manifest("urn:c2pa:00000000-1111-4222-8333-444444444444", &claim, &actions)]);
    let parts = parts(&store, 500);
    let parts: Vec<_> = parts.iter().map(|part| (0xeb, &part[..])).collect();
    vec![
        ("credentials", "made.png", Png::new(8, 8).chunk(b"caBX", &store).idat(8, 8, 60).end()),
        ("credentials", "made.jpg", jpeg(&parts)),
    ]
}

fn hidden_texts() -> Vec<Made> {
    let (plain, packed) = (INFOTEXT.as_bytes(), gzip(INFOTEXT.as_bytes()));
    vec![
        ("stealth", "alpha.png", hidden((48, 40), 4, "stealth_pnginfo", plain)),
        ("stealth", "alpha-packed.png", hidden((48, 40), 4, "stealth_pngcomp", &packed)),
        ("stealth", "colours.png", hidden((40, 24), 3, "stealth_rgbinfo", plain)),
        ("stealth", "colours-packed.png", hidden((40, 24), 4, "stealth_rgbcomp", &packed)),
    ]
}
