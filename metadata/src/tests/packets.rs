//! Packets inside containers: XMP and IPTC, whole, in parts, compressed and damaged.

use super::encode::{Png, jpeg, tiff, webp, zlib};
use super::encode_stills::{Tiff, boxed, brotli, codestream, gif, gif_xmp, heif, item, jxl};
use super::{INFOTEXT, reading, text_at, texts};
use crate::Complaint;

pub(super) const XMP_HEAD: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// A packet with one description.
pub(super) fn packet(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "&#xA;");
    format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' dc:format='image/png'>\
         <dc:description><rdf:Alt><rdf:li xml:lang='x-default'>{text}</rdf:li></rdf:Alt></dc:description>\
         </rdf:Description></rdf:RDF></x:xmpmeta>"
    )
}

fn profile(name: &str, block: &[u8]) -> String {
    let hex: String = block.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\n{name}\n{:8}\n{hex}\n", block.len())
}

/// A caption as IPTC record, and as image resource.
fn caption(text: &str) -> (Vec<u8>, Vec<u8>) {
    let len = u16::try_from(text.len()).unwrap().to_be_bytes();
    let records = [&[0x1c, 2, 120][..], &len, text.as_bytes()].concat();
    let len = u32::try_from(records.len()).unwrap().to_be_bytes();
    let resource = [&b"8BIM\x04\x04\0\0"[..], &len, &records].concat();
    (records, resource)
}

#[test]
fn xmp_of_every_container_is_read_by_its_properties() {
    let xmp = packet(INFOTEXT);
    let bytes = xmp.as_bytes();
    let little = Tiff { little: true, is_big: false };
    let block = tiff(true, &[(0x02bc, 1, bytes)], &[]);
    for (file, what) in [
        (Png::new(1, 1).itxt("XML:com.adobe.xmp", &xmp).end(), "png"),
        (Png::new(1, 1).itxt_compressed("XML:com.adobe.xmp", &xmp).end(), "compressed png"),
        (Png::new(1, 1).ztxt("Raw profile type xmp", profile("xmp", bytes).as_bytes()).end(), "hex png"),
        (
            Png::new(1, 1).text("Raw profile type APP1", &profile("app1", &[XMP_HEAD, bytes].concat())).end(),
            "hex segment png",
        ),
        (jpeg(&[(0xe1, &[XMP_HEAD, bytes].concat())]), "jpeg"),
        (jpeg(&[(0xe1, &[b"Exif\0\0", &block[..]].concat())]), "exif jpeg"),
        (webp(&[(b"XMP ", bytes)]), "webp"),
        (gif(&[gif_xmp(&xmp)], &[]), "gif"),
        (little.file((1, 1), &[(700, 1, bytes.to_vec())], &[], &[]), "tiff"),
        (heif(b"avif", 0, &[item(b"av01", b"x"), item(b"mime", bytes)]), "avif"),
        (heif(b"heic", 0, &[item(b"hvc1", b"x"), item(b"mime", bytes)]), "heic"),
        (jxl(&[boxed(b"xml ", bytes), boxed(b"jxlc", &codestream())]), "jxl"),
        (jxl(&[boxed(b"brob", &[b"xml ", &brotli(bytes)[..]].concat())]), "compressed jxl"),
    ] {
        assert_eq!(text_at(&file, "xmp:dc:description").as_deref(), Some(INFOTEXT), "{what}");
        assert_eq!(text_at(&file, "xmp:dc:format").as_deref(), Some("image/png"), "{what}");
    }
}

#[test]
fn for_showing_a_packet_kept_as_hex_stays_hidden() {
    let hex = profile("app1", &[XMP_HEAD, packet("x").as_bytes()].concat());
    let file = Png::new(1, 1).text("Raw profile type APP1", &hex).text("Raw profile type xmp", &hex).end();
    assert!(crate::slots_as_text(&crate::Bytes(&file)).unwrap().is_empty());
}

