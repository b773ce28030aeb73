//! The library as the routes see it: ledger, query and intake behind one door.

use super::engine::{Engine, Failure, FileText, Linking, Status};
use crate::intake::{Intake, IntakeError, RunSummary};
use crate::ledger::{DecideError, Ledger, ReadError, Reader};
use crate::query::{self, Hit, Page, Search, Trend};
use lumidex_schema::api;
use lumidex_schema::id::{ImageId, RootId, Seq, TagId};
use lumidex_schema::path::below;
use lumidex_schema::record::{ExtraPath, Image, PathType, Presence};
use parking_lot::RwLock;
use std::path::Path;
use std::sync::Arc;

/// The rooms the routes lead to.
pub struct Rooms {
    /// What is known and what people decided.
    pub ledger: Ledger,
    /// What is found.
    pub query: query::Engine,
    /// What walks.
    pub intake: Arc<Intake>,
    /// Folders of generators on this machine, offered while there is no root.
    pub suggestions: Vec<Vec<u8>>,
    /// Roots the last walk could not reach.
    pub offline: RwLock<Vec<Vec<u8>>>,
}

impl Rooms {
    /// Takes in what a walk found of the roots.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn note_offline(&self, offline: &[RootId]) -> Result<(), ReadError> {
        let roots = self.ledger.reader()?.roots()?;
        let paths = roots.into_iter().filter(|(id, _)| offline.contains(id)).map(|(_, root)| root.path);
        *self.offline.write() = paths.collect();
        Ok(())
    }

    fn reader(&self) -> Result<Reader, Failure> {
        self.ledger.reader().map_err(Failure::store)
    }

    /// A decision is answered once every search shows it (design ruling 15). One that takes longer
    /// is durable all the same, and answered.
    fn shown(&self, seq: Seq) {
        if !self.query.wait_visible(seq) {
            tracing::warn!(seq = seq.0, "a change is durable but searches do not show it yet");
        }
    }

    fn walked(&self, run: Result<RunSummary, IntakeError>) -> Result<(), Failure> {
        let RunSummary { head, offline, progress: _ } = run.map_err(|error| match error {
            IntakeError::Stopped => Failure::Unready(error.to_string()),
            IntakeError::Run(_) => Failure::store(error),
        })?;
        self.note_offline(&offline).map_err(Failure::store)?;
        self.shown(head);
        Ok(())
    }

    fn tag_shown(&self, id: TagId) -> Option<api::Tag> {
        self.query.tags(&[id]).into_iter().next()
    }
}

impl Engine for Rooms {
    fn is_ready(&self) -> bool {
        self.query.is_ready()
    }

    fn status(&self) -> Result<Status, Failure> {
        let progress = self.intake.progress();
        let roots = self.reader()?.roots().map_err(Failure::store)?;
        let roots = roots.into_iter().filter(|(_, root)| !root.retired);
        Ok(Status {
            is_indexing: progress.is_walking,
            seen: progress.files,
            read: progress.read,
            expected: progress.to_read,
            complaints: progress.complaints + progress.unreadable,
            partial: self.query.partial().map(|partial| (partial.done, partial.total)),
            roots: roots.map(|(_, root)| (root.path.clone(), self.is_offline(&root.path))).collect(),
            suggestions: self.suggestions.clone(),
        })
    }

    fn images_at(&self, paths: &[&[u8]]) -> Result<Vec<Option<Hit>>, Failure> {
        let reader = self.reader()?;
        let known = |path: &&[u8]| {
            let found = reader.present_at(path).map_err(Failure::store)?;
            Ok(found.map(|(id, image)| Hit { id, path: path.to_vec(), image }))
        };
        paths.iter().map(known).collect()
    }

    fn image(&self, id: ImageId) -> Result<Option<Hit>, Failure> {
        let reader = self.reader()?;
        let found = reader.image(id).map_err(Failure::store)?;
        let Some(image) = found.filter(|image| image.presence == Presence::Present) else { return Ok(None) };
        let path = reader.path_of(&image).map_err(Failure::store)?;
        Ok(Some(Hit { id, path, image }))
    }

    fn generation_text(&self, image: &Image) -> Result<String, Failure> {
        self.reader()?.generation_text(image).map_err(Failure::store)
    }

    fn index_file(&self, path: &[u8]) -> Result<Option<Hit>, Failure> {
        // An update reads what is new and nothing else; who asks waits for one such run.
        self.update()?;
        Ok(self.images_at(&[path])?.into_iter().next().flatten())
    }

    fn search(&self, request: &Search) -> Result<Page, Failure> {
        Ok(self.query.search(request)?)
    }

    fn random(&self, n: usize) -> Result<Vec<Hit>, Failure> {
        Ok(self.query.random(n)?)
    }

