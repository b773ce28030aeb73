//! A text hidden in the lowest bits of pixels: the signature, the length and the payload, whatever gives the
//! rows. Those of a PNG are inflated one by one, of each only the first pixels are kept, because the bits run
//! down the columns; it gives up with the first bit that is not of a signature, which without a hidden text
//! is in the first rows.

use crate::limits::{HIDDEN_INFLATED_BYTES_MAX, HIDDEN_ROW_BYTES_MAX, VALUE_BYTES_MAX};
use crate::picture::Picture;
use crate::slots::{Place, Slots};
use crate::source::Window;
use crate::{decode, inflate};
use flate2::{Decompress, FlushDecompress, Status};
use std::cell::RefCell;
use std::io;

/// Signature and length, in bits.
const HEAD_BITS: usize = 152;
const SIGNATURE_BYTES: usize = 15;
/// Bytes of compressed data read at once; the first piece is short because it is mostly enough.
const AHEAD_BYTES: usize = 16 << 10;
const FIRST_AHEAD_BYTES: usize = 2 << 10;

thread_local! {
    /// One per reading thread: to make one costs more than to inflate the first row.
    static INFLATER: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

/// Where bits are hidden in a pixel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Alpha,
    Colours,
}

impl Carrier {
    const fn signatures(self) -> [&'static [u8; SIGNATURE_BYTES]; 2] {
        match self {
            Self::Alpha => [b"stealth_pnginfo", b"stealth_pngcomp"],
            Self::Colours => [b"stealth_rgbinfo", b"stealth_rgbcomp"],
        }
    }

    /// The bytes of a pixel of so many that carry a bit.
    const fn channels(self, n_channels: usize) -> &'static [usize] {
        match (self, n_channels) {
            // Alpha on its own.
            (Self::Alpha, 1) => &[0],
            (Self::Alpha, _) => &[3],
            (Self::Colours, _) => &[0, 1, 2],
        }
    }
}

/// Keeps the hidden text of a PNG, if it has one.
pub(super) fn probe(window: &Window<'_>, picture: &Picture, slots: &mut Slots) -> io::Result<()> {
    let Some(form) = Form::of(window, picture)? else { return Ok(()) };
    INFLATER.with_borrow_mut(|kept| {
        let inflater = kept.get_or_insert_with(|| Decompress::new(true));
        let mut rows = Rows::new(window, picture, inflater);
        keep(&form, &mut Strip::new(&form, &mut rows), slots)
    })
}

/// Keeps the text hidden in a picture of this form, if there is one.
pub(super) fn keep(form: &Form, lines: &mut dyn Lines, slots: &mut Slots) -> io::Result<()> {
    let Some(found) = form.head(lines)?.filter(|found| form.is_fit(found)) else { return Ok(()) };
    let Some(payload) = form.payload(lines, &found)? else { return Ok(()) };
    let plain = if found.is_packed {
        inflate::gzip(&payload, "hidden text", slots).filter(|inflated| inflated.is_whole)
    } else {
        Some(inflate::Inflated { bytes: payload, is_whole: true })
    };
    if let Some(text) = plain.filter(|plain| std::str::from_utf8(&plain.bytes).is_ok()) {
        slots.add(Place::Hidden, decode::text(&text.bytes));
    }
    Ok(())
}

/// Gives the first pixels of row after row.
pub(super) trait Lines {
    /// Begins with the first row, of which so many pixels are wanted.
    fn begin(&mut self, n_columns: usize);
    /// Goes on to the next row; `false` where there is none.
    fn next(&mut self) -> io::Result<bool>;
    /// The row; at least as many pixels as are wanted.
    fn row(&self) -> &[u8];
}

/// What the header says of a picture that may carry a text.
pub(super) struct Form {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bytes of a pixel: 4 with alpha, 3 without, 1 of alpha alone.
    pub(super) n_channels: usize,
}