#[test]
fn iptc_of_every_container_is_read() {
    let (records, resource) = caption("a gull, grey");
    let segment = [b"Photoshop 3.0\0", &resource[..]].concat();
    let long = [b"Photoshop 3.0\0", &resource[..9]].concat();
    let rest = [b"Photoshop 3.0\0", &resource[9..]].concat();
    let little = Tiff { little: true, is_big: false };
    for (file, what) in [
        (jpeg(&[(0xed, &segment)]), "jpeg"),
        (jpeg(&[(0xed, &long), (0xed, &rest)]), "jpeg in two parts"),
        (Png::new(1, 1).ztxt("Raw profile type iptc", profile("iptc", &records).as_bytes()).end(), "png"),
        (Png::new(1, 1).ztxt("Raw profile type iptc", profile("iptc", &resource).as_bytes()).end(), "8bim"),
        (little.file((1, 1), &[(0x83bb, 7, records.clone())], &[], &[]), "tiff"),
        (little.file((1, 1), &[(0x83bb, 4, [&records[..], &[0; 3]].concat())], &[], &[]), "tiff of numbers"),
        (little.file((1, 1), &[(0x8649, 1, resource.clone())], &[], &[]), "tiff resources"),
    ] {
        assert_eq!(text_at(&file, "iptc:120").as_deref(), Some("a gull, grey"), "{what}");
    }
}

fn extension(identity: &str, at: u32, part: &[u8]) -> Vec<u8> {
    [EXTENSION, identity.as_bytes(), &u32::MAX.to_be_bytes(), &at.to_be_bytes(), part].concat()
}

#[test]
fn d14_extended_xmp_is_joined_by_identity_and_offset() {
    let (own, other) = ("A".repeat(32), "B".repeat(32));
    let main = [XMP_HEAD, format!(
        "<rdf:RDF><rdf:Description xmlns:n='http://ns.adobe.com/xmp/note/' n:HasExtendedXMP='{own}'/></rdf:RDF>"
    ).as_bytes()].concat();
    let xmp = packet(INFOTEXT);
    let (first, second) = xmp.as_bytes().split_at(150);
    let at = |at: usize| u32::try_from(at).unwrap();
    let wrong = extension(&other, 0, packet("another").as_bytes());
    let (one, two) = (extension(&own, 0, first), extension(&own, 150, second));
    let overlapping = extension(&own, 100, &xmp.as_bytes()[100..]);
    let read = |segments: &[&[u8]]| {
        let segments: Vec<_> = segments.iter().map(|segment| (0xe1, *segment)).collect();
        text_at(&jpeg(&segments), "xmp:dc:description")
    };
    assert_eq!(read(&[&main, &wrong, &two, &one]).as_deref(), Some(INFOTEXT));
    assert_eq!(read(&[&main, &one, &overlapping, &wrong]).as_deref(), Some(INFOTEXT));
    assert_eq!(read(&[&one, &two]).as_deref(), Some(INFOTEXT));
    // Parts that are missing, and offsets beyond everything.
    assert_eq!(read(&[&main, &two]), None);
    assert_eq!(read(&[&main, &one, &extension(&own, u32::MAX, b"far")]), None);
    let gap = extension(&own, at(xmp.len()) + 1, b"gap");
    assert_eq!(read(&[&main, &one, &two, &gap]).as_deref(), Some(INFOTEXT));
    for len in 0..extension(&own, 0, b"").len() {
        assert_eq!(read(&[&one[..len], &main]), None);
    }
}

#[test]
fn d14_parts_are_kept_up_to_the_length_of_a_value() {
    let part = extension(&"A".repeat(32), 0, &[b'x'; 60_000]);
    let segments = vec![(0xe1, &part[..]); 300];
    let read = reading(&jpeg(&segments), "a.jpg");
    assert_eq!((read.pixel_width, read.recipe), (16, None));
}

#[test]
fn keywords_of_all_dialects_are_read_and_others_leave_room() {
    let known =
        ["smproj", "invokeai_metadata", "Dream", "generation_data", "AIGC", "use_lora_model", "Workflow"];
    let file = known.iter().fold(Png::new(1, 1), |png, keyword| png.text(keyword, "words"));
    let places: Vec<_> = texts(&file.end(), "a.png").into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, known.map(|keyword| format!("text:{keyword}")));
    let cards = Png::new(1, 1).text("chara", "e30=").text("ccv3", "e30=").text("date:create", "2031");
    assert_eq!(texts(&cards.text("mxfile", "x").end(), "a.png"), []);
    let flood = (0..1_000).fold(Png::new(1, 1), |png, nth| png.text(&format!("key{nth}"), "x"));
    assert_eq!(text_at(&flood.text("prompt", "kept").end(), "text:prompt").as_deref(), Some("kept"));
    let repeats = (0..1_000).fold(Png::new(1, 1), |png, _| png.text("Comment", "x"));
    let read = texts(&repeats.text("prompt", "kept").end(), "a.png");
    assert_eq!((read.len(), read.last().unwrap().1.as_str()), (crate::limits::REPEATS_MAX + 1, "kept"));
    let long = Png::new(1, 1).text("unknown", &"x".repeat(2 << 20)).text("Dream", "kept").end();
    assert_eq!(texts(&long, "a.png").len(), 1);
}

