//! Where the service is, what shows who asks it, and which of its models are used. Reads no environment.

use reqwest::Url;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The service that is asked when a key is given and nothing else.
pub const BASE_DEFAULT: &str = "https://api.openai.com/v1";
/// Embeds when no model is named.
pub const EMBEDDING_MODEL_DEFAULT: &str = "text-embedding-3-small";
/// Chats when no model is named.
pub const CHAT_MODEL_DEFAULT: &str = "gpt-4o-mini";

/// Where the service is and how it is asked. Its `Debug` does not show the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    base: Url,
    key: Option<Key>,
    /// Model that embeds when a request names none.
    pub embedding_model: String,
    /// Model that chats.
    pub chat_model: String,
    /// Model that names clusters.
    pub title_model: String,
}

/// What shows the service who asks. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Of this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Why an address or a key cannot be used. Says nothing of what was given, for that may hold a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// It is no address.
    #[error("it is no address such as `http://localhost:11434/v1`")]
    NoAddress,
    /// Another scheme.
    #[error("it must begin with `http://` or `https://`")]
    Scheme,
    /// A user or a password stands in it, which logs and proxies would show.
    #[error("it must not hold a user or password; a key is given as OPENAI_API_KEY")]
    UserInfo,
    /// The key cannot stand in a header.
    #[error("the key holds characters that no key has")]
    Key,
}

impl Config {
    /// The service below this address, such as `http://localhost:11434/v1`; a query in it goes along with
    /// every request, a trailing slash means nothing.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(base: &str, key: Option<Key>) -> Result<Self, ConfigError> {
        let mut base = Url::parse(base.trim()).map_err(|_| ConfigError::NoAddress)?;
        if !["http", "https"].contains(&base.scheme()) {
            return Err(ConfigError::Scheme);
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(ConfigError::UserInfo);
        }
        base.set_fragment(None);
        let is_sendable = |key: &Key| !key.0.is_empty() && key.0.bytes().all(|b| b.is_ascii_graphic());
        if !key.as_ref().is_none_or(is_sendable) {
            return Err(ConfigError::Key);
        }
        Ok(Self {
            base,
            key,
            embedding_model: EMBEDDING_MODEL_DEFAULT.to_owned(),
            chat_model: CHAT_MODEL_DEFAULT.to_owned(),
            title_model: CHAT_MODEL_DEFAULT.to_owned(),
        })
    }

    /// For people: scheme, host and port, and nothing that could be secret.
    #[must_use]
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Whether it is shown a key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether the service is on this machine, where no proxy leads.
    #[must_use]
    pub fn is_here(&self) -> bool {
        match self.base.host_str() {
            Some("localhost") => true,
            Some(host) => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                bare.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
                    || bare.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
            }
            None => false,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    pub(super) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The address of `embeddings` or `chat/completions`.
    pub(super) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_lie_below_the_base_and_keep_its_query() {
        for (base, want) in [
            ("http://localhost:11434/v1", "http://localhost:11434/v1/embeddings"),
            (" http://localhost:11434/v1/ ", "http://localhost:11434/v1/embeddings"),
            ("https://a.example", "https://a.example/embeddings"),
            ("https://a.example/x/y?api-version=1#z", "https://a.example/x/y/embeddings?api-version=1"),
        ] {
            assert_eq!(Config::new(base, None).unwrap().endpoint("embeddings").as_str(), want);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for (base, want) in [
            ("", ConfigError::NoAddress),
            ("/v1", ConfigError::NoAddress),
            ("localhost:11434/v1", ConfigError::Scheme),
            ("ftp://a.example", ConfigError::Scheme),
            ("http://", ConfigError::NoAddress),
            ("https://me:secret@a.example/v1", ConfigError::UserInfo),
        ] {
            let error = Config::new(base, None).unwrap_err();
            assert_eq!(error, want, "{base}");
            assert!(!error.to_string().contains("secret"));
        }
        assert_eq!(Config::new("http://a.example", Some(Key::new("a\nb"))).unwrap_err(), ConfigError::Key);
    }

    #[test]
    fn a_key_is_never_shown() {
        let config = Config::new("https://a.example/v1?key=also", Some(Key::new("sk-secret"))).unwrap();
        assert!(!format!("{config:?} {config:#?}").contains("sk-secret"));
        assert_eq!(config.origin(), "https://a.example");
    }

    #[test]
    fn this_machine_is_told_from_others() {
        for (base, is_here) in [
            ("http://localhost:1/v1", true),
            ("http://127.0.0.2/v1", true),
            ("http://[::1]:8080", true),
            ("http://192.168.1.5", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(Config::new(base, None).unwrap().is_here(), is_here, "{base}");
        }
    }
}
