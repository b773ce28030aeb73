//! Damaged and hostile files: the groups B, C and D of the catalogue of bad inputs.

use super::encode::{Png, comment_block, jpeg, jpeg_exif, png, tiff, unicode, webp, zlib};
use super::{GRAPH, INFOTEXT, positive, reading};
use crate::limits::{INFLATED_BYTES_PER_FILE_MAX, VALUE_BYTES_MAX};
use crate::{Bytes, Complaint, Container, ReadAt, read};
use lumidex_schema::recipe::Source;

const PROMPT: &str = "a cat, <lora:soft:0.5>";

#[test]
fn b1_content_decides_not_the_extension() {
    assert_eq!(reading(&jpeg(&[]), "a.png").container, Container::Jpeg);
    assert_eq!(reading(&png(&[]), "a.jpg").container, Container::Png);
    assert_eq!(reading(&webp(&[]), "a.jpeg").container, Container::WebP);
    assert_eq!(reading(b"\x1a\x45\xdf\xa3", "a.mp4").container, Container::Video);
}

#[test]
fn b3_b5_b6_other_content_is_unreadable_with_a_complaint() {
    for bytes in [&b"<html><script>"[..], b"<svg/>", &[0; 5000], b"plain words", b"\x89PN", b"R", b"\xff\xd8"]
    {
        let reading = reading(bytes, "a.png");
        assert_eq!(
            (reading.container, &reading.complaints[..]),
            (Container::Unreadable, &[Complaint::Unrecognised][..])
        );
        assert_eq!((reading.recipe, reading.generation_text.as_str()), (None, ""));
    }
    assert_eq!(reading(b"", "a.png").complaints, [Complaint::Empty]);
}

#[test]
fn b4_an_archive_behind_a_picture_is_ignored() {
    let mut file = png(&[("parameters", INFOTEXT)]);
    file.extend(b"PK\x03\x04tEXtparameters\0other");
    assert_eq!(positive(&file).as_deref(), Some(PROMPT));
}

#[test]
fn c1_values_before_a_cut_stay_and_the_cut_value_is_text() {
    let mut file = Png::new(1, 1).text("parameters", INFOTEXT).text("prompt", GRAPH).0;
    file.truncate(file.len() - 40);
    let cut = reading(&file, "a.png");
    assert_eq!(cut.recipe.unwrap().source, Source::A1111);
    assert!(cut.complaints.contains(&Complaint::Truncated { what: "tEXt".to_owned() }));
    let mut alone = Png::new(1, 1).text("parameters", INFOTEXT).0;
    alone.truncate(alone.len() - 30);
    assert_eq!(positive(&alone).as_deref(), Some(PROMPT));
}

#[test]
fn c2_a_wrong_checksum_of_a_text_changes_nothing() {
    let mut file = Png::new(1, 1).text("parameters", INFOTEXT).0;
    let last = file.len() - 1;
    file[last] ^= 0xff;
    let reading = reading(&file, "a.png");
    assert_eq!((reading.recipe.unwrap().positive.as_str(), reading.complaints.len()), (PROMPT, 0));
}

#[test]
fn c3_a_wrong_checksum_of_the_header_is_a_complaint() {
    let mut file = Png::new(4, 5).0;
    let last = file.len() - 1;
    file[last] ^= 0xff;
    let reading = reading(&file, "a.png");
    assert_eq!((reading.pixel_width, &reading.complaints[..]), (4, &[Complaint::HeaderChecksum][..]));
}

#[test]
fn c4_c5_lengths_beyond_the_file_end_the_walk() {
    for len in [u32::MAX, 0x7fff_ffff, 0x8000_0000] {
        let mut file = Png::new(1, 1).text("parameters", INFOTEXT).0;
        file.extend(len.to_be_bytes());
        file.extend(b"tEXtparameters\0short");
        let reading = reading(&file, "a.png");
        assert!(reading.recipe.is_some());
        assert!(reading.complaints.contains(&Complaint::Truncated { what: "tEXt".to_owned() }));
    }
}

