//! An XMP packet: its simple properties into slots, by their usual prefix and name. Reads elements,
//! attributes and lists of `rdf:Description`; of structures inside properties it knows nothing.
//!
//! Entities beyond the five of XML are not expanded, nothing outside the packet is opened, and what stands
//! before damage is kept.

use crate::complaint::Complaint;
use crate::decode;
use crate::limits::{XML_DEPTH_MAX, XMP_NAMESPACES_MAX, XMP_PARTS_MAX, XMP_PROPERTIES_MAX};
use crate::slots::{Place, Slots, Wanted};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

/// Namespaces and the prefixes they usually have.
const NAMESPACES: [(&str, &str); 17] = [
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf"),
    ("http://purl.org/dc/elements/1.1/", "dc"),
    ("http://ns.adobe.com/xap/1.0/", "xmp"),
    ("http://ns.adobe.com/xap/1.0/mm/", "xmpMM"),
    ("http://ns.adobe.com/xap/1.0/rights/", "xmpRights"),
    ("http://ns.adobe.com/xmp/note/", "xmpNote"),
    ("http://ns.adobe.com/exif/1.0/", "exif"),
    ("http://ns.adobe.com/tiff/1.0/", "tiff"),
    ("http://ns.adobe.com/photoshop/1.0/", "photoshop"),
    ("http://ns.adobe.com/lightroom/1.0/", "lr"),
    ("http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "Iptc4xmpCore"),
    ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt"),
    ("http://ns.adobe.com/camera-raw-settings/1.0/", "crs"),
    ("http://ns.adobe.com/exif/1.0/aux/", "aux"),
    ("http://cipa.jp/exif/1.0/", "exifEX"),
    ("http://ns.adobe.com/xmp/1.0/DynamicMedia/", "xmpDM"),
    ("http://www.w3.org/XML/1998/namespace", "xml"),
];
/// Prefixes whose properties are about how a picture was taken or developed, hundreds at a time.
const TECHNICAL: [&str; 7] = ["crs", "aux", "exifEX", "xmpDM", "rdf", "xml", "xmlns"];
/// Names under which savers keep a recipe, in whatever namespace.
const PRIVATE: [&str; 5] = ["prompt", "workflow", "parameters", "negative_prompt", "usercomment"];

/// Takes a packet, in UTF-8 or UTF-16: whole for showing, by its properties for a recipe.
pub(super) fn take(packet: &[u8], slots: &mut Slots) {
    let text = text(packet);
    match slots.wanted {
        Wanted::Everything => slots.note("xmp", text),
        Wanted::Recipe => read(&text, slots),
    }
}

fn text(packet: &[u8]) -> String {
    match packet {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => decode::file(packet).unwrap_or_default(),
        [b'<', 0, rest @ ..] if rest.get(1) == Some(&0) => decode::utf_16_text(packet, true),
        [0, b'<', 0, ..] => decode::utf_16_text(packet, false),
        _ => decode::text(packet),
    }
}

fn read(text: &str, slots: &mut Slots) {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut packet = Packet { slots, stack: Vec::new(), n_too_deep: 0, namespaces: Vec::new(), n_kept: 0 };
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => packet.open(&element),
            Ok(Event::Empty(element)) => {
                packet.open(&element);
                packet.close();
            }
            Ok(Event::End(_)) => packet.close(),
            Ok(Event::Text(text)) => packet.text(&text.into_inner()),
            Ok(Event::CData(text)) => packet.text(&text.into_inner()),
            Ok(Event::GeneralRef(name)) => packet.text(&unescaped(&format!("&{};", &*name))),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(_) => {
                packet.slots.complain(Complaint::Damaged { what: "XMP".to_owned() });
                break;
            }
        }
    }
    while !packet.stack.is_empty() {
        packet.n_too_deep = 0;
        packet.close();
    }
}

/// An element that has begun and not ended.
#[derive(Debug)]
enum Level {
    /// Around descriptions.
    Outside,
    Description,
    Property {
        name: String,
        text: String,
        items: Vec<String>,
    },
    List {
        is_choice: bool,
    },
    Item {
        text: String,
        is_default: bool,
    },
    /// What stands between a value and its qualifiers.
    Qualified,
    Value,
    Ignored,
}

struct Packet<'s> {
    slots: &'s mut Slots,
    stack: Vec<Level>,
    /// Elements open beyond the depth that is followed.
    n_too_deep: usize,
    /// Depth at which it was declared, prefix, usual prefix.
    namespaces: Vec<(usize, String, Cow<'static, str>)>,
    n_kept: usize,
}

