//! Where thumbnails are asked for: kept ones are given out, others made once, however many ask.

use super::cache::{Cache, CacheBounds, Kept};
use super::decode::{self, QUALITY, Sheet};
use super::effort::{Effort, Supply};
use super::error::ThumbError;
use super::ffmpeg::Ffmpeg;
use super::key::{Frame, Key};
use super::picture::Turn;
use super::recent::{Failures, Recent};
use super::sniff::{self, Content};
use super::source::Source;
use crate::limits::thumbs::{
    COVER_CHOSEN_BYTES_MAX, COVER_UPLOAD_BYTES_MAX, DECODED_BYTES_MAX, FFMPEG_AT_ONCE,
    FFMPEG_OUTPUT_BYTES_MAX, WAITING_MAX,
};
use crate::sys::Stop;
use crate::sys::storage::Storage;
use lumidex_schema::media::MediaKind;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How often who waits for another's work looks whether it is still wanted itself.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Qualities tried, of 100, until an uploaded cover is small enough.
const COVER_QUALITIES: [f32; 4] = [QUALITY, 60.0, 40.0, 20.0];

/// A thumbnail.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// A whole WebP file.
    pub bytes: Arc<[u8]>,
    /// Its name: equal keys have equal bytes.
    pub key: Key,
}

/// Makes and keeps thumbnails. Clones share everything.
#[derive(Clone, Debug)]
pub struct Thumbs {
    desk: Arc<Desk>,
}

#[derive(Debug)]
struct Desk {
    cache: Option<Cache>,
    recent: Mutex<Recent>,
    failures: Mutex<Failures>,
    under_way: Mutex<HashMap<Key, Arc<Work>>>,
    memory: Supply,
    turns: Supply,
    ffmpeg_turns: Supply,
    ffmpeg: Ffmpeg,
    /// Requests that could not be answered from what is kept, and are not answered yet.
    n_waiting: AtomicUsize,
    n_made: AtomicU64,
}

type Outcome = Result<Arc<[u8]>, ThumbError>;

/// A thumbnail that somebody makes.
#[derive(Debug, Default)]
struct Work {
    outcome: Mutex<Option<Outcome>>,
    changed: Condvar,
}

/// The duty to say how work ended; dropped without, it was given up.
struct Duty<'a> {
    desk: &'a Desk,
    key: Key,
    work: Arc<Work>,
}

impl Duty<'_> {
    fn end(self, outcome: Outcome) {
        *self.work.outcome.lock() = Some(outcome);
    }
}

impl Drop for Duty<'_> {
    fn drop(&mut self) {
        self.desk.under_way.lock().remove(&self.key);
        self.work.outcome.lock().get_or_insert(Err(ThumbError::Stopped));
        self.work.changed.notify_all();
    }
}

