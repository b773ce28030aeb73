//! Bounds on everything that arrives from outside and on every queue and buffer.
//!
//! Each has its unit in its name, a reason, and what happens at the bound. Bounds that only one
//! file cares about stand in that file.

use std::time::Duration;

pub use lumidex_metadata::limits as metadata;

pub mod reading;

/// Most observations in one ledger batch of a walk: large enough to pay for a durable commit,
/// small enough that a decision never waits long. The batch closes.
pub const WALK_BATCH_OBSERVATIONS_MAX: usize = 8_192;

/// Most bytes of generation text in one ledger batch of a walk, so that a library of huge texts
/// does not gather gigabytes. The batch closes.
pub const WALK_BATCH_TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Longest `.lumidexignore` that is read. A longer one is a complaint and is not used.
pub const IGNORE_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Most bytes of memory for what the logs of folders say, while they are walked; the one that is used is kept
/// in any case. Those not used for longest are parsed again when they are needed.
pub const LOGS_BYTES_MAX: usize = 128 << 20;
/// The same when no walk goes on: the logs of some thousand pictures, which is where new ones arrive.
pub const LOGS_KEPT_BYTES: usize = 16 << 20;
/// Logs remembered; most say little.
pub const LOGS_MAX: usize = 1_024;

/// Most bytes of a lock file that are read to name the holder.
pub const LOCK_FILE_BYTES_MAX: u64 = 4 * 1024;

/// Images looked through in one snapshot, where all are; some tens of milliseconds.
pub const IMAGES_LOOKED_THROUGH_AT_ONCE: usize = 4_096;

/// Links that rules put on together, in a decision of its own for each tag; other decisions wait some
/// hundred milliseconds for it.
pub const RULED_AT_ONCE: usize = 50_000;

/// Decisions that go into one commit; the rest wait for the next.
pub const GROUP_COMMIT_ENTRIES_MAX: usize = 512;

/// Observations written before the writer looks whether a decision waits: about 5 ms of work.
pub const OBSERVATION_SLICE: usize = 1_024;

/// Images that have been missing for long and are swept in one transaction; fewer when a decision
/// waits. Between two, walks and decisions go first.
pub const SWEEP_BATCH_IMAGES: usize = 4_096;

/// Images remembered whose place another took, until somebody looks for their content; of more than
/// that, the rest waits for its content to arrive again.
pub const DISPLACED_MAX: usize = 65_536;

/// Places remembered that operations took files from, some 500 bytes each with their paths.
pub const VACATED_MAX: usize = 65_536;
/// How long they are remembered when there are more: what was looked at before that has been told.
pub const VACATED_FOR: Duration = Duration::from_secs(60);

/// Steps of an operation on files that are removed from its journal in one transaction: decisions wait
/// some 20 ms for it.
pub const JOURNAL_STEPS_REMOVED: u32 = 4_096;

/// How long ago something may have been decided that is undone: what it needs is kept as long.
pub const UNDO_AGE_MAX: Duration = Duration::from_secs(90 * 24 * 3_600);

/// Largest cover of a video that is kept; one as large as a page shows it takes a tenth.
pub const COVER_BYTES_MAX: usize = 256 << 10;

/// Settings that clients keep; another one is refused, one that is kept can always be changed.
pub const SETTINGS_MAX: u64 = 1_000;

/// Questions about identity that are kept; the oldest goes when another comes.
pub const REVIEWS_MAX: u64 = 10_000;

/// Latest questions looked through for one about the same image, which the new one replaces.
pub const REVIEWS_COMPARED: usize = 64;

/// Changes of a file's pixels within this time are one: programs write in several steps. In
/// nanoseconds, ten minutes.
pub const REWRITTEN_AT_ONCE_NS: i64 = 600_000_000_000;

/// Batches of observations that wait for the writer; one is written while the next is gathered.
pub const LEDGER_REPORTS_QUEUED: usize = 2;

/// Decisions that wait for the writer; further ones wait in their request.
pub const LEDGER_DECISIONS_QUEUED: usize = 512;

/// How often a ledger whose disk failed is tried while nobody writes; each write tries it too.
pub const LEDGER_MEND_EVERY: Duration = Duration::from_secs(2);

/// How long mending waits for readers that began before the disk failed; then the write fails, and
/// the next tries again. Readers are held for a query at most.
pub const LEDGER_READERS_WAIT: Duration = Duration::from_millis(500);