#[test]
fn of_repeated_graphs_the_first_that_is_one_comes_first() {
    let file = Png::new(1, 1)
        .text("prompt", "{\"1\": cut")
        .text("x", "y")
        .text("prompt", "{\"1\": {}}")
        .chunk(b"comf", b"workflow\0{\"nodes\": []}")
        .text("prompt", "{\"2\": {}}");
    assert_eq!(text_at(&file.end(), "text:prompt").as_deref(), Some("{\"1\": {}}"));
}

#[test]
fn a_makers_note_counts_where_it_is_text() {
    let read = |kind: u16, value: &[u8]| {
        text_at(
            &jpeg(&[(0xe1, &[b"Exif\0\0", &tiff(true, &[], &[(0x927c, kind, value)])[..]].concat())]),
            "exif:MakerNote",
        )
    };
    assert_eq!(read(2, b"fooocus\0").as_deref(), Some("fooocus"));
    assert_eq!(read(7, b"a1111\0").as_deref(), Some("a1111"));
    assert_eq!(read(7, b"Camera\0\x01\x02"), None);
    assert_eq!(read(2, &[0xee; 4_000]), None);
}

#[test]
fn windows_texts_are_read() {
    let wide: Vec<u8> = "für\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = jpeg(&[(0xe1, &[b"Exif\0\0", &tiff(false, &[(0x9c9c, 1, &wide)], &[])[..]].concat())]);
    assert_eq!(text_at(&file, "exif:XPComment").as_deref(), Some("für"));
}

#[test]
fn d10_labels_of_graphs_are_found_in_any_case_of_letters() {
    let workflow = b"Workflow: {\"nodes\": [1, 2, 3], \"links\": []}\0";
    let mut block = tiff(true, &[(0x8298, 2, workflow), (0x0131, 2, b"editor\0")], &[]);
    // The count is too small.
    block[14..18].copy_from_slice(&20_u32.to_le_bytes());
    let file = webp(&[(b"EXIF", &block)]);
    assert_eq!(
        text_at(&file, "exif:Make").as_deref(),
        Some("workflow:{\"nodes\": [1, 2, 3], \"links\": []}")
    );
}

#[test]
fn d3_of_two_blocks_the_valid_one_speaks_and_both_fill() {
    let exif = |block: &[u8]| [b"Exif\0\0", block].concat();
    let (broken, first) = (exif(b"MM nothing"), exif(&tiff(true, &[(0x0131, 2, b"one\0")], &[])));
    let second = exif(&tiff(false, &[(0x0131, 2, b"two\0"), (0x013b, 2, b"artist\0")], &[]));
    let file = jpeg(&[(0xe1, &broken), (0xe1, &first), (0xe1, &second)]);
    assert_eq!(text_at(&file, "exif:Software").as_deref(), Some("one"));
    assert_eq!(text_at(&file, "exif:Artist").as_deref(), Some("artist"));
    assert_eq!(reading(&file, "a.jpg").complaints, [Complaint::Damaged { what: "EXIF".to_owned() }]);
}

#[test]
fn compressed_packets_count_with_all_that_is_inflated() {
    let bomb = zlib(&vec![b' '; crate::limits::VALUE_BYTES_MAX + 1]);
    let chunk = [&b"XML:com.adobe.xmp\0\x01\0\0\0"[..], &bomb].concat();
    let read = reading(&Png::new(1, 1).chunk(b"iTXt", &chunk).end(), "a.png");
    assert!(matches!(read.complaints[..], [Complaint::InflatesTooFar { .. }]), "{:?}", read.complaints);
}
