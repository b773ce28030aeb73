//! What the environment says of the service that embeds and chats, and of how it is asked. Asks nobody.

use super::{Environment, SettingsError};
use crate::upstream::{BASE_DEFAULT, Config, ConfigError, Key};
use std::time::Duration;

/// What an upstream is asked about the graph of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagGraph {
    /// With more tags than this nothing is asked.
    pub tags_max: usize,
    /// The largest tags are sent, and no more than this.
    pub tags_sent: usize,
    /// For each attempt.
    pub within: Duration,
    /// Attempts.
    pub attempts: u32,
}

/// The service, if an address or a key is given.
pub(super) fn upstream(environment: &Environment) -> Result<Option<Config>, SettingsError> {
    let base = environment.text("openai-base-url");
    let key = environment.text("openai-api-key").map(Key::new);
    if base.is_none() && key.is_none() {
        return Ok(None);
    }
    let mut config = Config::new(base.as_deref().unwrap_or(BASE_DEFAULT), key).map_err(|source| {
        let key = if source == ConfigError::Key { "openai-api-key" } else { "openai-base-url" };
        SettingsError::Upstream { name: environment.called(key), source }
    })?;
    if let Some(model) = environment.text("embedding-model") {
        config.embedding_model = model;
    }
    if let Some(model) = environment.text("ai-model") {
        config.chat_model = model;
    }
    let title_model = environment.text("topic-title-model");
    config.title_model = title_model.unwrap_or_else(|| config.chat_model.clone());
    Ok(Some(config))
}

/// With the numbers of the original where nothing is said.
pub(super) fn tag_graph(environment: &Environment) -> Result<TagGraph, SettingsError> {
    let within = environment.number::<u64>("tag-graph-seconds")?.unwrap_or(180);
    let attempts = environment.number::<u32>("tag-graph-attempts")?.unwrap_or(5);
    Ok(TagGraph {
        tags_max: environment.number("tag-graph-max-tags")?.unwrap_or(500),
        tags_sent: environment.number("tag-graph-tags-sent")?.unwrap_or(500),
        within: Duration::from_secs(within.clamp(1, 3_600)),
        attempts: attempts.clamp(1, 20),
    })
}
