//! Group D: JPEG and WebP, and the blocks that containers share: EXIF, XMP, IPTC, boxes, content credentials.

use super::{INFOTEXT, KB, LITTLE, MB, Most, Sparse, costs, costs_beside, is_read};
use lumidex_metadata::limits::CHUNKS_PER_FILE_MAX;
use lumidex_metadata::{Complaint, Container};
use lumidex_synth::container::credentials::{labelled, parts};
use lumidex_synth::container::films::{cluster, element, ftyp, keyed, mkv, mp4, tags, tracks};
use lumidex_synth::container::stills::{boxed, exif_item, heif, item};
use lumidex_synth::container::{Png, comment_block, jpeg, jpeg_exif, tiff, unicode, webp};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

#[test]
fn d1_damaged_segments() {
    let good = jpeg_exif(&comment_block(INFOTEXT));
    for bad in [&b"\xff\xe0\0\0"[..], b"\xff\xe0\0\x01", &[0x55; 60_000], b"\xff\xff\xff"] {
        let file = [&b"\xff\xd8\xff\xfe\0\x06good"[..], bad, &good[2..]].concat();
        is_read(&costs(&file, LITTLE));
    }
    // Nothing follows for longer than is searched.
    let lost = [&b"\xff\xd8"[..], &vec![0x55; 8 * MB as usize]].concat();
    assert_eq!(costs(&lost, LITTLE).recipe, None);
}

#[test]
fn d2_a_hundred_thousand_segments() {
    let file = [b"\xff\xd8".to_vec(), b"\xff\xe1\0\x04xx".repeat(200_000)].concat();
    let read = costs(&file, Most { read: MB, ..LITTLE });
    assert!(read.complaints.contains(&Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX }));
}

#[test]
fn d3_blocks_that_disagree() {
    let block = |text: &str| [b"Exif\0\0", &comment_block(text)[..]].concat();
    let (first, other) = (block(INFOTEXT), block("other\nSteps: 1, Seed: 2"));
    let mut segments = vec![(0xe1, &first[..])];
    segments.extend(vec![(0xe1, &other[..]); 500]);
    is_read(&costs(&jpeg(&segments), LITTLE));
}

#[test]
fn d4_directories_in_a_ring() {
    let value = unicode(INFOTEXT, true);
    for target in [8_u32, 0, 26, u32::MAX] {
        let mut block = tiff(true, &[(0x8769, 4, &target.to_le_bytes()), (0x9286, 7, &value)], &[]);
        block[14..18].copy_from_slice(&1_u32.to_le_bytes());
        block[34..38].copy_from_slice(&8_u32.to_le_bytes());
        is_read(&costs(&jpeg_exif(&block), LITTLE));
    }
}

#[test]
fn d5_entries_beyond_everything() {
    let value = unicode(INFOTEXT, true);
    let mut block = tiff(true, &[(0x010e, 2, b"12345678"), (0x9286, 7, &value)], &[]);
    for (count, offset) in [(u32::MAX, 8), (8, u32::MAX), (0x4000_0000, 30)] {
        block[14..18].copy_from_slice(&count.to_le_bytes());
        block[18..22].copy_from_slice(&offset.to_le_bytes());
        is_read(&costs(&jpeg_exif(&block), LITTLE));
    }
    // Sixty-five thousand entries that all are the whole block.
    let mut entries = b"II*\0\x08\0\0\0\xff\xff".to_vec();
    for nth in 0..4_000_u16 {
        entries.extend(
            [&(0x4000 + nth).to_le_bytes()[..], &[2, 0], &48_000_u32.to_le_bytes(), &[8, 0, 0, 0]].concat(),
        );
    }
    let file = webp(&[(b"EXIF", &entries)]);
    assert_eq!(costs(&file, LITTLE).recipe, None);
}

