//! The door through which the routes reach the library.
//!
//! Routes know this trait and nothing behind it, so that they can be tried against a library that
//! is slow, broken or not there. Every method may block; none is called on an async thread.
//! A method that changes something returns once every projection that searches read shows it; a
//! decision gives the number by which it is undone, or `None` when all was so before.

use super::chats::Chats;
use super::deeds::Deeds;
use super::feed::Changes;
use super::meanings::Meanings;
use super::organizing::Organizing;
use super::pictures::Pictures;
use super::questions::Open;
use super::recipes::Recipes;
use crate::intake::RootStanding;
use crate::library::Granted;
use crate::query::{Hit, Page, Search, SearchError, Trend};
use crate::sys::Stop;
use crate::sys::rooted::Allowed;
use lumidex_schema::api;
use lumidex_schema::id::{EpochToken, ImageId, Seq, TagId};
use lumidex_schema::record;
use serde_json::Value;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// What a library does for the routes.
pub trait Engine: Chats + Deeds + Meanings + Organizing + Pictures + Recipes + Send + Sync + 'static {
    /// Whether searches can be answered.
    fn is_ready(&self) -> bool;
    /// What is going on.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn status(&self) -> Result<Status, Failure>;

    /// Every search shows every change up to this number.
    fn as_of(&self) -> Seq;
    /// Waits until searches show more than `seq`, but no longer than that; how far they are then.
    fn wait_past(&self, seq: Seq, no_longer_than: Duration) -> Seq;
    /// The token of the epoch that gave this number; `None` when it is beyond the head.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn epoch_of(&self, seq: Seq) -> Result<Option<EpochToken>, Failure>;
    /// What changed last after `after` and is shown by searches: up to `max` subjects, oldest first.
    /// Images and folders are told when `shown` says so of their path.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn changes(&self, after: Seq, max: usize, shown: Option<&Shown<'_>>) -> Result<Changes, Failure>;

    /// Questions about identity that wait for a person, newest first, up to `max`.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn reviews(&self, max: usize) -> Result<Vec<Open>, Failure>;

    /// Answers such a question: with one of its choices, or, without, by leaving all as it is.
    ///
    /// # Errors
    /// [`Failure`] when there is no such question or choice, or a store fails.
    fn settle_review(&self, number: Seq, take: Option<ImageId>) -> Result<Option<Seq>, Failure>;

    /// The images at these absolute paths, in the same order; `None` where there is none.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn images_at(&self, paths: &[&[u8]]) -> Result<Vec<Option<Hit>>, Failure>;
    /// The names of the images directly in the folder at this absolute path, sorted, with their ids; none
    /// when there is no such folder.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn ids_in(&self, folder: &[u8]) -> Result<Vec<(Vec<u8>, ImageId)>, Failure>;
    /// The newest images and videos directly in each of the folders at these absolute paths, by birth
    /// time, up to `max` for each; `None` for folders that are not known. Touches no file system.
    ///
    /// # Errors
    /// [`Failure`] when the indexes are not ready or a store fails.
    fn newest_in(&self, folders: &[&[u8]], max: usize) -> Result<Vec<Option<Vec<Hit>>>, Failure>;
    /// The image with this id, if it is there.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn image(&self, id: ImageId) -> Result<Option<Hit>, Failure>;
    /// The stored generation text of an image; empty when it has none.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn generation_text(&self, image: &record::Image) -> Result<String, Failure>;
    /// Reads one file under a root now, if it is media and not yet known.
    ///
    /// # Errors
    /// [`Failure`] when a store fails. A file that cannot be read is `None`.
    fn index_file(&self, path: &[u8]) -> Result<Option<Hit>, Failure>;

    /// One page of what matches.
    ///
    /// # Errors
    /// [`Failure`] when the request makes no sense or a store fails.
    fn search(&self, request: &Search) -> Result<Page, Failure>;
    /// Images at random.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn random(&self, n: usize) -> Result<Vec<Hit>, Failure>;
    /// How many images are there, offline ones included.
    ///
    /// # Errors
    /// [`Failure`] when the indexes are not ready.
    fn n_images(&self) -> Result<u64, Failure>;
    /// Counts over time and the most used models, samplers, loras and sources.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn trend(&self, max_tags: usize) -> Result<Trend, Failure>;

    /// Tags with counts, capped as contract 4.1 says; every custom tag is among them.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn tags(&self) -> Result<Arc<Vec<api::Tag>>, Failure>;
    /// One tag, whatever its kind.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn tag(&self, id: TagId) -> Result<Option<api::Tag>, Failure>;
    /// The custom tags of each of these images.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn custom_tags_of(&self, images: &[ImageId]) -> Result<Vec<Vec<api::Tag>>, Failure>;
    /// The custom tag of this name, made if there is none.
    ///
    /// # Errors
    /// [`Failure`] when the name is refused or a store fails.
    fn make_tag(&self, name: &str) -> Result<(api::Tag, Option<Seq>), Failure>;
    /// Removes a custom tag with its links; does nothing when there is no such tag.
    ///
    /// # Errors
    /// [`Failure`] when it is not a custom tag or may not go, or a store fails.
    fn remove_tag(&self, tag: TagId) -> Result<Option<Seq>, Failure>;
    /// Gives a tag a colour; does nothing when there is no such tag.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn color_tag(&self, tag: TagId, color: &str) -> Result<Option<Seq>, Failure>;
    /// Puts a custom tag on images, or takes it off.
    ///
    /// # Errors
    /// [`Failure`] when there is no such custom tag or a store fails.
    fn link_tag(&self, tag: TagId, images: &[ImageId], link: Linking) -> Result<Option<Seq>, Failure>;
    /// Puts a custom tag on an image or takes it off; returns whether it is off now.
    ///
    /// # Errors
    /// [`Failure`] when there is no such custom tag or a store fails.
    fn toggle_tag(&self, tag: TagId, image: ImageId) -> Result<(bool, Option<Seq>), Failure>;

    /// Absolute paths of the roots that the last walk could not reach.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn offline_roots(&self) -> Result<Vec<Vec<u8>>, Failure>;

    /// What clients stored: name and JSON text.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn settings(&self) -> Result<Vec<(String, String)>, Failure>;
    /// Stores a client's JSON text, or removes it.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn put_setting(&self, name: &str, json: Option<&str>) -> Result<Option<Seq>, Failure>;

    /// The folders the user gave, by absolute path.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn extra_paths(&self) -> Result<Vec<(Vec<u8>, record::ExtraPath)>, Failure>;
    /// Adds types to a folder, or the folder.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn add_extra_path(&self, path: &[u8], types: &[record::PathType]) -> Result<Option<Seq>, Failure>;
    /// Removes types from a folder; none named removes all. The folder goes with its last type.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn remove_extra_path(&self, path: &[u8], types: &[record::PathType]) -> Result<Option<Seq>, Failure>;
    /// Names a folder; `None` when it is not known.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn alias_extra_path(&self, path: &[u8], alias: &str) -> Result<Option<record::ExtraPath>, Failure>;

    /// A person says that the root at this path is really empty; returns when what was there shows as
    /// gone.
    ///
    /// # Errors
    /// [`Failure`] when there is no such root, it cannot be opened, or a store fails.
    fn accept_empty(&self, path: &[u8]) -> Result<(), Failure>;
    /// Roots never walked, or being walked (design ruling 20). Touches no file system.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn expired_dirs(&self) -> Result<Vec<Vec<u8>>, Failure>;
    /// Walks every root; returns when everything that stood there before this call is searchable.
    /// Callers share a run only if it begins after all of them have called.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn update(&self) -> Result<(), Failure>;
    /// As [`Engine::update`], reading every file again and recomputing all that is derived.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn rebuild(&self) -> Result<(), Failure>;

    /// A proven copy of everything that must not be lost, as of now. The file has no name.
    ///
    /// # Errors
    /// [`Failure`] when there is no room for it or a store fails.
    fn backup(&self) -> Result<Backup, Failure>;
    /// A proven copy of what an upstream was paid for, with no bytes when nothing was. The file has no name.
    ///
    /// # Errors
    /// As [`Engine::backup`].
    fn backup_paid(&self) -> Result<Backup, Failure>;
    /// What is not as it should be, see [`crate::ledger::verify::Findings`], as JSON.
    ///
    /// # Errors
    /// [`Failure`] when told to stop, or a store fails.
    fn verify(&self, stop: &Stop) -> Result<Value, Failure>;
    /// How much there is, see [`crate::ledger::Stats`], as JSON.
    ///
    /// # Errors
    /// As [`Engine::verify`].
    fn stats(&self, stop: &Stop) -> Result<Value, Failure>;
    /// What the owner of the data folder shows to be known; empty when nobody can.
    fn token(&self) -> &str;

    /// From now on files are changed only in the folders that the library holds and in these.
    ///
    /// # Errors
    /// [`Failure`] when a store fails.
    fn confine(&self, granted: Granted) -> Result<(), Failure>;

    /// What a file says about how it was made, read from the file.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be opened.
    fn read_file(&self, file: &Allowed, beside: Beside) -> Result<FileText, Failure>;
}

