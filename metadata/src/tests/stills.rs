//! TIFF, GIF, BMP, AVIF, HEIC and JPEG XL: size, recipe, what is shown, and identity.

use super::encode::{comment_block, tiff, unicode};
use super::encode_stills::{
    Tiff, blocks, bmp, boxed, brotli, codestream, exif_item, gif, gif_comment, gif_xmp, heif, item, jxl,
};
use super::{GRAPH, INFOTEXT, positive, reading};
use crate::{Bytes, Complaint, Container, slots_as_text};
use lumidex_schema::recipe::Source;
use lumidex_schema::record::Fingerprint;
use std::collections::BTreeMap;

const PROMPT: &str = "a cat, <lora:soft:0.5>";
const XMP: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>söme</x:xmpmeta>";
const LITTLE: Tiff = Tiff { little: true, is_big: false };

fn forms() -> impl Iterator<Item = Tiff> {
    [(true, false), (false, false), (true, true), (false, true)]
        .into_iter()
        .map(|(little, is_big)| Tiff { little, is_big })
}

fn fingerprint(file: &[u8]) -> Fingerprint {
    reading(file, "a.png").fingerprint
}

#[track_caller]
fn shown(file: &[u8]) -> BTreeMap<String, String> {
    slots_as_text(&Bytes(file)).unwrap()
}

/// Size, recipe without complaints, and the recipe's prompt.
#[track_caller]
fn check(file: &[u8], container: Container, size: (u32, u32)) {
    let read = reading(file, "a.png");
    assert_eq!((read.container, read.pixel_width, read.pixel_height), (container, size.0, size.1));
    assert_eq!(read.complaints, []);
    let recipe = read.recipe.unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.seed.as_deref()), (PROMPT, Some("42")));
    assert_eq!(read.generation_text, format!("{INFOTEXT}, Source Identifier: Stable Diffusion web UI"));
}

#[test]
fn tiff_of_either_order_and_either_width() {
    for form in forms() {
        let comment = (0x9286, 7, unicode(INFOTEXT, form.little));
        for file in [
            form.file((5, 3), &[], std::slice::from_ref(&comment), &[]),
            form.file((5, 3), &[comment], &[], &[]),
            form.file((5, 3), &[(0x010e, 2, format!("{INFOTEXT}\0").into_bytes())], &[], &[]),
        ] {
            check(&file, Container::Tiff, (5, 3));
        }
    }
}

#[test]
fn a_graph_in_the_makers_name_is_read_from_a_tiff() {
    for form in forms() {
        let entries =
            [(0x010f, 2, b"workflow:{}\0".to_vec()), (0x0110, 2, format!("prompt:{GRAPH}\0").into())];
        let recipe = reading(&form.file((1, 1), &entries, &[], &[]), "a.tif").recipe.unwrap();
        assert_eq!((recipe.source, recipe.positive.as_str()), (Source::ComfyUi, "a paper boat"));
    }
}

