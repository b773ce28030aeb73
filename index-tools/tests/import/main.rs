//! Importing: archives of our own; from infinite-image-browsing databases of every age, damaged and hostile ones, what waits for its file,
//! and runs that were cut off.
#![allow(clippy::unwrap_used)]

mod archive;
mod bringing;
mod broken_off;
mod fixture;
mod hostile;
mod home;
mod outwards;
mod waiting;
