//! IPTC-IIM records, and the image resources of Photoshop that hold them. Keeps the texts of record 2 that
//! say something of the picture; of dates, places and rights it knows nothing.

use crate::limits::IPTC_DATASETS_MAX;
use crate::slots::{Place, Slots};
use crate::{decode, xmp};

/// Title, keywords, instructions, program, author, headline, credit, source, copyright, caption and its writer.
const DATASETS: [u8; 11] = [5, KEYWORD, 40, 65, 80, 105, 110, 115, 116, 120, 122];
const KEYWORD: u8 = 25;
const RECORDS: u16 = 0x0404;
const XMP: u16 = 0x0424;

/// Reads image resources: IPTC records and XMP among them.
pub(super) fn resources(mut block: &[u8], slots: &mut Slots) {
    while let Some(rest) = block.strip_prefix(b"8BIM")
        && let Some((id, rest)) = rest.split_first_chunk::<2>()
        && let Some(n_name) = rest.first()
        // The name's length counts with it; both are padded.
        && let Some(rest) = rest.get((usize::from(*n_name) + 2) & !1..)
        && let Some((len, rest)) = rest.split_first_chunk::<4>()
    {
        let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
        let data = &rest[..len.min(rest.len())];
        match u16::from_be_bytes(*id) {
            RECORDS => read(data, slots),
            XMP => xmp::take(data, slots),
            _ => {}
        }
        let behind = &rest[data.len()..];
        // Some writers forget to pad.
        block = if behind.starts_with(b"8BIM") { behind } else { behind.get(1..).unwrap_or_default() };
    }
}

/// Reads records, or the image resources that hold them.
pub(super) fn read(block: &[u8], slots: &mut Slots) {
    if block.starts_with(b"8BIM") {
        return resources(block, slots);
    }
    let (mut keywords, mut is_utf_8) = (Vec::new(), false);
    let mut rest = block;
    for _ in 0..IPTC_DATASETS_MAX {
        let Some((record, dataset, value, behind)) = dataset(rest) else { break };
        rest = behind;
        match (record, dataset) {
            (1, 90) => is_utf_8 = value == b"\x1b%G",
            (2, KEYWORD) => keywords.push(text(value, is_utf_8)),
            (2, dataset) if DATASETS.contains(&dataset) && !slots.has(&Place::Iptc(dataset)) => {
                slots.add(Place::Iptc(dataset), text(value, is_utf_8));
            }
            _ => {}
        }
    }
    keywords.retain(|keyword| !keyword.is_empty());
    if !slots.has(&Place::Iptc(KEYWORD)) {
        slots.add(Place::Iptc(KEYWORD), keywords.join(", "));
    }
}

/// Record, dataset, value, and what stands behind.
fn dataset(block: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    let [0x1c, record, dataset, high, low, rest @ ..] = block else { return None };
    let stated = usize::from(u16::from_be_bytes([*high, *low]));
    let (len, rest) = if stated < 0x8000 {
        (stated, rest)
    } else {
        // An extended length: so many bytes of it follow.
        let (len, rest) = rest.split_at_checked(stated & 0x7fff).filter(|(len, _)| len.len() <= 4)?;
        (len.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
    };
    let (value, behind) = rest.split_at(len.min(rest.len()));
    Some((*record, *dataset, value, behind))
}

fn text(value: &[u8], is_utf_8: bool) -> String {
    let text =
        if is_utf_8 { decode::text(String::from_utf8_lossy(value).as_bytes()) } else { decode::text(value) };
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::Wanted;

    fn entry(record: u8, dataset: u8, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[0x1c, record, dataset][..], &len, value].concat()
    }

    fn resource(id: u16, name: &[u8], data: &[u8]) -> Vec<u8> {
        let mut block = [&b"8BIM"[..], &id.to_be_bytes(), &[name.len() as u8], name].concat();
        block.extend(vec![0; (name.len() + 1) % 2]);
        block.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        block.extend(data);
        block.extend(vec![0; data.len() % 2]);
        block
    }

    fn texts(block: &[u8]) -> Vec<(u8, String)> {
        let mut slots = Slots::new(Wanted::Recipe);
        read(block, &mut slots);
        let dataset = |place: &Place| if let Place::Iptc(dataset) = place { *dataset } else { 0 };
        slots.all().iter().map(|slot| (dataset(&slot.place), slot.text.clone())).collect()
    }

    #[test]
    fn captions_and_keywords_in_any_code() {
        let plain = [
            entry(2, 0, &[0, 4]),
            entry(2, 25, b"sea"),
            entry(2, 120, b"a M\xf6we"),
            entry(2, 25, b" fog "),
            entry(2, 120, b"second"),
        ];
        assert_eq!(texts(&plain.concat()), [(120, "a Möwe".to_owned()), (25, "sea, fog".to_owned())]);
        let marked = [entry(1, 90, b"\x1b%G"), entry(2, 5, b"M\xc3\xb6we \xff")];
        assert_eq!(texts(&marked.concat()), [(5, "Möwe \u{fffd}".to_owned())]);
        let extended = [&[0x1c, 2, 120, 0x80, 4, 0, 0, 0, 3][..], b"abc", &entry(2, 5, b"x")].concat();
        assert_eq!(texts(&extended), [(120, "abc".to_owned()), (5, "x".to_owned())]);
    }

    #[test]
    fn d15_wrong_lengths_and_odd_names_are_survived() {
        let caption = entry(2, 120, b"caption");
        for name in [&b""[..], b"a", b"ab", b"abc"] {
            let block = [resource(0x03ed, name, b"odd"), resource(RECORDS, name, &caption)].concat();
            assert_eq!(texts(&block), [(120, "caption".to_owned())]);
        }
        let cut = [&caption[..], &[0x1c, 2, 5, 0, 200], b"cut"].concat();
        assert_eq!(texts(&cut), [(120, "caption".to_owned()), (5, "cut".to_owned())]);
        for bad in [
            &[0x1c, 2, 5, 0xff, 0xff][..],
            &[0x1c, 2, 5, 0x80, 9, 1],
            b"8BIM\x04\x04\xff",
            b"8BIM\x04\x04\0\0\xff",
        ] {
            assert_eq!(texts(bad), []);
        }
        let order =
            [entry(2, 120, b"caption"), entry(1, 90, b"\x1b%G"), entry(9, 9, b""), entry(2, 5, b"title")];
        assert_eq!(texts(&order.concat()).len(), 2);
        let many = entry(2, 25, b"k").repeat(100_000);
        assert_eq!(texts(&many)[0].1.len(), IPTC_DATASETS_MAX * 3 - 2);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, is_resource: bool) {
            texts(&[if is_resource { &b"8BIM\x04\x04"[..] } else { &[0x1c, 2] }, &bytes].concat());
        }
    }
}