#[test]
fn d6_blocks_in_another_order_or_of_none() {
    let mut block = tiff(true, &[(0x0131, 2, b"editor\0")], &[(0x9286, 7, &unicode(INFOTEXT, true))]);
    block[..2].copy_from_slice(b"MM");
    is_read(&costs(&jpeg_exif(&block), LITTLE));
    for (at, byte) in [(2, 41), (4, 0), (4, 7), (4, 0xff)] {
        let mut block = comment_block(INFOTEXT);
        block[at..at + 2].copy_from_slice(&[byte, byte]);
        assert_eq!(costs(&jpeg_exif(&block), LITTLE).container, Container::Jpeg);
    }
}

#[test]
fn d7_four_megabytes_of_blanks() {
    for byte in [0, b' '] {
        let block = tiff(true, &[], &[(0x9286, 7, &vec![byte; 4 << 20])]);
        let read =
            costs(&webp(&[(b"EXIF", &block)]), Most { read: 5 * MB, total: 16 * MB, at_once: 14 * MB });
        assert_eq!((read.recipe, read.description), (None, None));
    }
}

#[test]
fn d8_comments_of_every_code() {
    let wide = |little: bool| unicode(INFOTEXT, little)[8..].to_vec();
    for value in [
        b"UNICODE\0".to_vec(),
        b"UNICODE".to_vec(),
        [b"UNICODE\0", &wide(true)[..], b"\0"].concat(),
        [b"UNICODE\0\xfe\xff", &wide(true)[..]].concat(),
        [b"UNICODE\0\x3d\xd8", &wide(true)[..]].concat(),
        [b"UNICODE\0", INFOTEXT.as_bytes()].concat(),
        [b"JIS\0\0\0\0\0\x1b$B", INFOTEXT.as_bytes()].concat(),
    ] {
        assert!(costs(&jpeg_exif(&tiff(true, &[], &[(0x9286, 7, &value)])), LITTLE).complaints.is_empty());
    }
}

#[test]
fn d9_comments_of_other_kinds_in_the_first_directory() {
    for kind in [1, 2, 7] {
        is_read(&costs(&jpeg_exif(&tiff(true, &[(0x9286, kind, INFOTEXT.as_bytes())], &[])), LITTLE));
    }
}

#[test]
fn d10_graphs_whose_count_or_offset_is_wrong() {
    let graph = r#"{"1": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["2", 0]}}}"#;
    let good = tiff(
        true,
        &[(0x010f, 2, b"workflow:{\"nodes\": []}\0"), (0x0110, 2, format!("prompt:{graph}\0").as_bytes())],
        &[],
    );
    let count_at = 8 + 2 + 12 + 4;
    for (count, shift) in [(40_u32, 0_u32), (u32::MAX, 0), (200, 70), (90, -20_i32 as u32)] {
        let mut block = good.clone();
        let offset = u32::from_le_bytes(block[count_at + 4..count_at + 8].try_into().unwrap());
        block[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
        block[count_at + 4..count_at + 8].copy_from_slice(&offset.wrapping_add(shift).to_le_bytes());
        is_read(&costs(&webp(&[(b"EXIF", &block)]), LITTLE));
    }
}

#[test]
fn d11_chunks_of_wrong_sizes() {
    let mut file = webp(&[(b"EXIF", &comment_block(INFOTEXT))]);
    file[4..8].copy_from_slice(&5_u32.to_le_bytes());
    file.extend(b"ANMF\xff\xff\xff\xff");
    is_read(&costs(&file, LITTLE));
    let mut empty = webp(&[]);
    empty.extend(b"NONE\0\0\0\0".repeat(200_000));
    let read = costs(&empty, Most { read: MB, ..LITTLE });
    assert!(read.complaints.contains(&Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX }));
}

#[test]
fn d12_half_a_gigabyte_of_frames() {
    let head = webp(&[]);
    let frame = 500_u32 << 20;
    let start = [&head[..], b"ANMF", &frame.to_le_bytes()].concat();
    let block = comment_block(INFOTEXT);
    let end = [b"EXIF", &(block.len() as u32).to_le_bytes()[..], &block].concat();
    let len = start.len() as u64 + u64::from(frame) + end.len() as u64;
    is_read(&costs_beside(&Sparse { start, end, len }, "a.webp", &[], LITTLE));
}

