//! Compressed values, inflated within what is left for the file. Knows nothing of what they hold.

use crate::complaint::Complaint;
use crate::limits::{INFLATED_BYTES_PER_FILE_MAX, VALUE_BYTES_MAX};
use crate::slots::Slots;
use flate2::{Decompress, FlushDecompress, Status};

/// What came out of a compressed value.
pub(super) struct Inflated {
    pub(super) bytes: Vec<u8>,
    /// Whether the end was reached without damage.
    pub(super) is_whole: bool,
}

impl Inflated {
    /// The text that came out; of a damaged value as much as is text for certain.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match std::str::from_utf8(&self.bytes) {
            Err(error) if !self.is_whole && error.error_len().is_some() => None,
            Err(error) if !self.is_whole => Some(&self.bytes[..error.valid_up_to()]),
            _ => Some(&self.bytes),
        }
    }
}

/// A zlib stream. `None` and a complaint where it goes beyond the bounds; a complaint where it is damaged.
pub(super) fn zlib(stream: &[u8], what: &str, slots: &mut Slots) -> Option<Inflated> {
    deflated(Decompress::new(true), stream, what, slots)
}

/// A gzip stream, likewise.
pub(super) fn gzip(stream: &[u8], what: &str, slots: &mut Slots) -> Option<Inflated> {
    deflated(Decompress::new_gzip(15), stream, what, slots)
}

/// A Brotli stream, likewise.
pub(super) fn brotli(stream: &[u8], what: &str, slots: &mut Slots) -> Option<Inflated> {
    use std::io::Read as _;
    let limit = limit(slots);
    let mut bytes = Vec::new();
    let mut reader = brotli_decompressor::Decompressor::new(stream, 8 << 10).take(limit as u64 + 1);
    let is_whole = reader.read_to_end(&mut bytes).is_ok();
    settle(Inflated { bytes, is_whole }, limit, what, slots)
}

fn limit(slots: &Slots) -> usize {
    VALUE_BYTES_MAX.min(INFLATED_BYTES_PER_FILE_MAX - slots.n_inflated.min(INFLATED_BYTES_PER_FILE_MAX))
}

fn deflated(mut inflater: Decompress, stream: &[u8], what: &str, slots: &mut Slots) -> Option<Inflated> {
    let limit = limit(slots);
    let mut out = Vec::with_capacity(stream.len().saturating_mul(3).clamp(256, 64 << 10).min(limit + 1));
    let is_whole = loop {
        let (n_in, n_out) = (inflater.total_in(), out.len());
        let rest = &stream[usize::try_from(n_in).unwrap_or(stream.len()).min(stream.len())..];
        let result = inflater.decompress_vec(rest, &mut out, FlushDecompress::None);
        if out.len() > limit {
            break true;
        }
        match result {
            Ok(Status::StreamEnd) => break true,
            Ok(_) if out.len() == out.capacity() => {
                out.reserve_exact(out.len().min(limit + 1 - out.len()).max(1))
            }
            Ok(_) if inflater.total_in() > n_in || out.len() > n_out => {}
            Ok(_) | Err(_) => break false,
        }
    };
    settle(Inflated { bytes: out, is_whole }, limit, what, slots)
}

/// Counts what came out and complains.
fn settle(inflated: Inflated, limit: usize, what: &str, slots: &mut Slots) -> Option<Inflated> {
    if inflated.bytes.len() > limit {
        slots.n_inflated += limit;
        slots.complain(Complaint::InflatesTooFar { what: what.to_owned(), limit });
        return None;
    }
    slots.n_inflated += inflated.bytes.len();
    if !inflated.is_whole {
        slots.complain(Complaint::InflateDamaged { what: what.to_owned() });
    }
    Some(inflated)
}
