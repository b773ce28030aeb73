//! Where texts stand in their containers, and which text speaks when there are several.

use super::encode::{Png, comment_block, jpeg, jpeg_exif, png, tiff, unicode, webp};
use super::{GRAPH, INFOTEXT, positive, reading};
use crate::{Beside, Bytes, Container, read, recipe_of, slots_as_text};
use lumidex_schema::recipe::{Lora, Source};

#[test]
fn png_texts_of_every_kind_before_and_after_the_data() {
    let prompt = "a cat, <lora:soft:0.5>";
    let head = || Png::new(3, 2);
    for file in [
        head().text("parameters", INFOTEXT).idat(3, 2, 0).end(),
        head().idat(3, 2, 0).text("parameters", INFOTEXT).end(),
        head().itxt("parameters", INFOTEXT).end(),
        head().itxt_compressed("Parameters", INFOTEXT).end(),
        head().idat(3, 2, 0).ztxt("parameters", INFOTEXT.as_bytes()).end(),
        head().chunk(b"eXIf", &comment_block(INFOTEXT)).end(),
        head().chunk(b"eXIf", &[b"Exif\0\0", &comment_block(INFOTEXT)[..]].concat()).end(),
        head().text("parameters", INFOTEXT).0,
    ] {
        let reading = reading(&file, "a.png");
        assert_eq!((reading.pixel_width, reading.pixel_height), (3, 2));
        assert_eq!(reading.complaints, []);
        let recipe = reading.recipe.unwrap();
        assert_eq!((recipe.positive.as_str(), recipe.raw.as_str()), (prompt, INFOTEXT));
        assert_eq!(
            reading.generation_text,
            format!("{INFOTEXT}, Source Identifier: Stable Diffusion web UI")
        );
    }
}

#[test]
fn exif_kept_as_hex_text_is_read() {
    let block = [b"Exif\0\0", &comment_block(INFOTEXT)[..]].concat();
    let hex: String = block.iter().map(|byte| format!("{byte:02x}")).collect();
    let profile = format!("\nexif\n{:8}\n{}\n{}\n", block.len(), &hex[..72], &hex[72..]);
    let file = Png::new(1, 1).ztxt("Raw profile type exif", profile.as_bytes()).end();
    assert_eq!(positive(&file).as_deref(), Some("a cat, <lora:soft:0.5>"));
}

#[test]
fn a_far_text_behind_large_data_is_found_by_seeking() {
    let data = vec![9; 3 << 20];
    let file = Png::new(1, 1).chunk(b"IDAT", &data).chunk(b"IDAT", &data).text("parameters", INFOTEXT).end();
    let counted = Counted { bytes: &file, n_read: std::cell::Cell::new(0) };
    let reading = read(&counted, b"a.png", &[]).unwrap();
    assert!(reading.recipe.is_some());
    assert!(counted.n_read.get() < 80 << 10, "{}", counted.n_read.get());
}

#[test]
fn c14_many_animation_frames_are_seeked_over() {
    let frames = (0..10_000).fold(Png::new(1, 1), |png, _| png.chunk(b"fdAT", &[0; 300]));
    let file = frames.text("parameters", INFOTEXT).end();
    let counted = Counted { bytes: &file, n_read: std::cell::Cell::new(0) };
    assert!(read(&counted, b"a.png", &[]).unwrap().recipe.is_some());
    assert!(counted.n_read.get() < 200 << 10, "{}", counted.n_read.get());
}

#[test]
fn jpeg_and_webp_comments() {
    let block = comment_block(INFOTEXT);
    let jpeg = reading(&jpeg_exif(&block), "a.jpg");
    assert_eq!((jpeg.container, jpeg.pixel_width, jpeg.pixel_height), (Container::Jpeg, 16, 8));
    assert_eq!(jpeg.recipe.unwrap().seed.as_deref(), Some("42"));
    for block in [block.clone(), [b"Exif\0\0", &block[..]].concat()] {
        let webp = reading(&webp(&[(b"EXIF", &block)]), "a.webp");
        assert_eq!((webp.container, webp.pixel_width, webp.pixel_height), (Container::WebP, 8, 4));
        assert_eq!(webp.recipe.unwrap().seed.as_deref(), Some("42"));
    }
}

