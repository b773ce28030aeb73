//! A response body made of texts and spans of a file. Refuses to know what the bytes are.
//!
//! One chunk is read ahead on a thread that may block while the one before is on its way, and the
//! buffers go round; so a file of any length costs a few chunks of memory, and a slow client, whose
//! chunks stay small, two small ones and no thread.

use super::limits::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_TAKEN_SOON};
use axum::body::{Bytes, HttpBody};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

/// One part of a body.
#[derive(Debug)]
pub(crate) enum Piece {
    /// These bytes.
    Text(Bytes),
    /// These bytes of the file.
    Span(Range<u64>),
}

/// The body.
#[derive(Debug)]
pub(crate) struct Pieces {
    source: Arc<Source>,
    queue: VecDeque<Piece>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    /// Bytes of the next chunk.
    chunk: usize,
    given: Option<Instant>,
    left: u64,
    _turn: Option<OwnedSemaphorePermit>,
}

/// The file, and buffers that were sent.
#[derive(Debug)]
struct Source {
    file: File,
    spare: Mutex<Vec<Vec<u8>>>,
}

/// Buffers kept for the next chunks: one is being read while up to two are on their way.
const SPARE_MAX: usize = 2;

impl Pieces {
    /// Of these parts, in this order.
    pub(crate) fn new(file: File, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let queue: VecDeque<Piece> = pieces.into_iter().collect();
        let left = queue.iter().map(Piece::len).sum();
        let source = Arc::new(Source { file, spare: Mutex::default() });
        Self { source, queue, reading: None, chunk: CHUNK_BYTES_MIN, given: None, left, _turn: None }
    }

    /// Holds this turn until the last byte is taken or the client is gone.
    pub(crate) fn holding(self, turn: OwnedSemaphorePermit) -> Self {
        Self { _turn: Some(turn), ..self }
    }

    /// Bytes in all.
    pub(crate) fn len(&self) -> u64 {
        self.left
    }

    /// As the body of a response.
    pub(crate) fn into_body(self) -> axum::body::Body {
        axum::body::Body::new(self.map_err(axum::Error::new))
    }

    /// Begins to read what comes next, unless that is a text or is being read already.
    fn read_ahead(&mut self) {
        while let Some(Piece::Span(range)) = self.queue.front() {
            if range.is_empty() {
                self.queue.pop_front();
                continue;
            }
            if self.reading.is_none() {
                let n = (range.end - range.start).min(self.chunk as u64);
                let at = range.start;
                let rest = at + n..range.end;
                self.queue[0] = Piece::Span(rest);
                let source = Arc::clone(&self.source);
                self.reading = Some(tokio::task::spawn_blocking(move || read_at(&source, at, n)));
            }
            return;
        }
    }

    /// Chunks grow for whoever takes them quickly, and shrink for whoever lets them lie.
    fn pace(&mut self) {
        let Some(given) = self.given.take() else { return };
        self.chunk = match given.elapsed() < CHUNK_TAKEN_SOON {
            true => (self.chunk * 2).min(CHUNK_BYTES_MAX),
            false => (self.chunk / 2).max(CHUNK_BYTES_MIN),
        };
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Text(bytes) => bytes.len() as u64,
            Self::Span(range) => range.end - range.start,
        }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        // Before the disk is waited for: that is not the client's fault.
        self.pace();
        if self.reading.is_none() {
            self.read_ahead();
        }
        let chunk = match &mut self.reading {
            Some(reading) => {
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                match read.map_err(io::Error::other).flatten() {
                    Ok(chunk) => chunk,
                    Err(error) => {
                        self.queue.clear();
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            None => match self.queue.pop_front() {
                Some(Piece::Text(text)) => text,
                // Spans are read, not given.
                Some(Piece::Span(_)) | None => return Poll::Ready(None),
            },
        };
        self.read_ahead();
        self.given = Some(Instant::now());
        self.left = self.left.saturating_sub(chunk.len() as u64);
        Poll::Ready(Some(Ok(http_body::Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.left)
    }
}

/// Exactly `n` bytes. A file that became shorter breaks the answer off, for its length has been
/// promised; what was added to it since is not sent.
fn read_at(source: &Arc<Source>, at: u64, n: u64) -> io::Result<Bytes> {
    let n = usize::try_from(n).map_err(io::Error::other)?;
    let mut buffer = source.spare.lock().pop().unwrap_or_default();
    buffer.clear();
    buffer.reserve_exact(n);
    while buffer.len() < n {
        let room = n - buffer.len();
        let from = at + buffer.len() as u64;
        let read = match room == buffer.capacity() - buffer.len() {
            true => rustix::io::pread(&source.file, spare_capacity(&mut buffer), from),
            // A buffer that is too large must not be filled beyond what was promised.
            false => {
                let filled = buffer.len();
                buffer.resize(n, 0);
                let read = rustix::io::pread(&source.file, &mut buffer[filled..], from);
                buffer.truncate(filled + read.unwrap_or(0));
                read
            }
        };
        match read {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Bytes::from_owner(Lent { buffer, source: Arc::clone(source) }))
}

/// A buffer that goes back when its bytes are sent.
struct Lent {
    buffer: Vec<u8>,
    source: Arc<Source>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut spare = self.source.spare.lock();
        if spare.len() < SPARE_MAX {
            spare.push(std::mem::take(&mut self.buffer));
        }
    }
}
