//! Texts hidden in pixels: the four ways, odd sizes, what they cost where there is none, and hostile ones.

use super::encode::{Png, zlib};
use super::encode_stealth::{gzip, hidden, message, picture, pixels};
use super::{INFOTEXT, reading};
use crate::slots::{Slots, Wanted};
use crate::source::Window;
use crate::{Bytes, Hidden, Options, read_with};

/// The hidden text of a file.
#[track_caller]
fn text_of(file: &[u8]) -> Option<String> {
    let source = Bytes(file);
    let mut window = Window::open(&source).unwrap();
    let mut slots = Slots::new(Wanted::Recipe);
    let picture = crate::png::scan(&mut window, &mut slots).unwrap();
    crate::stealth::probe(&window, &picture, &mut slots).unwrap();
    slots.all().iter().find(|slot| slot.place.label() == "hidden").map(|slot| slot.text.clone())
}

#[test]
fn all_four_ways_in_pictures_of_any_form() {
    let (plain, packed) = (INFOTEXT.as_bytes().to_vec(), gzip(INFOTEXT.as_bytes()));
    for (signature, payload) in [
        ("stealth_pnginfo", &plain),
        ("stealth_pngcomp", &packed),
        ("stealth_rgbinfo", &plain),
        ("stealth_rgbcomp", &packed),
    ] {
        for size in [(64, 64), (40, 300), (300, 40), (4_000, 1), (1, 4_000), (7, 512), (2_000, 3)] {
            for n_channels in [4, 3] {
                if n_channels == 3 && signature.starts_with("stealth_png") {
                    continue;
                }
                let file = hidden(size, n_channels, signature, payload);
                assert_eq!(text_of(&file).as_deref(), Some(INFOTEXT), "{signature} {size:?} {n_channels}");
            }
        }
    }
}

#[test]
fn data_in_many_chunks_and_behind_large_ones() {
    let pixels = pixels((50, 60), 4, &message("stealth_pnginfo", INFOTEXT.as_bytes()), true);
    for n_chunk in [1, 7, 1_000] {
        let file = picture((50, 60), 4, &pixels, n_chunk).end();
        assert_eq!(text_of(&file).as_deref(), Some(INFOTEXT), "{n_chunk}");
    }
}

#[test]
fn a_record_behind_the_text_is_ignored() {
    let message = [message("stealth_pnginfo", INFOTEXT.as_bytes()), vec![0xff; 4]].concat();
    let pixels = pixels((64, 64), 4, &message, true);
    assert_eq!(text_of(&picture((64, 64), 4, &pixels, 9_999).end()).as_deref(), Some(INFOTEXT));
}

#[test]
fn only_pictures_without_a_text_are_searched_and_only_if_wanted() {
    let read = |file: &[u8], is_wanted: bool| {
        let hidden = if is_wanted { Hidden::Cheap } else { Hidden::Never };
        let reading = read_with(&Bytes(file), b"a.png", &[], &Options { hidden }).unwrap();
        reading.places.contains(&"hidden".to_owned())
    };
    let pixels = pixels((64, 64), 4, &message("stealth_pnginfo", INFOTEXT.as_bytes()), true);
    let with = |keyword: &str, text: &str| picture((64, 64), 4, &pixels, 9_999).text(keyword, text).end();
    assert!(read(&with("Software", "an editor"), true));
    assert!(!read(&with("Software", "an editor"), false));
    assert!(!read(&with("parameters", INFOTEXT), true));
    assert!(!read(&with("prompt", "{}"), true));
    assert_eq!(Options::default(), Options { hidden: Hidden::Cheap });
}

