//! Arbitrary bytes, every truncation and every flipped byte of one good file per container.

use super::encode::{Png, comment_block, jpeg_exif, tiff, webp};
use super::encode_credentials::{parts, uuid};
use super::encode_films::{
    cluster, flac, frame, ftyp, keyed, lettered, mkv, mp3, mp4, ogg, old_tag, tags, tracks,
};
use super::encode_stealth::{gzip, hidden};
use super::encode_stills::{
    Tiff, bmp, boxed, codestream, exif_item, gif, gif_comment, gif_xmp, heif, item, jxl,
};
use super::packets::{XMP_HEAD, packet};
use super::{GRAPH, INFOTEXT, reading};
use crate::{Bytes, auto_tags, recipe_of, slots_as_text, workflow_of};
use lumidex_schema::tag::is_valid_name;
use proptest::prelude::{any, proptest};

/// Reads in every way there is; the same bytes must give the same answer.
#[track_caller]
fn survive(bytes: &[u8]) {
    let first = reading(bytes, "a.png");
    assert_eq!(first, reading(bytes, "a.png"));
    assert!(!first.generation_text.contains('\0'));
    slots_as_text(&Bytes(bytes)).unwrap();
    workflow_of(&Bytes(bytes)).unwrap();
    if let Some(recipe) = &first.recipe {
        assert!(auto_tags(recipe).iter().all(|(_, name)| is_valid_name(name)));
        assert!(recipe_of(&first.generation_text).is_some(), "{}", first.generation_text);
    }
}

fn good_files() -> Vec<Vec<u8>> {
    let graph = format!("prompt:{GRAPH}\0");
    vec![
        Png::new(2, 2)
            .text("parameters", INFOTEXT)
            .idat(2, 2, 1)
            .itxt_compressed("Comment", "x")
            .ztxt("prompt", b"{}")
            .end(),
        jpeg_exif(&comment_block(INFOTEXT)),
        webp(&[(b"EXIF", &tiff(true, &[(0x0110, 2, graph.as_bytes())], &[]))]),
        still_tiff(Tiff { little: true, is_big: false }),
        still_tiff(Tiff { little: false, is_big: true }),
        gif(&[gif_xmp("<x/>"), gif_comment("a\nSteps: 1, Seed: 2")], &[gif_comment("more")]),
        bmp(5, -3, 9, b"behind"),
        heif(
            b"avif",
            1,
            &[
                item(b"grid", b"\0\0\0\x01"),
                item(b"av01", b"one"),
                item(b"av01", b"two"),
                exif_item(&comment_block("a\nSteps: 1, Seed: 2")),
                item(b"mime", b"<x/>"),
            ],
        ),
        jxl(&[
            boxed(b"Exif", &[&[0; 4][..], &comment_block("a\nSteps: 1, Seed: 2")].concat()),
            boxed(b"brob", b"xml \x0b"),
            boxed(b"jxlp", &[&[0; 4][..], &codestream()].concat()),
        ]),
        codestream(),
    ]
}

/// Short texts, so that every one of their bytes can be flipped.
const SHORT: &str = "a\nSteps: 1, Seed: 2";
const SHORT_GRAPH: &str = r#"{"1":{"class_type":"CLIPTextEncode","inputs":{"text":"a"}}}"#;

fn good_films() -> Vec<Vec<u8>> {
    let pairs = [("prompt", SHORT_GRAPH), ("comment", SHORT)];
    let packets = super::encode_credentials::store(&[super::encode_credentials::manifest(
        "urn:x",
        &serde_json::json!({"claim_generator": "Example"}),
        &serde_json::json!({"actions": [{"action": "c2pa.created", "softwareAgent": {"name": "A", "version": "1"}}]}),
    )]);
    let parts = parts(&packets, 200);
    let parts: Vec<_> = parts.iter().map(|part| (0xeb, &part[..])).collect();
    let xmp = [XMP_HEAD, packet(SHORT).as_bytes()].concat();
    let iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x78\0\x03abc";
    let text = |version: u8, code: u8| {
        frame(version, b"TXXX", &[&[code][..], b"prompt\0", SHORT.as_bytes()].concat())
    };
    vec![
        mp4(b"isom", &[keyed(&pairs, false)]),
        mp4(b"qt  ", &[keyed(&pairs, true), old_tag(b"\xa9cmt", SHORT)]),
        [mp4(b"isom", &[lettered(&[(b"\xa9cmt", SHORT)]), boxed(b"wflo", b"\0\0\0\0{}")]), uuid(&packets)]
            .concat(),
        [ftyp(b"avif"), uuid(&packets)].concat(),
        mkv("matroska", &[tracks(), tags(&pairs), cluster(false)], false),
        mkv("webm", &[cluster(true), cluster(true), tags(&pairs)], true),
        flac(&pairs),
        ogg(b"OpusHead", b"OpusTags", &pairs),
        mp3(3, &[text(3, 0), text(3, 1), frame(3, b"COMM", b"\x03eng\0words")]),
        mp3(4, &[text(4, 3), text(4, 2)]),
        super::encode::jpeg(&[&[(0xe1, &xmp[..]), (0xed, iptc)][..], &parts].concat()),
        Png::new(1, 1).itxt("XML:com.adobe.xmp", &packet(SHORT)).chunk(b"caBX", &packets).end(),
        hidden((16, 24), 4, "stealth_pnginfo", b"a cat"),
        hidden((16, 24), 3, "stealth_rgbcomp", &gzip(SHORT.as_bytes())),
    ]
}

