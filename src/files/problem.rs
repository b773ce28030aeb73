//! Why something cannot be done: with one item, or with the whole wish.

use super::WishError;
use crate::ledger::{DecideError, ReadError};
use crate::sys::PathError;
use std::error::Error;
use std::io::ErrorKind;

/// What is wrong with one item, in words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    sort: Sort,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Refused,
    /// As refused, because something stands where it is to go.
    Taken,
    Unknown,
    Forbidden,
}

impl Problem {
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { sort: Sort::Refused, text: text.into() }
    }

    pub(super) fn taken(text: impl Into<String>) -> Self {
        Self { sort: Sort::Taken, text: text.into() }
    }

    /// Whether another place would do.
    pub(super) fn is_taken(&self) -> bool {
        self.sort == Sort::Taken
    }

    pub(super) fn unknown(text: impl Into<String>) -> Self {
        Self { sort: Sort::Unknown, text: text.into() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// As the reason for doing nothing at all.
    pub(super) fn into_error(self) -> WishError {
        match self.sort {
            Sort::Refused | Sort::Taken => WishError::Refused(self.text),
            Sort::Unknown => WishError::Unknown(self.text),
            Sort::Forbidden => WishError::Forbidden(self.text),
        }
    }
}

impl From<PathError> for Problem {
    fn from(error: PathError) -> Self {
        let sort = match error.source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Sort::Forbidden,
            ErrorKind::NotFound => Sort::Unknown,
            _ => Sort::Refused,
        };
        let text = match error.source.kind() {
            ErrorKind::AlreadyExists => format!("`{}` exists already", error.path.display()),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                format!("{error}: there is no room left on the disk")
            }
            _ => format!("{error}: {}", error.source),
        };
        Self { sort, text }
    }
}

/// What ends the planning of an item.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It cannot be done; others may.
    Item(Problem),
    /// Nothing can be done any more.
    Whole(WishError),
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        Self::Item(problem)
    }
}

impl From<PathError> for Wrong {
    fn from(error: PathError) -> Self {
        Self::Item(error.into())
    }
}

impl From<WishError> for Wrong {
    fn from(error: WishError) -> Self {
        Self::Whole(error)
    }
}

impl From<ReadError> for Wrong {
    fn from(error: ReadError) -> Self {
        Self::Whole(error.into())
    }
}

impl From<ReadError> for WishError {
    fn from(error: ReadError) -> Self {
        Self::Ledger(Box::new(error))
    }
}

impl From<DecideError> for WishError {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Write(error) => Self::Ledger(Box::new(error)),
            DecideError::UnknownOperation(_) | DecideError::UnknownDecision(_) => {
                Self::Unknown(error.to_string())
            }
            refused => Self::Refused(refused.to_string()),
        }
    }
}

/// An error with all its reasons, in one line.
pub(super) fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