#[test]
fn c6_chunks_are_counted_and_what_came_before_stays() {
    let mut file = png(&[("parameters", INFOTEXT)]);
    file.truncate(file.len() - 12);
    file.extend(b"\0\0\0\0abCD\0\0\0\0".repeat(150_000));
    let reading = reading(&file, "a.png");
    assert!(reading.recipe.is_some());
    assert_eq!(reading.complaints, [Complaint::TooManyChunks { limit: 100_000 }]);
}

#[test]
fn c7_texts_without_header_and_two_headers() {
    let no_header = [b"\x89PNG\r\n\x1a\n".to_vec(), png(&[("parameters", INFOTEXT)])[33..].to_vec()].concat();
    let read = reading(&no_header, "a.png");
    assert_eq!((read.pixel_width, read.recipe.is_some()), (0, true));
    let second = Png::new(5, 6).chunk(b"IHDR", &[0, 0, 0, 9, 0, 0, 0, 9, 8, 2, 0, 0, 0]).end();
    assert_eq!(reading(&second, "a.png").pixel_width, 5);
}

#[test]
fn c15_sides_that_no_picture_has_are_unknown() {
    for (width, height) in [(0, 6), (6, 0), (u32::MAX, 6), (1 << 31, 6)] {
        let read = reading(&Png::new(width, height).text("parameters", INFOTEXT).end(), "a.png");
        assert_eq!((read.pixel_width, read.pixel_height, read.recipe.is_some()), (0, 0, true));
    }
    let large = reading(&Png::new(0x7fff_ffff, 0x7fff_ffff).end(), "a.png");
    assert_eq!((large.pixel_width, large.pixel_height), (0x7fff_ffff, 0x7fff_ffff));
}

#[test]
fn c8_bombs_inflate_to_a_bounded_number_of_bytes() {
    let bomb = zlib(&vec![b'a'; VALUE_BYTES_MAX + 1]);
    let ztxt = [&b"prompt\0\0"[..], &bomb].concat();
    let itxt = [&b"comment\0\x01\0\0\0"[..], &bomb].concat();
    let mut file = Png::new(1, 1).text("parameters", INFOTEXT);
    for _ in 0..50 {
        file = file.chunk(b"zTXt", &ztxt).chunk(b"iTXt", &itxt);
    }
    let file = file.end();
    let mut slots = crate::slots::Slots::new(crate::slots::Wanted::Recipe);
    let source = Bytes(&file);
    let mut window = crate::source::Window::open(&source).unwrap();
    crate::png::scan(&mut window, &mut slots).unwrap();
    assert!(slots.n_inflated <= INFLATED_BYTES_PER_FILE_MAX);
    assert!(
        slots
            .complaints
            .contains(&Complaint::InflatesTooFar { what: "prompt".to_owned(), limit: VALUE_BYTES_MAX })
    );
    assert_eq!(slots.all().len(), 1);
    drop(window);
    assert_eq!(positive(&file).as_deref(), Some(PROMPT));
}

#[test]
fn c9_what_inflates_before_the_damage_stays() {
    let text = format!("{INFOTEXT}\n{}", "x y z ".repeat(10));
    let mut stream = zlib(text.as_bytes());
    let last = stream.len() - 1;
    stream[last] ^= 0xff;
    let file = Png::new(1, 1).chunk(b"zTXt", &[&b"parameters\0\x07"[..], &stream].concat()).end();
    let reading = reading(&file, "a.png");
    assert_eq!(reading.recipe.unwrap().positive, PROMPT);
    assert_eq!(reading.complaints, [Complaint::InflateDamaged { what: "parameters".to_owned() }]);
    let cut = Png::new(1, 1).chunk(b"zTXt", &[&b"parameters\0\0"[..], &stream[..40]].concat()).end();
    assert_eq!(super::reading(&cut, "a.png").complaints.len(), 1);
}

