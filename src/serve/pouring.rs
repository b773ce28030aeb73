//! A body that a thread or a task writes while a client takes it. It ends well only when the writer said
//! so: a client can tell one that broke off. Refuses to know what is written.

use super::limits::CHUNK_BYTES_MAX;
use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// What a thread writes into. Writing waits while the client has not taken what came before, and fails
/// when it is gone or takes nothing for too long.
pub(crate) struct Pour {
    out: mpsc::Sender<Drop>,
    stopping: watch::Receiver<bool>,
    stall: Duration,
    runtime: Handle,
    buffer: Vec<u8>,
}

enum Drop {
    Bytes(Bytes),
    End,
}

/// Where to write, and the body that gets it; a client may take nothing for as long as `stall`. To be called within the runtime; to be written to from a
/// thread that may block.
pub(crate) fn pour(stopping: watch::Receiver<bool>, stall: Duration) -> (Pour, Body) {
    let (out, drops) = mpsc::channel(1);
    let pour = Pour { out, stopping, stall, runtime: Handle::current(), buffer: Vec::new() };
    (pour, Body::new(Poured { drops, has_ended: false }))
}

impl Pour {
    /// Sends what is left, and says that this was all.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        self.send(Drop::End)
    }

    fn send(&mut self, drop: Drop) -> io::Result<()> {
        let Self { out, stopping, stall, runtime, buffer: _ } = self;
        let room = runtime.block_on(async {
            tokio::select! {
                biased;
                room = out.reserve() => room.ok(),
                // When the server stops, the connection is cut off by whoever drains it.
                Ok(_) = stopping.wait_for(|stop| *stop) => out.reserve().await.ok(),
                () = tokio::time::sleep(*stall) => None,
            }
        });
        room.ok_or(io::ErrorKind::BrokenPipe)?.send(drop);
        Ok(())
    }
}

/// What a task sends into, a piece at a time; only one waits to be taken.
pub(crate) struct Drip {
    out: mpsc::Sender<Drop>,
    stall: Duration,
}

/// As [`pour`], for a task. The body breaks off when the [`Drip`] is dropped before its end.
pub(crate) fn drip(stall: Duration) -> (Drip, Body) {
    let (out, drops) = mpsc::channel(1);
    (Drip { out, stall }, Body::new(Poured { drops, has_ended: false }))
}

impl Drip {
    /// Sends a piece; whether the client takes it.
    pub(crate) async fn send(&self, piece: Bytes) -> bool {
        tokio::time::timeout(self.stall, self.out.send(Drop::Bytes(piece)))
            .await
            .is_ok_and(|sent| sent.is_ok())
    }

    /// Says that this was all.
    pub(crate) async fn end(self) {
        // Whoever does not take the end has all the same had everything.
        let _ = tokio::time::timeout(self.stall, self.out.send(Drop::End)).await;
    }

    /// Waits until the client is gone.
    pub(crate) async fn gone(&self) {
        self.out.closed().await;
    }
}

impl Write for Pour {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK_BYTES_MAX - self.buffer.len());
        self.buffer.reserve_exact(CHUNK_BYTES_MAX - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK_BYTES_MAX {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.buffer);
        self.send(Drop::Bytes(bytes.into()))
    }
}

struct Poured {
    drops: mpsc::Receiver<Drop>,
    has_ended: bool,
}

impl HttpBody for Poured {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        self.drops.poll_recv(context).map(|drop| {
            self.has_ended = !matches!(drop, Some(Drop::Bytes(_)));
            match drop {
                Some(Drop::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(Drop::End) => None,
                None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_body_that_was_ended_is_whole_and_one_that_was_not_breaks_off() {
        let content = vec![7; CHUNK_BYTES_MAX * 3 + 5];
        for is_ended in [true, false] {
            let content = content.clone();
            let collected = runtime().block_on(async {
                let (mut pour, body) = pour(watch::channel(false).1, Duration::from_secs(60));
                let writer = tokio::task::spawn_blocking(move || {
                    pour.write_all(&content).unwrap();
                    if is_ended {
                        pour.end().unwrap();
                    }
                });
                let collected = body.collect().await.map(|body| body.to_bytes().len());
                writer.await.unwrap();
                collected
            });
            match is_ended {
                true => assert_eq!(collected.unwrap(), CHUNK_BYTES_MAX * 3 + 5),
                false => assert!(collected.is_err()),
            }
        }
    }

    #[test]
    fn a_writer_stops_when_the_client_is_gone() {
        let written = runtime().block_on(async {
            let (mut pour, body) = pour(watch::channel(false).1, Duration::from_secs(60));
            drop(body);
            tokio::task::spawn_blocking(move || pour.write_all(&vec![7; CHUNK_BYTES_MAX])).await.unwrap()
        });
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_client_that_takes_nothing_is_given_up() {
        let written = runtime().block_on(async {
            let (mut pour, _body) = pour(watch::channel(false).1, Duration::from_millis(10));
            // One chunk waits to be taken, the next one finds no room.
            let write = move || pour.write_all(&vec![7; 2 * CHUNK_BYTES_MAX]);
            tokio::task::spawn_blocking(write).await.unwrap()
        });
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_a_task_sends_arrives_and_ends_or_breaks_off() {
        for is_ended in [true, false] {
            let collected = runtime().block_on(async {
                let (out, body) = drip(Duration::from_secs(60));
                let sending = tokio::spawn(async move {
                    for piece in ["a", "b", "c"] {
                        assert!(out.send(Bytes::from_static(piece.as_bytes())).await);
                    }
                    if is_ended {
                        out.end().await;
                    }
                });
                let collected = body.collect().await.map(|body| body.to_bytes());
                sending.await.unwrap();
                collected
            });
            match is_ended {
                true => assert_eq!(collected.unwrap(), "abc"),
                false => assert!(collected.is_err()),
            }
        }
    }

    #[test]
    fn a_task_hears_of_a_client_that_goes_and_gives_up_one_that_takes_nothing() {
        runtime().block_on(async {
            let (out, body) = drip(Duration::from_secs(60));
            drop(body);
            out.gone().await;
            assert!(!out.send(Bytes::new()).await);
            let (out, _body) = drip(Duration::from_millis(10));
            assert!(out.send(Bytes::new()).await, "one waits to be taken");
            assert!(!out.send(Bytes::new()).await);
        });
    }
}
