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
    let base = environment.text(&["LUMIDEX_OPENAI_BASE_URL", "OPENAI_BASE_URL"]);
    let key = environment.text(&["LUMIDEX_OPENAI_API_KEY", "OPENAI_API_KEY"]).map(Key::new);
    if base.is_none() && key.is_none() {
        return Ok(None);
    }
    let mut config = Config::new(base.as_deref().unwrap_or(BASE_DEFAULT), key).map_err(|source| {
        let name = if source == ConfigError::Key { "OPENAI_API_KEY" } else { "OPENAI_BASE_URL" };
        SettingsError::Upstream { name, source }
    })?;
    if let Some(model) = environment.text(&["LUMIDEX_EMBEDDING_MODEL", "EMBEDDING_MODEL"]) {
        config.embedding_model = model;
    }
    if let Some(model) = environment.text(&["LUMIDEX_AI_MODEL", "AI_MODEL"]) {
        config.chat_model = model;
    }
    let title_model = environment.text(&["LUMIDEX_TOPIC_TITLE_MODEL", "TOPIC_TITLE_MODEL"]);
    config.title_model = title_model.unwrap_or_else(|| config.chat_model.clone());
    Ok(Some(config))
}

/// With the numbers of the original where nothing is said.
pub(super) fn tag_graph(environment: &Environment) -> Result<TagGraph, SettingsError> {
    let within = environment.number::<u64>("IIB_TAG_GRAPH_LLM_TIMEOUT_SEC")?.unwrap_or(180);
    let attempts = environment.number::<u32>("IIB_TAG_GRAPH_LLM_MAX_ATTEMPTS")?.unwrap_or(5);
    Ok(TagGraph {
        tags_max: environment.number("IIB_TAG_GRAPH_MAX_TAGS_FOR_LLM")?.unwrap_or(500),
        tags_sent: environment.number("IIB_TAG_GRAPH_TOPK_TAGS_FOR_LLM")?.unwrap_or(500),
        within: Duration::from_secs(within.clamp(1, 3_600)),
        attempts: attempts.clamp(1, 20),
    })
}
