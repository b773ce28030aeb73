//! How a request gets to an upstream and its answer back: bounded in time and bytes, to no other host than
//! the configured one, broken off at once when nobody wants it any more. Knows nothing of what is asked.

use super::chat::Streamed;
use super::config::{Config, Key};
use super::error::{StartError, UpstreamError};
use super::pace::{Pace, retry_after};
use super::question::Form;
use crate::limits::upstream::{ANSWER_BYTES_MAX, ERROR_TEXT_BYTES_MAX, STREAM_BYTES_MAX, STREAM_TIME_MAX};
use crate::sys::Stop;
use hyper::body::Bytes;
use parking_lot::Mutex;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, redirect};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, SystemTime};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// An upstream that can be asked, from any thread that may block. Its own thread does the waiting, so that
/// nothing hangs on whoever asks.
#[derive(Debug)]
pub struct Upstream {
    pub(super) config: Config,
    pub(super) pace: Pace,
    /// How each model takes questions, as far as it was found out.
    pub(super) forms: Mutex<HashMap<String, Form>>,
    line: Line,
    client: reqwest::Client,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

/// What is told of a connection when it fails.
#[derive(Clone, Debug)]
struct Line {
    origin: Arc<str>,
    /// Taken out of what is told.
    key: Option<Key>,
}

/// An answer that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// As the upstream calls it; empty when it does not.
    pub(super) content_type: String,
    /// At most 64 MiB.
    pub(super) body: Vec<u8>,
}

/// An answer that is whole, or only begins.
pub(super) enum Begun {
    Whole(Whole),
    Stream(Streamed),
}

impl Upstream {
    /// One that is asked as patiently as the contract says. Opens no connection yet.
    ///
    /// # Errors
    /// [`StartError`] when there are no threads or no certificates.
    pub fn new(config: Config) -> Result<Self, StartError> {
        Self::with_pace(config, Pace::USUAL)
    }

