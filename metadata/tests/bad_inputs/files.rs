//! Groups B and C: content that is not what its name says, and PNG.

use super::{INFOTEXT, KB, LITTLE, MB, Most, PROMPT, Sparse, costs, costs_beside, is_read};
use lumidex_metadata::limits::{CHUNKS_PER_FILE_MAX, VALUE_BYTES_MAX};
use lumidex_metadata::{Bytes, Complaint, Container};
use lumidex_synth::container::films::{flac, mkv, tags};
use lumidex_synth::container::stealth::{gzip, hidden, message, picture, pixels};
use lumidex_synth::container::{Png, jpeg, png, webp, zlib};

#[test]
fn b1_content_under_another_name() {
    for (file, container) in
        [(jpeg(&[]), Container::Jpeg), (png(&[]), Container::Png), (webp(&[]), Container::WebP)]
    {
        for name in ["a.png", "a.jpg", "a.jpeg"] {
            assert_eq!(costs_beside(&Bytes(&file), name, &[], LITTLE).container, container);
        }
    }
}

#[test]
fn b2_matroska_in_another_film() {
    let file = mkv("matroska", &[tags(&[("COMMENT", INFOTEXT)])], false);
    is_read(&costs_beside(&Bytes(&file), "a.mp4", &[], LITTLE));
}

#[test]
fn b3_markup_and_scripts() {
    for text in
        ["<html><script>prompt: x</script>", "<svg xmlns='x'/>", "#!/bin/sh\nSteps: 20, Seed: 1, Size: 8x8\n"]
    {
        let read = costs(text.repeat(10_000).as_bytes(), LITTLE);
        assert_eq!((read.container, read.recipe), (Container::Unreadable, None));
    }
}

#[test]
fn b4_an_archive_behind_a_picture() {
    let file =
        [png(&[("parameters", INFOTEXT)]), b"PK\x03\x04tEXtparameters\0other".repeat(100_000)].concat();
    is_read(&costs(&file, LITTLE));
}

#[test]
fn b5_zeros_and_noise() {
    let noise: Vec<u8> =
        (0..4 * MB as u32).map(|nth| (nth.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for file in [vec![0; 4 * MB as usize], noise] {
        assert_eq!(costs(&file, LITTLE).complaints, [Complaint::Unrecognised]);
    }
}

#[test]
fn b6_the_start_of_a_signature() {
    let starts: [&[u8]; 8] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe1",
        b"RIFF\0\0\0\0WEB",
        b"GIF89a",
        b"II*\0\x08\0\0\0",
        b"\0\0\0\x18ftypavif",
        b"\x1a\x45\xdf\xa3",
        b"\0\0\0\x0cJXL \r\n\x87",
    ];
    for start in starts {
        for len in 1..start.len().min(12) {
            assert_eq!(costs(&start[..len], LITTLE).recipe, None);
        }
    }
}

#[test]
fn b7_no_telling_name() {
    for name in ["noname", "a.unknown", ""] {
        assert_eq!(costs_beside(&Bytes(&flac(&[])), name, &[], LITTLE).container, Container::Audio);
        assert_eq!(costs_beside(&Bytes(b"plain words"), name, &[], LITTLE).container, Container::Unknown);
    }
}

#[test]
fn c1_a_chunk_cut_in_the_middle_of_its_text() {
    let mut file = Png::new(1, 1).text("parameters", INFOTEXT).text("prompt", &"x".repeat(60_000)).0;
    file.truncate(file.len() - 9_000);
    is_read(&costs(&file, Most { total: 96 * KB, at_once: 96 * KB, ..LITTLE }));
}

#[test]
fn c2_a_wrong_checksum_of_a_text() {
    is_read(&costs(&Png::new(1, 1).text_of_another_checksum("parameters", INFOTEXT).end(), LITTLE));
}

#[test]
fn c3_a_wrong_checksum_of_the_header() {
    let mut file = Png::new(4, 5).0;
    *file.last_mut().unwrap() ^= 0xff;
    assert_eq!(costs(&file, LITTLE).complaints, [Complaint::HeaderChecksum]);
}

#[test]
fn c4_lengths_beyond_the_file() {
    for len in [u32::MAX, 0x7fff_ffff, 0x8000_0000, 1 << 30] {
        for kind in [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"IDAT", b"caBX", b"IHDR"] {
            let mut file = Png::new(1, 1).text("parameters", INFOTEXT).0;
            file.extend(len.to_be_bytes());
            file.extend([&kind[..], b"prompt\0\0\0\0\0short"].concat());
            is_read(&costs(&file, LITTLE));
        }
    }
}

#[test]
fn c5_lengths_whose_sum_overflows() {
    let mut start = Png::new(1, 1).text("parameters", INFOTEXT).0;
    for kind in [b"IDAT", b"fdAT"] {
        start.extend([&0xffff_fff0_u32.to_be_bytes()[..], kind].concat());
    }
    for len in [u64::MAX, u64::MAX / 2, u64::from(u32::MAX), start.len() as u64] {
        let file = Sparse { start: start.clone(), end: Vec::new(), len };
        is_read(&costs_beside(&file, "a.png", &[], Most { read: MB, ..LITTLE }));
    }
}

#[test]
fn c6_millions_of_chunks() {
    let mut file = png(&[("parameters", INFOTEXT)]);
    file.truncate(file.len() - 12);
    file.extend(b"\0\0\0\0abCD\0\0\0\0".repeat(1 << 20));
    let read = costs(&file, Most { read: MB, ..LITTLE });
    assert_eq!(read.complaints, [Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX }]);
    is_read(&read);
}