/// A copy of a ledger, or of what was paid for.
#[derive(Debug)]
pub struct Backup {
    /// Opened at its beginning.
    pub file: File,
    /// Its length.
    pub bytes: u64,
    /// How many rows it has, so that who gets it can count them.
    pub rows: u64,
}

/// Whether clients may know of this absolute path.
pub type Shown<'a> = dyn Fn(&[u8]) -> bool + 'a;

/// What a file says about how it was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileText {
    /// As contract 3.1 answers it; empty when there is none.
    pub generation_text: String,
    /// The recipe, if one was recognised.
    pub recipe: Option<lumidex_schema::recipe::Recipe>,
    /// Container metadata by name and EXIF by numeric tag, all as text (contract 3.3).
    pub entries: Vec<(String, String)>,
}

/// Whether the text file beside a media file is read with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// It is.
    Sidecar,
    /// It is not.
    Nothing,
}

/// Puts a tag on, or takes it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// On.
    Put,
    /// Off.
    Take,
}

/// What is going on in a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether a walk is running.
    pub is_indexing: bool,
    /// Files looked at by the running walk.
    pub seen: u64,
    /// Files read by the running walk.
    pub read: u64,
    /// Files the running walk expects to read, as far as known.
    pub expected: u64,
    /// Files with complaints, entries that could not be read.
    pub complaints: u64,
    /// How far the text index is while it refills.
    pub partial: Option<(u64, u64)>,
    /// What becomes of changes in each root.
    pub roots: Vec<RootStanding>,
    /// Files that an import brought something for, and that were not seen yet.
    pub waiting: u64,
    /// What cannot do its work, and why: projections that stand still, a ledger that cannot be written.
    pub failures: Vec<(String, String)>,
}

/// Why the library did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request makes no sense; the text says why.
    #[error("{0}")]
    Refused(String),
    /// There is no such tag, image or folder; the text says which.
    #[error("{0}")]
    Unknown(String),
    /// It is stopping, or not ready yet.
    #[error("{0}")]
    Unready(String),
    /// A store failed.
    #[error("the library could not do it")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// A store failed with this.
    pub fn store(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Store(Box::new(cause))
    }
}

impl From<SearchError> for Failure {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::UnknownTag(_) => Self::Unknown(error.to_string()),
            SearchError::BadCursor
            | SearchError::ForeignCursor
            | SearchError::BadRegex(_)
            | SearchError::RegexTooExpensive => Self::Refused(error.to_string()),
            SearchError::NotReady => Self::Unready(error.to_string()),
            SearchError::Text(_) | SearchError::Ledger(_) => Self::store(error),
        }
    }
}
