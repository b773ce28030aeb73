//! Chats as somebody else leads them: passed on as they are, whole or piece by piece. Knows nothing of what
//! is said.

use super::error::UpstreamError;
use super::wire::{Begun, Upstream, Whole};
use crate::sys::Stop;
use hyper::body::Bytes;
use serde_json::{Number, Value, json};
use tokio::sync::mpsc;

/// What is said so far, and how the answer is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    /// `{"role", "content"}` each.
    pub messages: Vec<Value>,
    /// How freely the model may answer.
    pub temperature: Number,
    /// The longest answer; the upstream decides when it is not given.
    pub max_tokens: Option<u64>,
    /// The answer is wanted piece by piece.
    pub stream: bool,
}

/// An answer.
#[derive(Debug)]
pub enum Chatted {
    /// One JSON object, as the upstream wrote it.
    Whole(Vec<u8>),
    /// Server-sent events.
    Stream(Streamed),
}

/// Server-sent events as they come. Dropping it breaks the connection to the upstream off.
#[derive(Debug)]
pub struct Streamed {
    pub(super) pieces: mpsc::Receiver<Result<Option<Bytes>, UpstreamError>>,
}

impl Streamed {
    /// The next bytes, cut where the network cut them; `None` at the end. Nothing more is read from the
    /// upstream before they are asked for.
    ///
    /// # Errors
    /// [`UpstreamError`] when the stream broke off.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        self.pieces.recv().await.unwrap_or(Err(UpstreamError::Stopped))
    }
}

impl Upstream {
    /// Passes a chat to the chat model, once: whoever waits decides whether to ask again.
    ///
    /// # Errors
    /// [`UpstreamError`]; with what the upstream says when it refuses.
    pub fn chat(&self, chat: &Chat, stop: &Stop) -> Result<Chatted, UpstreamError> {
        let Chat { messages, temperature, max_tokens, stream } = chat;
        let mut body = json!({
            "model": self.config.chat_model, "messages": messages, "temperature": temperature, "stream": stream,
        });
        if let Some(max_tokens) = max_tokens {
            body["max_tokens"] = json!(max_tokens);
        }
        let begun = match stream {
            true => self.post_for_stream("chat/completions", &body, stop)?,
            false => Begun::Whole(self.post("chat/completions", &body, self.pace.answer, stop)?),
        };
        match begun {
            Begun::Stream(streamed) => Ok(Chatted::Stream(streamed)),
            Begun::Whole(Whole { body, .. }) => {
                match serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
                    Ok(_) => Ok(Chatted::Whole(body)),
                    Err(_) => Err(UpstreamError::Unusable(
                        "it is no JSON; does OPENAI_BASE_URL lead to an API, often at `/v1`?".to_owned(),
                    )),
                }
            }
        }
    }
}