#[test]
fn jpeg_comments_and_two_exif_blocks() {
    assert!(positive(&jpeg(&[(0xfe, INFOTEXT.as_bytes())])).is_some());
    let first = [b"Exif\0\0", &comment_block("one\nSteps: 1, Seed: 1")[..]].concat();
    let second = [b"Exif\0\0", &comment_block("two\nSteps: 2, Seed: 2")[..]].concat();
    assert_eq!(positive(&jpeg(&[(0xe1, &first), (0xe1, &second)])).as_deref(), Some("one"));
    let software = [b"Exif\0\0", &tiff(true, &[(0x0131, 2, b"editor\0")], &[])[..]].concat();
    assert_eq!(positive(&jpeg(&[(0xe1, &software), (0xe1, &second)])).as_deref(), Some("two"));
}

#[test]
fn d9_user_comments_stand_in_either_directory_and_order() {
    for (little_block, little_text) in [(false, false), (true, false), (true, true), (false, true)] {
        let value = unicode(INFOTEXT, little_text);
        for block in
            [tiff(little_block, &[], &[(0x9286, 7, &value)]), tiff(little_block, &[(0x9286, 7, &value)], &[])]
        {
            assert!(positive(&jpeg_exif(&block)).is_some(), "{little_block} {little_text}");
        }
    }
    for kind in [1, 2] {
        let block = tiff(false, &[(0x9286, kind, INFOTEXT.as_bytes())], &[]);
        assert!(positive(&jpeg_exif(&block)).is_some());
    }
}

#[test]
fn sizes_of_other_pictures() {
    let gif = reading(b"GIF89a\x05\0\x07\0\0\0\0", "a.gif");
    assert_eq!((gif.container, gif.pixel_width, gif.pixel_height), (Container::Gif, 5, 7));
    let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x05\0\0\0".to_vec();
    bmp.extend((-7_i32).to_le_bytes());
    let bmp = reading(&bmp, "a.bmp");
    assert_eq!((bmp.container, bmp.pixel_width, bmp.pixel_height), (Container::Bmp, 5, 7));
}

#[test]
fn an_infotext_beside_a_graph_speaks_and_the_graph_fills_holes() {
    let reading = reading(&png(&[("prompt", GRAPH), ("parameters", "a hat\nSteps: 5, Seed: 1")]), "a.png");
    let recipe = reading.recipe.unwrap();
    assert_eq!(
        (recipe.positive.as_str(), recipe.steps, recipe.seed.as_deref()),
        ("a hat", Some(5), Some("1"))
    );
    assert_eq!((recipe.model.as_deref(), recipe.width), (Some("toy"), Some(512)));
    assert_eq!(recipe.source, Source::ComfyUi);
    assert!(reading.generation_text.ends_with(", Source Identifier: ComfyUI"), "{}", reading.generation_text);
    let again = recipe_of(&reading.generation_text).unwrap();
    assert_eq!((again.model, again.source), (recipe.model, recipe.source));
    let weights =
        |recipe: &[Lora]| recipe.iter().map(|lora| (lora.name.clone(), lora.weight)).collect::<Vec<_>>();
    assert_eq!(weights(&again.loras), weights(&recipe.loras));
}

#[test]
fn a_stub_beside_a_graph_does_not_speak() {
    let stub = "unknown\nSteps: 20, Seed: 0, Size: 512x512";
    assert_eq!(positive(&png(&[("parameters", stub), ("prompt", GRAPH)])).as_deref(), Some("a paper boat"));
}

#[test]
fn postprocessing_fills_and_never_replaces() {
    let later = "Postprocess upscale by: 4, Postprocess upscaler: R-ESRGAN 4x+";
    let reading = reading(&png(&[("parameters", INFOTEXT), ("postprocessing", later)]), "a.png");
    let expected = format!("{INFOTEXT}, {later}, Source Identifier: Stable Diffusion web UI");
    assert_eq!(reading.generation_text, expected);
    let alone = super::reading(&png(&[("postprocessing", later)]), "a.png").recipe.unwrap();
    assert_eq!((alone.positive.as_str(), alone.extra.len()), ("", 2));
}

