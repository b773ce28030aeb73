//! The library as the routes see it.

use super::engine::{Backup, Beside, Engine, Failure, FileText, Linking, Shown, Status};
use super::feed::{self, Changes};
use super::questions::{self, Open};
use crate::intake::{Alone, IntakeError};
use crate::ledger::backup::BackupError;
use crate::ledger::paid::PaidCopyError;
use crate::ledger::{DecideError, Reader};
use crate::library::{AcceptError, Granted, Library};
use crate::metadata::Reading;
use crate::projection::verify::LookError;
use crate::query::{Hit, Page, Search, Trend};
use crate::sys::Stop;
use crate::sys::rooted::Allowed;
use lumidex_schema::api;
use lumidex_schema::id::{EpochToken, ImageId, Seq, TagId};
use lumidex_schema::record::{ExtraPath, Image, PathType, Presence};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

impl Engine for Library {
    fn is_ready(&self) -> bool {
        self.query().is_ready()
    }

    fn status(&self) -> Result<Status, Failure> {
        let progress = self.progress();
        let roots = self.intake().standings().map_err(Failure::store)?;
        let failures = self.failures().into_iter().map(|(name, why)| (name.to_owned(), why));
        Ok(Status {
            is_indexing: progress.is_walking,
            seen: progress.files,
            read: progress.read,
            expected: progress.to_read,
            complaints: progress.complaints + progress.unreadable,
            partial: self.query().partial().map(|partial| (partial.done, partial.total)),
            roots,
            waiting: now(self)?.n_pending().map_err(Failure::store)?,
            failures: failures.collect(),
        })
    }

    fn as_of(&self) -> Seq {
        self.query().as_of()
    }

    fn wait_past(&self, seq: Seq, no_longer_than: Duration) -> Seq {
        // Whether it came in time shows in the number.
        let _ = self.query().wait_visible(Seq(seq.0.saturating_add(1)), no_longer_than);
        self.query().as_of()
    }

    fn epoch_of(&self, seq: Seq) -> Result<Option<EpochToken>, Failure> {
        feed::epoch_of(&now(self)?, seq).map_err(Failure::store)
    }

    fn changes(&self, after: Seq, max: usize, shown: Option<&Shown<'_>>) -> Result<Changes, Failure> {
        // Before the snapshot, which then holds all of it.
        let as_of = self.query().as_of();
        feed::changes(&now(self)?, after..as_of, max, shown).map_err(Failure::store)
    }

    fn reviews(&self, max: usize) -> Result<Vec<Open>, Failure> {
        questions::open(&now(self)?, max).map_err(Failure::store)
    }

    fn settle_review(&self, number: Seq, take: Option<ImageId>) -> Result<Option<Seq>, Failure> {
        Ok(Library::settle_review(self, number, take)?)
    }

    fn images_at(&self, paths: &[&[u8]]) -> Result<Vec<Option<Hit>>, Failure> {
        let reader = now(self)?;
        let known = |path: &&[u8]| {
            let found = reader.present_at(path).map_err(Failure::store)?;
            Ok(found.map(|(id, image)| Hit { id, path: path.to_vec(), image }))
        };
        paths.iter().map(known).collect()
    }

    fn ids_in(&self, folder: &[u8]) -> Result<Vec<(Vec<u8>, ImageId)>, Failure> {
        let reader = now(self)?;
        let Some(folder) = reader.folder_at(folder).map_err(Failure::store)? else { return Ok(Vec::new()) };
        let known = reader.known_in(folder).map_err(Failure::store)?;
        Ok(known.into_iter().map(|file| (file.name, file.image)).collect())
    }

    fn newest_in(&self, folders: &[&[u8]], max: usize) -> Result<Vec<Option<Vec<Hit>>>, Failure> {
        folders.iter().map(|folder| Ok(self.query().newest_in(folder, max)?)).collect()
    }

    fn image(&self, id: ImageId) -> Result<Option<Hit>, Failure> {
        let reader = now(self)?;
        let found = reader.image(id).map_err(Failure::store)?;
        let Some(image) = found.filter(|image| image.presence == Presence::Present) else { return Ok(None) };
        let path = reader.path_of(&image).map_err(Failure::store)?;
        Ok(Some(Hit { id, path, image }))
    }

    fn generation_text(&self, image: &Image) -> Result<String, Failure> {
        now(self)?.generation_text(image).map_err(Failure::store)
    }