#[test]
fn d13_hostile_packets() {
    let of = |inside: &str| {
        let packet = format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:dc='http://purl.org/dc/elements/1.1/'>{inside}"
        );
        Png::new(1, 1).itxt("XML:com.adobe.xmp", &packet).text("parameters", INFOTEXT).end()
    };
    let laughs: String =
        (1..20).map(|nth| format!("<!ENTITY l{nth} \"{}\">", format!("&l{};", nth - 1).repeat(10))).collect();
    let laughs =
        format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}<!ENTITY f SYSTEM \"file:///etc/passwd\">]>");
    let named = "<rdf:Description><dc:description>&l19; &f;</dc:description></rdf:Description></rdf:RDF>";
    let most = Most { read: 384 * KB, total: 2_560 * KB, at_once: 768 * KB };
    is_read(&costs(&of(&format!("{laughs}{named}")), most));
    is_read(&costs(&of(&"<dc:a>".repeat(10_000)), most));
    is_read(&costs(&of("<rdf:Description><dc:title>never closed"), most));
    is_read(&costs(&of("<rdf:Description dc:title='a\0b'/></rdf:RDF>"), most));
    is_read(&costs(&of(&"<rdf:Description dc:a='x' dc:b='y'/>".repeat(5_000)), most));
    let wide: Vec<u8> = "<x/>".repeat(10_000).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(costs(&jpeg(&[(0xe1, &[XMP, b"\xff\xfe", &wide[..60_000]].concat())]), most).recipe, None);
}

#[test]
fn d14_extended_packets_of_four_gigabytes() {
    let part = |at: u32, n: usize| {
        [EXTENSION, &[b'A'; 32], &u32::MAX.to_be_bytes(), &at.to_be_bytes(), &vec![b'x'; n]].concat()
    };
    let parts = [part(0, 60_000), part(59_000, 60_000), part(u32::MAX, 9), part(1 << 31, 60_000)];
    let segments: Vec<_> = parts.iter().cycle().take(400).map(|part| (0xe1, &part[..])).collect();
    // Twenty megabytes of parts, of which a value's worth is kept.
    let read = costs(&jpeg(&segments), Most { read: 20 * MB, total: 32 * MB, at_once: 12 * MB });
    assert_eq!(read.recipe, None);
}

#[test]
fn d15_records_of_odd_lengths() {
    let head = b"Photoshop 3.0\08BIM\x04\x04\0\0";
    for records in [
        &b"\x1c\x02\x78\x80\x04\x7f\xff\xff\xffabc"[..],
        b"\x1c\x02\x78\xff\xffabc",
        b"\x1c\x09\x78\0\x03abc\x1c\x01\x5a\0\x03\x1b%G",
        &b"\x1c\x02\x19\0\x01k".repeat(10_000),
    ] {
        let resource = [&head[..], &(records.len() as u32).to_be_bytes(), records].concat();
        let odd = [&b"Photoshop 3.0\08BIM\x04\x04\x03abc"[..], &9_u32.to_be_bytes(), records].concat();
        for segment in [&resource[..resource.len().min(60_000)], &odd[..odd.len().min(60_000)]] {
            let read =
                costs(&jpeg(&[(0xed, segment)]), Most { total: 192 * KB, at_once: 128 * KB, ..LITTLE });
            assert_eq!(read.recipe, None);
        }
    }
}

