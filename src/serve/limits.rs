//! Bounds on what a client can make the server do. Each says what happens beyond it.

use std::time::Duration;

/// One file of a hosted front end, in bytes; beyond it 500. Its largest script has some two million.
pub(crate) const FRONT_FILE_BYTES_MAX: u64 = 32 << 20;
/// Files of a hosted front end kept in memory, in bytes; beyond it they are read again. All of one have some four
/// million.
pub(crate) const FRONT_KEPT_BYTES_MAX: usize = 64 << 20;
/// A request body, in bytes; beyond it 413. A hundred thousand paths fit; decoded into texts, the
/// worst body of this size takes some 128 MiB.
pub(crate) const BODY_BYTES_MAX: usize = 16 << 20;
/// Time a client has to send its body; beyond it 400, so that a trickle holds no memory.
pub(crate) const BODY_WAIT: Duration = Duration::from_secs(30);
/// Paths in one request; beyond it 400.
pub(crate) const PATHS_MAX: usize = 100_000;
/// One path, in bytes; beyond it 400. No file system known takes longer ones.
pub(crate) const PATH_BYTES_MAX: usize = 16 << 10;
/// Search text, in bytes; beyond it 400.
pub(crate) const NEEDLE_BYTES_MAX: usize = 16 << 10;
/// Tags in one group of a tag search; beyond it 400.
pub(crate) const TAGS_MAX: usize = 4096;
/// A client's setting, in bytes; beyond it 400.
pub(crate) const SETTING_BYTES_MAX: usize = 4 << 20;
/// Name of a client's setting or alias of a folder, in bytes; beyond it 400.
pub(crate) const NAME_BYTES_MAX: usize = 1024;
/// A colour, in bytes; beyond it 400.
pub(crate) const COLOR_BYTES_MAX: usize = 128;
/// Files and folders in one listing; beyond it 400, so that none is left out unsaid. They take some
/// 400 MB.
pub(crate) const LISTED_MAX: usize = 1_000_000;
/// Files that stand for a folder.
pub(crate) const COVER_FILES: usize = 4;
/// Images per page when the client does not say.
pub(crate) const PAGE_SIZE: i64 = 200;
/// Images `random_images` answers.
pub(crate) const RANDOM_N: usize = 128;
/// Byte ranges in one request; beyond it the whole file is sent, as RFC 9110 advises.
pub(crate) const RANGES_MAX: usize = 32;
/// Bytes of a file read and sent at once: the first chunk, and every one of a slow client. A thousand
/// of those hold an eighth of a gigabyte.
pub(crate) const CHUNK_BYTES_MIN: usize = 64 << 10;
/// Chunks of a client that takes them quickly: several GB/s over loopback. All connections at once,
/// each with a client that was quick and then stopped, hold a gigabyte.
pub(crate) const CHUNK_BYTES_MAX: usize = 512 << 10;
/// Time within which a client that is not slow takes a chunk.
pub(crate) const CHUNK_TAKEN_SOON: Duration = Duration::from_millis(50);
/// Files whose metadata one batch request may make the server read; the rest answer empty.
pub(crate) const BATCH_READS_MAX: usize = 1000;

/// Connections at once; further ones wait to be taken. Browsers open six each.
pub(crate) const CONNECTIONS_MAX: usize = 1024;
/// Connections of one client at once; beyond it 503 and the end of it, so that one leaves room for others. A network of
/// the sixth version counts as one; who is a trusted proxy is as many as he speaks for.
pub(crate) const CONNECTIONS_PER_CLIENT_MAX: usize = 256;
/// Time a client has to send the head of a request, and time a connection may idle; beyond it the
/// connection is closed.
pub(crate) const HEAD_WAIT: Duration = Duration::from_secs(75);
/// The head of a request, in bytes; beyond it 431 without further words.
pub(crate) const HEAD_BYTES_MAX: usize = 128 << 10;
/// Pause after a connection could not be taken, so that want of files does not burn a processor.
pub(crate) const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// Requests waiting for the engine; beyond it 503. A page asks for a few hundred files at once.
pub(crate) const WAITING_MAX: usize = 1024;
/// Requests opening or listing files at once; others wait. Slow disks, not processors, bound these.
pub(crate) const FILE_WORK_MAX: usize = 16;
/// Updates and rebuilds waited for at once; beyond it 503. All wait for the same run.
pub(crate) const LONG_WORK_MAX: usize = 16;
/// Backups made or handed out at once; beyond it 503. Each takes the room of a ledger.
pub(crate) const BACKUPS_MAX: usize = 1;
/// Time for one answer, waiting included; beyond it 503. Updates and rebuilds have none.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// Time requests in flight have to end when the server stops. With closing
/// the library it stays below the 10 s a stop may take.
pub(crate) const DRAIN_WAIT: Duration = Duration::from_secs(4);
/// Time blocking calls have to end after that.
pub(crate) const ABANDON_WAIT: Duration = Duration::from_secs(1);