#[test]
fn c10_odd_keywords_are_ignored() {
    let long = "k".repeat(5000);
    let file = Png::new(1, 1)
        .chunk(b"tEXt", b"\0no keyword")
        .chunk(b"tEXt", b"no end")
        .chunk(b"tEXt", b"")
        .chunk(b"zTXt", b"parameters\0")
        .chunk(b"iTXt", b"parameters\0\0\0en")
        .text(&long, "x")
        .text("par\u{1}ameters", "x")
        .text("parameters", INFOTEXT)
        .end();
    assert_eq!(positive(&file).as_deref(), Some(PROMPT));
}

#[test]
fn c12_values_decode_whatever_they_hold() {
    let file = Png::new(1, 1).chunk(b"tEXt", b"parameters\0a\0b \xe4\x93\nSteps: 1, Seed: 2\0").end();
    let reading = reading(&file, "a.png");
    assert_eq!(reading.recipe.unwrap().positive, "ab ä“");
    assert!(!reading.generation_text.contains('\0'));
}

#[test]
fn c13_a_huge_value_is_cut_with_a_complaint() {
    let text = format!("{}\nSteps: 1", "word ".repeat(2 << 20));
    let reading = reading(&png(&[("parameters", &text)]), "a.png");
    assert!(reading.generation_text.len() <= 1 << 20);
    assert_eq!(reading.complaints.len(), 2, "{:?}", reading.complaints);
}

#[test]
fn d1_damaged_segments_are_passed() {
    let good = jpeg_exif(&comment_block(INFOTEXT));
    let block = &good[2..];
    for bad in [&b"\xff\xe0\0\0"[..], b"\xff\xe0\0\x01", b"garbage between", b"\xff\xff\xff"] {
        let file = [&b"\xff\xd8\xff\xfe\0\x06good"[..], bad, block].concat();
        assert_eq!(positive(&file).as_deref(), Some(PROMPT), "{bad:?}");
    }
    let beyond = [&good[..good.len() - 40], b"\xff\xe1\xff\xff"].concat();
    assert!(reading(&beyond, "a.jpg").container == Container::Jpeg);
}

#[test]
fn d2_segments_are_counted() {
    let mut file = b"\xff\xd8".to_vec();
    file.extend(b"\xff\xe1\0\x04xx".repeat(100_001));
    assert!(reading(&file, "a.jpg").complaints.contains(&Complaint::TooManyChunks { limit: 100_000 }));
}

#[test]
fn d4_directories_in_a_ring_are_visited_once() {
    let value = unicode(INFOTEXT, true);
    for target in [8_u32, 0, 26, u32::MAX] {
        let pointer = target.to_le_bytes();
        let mut block = tiff(true, &[(0x8769, 4, &pointer), (0x9286, 7, &value)], &[]);
        // One number of four bytes, and the next directory is the first again.
        block[14..18].copy_from_slice(&1_u32.to_le_bytes());
        block[34..38].copy_from_slice(&8_u32.to_le_bytes());
        assert_eq!(positive(&jpeg_exif(&block)).as_deref(), Some(PROMPT), "{target}");
    }
}

