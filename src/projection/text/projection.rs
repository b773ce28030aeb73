//! The text index as a projection: what each row of the feed means to it.
//!
//! Rows of images mean nothing here, so tagging a million images touches no document.

use super::error::TextError;
use super::index::TextIndex;
use super::snapshot::TextReader;
use crate::limits;
use crate::projection::contract::{Batch, Projection, ProjectionError, checkpoint_of};
use crate::sys::storage::{Disk, Storage};
use lumidex_schema::checkpoint::{Checkpoint, StartEmpty};
use lumidex_schema::feed::Subject;
use lumidex_schema::{format, path};
use std::path::Path;
use std::sync::Arc;

const NAME: &str = "text";

/// Follows texts, folders and tags.
pub struct TextProjection {
    index: TextIndex,
    /// What was found at opening, and what was committed since.
    checkpoint: Result<Checkpoint, StartEmpty>,
}

impl TextProjection {
    /// Opens the projection in its directory, which need not exist. Never fails: what cannot be
    /// used is reported by [`Projection::checkpoint`].
    #[must_use]
    pub fn open(dir: &Path) -> Self {
        Self::open_on(Disk::shared(), dir)
    }

    /// As [`TextProjection::open`], on this storage.
    #[must_use]
    pub fn open_on(storage: Arc<dyn Storage>, dir: &Path) -> Self {
        let (index, checkpoint) = TextIndex::open_on(storage, dir);
        Self { index, checkpoint }
    }

    /// Gives readers.
    #[must_use]
    pub fn reader(&self) -> TextReader {
        self.index.reader()
    }

    fn take_in(&mut self, subject: Subject, batch: &Batch<'_>) -> Result<(), ProjectionError> {
        let failed = |source| store_error("took in a change", source);
        match subject {
            Subject::Image(_) => Ok(()),
            Subject::Text(id) if self.index.contains(id) => Ok(()),
            Subject::Text(id) => match batch.reader.text(id)? {
                Some(text) => self.index.add_text(id, &text.template).map_err(failed),
                None => Ok(()),
            },
            Subject::Folder(id) => match batch.reader.folder(id)? {
                Some(_) => {
                    let shown = path::display(&batch.reader.folder_path(id)?);
                    self.index.put_folder(id, &shown).map_err(failed)
                }
                None => self.index.remove_folder(id).map_err(failed),
            },
            Subject::Tag(id) => match batch.reader.tag(id)? {
                Some(tag) if !tag.removed => self.index.put_tag(id, &tag.name).map_err(failed),
                Some(_) | None => self.index.remove_tag(id).map_err(failed),
            },
        }
    }
}

impl Projection for TextProjection {
    fn name(&self) -> &'static str {
        NAME
    }

    fn format(&self) -> u32 {
        format::TEXT.current
    }

    fn checkpoint(&self) -> Result<Checkpoint, StartEmpty> {
        self.checkpoint
    }

    fn start_empty(&mut self) -> Result<(), ProjectionError> {
        self.checkpoint = Err(StartEmpty::Absent);
        self.index.start_empty().map_err(|source| store_error("emptied its directory", source))
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<(), ProjectionError> {
        for (seq, subject) in batch.rows {
            self.take_in(*subject, batch)?;
            if self.index.pending() >= limits::TEXT_PENDING_MAX {
                // Rows come in order, so everything up to this one is in.
                self.commit(checkpoint_of(self.format(), *seq, batch.reader)?)?;
            }
        }
        self.index.publish(batch.through);
        Ok(())
    }

    fn commit(&mut self, checkpoint: Checkpoint) -> Result<(), ProjectionError> {
        self.index.commit(checkpoint).map_err(|source| store_error("made its changes durable", source))?;
        self.checkpoint = Ok(checkpoint);
        Ok(())
    }

    fn pending(&self) -> usize {
        self.index.pending()
    }

    fn can_wait(&self) -> bool {
        true
    }

    fn rest(&mut self) {
        self.index.rest();
    }
}

