//! The texts a file holds, each with the place it stood in. Dialects are sought among them.

use crate::limits::metadata::SLOTS_PER_FILE_MAX;
use crate::metadata::complaint::Complaint;

/// Where a text stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A PNG text chunk, by its keyword.
    Keyword(String),
    /// An EXIF tag.
    Exif(u16),
    /// The comment of a JPEG or GIF.
    Comment,
    /// What a container says of itself, by the name clients know it under. Only for showing.
    Named(&'static str),
}

/// A decoded text and its place.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) place: Place,
    pub(super) text: String,
}

/// EXIF tags by name.
pub(super) mod tag {
    pub(in crate::metadata) const DOCUMENT_NAME: u16 = 0x010d;
    pub(in crate::metadata) const DESCRIPTION: u16 = 0x010e;
    pub(in crate::metadata) const MAKE: u16 = 0x010f;
    pub(in crate::metadata) const MODEL: u16 = 0x0110;
    pub(in crate::metadata) const SOFTWARE: u16 = 0x0131;
    pub(in crate::metadata) const ARTIST: u16 = 0x013b;
    pub(in crate::metadata) const XMP: u16 = 0x02bc;
    pub(in crate::metadata) const COPYRIGHT: u16 = 0x8298;
    pub(in crate::metadata) const EXIF_DIRECTORY: u16 = 0x8769;
    pub(in crate::metadata) const GPS_DIRECTORY: u16 = 0x8825;
    pub(in crate::metadata) const USER_COMMENT: u16 = 0x9286;
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
        if text.trim().is_empty() {
            return;
        }
        if let Place::Keyword(keyword) = &place
            && keyword.eq_ignore_ascii_case("parameters")
            && let Some(known) = self.slots.iter_mut().find(|slot| slot.place == place)
        {
            known.text = text;
            return;
        }
        if self.slots.len() >= SLOTS_PER_FILE_MAX {
            self.complain(Complaint::TooManyValues { limit: SLOTS_PER_FILE_MAX });
            return;
        }
        self.slots.push(Slot { place, text });
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

    pub(super) fn all(&self) -> &[Slot] {
        &self.slots
    }

    /// The first text under a PNG keyword: exact, otherwise in any case of letters.
    pub(super) fn keyword(&self, keyword: &str) -> Option<&str> {
        let is = |exact: bool| {
            move |slot: &&Slot| match &slot.place {
                Place::Keyword(known) if exact => known == keyword,
                Place::Keyword(known) => known.eq_ignore_ascii_case(keyword),
                Place::Exif(_) | Place::Comment | Place::Named(_) => false,
            }
        };
        let found = self.slots.iter().find(is(true)).or_else(|| self.slots.iter().find(is(false)));
        found.map(|slot| slot.text.as_str())
    }

    /// The first text of an EXIF tag.
    pub(super) fn exif(&self, tag: u16) -> Option<&str> {
        self.slots.iter().find(|slot| slot.place == Place::Exif(tag)).map(|slot| slot.text.as_str())
    }

    /// The first comment of a JPEG or GIF.
    pub(super) fn comment(&self) -> Option<&str> {
        self.slots.iter().find(|slot| slot.place == Place::Comment).map(|slot| slot.text.as_str())
    }
}

impl Place {
    /// The name of the place, as shown to people and sent to clients.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Keyword(keyword) => keyword.clone(),
            Self::Exif(tag) => tag.to_string(),
            Self::Comment => "comment".to_owned(),
            Self::Named(name) => (*name).to_owned(),
        }
    }
}
