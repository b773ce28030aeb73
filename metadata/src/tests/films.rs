//! Films and sound: tags of every form, sizes, identity, and what is damaged or hostile.

use super::encode_films::{
    cluster, data, element, flac, frame, ftyp, keyed, lettered, mkv, mp3, mp4, named, ogg, old_tag, tags,
    track, tracks,
};
use super::encode_stills::boxed;
use super::packets::packet;
use super::places::Counted;
use super::{GRAPH, INFOTEXT, reading, text_at, texts};
use crate::{Bytes, Container, ReadAt, read, slots_as_text};
use lumidex_schema::recipe::Source;

fn film(user: &[Vec<u8>]) -> Vec<u8> {
    mp4(b"isom", user)
}

fn mkv_of(elements: &[Vec<u8>]) -> Vec<u8> {
    mkv("matroska", elements, false)
}

/// The texts of a file without the labels of their places.
#[track_caller]
fn named_texts(file: &[u8]) -> Vec<(String, String)> {
    let strip = |label: String| label.strip_prefix("text:").map(str::to_owned).unwrap_or(label);
    texts(file, "a.mp4").into_iter().map(|(label, text)| (strip(label), text)).collect()
}

fn pairs(want: &[(&str, &str)]) -> Vec<(String, String)> {
    want.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn graphs_and_infotexts_of_every_container_are_recipes() {
    let graph = [("prompt", GRAPH), ("workflow", "{\"nodes\": [], \"links\": []}")];
    let upper = [("PROMPT", GRAPH), ("WORKFLOW", "{\"nodes\": [], \"links\": []}")];
    let vorbis = b"\x01vorbis and its head";
    for (file, container, size) in [
        (film(&[keyed(&graph, false)]), Container::Video, (64, 32)),
        (mp4(b"qt  ", &[keyed(&graph, true)]), Container::Video, (64, 32)),
        (mkv_of(&[tracks(), tags(&upper), cluster(false)]), Container::Video, (64, 32)),
        (mkv("webm", &[tracks(), cluster(false), tags(&upper)], false), Container::Video, (64, 32)),
        (flac(&upper), Container::Audio, (0, 0)),
        (ogg(vorbis, b"\x03vorbis", &graph), Container::Audio, (0, 0)),
        (named(3, &graph), Container::Audio, (0, 0)),
        (named(4, &graph), Container::Audio, (0, 0)),
    ] {
        let read = reading(&file, "a");
        assert_eq!((read.container, read.pixel_width, read.pixel_height), (container, size.0, size.1));
        assert_eq!(read.complaints, []);
        let recipe = read.recipe.unwrap();
        assert_eq!((recipe.source, recipe.positive.as_str()), (Source::ComfyUi, "a paper boat"));
        assert_eq!(read.places, ["text:prompt", "text:workflow"]);
        assert!(slots_as_text(&Bytes(&file)).unwrap().is_empty());
    }
    let info = [("parameters", INFOTEXT)];
    for file in [
        film(&[keyed(&info, false)]),
        film(&[lettered(&[(b"\xa9cmt", INFOTEXT)])]),
        film(&[old_tag(b"\xa9cmt", INFOTEXT)]),
        mkv_of(&[tags(&[("COMMENT", INFOTEXT)])]),
        flac(&[("Comment", INFOTEXT)]),
        ogg(b"OpusHead", b"OpusTags", &info),
        mp3(3, &[frame(3, b"COMM", &[b"\x03eng\0", INFOTEXT.as_bytes()].concat())]),
    ] {
        assert_eq!(reading(&file, "a").recipe.unwrap().seed.as_deref(), Some("42"));
    }
}

#[test]
fn tags_of_four_letters_and_with_their_own_name() {
    let free = [
        boxed(b"mean", b"\0\0\0\0com.apple.iTunes"),
        boxed(b"name", b"\0\0\0\0prompt"),
        data(1, GRAPH.as_bytes()),
    ];
    let list = [
        boxed(b"\xa9nam", &data(1, b"a title")),
        boxed(b"desc", &data(1, b"words")),
        boxed(b"\xa9too", &data(1, b"Lavf")),
        boxed(b"\xa9cmt", &data(2, b"\0h\0i")),
        boxed(b"covr", &data(13, b"\xff\xd8\xff")),
        boxed(b"\xa9des", &data(13, b"\xff\xd8\xff")),
        boxed(b"----", &free.concat()),
    ];
    let meta = boxed(b"meta", &[&[0; 4][..], &boxed(b"ilst", &list.concat())].concat());
    let graph = ("prompt", GRAPH);
    let want =
        [("title", "a title"), ("description", "words"), ("encoder", "Lavf"), ("comment", "hi"), graph];
    assert_eq!(named_texts(&film(&[meta])), pairs(&want));
}

#[test]
fn tags_stand_beside_the_tracks_too_and_graphs_in_a_box_of_their_own() {
    let wflo = boxed(b"wflo", b"\0\0\0\0{\"nodes\": []}");
    let moov = boxed(b"moov", &[keyed(&[("prompt", "x")], false), boxed(b"udta", &wflo)].concat());
    let file = [ftyp(b"mp42"), moov, boxed(b"mdat", b"data")].concat();
    assert_eq!(named_texts(&file), pairs(&[("prompt", "x"), ("workflow", "{\"nodes\": []}")]));
}

#[test]
fn xmp_of_films_is_read() {
    let identity = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
    let own = boxed(b"uuid", &[&identity[..], packet(INFOTEXT).as_bytes()].concat());
    let file = [ftyp(b"isom"), own].concat();
    assert_eq!(text_at(&file, "xmp:dc:description").as_deref(), Some(INFOTEXT));
    let file = film(&[boxed(b"XMP_", packet(INFOTEXT).as_bytes())]);
    assert_eq!(text_at(&file, "xmp:dc:description").as_deref(), Some(INFOTEXT));
}

#[test]
fn a_film_is_as_large_as_its_largest_track_as_it_is_shown() {
    let of = |tracks: &[Vec<u8>]| {
        let read = reading(&[ftyp(b"isom"), boxed(b"moov", &tracks.concat())].concat(), "a.mp4");
        (read.pixel_width, read.pixel_height)
    };
    assert_eq!(of(&[track(0, 0, false), track(640, 360, false), track(16, 16, false)]), (640, 360));
    assert_eq!(of(&[track(640, 360, true)]), (360, 640));
    assert_eq!(of(&[]), (0, 0));
}

#[test]
fn fingerprints_of_films_are_blind_to_their_size() {
    for (file, number) in [(film(&[]), 10), (mkv_of(&[tracks()]), 10), (flac(&[]), 11)] {
        let head = [&[number][..], &[0; 8], &(file.len() as u64).to_le_bytes()].concat();
        let want = blake3::hash(&[&head, &file[..]].concat());
        assert_eq!(reading(&file, "a").fingerprint.0, want.as_bytes()[..16]);
    }
}

/// A file whose middle is as long as wanted and holds zeros.
struct Sparse {
    start: Vec<u8>,
    end: Vec<u8>,
    len: u64,
    n_read: std::cell::Cell<usize>,
}

impl ReadAt for Sparse {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let end_at = self.len - self.end.len() as u64;
        let n = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
        for (nth, byte) in buf[..n].iter_mut().enumerate() {
            let at = offset + nth as u64;
            *byte = match usize::try_from(at).ok().and_then(|at| self.start.get(at)) {
                Some(byte) => *byte,
                None if at >= end_at => self.end[(at - end_at) as usize],
                None => 0,
            };
        }
        self.n_read.set(self.n_read.get() + n);
        Ok(n)
    }
}

