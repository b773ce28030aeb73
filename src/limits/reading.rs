//! Bounds on waiting for files whose file system may not answer, as that of a drive in a network.

use std::time::Duration;

/// How long one file may be read; then its reader is given up, and the file is left for the next walk. A disk
/// that has to spin up takes ten seconds, the longest texts over a slow network as long.
pub const FILE_TIME_MAX: Duration = Duration::from_secs(30);

/// Readers of files of one root that hang at once; then no more of its files are read until one comes back,
/// and they are left for the next walk.
pub const HUNG_PER_ROOT_MAX: usize = 4;

/// Readers that hang at once, whatever roots they read; then no more files are read of any root of which one is.
pub const HUNG_MAX: usize = 16;
