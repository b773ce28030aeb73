//! All texts of a file as its detectors see them: found by place, and read as JSON at most once.

use crate::comfyui;
use crate::complaint::Complaint;
use crate::json::{self, Value};
use crate::slots::{Place, Slot, Slots};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

/// The texts of one file.
pub(super) struct Sheet<'a> {
    slots: &'a [Slot],
    /// Of each slot, in the same order.
    values: Vec<OnceCell<Option<Read<'a>>>>,
    /// Of each that is an editor's graph, in the same order.
    keys: Vec<OnceCell<Option<Vec<Cow<'a, str>>>>>,
    /// The file's name, which tells several savers of a graph apart.
    name: &'a str,
    complaints: RefCell<Vec<Complaint>>,
}

/// A text read as JSON.
struct Read<'a> {
    value: Value<'a>,
    /// Otherwise it ends in its middle, and this is what stands before that.
    is_whole: bool,
}

impl<'a> Sheet<'a> {
    /// Over what a container reader collected from a file of that name.
    pub(super) fn new(slots: &'a Slots, name: &'a str) -> Self {
        let slots = slots.all();
        let values = slots.iter().map(|_| OnceCell::new()).collect();
        let keys = slots.iter().map(|_| OnceCell::new()).collect();
        Self { slots, values, keys, name, complaints: RefCell::default() }
    }

    /// The file's name.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// Every text, in the order found.
    pub(super) fn slots(&self) -> &'a [Slot] {
        self.slots
    }

    /// Notes what is wrong with a text.
    pub(super) fn complain(&self, complaint: Complaint) {
        self.complaints.borrow_mut().push(complaint);
    }

    /// What was noted.
    pub(super) fn into_complaints(self) -> Vec<Complaint> {
        self.complaints.into_inner()
    }

    /// The first text under a keyword: exact, otherwise in any case of letters.
    pub(super) fn keyword(&self, keyword: &str) -> Option<&'a str> {
        self.slot_of_keyword(keyword).map(|slot| slot.text.as_str())
    }

    /// The first text of an EXIF tag.
    pub(super) fn exif(&self, tag: u16) -> Option<&'a str> {
        self.first(|place| *place == Place::Exif(tag))
    }

    /// The first comment of a JPEG or GIF.
    pub(super) fn comment(&self) -> Option<&'a str> {
        self.first(|place| *place == Place::Comment)
    }

    /// The first text of an XMP property, `dc:description` for one.
    pub(super) fn xmp(&self, property: &str) -> Option<&'a str> {
        self.first(|place| matches!(place, Place::Xmp(known) if known == property))
    }

    /// The first text of a dataset of IPTC's record 2.
    pub(super) fn iptc(&self, dataset: u8) -> Option<&'a str> {
        self.first(|place| *place == Place::Iptc(dataset))
    }

    /// What content credentials say under one of the names of [`Place::Credential`].
    pub(super) fn credential(&self, name: &str) -> Option<&'a str> {
        self.first(|place| matches!(place, Place::Credential(known) if *known == name))
    }

    /// The text hidden in the picture's lowest bits.
    pub(super) fn hidden(&self) -> Option<&'a str> {
        self.first(|place| *place == Place::Hidden)
    }

    /// A text of this sheet as JSON: its first complete value. Read once, however often it is asked
    /// for; `None` for what does not begin like an object, a list or a text.
    pub(super) fn json(&self, text: &str) -> Option<&Value<'a>> {
        let nth = self.slots.iter().position(|slot| std::ptr::eq(slot.text.as_str(), text))?;
        Some(&self.read_at(nth)?.value)
    }

    /// As [`Sheet::json`], but `None` for one that is cut off.
    pub(super) fn whole_json(&self, text: &str) -> Option<&Value<'a>> {
        let nth = self.slots.iter().position(|slot| std::ptr::eq(slot.text.as_str(), text))?;
        self.read_at(nth).filter(|read| read.is_whole).map(|read| &read.value)
    }

    /// Whether a text of this sheet is JSON that could not be read to its end.
    pub(super) fn is_broken_json(&self, slot: &Slot, text: &str) -> bool {
        json_of(slot).is_some_and(|read| read.len() == text.len()) && self.whole_json(&slot.text).is_none()
    }

    /// The first text that is a JSON object with one of these members, for which `is` holds.
    pub(super) fn object(
        &self,
        keys: &[&str],
        is: impl Fn(&Value<'a>) -> bool,
    ) -> Option<(&'a Slot, &Value<'a>)> {
        self.objects(keys).find(|(_, value)| value.map().is_some() && is(value))
    }

    /// Every text that is JSON, with its slot. Graphs of an editor are large and rarely what is sought: they
    /// are read only where they have one of these members.
    pub(super) fn objects(&self, keys: &[&str]) -> impl Iterator<Item = (&'a Slot, &Value<'a>)> {
        let shown_only = |slot: &Slot| matches!(slot.place, Place::Named(_));
        let slots = self.slots.iter().enumerate().filter(move |(_, slot)| !shown_only(slot));
        let slots = slots.filter(|(nth, _)| {
            let known = self.keys_of_graph(*nth);
            known.is_none_or(|known| keys.iter().any(|key| known.iter().any(|known| known == key)))
        });
        slots.filter_map(|(nth, slot)| Some((slot, &self.read_at(nth)?.value)))
    }

    /// The members of a text that is an editor's graph.
    fn keys_of_graph(&self, nth: usize) -> Option<&[Cow<'a, str>]> {
        let read = || json_of(&self.slots[nth]).filter(|text| comfyui::is_editor_graph(text)).map(json::keys);
        self.keys.get(nth)?.get_or_init(read).as_deref()
    }

    /// The name of the place where a text of this sheet stood.
    pub(super) fn place_of(&self, text: &str) -> String {
        let slot = self.slots.iter().find(|slot| std::ptr::eq(slot.text.as_str(), text));
        slot.map(|slot| slot.place.label()).unwrap_or_default()
    }

    fn read_at(&self, nth: usize) -> Option<&Read<'a>> {
        let slot = &self.slots[nth];
        let read = || {
            let (value, is_whole) = json::whole_or_cut(json_of(slot)?)?;
            // Who reads graphs says so of them.
            if !is_whole && json_of(slot).is_none_or(|text| !comfyui::is_graph(text)) {
                self.complain(Complaint::CutJson { what: slot.place.name() });
            }
            Some(Read { value, is_whole })
        };
        self.values.get(nth)?.get_or_init(read).as_ref()
    }

    fn slot_of_keyword(&self, keyword: &str) -> Option<&'a Slot> {
        let is = |exact: bool| {
            move |slot: &&Slot| match &slot.place {
                Place::Keyword(known) if exact => known == keyword,
                Place::Keyword(known) => known.eq_ignore_ascii_case(keyword),
                _ => false,
            }
        };
        self.slots.iter().find(is(true)).or_else(|| self.slots.iter().find(is(false)))
    }

    fn first(&self, is: impl Fn(&Place) -> bool) -> Option<&'a str> {
        self.slots.iter().find(|slot| is(&slot.place)).map(|slot| slot.text.as_str())
    }
}

/// What of a slot is read as JSON.
fn json_of(slot: &Slot) -> Option<&str> {
    let text = slot.text.trim_start_matches([' ', '\n', '\t', '\u{feff}']);
    text.starts_with(['{', '[', '"']).then_some(text)
}
