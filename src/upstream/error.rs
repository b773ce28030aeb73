//! What can go wrong with an upstream, and whether it may go better later.

use std::time::Duration;

/// Why an upstream gave no answer that is of use.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum UpstreamError {
    /// It was asked to stop waiting.
    #[error("stopped before the upstream had answered")]
    Stopped,
    /// No connection, or it broke.
    #[error("the upstream at {origin} cannot be reached: {reason}")]
    Network {
        /// Scheme, host and port.
        origin: String,
        /// What the system says.
        reason: String,
    },
    /// No answer in time.
    #[error("the upstream at {origin} did not answer within {} s", after.as_secs_f32())]
    Timeout {
        /// Scheme, host and port.
        origin: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// It answered that it will not.
    #[error("the upstream answered {status}: {text}")]
    Status {
        /// As on the wire.
        status: u16,
        /// What it says, bounded, without the key.
        text: String,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// What it answered cannot be used.
    #[error("the upstream's answer is of no use: {0}")]
    Unusable(String),
}

impl UpstreamError {
    /// Whether it may go better in a while.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network { .. } | Self::Timeout { .. } => true,
            // A quota that is used up is told with the status of "too fast", and stays so.
            Self::Status { status: 429, text, .. } => !text.contains("insufficient_quota"),
            Self::Status { status: 501 | 505, .. } => false,
            Self::Status { status, .. } => *status == 408 || *status >= 500,
            Self::Stopped | Self::Unusable(_) => false,
        }
    }

    /// Whether it may be what was asked that is at fault, and not who asked or when.
    pub(super) fn is_about_content(&self) -> bool {
        // 500 is what some servers say of a text that is too long for them.
        matches!(self, Self::Status { status: 400 | 413 | 422 | 500, .. })
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Stopped | Self::Network { .. } | Self::Timeout { .. } | Self::Unusable(_) => None,
        }
    }
}

/// Why nothing can be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No thread for it.
    #[error("the thread that asks the upstream cannot be started")]
    Thread(#[source] std::io::Error),
    /// Certificates cannot be read, or a proxy's address is none.
    #[error("connections to the upstream cannot be made: {0}")]
    Client(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_stays() {
        let status =
            |status, text: &str| UpstreamError::Status { status, text: text.into(), retry_after: None };
        for (error, is_transient) in [
            (status(429, "slow down"), true),
            (status(429, r#"{"error":{"code":"insufficient_quota"}}"#), false),
            (status(500, ""), true),
            (status(503, ""), true),
            (status(529, ""), true),
            (status(408, ""), true),
            (status(501, ""), false),
            (status(400, ""), false),
            (status(401, ""), false),
            (status(404, ""), false),
            (status(302, ""), false),
            (UpstreamError::Stopped, false),
            (UpstreamError::Unusable(String::new()), false),
            (UpstreamError::Network { origin: String::new(), reason: String::new() }, true),
        ] {
            assert_eq!(error.is_transient(), is_transient, "{error}");
        }
    }
}
