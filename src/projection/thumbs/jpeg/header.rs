//! What stands before, and between, the codes of a JPEG file. Lengths are believed only within the file.

use super::huffman::{PADDING, Table};
use memchr::memchr;

/// One colour of a picture.
pub(super) struct Component {
    /// Samples across and down in a unit, 1 or 2 each.
    pub(super) sampling: (usize, usize),
    /// In zigzag order.
    pub(super) quantisation: [u16; 64],
    /// Codes of the first value of a block.
    pub(super) firsts: Table,
    /// Codes of the others.
    pub(super) others: Table,
}

/// A sequential picture of one or three colours in one scan.
pub(super) struct Header<'a> {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    pub(super) components: Vec<Component>,
    /// Units between markers that start anew; 0 when there are none.
    pub(super) restart_interval: usize,
    codes: &'a [u8],
}

/// What a frame header says of a component.
#[derive(Clone, Copy)]
struct Declared {
    id: u8,
    sampling: (usize, usize),
    quantisation: usize,
}

/// How many codes there are of each length from 1 to 16 bits, and what they stand for.
type Lengths = ([u8; 16], Vec<u8>);

/// Tables and frame as they stand when the scan begins.
#[derive(Default)]
struct Tables {
    quantisation: [Option<[u16; 64]>; 4],
    /// Counts and symbols: of first values, then of others.
    codes: [[Option<Lengths>; 4]; 2],
    size: (u32, u32),
    declared: Vec<Declared>,
    restart_interval: usize,
    /// What Adobe's marker says of the colours, if there is one.
    adobe: Option<u8>,
}

/// Width and height in pixels by the frame header, of any kind of JPEG; and whether it is progressive.
pub(in crate::projection::thumbs) fn size(bytes: &[u8]) -> Option<((u32, u32), bool)> {
    Segments::new(bytes)?.find_map(|(marker, payload)| match marker {
        0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
            Some((size_in(payload)?, matches!(marker, 0xC2 | 0xC6 | 0xCA | 0xCE)))
        }
        _ => None,
    })
}

fn size_in(frame: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| Some(u32::from(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?])));
    Some((side(3)?, side(1)?))
}

/// Marker segments up to the first scan, whose payload is the rest of the file behind its length.
struct Segments<'a> {
    bytes: &'a [u8],
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { bytes: bytes.strip_prefix(b"\xFF\xD8")? })
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&[first, marker], rest) = self.bytes.split_first_chunk()?;
            if first != 0xFF {
                return None;
            }
            // Markers may be filled up with any number of FF.
            if marker == 0xFF {
                self.bytes = &self.bytes[1..];
                continue;
            }
            let (&length, _) = rest.split_first_chunk::<2>()?;
            let payload = rest.get(2..usize::from(u16::from_be_bytes(length)))?;
            let behind = &rest[payload.len() + 2..];
            self.bytes = if marker == 0xDA { &[] } else { behind };
            return Some((marker, if marker == 0xDA { &rest[2..] } else { payload }));
        }
    }
}

impl<'a> Header<'a> {
    /// `None` when the picture is of another kind, or damaged.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut tables = Tables::default();
        for (marker, payload) in Segments::new(bytes)? {
            match marker {
                0xDB => tables.read_quantisation(payload)?,
                0xC4 => tables.read_codes(payload)?,
                0xC0 | 0xC1 => tables.read_frame(payload)?,
                // Progressive, lossless, arithmetic.
                0xC2 | 0xC3 | 0xC5..=0xC7 | 0xC9..=0xCF => return None,
                0xDD => {
                    tables.restart_interval = usize::from(u16::from_be_bytes(*payload.first_chunk()?));
                }
                0xEE if payload.starts_with(b"Adobe") => tables.adobe = payload.get(11).copied(),
                0xDA => return tables.start_scan(payload),
                _ => {}
            }
        }
        None
    }

    /// The most samples of a component, across and down.
    pub(super) fn sampling_max(&self) -> (usize, usize) {
        let max = |side: fn(&Component) -> usize| self.components.iter().map(side).max().unwrap_or(1);
        (max(|component| component.sampling.0), max(|component| component.sampling.1))
    }

    pub(super) fn stretches(&self) -> Stretches<'a> {
        Stretches { rest: Some(self.codes) }
    }
}