#[test]
fn what_a_recipe_without_a_prompt_was_read_from_is_no_caption() {
    let line = "Postprocess upscale by: 4, Postprocess upscaler: Lanczos";
    let read = reading(&jpeg_exif(&comment_block(line)), "a.jpg");
    assert_eq!((read.recipe.map(|recipe| recipe.positive), read.description), (Some(String::new()), None));
    let described = tiff(false, &[(0x010e, 2, b"a wall\0")], &[(0x9286, 7, &unicode(line, false))]);
    assert_eq!(reading(&jpeg_exif(&described), "a.jpg").description.as_deref(), Some("a wall"));
}

#[test]
fn c11_of_repeated_infotexts_the_last_non_empty_one_speaks() {
    let mut texts = vec![("parameters", "first\nSteps: 1, Seed: 1"); 999];
    texts.push(("parameters", "last\nSteps: 1, Seed: 1"));
    texts.push(("parameters", "  "));
    assert_eq!(positive(&png(&texts)).as_deref(), Some("last"));
}

#[test]
fn words_beside_the_picture_fill_what_it_does_not_say() {
    let read = |file: &[u8], sidecar: &[u8]| {
        read(&Bytes(file), b"a.png", &[Beside { name: b"a.txt", bytes: sidecar }]).unwrap()
    };
    let bare = png(&[]);
    let recipe = read(&bare, INFOTEXT.as_bytes());
    assert_eq!(recipe.recipe.unwrap().seed.as_deref(), Some("42"));
    assert!(recipe.generation_text.ends_with(", Source Identifier: Stable Diffusion web UI"));
    let caption = read(&bare, b"1girl, red hair");
    assert_eq!((caption.recipe, caption.description.as_deref()), (None, Some("1girl, red hair")));
    assert_eq!(caption.generation_text, "1girl, red hair");
    let embedded = read(&png(&[("parameters", INFOTEXT)]), b"other\nSteps: 1, Seed: 9");
    assert_eq!(embedded.recipe.unwrap().seed.as_deref(), Some("42"));
    let upscaled = read(&png(&[("postprocessing", "Postprocess upscale by: 2")]), INFOTEXT.as_bytes());
    assert!(
        upscaled.generation_text.contains("a cat")
            && upscaled.generation_text.contains("Postprocess upscale by: 2")
    );
    let film = super::super::read(
        &Bytes(b"\x1a\x45\xdf\xa3"),
        b"a.mkv",
        &[Beside { name: b"a.txt", bytes: INFOTEXT.as_bytes() }],
    )
    .unwrap();
    assert_eq!(film.recipe.unwrap().model.as_deref(), Some("tin_v3"));
    for bad in [&b"\x7fELF\0\0\0"[..], &vec![b'a'; (1 << 20) + 1]] {
        let reading = read(&bare, bad);
        assert_eq!((reading.generation_text.as_str(), reading.complaints.len()), ("", 1));
    }
}

#[test]
fn captions_and_remarks_are_no_prompts() {
    let caption = reading(&jpeg_exif(&tiff(false, &[(0x010e, 2, b"Holiday at the sea\0")], &[])), "a.jpg");
    assert_eq!((caption.recipe, caption.description.as_deref()), (None, Some("Holiday at the sea")));
    let remark = reading(&jpeg_exif(&comment_block("Screenshot")), "a.jpg");
    assert_eq!((remark.recipe, remark.generation_text.as_str()), (None, ""));
}

#[test]
fn all_texts_of_a_file_are_shown_by_name() {
    let file =
        Png::new(1, 1).text("workflow", "{\"nodes\": []}").itxt("parameters", "é").ztxt("odd", b"x").end();
    let texts = slots_as_text(&Bytes(&file)).unwrap();
    assert_eq!(texts.keys().collect::<Vec<_>>(), ["odd", "parameters", "workflow"]);
    let block = tiff(true, &[(0x0131, 2, b"editor\0")], &[(0x9286, 7, &unicode("hi there", true))]);
    let texts = slots_as_text(&Bytes(&jpeg_exif(&block))).unwrap();
    assert_eq!((texts["305"].as_str(), texts["37510"].as_str()), ("editor", "hi there"));
    assert!(texts.contains_key("34665"));
    assert!(slots_as_text(&Bytes(b"\x1a\x45\xdf\xa3")).unwrap().is_empty());
}

