//! What several tests need: libraries without files, and the toys they are compared with.

pub mod fileless;
pub mod record;
pub mod watched;