    /// The same with other patience.
    ///
    /// # Errors
    /// As [`Upstream::new`].
    pub fn with_pace(config: Config, pace: Pace) -> Result<Self, StartError> {
        // Whoever was first has named the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = reqwest::Client::builder()
            .connect_timeout(pace.connect)
            // The key is for the configured host alone, and a redirected POST becomes a GET.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("lumidex/", env!("CARGO_PKG_VERSION")));
        if config.is_here() {
            client = client.no_proxy();
        }
        if !config.is_encrypted() {
            // A machine without any certificates can still ask its own model.
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(|error| StartError::Client(causes(&error)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            // They look up names.
            .max_blocking_threads(4)
            .thread_name("upstream")
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let line = Line { origin: config.origin().into(), key: config.key().cloned() };
        Ok(Self { config, pace, forms: Mutex::default(), line, client, runtime: Some(runtime) })
    }

    /// Where it is and what it is asked for.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Posts this JSON once; the answer, if it is a good one.
    pub(super) fn post(
        &self,
        path: &str,
        body: &serde_json::Value,
        within: Duration,
        stop: &Stop,
    ) -> Result<Whole, UpstreamError> {
        let (request, line) = (self.request(path, body), self.line.clone());
        self.wait(stop, async move {
            let answered = timeout(within, async { line.whole(line.sent(request).await?).await }).await;
            answered.unwrap_or_else(|_| Err(line.late(within)))
        })?
    }

    /// Posts this JSON once; what is answered as a stream of events is given as it comes.
    pub(super) fn post_for_stream(
        &self,
        path: &str,
        body: &serde_json::Value,
        stop: &Stop,
    ) -> Result<Begun, UpstreamError> {
        let request = self.request(path, body).header(ACCEPT, "text/event-stream");
        let (line, pace) = (self.line.clone(), self.pace);
        self.wait(stop, async move {
            let begun = timeout(pace.answer, async {
                let response = line.sent(request).await?;
                let kind = header(&response, CONTENT_TYPE);
                if response.status().is_success() && kind.starts_with("text/event-stream") {
                    let (out, pieces) = mpsc::channel(1);
                    tokio::spawn(pump(response, out, line.clone(), pace.piece));
                    return Ok(Begun::Stream(Streamed { pieces }));
                }
                line.whole(response).await.map(Begun::Whole)
            });
            begun.await.unwrap_or_else(|_| Err(line.late(pace.answer)))
        })?
    }

    /// Asks until it is answered, refused for good, or asked often enough.
    pub(super) fn patiently<T>(
        &self,
        attempts: u32,
        stop: &Stop,
        is_worth_another: impl Fn(&UpstreamError) -> bool,
        mut ask: impl FnMut() -> Result<T, UpstreamError>,
    ) -> Result<T, UpstreamError> {
        let mut attempt = 1;
        loop {
            let error = match ask() {
                Err(error) if attempt < attempts && is_worth_another(&error) => error,
                answered => return answered,
            };
            let pause = self.pace.pause_after(attempt, error.retry_after(), chance());
            let pause_ms = pause.as_millis();
            tracing::debug!(attempt, pause_ms, error = &error as &dyn std::error::Error, "asking again");
            if stop.wait_for(pause) {
                return Err(UpstreamError::Stopped);
            }
            attempt += 1;
        }
    }

    fn request(&self, path: &str, body: &serde_json::Value) -> RequestBuilder {
        let request = self.client.post(self.config.endpoint(path)).header(CONTENT_TYPE, "application/json");
        let request = match self.config.key() {
            Some(key) => request.bearer_auth(key.text()),
            None => request,
        };
        request.body(body.to_string())
    }

    /// What this comes to, unless it is asked to stop before; nothing goes on then.
    fn wait<T: Send + 'static>(
        &self,
        stop: &Stop,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, UpstreamError> {
        let Some(runtime) = &self.runtime else { return Err(UpstreamError::Stopped) };
        let (say, heard) = sync_channel(2);
        let ending = Ending(say.clone());
        let task = runtime.spawn(async move {
            let done = work.await;
            // Nobody listens any more when it was stopped.
            let _ = ending.0.try_send(Some(done));
        });
        let _wanted = stop.if_stopped(move || {
            let _ = say.try_send(None);
        });
        match heard.recv() {
            Ok(Some(done)) => Ok(done),
            Ok(None) | Err(_) => {
                task.abort();
                Err(UpstreamError::Stopped)
            }
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // May be dropped anywhere, also where nobody may wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Says that a task came to its end, even if it panicked.
struct Ending<T>(SyncSender<Option<T>>);

impl<T> Drop for Ending<T> {
    fn drop(&mut self) {
        let _ = self.0.try_send(None);
    }
}

impl Line {
    async fn sent(&self, request: RequestBuilder) -> Result<Response, UpstreamError> {
        request.send().await.map_err(|error| self.broken(error))
    }

    /// The answer with its body, if it is a good one.
    async fn whole(&self, mut response: Response) -> Result<Whole, UpstreamError> {
        let is_good = response.status().is_success();
        let max = if is_good { ANSWER_BYTES_MAX } else { ERROR_TEXT_BYTES_MAX };
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.broken(error))? {
            if is_good && piece.len() > max - body.len() {
                return Err(UpstreamError::Unusable(format!("it is longer than {max} bytes")));
            }
            body.extend_from_slice(&piece[..piece.len().min(max - body.len())]);
            if body.len() == max && !is_good {
                break;
            }
        }
        match is_good {
            true => Ok(Whole { content_type: header(&response, CONTENT_TYPE), body }),
            false => Err(self.refusal(&response, &body)),
        }
    }

    fn refusal(&self, response: &Response, body: &[u8]) -> UpstreamError {
        let status = response.status();
        let text = match String::from_utf8_lossy(body).trim() {
            _ if status.is_redirection() => format!(
                "it redirects to `{}`, where the key is not taken; give the address where it really is",
                header(response, LOCATION)
            ),
            "" => status.canonical_reason().unwrap_or("without a word").to_owned(),
            text => text.to_owned(),
        };
        UpstreamError::Status {
            status: status.as_u16(),
            text: self.without_key(text),
            retry_after: retry_after(&header(response, RETRY_AFTER), SystemTime::now()),
        }
    }

    /// Some services repeat the key that they refuse.
    fn without_key(&self, text: String) -> String {
        match &self.key {
            Some(key) => text.replace(key.text(), "(the key)"),
            None => text,
        }
    }

    fn broken(&self, error: reqwest::Error) -> UpstreamError {
        UpstreamError::Network {
            origin: self.origin.to_string(),
            reason: self.without_key(causes(&error.without_url())),
        }
    }

    fn late(&self, after: Duration) -> UpstreamError {
        UpstreamError::Timeout { origin: self.origin.to_string(), after }
    }
}

/// Passes pieces on as they are taken, until the end, or until nobody takes them.
async fn pump(
    mut response: Response,
    out: mpsc::Sender<Result<Option<Bytes>, UpstreamError>>,
    line: Line,
    within: Duration,
) {
    let end = Instant::now() + STREAM_TIME_MAX;
    let mut bytes = 0_u64;
    loop {
        let by = end.min(Instant::now() + within);
        let piece = tokio::select! {
            biased;
            () = out.closed() => return,
            piece = timeout_at(by, response.chunk()) => piece,
        };
        let piece = match piece {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(line.broken(error)),
            Err(_) if Instant::now() >= end => Err(UpstreamError::Unusable("it does not end".to_owned())),
            Err(_) => Err(line.late(within)),
        };
        bytes += piece.as_ref().ok().and_then(Option::as_ref).map_or(0, |piece| piece.len() as u64);
        let piece = match bytes > STREAM_BYTES_MAX {
            true => Err(UpstreamError::Unusable(format!("it is longer than {STREAM_BYTES_MAX} bytes"))),
            false => piece,
        };
        let is_last = !matches!(piece, Ok(Some(_)));
        if out.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

fn header(response: &Response, name: HeaderName) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// An error with all its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// From 0 to 1; the middle where there is no randomness.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
