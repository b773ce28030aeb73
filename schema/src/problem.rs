//! Error codes: one per cause, with the status it has on the wire.

/// Why a request was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A parameter is missing, of a wrong type or out of range.
    BadRequest,
    /// The secret is missing or wrong.
    Unauthorized,
    /// Not allowed: read-only, or outside the roots.
    Forbidden,
    /// No such route, file, tag or job.
    NotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// The file is not the version the client named.
    PreconditionFailed,
    /// The body is larger than the limit.
    TooLarge,
    /// The range lies outside the file.
    RangeNotSatisfiable,
    /// Too many failed attempts, or too much at once.
    TooMany,
    /// A store failed.
    Internal,
    /// Not ready, or stopping.
    Unavailable,
}

impl Code {
    /// HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::RangeNotSatisfiable => 416,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}
