//! What reading a file allocates is bounded by the text it holds, whatever it claims. A binary of its own,
//! because the allocator that counts is the whole program's.
#![allow(clippy::unwrap_used)]

use allocation_counter::{AllocationInfo, measure};
use lumidex_metadata::{Bytes, Reading, read};

/// What any file costs besides its text.
const FIXED: u64 = 64 << 10;

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &[0; 4]].concat()
}

/// A PNG of one pixel with these chunks before its data.
fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let head = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
    let data = [chunk(b"IDAT", &[0; 8]), chunk(b"IEND", b"")].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &head, &chunks.concat(), &data].concat()
}

fn text(keyword: &str, text: &str) -> Vec<u8> {
    chunk(b"tEXt", &[keyword.as_bytes(), b"\0", text.as_bytes()].concat())
}

/// What reading allocates when the thread has read before.
fn cost(file: &[u8]) -> (Reading, AllocationInfo) {
    let mut reading = read(&Bytes(file), b"a.png", &[]).unwrap();
    let info = measure(|| reading = read(&Bytes(file), b"a.png", &[]).unwrap());
    (reading, info)
}

/// All that is ever allocated is at most so many times the text, and all at once at most so many times.
#[track_caller]
fn bounded(what: &str, file: &[u8], text_len: usize, total: u64, at_once: u64) -> Reading {
    let (reading, info) = cost(file);
    let (text_len, said) = (text_len as u64, format!("{what}: {text_len} bytes of text, {info:?}"));
    assert!(info.bytes_total <= FIXED + total * text_len, "{said}");
    assert!(info.bytes_max <= FIXED + at_once * text_len, "{said}");
    reading
}

/// A chain of adapters before a sampler.
fn graph(n_nodes: usize) -> String {
    let mut graph = String::from(
        r#"{"0":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"m.safetensors"}}"#,
    );
    for id in 1..n_nodes - 4 {
        let from = id - 1;
        graph += &format!(
            r#","{id}":{{"class_type":"LoraLoader","inputs":{{"lora_name":"adapter{id}.safetensors","strength_model":0.5,"strength_clip":0.5,"model":["{from}",0],"clip":["{from}",1]}}}}"#
        );
    }
    let last = n_nodes - 5;
    graph
        + &format!(
            r#","p":{{"class_type":"CLIPTextEncode","inputs":{{"text":"a heron","clip":["{last}",1]}}}},"n":{{"class_type":"CLIPTextEncode","inputs":{{"text":"fog","clip":["{last}",1]}}}},"l":{{"class_type":"EmptyLatentImage","inputs":{{"width":64,"height":64,"batch_size":1}}}},"s":{{"class_type":"KSampler","inputs":{{"seed":1,"steps":20,"cfg":7.0,"sampler_name":"euler","scheduler":"normal","denoise":1.0,"model":["{last}",0],"positive":["p",0],"negative":["n",0],"latent_image":["l",0]}}}}}}"#
        )
}

#[test]
fn infotexts_and_graphs_cost_a_multiple_of_their_text() {
    let infotext = format!(
        "a heron, {}\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model: m",
        "feathers, ".repeat(200)
    );
    let reading = bounded("infotext", &png(&[text("parameters", &infotext)]), infotext.len(), 16, 8);
    assert!(reading.recipe.is_some());
    let graph = graph(100);
    let reading = bounded("graph", &png(&[text("prompt", &graph)]), graph.len(), 12, 6);
    assert_eq!(reading.recipe.unwrap().positive, "a heron");
}

#[test]
fn long_texts_cost_a_multiple_of_what_is_read_of_them() {
    let long = format!("{}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1", "x, ".repeat(3 << 20));
    let file = png(&[text("parameters", &long)]);
    bounded("a text of 9 MiB", &file, lumidex_metadata::limits::VALUE_BYTES_MAX, 6, 5);
    for (what, json, total, at_once) in [
        // What is beyond a bound is given up at once; a member of six bytes is a value of forty-eight, and besides
        // the text is copied some four times.
        ("numbers", format!("[{}0]", "0,".repeat(1 << 20)), 12, 9),
        ("lists", format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20)), 5, 4),
        ("members", format!("{{{}\"a\":0}}", "\"a\":0,".repeat(1 << 18)), 14, 13),
        ("a dense start", format!("{{{}\"a\":\"{}\"}}", "\"a\":0,".repeat(100), "x".repeat(1 << 20)), 14, 13),
        (
            "nodes",
            format!("{{{}\"a\":{{}}}}", "\"a\":{\"class_type\":\"b\",\"inputs\":{}},".repeat(1 << 15)),
            10,
            9,
        ),
    ] {
        bounded(what, &png(&[text("prompt", &json)]), json.len(), total, at_once);
    }
}

#[test]
fn a_caption_in_the_form_of_an_object_is_parsed_once() {
    let json = format!("{{\"short_description\":\"a heron\",\"objects\":[]{}}}", ",\"a\":0".repeat(1 << 18));
    let reading = bounded("caption", &png(&[text("parameters", &json)]), json.len(), 16, 15);
    assert_eq!(reading.description.as_deref(), Some(json.as_str()));
}

#[test]
fn what_is_only_claimed_costs_nothing() {
    for kind in [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"IDAT"] {
        let mut claimed = png(&[]);
        claimed.truncate(8 + 25);
        claimed.extend_from_slice(&(40_u32 << 20).to_be_bytes());
        claimed.extend_from_slice(kind);
        claimed.extend_from_slice(b"parameters\0a heron");
        bounded(&String::from_utf8_lossy(kind), &claimed, claimed.len(), 1, 1);
    }
    let mut large = png(&[text("parameters", "a heron\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1")]);
    large[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    bounded("a picture that claims to be large", &large, large.len(), 8, 8);
}

#[test]
fn ten_thousand_chunks_cost_what_is_kept_of_them() {
    let chunks: Vec<_> =
        (0..10_000).map(|nth| text(&format!("key{nth}"), "a value of some length, to be kept")).collect();
    let file = png(&chunks);
    bounded("chunks with texts", &file, file.len(), 2, 1);
    let file = png(&vec![chunk(b"IDAT", &[0; 8]); 10_000]);
    bounded("chunks with pixels", &file, file.len(), 4, 4);
}