/// Counts a request while it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Thumbs {
    /// Keeps thumbnails in `folder`, which nobody else writes to, on `storage`. Should that not be
    /// possible, none are kept on disk.
    #[must_use]
    pub fn open(storage: Arc<dyn Storage>, folder: &Path, bounds: CacheBounds, ffmpeg: Ffmpeg) -> Self {
        let cache = Cache::open(storage, folder, bounds).map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "thumbnails are not kept on disk");
        });
        let n_cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        Self {
            desk: Arc::new(Desk {
                cache: cache.ok(),
                recent: Mutex::default(),
                failures: Mutex::default(),
                under_way: Mutex::default(),
                memory: Supply::of(DECODED_BYTES_MAX),
                turns: Supply::of(n_cores),
                ffmpeg_turns: Supply::of(FFMPEG_AT_ONCE as u64),
                ffmpeg,
                n_waiting: AtomicUsize::new(0),
                n_made: AtomicU64::new(0),
            }),
        }
    }

    /// The key a thumbnail of this has. Touches no disk.
    #[must_use]
    pub fn key_of(source: &Source, frame: Frame) -> Key {
        Key::of(source.identity, frame)
    }

    /// A thumbnail that fits into `frame`, or a cover for [`Frame::COVER`]: of a picture itself, of a film
    /// its frame 16 or its first, of music the picture in it. The calling thread waits, and works; when
    /// `stop` is triggered both end soon.
    ///
    /// # Errors
    /// [`ThumbError`].
    pub fn get(&self, source: &Source, frame: Frame, stop: &Stop) -> Result<Thumbnail, ThumbError> {
        let desk = &*self.desk;
        let key = Key::of(source.identity, frame);
        if let Some(bytes) = desk.kept(&key)? {
            return Ok(Thumbnail { bytes, key });
        }
        let waiting = Waiting(&desk.n_waiting);
        if desk.n_waiting.fetch_add(1, Ordering::SeqCst) >= WAITING_MAX {
            return Err(ThumbError::Busy);
        }
        let bytes = desk.once(source, frame, key, stop)?;
        drop(waiting);
        desk.recent.lock().put(key, Arc::clone(&bytes));
        Ok(Thumbnail { bytes, key })
    }

    /// Makes a thumbnail and keeps it on disk, unless it is there; whether it had to be made.
    ///
    /// # Errors
    /// [`ThumbError`].
    pub(super) fn prepare(&self, source: &Source, frame: Frame, stop: &Stop) -> Result<bool, ThumbError> {
        let desk = &*self.desk;
        let key = Key::of(source.identity, frame);
        if desk.cache.as_ref().is_none_or(|cache| cache.has(&key)) {
            return Ok(false);
        }
        if let Some(error) = desk.failures.lock().get(&key) {
            return Err(error);
        }
        desk.once(source, frame, key, stop).map(|_| true)
    }

    /// An uploaded cover as it is to be stored: WebP of at most 1,024 pixels a side and 256 KiB.
    ///
    /// # Errors
    /// [`ThumbError::Undecodable`] when it is no picture, or one that only ffmpeg reads;
    /// [`ThumbError::TooLarge`]; and what ends waiting.
    pub fn check_cover(&self, bytes: &[u8], stop: &Stop) -> Result<Vec<u8>, ThumbError> {
        if bytes.len() > COVER_UPLOAD_BYTES_MAX {
            return Err(ThumbError::too_large(format!("{} MiB", bytes.len() >> 20)));
        }
        let head = &bytes[..bytes.len().min(sniff::HEAD_BYTES)];
        let Some(Content::Still(format)) = sniff::content(head) else {
            return Err(ThumbError::damaged("not JPEG, PNG, WebP, GIF, BMP or TIFF"));
        };
        let _turn = self.desk.turns.take(1, stop)?;
        let effort = Effort::starting_now(stop);
        let content = decode::Content::Bytes(bytes);
        let sheet = decode::sheet(content, format, Frame::CHOSEN, &self.desk.memory, &effort)?;
        let mut picture = sheet.fitted(Frame::CHOSEN, &effort)?;
        // Ends: a picture of one pixel is small enough.
        loop {
            for quality in COVER_QUALITIES {
                effort.check()?;
                let encoded = picture.clone().encoded(quality)?;
                if encoded.len() <= COVER_CHOSEN_BYTES_MAX {
                    return Ok(encoded);
                }
            }
            let (width, height) = picture.size();
            picture = picture.resized((width / 2).max(1), (height / 2).max(1))?;
        }
    }

    /// Thumbnails made since the start.
    #[must_use]
    pub fn n_made(&self) -> u64 {
        self.desk.n_made.load(Ordering::Relaxed)
    }

    /// What is kept on disk.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.desk.cache.as_ref().map(Cache::kept).unwrap_or_default()
    }

    /// Whether somebody waits for a thumbnail.
    pub(super) fn is_busy(&self) -> bool {
        self.desk.n_waiting.load(Ordering::SeqCst) > 0
    }
}

