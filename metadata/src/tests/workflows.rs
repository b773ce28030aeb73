//! Graphs are given verbatim from wherever savers put them.

use super::GRAPH;
use super::encode::{Png, jpeg, jpeg_exif, png, tiff, unicode, webp};
use super::encode_films::{cluster, flac, keyed, lettered, mkv, mp4, named, ogg, tags};
use super::encode_stills::{boxed, exif_item, gif, gif_comment, heif, item};
use crate::{Bytes, Workflow, workflow_of};

/// Odd blanks, a number no type holds, and what JSON does not know: all must stay.
const UI: &str =
    "{ \"nodes\": [ {\"id\": 1, \"widgets_values\": [12345678901234567890, NaN]} ],\t\"links\": [] }";

#[track_caller]
fn check(file: &[u8], api: Option<&str>, ui: Option<&str>) {
    let want = Workflow { api: api.map(str::to_owned), ui: ui.map(str::to_owned) };
    assert_eq!(workflow_of(&Bytes(file)).unwrap(), want);
}

fn both() -> String {
    format!("{{\"prompt\": {GRAPH}, \"workflow\":{UI}}}")
}

/// The same with each graph as a text.
fn both_as_texts() -> String {
    serde_json::json!({"prompt": GRAPH, "workflow": UI}).to_string()
}

#[test]
fn graphs_of_every_container() {
    let pairs = [("prompt", GRAPH), ("workflow", UI)];
    let (prompt, workflow) = (format!("prompt:{GRAPH}\0"), format!("Workflow: {UI}\0"));
    let block = tiff(true, &[(0x010f, 2, workflow.as_bytes()), (0x0110, 2, prompt.as_bytes())], &[]);
    let saved = tiff(true, &[(0x9286, 2, both().as_bytes())], &[]);
    let xmp = format!(
        "<rdf:RDF><rdf:Description my:prompt='{}'><my:workflow><![CDATA[{UI}]]></my:workflow></rdf:Description></rdf:RDF>",
        GRAPH.replace('"', "&quot;").replace('\n', "&#xA;")
    );
    for file in [
        png(&pairs),
        png(&[("Prompt", GRAPH), ("WORKFLOW", UI)]),
        Png::new(1, 1)
            .chunk(b"comf", format!("prompt\0{GRAPH}").as_bytes())
            .chunk(b"comf", format!("workflow\0{UI}").as_bytes())
            .end(),
        Png::new(1, 1).itxt_compressed("prompt", GRAPH).ztxt("workflow", UI.as_bytes()).end(),
        webp(&[(b"EXIF", &block)]),
        jpeg_exif(&block),
        jpeg_exif(&saved),
        webp(&[(b"EXIF", &tiff(true, &[], &[(0x9286, 7, &unicode(&both(), true))]))]),
        webp(&[(b"EXIF", &tiff(true, &[], &[(0x9286, 7, &unicode(&both_as_texts(), true))]))]),
        jpeg(&[(0xfe, both().as_bytes())]),
        gif(&[gif_comment(&both())], &[]),
        heif(b"avif", 0, &[item(b"av01", b"x"), exif_item(&block)]),
        heif(b"avif", 0, &[item(b"av01", b"x"), item(b"mime", xmp.as_bytes())]),
        mp4(b"isom", &[keyed(&pairs, false)]),
        mp4(b"isom", &[keyed(&[("comment", &both())], false)]),
        mp4(b"isom", &[lettered(&[(b"\xa9cmt", &both_as_texts())])]),
        mp4(b"isom", &[keyed(&pairs[..1], false), boxed(b"wflo", &[&[0; 4], UI.as_bytes()].concat())]),
        mkv("matroska", &[tags(&[("PROMPT", GRAPH), ("WORKFLOW", UI)]), cluster(false)], false),
        mkv("webm", &[cluster(true), tags(&[("COMMENT", &both_as_texts())])], true),
        flac(&pairs),
        ogg(b"OpusHead", b"OpusTags", &pairs),
        named(4, &pairs),
    ] {
        check(&file, Some(GRAPH), Some(UI));
    }
}

#[test]
fn one_of_them_may_be_absent() {
    check(&png(&[("prompt", GRAPH)]), Some(GRAPH), None);
    check(&png(&[("workflow", UI)]), None, Some(UI));
    let only = tiff(true, &[(0x8298, 2, format!("workflow:{UI}\0").as_bytes())], &[]);
    check(&webp(&[(b"EXIF", &only)]), None, Some(UI));
    let hosted = format!("{},\"extra\":{{\"airs\":[]}}}}", &GRAPH[..GRAPH.len() - 1]);
    check(&jpeg_exif(&tiff(true, &[], &[(0x9286, 7, &unicode(&hosted, true))])), Some(&hosted), None);
    check(&png(&[]), None, None);
    check(b"", None, None);
}

#[test]
fn the_first_complete_graph_is_given_and_what_follows_it_left_out() {
    let broken = &GRAPH[..GRAPH.len() / 2];
    let behind = format!("{GRAPH}\0 and more");
    check(&png(&[("prompt", broken), ("prompt", &behind)]), Some(GRAPH), None);
    check(&png(&[("Comment", UI), ("prompt", "plain words"), ("workflow", "{}")]), None, Some(UI));
}

#[test]
fn graphs_of_other_programs_and_plain_prompts_are_none() {
    let foreign = r#"{"nodes": [{"id": "a"}], "links": [], "edges": []}"#;
    check(&png(&[("invokeai_workflow", foreign), ("parameters", "a cat\nSteps: 1, Seed: 2")]), None, None);
    check(&png(&[("prompt", "a felt whale"), ("negative_prompt", "text")]), None, None);
    check(
        &png(&[("prompt", "[1, 2]"), ("workflow", "\"text\""), ("Comment", "{\"prompt\": \"a cat\"}")]),
        None,
        None,
    );
}

#[test]
fn texts_in_texts_are_unwrapped_three_times() {
    let wrap = |n: usize| (0..n).fold(GRAPH.to_owned(), |text, _| serde_json::Value::from(text).to_string());
    check(&png(&[("prompt", &wrap(3))]), Some(GRAPH), None);
    check(&png(&[("prompt", &wrap(5))]), None, None);
    let deep = "{\"prompt\":".repeat(100_000);
    check(&png(&[("prompt", &deep)]), None, None);
}
