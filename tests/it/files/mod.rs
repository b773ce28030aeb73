//! What people do to files: every wish, what is refused, what is taken back, and what is left when the
//! disk, the ledger or the program fails in the middle.

mod wishes;
mod world;