    fn index_file(&self, path: &[u8]) -> Result<Option<Hit>, Failure> {
        self.look_at(path).map_err(Failure::store)?;
        Ok(self.images_at(&[path])?.into_iter().next().flatten())
    }

    fn search(&self, request: &Search) -> Result<Page, Failure> {
        Ok(self.query().search(request)?)
    }

    fn random(&self, n: usize) -> Result<Vec<Hit>, Failure> {
        Ok(self.query().random(n)?)
    }

    fn n_images(&self) -> Result<u64, Failure> {
        Ok(self.query().n_images()?)
    }

    fn trend(&self, max_tags: usize) -> Result<Trend, Failure> {
        Ok(self.query().trend(max_tags)?)
    }

    fn tags(&self) -> Result<Arc<Vec<api::Tag>>, Failure> {
        Ok(self.query().tag_list()?)
    }

    fn tag(&self, id: TagId) -> Result<Option<api::Tag>, Failure> {
        let known = now(self)?.tag(id).map_err(Failure::store)?;
        match known.filter(|tag| !tag.removed) {
            Some(_) => shown(self, id),
            None => Ok(None),
        }
    }

    fn custom_tags_of(&self, images: &[ImageId]) -> Result<Vec<Vec<api::Tag>>, Failure> {
        let reader = now(self)?;
        let of_image = |image: &ImageId| {
            let ids = reader.custom_tag_ids_of(*image).map_err(Failure::store)?;
            Ok(self.query().tags(&ids)?)
        };
        images.iter().map(of_image).collect()
    }

    fn make_tag(&self, name: &str) -> Result<(api::Tag, Option<Seq>), Failure> {
        let (id, deed) = self.make_or_find_tag(name)?;
        let late = || Failure::Unready("the tag was made, but searches do not know it yet".to_owned());
        Ok((shown(self, id)?.ok_or_else(late)?, deed))
    }

    fn remove_tag(&self, tag: TagId) -> Result<Option<Seq>, Failure> {
        Ok(Library::remove_tag(self, tag)?)
    }

    fn color_tag(&self, tag: TagId, color: &str) -> Result<Option<Seq>, Failure> {
        Ok(Library::color_tag(self, tag, color)?)
    }

    fn link_tag(&self, tag: TagId, images: &[ImageId], link: Linking) -> Result<Option<Seq>, Failure> {
        match link {
            Linking::Put => Ok(self.put_tag(tag, images.to_vec())?),
            Linking::Take => Ok(self.take_tag(tag, images.to_vec())?),
        }
    }

    fn toggle_tag(&self, tag: TagId, image: ImageId) -> Result<(bool, Option<Seq>), Failure> {
        Ok(Library::toggle_tag(self, tag, image)?)
    }

    fn offline_roots(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let offline = self.intake().offline();
        if offline.is_empty() {
            return Ok(Vec::new());
        }
        let roots = now(self)?.roots().map_err(Failure::store)?;
        Ok(roots.into_iter().filter(|(id, _)| offline.contains(id)).map(|(_, root)| root.path).collect())
    }

    fn settings(&self) -> Result<Vec<(String, String)>, Failure> {
        now(self)?.settings().map_err(Failure::store)
    }

    fn put_setting(&self, name: &str, json: Option<&str>) -> Result<Option<Seq>, Failure> {
        match json {
            Some(json) => Ok(Library::put_setting(self, name, json)?),
            None => Ok(self.remove_setting(name)?),
        }
    }

    fn extra_paths(&self) -> Result<Vec<(Vec<u8>, ExtraPath)>, Failure> {
        now(self)?.extra_paths().map_err(Failure::store)
    }

    fn add_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Option<Seq>, Failure> {
        Ok(Library::add_extra_path(self, path, types)?)
    }

    fn remove_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Option<Seq>, Failure> {
        Ok(Library::remove_extra_path(self, path, types)?)
    }

