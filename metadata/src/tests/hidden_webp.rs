//! Texts hidden in lossless WebP and in the lossless alpha of lossy ones, and that nothing is decoded for them
//! unless it is asked for.

use super::INFOTEXT;
use super::encode_stealth::{gzip, message, pixels};
use crate::limits::HIDDEN_DECODED_PIXELS_MAX;
use crate::{Bytes, Hidden, Options, Reading, read_with};
use image_webp::{ColorType, WebPEncoder};

fn with(file: &[u8], hidden: Hidden) -> Reading {
    read_with(&Bytes(file), b"a.webp", &[], &Options { hidden }).unwrap()
}

/// The prompt of a text that is hidden in it.
fn prompt_of(file: &[u8]) -> Option<String> {
    let reading = with(file, Hidden::Always);
    reading.places.contains(&"hidden".to_owned()).then(|| reading.recipe.unwrap().positive)
}

fn lossless(pixels: &[u8], (width, height): (usize, usize), n_channels: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let colour = if n_channels == 4 { ColorType::Rgba8 } else { ColorType::Rgb8 };
    WebPEncoder::new(&mut file).encode(pixels, width as u32, height as u32, colour).unwrap();
    file
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&kind[..], &(data.len() as u32).to_le_bytes(), data, &[0][..data.len() % 2]].concat()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [&b"WEBP"[..], &chunks.concat()].concat();
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// A lossy picture, of which only the header is there, with this alpha.
fn lossy(alpha: &[u8], (width, height): (usize, usize)) -> Vec<u8> {
    let [w0, w1, ..] = (width as u32 - 1).to_le_bytes();
    let [h0, h1, ..] = (height as u32 - 1).to_le_bytes();
    let extended = chunk(b"VP8X", &[0x10, 0, 0, 0, w0, w1, 0, h0, h1, 0]);
    riff(&[extended, chunk(b"ALPH", alpha), chunk(b"VP8 ", &[0; 32])])
}

/// As writers of alpha do it.
fn predicted(plane: &[u8], width: usize, filter: u8) -> Vec<u8> {
    let at = |at: usize| i16::from(plane[at]);
    let guess = |nth: usize| match (filter, nth / width, nth % width) {
        (0, _, _) | (_, 0, 0) => 0,
        (_, 0, _) => at(nth - 1),
        (_, _, 0) | (2, _, _) => at(nth - width),
        (1, _, _) => at(nth - 1),
        _ => (at(nth - 1) + at(nth - width) - at(nth - width - 1)).clamp(0, 255),
    };
    plane.iter().enumerate().map(|(nth, value)| value.wrapping_sub(guess(nth) as u8)).collect()
}

#[test]
fn all_four_ways_in_lossless_pictures() {
    let (plain, packed) = (INFOTEXT.as_bytes().to_vec(), gzip(INFOTEXT.as_bytes()));
    for (signature, payload) in [
        ("stealth_pnginfo", &plain),
        ("stealth_pngcomp", &packed),
        ("stealth_rgbinfo", &plain),
        ("stealth_rgbcomp", &packed),
    ] {
        for size in [(64, 64), (40, 300), (4_000, 1), (1, 4_000), (7, 512)] {
            let in_alpha = signature.starts_with("stealth_png");
            for n_channels in if in_alpha { vec![4] } else { vec![4, 3] } {
                let pixels = pixels(size, n_channels, &message(signature, payload), in_alpha);
                let found = prompt_of(&lossless(&pixels, size, n_channels));
                assert_eq!(
                    found.as_deref(),
                    Some("a cat, <lora:soft:0.5>"),
                    "{signature} {size:?} {n_channels}"
                );
            }
        }
    }
}

#[test]
fn in_the_alpha_of_lossy_pictures_however_that_is_coded() {
    let size = (50, 61);
    let pixels = pixels(size, 4, &message("stealth_pngcomp", &gzip(INFOTEXT.as_bytes())), true);
    let plane: Vec<u8> = pixels.chunks_exact(4).map(|pixel| pixel[3]).collect();
    for filter in 0..4 {
        let data = predicted(&plane, size.0, filter);
        let plain = [&[filter << 2][..], &data].concat();
        assert!(prompt_of(&lossy(&plain, size)).is_some(), "plain, filter {filter}");
        let green: Vec<u8> = data.iter().flat_map(|value| [0, *value, 0]).collect();
        let coded = lossless(&green, size, 3);
        // Without the headers of file, chunk and picture.
        let coded = [&[filter << 2 | 1][..], &coded[12 + 8 + 5..]].concat();
        assert!(prompt_of(&lossy(&coded, size)).is_some(), "coded, filter {filter}");
        for len in [0, 1, 2, coded.len() / 2] {
            assert_eq!(prompt_of(&lossy(&coded[..len], size)), None, "cut at {len}");
        }
    }
    assert_eq!(prompt_of(&lossy(&[2, 0, 0], size)), None, "coded in no known way");
}

#[test]
fn nothing_is_decoded_unless_it_is_asked_for_and_no_text_speaks() {
    let size = (64, 64);
    let pixels = pixels(size, 4, &message("stealth_pnginfo", INFOTEXT.as_bytes()), true);
    let file = lossless(&pixels, size, 4);
    for hidden in [Hidden::Never, Hidden::Cheap] {
        assert_eq!(with(&file, hidden).places.len(), 0, "{hidden:?}");
    }
    let packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/' dc:description='a wall'/></rdf:RDF></x:xmpmeta>";
    let spoken = [&file[..], &chunk(b"XMP ", packet)].concat();
    let reading = with(&spoken, Hidden::Always);
    assert_eq!((reading.places.len(), reading.description.as_deref()), (1, Some("a wall")));
}

#[test]
fn hostile_pictures_are_declined() {
    let size = (64, 64);
    let good = lossless(&pixels(size, 4, &message("stealth_pnginfo", INFOTEXT.as_bytes()), true), size, 4);
    for len in (0..good.len()).step_by(good.len() / 97) {
        with(&good[..len], Hidden::Always);
    }
    for nth in (0..good.len() * 8).step_by(211) {
        let mut bad = good.clone();
        bad[nth / 8] ^= 1 << (nth % 8);
        with(&bad, Hidden::Always);
    }
    for message in [
        message("stealth_pnginfo", b""),
        [&b"stealth_pnginfo"[..], &u32::MAX.to_be_bytes()].concat(),
        message("stealth_pngcomp", b"no gzip"),
        message("stealth_pngcomp", &gzip(b"\xff\xfe\xfd")),
    ] {
        assert_eq!(prompt_of(&lossless(&pixels(size, 4, &message, true), size, 4)), None);
    }
    // A header that promises more than is decoded: nothing of it is read or allocated.
    let side = 16_383_u32;
    assert!(side as usize * side as usize > HIDDEN_DECODED_PIXELS_MAX);
    let head = [&[0x2f][..], &(side | side << 14).to_le_bytes(), &[0; 64 << 10]].concat();
    let file = riff(&[chunk(b"VP8L", &head)]);
    let counted = super::places::Counted { bytes: &file, n_read: 0.into() };
    read_with(&counted, b"a.webp", &[], &Options { hidden: Hidden::Always }).unwrap();
    assert!(counted.n_read.get() <= 80 << 10, "{} bytes", counted.n_read.get());
}