/// How long a reader that is to begin while the disk fails waits for what is durable to be opened:
/// some milliseconds pass. Then it fails.
pub const LEDGER_SWITCH_WAIT: Duration = Duration::from_secs(10);

/// Numbers a follower may be behind before a walk waits for it: a second or two of its work.
pub const FOLLOWERS_BEHIND_MAX: u64 = 32_768;

/// How long a walk waits for followers with each batch: one that stands still slows a walk, and
/// does not stop it.
pub const FOLLOWERS_WAIT: Duration = Duration::from_secs(2);

/// Pages of the ledger kept in memory: with these, all figures of `benches/` hold at a million images;
/// what is not here is in the system's page cache.
pub const LEDGER_CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Feed rows a follower reads at once; bounds its memory and how long a snapshot is held.
/// Also bounds how long searches wait while a batch becomes visible.
pub const FEED_ROWS_PULLED: usize = 2_048;

/// Visible changes a projection keeps before it makes them durable, however busy the ledger is. As
/// many have to be followed again after a kill, which takes a good half second.
pub const PROJECTION_PENDING_MAX: usize = 50_000;

/// Visible changes the text projection keeps in memory, each text counting once for every 1,024
/// bytes begun. Every search scans them, in about a millisecond at this size; beyond it they are
/// made durable at once, so that a folder of long texts does not fill the memory.
pub const TEXT_PENDING_MAX: usize = 16_384;

/// How long visible changes of a quiet ledger wait to be made durable together.
pub const PROJECTION_COMMIT_EVERY: Duration = Duration::from_secs(3);

/// How long numbers that changed nothing in a projection wait to be part of its checkpoint.
pub const PROJECTION_CHECKPOINT_EVERY: Duration = Duration::from_secs(5 * 60);

/// How long a projection is left alone after its last commit before it gives back what only
/// writing needs.
pub const PROJECTION_REST_AFTER: Duration = Duration::from_secs(8);

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

/// Images a regular expression without a literal is tried on before changes get their turn: about
/// 20 ms of work.
pub const REGEX_SLICE_IMAGES: usize = 16_384;

/// How long the first search waits for the tags to catch up; then it is refused for the moment.
pub const FIRST_QUERY_WAIT: Duration = Duration::from_secs(60);

/// Watching folders: how changes are gathered, how much of that is remembered, and how often what
/// is not watched is looked at.
pub mod watch {
    use std::time::Duration;

    /// Observations in one batch of what was seen to change; the batch closes.
    pub const BATCH_OBSERVATIONS_MAX: usize = 512;
    /// How long reading for such a batch goes on; then the batch closes.
    pub const BATCH_TIME_MAX: Duration = Duration::from_millis(20);
    /// How long a finished file waits for others that are finished together with it.
    pub const GATHER: Duration = Duration::from_millis(3);
    /// How long a file that is gone waits for its other half, should it have been moved.
    pub const HOLD: Duration = Duration::from_millis(40);
    /// How long a file must not change before it is read, where nobody says that it is finished.
    pub const SETTLE: Duration = Duration::from_millis(200);
    /// The same for a file that was read again and again and goes on changing.
    pub const SETTLE_MAX: Duration = Duration::from_secs(2);
    /// Reads of a file that is reported finished over and over, before it has to settle as well.
    pub const READS_AT_ONCE_MAX: u32 = 3;
    /// How long a file that was read is remembered to be changing often.
    pub const COOL: Duration = Duration::from_secs(3);
    /// Changed files of one folder that are remembered singly; beyond, the folder is listed.
    pub const FILES_PER_FOLDER_MAX: usize = 4_096;
    /// Changed files remembered in all, some 150 bytes each; beyond, the folders of those that come
    /// are listed.
    pub const FILES_MAX: usize = 65_536;
    /// Changed folders of one root; beyond, the root is walked.
    pub const FOLDERS_PER_ROOT_MAX: usize = 1_024;
    /// Files seen to change during a walk of their root that are looked at again after it; beyond,
    /// the root is walked again.
    pub const AGAIN_MAX: usize = 65_536;
    /// Folders watched where the system does not say how many it allows.
    pub const FOLDERS_WATCHED_DEFAULT: usize = 2_048;
    /// Of what the system allows, the part that lumidex takes: others want to watch as well.
    pub const SHARE_OF_WATCHES: usize = 4;
    /// How often roots are looked at: whether they are there, and still what they were.
    pub const ROOTS_EVERY: Duration = Duration::from_secs(10);
    /// Least time between walks of a root of which not everything is watched.
    pub const POLL_MIN: Duration = Duration::from_secs(30);
    /// Such a walk waits this many times as long as the last one took, so that disks and networks are
    /// busy with it for a hundredth of the time; but not longer than `RESCAN_EVERY`.
    pub const POLL_REST: u32 = 100;
    /// Time between walks of a root that is watched in whole, should an event be lost unnoticed, and
    /// the longest between walks of one that is not.
    pub const RESCAN_EVERY: Duration = Duration::from_secs(3_600);
}

