//! Damaged and hostile TIFF, GIF, BMP, AVIF, HEIC and JPEG XL files: what was found stays, and the
//! work is bounded whatever tables and lengths claim.

use super::encode::{comment_block, unicode};
use super::encode_stills::{Tiff, blocks, boxed, exif_item, gif, gif_comment, heif, item, jxl};
use super::places::Counted;
use super::{INFOTEXT, positive, reading};
use crate::limits::{BYTES_PER_FILE_MAX, VALUE_BYTES_MAX};
use crate::{Bytes, Complaint, Container, ReadAt, read, slots_as_text};

const PROMPT: &str = "a cat, <lora:soft:0.5>";
const LITTLE: Tiff = Tiff { little: true, is_big: false };
const BIG: Tiff = Tiff { little: true, is_big: true };

/// Bytes that reading everything in a file asks for.
fn n_read(file: &[u8]) -> usize {
    let counted = Counted { bytes: file, n_read: std::cell::Cell::new(0) };
    read(&counted, b"a.png", &[]).unwrap();
    slots_as_text(&counted).unwrap();
    counted.n_read.get()
}

/// A file that is longer than what is there of it.
struct Sparse<'a>(&'a [u8], u64);

impl ReadAt for Sparse<'_> {
    fn len(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let there = Bytes(self.0).read_at(offset, buf)?;
        let zeros = (buf.len() - there).min(usize::try_from(self.1.saturating_sub(offset)).unwrap() - there);
        buf[there..there + zeros].fill(0);
        Ok(there + zeros)
    }
}

#[test]
fn names_say_nothing_about_new_containers() {
    let file = LITTLE.file((5, 3), &[], &[], &[]);
    assert_eq!(reading(&file, "a.png").container, Container::Tiff);
    assert_eq!(reading(&BIG.file((5, 3), &[], &[], &[]), "a.jpg").container, Container::Tiff);
    for bytes in [&b"II+"[..], b"II*\0", b"MM\0+\0\x08\0\0", b"\xff\x0a", b"GIF89a", b"\0\0\0\x0cftypavif"] {
        let read = reading(bytes, "a.png");
        assert_eq!((read.pixel_width, read.recipe), (0, None), "{bytes:?}");
    }
}

#[test]
fn entries_of_a_tiff_that_point_beyond_are_passed() {
    let comment = (0x9286, 7, unicode(INFOTEXT, true));
    let entries = |count: u64, at: u64| {
        let long = [BIG.number(count, 8), BIG.number(at, 8)].concat();
        let mut file = BIG.file((5, 3), &[(0x0131, 2, vec![b'x'; 16]), comment.clone()], &[], &[]);
        let entry = file.windows(4).position(|bytes| bytes == b"\x31\x01\x02\0").unwrap();
        file[entry + 4..entry + 20].copy_from_slice(&long);
        file
    };
    for count in [9, 1 << 20, 1 << 40, u64::MAX / 2, u64::MAX] {
        for at in [0, 8, 1 << 33, u64::MAX - 3, u64::MAX] {
            let file = entries(count, at);
            assert_eq!(positive(&file).as_deref(), Some(PROMPT), "{count} {at}");
            assert!(slots_as_text(&Bytes(&file)).unwrap().contains_key("37510"));
        }
    }
}

#[test]
fn strips_of_a_tiff_may_lie_anywhere_and_be_as_long_as_they_say() {
    let rows = [(u32::MAX, 9), (0, u32::MAX), (8, 0), (7, 7)];
    let of = |part: fn(&(u32, u32)) -> u32| rows.iter().flat_map(|row| part(row).to_le_bytes()).collect();
    let tiles = [(324, 4, of(|row| row.0)), (325, 4, of(|row| row.1))];
    let file = LITTLE.file((5, 0), &tiles, &[], &[]);
    let read = reading(&file, "a.tif");
    assert_eq!(read.complaints, [Complaint::Truncated { what: "TIFF".to_owned() }]);
    assert_ne!(read.fingerprint, reading(&LITTLE.file((5, 1), &[], &[], &[]), "a.tif").fingerprint);
    // A thousand of 64 bits each would be more than a sum of them can hold.
    let (starts, lengths) = (vec![0; 8_000], BIG.number(u64::MAX, 8).repeat(1_000));
    let file = BIG.file((5, 0), &[(324, 16, starts), (325, 16, lengths)], &[], &[]);
    let sparse = Sparse(&file, 1 << 62);
    assert_eq!(read_sparse(&sparse).pixel_width, 0);
}

