//! The texts a file holds, each with the place it stood in. Dialects are sought among them.

use crate::complaint::Complaint;
use crate::json;
use crate::limits::{REPEATS_MAX, SLOTS_PER_FILE_MAX};

/// Where a text stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A PNG text chunk, by its keyword; a tag of a film or of sound, by its name.
    Keyword(String),
    /// An EXIF tag.
    Exif(u16),
    /// The comment of a JPEG or GIF.
    Comment,
    /// An XMP property by its usual prefix and name: `dc:description`.
    Xmp(String),
    /// A dataset of IPTC's record 2.
    Iptc(u8),
    /// What content credentials say: `generator`, `agent`, `source type`.
    Credential(&'static str),
    /// The picture's lowest bits.
    Hidden,
    /// A file beside this one, by its name.
    Beside(String),
    /// What a container says of itself, by the name clients know it under. Only for showing.
    Named(&'static str),
}

/// A decoded text and its place.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) place: Place,
    pub(super) text: String,
}

/// Keywords of texts that say who made a file, with what, and when.
const REMARKS: [&str; 10] = [
    "software",
    "title",
    "author",
    "artist",
    "copyright",
    "source",
    "creation time",
    "creationtime",
    "generation time",
    "disclaimer",
];

impl Slot {
    fn may_be_a_recipe(&self) -> bool {
        match &self.place {
            Place::Named(_) | Place::Credential(_) | Place::Beside(_) => false,
            Place::Keyword(keyword) => !REMARKS.iter().any(|known| known.eq_ignore_ascii_case(keyword)),
            Place::Exif(tag::USER_COMMENT | tag::DESCRIPTION | tag::XP_COMMENT) => true,
            // Graphs stand in tags of cameras and artists too.
            Place::Exif(_) => self.text.contains('{'),
            Place::Xmp(property) => {
                let told = ["description", "usercomment", "imagedescription", "headline"];
                let local = property.rsplit(':').next().unwrap_or_default();
                self.text.contains('{') || told.iter().any(|known| known.eq_ignore_ascii_case(local))
            }
            Place::Iptc(dataset) => matches!(dataset, 105 | 120),
            Place::Comment | Place::Hidden => true,
        }
    }
}

/// EXIF tags by name.
pub(super) mod tag {
    pub(crate) const DOCUMENT_NAME: u16 = 0x010d;
    pub(crate) const DESCRIPTION: u16 = 0x010e;
    pub(crate) const MAKE: u16 = 0x010f;
    pub(crate) const MODEL: u16 = 0x0110;
    pub(crate) const SOFTWARE: u16 = 0x0131;
    pub(crate) const ARTIST: u16 = 0x013b;
    pub(crate) const XMP: u16 = 0x02bc;
    pub(crate) const IPTC: u16 = 0x83bb;
    pub(crate) const PHOTOSHOP: u16 = 0x8649;
    pub(crate) const COPYRIGHT: u16 = 0x8298;
    pub(crate) const EXPOSURE_TIME: u16 = 0x829a;
    pub(crate) const F_NUMBER: u16 = 0x829d;
    pub(crate) const ISO: u16 = 0x8827;
    pub(crate) const TIME_TAKEN: u16 = 0x9003;
    pub(crate) const EXIF_DIRECTORY: u16 = 0x8769;
    pub(crate) const GPS_DIRECTORY: u16 = 0x8825;
    pub(crate) const MAKER_NOTE: u16 = 0x927c;
    pub(crate) const USER_COMMENT: u16 = 0x9286;
    pub(crate) const XP_TITLE: u16 = 0x9c9b;
    pub(crate) const XP_COMMENT: u16 = 0x9c9c;
    pub(crate) const XP_AUTHOR: u16 = 0x9c9d;
    pub(crate) const XP_KEYWORDS: u16 = 0x9c9e;
    pub(crate) const XP_SUBJECT: u16 = 0x9c9f;

    /// The standard's name of a tag that texts stand in.
    pub(crate) const fn name(tag: u16) -> Option<&'static str> {
        Some(match tag {
            DOCUMENT_NAME => "DocumentName",
            DESCRIPTION => "ImageDescription",
            MAKE => "Make",
            MODEL => "Model",
            SOFTWARE => "Software",
            ARTIST => "Artist",
            XMP => "XMP",
            COPYRIGHT => "Copyright",
            EXPOSURE_TIME => "ExposureTime",
            F_NUMBER => "FNumber",
            ISO => "ISOSpeedRatings",
            TIME_TAKEN => "DateTimeOriginal",
            MAKER_NOTE => "MakerNote",
            USER_COMMENT => "UserComment",
            XP_TITLE => "XPTitle",
            XP_COMMENT => "XPComment",
            XP_AUTHOR => "XPAuthor",
            XP_KEYWORDS => "XPKeywords",
            XP_SUBJECT => "XPSubject",
            _ => return None,
        })
    }
}