/// How long a walk waits for its findings to be searchable before it looks whether they ever will.
pub const WALK_VISIBLE_LOOK: Duration = Duration::from_secs(1);

/// How long it takes at most until a change shows in searches that are not busy with a walk.
pub const SHOWN_SOON: Duration = Duration::from_millis(250);

/// How long a write waits until searches show it; then it is answered all the same.
pub const VISIBLE_WAIT: Duration = Duration::from_secs(20);

/// Bytes of all daily backups together: ten ledgers of a million images. The oldest go; two of the
/// newest size always may stay.
pub const BACKUPS_BYTES_MAX: u64 = 4 << 30;

/// Bytes a daily backup must leave on its disk: the walk, the indexes and other programs go on
/// writing. It is not made then, and a warning says so.
pub const BACKUP_RESERVE_BYTES: u64 = 1 << 30;

/// Age of the newest backup at which another is due.
pub const BACKUP_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// How long after the start the program first looks whether a backup is due: after what it was
/// started for.
pub const BACKUP_FIRST_LOOK: Duration = Duration::from_secs(10);

/// How often it looks again; a machine that slept is so late at most.
pub const BACKUP_LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// How long after the start what has been missing for long is swept first: after the walk of most
/// libraries, and after projections have made durable what they followed.
pub const SWEEP_FIRST: Duration = Duration::from_secs(10 * 60);

/// How often it is swept then.
pub const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Images taken by one sweep; the rest is for the next day's.
pub const SWEEP_IMAGES_MAX: usize = 1_000_000;

/// What people do to files.
pub mod files {
    use std::time::Duration;

    /// Paths in one wish; more are refused. Each costs its length and some hundred bytes while it is
    /// planned.
    pub const PATHS_PER_WISH_MAX: usize = 1_000_000;
    /// Operations that are planned or applied at once; another is refused for the moment. They share the
    /// disks and the ledger, so that more would not be faster.
    pub const AT_ONCE_MAX: usize = 4;
    /// Steps that go to the journal in one transaction; bounds what a plan of many files keeps in memory.
    pub const STEPS_JOURNALED_AT_ONCE: usize = 4_096;
    /// Steps of an operation of which it is looked up together what later ones made of what they left, when
    /// that is not there as it was; some 300 bytes each. For more, later journals are read again.
    pub const STEPS_FOLLOWED_AT_ONCE: usize = 65_536;
    /// Steps taken before the ledger is told. As many are looked at again after a kill.
    pub const STEPS_TAKEN_AT_ONCE: usize = 1_024;
    /// How long steps are taken before the ledger is told, should they be slow.
    pub const STEPS_TAKEN_FOR: Duration = Duration::from_secs(1);
    /// How long telling the ledger what was done is tried again, should it fail; it mends itself within
    /// seconds once its disk does. Then the rest is left to recovery.
    pub const LEDGER_TRIED_FOR: Duration = Duration::from_secs(10);
    /// How often it is tried.
    pub const LEDGER_TRIED_EVERY: Duration = Duration::from_millis(250);
    /// How long a wish waits for what was begun before the last end of the program.
    pub const RECOVERY_WAIT: Duration = Duration::from_secs(60);
    /// Errors told one by one; further ones are counted.
    pub const ERRORS_TOLD_MAX: usize = 1_000;
    /// Reasons told why an operation cannot be undone.
    pub const UNDO_REASONS_TOLD_MAX: usize = 5;
    /// Names of files remembered to find out who shares a sidecar, some 40 bytes each; beyond, folders
    /// are listed again.
    pub const NAMES_REMEMBERED_MAX: usize = 1_000_000;
    /// Images told in one transaction to be back with their folder; a walk finds the rest.
    pub const FOUND_AGAIN_MAX: usize = 100_000;
    /// Folders in a row that are gone into; file systems allow no deeper paths than this.
    pub const DEPTH_MAX: usize = 2_048;
    /// Bytes that copying must leave on a disk.
    pub const RESERVE_BYTES: u64 = 16 << 20;
    /// Bytes of everything in the trash, of all roots; the oldest goes, the newest always stays.
    pub const TRASH_BYTES_MAX: u64 = 1 << 30;
    /// How long after the start the trash is first looked at.
    pub const PURGE_FIRST: Duration = Duration::from_secs(15 * 60);
    /// How often it is looked at then.
    pub const PURGE_EVERY: Duration = Duration::from_secs(24 * 3_600);
    /// Operations looked at together for what they hold in a trash.
    pub const OPERATIONS_READ_AT_ONCE: usize = 1_024;
}