impl Packet<'_> {
    fn open(&mut self, element: &BytesStart<'_>) {
        if self.n_too_deep > 0 || self.stack.len() >= XML_DEPTH_MAX {
            self.n_too_deep += 1;
            return;
        }
        let mut attributes = element.attributes();
        attributes.with_checks(false);
        let attributes: Vec<_> = attributes
            .flatten()
            .take(XMP_PARTS_MAX)
            .map(|attribute| (attribute.key.0.to_owned(), attribute.value))
            .collect();
        for (key, uri) in &attributes {
            self.declare(key, uri);
        }
        let name = self.resolved(element.name().0);
        let level = self.level(&name, &attributes);
        if matches!(level, Level::Description) {
            for (key, value) in &attributes {
                let name = self.resolved(key);
                self.keep(&name, &unescaped(value));
            }
        }
        self.stack.push(level);
    }

    fn declare(&mut self, key: &str, uri: &str) {
        let prefix = if key == "xmlns" { Some("") } else { key.strip_prefix("xmlns:") };
        if let Some(prefix) = prefix
            && self.namespaces.len() < XMP_NAMESPACES_MAX
        {
            let known = NAMESPACES.iter().find(|(known, _)| *known == uri.trim());
            let usual = known.map_or(Cow::Owned(prefix.to_owned()), |(_, usual)| Cow::Borrowed(*usual));
            self.namespaces.push((self.stack.len(), prefix.to_owned(), usual));
        }
    }

    /// The name with its usual prefix.
    fn resolved(&self, name: &str) -> String {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declared = self.namespaces.iter().rev().find(|(_, known, _)| known == prefix);
        match declared.map_or(prefix, |(_, _, usual)| usual) {
            "" => local.to_owned(),
            usual => format!("{usual}:{local}"),
        }
    }

    /// What an element is, by its name and where it stands.
    fn level(&self, name: &str, attributes: &[(String, Cow<'_, str>)]) -> Level {
        let value = |key: &str| {
            let found = attributes.iter().find(|(known, _)| self.resolved(known) == key);
            found.map(|(_, value)| unescaped(value))
        };
        let resource = || value("rdf:resource").unwrap_or_default().into_owned();
        match (self.stack.last(), name) {
            (None | Some(Level::Outside), "rdf:Description") => Level::Description,
            (None | Some(Level::Outside), _) => Level::Outside,
            (Some(Level::Description), _) => {
                Level::Property { name: name.to_owned(), text: resource(), items: Vec::new() }
            }
            (Some(Level::Property { .. }), "rdf:Alt") => Level::List { is_choice: true },
            (Some(Level::Property { .. }), "rdf:Bag" | "rdf:Seq") => Level::List { is_choice: false },
            (Some(Level::List { .. }), "rdf:li") => Level::Item {
                text: resource(),
                is_default: value("xml:lang").is_some_and(|language| language == "x-default"),
            },
            (Some(Level::Property { .. } | Level::Item { .. }), "rdf:Description") => Level::Qualified,
            (Some(Level::Property { .. } | Level::Item { .. } | Level::Qualified), "rdf:value") => {
                Level::Value
            }
            _ => Level::Ignored,
        }
    }

    fn text(&mut self, more: &str) {
        let is_value =
            matches!(self.stack.last(), Some(Level::Property { .. } | Level::Item { .. } | Level::Value));
        if is_value && self.n_too_deep == 0 {
            let holder = self.stack.iter_mut().rev().find_map(|level| match level {
                Level::Property { text, .. } | Level::Item { text, .. } => Some(text),
                _ => None,
            });
            if let Some(text) = holder {
                text.push_str(more);
            }
        }
    }

    fn close(&mut self) {
        if self.n_too_deep > 0 {
            self.n_too_deep -= 1;
            return;
        }
        match self.stack.pop() {
            Some(Level::Property { name, text, items }) => {
                let value = if items.is_empty() { text } else { items.join(", ") };
                self.keep(&name, &value);
            }
            Some(Level::Item { text, is_default }) => self.item(text.trim(), is_default),
            _ => {}
        }
        let depth = self.stack.len();
        while self.namespaces.last().is_some_and(|(declared, _, _)| *declared >= depth) {
            self.namespaces.pop();
        }
    }

    /// Of alternatives one is kept: the default, or else the first.
    fn item(&mut self, item: &str, is_default: bool) {
        let is_choice = matches!(self.stack.last(), Some(Level::List { is_choice: true }));
        let Some(Level::Property { items, .. }) = self.stack.iter_mut().rev().nth(1) else { return };
        if item.is_empty() || items.len() >= XMP_PARTS_MAX {
            return;
        }
        if !is_choice || items.is_empty() {
            items.push(item.to_owned());
        } else if is_default {
            *items = vec![item.to_owned()];
        }
    }

    fn keep(&mut self, name: &str, value: &str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let is_technical = TECHNICAL.contains(&prefix) || local == "xmlns";
        if is_technical && !PRIVATE.iter().any(|known| known.eq_ignore_ascii_case(local)) {
            return;
        }
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        if self.n_kept >= XMP_PROPERTIES_MAX {
            self.slots.complain(Complaint::TooManyValues { limit: XMP_PROPERTIES_MAX });
            return;
        }
        self.n_kept += 1;
        self.slots.add(Place::Xmp(name.to_owned()), value.to_owned());
    }
}

/// A text without the five entities and character references; what else begins like one stays as it is.
fn unescaped(text: &str) -> Cow<'_, str> {
    /// Of the longest reference: `&#x10FFFF;`, with some zeros in front.
    const REFERENCE_BYTES_MAX: usize = 16;
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut plain = text[..first].to_owned();
    let mut rest = &text[first..];
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let len = memchr::memchr(b';', &rest.as_bytes()[..rest.len().min(REFERENCE_BYTES_MAX)]);
        match len.and_then(|len| Some((referred(&rest[1..len])?, len))) {
            Some((letter, len)) => {
                plain.push(letter);
                rest = &rest[len + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn referred(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let code = match code.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => code.parse(),
    };
    code.ok().and_then(char::from_u32).filter(|letter| *letter != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>";
    const TAIL: &str = "</rdf:RDF></x:xmpmeta>";
    const DC: &str = "xmlns:dc='http://purl.org/dc/elements/1.1/'";

    fn properties(packet: &[u8]) -> Vec<(String, String)> {
        let mut slots = Slots::new(Wanted::Recipe);
        take(packet, &mut slots);
        let slots = slots.all().iter();
        slots.map(|slot| (slot.place.name(), slot.text.clone())).collect()
    }

    #[track_caller]
    fn check(packet: &str, want: &[(&str, &str)]) {
        let want: Vec<_> = want.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(properties(packet.as_bytes()), want);
    }

    #[test]
    fn elements_attributes_and_lists() {
        let packet = format!(
            "<?xpacket begin='\u{feff}' id='W5M0MpCehiHzreSzNTczkc9d'?>{HEAD}<rdf:Description rdf:about='' {DC}
             xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:CreatorTool='Draw &quot;Things&quot;' crs:Exposure='1'>
             <dc:title><rdf:Alt><rdf:li xml:lang='de'>Ein Turm</rdf:li><rdf:li xml:lang='x-default'>A tower</rdf:li></rdf:Alt></dc:title>
             <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li> fog </rdf:li><rdf:li/></rdf:Bag></dc:subject>
             <dc:description>a &lt;tower&gt;&#xA;by &amp; by<!-- no --> <![CDATA[<night>]]></dc:description>
             <Iptc4xmpExt:DigitalSourceType rdf:resource='http://cv.iptc.org/x/trainedAlgorithmicMedia'/>
             <xmpMM:History><rdf:Seq><rdf:li rdf:parseType='Resource'><stEvt:action>saved</stEvt:action></rdf:li></rdf:Seq></xmpMM:History>
             <dc:source rdf:parseType='Resource'><rdf:value>a well</rdf:value><x:note>deep</x:note></dc:source>
             </rdf:Description>{TAIL}"
        );
        check(
            &packet,
            &[
                ("xmp:CreatorTool", "Draw \"Things\""),
                ("dc:title", "A tower"),
                ("dc:subject", "sea, fog"),
                ("dc:description", "a <tower>\nby & by <night>"),
                ("Iptc4xmpExt:DigitalSourceType", "http://cv.iptc.org/x/trainedAlgorithmicMedia"),
                ("dc:source", "a well"),
            ],
        );
    }

    #[test]
    fn namespaces_are_known_by_what_they_are_not_by_their_prefix() {
        check(
            "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description \
             xmlns:a='http://purl.org/dc/elements/1.1/' a:format='image/png' xmlns:dc='urn:my-own' dc:prompt='a gull'>\
             <a:title><r:Alt><r:li>Gull</r:li></r:Alt></a:title></r:Description>\
             <r:Description xmlns='urn:other' a:title='x'><workflow>{}</workflow></r:Description></r:RDF>",
            &[
                ("dc:format", "image/png"),
                ("dc:prompt", "a gull"),
                ("dc:title", "Gull"),
                ("a:title", "x"),
                ("workflow", "{}"),
            ],
        );
    }

    #[test]
    fn d13_entities_are_not_expanded() {
        let laughs: String = (1..10)
            .map(|nth| format!("<!ENTITY l{nth} \"{}\">", format!("&l{};", nth - 1).repeat(10)))
            .collect();
        let packet = format!(
            "<!DOCTYPE x [<!ENTITY l0 'ha'>{laughs}<!ENTITY f SYSTEM 'file:///etc/hostname'>]>{HEAD}<rdf:Description {DC}>\
             <dc:title>&l9; &f; & &#0; &#xD800; &#99999999999; &amp</dc:title></rdf:Description>{TAIL}"
        );
        check(&packet, &[("dc:title", "&l9; &f; & &#0; &#xD800; &#99999999999; &amp")]);
    }

    #[test]
    fn d13_depth_and_number_are_bounded() {
        let deep = format!(
            "{HEAD}<rdf:Description {DC} dc:title='kept'>{}</rdf:Description>{TAIL}",
            "<dc:a>".repeat(10_000)
        );
        check(&deep, &[("dc:title", "kept")]);
        let balanced = format!(
            "{HEAD}<rdf:Description {DC}>{}x{}<dc:title>kept</dc:title></rdf:Description>{TAIL}",
            "<dc:a>".repeat(10_000),
            "</dc:a>".repeat(10_000)
        );
        check(&balanced, &[("dc:title", "kept")]);
        let many: String = (0..5_000).map(|nth| format!("<dc:p{nth}>x</dc:p{nth}>")).collect();
        let many = format!("{HEAD}<rdf:Description {DC}>{many}</rdf:Description>{TAIL}");
        assert_eq!(properties(many.as_bytes()).len(), XMP_PROPERTIES_MAX);
        let items =
            format!("<dc:subject><rdf:Bag>{}</rdf:Bag></dc:subject>", "<rdf:li>x</rdf:li>".repeat(50_000));
        let items =
            properties(format!("{HEAD}<rdf:Description {DC}>{items}</rdf:Description>{TAIL}").as_bytes());
        assert_eq!(items[0].1.len(), XMP_PARTS_MAX * 3 - 2);
        let attributes: String = (0..50_000).map(|nth| format!(" dc:a{nth}=''")).collect();
        check(
            &format!(
                "{HEAD}<rdf:Description {DC}{attributes}><dc:title>kept</dc:title></rdf:Description>{TAIL}"
            ),
            &[("dc:title", "kept")],
        );
        let spaces: String = (0..5_000).map(|nth| format!(" xmlns:n{nth}='urn:{nth}'")).collect();
        check(
            &format!("{HEAD}<rdf:Description {DC} dc:title='kept'{spaces}/>{TAIL}"),
            &[("dc:title", "kept")],
        );
    }

    #[test]
    fn d13_what_stands_before_damage_is_kept() {
        let start = format!("{HEAD}<rdf:Description {DC} dc:format='image/png'>");
        let format = ("dc:format", "image/png");
        check(&format!("{start}<dc:title>a tow"), &[format, ("dc:title", "a tow")]);
        check(&format!("{start}<dc:title><rdf:Alt><rdf:li>a tow"), &[format, ("dc:title", "a tow")]);
        check(&format!("{start}<dc:title>one</dc:wrong><dc:source"), &[format, ("dc:title", "one")]);
        check(&format!("{start}</a></b></c></d>"), &[format]);
        check("", &[]);
        check("not XML at all", &[]);
    }

    #[test]
    fn d13_packets_in_utf_16_and_with_nul() {
        let packet = format!("{HEAD}<rdf:Description {DC} dc:title='Möwe 猫'/>{TAIL}");
        let want = [("dc:title".to_owned(), "Möwe 猫".to_owned())];
        for (mark, little) in [("\u{feff}", true), ("\u{feff}", false), ("", true), ("", false)] {
            let order = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
            let wide: Vec<u8> = format!("{mark}{packet}").encode_utf16().flat_map(order).collect();
            assert_eq!(properties(&wide), want, "{mark} {little}");
        }
        assert_eq!(properties(packet.replace("Description", "Descr\0iption").as_bytes()), want);
    }

    #[test]
    fn for_showing_the_packet_stays_whole() {
        let mut slots = Slots::new(Wanted::Everything);
        take(b"<x:xmpmeta/>", &mut slots);
        assert_eq!((slots.all().len(), slots.all()[0].text.as_str()), (1, "<x:xmpmeta/>"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in r#"(<rdf:RDF>|<rdf:Description|<rdf:li>|<rdf:Alt>|<dc:a>|</dc:a>|/>|>|<|xmlns:dc='|' dc:b="&#x|;|&|"|<!\[CDATA\[|\]\]>|<!--|[a-z é]{0,3}){0,30}"#) {
            properties(text.as_bytes());
        }
    }
}
