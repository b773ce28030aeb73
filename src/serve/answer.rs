//! What a handler answers with, before a dialect writes it down.

use super::problem::Problem;
use axum::body::Body;
use axum::http::Response;
use lumidex_schema::api;
use std::borrow::Cow;
use std::sync::Arc;

/// What a handler returns.
pub(crate) type Outcome = Result<Answer, Problem>;

/// An answer, dialect not yet chosen.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The JSON literal `null`.
    Null,
    /// A value both dialects write alike.
    Json(serde_json::Value),
    /// A value that the dialects have different words for.
    Apart(Box<Apart>),
    /// One file or folder.
    File(Box<api::FileInfo>),
    /// Files and folders.
    Files(Vec<api::FileInfo>),
    /// One tag.
    Tag(api::Tag),
    /// Tags.
    Tags(Vec<api::Tag>),
    /// Tags that others hold too.
    SharedTags(Arc<Vec<api::Tag>>),
    /// An object.
    Object(Vec<(Cow<'static, str>, Answer)>),
    /// Not JSON: a file, a page, metrics.
    Raw(Box<Response<Body>>),
}

/// See [`Answer::Apart`].
#[derive(Debug)]
pub(crate) struct Apart {
    pub(crate) reference: serde_json::Value,
    pub(crate) iib: serde_json::Value,
}

impl Answer {
    /// A value that the dialects have different words for.
    pub(crate) fn apart(reference: impl Into<serde_json::Value>, iib: impl Into<serde_json::Value>) -> Self {
        Self::Apart(Box::new(Apart { reference: reference.into(), iib: iib.into() }))
    }

    /// A value both dialects write alike.
    pub(crate) fn json(value: impl Into<serde_json::Value>) -> Self {
        Self::Json(value.into())
    }

    /// An object with these entries.
    pub(crate) fn object<const N: usize>(entries: [(&'static str, Self); N]) -> Self {
        Self::Object(entries.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect())
    }

    /// A finished response.
    pub(crate) fn raw(response: Response<Body>) -> Self {
        Self::Raw(Box::new(response))
    }
}
