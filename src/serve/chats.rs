//! The door through which routes reach a chat model. Knows nothing of what is said.

use crate::library::Library;
use crate::sys::Stop;
use crate::upstream::{Chat, Chatted, UpstreamError};

/// A chat model, if one is configured. May block; is not called on an async thread.
pub trait Chats {
    /// Passes a chat on, once, and gives what is answered, until told to stop.
    ///
    /// # Errors
    /// [`ChatError`].
    fn chat(&self, chat: &Chat, stop: &Stop) -> Result<Chatted, ChatError>;
}

/// Why a chat was not answered.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// There is nobody to ask.
    #[error(
        "no AI service is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for a service of your own such as \
         `http://localhost:11434/v1`, and start lumidex again"
    )]
    NotConfigured,
    /// It did not.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl Chats for Library {
    fn chat(&self, chat: &Chat, stop: &Stop) -> Result<Chatted, ChatError> {
        Ok(self.upstream().ok_or(ChatError::NotConfigured)?.chat(chat, stop)?)
    }
}