#[test]
fn what_a_tiff_says_is_shown_as_clients_know_it() {
    for form in forms() {
        let [seventy_two, third] =
            [[72, 1], [1, 3]].map(|parts| (5, parts.map(|part| form.number(part, 4)).concat()));
        let ifd0 = [
            (282, seventy_two.0, seventy_two.1),
            (283, third.0, third.1.clone()),
            form.short(296, 2),
            (305, 2, b"editor\0".to_vec()),
            (700, 1, XMP.as_bytes().to_vec()),
            (0x9c9b, 1, b"t\0i\0t\0l\0e\0\0\0".to_vec()),
        ];
        let exif = [(33434, 5, third.1), (36864, 7, b"0232".to_vec()), (37500, 7, vec![0xee; 3_000])];
        let gps = [(1, 2, b"N\0".to_vec()), (2, 5, [1, 1, 5, 2].map(|part| form.number(part, 4)).concat())];
        let mut texts = shown(&form.file((6, 2), &ifd0, &exif, &gps));
        assert!(texts.remove("273").unwrap().starts_with('('));
        assert!(texts.remove("34665").unwrap().parse::<u32>().unwrap() > 0);
        assert!(texts.remove("37500").unwrap().ends_with("ee … (3000 bytes)"));
        let want = [
            ("256", "6"),
            ("257", "2"),
            ("258", "8"),
            ("259", "1"),
            ("262", "1"),
            ("277", "1"),
            ("278", "1"),
            ("279", "(6, 6)"),
            ("282", "72.0"),
            ("283", "0.3333333333333333"),
            ("296", "2"),
            ("305", "editor"),
            ("33434", "0.3333333333333333"),
            ("34853", r#"{"1":"N","2":"(1.0, 2.5)"}"#),
            ("36864", "0232"),
            ("40091", "title"),
            ("compression", "raw"),
            ("dpi", "(72.0, 0.3333333333333333)"),
            ("xmp", XMP),
        ];
        assert_eq!(texts, want.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }
}

#[test]
fn directories_of_a_tiff_in_a_ring_are_visited_once() {
    let comment = unicode(INFOTEXT, true);
    let mut file = LITTLE.file((1, 1), &[], &[(0x9286, 7, comment), (0x8769, 4, vec![0; 4])], &[]);
    let first = file[4..8].to_vec();
    let pointer = file.windows(8).position(|bytes| bytes == b"\x69\x87\x04\0\x01\0\0\0").unwrap();
    file[pointer + 8..pointer + 12].copy_from_slice(&first);
    assert_eq!(positive(&file).as_deref(), Some(PROMPT));
}

#[test]
fn gif_comments_before_and_behind_the_frame() {
    for file in [gif(&[gif_comment(INFOTEXT)], &[]), gif(&[], &[gif_comment(INFOTEXT)])] {
        check(&file, Container::Gif, (1, 1));
    }
    let graph = reading(&gif(&[gif_comment(GRAPH)], &[]), "a.gif").recipe.unwrap();
    assert_eq!((graph.source, graph.positive.as_str()), (Source::ComfyUi, "a paper boat"));
}

#[test]
fn what_a_gif_says_is_shown() {
    let loops = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x05\0\0".to_vec();
    let control = b"\x21\xf9\x04\x01\x0a\0\x01\0".to_vec();
    let unknown = [&b"\x21\x01"[..], &blocks(b"plain text"), b"\x21\xff\0"].concat();
    let texts = shown(&gif(&[loops, unknown, gif_xmp(XMP), control], &[gif_comment("a nöte")]));
    let want = [
        ("background", "0"),
        ("comment", "a nöte"),
        ("duration", "100"),
        ("loop", "5"),
        ("transparency", "1"),
        ("version", "GIF89a"),
        ("xmp", XMP),
    ];
    assert_eq!(texts, want.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
}

#[test]
fn a_long_animation_is_walked_for_a_while_only() {
    let mut frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02".to_vec();
    frame.extend(blocks(&vec![7; 6 << 20]));
    let file = gif(&[gif_comment(INFOTEXT), frame], &[gif_comment("not found")]);
    check(&file, Container::Gif, (1, 1));
    let source = super::places::Counted { bytes: &file, n_read: std::cell::Cell::new(0) };
    crate::read(&source, b"a.gif", &[]).unwrap();
    assert!(source.n_read.get() < 5 << 20, "{}", source.n_read.get());
}

#[test]
fn a_bitmap_has_a_size_and_a_density() {
    for height in [3, -3] {
        let read = reading(&bmp(5, height, 9, b""), "a.bmp");
        assert_eq!((read.container, read.pixel_width, read.pixel_height), (Container::Bmp, 5, 3));
        assert_eq!((read.recipe, read.complaints), (None, vec![]));
    }
    let texts = shown(&bmp(5, 3, 9, b""));
    let want = [("compression", "0"), ("dpi", "(72.008961115161, 72.008961115161)")];
    assert_eq!(texts, want.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
}

#[test]
fn avif_and_heic_items() {
    let block = comment_block(INFOTEXT);
    let picture = || item(b"av01", b"coded picture");
    for (brand, container) in [(b"avif", Container::Avif), (b"heic", Container::Heif)] {
        check(&heif(brand, 0, &[picture(), exif_item(&block)]), container, (64, 32));
        check(&heif(brand, 2, &[picture(), exif_item(&block)]), container, (64, 32));
        check(&heif(brand, 1, &[picture(), exif_item(&block)]), container, (32, 64));
        // The offset 0, no offset at all, and one that leads astray.
        for start in [&[0, 0, 0, 0][..], &[], &[0, 0, 9, 9]] {
            let exif = item(b"Exif", &[start, &block].concat());
            check(&heif(brand, 0, &[picture(), exif]), container, (64, 32));
        }
        let mut inside = exif_item(&block);
        inside.is_inside = true;
        check(&heif(brand, 0, &[picture(), inside]), container, (64, 32));
    }
}

#[test]
fn what_an_avif_says_is_shown() {
    let block = tiff(true, &[(0x0131, 2, b"editor\0")], &[(0x9286, 7, &unicode("hi", true))]);
    let file = heif(b"avif", 0, &[item(b"av01", b"x"), item(b"mime", XMP.as_bytes()), exif_item(&block)]);
    let texts = shown(&file);
    assert_eq!(texts.keys().collect::<Vec<_>>(), ["305", "34665", "37510", "xmp"]);
    assert_eq!(
        (texts["305"].as_str(), texts["37510"].as_str(), texts["xmp"].as_str()),
        ("editor", "hi", XMP)
    );
}

#[test]
fn of_two_blocks_the_one_that_describes_the_picture_speaks() {
    let other = exif_item(&comment_block("another\nSteps: 1, Seed: 1"));
    let mut file = heif(b"avif", 0, &[item(b"av01", b"x"), other, exif_item(&comment_block(INFOTEXT))]);
    assert_eq!(positive(&file).as_deref(), Some("another"));
    // The first block describes the second instead.
    let reference = file.windows(10).position(|bytes| bytes == b"cdsc\0\x02\0\x01\0\x01").unwrap();
    file[reference + 9] = 3;
    assert_eq!(positive(&file).as_deref(), Some(PROMPT));
}

#[test]
fn jpeg_xl_in_boxes_and_alone() {
    let exif = || boxed(b"Exif", &[&[0; 4][..], &comment_block(INFOTEXT)].concat());
    let stream = codestream();
    let (first, rest) = stream.split_at(3);
    let parts = [&[0; 4][..], first].concat();
    let more = [&[0x80, 0, 0, 1][..], rest].concat();
    for file in [
        jxl(&[exif(), boxed(b"jxlc", &codestream())]),
        jxl(&[boxed(b"jxlp", &parts), boxed(b"jxlp", &more), exif()]),
    ] {
        check(&file, Container::Jxl, (64, 32));
        assert_eq!(fingerprint(&file), fingerprint(&codestream()));
    }
    let alone = reading(&codestream(), "a.jxl");
    assert_eq!((alone.pixel_width, alone.pixel_height, alone.complaints), (64, 32, vec![]));
    let texts = shown(&jxl(&[boxed(b"jxlc", &codestream()), boxed(b"xml ", XMP.as_bytes())]));
    assert_eq!(texts, [("xmp".to_owned(), XMP.to_owned())].into());
}

#[test]
fn compressed_boxes_of_jpeg_xl_are_read() {
    let exif = brotli(&[&[0; 4][..], &comment_block(INFOTEXT)].concat());
    let file = jxl(&[boxed(b"brob", &[b"Exif", &exif[..]].concat()), boxed(b"jxlc", &codestream())]);
    check(&file, Container::Jxl, (64, 32));
    let xmp = boxed(b"brob", &[b"xml ", &brotli(XMP.as_bytes())[..]].concat());
    assert_eq!(shown(&jxl(&[xmp]))["xmp"], XMP);
    let other = jxl(&[boxed(b"brob", b"ICC \x0b"), boxed(b"jxlc", &codestream())]);
    assert_eq!(reading(&other, "a.jxl").complaints, []);
}

#[test]
fn damaged_and_endless_compressed_boxes_are_a_complaint() {
    let whole = brotli(XMP.as_bytes());
    let file = |stream: &[u8]| jxl(&[boxed(b"brob", &[b"xml ", stream].concat())]);
    let cut = reading(&file(&whole[..whole.len() / 2]), "a.jxl").complaints;
    assert!(cut.contains(&Complaint::InflateDamaged { what: "brob".to_owned() }), "{cut:?}");
    let read = reading(&file(&BOMB), "a.jxl");
    let limit = crate::limits::VALUE_BYTES_MAX;
    assert_eq!(read.complaints, [Complaint::InflatesTooFar { what: "brob".to_owned(), limit }]);
}

/// A hundred bytes that are sixty-four million letters.
const BOMB: [u8; 106] = [
    0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x25, 0xc2, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff, 0x7f,
    0xf0, 0x4b, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x97, 0x00, 0x88,
    0xc3, 0x02, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x2f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba,
    0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83, 0x5f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74, 0xef, 0xff, 0xf8, 0xff,
    0xff, 0x07, 0xbf, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff, 0xf1, 0xff, 0xff, 0x0f, 0x7e, 0x09,
    0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0xff, 0xcb, 0xff, 0xff, 0x3f, 0xfc, 0x12, 0x00, 0x71, 0x58, 0x00,
    0xa0, 0x7b, 0xff, 0x07,
];

#[test]
fn metadata_of_no_container_counts_for_identity() {
    let words = || (0x010e, 2, b"some words, which may be long\0".to_vec());
    let gps = || (1, 2, b"N\0".to_vec());
    let picture = || item(b"av01", b"coded picture");
    let exif = || exif_item(&comment_block(INFOTEXT));
    let tiff = |ifd0: &[_], gps: &[_]| LITTLE.file((5, 3), ifd0, &[], gps);
    for (bare, full) in [
        (tiff(&[], &[]), tiff(&[words()], &[gps()])),
        (gif(&[], &[]), gif(&[gif_comment(INFOTEXT)], &[gif_comment("more")])),
        (heif(b"avif", 0, &[picture()]), heif(b"avif", 0, &[picture(), exif()])),
        (bmp(5, 3, 9, b""), bmp(5, 3, 9, b"behind")),
    ] {
        assert_ne!(bare, full);
        assert_eq!(fingerprint(&bare), fingerprint(&full));
        assert_ne!(fingerprint(&bare), Fingerprint::default());
    }
}

#[test]
fn every_byte_of_the_picture_counts_for_identity() {
    let tiff = |rows: u16| fingerprint(&LITTLE.file((5, rows), &[], &[], &[]));
    assert_ne!(tiff(3), tiff(4));
    assert_ne!(fingerprint(&bmp(5, 3, 9, b"")), fingerprint(&bmp(5, 3, 8, b"")));
    let avif = |data: &[u8]| fingerprint(&heif(b"avif", 0, &[item(b"av01", data)]));
    assert_ne!(avif(b"one"), avif(b"two"));
    let mut gif_of = gif(&[], &[]);
    let bare = fingerprint(&gif_of);
    gif_of[14] ^= 1;
    assert_ne!(fingerprint(&gif_of), bare);
}

#[test]
fn a_picture_of_tiles_is_its_tiles() {
    let grid = |first: &[u8], second: &[u8]| {
        heif(b"heic", 0, &[item(b"grid", b"\0\0\0\x01"), item(b"hvc1", first), item(b"hvc1", second)])
    };
    let [one, other, other_end] =
        [grid(b"one", b"two"), grid(b"other", b"two"), grid(b"one", b"too")].map(|file| fingerprint(&file));
    assert!(one != other && one != other_end && other != other_end);
    let whole = heif(b"heic", 0, &[item(b"hvc1", b"onetwo")]);
    assert_eq!(fingerprint(&whole), one);
}