#[test]
fn a14_d18_tags_behind_a_terabyte_are_found_by_seeking() {
    let moov = boxed(b"moov", &boxed(b"udta", &keyed(&[("prompt", GRAPH)], false)));
    let of = |start: Vec<u8>, end: Vec<u8>, len: u64| Sparse { start, end, len, n_read: 0.into() };
    let mdat = |len: u64| [&1_u32.to_be_bytes()[..], b"mdat", &len.to_be_bytes()].concat();
    let long: u64 = 1 << 40;
    let start = [ftyp(b"isom"), mdat(long)].concat();
    let len = 20 + 4 + long + moov.len() as u64;
    let film = of(start, moov, len + (ftyp(b"isom").len() as u64 - 24));
    let cluster_len = long | 1 << 56;
    let head = mkv_of(&[]);
    let segment = [&head[..head.len() - 8], &(u64::MAX >> 7 | 1 << 56).to_be_bytes()].concat();
    let clusters = [&segment[..], b"\x1f\x43\xb6\x75", &cluster_len.to_be_bytes()].concat();
    let end = tags(&[("PROMPT", GRAPH)]);
    let len = clusters.len() as u64 + long + end.len() as u64;
    for sparse in [film, of(clusters, end, len)] {
        let reading = read(&sparse, b"big.mp4", &[]).unwrap();
        assert_eq!(reading.recipe.unwrap().positive, "a paper boat");
        assert!(sparse.n_read.get() < 160 << 10, "{}", sparse.n_read.get());
    }
}