#[test]
fn every_truncation_and_every_flipped_bit_of_packets_and_films_is_survived() {
    for file in good_films() {
        for len in 0..file.len() {
            survive(&file[..len]);
        }
        for at in 0..file.len() * 8 {
            let mut file = file.clone();
            file[at / 8] ^= 1 << (at % 8);
            survive(&file);
        }
    }
}

fn still_tiff(form: Tiff) -> Vec<u8> {
    let gps = [(1, 2, b"N\0".to_vec()), (27, 7, b"ASCII\0\0\0GPS".to_vec())];
    let comment = (0x9286, 7, super::encode::unicode("a\nSteps: 1, Seed: 2", form.little));
    form.file((3, 2), &[(700, 1, b"<x:xmpmeta/>".to_vec())], &[comment], &gps)
}

#[test]
fn every_truncation_is_survived() {
    for file in good_files() {
        for len in 0..file.len() {
            survive(&file[..len]);
        }
    }
}

#[test]
fn every_flipped_byte_is_survived() {
    for file in good_files() {
        for at in 0..file.len() {
            for flip in [0xff, 0x01, 0x80] {
                let mut file = file.clone();
                file[at] ^= flip;
                survive(&file);
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_survived(which in 0..12_usize, bytes: Vec<u8>) {
        const STARTS: [&[u8]; 12] = [
            b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"BM", b"MM\0*\0\0\0\x08",
            b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n",
            b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\0meta\0\0\0\0", b"\0\0\0\x10ftypheic\0\0\0\0",
        ];
        survive(&[STARTS[which], &bytes].concat());
    }

    #[test]
    fn arbitrary_films_are_survived(which in 0..7_usize, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        const STARTS: [&[u8]; 7] = [
            b"\0\0\0\x10ftypisom\0\0\0\0\0\0\x02\0moov\0\0\x01\xf0udta\0\0\x01\xe0meta\0\0\0\0",
            b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x12\x54\xc3\x67\x41\0\x73\x73\x40\xff",
            b"fLaC\x04\0\x01\0\x01\0\0\0x", b"OggS\0\x02\0\0\0\0\0\0\0\0SERI\0\0\0\0\0\0\0\0\x01\x01xOggS",
            b"ID3\x03\0\0\0\0\x02\0TXXX", b"ID3\x04\0\0\0\0\x02\0TXXX",
        ];
        survive(&[STARTS[which], &bytes].concat());
    }

    #[test]
    fn arbitrary_exif_blocks_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300), little: bool) {
        let head: &[u8] = if little { b"II*\0\x08\0\0\0" } else { b"MM\0*\0\0\0\x08" };
        survive(&jpeg_exif(&[head, &bytes].concat()));
    }

    #[test]
    fn arbitrary_tables_of_items_are_survived(which in 0..5_usize, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let kind = [b"iinf", b"iloc", b"iref", b"iprp", b"pitm"][which];
        let meta = boxed(b"meta", &[&[0; 4][..], &boxed(kind, &bytes)].concat());
        survive(&[boxed(b"ftyp", b"avif\0\0\0\0"), meta].concat());
    }

    #[test]
    fn arbitrary_texts_are_survived(text in r#"(Steps: [0-9]{1,3}|, |\n|Negative prompt: |Size: 1x2|Template: |"|\{|\}|:|[a-z]{1,3} |<lora:a:1>|Source Identifier: x|é){0,20}"#) {
        survive(&super::encode::png(&[("parameters", &text)]));
        survive(&super::encode::png(&[("prompt", GRAPH), ("parameters", &text)]));
    }
}