    fn alias_extra_path(&self, path: &[u8], alias: &str) -> Result<Option<ExtraPath>, Failure> {
        match Library::alias_extra_path(self, path, alias) {
            Ok(entry) => Ok(Some(entry)),
            Err(DecideError::UnknownExtraPath(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn accept_empty(&self, path: &[u8]) -> Result<(), Failure> {
        Library::accept_empty(self, path).map_err(|error| match error {
            AcceptError::Unknown(_) => Failure::Unknown(error.to_string()),
            AcceptError::Offline(_) => Failure::Refused(error.to_string()),
            AcceptError::Walk(error) => error.into(),
        })
    }

    fn expired_dirs(&self) -> Result<Vec<Vec<u8>>, Failure> {
        Library::expired_dirs(self).map_err(Failure::store)
    }

    fn update(&self) -> Result<(), Failure> {
        Ok(Library::update(self)?)
    }

    fn rebuild(&self) -> Result<(), Failure> {
        Ok(Library::rebuild(self)?)
    }

    fn backup(&self) -> Result<Backup, Failure> {
        match Library::backup(self) {
            Ok((file, copied)) => Ok(Backup { file, bytes: copied.bytes, rows: copied.rows }),
            Err(error @ (BackupError::Full { .. } | BackupError::Stopped)) => {
                Err(Failure::Unready(error.to_string()))
            }
            Err(error) => Err(Failure::store(error)),
        }
    }

    fn backup_paid(&self) -> Result<Backup, Failure> {
        match Library::backup_paid(self) {
            Ok((file, bytes, rows)) => Ok(Backup { file, bytes, rows }),
            Err(PaidCopyError::Stopped) => Err(Failure::Unready(PaidCopyError::Stopped.to_string())),
            Err(error) => Err(Failure::store(error)),
        }
    }

    fn verify(&self, stop: &Stop) -> Result<Value, Failure> {
        match Library::verify(self, stop) {
            Ok(findings) => serde_json::to_value(findings).map_err(Failure::store),
            Err(LookError::Stopped) => Err(Failure::Unready(LookError::Stopped.to_string())),
            Err(error) => Err(Failure::store(error)),
        }
    }

    fn stats(&self, stop: &Stop) -> Result<Value, Failure> {
        match Library::stats(self, stop).map_err(Failure::store)? {
            Some(stats) => serde_json::to_value(stats).map_err(Failure::store),
            None => Err(Failure::Unready("stopped before everything was counted".to_owned())),
        }
    }

    fn token(&self) -> &str {
        Library::token(self)
    }

    fn confine(&self, granted: Granted) -> Result<(), Failure> {
        Library::confine(self, granted).map_err(Failure::store)
    }

    fn read_file(&self, file: &Allowed, beside: Beside) -> Result<FileText, Failure> {
        let allowed = file;
        let file = Alone::allowed(allowed).map_err(Failure::store)?;
        let file = match beside {
            Beside::Sidecar => file.with_allowed_sidecars(allowed),
            Beside::Nothing => file,
        };
        let Reading { recipe, generation_text, .. } = file.reading().map_err(Failure::store)?;
        let entries = file.slots_as_text().map_err(Failure::store)?;
        Ok(FileText { generation_text, recipe, entries: entries.into_iter().collect() })
    }
}

fn now(library: &Library) -> Result<Reader, Failure> {
    library.reader().map_err(Failure::store)
}

fn shown(library: &Library, id: TagId) -> Result<Option<api::Tag>, Failure> {
    Ok(library.query().tags(&[id])?.into_iter().next())
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Stopped => Self::Unready(error.to_string()),
            IntakeError::Run(_) => Self::store(error),
        }
    }
}

impl From<DecideError> for Failure {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::UnknownTag(_)
            | DecideError::UnknownImage(_)
            | DecideError::UnknownReview(_)
            | DecideError::UnknownDecision(_)
            | DecideError::UnknownOperation(_) => Self::Unknown(error.to_string()),
            DecideError::NotCustom(_)
            | DecideError::Permanent(_)
            | DecideError::BadTagName(_)
            | DecideError::UnknownExtraPath(_)
            | DecideError::NoTypes
            | DecideError::NotAChoice { .. }
            | DecideError::Outdated(_)
            | DecideError::NotNow { .. }
            | DecideError::CannotUndo { .. }
            | DecideError::CoverTooLarge(_)
            | DecideError::TooManySettings(_)
            | DecideError::NotJson(_) => Self::Refused(error.to_string()),
            DecideError::Write(ref write) if write.is_disk_full() => Self::Unready(
                "the disk is full, so nothing was changed: free some space and try again".into(),
            ),
            DecideError::Write(_) => Self::store(error),
        }
    }
}
