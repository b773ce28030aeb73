//! Why there is no thumbnail.

use std::sync::Arc;

/// There is no thumbnail of this. Cheap to clone: everyone who waits for it is told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ThumbError {
    /// The file could not be opened or read; the closure's own error.
    #[error("cannot read the file for its thumbnail")]
    File(#[source] Arc<std::io::Error>),
    /// Not a picture, a damaged one, or one of a format that cannot be shown.
    #[error("cannot be shown as a picture: {0}")]
    Undecodable(Arc<str>),
    /// Beyond a bound on size, memory or time.
    #[error("is too large to be shown small: {0}")]
    TooLarge(Arc<str>),
    /// ffmpeg is needed for this file, and it is not there.
    #[error(
        "needs the program ffmpeg, which was not found as `{program}`; install it (`apt install ffmpeg`, `brew install ffmpeg`) or put it on the PATH"
    )]
    NeedsFfmpeg {
        /// What was tried to run.
        program: Arc<str>,
    },
    /// Too much is being made at the moment; to be tried again.
    #[error("too many thumbnails are being made at the moment")]
    Busy,
    /// Nobody waits for it any more, or the program ends.
    #[error("was no longer wanted")]
    Stopped,
}

impl ThumbError {
    /// Whether trying again with the same file could end otherwise: this is not remembered.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::File(_) | Self::NeedsFfmpeg { .. } | Self::Busy | Self::Stopped)
    }
}

impl From<std::io::Error> for ThumbError {
    fn from(error: std::io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

impl ThumbError {
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self::Undecodable(why.into().into())
    }

    pub(super) fn too_large(why: impl Into<String>) -> Self {
        Self::TooLarge(why.into().into())
    }
}
