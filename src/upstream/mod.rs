//! An OpenAI-compatible service, asked for vectors of texts and for chats.
//!
//! In reading order: where it is and what it may be asked; how long one waits for it; what can go wrong; how
//! a request gets there; texts to vectors, in batches; chats as they are; chats that answer a question.
//! Knows nothing of images, of what is asked and why, and stores nothing: whoever pays for an answer keeps it.

mod config;
mod error;
mod pace;

mod wire;

mod batches;
mod embed;

mod chat;
mod events;
mod question;

pub use batches::{batches, estimated_tokens};
pub use chat::{Chat, Chatted, Streamed};
pub use config::{BASE_DEFAULT, CHAT_MODEL_DEFAULT, Config, ConfigError, EMBEDDING_MODEL_DEFAULT, Key};
pub use embed::{Failure, Vectors};
pub use error::{StartError, UpstreamError};
pub use pace::Pace;
pub use question::{Effort, Question};
pub use wire::Upstream;
