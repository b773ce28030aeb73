//! What people decide about tags, settings and folders, in an open library.

use super::Library;
use crate::ledger::DecideError;
use lumidex_schema::id::{ImageId, Seq, TagId};
use lumidex_schema::record::{ExtraPath, PathType};

impl Library {
    /// See [`Ledger::make_tag`](crate::ledger::Ledger::make_tag).
    ///
    /// # Errors
    /// [`DecideError`], nothing written; so for every decision here, which all give the number by which
    /// they are undone, or `None` when nothing had to be changed.
    pub fn make_tag(&self, name: &str) -> Result<TagId, DecideError> {
        self.make_or_find_tag(name).map(|(tag, _)| tag)
    }

    /// As [`Library::make_tag`], with the number by which it is undone.
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn make_or_find_tag(&self, name: &str) -> Result<(TagId, Option<Seq>), DecideError> {
        let mut made = TagId::default();
        let deed = self.decide(|ledger| ledger.make_tag(name).map(|(seq, tag)| (made = tag, seq).1))?;
        Ok((made, deed))
    }

    /// See [`Ledger::remove_tag`](crate::ledger::Ledger::remove_tag).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn remove_tag(&self, tag: TagId) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.remove_tag(tag))
    }

    /// See [`Ledger::color_tag`](crate::ledger::Ledger::color_tag).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn color_tag(&self, tag: TagId, color: &str) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.color_tag(tag, color))
    }

    /// See [`Ledger::put_tag`](crate::ledger::Ledger::put_tag).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn put_tag(&self, tag: TagId, images: Vec<ImageId>) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.put_tag(tag, images))
    }

    /// See [`Ledger::take_tag`](crate::ledger::Ledger::take_tag).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn take_tag(&self, tag: TagId, images: Vec<ImageId>) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.take_tag(tag, images))
    }

    /// See [`Ledger::toggle_tag`](crate::ledger::Ledger::toggle_tag).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn toggle_tag(&self, tag: TagId, image: ImageId) -> Result<(bool, Option<Seq>), DecideError> {
        let mut is_off = false;
        let toggled = |(seq, is_removed)| (is_off = is_removed, seq).1;
        let deed = self.decide(|ledger| ledger.toggle_tag(tag, image).map(toggled))?;
        Ok((is_off, deed))
    }

    /// See [`Ledger::settle_review`](crate::ledger::Ledger::settle_review).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn settle_review(&self, review: Seq, take: Option<ImageId>) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.settle_review(review, take))
    }

    /// See [`Ledger::put_setting`](crate::ledger::Ledger::put_setting).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn put_setting(&self, name: &str, json: &str) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.put_setting(name, json))
    }

    /// See [`Ledger::remove_setting`](crate::ledger::Ledger::remove_setting).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn remove_setting(&self, name: &str) -> Result<Option<Seq>, DecideError> {
        self.decide(|ledger| ledger.remove_setting(name))
    }

    /// See [`Ledger::add_extra_path`](crate::ledger::Ledger::add_extra_path).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn add_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Option<Seq>, DecideError> {
        let deed = self.decide(|ledger| ledger.add_extra_path(path, types))?;
        self.look_at_roots();
        Ok(deed)
    }

    /// See [`Ledger::remove_extra_path`](crate::ledger::Ledger::remove_extra_path).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn remove_extra_path(&self, path: &[u8], types: &[PathType]) -> Result<Option<Seq>, DecideError> {
        let deed = self.decide(|ledger| ledger.remove_extra_path(path, types))?;
        self.look_at_roots();
        Ok(deed)
    }

    /// See [`Ledger::alias_extra_path`](crate::ledger::Ledger::alias_extra_path).
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn alias_extra_path(&self, path: &[u8], alias: &str) -> Result<ExtraPath, DecideError> {
        self.ledger.alias_extra_path(path, alias).map(|(_, entry)| entry)
    }
}