#[test]
fn d16_boxes_and_items_of_any_length() {
    let good = heif(b"avif", 0, &[item(b"av01", b"picture"), exif_item(&comment_block(INFOTEXT))]);
    let meta = good.windows(4).position(|bytes| bytes == b"meta").unwrap() - 4;
    for len in [0_u32, 1, 7, 8, 0x7fff_ffff, u32::MAX] {
        for at in [meta, meta + 12, meta + 45] {
            let mut file = good.clone();
            file[at..at + 4].copy_from_slice(&len.to_be_bytes());
            assert_eq!(costs(&file, LITTLE).container, Container::Avif);
        }
    }
    let deep = (0..1_000).fold(Vec::new(), |inner, _| boxed(b"meta", &[&[0; 4][..], &inner].concat()));
    costs(&[ftyp(b"avif"), deep].concat(), LITTLE);
    let mut infos = vec![0, 0, 0, 0, 0xff, 0xff];
    for nth in 1..=u16::MAX {
        infos.extend(boxed(b"infe", &[&[2, 0, 0, 0][..], &nth.to_be_bytes(), b"\0\0Exif"].concat()));
    }
    let file = [ftyp(b"avif"), boxed(b"meta", &[vec![0; 4], boxed(b"iinf", &infos)].concat())].concat();
    let read = costs(&file, Most { read: 2 * MB, total: 2 * MB, at_once: 2 * MB });
    assert!(matches!(read.complaints[..], [Complaint::TooManyChunks { .. }, ..]), "{:?}", read.complaints);
}

#[test]
fn d17_long_and_damaged_credentials() {
    let store = labelled("c2pa", &[labelled("urn:x", &[boxed(b"bidb", &vec![7; 12 << 20])])]);
    let most = Most { read: 9 * MB, total: 9 * MB, at_once: 9 * MB };
    assert_eq!(costs(&Png::new(1, 1).chunk(b"caBX", &store).end(), most).recipe, None);
    let small = labelled("c2pa", &[labelled("urn:x", &[boxed(b"cbor", b"\xa1")])]);
    for at in (0..small.len()).step_by(3) {
        let mut bad = small.clone();
        bad[at] = 0xff;
        let segments = parts(&bad, 20);
        let segments: Vec<_> = segments.iter().map(|part| (0xeb, &part[..])).collect();
        costs(&jpeg(&segments), LITTLE);
    }
}

#[test]
fn d18_films_whose_index_is_far_away_or_lies() {
    let moov = boxed(b"moov", &boxed(b"udta", &keyed(&[("comment", INFOTEXT)], false)));
    let data = 50_u64 << 30;
    let start = [&ftyp(b"isom")[..], &1_u32.to_be_bytes(), b"mdat", &(data + 16).to_be_bytes()].concat();
    let len = start.len() as u64 + data + moov.len() as u64;
    let far = Sparse { start, end: moov, len };
    is_read(&costs_beside(&far, "a.mp4", &[], LITTLE));
    let good = mp4(b"isom", &[keyed(&[("comment", INFOTEXT)], false)]);
    let keys = good.windows(4).position(|bytes| bytes == b"keys").unwrap();
    let mut many = good.clone();
    many[keys + 8..keys + 12].copy_from_slice(&u32::MAX.to_be_bytes());
    is_read(&costs(&many, LITTLE));
    let none = [ftyp(b"isom"), boxed(b"mdat", &[0; 9_000])].concat();
    assert_eq!(costs(&none, LITTLE).recipe, None);
}

#[test]
fn d19_films_of_unknown_lengths() {
    let all = tags(&[("COMMENT", INFOTEXT)]);
    is_read(&costs(&mkv("webm", &[tracks(), all.clone(), cluster(true), cluster(true)], true), LITTLE));
    let mut cut = mkv("webm", &[tracks(), all.clone(), all], true);
    cut.truncate(cut.len() - 20);
    is_read(&costs(&cut, LITTLE));
    let blocks = [element(0x1f43_b675, None), element(0xa3, Some(b"x")).repeat(300_000)].concat();
    let read = costs(&mkv("webm", &[tracks(), blocks], true), Most { read: 3 * MB, ..LITTLE });
    assert_eq!((read.pixel_width, read.complaints.len()), (64, 1));
}