impl Tables {
    fn read_quantisation(&mut self, mut payload: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = payload.split_first() {
            let table = self.quantisation.get_mut(usize::from(kind & 15))?;
            let mut values = [0u16; 64];
            let width = if kind >> 4 == 0 { 1 } else { 2 };
            let stored = rest.get(..64 * width)?;
            for (value, bytes) in values.iter_mut().zip(stored.chunks_exact(width)) {
                *value = bytes.iter().fold(0, |value, byte| value << 8 | u16::from(*byte));
            }
            *table = Some(values);
            payload = &rest[64 * width..];
        }
        Some(())
    }

    fn read_codes(&mut self, mut payload: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = payload.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let n: usize = counts.iter().map(|n| usize::from(*n)).sum();
            let symbols = rest.get(..n).filter(|_| n <= 256)?;
            let slot = self.codes.get_mut(usize::from(kind >> 4))?.get_mut(usize::from(kind & 15))?;
            *slot = Some((*counts, symbols.to_vec()));
            payload = &rest[n..];
        }
        Some(())
    }

    fn read_frame(&mut self, payload: &[u8]) -> Option<()> {
        let (&[8, _, _, _, _, n], rest) = payload.split_first_chunk()? else { return None };
        self.size = size_in(payload).filter(|(width, height)| *width > 0 && *height > 0)?;
        if !self.declared.is_empty() || !matches!(n, 1 | 3) {
            return None;
        }
        for declared in rest.chunks_exact(3).take(usize::from(n)) {
            let sampling = (usize::from(declared[1] >> 4), usize::from(declared[1] & 15));
            self.declared.push(Declared {
                id: declared[0],
                sampling,
                quantisation: usize::from(declared[2]),
            });
        }
        // A picture of one colour is stored block by block, whatever is declared.
        if let [only] = &mut self.declared[..] {
            only.sampling = (1, 1);
        }
        let is_usual = |declared: &Declared| {
            let (h, v) = declared.sampling;
            matches!(h, 1 | 2) && matches!(v, 1 | 2)
        };
        let is_known = self.declared.iter().all(is_usual)
            && self.declared.iter().skip(1).all(|chroma| chroma.sampling == (1, 1));
        (is_known && self.declared.len() == usize::from(n)).then_some(())
    }

    /// With the scan's header, which is in front of the codes.
    fn start_scan(self, payload: &[u8]) -> Option<Header<'_>> {
        let (&n, rest) = payload.split_first()?;
        let chosen = rest.get(..usize::from(n) * 2)?;
        // Three colours may be something else than luma and chroma.
        let ids: Vec<u8> = self.declared.iter().map(|declared| declared.id).collect();
        let is_rgb = self.adobe == Some(0) || (self.adobe.is_none() && ids == *b"RGB");
        if usize::from(n) != self.declared.len() || (n == 3 && is_rgb) {
            return None;
        }
        let mut components = Vec::new();
        for (declared, chosen) in self.declared.iter().zip(chosen.chunks_exact(2)) {
            let table = |kind: usize, nth: u8| {
                let (counts, symbols) = self.codes[kind].get(usize::from(nth))?.as_ref()?;
                Table::new(counts, symbols)
            };
            if chosen[0] != declared.id {
                return None;
            }
            components.push(Component {
                sampling: declared.sampling,
                quantisation: (*self.quantisation.get(declared.quantisation)?)?,
                firsts: table(0, chosen[1] >> 4)?,
                others: table(1, chosen[1] & 15)?,
            });
        }
        let codes = rest.get(usize::from(n) * 2 + 3..)?;
        Some(Header { size: self.size, components, restart_interval: self.restart_interval, codes })
    }
}

/// The codes between two markers, one after the other.
pub(super) struct Stretches<'a> {
    rest: Option<&'a [u8]>,
}

impl Stretches<'_> {
    /// The next one without stuffing, and with zeros behind; `None` when there is no more.
    pub(super) fn next_into(&mut self, stretch: &mut Vec<u8>) -> Option<()> {
        let mut rest = self.rest.take()?;
        stretch.clear();
        loop {
            let Some(at) = memchr(0xFF, rest) else {
                stretch.extend_from_slice(rest);
                break;
            };
            stretch.extend_from_slice(&rest[..at]);
            match rest.get(at + 1) {
                Some(0) => {
                    stretch.push(0xFF);
                    rest = &rest[at + 2..];
                }
                Some(0xFF) => rest = &rest[at + 1..],
                Some(0xD0..=0xD7) => {
                    self.rest = Some(&rest[at + 2..]);
                    break;
                }
                _ => break,
            }
        }
        stretch.extend_from_slice(&[0; PADDING]);
        Some(())
    }
}
