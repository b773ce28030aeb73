//! Arbitrary bytes, every truncation and every flipped byte of one good file per container.

use super::encode::{Png, comment_block, jpeg_exif, tiff, webp};
use super::{GRAPH, INFOTEXT, reading};
use crate::metadata::{Bytes, auto_tags, recipe_of, slots_as_text};
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
    ]
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
    fn arbitrary_bytes_are_survived(which in 0..7_usize, bytes: Vec<u8>) {
        const STARTS: [&[u8]; 7] = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"GIF89a", b"BM", b"MM\0*"];
        survive(&[STARTS[which], &bytes].concat());
    }

    #[test]
    fn arbitrary_exif_blocks_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300), little: bool) {
        let head: &[u8] = if little { b"II*\0\x08\0\0\0" } else { b"MM\0*\0\0\0\x08" };
        survive(&jpeg_exif(&[head, &bytes].concat()));
    }

    #[test]
    fn arbitrary_texts_are_survived(text in r#"(Steps: [0-9]{1,3}|, |\n|Negative prompt: |Size: 1x2|Template: |"|\{|\}|:|[a-z]{1,3} |<lora:a:1>|Source Identifier: x|é){0,20}"#) {
        survive(&super::encode::png(&[("parameters", &text)]));
        survive(&super::encode::png(&[("prompt", GRAPH), ("parameters", &text)]));
    }
}
