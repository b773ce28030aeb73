//! Bounds on everything that arrives from outside and on every queue and buffer.
//!
//! Each has its unit in its name, a reason, and what happens at the bound. Bounds that only one
//! file cares about stand in that file.

use std::time::Duration;

/// Most observations in one ledger batch of a walk: large enough to pay for a durable commit,
/// small enough that a decision never waits long. The batch closes.
pub const WALK_BATCH_OBSERVATIONS_MAX: usize = 8_192;

/// Most bytes of generation text in one ledger batch of a walk, so that a library of huge texts
/// does not gather gigabytes. The batch closes.
pub const WALK_BATCH_TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Longest sidecar that is read; captions and infotexts are a few kilobytes. A longer one is a
/// complaint and is not used.
pub const SIDECAR_BYTES_MAX: u64 = 1024 * 1024;

/// Longest generation text that is stored; the rest is cut and counted as a complaint.
pub const GENERATION_TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Longest `.lumidexignore` that is read. A longer one is a complaint and is not used.
pub const IGNORE_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Most bytes of a lock file that are read to name the holder.
pub const LOCK_FILE_BYTES_MAX: u64 = 4 * 1024;

/// Decisions that go into one commit; the rest wait for the next.
pub const GROUP_COMMIT_ENTRIES_MAX: usize = 512;

/// Observations written before the writer looks whether a decision waits: about 5 ms of work.
pub const OBSERVATION_SLICE: usize = 1_024;

/// Batches of observations that wait for the writer; one is written while the next is gathered.
pub const LEDGER_REPORTS_QUEUED: usize = 2;

/// Decisions that wait for the writer; further ones wait in their request.
pub const LEDGER_DECISIONS_QUEUED: usize = 512;

/// Pages of the ledger kept in memory. More than this measured no gain at a million images.
pub const LEDGER_CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Feed rows a follower reads at once; bounds its memory and how long a snapshot is held.
/// Also bounds how long searches wait while a batch becomes visible.
pub const FEED_ROWS_PULLED: usize = 2_048;

/// Visible changes a projection keeps before it makes them durable, however busy the ledger is.
pub const PROJECTION_PENDING_MAX: usize = 200_000;

/// Visible changes the text projection keeps in memory, each text counting once for every 1,024
/// bytes begun. Every search scans them, in about a millisecond at this size; beyond it they are
/// made durable at once, so that a folder of long texts does not fill the memory.
pub const TEXT_PENDING_MAX: usize = 16_384;

/// How long visible changes of a quiet ledger wait to be made durable together.
pub const PROJECTION_COMMIT_EVERY: Duration = Duration::from_secs(3);

/// How long a projection whose store failed waits before it tries again.
pub const PROJECTION_RETRY: Duration = Duration::from_secs(2);

/// How long a follower waits for the bell before it looks whether it should stop.
pub const FOLLOWER_WAIT: Duration = Duration::from_millis(100);

/// Largest page; larger requests get this.
pub const PAGE_SIZE_MAX: usize = 10_000;

/// Longest regular expression; a longer one is refused.
pub const REGEX_BYTES_MAX: usize = 4 * 1024;

/// Largest compiled regular expression; a larger one is refused.
pub const REGEX_PROGRAM_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What a regular expression may remember while it runs; it slows down beyond.
pub const REGEX_CACHE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long a regular expression may look; then the search is refused as too expensive.
pub const REGEX_TIME_MAX: Duration = Duration::from_secs(4);

/// How long the first search waits for the tags to catch up; then it is refused for the moment.
pub const FIRST_QUERY_WAIT: Duration = Duration::from_secs(60);

/// How long a write waits until searches show it; then it is answered all the same.
pub const VISIBLE_WAIT: Duration = Duration::from_secs(20);
