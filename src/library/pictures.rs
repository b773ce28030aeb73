//! Small pictures of an open library: where they are kept, and when they are made ahead of demand.

use super::Library;
use crate::ledger::DecideError;
use crate::projection::thumbs::{
    Ahead, Built, CacheBounds, Ffmpeg, Frame, Source, ThumbError, Thumbs, kept_below,
};
use crate::sys::Stop;
use lumidex_schema::id::{ImageId, Seq};
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::record::Presence;
use std::path::{Path, PathBuf};

/// Which small pictures are made for a whole library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// Those of images.
    Thumbnails(Frame),
    /// Those of films and sounds.
    Covers,
}

impl Library {
    /// What makes and keeps small pictures. The first call opens the cache.
    pub fn thumbs(&self) -> &Thumbs {
        self.thumbs.get_or_init(|| {
            let folder = self.pictures_at.get_or_init(|| self.data_dir.join(layout::THUMBS));
            let bounds = CacheBounds::on_disk_of(folder);
            Thumbs::open(self.storage.clone(), folder, bounds, Ffmpeg::default())
        })
    }

    /// Keeps small pictures below this folder instead of the data folder, apart from those of other
    /// libraries. Without effect once they were asked for.
    pub fn keep_pictures_below(&self, folder: &Path) {
        // Asked for already, or twice: the first holds.
        let _ = self.pictures_at.set(kept_below(folder, &self.data_dir));
    }

    /// From now on makes small pictures of images that arrive, before anybody asks for them.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn make_pictures_ahead(&self) -> std::io::Result<()> {
        let ahead = Ahead::start(self.thumbs().clone(), self.ledger.clone())?;
        *self.ahead.lock() = Some(ahead);
        Ok(())
    }

    /// Makes the small pictures of all that is there, as far as they are not kept yet. `progress` is told
    /// after each, with how many there are in all.
    ///
    /// # Errors
    /// [`ThumbError`] as [`Thumbs::build_all`]; [`ThumbError::File`] when the ledger cannot be read.
    pub fn make_all_pictures(
        &self,
        making: Making,
        stop: &Stop,
        progress: &(dyn Fn(Built, u64) + Sync),
    ) -> Result<Built, ThumbError> {
        let unreadable = |error| ThumbError::from(std::io::Error::other(error));
        let reader = self.reader().map_err(unreadable)?;
        let last = reader.last_image().map_err(unreadable)?;
        let frame = match making {
            Making::Thumbnails(frame) => frame,
            Making::Covers => Frame::COVER,
        };
        let is_wanted = |media: MediaKind| (media == MediaKind::Image) == (making != Making::Covers);
        let source_of = |id: u32| {
            let image = reader.image(ImageId(id)).ok().flatten()?;
            let is_there = image.presence == Presence::Present && is_wanted(image.media);
            is_there.then(|| Source::of_image(&reader, &image).ok()).flatten()
        };
        let all = (1..=last.0).filter(|id| source_of(*id).is_some()).count() as u64;
        self.thumbs()
            .build_all((1..=last.0).filter_map(source_of), frame, stop, &|built| progress(built, all))
    }

    /// See [`crate::ledger::Ledger::choose_cover`].
    ///
    /// # Errors
    /// As [`Library::make_tag`].
    pub fn choose_cover(&self, image: ImageId, webp: Vec<u8>) -> Result<Seq, DecideError> {
        let seq = self.ledger.choose_cover(image, Some(webp))?;
        self.settle(seq);
        Ok(seq)
    }

    /// Triggered when the library is to be closed.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stopper.stop()
    }
}

/// Where small pictures are kept, once it is known.
pub(super) type PicturesAt = std::sync::OnceLock<PathBuf>;