fn store_error(doing: &'static str, source: TextError) -> ProjectionError {
    ProjectionError::Store { name: NAME, doing, source: source.into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ledger::{Elsewhere, Ledger, Observation, Seen, SharedText};
    use crate::projection::follower::catch_up;
    use crate::projection::text::WordField;
    use crate::sys::Stopper;
    use lumidex_schema::id::{Seq, TagId, TextId};
    use lumidex_schema::media::MediaKind;
    use lumidex_schema::path::RelPath;
    use lumidex_schema::record::{Fingerprint, PathType, Sighting};

    fn follow(projection: &mut TextProjection, ledger: &Ledger) -> Seq {
        catch_up(projection, ledger, &Stopper::new().stop(), &mut |_, _| {}).unwrap()
    }

    fn show(ledger: &Ledger, name: &str, template: &str) {
        let (root, _) = ledger.reader().unwrap().roots().unwrap().remove(0);
        let seen = Seen {
            root,
            folder: RelPath::from_bytes("summer"),
            name: name.into(),
            sighting: Sighting { size: 1, ..Sighting::default() },
            media: MediaKind::Image,
            fingerprint: Fingerprint::default(),
            pixel_width: 1,
            pixel_height: 1,
            text: Some(Arc::new(SharedText::new(template.into(), Vec::new()))),
            holes: Vec::new(),
            rule_tags: Vec::new(),
            complaints: 0,
            note: lumidex_schema::note::Note::default(),
            elsewhere: Elsewhere::default(),
        };
        ledger.observe(vec![Observation::Seen(Box::new(seen))]).unwrap();
    }

    #[test]
    fn follows_texts_folders_and_tags_and_continues_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("ledger.redb")).unwrap();
        ledger.add_extra_path(b"/pictures", &[PathType::Scanned]).unwrap();
        show(&ledger, "a.png", "a Cat");
        show(&ledger, "b.png", "a dog");
        let (_, tag) = ledger.make_tag("favourites").unwrap();
        let mut projection = TextProjection::open(&dir.path().join("text"));
        assert_eq!(projection.checkpoint(), Err(StartEmpty::Absent));
        let applied = follow(&mut projection, &ledger);
        let snapshot = projection.reader().snapshot();
        assert_eq!((snapshot.visible(), projection.pending()), (applied, 0));
        assert_eq!(snapshot.folded(TextId(1)), Some("a cat"));
        assert_eq!(snapshot.candidates("dog").unwrap().iter().collect::<Vec<_>>(), [TextId(2)]);
        assert_eq!(snapshot.ranked(WordField::Path, "Summer", 5).unwrap().len(), 1);
        assert_eq!(snapshot.ranked(WordField::Tag, "favourites", 5).unwrap()[0].0, tag.0);

        drop(projection);
        ledger.remove_tag(TagId(tag.0)).unwrap();
        show(&ledger, "c.png", "a fox");
        let mut projection = TextProjection::open(&dir.path().join("text"));
        assert_eq!(projection.checkpoint().unwrap().applied, applied);
        assert!(follow(&mut projection, &ledger) > applied);
        let snapshot = projection.reader().snapshot();
        assert_eq!(snapshot.candidates("fox").unwrap().count(), 1);
        assert_eq!(snapshot.ranked(WordField::Tag, "favourites", 5).unwrap(), []);
    }

    #[test]
    fn long_texts_are_made_durable_before_they_fill_the_memory() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("ledger.redb")).unwrap();
        ledger.add_extra_path(b"/pictures", &[PathType::Scanned]).unwrap();
        let n_texts = limits::TEXT_PENDING_MAX / 512 + 1;
        for nth in 0..n_texts {
            show(&ledger, &format!("{nth}.png"), &format!("{nth} {}", "a ".repeat(256 * 1024)));
        }
        let mut projection = TextProjection::open(&dir.path().join("text"));
        projection.start_empty().unwrap();
        let reader = ledger.reader().unwrap();
        let rows = reader.feed_after(Seq::ZERO, 10_000).unwrap();
        let through = reader.head().unwrap();
        projection.apply(&Batch { rows: &rows, through, reader: &reader }).unwrap();
        assert!(projection.pending() < 1024, "{}", projection.pending());
        let checkpoint = projection.checkpoint().unwrap();
        assert!(checkpoint.applied > Seq::ZERO && checkpoint.applied < through);
        assert_eq!(checkpoint.seen, through);
        let snapshot = projection.reader().snapshot();
        assert_eq!((snapshot.visible(), snapshot.len() as usize), (through, n_texts + 1));
    }
}