/// Topics, and searches by meaning.
pub mod topics {
    use std::time::Duration;

    /// Jobs that are worked on side by side: one that waits for an upstream leaves room for another.
    pub const JOBS_AT_ONCE: usize = 2;
    /// Jobs that wait. More are refused.
    pub const JOBS_QUEUED: usize = 64;
    /// Jobs that are known (contract 6.4). The one that changed longest ago goes.
    pub const JOBS_KEPT: usize = 16;
    /// Results that are kept. The oldest goes.
    pub const RESULTS_KEPT: usize = 64;
    /// Names of folders that titles may reuse; further ones are left out.
    pub const FOLDER_NAMES_MAX: usize = 500;
    /// Prompts whose words are in memory at once while vectors are bought for them.
    pub const PROMPTS_READ_AT_ONCE: usize = 4_096;
    /// Prompts that are compared each with each; where there are more, candidates come from the graph.
    pub const COMPARED_EXACTLY_MAX: usize = 4_000;
    /// How long a question waits for prompts of what the ledger knows already. Then it is answered without them.
    pub const FOLLOWED_WITHIN: Duration = Duration::from_secs(60);
}

/// Organizing files into folders.
pub mod organize {
    use std::time::Duration;

    /// Images of one job; more are refused. A preview takes some 300 bytes for each.
    pub const IMAGES_MAX: usize = 500_000;
    /// Folders of one job; more are refused.
    pub const FOLDERS_MAX: usize = 1_000;
    /// Jobs that are known, waiting, running and ended; the oldest goes.
    pub const JOBS_KEPT: usize = 16;
    /// Jobs that wait or run; another is refused for the moment.
    pub const JOBS_AT_ONCE_MAX: usize = 8;
    /// Bytes of the name of a folder, whatever is asked for: what file systems take.
    pub const FOLDER_NAME_BYTES_MAX: usize = 240;
    /// Characters of the name of a folder, unless another bound is asked for.
    pub const FOLDER_NAME_CHARS: usize = 50;
    /// Bytes of a template; a longer one is refused.
    pub const TEMPLATE_BYTES_MAX: usize = 1_024;
    /// Folders one in another that a template makes; a deeper one is refused.
    pub const TEMPLATE_LEVELS_MAX: usize = 8;
    /// Edits and skips in one answer; more are refused.
    pub const CHOICES_MAX: usize = 100_000;
    /// Sub-folders of the destination whose spelling is reused; of more, the first by name.
    pub const EXISTING_MAX: usize = 100_000;
    /// How long is waited before files that could not be moved for the moment are tried again.
    pub const RETRY: Duration = Duration::from_secs(1);
    /// Steps of a journal looked at to say how far a job is.
    pub const STEPS_LOOKED_AT: usize = 20_000;
    /// Steps of a journal read at once.
    pub const STEPS_READ_AT_ONCE: usize = 4_096;
}

/// Thumbnails and covers.
pub mod thumbs {
    use std::time::Duration;