struct Found {
    carrier: Carrier,
    is_packed: bool,
    /// Bits of the payload.
    n_bits: usize,
}

impl Form {
    /// Eight bits, colours with or without alpha, not interlaced; `None` for everything else.
    fn of(window: &Window<'_>, picture: &Picture) -> io::Result<Option<Self>> {
        let Some(head) = window.array::<17>(12)? else { return Ok(None) };
        let n_channels = match head {
            [b'I', b'H', b'D', b'R', _, _, _, _, _, _, _, _, 8, 2, 0, 0, 0] => 3,
            [b'I', b'H', b'D', b'R', _, _, _, _, _, _, _, _, 8, 6, 0, 0, 0] => 4,
            _ => return Ok(None),
        };
        let (Ok(width), Ok(height)) = (usize::try_from(picture.width), usize::try_from(picture.height))
        else {
            return Ok(None);
        };
        let is_fit = width > 0 && height > 0 && width <= HIDDEN_ROW_BYTES_MAX / n_channels;
        Ok(is_fit.then_some(Self { width, height, n_channels }))
    }

    fn carriers(&self) -> &'static [Carrier] {
        match self.n_channels {
            1 => &[Carrier::Alpha],
            4 => &[Carrier::Alpha, Carrier::Colours],
            _ => &[Carrier::Colours],
        }
    }

    /// Columns that hold so many bits, and the rows of which they need.
    fn extent(&self, carrier: Carrier, n_bits: usize) -> Option<(usize, usize)> {
        let n_pixels = n_bits.div_ceil(carrier.channels(self.n_channels).len());
        let n_columns = n_pixels.div_ceil(self.height);
        (n_columns <= self.width).then_some((n_columns, n_pixels.min(self.height)))
    }

    /// Calls for every bit of a row: its number in the order of hiding, and whether it is set. Stops where
    /// the answer is no.
    fn bits(
        &self,
        carrier: Carrier,
        nth_row: usize,
        row: &[u8],
        mut take: impl FnMut(usize, bool) -> bool,
    ) -> bool {
        let channels = carrier.channels(self.n_channels);
        row.chunks_exact(self.n_channels).enumerate().all(|(column, pixel)| {
            let first = (column * self.height + nth_row) * channels.len();
            channels.iter().enumerate().all(|(nth, channel)| take(first + nth, pixel[*channel] & 1 == 1))
        })
    }

    /// The signature and the length behind it. Alpha is asked before the colours.
    fn head(&self, lines: &mut dyn Lines) -> io::Result<Option<Found>> {
        let mut heads: Vec<(Carrier, usize, usize, Head)> = Vec::with_capacity(2);
        for carrier in self.carriers() {
            if let Some((n_columns, n_rows)) = self.extent(*carrier, HEAD_BITS) {
                heads.push((*carrier, n_columns, n_rows, Head::default()));
            }
        }
        let n_columns = heads.iter().map(|(_, n_columns, _, _)| *n_columns).max().unwrap_or(0);
        lines.begin(n_columns);
        for nth in 0..self.height {
            if heads.is_empty() || !lines.next()? {
                return Ok(None);
            }
            heads.retain_mut(|(carrier, _, _, head)| {
                let signatures = carrier.signatures();
                self.bits(*carrier, nth, lines.row(), |bit, is_set| head.take(bit, is_set, signatures))
            });
            let is_done = |(_, _, n_rows, _): &&(Carrier, usize, usize, Head)| nth + 1 >= *n_rows;
            if let Some((carrier, _, _, head)) = heads.iter().find(is_done) {
                return Ok(Some(head.found(*carrier)));
            }
        }
        Ok(None)
    }

    /// Whether the picture has as many bits and the text is no longer than a value may be.
    fn is_fit(&self, found: &Found) -> bool {
        let n_bytes = (self.width * self.n_channels + 1).saturating_mul(self.height);
        let is_text =
            found.n_bits > 0 && found.n_bits.is_multiple_of(8) && found.n_bits / 8 <= VALUE_BYTES_MAX;
        is_text
            && n_bytes <= HIDDEN_INFLATED_BYTES_MAX
            && self.extent(found.carrier, HEAD_BITS + found.n_bits).is_some()
    }

    fn payload(&self, lines: &mut dyn Lines, found: &Found) -> io::Result<Option<Vec<u8>>> {
        let n_bits = HEAD_BITS + found.n_bits;
        let Some((n_columns, n_rows)) = self.extent(found.carrier, n_bits) else { return Ok(None) };
        let mut payload = vec![0; found.n_bits / 8];
        lines.begin(n_columns);
        for nth in 0..n_rows {
            if !lines.next()? {
                return Ok(None);
            }
            self.bits(found.carrier, nth, lines.row(), |bit, is_set| {
                let byte = bit.checked_sub(HEAD_BITS).and_then(|bit| payload.get_mut(bit / 8));
                if let Some(byte) = byte.filter(|_| is_set) {
                    *byte |= 0x80 >> (bit % 8);
                }
                true
            });
        }
        Ok(Some(payload))
    }
}