#[test]
fn a_picture_without_a_text_costs_a_row_or_two() {
    let opaque = vec![255; 512 * 512 * 4];
    let noise: Vec<u8> =
        (0..512 * 512 * 4_u32).map(|nth| (nth.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for pixels in [opaque, noise] {
        let file = picture((512, 512), 4, &pixels, 1 << 20).end();
        let counted = super::places::Counted { bytes: &file, n_read: 0.into() };
        let window = Window::open(&counted).unwrap();
        let mut scan = Window::open(&counted).unwrap();
        let mut slots = Slots::new(Wanted::Recipe);
        let picture = crate::png::scan(&mut scan, &mut slots).unwrap();
        let before = counted.n_read.get();
        crate::stealth::probe(&window, &picture, &mut slots).unwrap();
        assert!(counted.n_read.get() - before <= 64 << 10, "{}", counted.n_read.get() - before);
    }
}

#[test]
fn c16_other_forms_of_pictures_are_declined() {
    let pixels = pixels((64, 64), 4, &message("stealth_pnginfo", INFOTEXT.as_bytes()), true);
    let good = picture((64, 64), 4, &pixels, 1 << 20).end();
    assert!(text_of(&good).is_some());
    // Depth, kind, compression, filter, interlacing.
    for (at, value) in [(24, 16), (24, 4), (25, 3), (25, 0), (25, 4), (26, 1), (27, 1), (28, 1)] {
        let mut file = good.clone();
        file[at] = value;
        assert_eq!(text_of(&file), None, "{at} {value}");
    }
    for (width, height) in
        [(0, 64), (64, 0), (u32::MAX, 1), (1 << 20, 64), (64, u32::MAX), (63, 64), (65, 64)]
    {
        let mut file = good.clone();
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        text_of(&file);
    }
    let no_data = Png(good[..33].to_vec()).end();
    assert_eq!(text_of(&no_data), None);
    let not_zlib = Png(good[..33].to_vec()).chunk(b"IDAT", b"no stream").end();
    assert_eq!(text_of(&not_zlib), None);
    let bad_filter = Png(good[..33].to_vec()).chunk(b"IDAT", &zlib(&[9; 64 * 257])).end();
    assert_eq!(text_of(&bad_filter), None);
}

#[test]
fn c17_lengths_and_payloads_that_lie_are_declined() {
    let of = |signature: &str, n_bits: u32, payload: &[u8]| {
        let message = [signature.as_bytes(), &n_bits.to_be_bytes(), payload].concat();
        let pixels = pixels((64, 64), 4, &message, signature.starts_with("stealth_png"));
        text_of(&picture((64, 64), 4, &pixels, 1 << 20).end())
    };
    for n_bits in [0, 7, 4096 - 152 + 8, 1 << 24, u32::MAX, u32::MAX - 7] {
        assert_eq!(of("stealth_pnginfo", n_bits, b"text"), None, "{n_bits}");
        assert_eq!(of("stealth_rgbinfo", n_bits.saturating_mul(3), b"text"), None, "{n_bits}");
    }
    assert_eq!(of("stealth_pnginfo", 32, b"text").as_deref(), Some("text"));
    assert_eq!(of("stealth_pnginfo", 32, b"\xff\xfetx"), None);
    assert_eq!(of("stealth_pngcomp", 32, b"text"), None);
    let packed = gzip(b"text");
    let n_bits = packed.len() as u32 * 8;
    assert_eq!(of("stealth_rgbcomp", n_bits, &packed).as_deref(), Some("text"));
    assert_eq!(of("stealth_rgbcomp", n_bits - 64, &packed), None);
    assert_eq!(of("stealth_pngcomp", gzip(b"\xff\xfe").len() as u32 * 8, &gzip(b"\xff\xfe")), None);
    let bomb = gzip(&vec![b'a'; crate::limits::VALUE_BYTES_MAX + 1]);
    let file = hidden((600, 600), 4, "stealth_pngcomp", &bomb);
    let read = reading(&file, "a.png");
    assert!(
        matches!(read.complaints[..], [crate::Complaint::InflatesTooFar { .. }]),
        "{:?}",
        read.complaints
    );
}

#[test]
fn c17_data_that_ends_too_early_is_declined() {
    let good = hidden((64, 64), 4, "stealth_pnginfo", INFOTEXT.as_bytes());
    for len in (33..good.len()).step_by(101) {
        text_of(&good[..len]);
    }
    let rows = vec![0; 10 * 257];
    assert_eq!(text_of(&Png(good[..33].to_vec()).chunk(b"IDAT", &zlib(&rows)).end()), None);
}

#[test]
fn c18_pictures_too_small_for_a_text_are_declined() {
    for size in [(1, 1), (1, 151), (151, 1), (1, 40), (6, 8)] {
        for n_channels in [3, 4] {
            let pixels = pixels(size, n_channels, b"stealth_rgbinfo\0\0\0\x28hello", false);
            text_of(&picture(size, n_channels, &pixels, 1 << 20).end());
        }
    }
    let exact = hidden((24, 8), 4, "stealth_pnginfo", b"hello");
    assert_eq!(text_of(&exact).as_deref(), Some("hello"));
    assert_eq!(text_of(&hidden((1, 192), 4, "stealth_pnginfo", b"hello")).as_deref(), Some("hello"));
    assert_eq!(text_of(&hidden((192, 1), 4, "stealth_pnginfo", b"hello")).as_deref(), Some("hello"));
    assert_eq!(text_of(&hidden((8, 8), 3, "stealth_rgbinfo", b"hello")).as_deref(), Some("hello"));
}
