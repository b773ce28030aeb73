//! What JPEG files cut into several segments: extended XMP, image resources, content credentials. The parts
//! are collected while the segments are walked and joined when all are there.

use crate::limits::VALUE_BYTES_MAX;
use crate::slots::{Place, Slots};
use crate::{credentials, iptc, xmp};

const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const RESOURCES: &[u8] = b"Photoshop 3.0\0";

/// Parts of values.
#[derive(Default)]
pub(super) struct Parts {
    /// Identity of the whole, where the part stands in it, the part.
    extension: Vec<([u8; 32], usize, Vec<u8>)>,
    resources: Vec<u8>,
    /// Number of the box, number of the part, the part.
    boxes: Vec<(u16, u32, Vec<u8>)>,
    n_bytes: usize,
}

impl Parts {
    /// Whether a segment that starts so is of use.
    pub(super) fn are_in(mark: u8, start: &[u8]) -> bool {
        match mark {
            0xe1 => start.starts_with(EXTENSION),
            0xeb => start.starts_with(b"JP"),
            0xed => start.starts_with(RESOURCES),
            _ => false,
        }
    }

    /// Takes what a segment holds; no more in all than a value may be long.
    pub(super) fn take(&mut self, mark: u8, segment: &[u8]) {
        if self.n_bytes + segment.len() > VALUE_BYTES_MAX {
            return;
        }
        self.n_bytes += segment.len();
        // A segment too short for its own head holds nothing.
        let _ = match mark {
            0xe1 => self.take_extension(segment),
            0xeb => self.take_box(segment),
            _ => segment.strip_prefix(RESOURCES).map(|resources| self.resources.extend_from_slice(resources)),
        };
    }

    fn take_extension(&mut self, segment: &[u8]) -> Option<()> {
        let (identity, rest) = segment.strip_prefix(EXTENSION)?.split_first_chunk::<32>()?;
        let (_length, rest) = rest.split_first_chunk::<4>()?;
        let (at, part) = rest.split_first_chunk::<4>()?;
        let at = usize::try_from(u32::from_be_bytes(*at)).ok()?;
        self.extension.push((*identity, at, part.to_vec()));
        Some(())
    }

    fn take_box(&mut self, segment: &[u8]) -> Option<()> {
        let (number, rest) = segment.strip_prefix(b"JP")?.split_first_chunk::<2>()?;
        let (nth, part) = rest.split_first_chunk::<4>()?;
        self.boxes.push((u16::from_be_bytes(*number), u32::from_be_bytes(*nth), part.to_vec()));
        Some(())
    }

    /// Joins the parts and reads what they make.
    pub(super) fn read(mut self, slots: &mut Slots) {
        iptc::resources(&self.resources, slots);
        if let Some(packet) = self.extended(slots) {
            xmp::take(&packet, slots);
        }
        for store in self.joined() {
            credentials::read(&store, slots);
        }
    }

    /// The boxes, put together. Every part repeats the head of the box.
    fn joined(&mut self) -> Vec<Vec<u8>> {
        self.boxes.sort_by_key(|(number, nth, _)| (*number, *nth));
        let mut stores: Vec<(u16, Vec<u8>)> = Vec::new();
        for (number, _, part) in &self.boxes {
            match stores.last_mut() {
                Some((known, store)) if known == number => {
                    let n_head = if part.starts_with(&[0, 0, 0, 1]) { 16 } else { 8 };
                    store.extend_from_slice(part.get(n_head..).unwrap_or_default());
                }
                _ => stores.push((*number, part.clone())),
            }
        }
        stores.into_iter().map(|(_, store)| store).collect()
    }

    /// The packet that the main one names, or else the first; up to the first part that is missing.
    fn extended(&mut self, slots: &Slots) -> Option<Vec<u8>> {
        let note = Place::Xmp("xmpNote:HasExtendedXMP".to_owned());
        let named = slots.all().iter().find(|slot| slot.place == note).map(|slot| slot.text.as_bytes());
        let has = |named: &[u8]| self.extension.iter().any(|(identity, _, _)| identity == named);
        let first = self.extension.first().map(|(identity, _, _)| *identity)?;
        let wanted =
            named.filter(|named| has(named)).and_then(|named| named.try_into().ok()).unwrap_or(first);
        self.extension.retain(|(identity, _, _)| *identity == wanted);
        self.extension.sort_by_key(|(_, at, _)| *at);
        let mut packet = Vec::new();
        for (_, at, part) in &self.extension {
            let Some(known) = packet.len().checked_sub(*at) else { break };
            packet.extend_from_slice(part.get(known..).unwrap_or_default());
        }
        Some(packet)
    }
}
