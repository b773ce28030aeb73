//! Errors as clients see them: always JSON `{"detail": ...}` with a status of `schema::problem`.
//! Refuses to know where an error came from; handlers turn theirs into a [`Problem`].

use super::dialect::Dialect;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lumidex_schema::problem::Code;
use serde_json::json;

/// Why a request was not done, in words for the person who made it.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    /// The status of whoever was asked in turn, in place of ours.
    foreign: Option<StatusCode>,
    detail: Detail,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Debug)]
enum Detail {
    Text(String),
    /// Missing or wrong secret: text in one dialect, an object in the other.
    Secret,
    /// Nothing is said beyond the status (an unsatisfiable range).
    Empty,
}

impl Problem {
    /// Of this kind, with these words.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, foreign: None, detail: Detail::Text(detail.into()), headers: Vec::new() }
    }

    /// 400.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// 403.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, detail)
    }

    /// 404.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    /// An error of ours. The cause is logged here, where it stops travelling, and kept from the client: it may
    /// name what the client may not see.
    pub(crate) fn internal(doing: &str, cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "{doing} failed");
        Self::new(Code::Internal, format!("{doing} failed; the log of the server says why"))
    }

    /// 401, in the form each dialect wants.
    pub(crate) fn secret() -> Self {
        Self { detail: Detail::Secret, ..Self::new(Code::Unauthorized, "") }
    }

    /// 416 for a file of this length: the header says it all.
    pub(crate) fn range(len: u64) -> Self {
        let problem = Self { detail: Detail::Empty, ..Self::new(Code::RangeNotSatisfiable, "") };
        problem.with(header::CONTENT_RANGE, &format!("bytes */{len}"))
    }

    /// The same in words.
    pub(crate) fn range_in_words(len: u64) -> Self {
        let detail = format!("no such range can be sent of {len} bytes");
        Self { detail: Detail::Text(detail), ..Self::range(len) }
    }

    /// 412: the file is not what the client took it for.
    pub(crate) fn precondition() -> Self {
        Self::new(Code::PreconditionFailed, "the file is another version than the one asked for")
    }

    /// The status and words of an upstream. Whatever the status, it is not about who asks us.
    pub(crate) fn of_upstream(status: u16, detail: impl Into<String>) -> Self {
        let foreign = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        Self { foreign: Some(foreign), ..Self::new(Code::Internal, detail) }
    }

    /// 429 or 503, with the time after which to try again.
    pub(crate) fn busy(code: Code, detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self::new(code, detail).with(header::RETRY_AFTER, &retry_after_s.to_string())
    }

    /// The same with a header. A value that cannot be one is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The same of something that is only a part of what was asked: 400 where it would be 404.
    pub(crate) fn bad_if_missing(self) -> Self {
        let code = if self.code == Code::NotFound { Code::BadRequest } else { self.code };
        Self { code, ..self }
    }

    /// Its kind.
    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The response, as this dialect puts it.
    pub(crate) fn into_response(self, dialect: Dialect) -> Response<Body> {
        let Self { code, foreign, detail, headers } = self;
        let body = match detail {
            Detail::Text(text) => json!({ "detail": text }).to_string(),
            Detail::Secret => json!({ "detail": dialect.secret_failure() }).to_string(),
            Detail::Empty => String::new(),
        };
        let ours = || StatusCode::from_u16(code.status()).expect("codes map to statuses that exist");
        let status = foreign.unwrap_or_else(ours);
        let mut response = Response::new(Body::from(body.clone()));
        *response.status_mut() = status;
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        if !body.is_empty() {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if code == Code::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
