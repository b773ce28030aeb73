//! What people do to files: every wish, what is refused, what is taken back, and what is left when the
//! disk, the ledger or the program fails in the middle.

mod confined;
mod faults;
mod flatten;
mod library;
mod names;
mod organize;
mod random;
mod refusals;
mod shaky;
mod sidecars;
mod together;
mod trash;
mod undo;
mod wishes;
mod world;
