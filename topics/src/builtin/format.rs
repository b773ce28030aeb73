//! A model as bytes, little-endian:
//!
//! ```text
//! magic "LXTM" | format u32 | prompts u64 | level f32 | terms u32
//! hash u64, rising, for each term | frequency u32 | scale f32 | LEARNED codes i8
//! checksum u64 of all before
//! ```

use std::collections::HashMap;

use super::{LEARNED, Model, TERMS_MAX};
use crate::vector::hash;

/// Number of the layout and of everything that a vector depends on: vectors of different numbers do not
/// compare. 1: the first.
pub const FORMAT: u32 = 1;

const MAGIC: &[u8; 4] = b"LXTM";
const HEAD_BYTES: usize = 4 + 4 + 8 + 4 + 4;
const TERM_BYTES: usize = 8 + 4 + 4 + LEARNED;
const SUM_BYTES: usize = 8;

/// The bytes are not a model that this version can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They begin with something else.
    #[error("not a model of prompts")]
    Foreign,
    /// They are of another format.
    #[error("a model of format {0}, which this version does not read")]
    Format(u32),
    /// There are too few or too many, or their checksum differs, or numbers are out of range.
    #[error("a damaged model")]
    Damaged,
}

impl Model {
    /// The model as bytes; their layout is of number [`FORMAT`].
    pub fn encode(&self) -> Vec<u8> {
        let mut hashes: Vec<(u64, u32)> = self.rows.iter().map(|(hash, row)| (*hash, *row)).collect();
        hashes.sort_unstable();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + hashes.len() * TERM_BYTES + SUM_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&self.n_prompts.to_le_bytes());
        bytes.extend_from_slice(&self.level.to_le_bytes());
        bytes.extend_from_slice(&(hashes.len() as u32).to_le_bytes());
        for (hash, row) in hashes {
            let row = row as usize;
            bytes.extend_from_slice(&hash.to_le_bytes());
            bytes.extend_from_slice(&self.frequencies[row].to_le_bytes());
            bytes.extend_from_slice(&self.scales[row].to_le_bytes());
            bytes.extend(self.codes[row * LEARNED..][..LEARNED].iter().map(|code| code.to_le_bytes()[0]));
        }
        let sum = hash(&bytes, u64::from(FORMAT));
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads what [`Model::encode`] wrote. Takes no more memory than a few times that of `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for anything else, whatever it is.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = Bytes(bytes);
        if rest.take().ok_or(Malformed::Foreign)? != *MAGIC {
            return Err(Malformed::Foreign);
        }
        let format = u32::from_le_bytes(rest.take().ok_or(Malformed::Damaged)?);
        if format != FORMAT {
            return Err(Malformed::Format(format));
        }
        let body_len = bytes.len().checked_sub(SUM_BYTES).ok_or(Malformed::Damaged)?;
        let (body, sum) = bytes.split_at(body_len);
        if hash(body, u64::from(FORMAT)).to_le_bytes() != sum {
            return Err(Malformed::Damaged);
        }
        read_body(&mut rest, body_len).ok_or(Malformed::Damaged)
    }
}

fn read_body(rest: &mut Bytes<'_>, body_len: usize) -> Option<Model> {
    let n_prompts = u64::from_le_bytes(rest.take()?);
    let level = in_range(f32::from_le_bytes(rest.take()?))?;
    let n_terms = u32::from_le_bytes(rest.take()?) as usize;
    if n_terms > TERMS_MAX || body_len != HEAD_BYTES + n_terms * TERM_BYTES {
        return None;
    }
    let mut model = Model {
        n_prompts,
        level,
        rows: HashMap::with_capacity(n_terms),
        frequencies: Vec::with_capacity(n_terms),
        scales: Vec::with_capacity(n_terms),
        codes: Vec::with_capacity(n_terms * LEARNED),
    };
    let mut last = None;
    for row in 0..n_terms {
        let hash = u64::from_le_bytes(rest.take()?);
        if last.is_some_and(|last| last >= hash) {
            return None;
        }
        last = Some(hash);
        model.rows.insert(hash, row as u32);
        model.frequencies.push(u32::from_le_bytes(rest.take()?).min(u32::MAX - 1));
        model.scales.push(in_range(f32::from_le_bytes(rest.take()?))?);
        model.codes.extend(rest.take::<LEARNED>()?.map(|byte| i8::from_le_bytes([byte])));
    }
    Some(model)
}

/// A length that arithmetic can stand.
fn in_range(length: f32) -> Option<f32> {
    (0.0..=1e6).contains(&length).then_some(length)
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }
}
