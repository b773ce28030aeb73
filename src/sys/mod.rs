//! What std lacks: stop signals, a counting bell, whole-file replacement, the directory lock,
//! paths as bytes, the way to the disk, rooted file access, a word to the supervisor, and file errors that name
//! their path. Knows nothing of images.

pub mod bell;
pub mod beside;
pub mod files;
pub mod lock;
mod moving;
pub mod paths;
pub mod priority;
pub mod replace;
pub mod rooted;
pub mod space;
pub mod stop;
pub mod storage;
pub mod supervisor;
pub mod tree;

pub use bell::Bell;
pub use beside::Beside;
pub use files::PathError;
pub use lock::DirLock;
pub use stop::{Stop, Stopper, Wanted};
pub use supervisor::Supervisor;