#[test]
fn c7_texts_outside_of_any_order() {
    let whole = png(&[("parameters", INFOTEXT)]);
    let no_header = [&whole[..8], &whole[33..]].concat();
    let second = Png::new(5, 6).chunk(b"IHDR", &[0, 0, 0, 9, 0, 0, 0, 9, 8, 2, 0, 0, 0]);
    let second = second.text("parameters", INFOTEXT);
    for file in [no_header, second.0, [whole, b"behind".repeat(100_000)].concat()] {
        is_read(&costs(&file, LITTLE));
    }
}

#[test]
fn c8_bombs() {
    let bomb = zlib(&vec![b'a'; 4 * VALUE_BYTES_MAX]);
    let ztxt = [&b"prompt\0\0"[..], &bomb].concat();
    let itxt = [&b"comment\0\x01\0\0\0"[..], &bomb].concat();
    let file = (0..50).fold(Png::new(1, 1), |png, _| png.chunk(b"zTXt", &ztxt).chunk(b"iTXt", &itxt));
    let file = file.text("parameters", INFOTEXT).end();
    // All values together inflate to no more than the file may.
    is_read(&costs(&file, Most { read: 4 * MB, total: 128 * MB, at_once: 24 * MB }));
}

#[test]
fn c9_damaged_streams() {
    let mut stream = zlib(INFOTEXT.repeat(500).as_bytes());
    *stream.last_mut().unwrap() ^= 0xff;
    for (method, stream) in [(0, &stream[..]), (7, &stream), (0, &stream[..20]), (0, b"")] {
        let file = Png::new(1, 1).chunk(b"zTXt", &[b"prompt\0", &[method][..], stream].concat());
        is_read(&costs(
            &file.text("parameters", INFOTEXT).end(),
            Most { total: 512 * KB, at_once: 256 * KB, ..LITTLE },
        ));
    }
}

#[test]
fn c10_odd_keywords() {
    let mut file =
        Png::new(1, 1).chunk(b"tEXt", b"\0no keyword").chunk(b"tEXt", b"no end").chunk(b"tEXt", b"");
    for keyword in ["k".repeat(5_000), "par\u{1}ameters".to_owned(), "schlüssel".to_owned()] {
        file = file.text(&keyword, "x");
    }
    is_read(&costs(&file.text("parameters", INFOTEXT).end(), LITTLE));
}

#[test]
fn c11_one_keyword_a_thousand_times() {
    for keyword in ["Comment", "parameters", "prompt"] {
        let file = (0..1_000).fold(Png::new(1, 1), |png, nth| {
            png.text(keyword, &format!("words {nth}\n{}", "x ".repeat(500)))
        });
        let file = file.text("parameters", INFOTEXT).end();
        is_read(&costs(&file, Most { read: 2 * MB, total: 3 * MB, at_once: 64 * KB }));
    }
}