#[test]
fn d18_films_without_index_or_with_two() {
    assert_eq!(named_texts(&[ftyp(b"isom"), boxed(b"mdat", b"data")].concat()), []);
    let moov = |text: &str| boxed(b"moov", &boxed(b"udta", &keyed(&[("prompt", text)], false)));
    let file = [ftyp(b"isom"), moov("one"), moov("two")].concat();
    assert_eq!(text_at(&file, "text:prompt").as_deref(), Some("one"));
}

#[test]
fn d18_keys_without_number_and_items_that_name_none() {
    let good = film(&[keyed(&[("prompt", GRAPH), ("comment", "x")], false)]);
    let keys = good.windows(4).position(|bytes| bytes == b"keys").unwrap();
    let mut many = good.clone();
    many[keys + 8..keys + 12].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(text_at(&many, "text:prompt").as_deref(), Some(GRAPH));
    for bad in [0_u32, 3, u32::MAX] {
        let mut file = good.clone();
        let item = file.windows(4).position(|bytes| bytes == b"ilst").unwrap() + 8;
        file[item..item + 4].copy_from_slice(&bad.to_be_bytes());
        assert_eq!(named_texts(&file), pairs(&[("comment", "x")]), "{bad}");
    }
    for len in [0_u32, 7, 1 << 30, u32::MAX] {
        let mut file = good.clone();
        file[keys + 12..keys + 16].copy_from_slice(&len.to_be_bytes());
        assert_eq!(text_at(&file, "text:prompt"), None, "{len}");
    }
}

#[test]
fn d18_boxes_inside_each_other_and_many_end() {
    let deep = (0..10_000).fold(Vec::new(), |inner, _| boxed(b"udta", &inner));
    assert_eq!(named_texts(&[ftyp(b"isom"), deep].concat()), []);
    let many = [ftyp(b"isom"), boxed(b"free", b"").repeat(200_000)].concat();
    assert_eq!(reading(&many, "a.mp4").complaints.len(), 1);
    let items = boxed(b"\xa9cmt", &data(1, b"x")).repeat(50_000);
    let list = boxed(b"meta", &[&[0; 4][..], &boxed(b"ilst", &items)].concat());
    let read = reading(&film(&[list]), "a.mp4");
    assert!(!read.complaints.is_empty());
}

#[test]
fn b2_matroska_under_another_name_is_read_as_what_it_is() {
    let file = mkv_of(&[tracks(), tags(&[("PROMPT", GRAPH)])]);
    let read = reading(&file, "a.mp4");
    assert_eq!((read.container, read.pixel_width, read.recipe.is_some()), (Container::Video, 64, true));
}

#[test]
fn b7_content_without_a_telling_name_is_what_it_is() {
    for name in ["noname", "a.unknown", ""] {
        assert_eq!(reading(&film(&[]), name).container, Container::Video);
        assert_eq!(reading(&flac(&[]), name).container, Container::Audio);
        assert_eq!(reading(&super::encode::png(&[]), name).container, Container::Png);
        assert_eq!(reading(b"plain words", name).container, Container::Unknown);
    }
}

#[test]
fn films_of_other_kinds_have_no_texts_and_no_complaints() {
    for file in [
        &b"RIFF\x10\0\0\0AVI LIST"[..],
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"FLV\x01\x05\0\0\0\x09",
        b"\xff\xfb\x90\0sound",
    ] {
        let read = reading(file, "a.avi");
        assert_eq!((read.places.len(), read.complaints.len(), read.pixel_width), (0, 0, 0), "{file:?}");
    }
}