    fn n_images(&self) -> Result<u64, Failure> {
        Ok(self.query.n_images()?)
    }

    fn trend(&self, max_tags: usize) -> Result<Trend, Failure> {
        Ok(self.query.trend(max_tags)?)
    }

    fn tags(&self) -> Result<Arc<Vec<api::Tag>>, Failure> {
        Ok(self.query.tag_list()?)
    }

    fn tag(&self, id: TagId) -> Result<Option<api::Tag>, Failure> {
        let known = self.reader()?.tag(id).map_err(Failure::store)?;
        Ok(known.filter(|tag| !tag.removed).and_then(|_| self.tag_shown(id)))
    }

    fn custom_tags_of(&self, images: &[ImageId]) -> Result<Vec<Vec<api::Tag>>, Failure> {
        let reader = self.reader()?;
        let of_image = |image: &ImageId| {
            let ids = reader.custom_tag_ids_of(*image).map_err(Failure::store)?;
            Ok(self.query.tags(&ids))
        };
        images.iter().map(of_image).collect()
    }

    fn make_tag(&self, name: &str) -> Result<api::Tag, Failure> {
        let (seq, id) = self.ledger.make_tag(name)?;
        self.shown(seq);
        self.tag_shown(id)
            .ok_or_else(|| Failure::Unready("the tag was made, but searches do not know it yet".to_owned()))
    }

    fn remove_tag(&self, tag: TagId) -> Result<(), Failure> {
        self.shown(self.ledger.remove_tag(tag)?);
        Ok(())
    }

    fn color_tag(&self, tag: TagId, color: &str) -> Result<(), Failure> {
        self.shown(self.ledger.color_tag(tag, color)?);
        Ok(())
    }

    fn link_tag(&self, tag: TagId, images: &[ImageId], link: Linking) -> Result<(), Failure> {
        let seq = match link {
            Linking::Put => self.ledger.put_tag(tag, images.to_vec())?,
            Linking::Take => self.ledger.take_tag(tag, images.to_vec())?,
        };
        self.shown(seq);
        Ok(())
    }

    fn toggle_tag(&self, tag: TagId, image: ImageId) -> Result<bool, Failure> {
        let (seq, is_off) = self.ledger.toggle_tag(tag, image)?;
        self.shown(seq);
        Ok(is_off)
    }

    fn is_offline(&self, path: &[u8]) -> bool {
        self.offline.read().iter().any(|root| below(path, root).is_some())
    }

    fn settings(&self) -> Result<Vec<(String, String)>, Failure> {
        self.reader()?.settings().map_err(Failure::store)
    }

    fn put_setting(&self, name: &str, json: Option<&str>) -> Result<(), Failure> {
        match json {
            Some(json) => self.ledger.put_setting(name, json)?,
            None => self.ledger.remove_setting(name)?,
        };
        Ok(())
    }

    fn extra_paths(&self) -> Result<Vec<(Vec<u8>, ExtraPath)>, Failure> {
        self.reader()?.extra_paths().map_err(Failure::store)
    }

    fn add_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<(), Failure> {
        self.shown(self.ledger.add_extra_path(path, types)?);
        Ok(())
    }

    fn remove_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<(), Failure> {
        self.shown(self.ledger.remove_extra_path(path, types)?);
        Ok(())
    }

    fn alias_extra_path(&self, path: &[u8], alias: &str) -> Result<Option<ExtraPath>, Failure> {
        match self.ledger.alias_extra_path(path, alias) {
            Ok((_, entry)) => Ok(Some(entry)),
            Err(DecideError::UnknownExtraPath(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn expired_dirs(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let roots = self.reader()?.roots().map_err(Failure::store)?;
        let expired = roots
            .into_iter()
            .filter(|(id, root)| !root.retired && (root.walked.is_none() || self.intake.is_walking(*id)));
        Ok(expired.map(|(_, root)| root.path).collect())
    }

    fn update(&self) -> Result<(), Failure> {
        self.walked(self.intake.update())
    }

    fn rebuild(&self) -> Result<(), Failure> {
        self.walked(self.intake.rebuild())
    }

    fn read_file(&self, path: &Path) -> Result<FileText, Failure> {
        let _ = path;
        Ok(FileText::default())
    }
}

impl From<DecideError> for Failure {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::UnknownTag(_) | DecideError::UnknownImage(_) => Self::Unknown(error.to_string()),
            DecideError::NotCustom(_)
            | DecideError::Permanent(_)
            | DecideError::BadTagName(_)
            | DecideError::UnknownExtraPath(_)
            | DecideError::NoTypes
            | DecideError::NotJson(_) => Self::Refused(error.to_string()),
            DecideError::Write(_) => Self::store(error),
        }
    }
}
