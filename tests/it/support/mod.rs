//! What several tests need: libraries without files, and the toys they are compared with.

#[cfg(target_os = "linux")]
pub mod disks;
pub mod fileless;
pub mod record;
pub mod upstream;
pub mod topics;
pub mod watched;