#[test]
fn many_lists_of_tags_cost_linear_time() {
    let lists = element(0x1254_c367, Some(b"")).repeat(90_000);
    let read = reading(&mkv_of(&[tracks(), lists, tags(&[("PROMPT", "late")])]), "a.mkv");
    assert_eq!((read.pixel_width, read.places.len()), (64, 0));
}

#[test]
fn d19_lengths_that_are_not_stated() {
    let all = tags(&[("PROMPT", GRAPH)]);
    for elements in [
        vec![tracks(), all.clone(), cluster(true), cluster(true)],
        vec![tracks(), cluster(true), cluster(true), all.clone()],
        vec![tracks(), cluster(false), cluster(true), cluster(false), all.clone()],
    ] {
        let read = reading(&mkv("webm", &elements, true), "a.webm");
        assert_eq!((read.recipe.is_some(), read.pixel_height), (true, 32));
    }
}

#[test]
fn d19_blocks_of_open_clusters_are_counted_over_the_whole_file() {
    let blocks = element(0xa3, Some(b"x")).repeat(15_000);
    let clusters = [element(0x1f43_b675, None), blocks].concat().repeat(20);
    let read = reading(&mkv("webm", &[tracks(), clusters, tags(&[("PROMPT", "late")])], true), "a.webm");
    let limit = crate::limits::EBML_BLOCKS_MAX;
    assert_eq!((read.pixel_width, read.complaints), (64, vec![crate::Complaint::TooManyChunks { limit }]));
}

#[test]
fn a_table_of_contents_saves_the_walk() {
    let entry = |id: u32, at: usize| {
        let at = (at as u64).to_be_bytes();
        let parts = [element(0x53ab, Some(&id.to_be_bytes())), element(0x53ac, Some(&at))].concat();
        element(0x4dbb, Some(&parts))
    };
    let clusters = cluster(false).repeat(2_000);
    let table = |at: usize| {
        element(0x114d_9b74, Some(&[entry(0x1254_c367, at), entry(0x1654_ae6b, usize::MAX)].concat()))
    };
    let at = table(0).len() + tracks().len() + clusters.len();
    let file = mkv_of(&[table(at), tracks(), clusters.clone(), tags(&[("PROMPT", GRAPH)])]);
    let counted = Counted { bytes: &file, n_read: 0.into() };
    assert!(read(&counted, b"a.mkv", &[]).unwrap().recipe.is_some());
    // The head, the tags and the fingerprint; not one head per cluster.
    assert!(counted.n_read.get() < 75 << 10, "{}", counted.n_read.get());
    // One that leads astray.
    let file = mkv_of(&[table(at + 1), tracks(), clusters, tags(&[("PROMPT", GRAPH)])]);
    assert!(reading(&file, "a.mkv").recipe.is_some());
}

#[test]
fn d19_odd_heads_of_elements_end_the_walk_and_what_was_read_stays() {
    let good = [tracks(), tags(&[("PROMPT", GRAPH)])].concat();
    for bad in [
        &b"\x08\x11\x22\x33\x44\x81x"[..],
        b"\0\0\0\0",
        b"\xec\0\x01",
        b"\x1f\x43\xb6\x75\xff",
        b"\xec\x01\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let read = reading(&mkv_of(&[good.clone(), bad.to_vec(), good.clone()]), "a.mkv");
        assert_eq!((read.recipe.is_some(), read.pixel_width), (true, 64), "{bad:?}");
    }
    let mut cut = mkv_of(&[tracks(), tags(&[("PROMPT", GRAPH), ("COMMENT", "a long remark")])]);
    cut.truncate(cut.len() - 5);
    assert_eq!(text_at(&cut, "text:prompt").as_deref(), Some(GRAPH));
}

