//! From the words of a library's prompts to its topics: cleaned prompts, vectors learned from them,
//! clusters of vectors, titles of clusters and groups of keywords. Everything here is a pure function of
//! what is handed in: this crate knows no files, no HTTP, no images and no ledger.

use std::ops::ControlFlow;

pub mod prompt;
mod words;
pub mod builtin;
mod vector;
pub mod clusters;
pub mod titles;
pub mod groups;
#[cfg(any(test, feature = "planted"))]
pub mod planted;
#[cfg(any(test, feature = "planted"))]
pub mod themes;
#[cfg(test)]
mod quality;

pub use prompt::cleaned;

/// Who is told how far long work is, and may end it.
pub trait Watch {
    /// Is told the part that is done, from 0 to 1, and answers whether to go on.
    fn goes_on(&mut self, done: f32) -> bool;
}

impl<F: FnMut(f32) -> bool> Watch for F {
    fn goes_on(&mut self, done: f32) -> bool {
        self(done)
    }
}

/// Nobody watches: the work goes on to its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn goes_on(&mut self, _: f32) -> bool {
        true
    }
}

/// The work was ended by its [`Watch`]; there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the end")]
pub struct Stopped;

/// Cleaned prompts in a fixed order, which can be gone through more than once.
pub trait Prompts {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Visits all of them in order, until told to break off.
    fn for_each(&self, visit: &mut dyn FnMut(&str) -> ControlFlow<()>);
}

impl<S: AsRef<str>> Prompts for [S] {
    fn len(&self) -> usize {
        <[S]>::len(self)
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) {
        for prompt in self {
            if visit(prompt.as_ref()).is_break() {
                return;
            }
        }
    }
}

impl<S: AsRef<str>> Prompts for Vec<S> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn for_each(&self, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) {
        self.as_slice().for_each(visit);
    }
}
