//! Integration tests, one binary: linking is the slow part, so there is one of it.

mod tidy;
