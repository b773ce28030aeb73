//! Contract section 6.1: a chat passed on to the configured model, whole or as it is said.

use crate::serve::answer::{Answer, Outcome};
use crate::serve::chats::ChatError;
use crate::serve::extract::{nullable, required};
use crate::serve::limits::{CHAT_STALL, MESSAGES_MAX};
use crate::serve::pouring::{Drip, drip};
use crate::serve::problem::Problem;
use crate::serve::server::{Call, Server};
use crate::upstream::{Chat, Chatted, Streamed, UpstreamError};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use lumidex_schema::problem::Code;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wish {
    messages: Option<Vec<Map<String, Value>>>,
    temperature: Option<Number>,
    max_tokens: Option<u64>,
    #[serde(default, deserialize_with = "nullable")]
    stream: bool,
}

/// 6.1. A model in the request means nothing.
pub(crate) fn ai_chat(call: &Call<'_>) -> Outcome {
    let Wish { messages, temperature, max_tokens, stream } = call.asked.json()?;
    let messages = checked(required(messages, "messages")?)?;
    // The contract's default; it is a number, so the other one is never taken.
    let temperature = temperature.or_else(|| Number::from_f64(0.7)).unwrap_or_else(|| Number::from(1));
    let turn = call.server.chat_turn()?;
    let chat = Chat { messages, temperature, max_tokens, stream };
    match call.engine().chat(&chat, &call.stop)? {
        Chatted::Whole(body) => Ok(response("application/json", Body::from(body))),
        Chatted::Stream(streamed) => {
            let (out, body) = drip(CHAT_STALL);
            tokio::runtime::Handle::current().spawn(tell(Arc::clone(call.server), turn, streamed, out));
            Ok(response("text/event-stream", body))
        }
    }
}

/// Each has a role and says something; what, is for the model to understand.
fn checked(messages: Vec<Map<String, Value>>) -> Result<Vec<Value>, Problem> {
    if messages.is_empty() || messages.len() > MESSAGES_MAX {
        return Err(Problem::bad(format!(
            "`messages` holds {}, and 1 to {MESSAGES_MAX} can be",
            messages.len()
        )));
    }
    let has_role = |message: &Map<String, Value>| message.get("role").is_some_and(Value::is_string);
    if !messages.iter().all(|message| has_role(message) && message.contains_key("content")) {
        return Err(Problem::bad("each of `messages` needs a `role`, which is a text, and a `content`"));
    }
    Ok(messages.into_iter().map(Value::Object).collect())
}

/// Passes on what is said, until its end, or until the client is gone or the server stops; then the upstream
/// is left as well.
async fn tell(server: Arc<Server>, turn: OwnedSemaphorePermit, mut streamed: Streamed, out: Drip) {
    let _turn = turn;
    let mut stopping = server.stop.subscribe();
    loop {
        let piece: Result<Option<Bytes>, UpstreamError> = tokio::select! {
            biased;
            () = out.gone() => return,
            _ = stopping.wait_for(|stop| *stop) => return,
            piece = streamed.next() => piece,
        };
        match piece {
            Ok(Some(piece)) => {
                if !out.send(piece).await {
                    return;
                }
            }
            Ok(None) => return out.end().await,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a chat broke off");
                return;
            }
        }
    }
}

fn response(kind: &'static str, body: Body) -> Answer {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would hold back what is said.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Answer::raw(response)
}

impl From<ChatError> for Problem {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::NotConfigured => Self::new(Code::Internal, error.to_string()),
            ChatError::Upstream(error) => error.into(),
        }
    }
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Status { status: status @ 400..=599, text, retry_after } => {
                let problem = Self::of_upstream(status, text);
                match retry_after {
                    Some(wait) => problem.with(header::RETRY_AFTER, &wait.as_secs().to_string()),
                    None => problem,
                }
            }
            UpstreamError::Timeout { .. } => Self::of_upstream(504, error.to_string()),
            UpstreamError::Status { .. } | UpstreamError::Unusable(_) => {
                Self::of_upstream(502, error.to_string())
            }
            UpstreamError::Network { .. } => Self::new(Code::Internal, error.to_string()),
            UpstreamError::Stopped => Self::busy(Code::Unavailable, error.to_string(), 5),
        }
    }
}