    /// Width and height of the largest box that may be asked for, in pixels.
    pub const BOX_SIDE_MAX: u32 = 4_096;
    /// Pixels of a picture that is read at all, by its header: some twelve thousand squared. Larger ones
    /// occupy a core for more than a second even where they are read row by row. Refused.
    pub const PIXELS_MAX: u64 = 150_000_000;
    /// Pixels on one side; no encoder of a camera or generator goes beyond. Refused.
    pub const SIDE_MAX: u32 = 65_535;
    /// Bytes of a picture that is read in whole (all but PNG), and of one that is handed to ffmpeg by a
    /// name of a still. Refused beyond.
    pub const FILE_BYTES_MAX: u64 = 128 << 20;
    /// Estimated bytes of all pictures that are being decoded at the same time; who comes then waits.
    /// Eight PNG or JPEG of 4K need a third of it together. A picture that would need more alone is refused.
    pub const DECODED_BYTES_MAX: u64 = 256 << 20;
    /// Estimated bytes of one picture from which on its file must not be absurdly small.
    pub const BOMB_BYTES_MIN: u64 = 64 << 20;
    /// Bytes decoded for each byte of a file, at most, from there on; a blank page stays below a
    /// thousand, as deflate does. Refused.
    pub const BOMB_RATIO_MAX: u64 = 600;
    /// How long one picture may be decoded; noticed where its file is read on, or a row is finished.
    pub const DECODE_TIME_MAX: Duration = Duration::from_secs(10);
    /// Longest wait for memory or a turn; the request is refused for the moment then.
    pub const WAIT_MAX: Duration = Duration::from_secs(30);
    /// Requests that wait for a turn; further ones are refused for the moment. A page shows some
    /// hundred pictures, and a person has a few pages.
    pub const WAITING_MAX: usize = 1_024;
    /// Thumbnails kept in memory: some 1,500 of the usual size.
    pub const RECENT_BYTES_MAX: usize = 24 << 20;
    /// Pictures that could not be decoded and are remembered, some 100 bytes each; the oldest go.
    pub const FAILURES_MAX: usize = 4_096;
    /// How long they are: a page that is scrolled up and down does not try them again.
    pub const FAILURES_KEPT: Duration = Duration::from_secs(120);

    /// Bytes of one file of the cache; the oldest goes as a whole. Few enough to be thrown away in a
    /// moment, many enough that 4 GiB are a hundred open files.
    pub const SEGMENT_BYTES: u64 = 32 << 20;
    /// Bytes on disk of all thumbnails; the oldest that nobody asked for go.
    pub const CACHE_BYTES_MAX: u64 = 4 << 30;
    /// Of what is free on the disk, the part the cache may take.
    pub const CACHE_SHARE_OF_FREE: u64 = 10;
    /// Bytes of one thumbnail that is kept; one of the largest box has fewer than half. Larger ones are
    /// made again each time.
    pub const RECORD_BYTES_MAX: u32 = 8 << 20;

    /// Bytes of an uploaded cover as it comes.
    pub const COVER_UPLOAD_BYTES_MAX: usize = 16 << 20;
    /// Width and height of a cover that a person chose; larger ones are made smaller.
    pub const COVER_CHOSEN_SIDE_MAX: u32 = 1_024;
    /// Bytes of such a cover: it is kept in the ledger.
    pub const COVER_CHOSEN_BYTES_MAX: usize = 256 << 10;
    /// Width and height of a cover taken from a film.
    pub const COVER_SIDE_MAX: u32 = 1_920;

    /// Runs of ffmpeg at the same time; further ones wait as for a turn.
    pub const FFMPEG_AT_ONCE: usize = 2;
    /// How long one may take; then it is killed. A frame of an 8K film takes two seconds.
    pub const FFMPEG_TIME_MAX: Duration = Duration::from_secs(15);
    /// Address space of one, where the system bounds it; a frame of an 8K film needs half of it.
    pub const FFMPEG_MEMORY_BYTES_MAX: u64 = 2 << 30;
    /// Bytes it may answer: two frames of the largest cover, with alpha.
    pub const FFMPEG_OUTPUT_BYTES_MAX: usize = 2 * 4 * 1_920 * 1_920 + 1_024;
    /// Bytes of what it complains that are kept.
    pub const FFMPEG_COMPLAINT_BYTES_MAX: usize = 2 << 10;
    /// How often a run is looked after: whether its time is up, or nobody waits for it.
    pub const FFMPEG_LOOK_EVERY: Duration = Duration::from_millis(20);

