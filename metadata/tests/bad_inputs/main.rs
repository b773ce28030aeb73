//! What each row of the catalogue of bad inputs may cost: bytes asked of the file, bytes allocated in all, and
//! bytes held at once. What must come of each is checked in `src/tests`, under the same row; here only as far as
//! shows that the file was read at all. A binary of its own, because the allocator that counts is the whole
//! program's.
#![allow(clippy::unwrap_used)]

mod blocks;
mod files;
mod texts;

use allocation_counter::measure;
use lumidex_metadata::{Beside, Bytes, Hidden, Options, ReadAt, Reading, read_with};
use std::cell::Cell;
use std::io;

/// Kilobytes.
const KB: u64 = 1 << 10;
/// Megabytes.
const MB: u64 = 1 << 20;

/// The most that reading may cost, in bytes.
#[derive(Clone, Copy)]
struct Most {
    /// Asked of the file.
    read: u64,
    /// Allocated, in all.
    total: u64,
    /// Held at once.
    at_once: u64,
}

/// What a small file costs, whatever is wrong with it: its head, and a few lists.
const LITTLE: Most = Most { read: 80 * KB, total: 64 * KB, at_once: 64 * KB };

/// Counts what is asked of a file.
struct Counted<'a> {
    file: &'a dyn ReadAt,
    n_read: Cell<u64>,
}

impl ReadAt for Counted<'_> {
    fn len(&self) -> u64 {
        self.file.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(offset, buf)?;
        self.n_read.set(self.n_read.get() + n as u64);
        Ok(n)
    }
}

/// A file of which only the start and the end are there, zeros between.
struct Sparse {
    start: Vec<u8>,
    end: Vec<u8>,
    len: u64,
}

impl ReadAt for Sparse {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let end_at = self.len - self.end.len() as u64;
        let n = buf.len().min(usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX));
        for (at, byte) in (offset..).zip(&mut buf[..n]) {
            *byte = match self.start.get(usize::try_from(at).unwrap_or(usize::MAX)) {
                Some(byte) => *byte,
                None if at >= end_at => self.end[(at - end_at) as usize],
                None => 0,
            };
        }
        Ok(n)
    }
}

/// Reads bytes, every text in pixels included, and holds it to what it may cost.
#[track_caller]
fn costs(file: &[u8], most: Most) -> Reading {
    costs_beside(&Bytes(file), "a.png", &[], most)
}

/// The same of any file, with what stands beside it.
#[track_caller]
fn costs_beside(file: &dyn ReadAt, name: &str, beside: &[(&str, &[u8])], most: Most) -> Reading {
    let beside: Vec<_> = beside.iter().map(|(name, bytes)| Beside { name: name.as_bytes(), bytes }).collect();
    let counted = Counted { file, n_read: Cell::new(0) };
    let options = Options { hidden: Hidden::Always };
    let read = || read_with(&counted, name.as_bytes(), &beside, &options).unwrap();
    // What a thread keeps between files is there from the first one on.
    let first = read();
    counted.n_read.set(0);
    let mut again = None;
    let info = measure(|| again = Some(read()));
    assert_eq!(again.as_ref(), Some(&first), "the same bytes, read twice");
    let said = format!("{} bytes read, {info:?}", counted.n_read.get());
    assert!(counted.n_read.get() <= most.read, "{said}");
    assert!(info.bytes_total <= most.total, "{said}");
    assert!(info.bytes_max <= most.at_once, "{said}");
    first
}

const PROMPT: &str = "a cat";
const INFOTEXT: &str = "a cat\nNegative prompt: blur\nSteps: 20, Sampler: Euler a, CFG scale: 6.5, Seed: 42, Size: 512x768, Model: tin_v3";

#[track_caller]
fn is_read(reading: &Reading) {
    assert_eq!(reading.recipe.as_ref().map(|recipe| recipe.positive.as_str()), Some(PROMPT));
}
