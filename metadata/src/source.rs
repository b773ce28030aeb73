//! Bounded, positioned reading of one file's bytes. Knows nothing of files or formats.

use crate::complaint::Complaint;
use crate::limits::{BYTES_PER_FILE_MAX, HEAD_BYTES, VALUE_BYTES_MAX};
use crate::slots::Slots;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io;

/// Positioned reads of one file.
pub trait ReadAt {
    /// Length in bytes, as seen when it was opened.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads at most `buf.len()` bytes from `offset` on; 0 means that the file ends there.
    ///
    /// # Errors
    /// Whatever the source fails with.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

/// Bytes in memory as a source.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl ReadAt for Bytes<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        ReadAt::read_at(self.0, offset, buf)
    }
}

thread_local! {
    /// One per reading thread, so that a file costs no allocation of this size.
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A source whose first bytes are in memory, with a budget on what else is read.
pub(super) struct Window<'a> {
    source: &'a dyn ReadAt,
    head: Vec<u8>,
    n_head: usize,
    len: u64,
    budget: u64,
}

impl<'a> Window<'a> {
    /// Reads the head of `source`.
    pub(super) fn open(source: &'a dyn ReadAt) -> io::Result<Self> {
        let mut head = HEAD.take();
        head.resize(HEAD_BYTES, 0);
        let len = source.len();
        let wanted = HEAD_BYTES.min(usize::try_from(len).unwrap_or(HEAD_BYTES));
        let n_head = fill(source, 0, &mut head[..wanted])?;
        // A file that ends before its stated length was cut meanwhile; what is there is read.
        let len = if n_head < wanted { n_head as u64 } else { len };
        Ok(Self { source, head, n_head, len, budget: BYTES_PER_FILE_MAX })
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The first bytes, at most [`HEAD_BYTES`].
    pub(super) fn head(&self) -> &[u8] {
        &self.head[..self.n_head]
    }

    /// Exactly `N` bytes at `offset`; `None` where the file ends before. For headers.
    pub(super) fn array<const N: usize>(&self, offset: u64) -> io::Result<Option<[u8; N]>> {
        let mut array = [0; N];
        let n = self.copy(offset, &mut array)?;
        Ok((n == N).then_some(array))
    }

    /// Copies bytes from `offset` on, fewer where the file ends. Not counted: for the small,
    /// bounded reads of headers and fingerprints.
    pub(super) fn copy(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(held) = self.held(offset, buf.len()) {
            buf.copy_from_slice(held);
            return Ok(buf.len());
        }
        if offset >= self.len {
            return Ok(0);
        }
        fill(self.source, offset, buf)
    }

    /// `len` bytes at `offset`, fewer where the file ends or the budget does.
    pub(super) fn slice(&mut self, offset: u64, len: usize) -> io::Result<Cow<'_, [u8]>> {
        let rest = self.len.saturating_sub(offset);
        let len = len.min(usize::try_from(rest.min(self.budget)).unwrap_or(usize::MAX));
        self.budget -= len as u64;
        if self.held(offset, len).is_some() {
            // Asked twice, because the borrow of the first answer would outlive the branch.
            return Ok(Cow::Borrowed(self.held(offset, len).unwrap_or_default()));
        }
        let mut bytes = vec![0; len];
        let n = fill(self.source, offset, &mut bytes)?;
        bytes.truncate(n);
        Ok(Cow::Owned(bytes))
    }

    /// A value of `len` bytes at `offset`, as far as a value may be long; `None` and a complaint where
    /// the file holds more metadata than is read.
    pub(super) fn value(
        &mut self,
        offset: u64,
        len: u64,
        what: &str,
        slots: &mut Slots,
    ) -> io::Result<Option<Cow<'_, [u8]>>> {
        let kept = len.min(VALUE_BYTES_MAX as u64);
        if kept > self.budget {
            slots.complain(Complaint::TooMuchMetadata { limit: BYTES_PER_FILE_MAX });
            return Ok(None);
        }
        if kept < len {
            slots.complain(Complaint::ValueTooLong { what: what.to_owned(), limit: VALUE_BYTES_MAX });
        }
        self.slice(offset, usize::try_from(kept).unwrap_or(VALUE_BYTES_MAX)).map(Some)
    }

    /// How many metadata bytes may still be read.
    pub(super) fn budget(&self) -> u64 {
        self.budget
    }

    fn held(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        self.head().get(start..start.checked_add(len)?)
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        HEAD.set(std::mem::take(&mut self.head));
    }
}

fn fill(source: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buf.len() {
        let Some(at) = offset.checked_add(n as u64) else { break };
        match source.read_at(at, &mut buf[n..]) {
            Ok(0) => break,
            Ok(more) => n += more.min(buf.len() - n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n)
}