    /// Images that arrived and wait for their thumbnail; the oldest are left for when they are asked for.
    pub const AHEAD_QUEUED_MAX: usize = 1_024;
    /// How long the worker rests after each picture, in times of what it took: at most a quarter of one
    /// core.
    pub const AHEAD_REST: u32 = 3;
    /// How long it waits for the ledger before it looks whether it should stop.
    pub const AHEAD_WAIT: Duration = Duration::from_millis(500);
    /// A file that was made so long before the start or later counts as just arrived. In nanoseconds, a
    /// minute.
    pub const AHEAD_GRACE_NS: i64 = 60_000_000_000;
}

/// What is asked of an upstream, and what it may answer.
pub mod upstream {
    use std::time::Duration;

    /// Tokens of one request for vectors, as estimated; the next batch takes the rest. A text that is longer
    /// goes alone.
    pub const BATCH_TOKENS_MAX: usize = 7_600;
    /// Texts of one request for vectors; more are not asked for.
    pub const BATCH_TEXTS_MAX: usize = 256;
    /// One whole answer, bytes; a longer one is refused. 256 vectors of 4,096 numbers in text take 25 MiB.
    pub const ANSWER_BYTES_MAX: usize = 64 << 20;
    /// What is told of an answer that is an error, bytes; the rest is left out.
    pub const ERROR_TEXT_BYTES_MAX: usize = 16 << 10;
    /// Numbers in a vector; the largest models in use have 8,192. A longer one is refused.
    pub const DIMENSION_MAX: usize = 16_384;
    /// One stream of a chat, bytes; a longer one breaks off.
    pub const STREAM_BYTES_MAX: u64 = 64 << 20;
    /// How long a stream may last; a longer one breaks off.
    pub const STREAM_TIME_MAX: Duration = Duration::from_secs(1_800);
    /// Places of a text where an object is looked for; an answer that hides it better is of no use.
    pub const OBJECTS_LOOKED_FOR_MAX: usize = 64;
    /// The longest pause that an upstream can ask for before it is asked again.
    pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
}

/// What an upstream was paid for.
pub mod paid {
    /// Pages kept in memory: it is read in passing, and the system keeps pages too.
    pub const CACHE_BYTES: usize = 4 << 20;
    /// Rows copied in one transaction; at 6 KiB for a large vector, 6 MiB.
    pub const ROWS_COPIED_AT_ONCE: usize = 1_024;
}

/// Prompts, their vectors, and the graphs over them.
pub mod vectors {
    use std::time::Duration;

    /// Characters of a prompt that count; what is behind them is cut off.
    pub const PROMPT_CHARS_MAX: usize = 8_000;
    /// Bytes of vectors up to which each is looked at, because that takes a millisecond: 8,192 vectors of the
    /// built-in model.
    pub const EXACT_BYTES_MAX: usize = 8 << 20;
    /// Least number of rows that a search of a graph keeps: by it recall is bought.
    pub const SEARCH_WIDTH_MIN: usize = 256;
    /// Rows at which a search of a graph begins.
    pub const SEARCH_BEGINS: usize = 128;
    /// How many rows a search of a graph keeps for each that is asked for.
    pub const SEARCH_WIDTH_OF_K: usize = 2;
    /// Rows scored for each that is kept, as measured; with more of them than there are allowed rows, each of
    /// those is looked at.
    pub const SCORED_FOR_EACH_FOUND: usize = 12;
    /// Rows from which on an edition gets a graph.
    pub const GRAPH_ROWS_MIN: usize = 2_048;
    /// Vectors outside the edition, of one in the edition for each so many, from which on another edition is
    /// made: every search looks at each of them.
    pub const TAIL_SHARE: usize = 8;
    /// As many may always be outside.
    pub const TAIL_MIN: usize = 1_024;
    /// The library has grown enough for the built-in model to learn anew, when there are this many times as
    /// many prompts as it learned from, in halves.
    pub const GROWN_HALVES: u32 = 3;
    /// Prompts from which on the built-in model learns by itself.
    pub const FIT_PROMPTS_MIN: u32 = 256;
    /// Texts read in one snapshot while vectors are made.
    pub const TEXTS_READ_AT_ONCE: usize = 1_024;
    /// How long vectors that nobody asks for stay open.
    pub const KEPT_OPEN: Duration = Duration::from_secs(5 * 60);
}