/// How much of a file's text is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What a recipe can be read from.
    Recipe,
    /// Everything there is, for showing.
    Everything,
}

/// What a container reader collects.
pub(super) struct Slots {
    pub(super) wanted: Wanted,
    pub(super) complaints: Vec<Complaint>,
    /// Bytes inflated so far.
    pub(super) n_inflated: usize,
    slots: Vec<Slot>,
}

impl Slots {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, complaints: Vec::new(), n_inflated: 0, slots: Vec::new() }
    }

    pub(super) fn complain(&mut self, complaint: Complaint) {
        // Ten thousand damaged chunks say no more than a few.
        if self.complaints.len() < 16 && !self.complaints.contains(&complaint) {
            self.complaints.push(complaint);
        }
    }

    /// Keeps a text. Of repeated infotexts the last non-empty one counts.
    pub(super) fn add(&mut self, place: Place, text: String) {
        if text.trim().is_empty() || self.wanted == Wanted::Everything && !place.is_shown() {
            return;
        }
        if let Place::Keyword(keyword) = &place
            && keyword.eq_ignore_ascii_case("parameters")
            && let Some(known) = self.slots.iter_mut().find(|slot| slot.place == place)
        {
            known.text = text;
            return;
        }
        let is_repeated = || self.slots.iter().filter(|slot| slot.place == place).count() >= REPEATS_MAX;
        if self.slots.len() >= SLOTS_PER_FILE_MAX || is_repeated() {
            self.complain(Complaint::TooManyValues { limit: SLOTS_PER_FILE_MAX });
            return;
        }
        self.slots.push(Slot { place, text });
    }

    /// Of several texts under one keyword, puts the first that is JSON before the others.
    pub(super) fn prefer_json(&mut self, keyword: &str) {
        let is_named =
            |slot: &Slot| matches!(&slot.place, Place::Keyword(known) if known.eq_ignore_ascii_case(keyword));
        let named: Vec<_> = (0..self.slots.len()).filter(|nth| is_named(&self.slots[*nth])).collect();
        let is_json = |nth: &&usize| json::len(&self.slots[**nth].text).is_some();
        if let [first, _, ..] = named[..]
            && let Some(nth) = named.iter().find(is_json)
        {
            self.slots[first..=*nth].rotate_right(1);
        }
    }

    /// Keeps what a container says of itself, where everything is wanted.
    pub(super) fn note(&mut self, name: &'static str, text: impl Into<String>) {
        if self.wanted == Wanted::Everything {
            self.add(Place::Named(name), text.into());
        }
    }

    /// Keeps a text in place of what stood there.
    pub(super) fn replace(&mut self, place: Place, text: String) {
        self.slots.retain(|slot| slot.place != place);
        self.add(place, text);
    }

    /// Whether there is a text that a recipe could be read from, and not only remarks on who made the
    /// file and when.
    pub(super) fn may_hold_a_recipe(&self) -> bool {
        self.slots.iter().any(Slot::may_be_a_recipe)
    }

    pub(super) fn all(&self) -> &[Slot] {
        &self.slots
    }

    /// Whether there is a text of that place.
    pub(super) fn has(&self, place: &Place) -> bool {
        self.slots.iter().any(|slot| slot.place == *place)
    }
}

impl Place {
    /// Whether clients are shown it: what is inside packets they are shown with the packet.
    const fn is_shown(&self) -> bool {
        !matches!(self, Self::Xmp(_) | Self::Iptc(_) | Self::Credential(_) | Self::Hidden)
    }

    /// The name of the place, as shown to people and sent to clients.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Keyword(keyword) => keyword.clone(),
            Self::Exif(tag) => tag.to_string(),
            Self::Comment => "comment".to_owned(),
            Self::Xmp(property) => property.clone(),
            Self::Iptc(dataset) => format!("iptc {dataset}"),
            Self::Credential(name) => format!("content credentials: {name}"),
            Self::Hidden => "hidden text".to_owned(),
            Self::Beside(name) => name.clone(),
            Self::Named(name) => (*name).to_owned(),
        }
    }

    /// The place in words that tell places of one name apart: `text:parameters`, `exif:UserComment`,
    /// `xmp:dc:description`, `iptc:120`, `comment`, `credentials:agent`, `hidden`, `beside:a.txt`.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Keyword(keyword) => format!("text:{keyword}"),
            Self::Exif(tag) => match tag::name(*tag) {
                Some(name) => format!("exif:{name}"),
                None => format!("exif:0x{tag:04x}"),
            },
            Self::Xmp(property) => format!("xmp:{property}"),
            Self::Iptc(dataset) => format!("iptc:{dataset}"),
            Self::Credential(name) => format!("credentials:{name}"),
            Self::Hidden => "hidden".to_owned(),
            Self::Beside(name) => format!("beside:{name}"),
            Self::Comment | Self::Named(_) => self.name(),
        }
    }
}
