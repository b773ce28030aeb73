//! A response body made of texts and spans of a file, read as the client takes them: a slow
//! client holds one chunk and no thread. Refuses to know what the bytes are.

use super::limits::CHUNK_BYTES;
use axum::body::{Bytes, HttpBody};
use http_body_util::BodyExt as _;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
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
    file: Arc<File>,
    queue: VecDeque<Piece>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    left: u64,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Pieces {
    /// Of these parts, in this order.
    pub(crate) fn new(file: File, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let queue: VecDeque<Piece> = pieces.into_iter().collect();
        let left = queue.iter().map(Piece::len).sum();
        Self { file: Arc::new(file), queue, reading: None, left, _turn: None }
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
        let chunk = loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                match read.map_err(io::Error::other).flatten() {
                    Ok(chunk) => break chunk,
                    Err(error) => {
                        self.queue.clear();
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            match self.queue.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Text(text)) => break text,
                Some(Piece::Span(range)) if range.is_empty() => {}
                Some(Piece::Span(range)) => {
                    let n = (range.end - range.start).min(CHUNK_BYTES as u64);
                    self.queue.push_front(Piece::Span(range.start + n..range.end));
                    let file = Arc::clone(&self.file);
                    self.reading = Some(tokio::task::spawn_blocking(move || read_at(&file, range.start, n)));
                }
            }
        };
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
/// promised.
fn read_at(mut file: &File, at: u64, n: u64) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(at))?;
    let mut chunk = Vec::with_capacity(usize::try_from(n).unwrap_or(CHUNK_BYTES));
    file.take(n).read_to_end(&mut chunk)?;
    if chunk.len() as u64 == n { Ok(chunk.into()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