/// The first bits of one carrier.
#[derive(Default)]
struct Head {
    bytes: [u8; HEAD_BITS / 8],
    /// Signatures that it cannot be any more.
    is_not: [bool; 2],
}

impl Head {
    /// Takes a bit; whether it may still be a signature.
    fn take(&mut self, bit: usize, is_set: bool, signatures: [&[u8; SIGNATURE_BYTES]; 2]) -> bool {
        let (byte, mask) = (bit / 8, 0x80 >> (bit % 8));
        for (is_not, signature) in self.is_not.iter_mut().zip(signatures) {
            *is_not |= signature.get(byte).is_some_and(|want| (want & mask != 0) != is_set);
        }
        if let Some(byte) = self.bytes.get_mut(byte).filter(|_| is_set) {
            *byte |= mask;
        }
        self.is_not != [true; 2]
    }

    fn found(&self, carrier: Carrier) -> Found {
        let len = self.bytes[SIGNATURE_BYTES..].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        Found { carrier, is_packed: self.is_not[0], n_bits: len }
    }
}

/// The first pixels of the rows of a PNG.
struct Strip<'a, 'b> {
    rows: &'a mut Rows<'b>,
    /// The filter's number, then the pixels.
    bytes: Vec<u8>,
    above: Vec<u8>,
    n_channels: usize,
    /// Bytes of a whole row.
    row_len: usize,
    /// Bytes of a row behind them.
    n_behind: usize,
    is_first: bool,
}

impl<'a, 'b> Strip<'a, 'b> {
    fn new(form: &Form, rows: &'a mut Rows<'b>) -> Self {
        let (n_channels, row_len) = (form.n_channels, form.width * form.n_channels);
        Self { rows, bytes: Vec::new(), above: Vec::new(), n_channels, row_len, n_behind: 0, is_first: true }
    }
}

impl Lines for Strip<'_, '_> {
    fn begin(&mut self, n_columns: usize) {
        let len = n_columns * self.n_channels;
        self.rows.rewind();
        self.bytes = vec![0; len + 1];
        self.above = vec![0; len];
        self.n_behind = self.row_len - len;
        self.is_first = true;
    }

    fn next(&mut self) -> io::Result<bool> {
        if !std::mem::take(&mut self.is_first) {
            self.above.copy_from_slice(&self.bytes[1..]);
            if !self.rows.skip(self.n_behind)? {
                return Ok(false);
            }
        }
        Ok(self.rows.fill(&mut self.bytes)? && self.unfilter())
    }

    fn row(&self) -> &[u8] {
        &self.bytes[1..]
    }
}