/// Wrong secrets one address may send in a row before it has to wait.
pub(crate) const FAILURES_MAX: u32 = 10;
/// One wrong secret is forgotten each such time.
pub(crate) const FAILURE_FORGOTTEN: Duration = Duration::from_secs(6);
/// Addresses remembered for it; beyond it the least suspicious are forgotten.
pub(crate) const SUSPECTS_MAX: usize = 4096;

/// Clients that listen to changes at once; beyond it 503. Pages that nobody looks at do not listen.
pub(crate) const LISTENERS_MAX: usize = 64;
/// Subjects in one event; the rest follow in the next one.
pub(crate) const EVENT_ROWS_MAX: usize = 1_000;
/// Numbers a listener may be behind; beyond it everything changed, as far as it is told.
pub(crate) const TOLD_BEHIND_MAX: u64 = 10_000;
/// How long changes are gathered before they are told, so that a walk makes few events.
pub(crate) const GATHER: Duration = Duration::from_millis(50);
/// How long the look-out waits for changes before it looks whether anybody still listens, and
/// whether the server stops.
pub(crate) const LOOK_OUT: Duration = Duration::from_millis(100);
/// How often it is looked at what is going on, while anybody listens.
pub(crate) const STATUS_EVERY: Duration = Duration::from_millis(500);
/// A sign of life to listeners, so that proxies and clients do not give up on a quiet library.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time a listener has to take an event; beyond it its stream ends.
pub(crate) const LISTENER_STALL: Duration = Duration::from_secs(60);
/// Questions of the review list that are shown and counted.
pub(crate) const REVIEWS_SHOWN_MAX: usize = 1_000;
/// Deeds that are listed at once.
pub(crate) const DEEDS_SHOWN_MAX: usize = 1_000;

/// Archives packed at once; beyond it 503. Each reads one file at a time.
pub(crate) const ARCHIVES_MAX: usize = 4;
/// Time a client has to take the next part of an archive; beyond it the archive breaks off, for a
/// thread waits to write it.
pub(crate) const POUR_STALL: Duration = Duration::from_secs(60);
/// Chats passed on at once; beyond it 503. Each has a connection to an upstream that costs money or a
/// processor.
pub(crate) const CHATS_MAX: usize = 8;
/// Time a client has to take the next piece of a chat; beyond it the chat breaks off.
pub(crate) const CHAT_STALL: Duration = Duration::from_secs(60);
/// Messages of one chat; beyond it 400.
pub(crate) const MESSAGES_MAX: usize = 4_096;
/// Archives kept on the server; beyond it the oldest goes.
pub(crate) const KEPT_MAX: usize = 16;
/// Bytes of all of them; beyond it the oldest go, and one that is larger by itself is a 400.
pub(crate) const KEPT_BYTES_MAX: u64 = 64 << 30;
/// How long they are kept.
pub(crate) const KEPT_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How often it is looked for those that are older.
pub(crate) const KEPT_TIDIED_EVERY: Duration = Duration::from_secs(600);
/// Bytes of the disk that archives leave to the library; beyond it 503.
pub(crate) const KEPT_ROOM_LEFT: u64 = 1 << 30;
/// Text of an uploaded cover: base64 of the largest that is looked at.
pub(crate) const COVER_TEXT_BYTES_MAX: usize = 12 << 20;

/// Paths named for each group of files, when nothing else is asked for.
pub(crate) const DOCTOR_EXAMPLES_DEFAULT: usize = 5;
/// And at most: some fifty groups of so many paths are a few megabytes.
pub(crate) const DOCTOR_EXAMPLES_MAX: usize = 1_000;