#[test]
fn names_that_start_with_exif_are_not_shown() {
    let file = png(&[("exif_data", "x"), ("exif", "x"), ("Exif", "shown"), ("parameters", "exif")]);
    assert_eq!(slots_as_text(&Bytes(&file)).unwrap().into_keys().collect::<Vec<_>>(), ["Exif", "parameters"]);
}

#[test]
fn what_png_jpeg_and_webp_say_of_themselves_is_shown_and_no_recipe() {
    const XMP: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
    #[track_caller]
    fn check(file: &[u8], want: &[(&str, &str)]) {
        let want: std::collections::BTreeMap<_, _> =
            want.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(slots_as_text(&Bytes(file)).unwrap(), want);
        assert_eq!(
            (reading(file, "a.png").recipe, reading(file, "a.png").generation_text),
            (None, String::new())
        );
    }
    let numbers = |numbers: &[u32]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_be_bytes()).collect() };
    let metre = |unit: u8| [&numbers(&[2835, 11811])[..], &[unit]].concat();
    let white = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000];
    let file = Png::new(1, 1)
        .chunk(b"pHYs", &metre(1))
        .chunk(b"gAMA", &numbers(&[45455]))
        .chunk(b"cHRM", &numbers(&white))
        .chunk(b"sRGB", &[0])
        .itxt("XML:com.adobe.xmp", XMP)
        .end();
    check(
        &file,
        &[
            ("XML:com.adobe.xmp", XMP),
            ("chromaticity", "(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)"),
            ("dpi", "(72.009, 299.9994)"),
            ("gamma", "0.45455"),
            ("srgb", "0"),
            ("xmp", XMP),
        ],
    );
    let short =
        Png::new(1, 1).chunk(b"pHYs", &metre(0)).chunk(b"gAMA", &[1]).chunk(b"cHRM", &white.map(|_| 0));
    check(&short.end(), &[("aspect", "(2835, 11811)")]);
    let jfif = |unit: u8| [&b"JFIF\0\x01\x02"[..], &[unit, 0, 72, 0, 96, 0, 0]].concat();
    let packet = [b"http://ns.adobe.com/xap/1.0/\0", XMP.as_bytes()].concat();
    let jpeg_of = |unit: u8| {
        jpeg(&[
            (0xe0, &jfif(unit)),
            (0xe1, &packet),
            (0xee, b"Adobe\0\x64\0\0\0\0\x01"),
            (0xe0, b"JFIF"),
            (0xc2, &[8, 0, 8, 0, 16, 1, 1, 0x11, 0]),
        ])
    };
    let common = |unit: &'static str| {
        vec![
            ("adobe", "100"),
            ("adobe_transform", "1"),
            ("jfif", "258"),
            ("jfif_density", "(72, 96)"),
            ("jfif_unit", unit),
            ("jfif_version", "(1, 2)"),
            ("progression", "1"),
            ("progressive", "1"),
            ("xmp", XMP),
        ]
    };
    check(&jpeg_of(0), &common("0"));
    check(&jpeg_of(1), &[&common("1")[..], &[("dpi", "(72, 96)")]].concat());
    check(&jpeg_of(2), &[&common("2")[..], &[("dpi", "(182.88, 243.84)")]].concat());
    let webp = webp(&[(b"ANIM", &[1, 2, 3, 255, 4, 0]), (b"XMP ", XMP.as_bytes())]);
    check(&webp, &[("background", "(3, 2, 1, 255)"), ("loop", "4"), ("xmp", XMP)]);
}

/// A source that counts the bytes asked of it.
pub(super) struct Counted<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) n_read: std::cell::Cell<usize>,
}

impl crate::ReadAt for Counted<'_> {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = Bytes(self.bytes).read_at(offset, buf)?;
        self.n_read.set(self.n_read.get() + n);
        Ok(n)
    }
}