#[test]
fn tags_of_tracks_count_where_they_are_recipes() {
    let simple = |name: &str| {
        element(0x67c8, Some(&[element(0x45a3, Some(name.as_bytes())), element(0x4487, Some(b"x"))].concat()))
    };
    let of_track = element(0x63c0, Some(&element(0x63c5, Some(&[1]))));
    let tag = element(0x7373, Some(&[of_track, simple("DURATION"), simple("PROMPT")].concat()));
    let inner = element(0x67c8, Some(&[element(0x45a3, Some(b"OUTER")), simple("INNER")].concat()));
    let nested = element(0x7373, Some(&inner));
    let file = mkv_of(&[element(0x1254_c367, Some(&[tag, nested].concat()))]);
    assert_eq!(named_texts(&file), pairs(&[("prompt", "x"), ("inner", "x")]));
}

#[test]
fn long_comments_go_over_many_pages() {
    let long = format!("{{\"1\": \"{}\"}}", "x".repeat(300_000));
    let file = ogg(b"\x7fFLAC", b"\x84\0\0\0", &[("prompt", &long), ("ARTIST", "me")]);
    assert_eq!(named_texts(&file), pairs(&[("prompt", &long), ("artist", "me")]));
    let cut = &file[..200_000];
    assert!(text_at(cut, "text:prompt").is_some_and(|text| text.len() > 190_000));
}

#[test]
fn comments_that_lie_about_their_lengths_are_read_as_far_as_they_go() {
    let good = flac(&[("prompt", "abc"), ("comment", "x")]);
    let at = good.windows(10).position(|bytes| bytes == b"prompt=abc").unwrap();
    for (field, len) in [(at - 4, u32::MAX), (at - 8, u32::MAX), (at - 8, 0)] {
        let mut file = good.clone();
        file[field..field + 4].copy_from_slice(&len.to_le_bytes());
        assert!(text_at(&file, "text:prompt").is_some_and(|text| text.starts_with("abc")), "{field}");
    }
    let mut endless = b"fLaC".to_vec();
    endless.extend(b"\x01\0\0\0".repeat(100_000));
    assert_eq!(named_texts(&endless), []);
}

#[test]
fn id3_of_every_code_and_with_odd_frames() {
    let wide = |text: &str, little: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    };
    let utf_16 =
        [&[1, 0xff, 0xfe][..], &wide("prompt\0", true), &[0xff, 0xfe], &wide("a möwe", true)].concat();
    let big = [&[2][..], &wide("Workflow\0", false), &wide("{}", false)].concat();
    let latin = b"\0comment\0M\xf6we".to_vec();
    let frames = [
        frame(3, b"APIC", &[0xff; 300]),
        frame(3, b"TXXX", &utf_16),
        frame(3, b"TXXX", &big),
        frame(3, b"TXXX", &latin),
        frame(3, b"TXXX", b"\x03no end"),
        frame(3, b"TXXX", b""),
        frame(3, b"TIT2", b"\x03a title"),
    ];
    let want = [("prompt", "a möwe"), ("workflow", "{}"), ("comment", "Möwe"), ("title", "a title")];
    assert_eq!(named_texts(&mp3(3, &frames)), pairs(&want));
    // A frame of version 4 that is longer than seven bits and counted like version 3.
    let text = "y".repeat(200);
    let counted_wrong = frame(3, b"TXXX", format!("\x03prompt\0{text}").as_bytes());
    let next = frame(4, b"TXXX", b"\x03comment\0z");
    let want = [("prompt", text.as_str()), ("comment", "z")];
    assert_eq!(named_texts(&mp3(4, &[counted_wrong, next])), pairs(&want));
    // Packed frames are a complaint.
    let mut packed = frame(4, b"TXXX", b"\x03prompt\0z");
    packed[9] = 8;
    assert_eq!(reading(&mp3(4, &[packed]), "a.mp3").complaints.len(), 1);
    // Zeros put in.
    let mut zeros = frame(4, b"TXXX", b"\0prompt\0\xff\0\xe1x");
    zeros[9] = 2;
    assert_eq!(named_texts(&mp3(4, &[zeros])), pairs(&[("prompt", "ÿáx")]));
    // An older tag, and FLAC behind a tag.
    assert_eq!(named_texts(&mp3(2, &[frame(3, b"TXXX", b"\x03prompt\0z")])), []);
    let mut behind = mp3(4, &[]);
    behind.truncate(behind.len() - 9);
    behind.extend(flac(&[("prompt", "z")]));
    assert_eq!(named_texts(&behind), pairs(&[("prompt", "z")]));
}