impl Desk {
    /// What needs no work: a thumbnail that is kept, or an error that is remembered.
    fn kept(&self, key: &Key) -> Result<Option<Arc<[u8]>>, ThumbError> {
        if let Some(bytes) = self.recent.lock().get(key) {
            return Ok(Some(bytes));
        }
        if let Some(bytes) = self.cache.as_ref().and_then(|cache| cache.get(key)) {
            self.recent.lock().put(*key, Arc::clone(&bytes));
            return Ok(Some(bytes));
        }
        match self.failures.lock().get(key) {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// Makes it, or waits for whoever does already.
    fn once(&self, source: &Source, frame: Frame, key: Key, stop: &Stop) -> Outcome {
        loop {
            let work = {
                let mut under_way = self.under_way.lock();
                match under_way.get(&key) {
                    Some(work) => Arc::clone(work),
                    None => {
                        let work = Arc::new(Work::default());
                        under_way.insert(key, Arc::clone(&work));
                        let duty = Duty { desk: self, key, work };
                        drop(under_way);
                        let outcome = self.make_and_keep(source, frame, key, stop);
                        duty.end(outcome.clone());
                        return outcome;
                    }
                }
            };
            match work.wait(stop) {
                // Who made it is not wanted any more; this one is.
                Err(ThumbError::Stopped) if !stop.is_stopped() => {}
                outcome => return outcome,
            }
        }
    }

    fn make_and_keep(&self, source: &Source, frame: Frame, key: Key, stop: &Stop) -> Outcome {
        // Somebody may have kept it since it was looked for.
        if let Some(bytes) = self.kept(&key)? {
            return Ok(bytes);
        }
        let made = self.make(source, frame, stop);
        self.n_made.fetch_add(1, Ordering::Relaxed);
        match made {
            Ok(bytes) => {
                if let Some(cache) = &self.cache {
                    cache.put(&key, &bytes);
                }
                Ok(Arc::from(bytes))
            }
            Err(error) => {
                if !error.is_passing() {
                    self.failures.lock().put(key, error.clone());
                }
                Err(error)
            }
        }
    }

    fn make(&self, source: &Source, frame: Frame, stop: &Stop) -> Result<Vec<u8>, ThumbError> {
        let _turn = self.turns.take(1, stop)?;
        let mut file = (source.open)()?;
        let n_bytes = file.metadata()?.len();
        let mut head = Vec::with_capacity(sniff::HEAD_BYTES);
        file.by_ref().take(sniff::HEAD_BYTES as u64).read_to_end(&mut head)?;
        file.rewind()?;
        let content =
            sniff::content(&head).ok_or_else(|| ThumbError::damaged("of no format that is known"))?;
        let effort = Effort::starting_now(stop);
        match content {
            Content::Still(format) => {
                let content = decode::Content::File(file, n_bytes);
                decode::sheet(content, format, frame, &self.memory, &effort)?.into_thumbnail(frame, &effort)
            }
            Content::Foreign(format) => self.make_foreign(file, format, source.media, frame, stop),
        }
    }

    fn make_foreign(
        &self,
        file: File,
        format: &str,
        media: MediaKind,
        frame: Frame,
        stop: &Stop,
    ) -> Result<Vec<u8>, ThumbError> {
        let _turn = self.ffmpeg_turns.take(1, stop)?;
        let _memory = self.memory.take(2 * FFMPEG_OUTPUT_BYTES_MAX as u64, stop)?;
        let picture = self.ffmpeg.frame(file, format, stop).map_err(|error| match error {
            ThumbError::Undecodable(why) if media == MediaKind::Audio => {
                ThumbError::damaged(format!("no picture in this sound: {why}"))
            }
            other => other,
        })?;
        let original = picture.size();
        let effort = Effort::starting_now(stop);
        Sheet { picture, original, turn: Turn::NONE }.into_thumbnail(frame, &effort)
    }
}

impl Work {
    fn wait(&self, stop: &Stop) -> Outcome {
        let mut outcome = self.outcome.lock();
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            if stop.is_stopped() {
                return Err(ThumbError::Stopped);
            }
            self.changed.wait_for(&mut outcome, LOOK_EVERY);
        }
    }
}