fn read_sparse(sparse: &Sparse<'_>) -> crate::Reading {
    slots_as_text(sparse).unwrap();
    read(sparse, b"a.tif", &[]).unwrap()
}

#[test]
fn entries_of_a_tiff_that_share_their_bytes_cost_no_more_than_the_file_may() {
    let names: Vec<_> = (0..1_000).map(|nth| (0x4000 + nth, 2, vec![b'x'; 9])).collect();
    let mut file = LITTLE.file((1, 1), &names, &[], &[]);
    let table = file.windows(4).position(|bytes| bytes == b"\0\x40\x02\0").unwrap();
    for entry in file[table..].chunks_exact_mut(12).take(1_000) {
        entry[4..12].copy_from_slice(&[0, 0, 0x40, 0, 8, 0, 0, 0]);
    }
    file.extend(vec![b'x'; 6 << 20]);
    assert!(n_read(&file) as u64 <= 2 * BYTES_PER_FILE_MAX + (1 << 20));
}

#[test]
fn large_pictures_cost_their_head_and_a_few_blocks() {
    let strips = LITTLE.file((60_000, 150), &[(0x9286, 7, unicode(INFOTEXT, true))], &[], &[]);
    let picture = vec![7; 8 << 20];
    let coded = heif(b"avif", 0, &[item(b"av01", &picture), exif_item(&comment_block(INFOTEXT))]);
    let boxes = jxl(&[
        boxed(b"jxlc", &[&b"\xff\x0a"[..], &picture].concat()),
        boxed(b"Exif", &[&[0; 4][..], &comment_block(INFOTEXT)].concat()),
    ]);
    for file in [strips, coded, boxes] {
        assert_eq!(positive(&file).as_deref(), Some(PROMPT));
        // Read twice, for the recipe and for showing.
        assert!(n_read(&file) < 160 << 10, "{}", n_read(&file));
    }
}

#[test]
fn a_gif_without_end_gives_what_is_there() {
    let whole = gif(&[gif_comment(INFOTEXT)], &[]);
    for end in [&b""[..], b"\x2c", b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\xff", b"\x21", b"\x21\xfe\xffcut", b"?"] {
        let file = [&whole[..whole.len() - 1], end].concat();
        let read = reading(&file, "a.gif");
        assert_eq!(read.recipe.unwrap().positive, PROMPT);
        assert_eq!(read.complaints.len(), 1, "{end:?} {:?}", read.complaints);
    }
    let endless = [&whole[..whole.len() - 1], &[0x21, 0xfe], &blocks(&vec![b'a'; 5 << 20])].concat();
    assert_eq!(positive(&endless).as_deref(), Some(PROMPT));
    let many = gif(&vec![b"\x21\xfe\0".to_vec(); 200_000], &[]);
    assert!(n_read(&many) < 4 << 20, "{}", n_read(&many));
    assert_eq!(reading(&many, "a.gif").complaints, [Complaint::TooManyChunks { limit: 100_000 }]);
}

#[test]
fn d16_boxes_of_any_length_are_survived() {
    let file = heif(b"avif", 0, &[item(b"av01", b"picture"), exif_item(&comment_block(INFOTEXT))]);
    let meta = file.windows(4).position(|bytes| bytes == b"meta").unwrap() - 4;
    for len in [0_u32, 1, 2, 7, 8, 0x7fff_ffff, u32::MAX] {
        for at in [meta, meta + 12, meta + 45] {
            let mut file = file.clone();
            file[at..at + 4].copy_from_slice(&len.to_be_bytes());
            assert_eq!(reading(&file, "a.avif").container, Container::Avif);
        }
    }
    // To the end of the file, and a length of 64 bits.
    for (len, more) in [(0_u32, vec![]), (1, u64::MAX.to_be_bytes().to_vec())] {
        let head = [&len.to_be_bytes()[..], b"meta", &more].concat();
        let file = [&file[..meta], &head, &file[meta + 8..]].concat();
        let read = reading(&file, "a.avif");
        assert_eq!((read.pixel_width, read.pixel_height), (64, 32), "{len}");
    }
    let deep = (0..1_000).fold(Vec::new(), |inner, _| boxed(b"meta", &[&[0; 4][..], &inner].concat()));
    assert_eq!(reading(&[boxed(b"ftyp", b"avif\0\0\0\0"), deep].concat(), "a.avif").pixel_width, 0);
}