#[test]
fn c12_values_of_any_bytes() {
    let value =
        [&b"parameters\0"[..], &b"a\0b \xe4\x93 \\ud800 \xff\xfe".repeat(2_000), b"\nSteps: 1, Seed: 2\0"]
            .concat();
    let read = costs(
        &Png::new(1, 1).chunk(b"tEXt", &value).end(),
        Most { total: 512 * KB, at_once: 256 * KB, ..LITTLE },
    );
    assert!(!read.generation_text.contains('\0') && read.recipe.is_some());
}

#[test]
fn c13_a_text_of_forty_megabytes() {
    let long = "word ".repeat(8 << 20);
    let read =
        costs(&png(&[("parameters", &long)]), Most { read: 10 * MB, total: 48 * MB, at_once: 40 * MB });
    assert!(read.generation_text.len() <= MB as usize);
}

#[test]
fn c14_ten_thousand_frames() {
    let frames =
        (0..10_000).fold(Png::new(1, 1), |png, _| png.chunk(b"fcTL", &[0; 26]).chunk(b"fdAT", &[0; 3_000]));
    // Of 30 MB of frames only their heads.
    let most = Most { read: 320 * KB, total: MB, at_once: 512 * KB };
    is_read(&costs(&frames.text("parameters", INFOTEXT).end(), most));
}

#[test]
fn c15_sides_that_no_picture_has() {
    for (width, height) in [(0, 0), (0, 6), (u32::MAX, 6), (0x7fff_ffff, 0x7fff_ffff), (1 << 31, 1)] {
        let file = Png::new(width, height).idat(1, 1, 9).text("parameters", INFOTEXT).end();
        is_read(&costs(&file, LITTLE));
        let silent = Png::new(width, height).idat(1, 1, 9).end();
        assert_eq!(costs(&silent, LITTLE).recipe, None);
    }
}

#[test]
fn c16_forms_of_pictures_that_hide_nothing() {
    let hiding = pixels((64, 64), 4, &message("stealth_pnginfo", INFOTEXT.as_bytes()), true);
    let good = picture((64, 64), 4, &hiding, 1 << 20).end();
    is_read(&costs(&good, LITTLE));
    for (at, value) in [(24, 16), (24, 4), (25, 3), (25, 0), (25, 4), (26, 1), (27, 1), (28, 1)] {
        let mut file = good.clone();
        file[at] = value;
        assert_eq!(costs(&file, LITTLE).recipe, None);
    }
}

#[test]
fn c17_hidden_texts_that_lie() {
    let of = |n_bits: u32, payload: &[u8]| {
        let message = [&b"stealth_pngcomp"[..], &n_bits.to_be_bytes(), payload].concat();
        picture((64, 64), 4, &pixels((64, 64), 4, &message, true), 1 << 20).end()
    };
    for n_bits in [0, 7, 4_096, 1 << 24, u32::MAX] {
        assert_eq!(costs(&of(n_bits, b"no stream"), LITTLE).recipe, None);
    }
    let invalid = gzip(b"\xff\xfe");
    assert_eq!(costs(&of(invalid.len() as u32 * 8, &invalid), LITTLE).recipe, None);
    let bomb = hidden((600, 600), 4, "stealth_pngcomp", &gzip(&vec![b'a'; 4 * VALUE_BYTES_MAX]));
    let read = costs(&bomb, Most { total: 32 * MB, at_once: 20 * MB, ..LITTLE });
    assert!(matches!(read.complaints[..], [Complaint::InflatesTooFar { .. }]), "{:?}", read.complaints);
}

#[test]
fn c18_pictures_of_one_row_or_column() {
    for size in [(1, 1), (1, 151), (151, 1), (1, 40_000), (40_000, 1)] {
        for n_channels in [3, 4] {
            let hiding = pixels(size, n_channels, &message("stealth_rgbinfo", PROMPT.as_bytes()), false);
            let read = costs(&picture(size, n_channels, &hiding, 1 << 20).end(), LITTLE);
            // The bits of a signature, of a length and of five letters.
            assert_eq!(read.places.len(), usize::from(size.0 * size.1 * 3 >= 120 + 32 + 40), "{size:?}");
        }
    }
}