impl Strip<'_, '_> {
    fn unfilter(&mut self) -> bool {
        let (filter, row) = self.bytes.split_at_mut(1);
        for at in 0..row.len() {
            let [left, above_left] = match at.checked_sub(self.n_channels) {
                Some(before) => [row[before], self.above[before]],
                None => [0, 0],
            };
            let above = self.above[at];
            let guess = match filter[0] {
                0 => 0,
                1 => left,
                2 => above,
                3 => ((u16::from(left) + u16::from(above)) / 2) as u8,
                4 => nearest(left, above, above_left),
                _ => return false,
            };
            row[at] = row[at].wrapping_add(guess);
        }
        true
    }
}

/// Of left, above and above left the one that is nearest to the first two less the third.
fn nearest(left: u8, above: u8, above_left: u8) -> u8 {
    let [a, b, c] = [left, above, above_left].map(i16::from);
    let distance = |value: i16| (a + b - c - value).abs();
    match () {
        () if distance(a) <= distance(b) && distance(a) <= distance(c) => left,
        () if distance(b) <= distance(c) => above,
        () => above_left,
    }
}

/// The picture's data, inflated bit by bit.
struct Rows<'a> {
    window: &'a Window<'a>,
    picture: &'a Picture,
    inflater: &'a mut Decompress,
    input: Vec<u8>,
    /// What of the input is used.
    at: usize,
    /// How much of the data was read.
    n_read: u64,
    hint: (usize, u64),
    scratch: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn new(window: &'a Window<'_>, picture: &'a Picture, inflater: &'a mut Decompress) -> Self {
        let mut rows = Self {
            window,
            picture,
            inflater,
            input: Vec::new(),
            at: 0,
            n_read: 0,
            hint: (0, 0),
            scratch: Vec::new(),
        };
        rows.rewind();
        rows
    }

    fn rewind(&mut self) {
        self.inflater.reset(true);
        self.input.clear();
        (self.at, self.n_read, self.hint) = (0, 0, (0, 0));
    }

    /// Reads more of the compressed data; `false` at its end.
    fn read(&mut self) -> io::Result<bool> {
        let wanted = if self.n_read == 0 { FIRST_AHEAD_BYTES } else { AHEAD_BYTES } as u64;
        let wanted = wanted.min(self.picture.payload.len().saturating_sub(self.n_read));
        self.input.clear();
        self.at = 0;
        for (at, len) in self.picture.payload.pieces(self.n_read, wanted, &mut self.hint) {
            let start = self.input.len();
            self.input.resize(start + usize::try_from(len).unwrap_or(0), 0);
            let n = self.window.copy(at, &mut self.input[start..])?;
            self.input.truncate(start + n);
        }
        self.n_read += wanted;
        Ok(!self.input.is_empty() && self.n_read <= HIDDEN_INFLATED_BYTES_MAX as u64)
    }

    /// Inflates as much as there is room; `false` where the data ends before.
    fn fill(&mut self, out: &mut [u8]) -> io::Result<bool> {
        let mut n_filled = 0;
        while n_filled < out.len() {
            if self.at == self.input.len() && !self.read()? {
                return Ok(false);
            }
            let (n_in, n_out) = (self.inflater.total_in(), self.inflater.total_out());
            let input = &self.input[self.at..];
            let result = self.inflater.decompress(input, &mut out[n_filled..], FlushDecompress::None);
            let taken = usize::try_from(self.inflater.total_in() - n_in).unwrap_or(0);
            let given = usize::try_from(self.inflater.total_out() - n_out).unwrap_or(0);
            self.at += taken;
            n_filled += given;
            match result {
                Ok(Status::StreamEnd) => return Ok(n_filled == out.len()),
                Ok(_) if taken > 0 || given > 0 => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn skip(&mut self, n: usize) -> io::Result<bool> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.resize(AHEAD_BYTES.min(n), 0);
        let mut left = n;
        let mut is_there = true;
        while left > 0 && is_there {
            let n = left.min(scratch.len());
            is_there = self.fill(&mut scratch[..n])?;
            left -= n;
        }
        self.scratch = scratch;
        Ok(is_there)
    }
}