#[test]
fn d5_entries_beyond_the_block_are_skipped() {
    let value = unicode(INFOTEXT, true);
    let mut block = tiff(true, &[(0x010e, 2, b"12345678"), (0x9286, 7, &value)], &[]);
    for (count, offset) in [(u32::MAX, 8), (8, u32::MAX), (8, 3), (0x4000_0000, 30)] {
        block[12] = 12;
        block[14..18].copy_from_slice(&count.to_le_bytes());
        block[18..22].copy_from_slice(&offset.to_le_bytes());
        assert_eq!(positive(&jpeg_exif(&block)).as_deref(), Some(PROMPT), "{count} {offset}");
    }
    block[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
    assert_eq!(positive(&jpeg_exif(&block)).as_deref(), Some(PROMPT));
}

#[test]
fn d6_a_block_in_the_other_order_is_read() {
    let mut block = tiff(true, &[(0x0131, 2, b"editor\0")], &[(0x9286, 7, &unicode(INFOTEXT, true))]);
    block[..2].copy_from_slice(b"MM");
    assert_eq!(positive(&jpeg_exif(&block)).as_deref(), Some(PROMPT));
    for (at, byte) in [(2, 41), (4, 0), (4, 7)] {
        let mut block = comment_block(INFOTEXT);
        block[at..at + 2].copy_from_slice(&[byte, byte]);
        assert_eq!(reading(&jpeg_exif(&block), "a.jpg").container, Container::Jpeg);
    }
}

#[test]
fn d7_blank_comments_are_absent() {
    let block = tiff(true, &[], &[(0x9286, 7, &vec![0; 1 << 20])]);
    let reading = reading(&webp(&[(b"EXIF", &block)]), "a.webp");
    assert_eq!((reading.recipe, reading.generation_text.as_str()), (None, ""));
}

#[test]
fn d10_a_graph_whose_count_or_offset_is_wrong_is_found() {
    let text = format!("prompt:{GRAPH}");
    let workflow = b"workflow:{\"nodes\": [], \"links\": []}\0";
    let good =
        tiff(true, &[(0x010f, 2, workflow), (0x0110, 2, [text.as_bytes(), b"\0"].concat().as_slice())], &[]);
    let webp_of = |block: &[u8]| webp(&[(b"EXIF", block)]);
    assert_eq!(positive(&webp_of(&good)).as_deref(), Some("a paper boat"));
    let count_at = 8 + 2 + 12 + 4;
    for (count, shift) in [(900_u32, 0_u32), (1200, -30_i32 as u32), (40, 5)] {
        let mut block = good.clone();
        let offset = u32::from_le_bytes(block[count_at + 4..count_at + 8].try_into().unwrap());
        block[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
        block[count_at + 4..count_at + 8].copy_from_slice(&offset.wrapping_add(shift).to_le_bytes());
        assert_eq!(positive(&webp_of(&block)).as_deref(), Some("a paper boat"), "{count}");
    }
}

#[test]
fn d11_odd_chunks_without_padding_and_wrong_sizes() {
    let block = comment_block(INFOTEXT);
    let mut file = webp(&[]);
    file.extend(b"ODD \x03\0\0\0abc");
    file.extend(b"EXIF");
    file.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
    file.extend(&block);
    file[4..8].copy_from_slice(&5_u32.to_le_bytes());
    assert_eq!(positive(&file).as_deref(), Some(PROMPT));
    let mut empty = webp(&[]);
    empty.extend(b"NONE\0\0\0\0".repeat(100_001));
    assert!(reading(&empty, "a.webp").complaints.contains(&Complaint::TooManyChunks { limit: 100_000 }));
    let mut beyond = webp(&[(b"EXIF", &block)]);
    beyond.extend(b"ANMF\xff\xff\xff\xff");
    assert_eq!(positive(&beyond).as_deref(), Some(PROMPT));
}

#[test]
fn d12_large_frames_are_seeked_over() {
    let frame = vec![0; 1 << 20];
    let frames = [(b"ANMF", &frame[..]); 4];
    let block = comment_block(INFOTEXT);
    let file = webp(&[&frames[..], &[(b"EXIF", &block[..])]].concat());
    assert_eq!(positive(&file).as_deref(), Some(PROMPT));
}

/// A file that says it is longer than it is, and whose reads come in pieces.
struct Shrunk<'a>(&'a [u8]);

impl ReadAt for Shrunk<'_> {
    fn len(&self) -> u64 {
        1 << 40
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = buf.len().min(7);
        Bytes(self.0).read_at(offset, &mut buf[..n])
    }
}

#[test]
fn a_file_cut_while_it_is_read_gives_what_is_there() {
    let mut file = Png::new(1, 1).text("parameters", INFOTEXT).chunk(b"IDAT", &[1; 70_000]).0;
    file.truncate(file.len() - 100);
    let reading = read(&Shrunk(&file), b"a.png", &[]).unwrap();
    assert_eq!(reading.recipe.unwrap().positive, PROMPT);
}

#[test]
fn a_sparse_terabyte_costs_its_head_and_a_few_blocks() {
    let reading = read(&Shrunk(b"\0\0\0\x18ftypisom\0\0\0\0"), b"big.mp4", &[]).unwrap();
    assert_eq!(reading.container, Container::Video);
}
