//! Arbitrary bytes, every truncation and every flipped byte of one good file per container.

use super::encode::{Png, comment_block, jpeg_exif, tiff, webp};
use super::encode_stills::{
    Tiff, bmp, boxed, codestream, exif_item, gif, gif_comment, gif_xmp, heif, item, jxl,
};
use super::{GRAPH, INFOTEXT, reading};
use crate::{Bytes, auto_tags, recipe_of, slots_as_text};
use lumidex_schema::tag::is_valid_name;
use proptest::prelude::{any, proptest};

/// Reads in every way there is; the same bytes must give the same answer.
#[track_caller]
fn survive(bytes: &[u8]) {
    let first = reading(bytes, "a.png");
    assert_eq!(first, reading(bytes, "a.png"));
    assert!(!first.generation_text.contains('\0'));
    slots_as_text(&Bytes(bytes)).unwrap();
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