#[test]
fn d16_items_that_point_anywhere_are_survived() {
    let file = heif(b"avif", 0, &[item(b"av01", b"picture"), exif_item(&comment_block(INFOTEXT))]);
    let places = file.windows(4).position(|bytes| bytes == b"iloc").unwrap() + 4;
    // Item, method, part of the file, count, then start and length.
    let start = places + 8 + 8;
    for (at, len) in [(0, 0), (u32::MAX, 1), (0, u32::MAX), (1, 8), (places as u32, 0x00ff_ffff)] {
        for nth in 0..2 {
            let mut file = file.clone();
            let start = start + nth * 16;
            file[start..start + 8].copy_from_slice(&[at.to_be_bytes(), len.to_be_bytes()].concat());
            let read = reading(&file, "a.avif");
            assert_eq!((read.pixel_width, read.pixel_height), (64, 32));
            assert_eq!(read.recipe.is_some(), nth == 0);
        }
    }
}

#[test]
fn d16_items_without_number_are_counted() {
    let mut infos = vec![0, 0, 0, 0, 0xff, 0xff];
    let mut places = vec![1, 0, 0, 0, 0x44, 0, 0xff, 0xff];
    for nth in 1..=u16::MAX {
        let id = nth.to_be_bytes();
        infos.extend(boxed(b"infe", &[&[2, 0, 0, 0][..], &id, b"\0\0Exif"].concat()));
        places.extend([&id[..], &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x40, 0, 0]].concat());
    }
    let tables = [vec![0; 4], boxed(b"iinf", &infos), boxed(b"iloc", &places)].concat();
    let file = [boxed(b"ftyp", b"avif\0\0\0\0"), boxed(b"meta", &tables)].concat();
    let read = reading(&file, "a.avif");
    assert!(read.complaints.contains(&Complaint::TooManyChunks { limit: 8_192 }), "{:?}", read.complaints);
    assert!(read.complaints.contains(&Complaint::TooMuchMetadata { limit: BYTES_PER_FILE_MAX }));
    assert!(n_read(&file) as u64 <= 2 * BYTES_PER_FILE_MAX);
}

#[test]
fn items_made_of_each_other_end() {
    let mut file = heif(b"heic", 0, &[item(b"grid", b""), item(b"hvc1", b"one"), item(b"hvc1", b"two")]);
    let parts = file.windows(10).position(|bytes| bytes == b"dimg\0\x01\0\x02\0\x02").unwrap();
    file[parts + 9] = 1;
    assert_eq!(reading(&file, "a.heic").pixel_width, 64);
}

#[test]
fn c6_boxes_of_jpeg_xl_are_counted_and_values_cut() {
    let file = jxl(&vec![boxed(b"free", b""); 100_001]);
    assert!(reading(&file, "a.jxl").complaints.contains(&Complaint::TooManyChunks { limit: 100_000 }));
    let text = "x".repeat(VALUE_BYTES_MAX + 1);
    let texts = slots_as_text(&Bytes(&jxl(&[boxed(b"xml ", text.as_bytes())]))).unwrap();
    assert_eq!(texts["xmp"].len(), VALUE_BYTES_MAX);
    let cut = [jxl(&[]), b"\0\0\0\x60Exif\0\0\0\0".to_vec(), comment_block("")].concat();
    assert_eq!(reading(&cut, "a.jxl").complaints, [Complaint::Truncated { what: "Exif".to_owned() }]);
}
