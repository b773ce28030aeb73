//! What a program puts into a file besides the picture, before it is known into which kind of file: texts,
//! EXIF, packets, comments, and files beside it.

/// An EXIF entry of bytes: tag, kind, value.
pub(crate) type Tag = (u16, u16, Vec<u8>);

/// The `UserComment`.
pub(crate) const COMMENT: u16 = crate::container::USER_COMMENT;
/// The `Software`.
pub(crate) const SOFTWARE: u16 = 0x0131;
/// The `ImageDescription`.
pub(crate) const DESCRIPTION: u16 = 0x010e;

/// All of it. What a kind of file has no place for is left out by its writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Keywords and texts: of PNG, of films and of sound.
    pub(crate) texts: Vec<(String, String)>,
    /// As `comf` chunks behind the picture instead of ordinary ones.
    pub(crate) is_private: bool,
    /// The order of bytes in EXIF.
    pub(crate) little: bool,
    /// Entries of IFD0.
    pub(crate) ifd0: Vec<Tag>,
    /// Entries of the Exif directory.
    pub(crate) exif: Vec<Tag>,
    /// An XMP packet.
    pub(crate) xmp: Option<String>,
    /// The comment of a JPEG or a GIF.
    pub(crate) comment: Option<String>,
    /// A caption and keywords as IPTC records.
    pub(crate) iptc: Option<Vec<u8>>,
    /// A store of content credentials.
    pub(crate) credentials: Option<Vec<u8>>,
    /// A text among the pixels, under one of the four signatures.
    pub(crate) hidden: Option<(&'static str, String)>,
    /// What follows the hidden text.
    pub(crate) hidden_end: &'static [u8],
    /// Whether a tool that knows nothing of checksums changed the texts of a PNG in place, and left something
    /// behind its end.
    pub(crate) is_edited: bool,
    /// Whether the log of the folder says it all.
    pub(crate) is_logged: bool,
    /// Files beside the picture: the end of the name that stands for the picture's extension, or a whole
    /// name, and the text.
    pub(crate) beside: Vec<(&'static str, String)>,
}

impl Notes {
    /// A text under a keyword.
    pub(crate) fn text(mut self, keyword: &str, text: impl Into<String>) -> Self {
        self.texts.push((keyword.to_owned(), text.into()));
        self
    }

    /// A value in IFD0, with the NUL that ends a text of kind 2.
    pub(crate) fn tag(mut self, tag: u16, text: &str) -> Self {
        self.ifd0.push((tag, 2, [text.as_bytes(), b"\0"].concat()));
        self
    }

    /// A user comment under a character code, which has eight bytes or none.
    pub(crate) fn user_comment(mut self, code: &[u8], text: &str) -> Self {
        self.exif.push((COMMENT, 7, [code, text.as_bytes()].concat()));
        self
    }

    /// A user comment in UTF-16.
    pub(crate) fn unicode(mut self, text: &str, little: bool) -> Self {
        self.exif.push((COMMENT, 7, crate::container::unicode(text, little)));
        self
    }

    /// A file beside the picture.
    pub(crate) fn beside(mut self, end: &'static str, text: impl Into<String>) -> Self {
        self.beside.push((end, text.into()));
        self
    }
}

/// Texts as IPTC-IIM records: number and value, marked as UTF-8.
pub(crate) fn records(values: &[(u8, &str)]) -> Vec<u8> {
    let mut all = b"\x1c\x01\x5a\0\x03\x1b%G".to_vec();
    for (number, value) in values {
        all.extend([0x1c, 2, *number]);
        all.extend((value.len() as u16).to_be_bytes());
        all.extend(value.as_bytes());
    }
    all
}

/// An XMP packet of properties, each a name with its prefix and the element's inside.
pub(crate) fn packet(properties: &[(&str, String)]) -> String {
    let inside: String = properties.iter().map(|(name, text)| format!("<{name}>{text}</{name}>")).collect();
    format!(
        "<?xpacket begin='\u{feff}' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>\
         <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' \
         xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' \
         xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:tiff='http://ns.adobe.com/tiff/1.0/' \
         xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' xmlns:comfy='http://ns.example.org/graph/1.0/' \
         xmlns:Iptc4xmpExt='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'>{inside}</rdf:Description></rdf:RDF>\
         </x:xmpmeta><?xpacket end='w'?>"
    )
}

/// A text inside of XML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "&#xA;")
}

/// A text of one language, as descriptions are kept.
pub(crate) fn alternative(text: &str) -> String {
    format!("<rdf:Alt><rdf:li xml:lang='x-default'>{}</rdf:li></rdf:Alt>", escaped(text))
}

/// Texts in no order, as keywords are kept.
pub(crate) fn bag(texts: &[&str]) -> String {
    let items: String = texts.iter().map(|text| format!("<rdf:li>{}</rdf:li>", escaped(text))).collect();
    format!("<rdf:Bag>{items}</rdf:Bag>")
}

/// A text of the EXIF fields that one operating system added.
pub(crate) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Bytes as letters, four for three of them.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of_three = |three: &[u8]| {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letter = |nth: usize| match nth <= three.len() {
            true => char::from(LETTERS[(bits >> (18 - 6 * nth)) as usize & 63]),
            false => '=',
        };
        [letter(0), letter(1), letter(2), letter(3)]
    };
    bytes.chunks(3).flat_map(of_three).collect()
}
