//! Looking at single names: what is there now, compared with what the ledger knows. Reads no content.
//!
//! Absent is not deleted here either: a file is gone only if its folder is the very folder that was
//! watched, and it is no mount point without its drive. Everything else is left to a survey.

use std::cell::OnceCell;
use std::io;
use std::sync::Arc;

use lumidex_schema::id::RootId;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;

use super::lookout::Lookout;
use super::roots::Kind;
use crate::intake::above::{Above, above, is_bare, within};
use crate::intake::beside::{self, LOG_NAME, sidecar_names, sidecar_parts, stem};
use crate::intake::listing::{EntryType, Names, OpenFolder, Stat};
use crate::intake::patience::Pulse;
use crate::intake::pipeline::Place;
use crate::intake::rules::{Ignores, is_passed_over};
use crate::intake::walk::{Seen, WalkedRoot};
use crate::intake::way::{Way, is_absent};
use crate::ledger::{KnownFile, Ledger, ReadError, Reader, Sighted};
use crate::limits::watch as limits;
use crate::metadata::Log;

/// A name to look at.
pub(super) struct Name {
    pub(super) name: Vec<u8>,
    /// Read it even if it looks unchanged.
    pub(super) is_rewritten: bool,
}

/// What looking gave.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) to_read: Vec<(Arc<Place>, Seen, Option<Sighted>)>,
    pub(super) gone: Vec<Sighted>,
    /// Folders to be surveyed.
    pub(super) trees: Vec<(RootId, RelPath)>,
}

/// A folder in which names are looked at.
struct Here<'a> {
    lookout: &'a Lookout,
    root: &'a WalkedRoot,
    place: Arc<Place>,
    open: OpenFolder,
    /// Where it lies.
    device: u64,
    /// It is the folder that was watched.
    is_watched: bool,
    /// The root is the folder it was; found out when it matters.
    is_in_sight: OnceCell<bool>,
    /// It holds nothing of interest; found out when it matters.
    is_bare: OnceCell<bool>,
    ignores: Ignores,
    known: Known,
    /// What describes the pictures of the folder; found out when it matters.
    log: OnceCell<Option<Arc<Log>>>,
    pulse: &'a Pulse,
}

/// What the ledger knows of a folder.
pub(super) struct Known {
    reader: Reader,
    folder: Option<lumidex_schema::id::FolderId>,
}

impl Known {
    pub(super) fn of(ledger: &Ledger, root: RootId, folder: &RelPath) -> Result<Self, ReadError> {
        let reader = ledger.reader()?;
        let folder = reader.folder_id(root, folder)?;
        Ok(Self { reader, folder })
    }

    fn file(&self, name: &[u8]) -> Result<Option<KnownFile>, ReadError> {
        let Some(folder) = self.folder else { return Ok(None) };
        let first = self.reader.known_from(folder, name, 1)?.into_iter().next();
        Ok(first.filter(|known| known.name == name))
    }

    /// Media files of this stem.
    fn of_stem(&self, wanted: &[u8]) -> Result<Vec<Vec<u8>>, ReadError> {
        /// More endings of media files there are not; between them may stand names with more dots.
        const PAGE: usize = 64;
        let Some(folder) = self.folder else { return Ok(Vec::new()) };
        let begin = [wanted, b"."].concat();
        let (mut found, mut from) = (Vec::new(), begin.clone());
        loop {
            let page = self.reader.known_from(folder, &from, PAGE)?;
            let last = page.last().map(|known| [&known.name[..], &[0]].concat());
            let is_last =
                page.len() < PAGE || page.last().is_some_and(|known| !known.name.starts_with(&begin));
            let names = page.into_iter().map(|known| known.name).filter(|name| name.starts_with(&begin));
            found.extend(names.filter(|name| stem(name) == wanted));
            match last {
                Some(last) if !is_last => from = last,
                _ => return Ok(found),
            }
        }
    }
}

/// A folder in which names are to be looked at.
pub(super) struct Site<'a> {
    pub(super) lookout: &'a Lookout,
    pub(super) ledger: &'a Ledger,
    pub(super) root: &'a WalkedRoot,
    pub(super) folder: &'a RelPath,
    /// Beats as long as something answers.
    pub(super) pulse: &'a Pulse,
}

/// Looks at names of one folder.
pub(super) fn look(site: &Site<'_>, names: Vec<Name>, looked: &mut Looked) -> Result<(), ReadError> {
    let mut here = match open(site)? {
        Opened::Here(here) => here,
        Opened::Ignored => return Ok(()),
        Opened::Elsewhere => {
            looked.trees.push((site.root.id, site.folder.clone()));
            return Ok(());
        }
    };
    for Name { name, is_rewritten } in names {
        if name == LOG_NAME {
            here.log_changed(is_rewritten, looked)?;
        } else if let Some((stem, _)) = sidecar_parts(&name) {
            for media in here.known.of_stem(stem)? {
                here.look_at(media, is_rewritten, looked)?;
            }
            // Folders may be called so, too.
            here.look_at(name, is_rewritten, looked)?;
        } else {
            here.look_at(name, is_rewritten, looked)?;
        }
    }
    Ok(())
}

enum Opened<'a> {
    Here(Box<Here<'a>>),
    /// A walk would not come here.
    Ignored,
    /// It is gone, or another folder than the one that was watched.
    Elsewhere,
}

fn open<'a>(site: &Site<'a>) -> Result<Opened<'a>, ReadError> {
    let Site { lookout, ledger, root, folder, pulse } = *site;
    let outer = match above(root, folder) {
        Ok(Above::Visited(outer)) => outer,
        Ok(Above::Ignored) => return Ok(Opened::Ignored),
        Ok(Above::Absent) | Err(_) => return Ok(Opened::Elsewhere),
    };
    let way = Way::to(root, folder);
    let opened = way.folder().and_then(|open| Ok((open.stat_self()?.sighting, open)));
    let Ok((sighting, open)) = opened else { return Ok(Opened::Elsewhere) };
    let identity = (sighting.device, sighting.inode);
    let watched = lookout.identity(root.id, folder);
    if watched.is_some_and(|watched| watched != identity) {
        return Ok(Opened::Elsewhere);
    }
    let ignores = within(outer, &open, root, folder);
    let known = Known::of(ledger, root.id, folder)?;
    let place = Arc::new(Place { root: root.clone(), folder: folder.clone() });
    Ok(Opened::Here(Box::new(Here {
        lookout,
        root,
        place,
        open,
        device: identity.0,
        is_watched: watched.is_some(),
        is_in_sight: OnceCell::new(),
        is_bare: OnceCell::new(),
        ignores,
        known,
        log: OnceCell::new(),
        pulse,
    })))
}

impl Here<'_> {
    fn look_at(&self, name: Vec<u8>, is_rewritten: bool, looked: &mut Looked) -> Result<(), ReadError> {
        if is_passed_over(&name) {
            return Ok(());
        }
        let mut names = Names::default();
        names.push(&name);
        let found = self.open.stat(&names, 0);
        self.pulse.beat();
        let is_folder = found.as_ref().is_ok_and(|stat| stat.entry_type == EntryType::Folder);
        let kind = if is_folder { Kind::Folder } else { Kind::File };
        self.lookout.roots.lock().looked_at(self.root.id, &self.place.folder, &name, kind);
        match found {
            Ok(stat) if stat.entry_type == EntryType::Folder => {
                if !self.ignores.ignores(&self.place.folder, &name, true) {
                    looked.trees.push((self.root.id, self.place.folder.join(&name)));
                }
                self.vanished(&name, looked)
            }
            Ok(stat) if stat.entry_type == EntryType::File => {
                if self.ignores.ignores(&self.place.folder, &name, false) {
                    return self.vanished(&name, looked);
                }
                self.found(name, stat, is_rewritten, looked)
            }
            Ok(_) => self.vanished(&name, looked),
            Err(error) if is_absent(&error) => {
                let below = self.place.folder.join(&name);
                if self.lookout.has_below(self.root.id, &below) || self.knows_below(&below)? {
                    looked.trees.push((self.root.id, below));
                }
                self.vanished(&name, looked)
            }
            Err(error) => {
                self.complain(&name, &error);
                Ok(())
            }
        }
    }

    fn found(
        &self,
        name: Vec<u8>,
        stat: Stat,
        is_rewritten: bool,
        looked: &mut Looked,
    ) -> Result<(), ReadError> {
        let Some(media) = MediaKind::of_name(&name) else { return Ok(()) };
        let mut sidecars = Names::default();
        sidecar_names(stem(&name)).for_each(|(_, sidecar)| sidecars.push(&sidecar));
        sidecars.sort();
        let log = self.log.get_or_init(|| self.lookout.logs.known(&self.way(), self.pulse));
        let mut sighting = stat.sighting;
        let besides = beside::look(&self.open, &sidecars, log.as_deref(), &name, &mut sighting);
        let known = self.known.file(&name)?;
        if !is_rewritten && known.as_ref().is_some_and(|known| known.digest == sighting.digest()) {
            return Ok(());
        }
        let known = known.map(|known| known.sighted());
        looked.to_read.push((Arc::clone(&self.place), Seen { name, sighting, media, besides }, known));
        Ok(())
    }

    /// The pictures of which the log says something else by now are looked at; too many are surveyed.
    fn log_changed(&mut self, is_rewritten: bool, looked: &mut Looked) -> Result<(), ReadError> {
        let way = self.way();
        let names = self.lookout.logs.changed(&way, is_rewritten, limits::BATCH_OBSERVATIONS_MAX, self.pulse);
        let Some(names) = names else {
            looked.trees.push((self.root.id, self.place.folder.clone()));
            return Ok(());
        };
        self.log = OnceCell::new();
        for name in names.into_iter().map(String::into_bytes) {
            if MediaKind::of_name(&name).is_some() {
                self.look_at(name, false, looked)?;
            }
        }
        Ok(())
    }

    fn way(&self) -> Way {
        Way::to(self.root, &self.place.folder)
    }

    /// There is no file of this name; whether one is gone that was there.
    fn vanished(&self, name: &[u8], looked: &mut Looked) -> Result<(), ReadError> {
        let Some(known) = self.known.file(name)? else { return Ok(()) };
        // Where nobody watches, walks find out.
        if !self.is_watched {
            return Ok(());
        }
        if !*self.is_in_sight.get_or_init(|| self.lookout.is_in_sight(self.root)) {
            // After a walk that is going on it is looked at again.
            if !self.lookout.roots.lock().is_walked_now(self.root.id) {
                self.lookout.doubt_roots();
            }
            return Ok(());
        }
        let image = self.known.reader.image(known.image)?;
        let was_here = image.is_some_and(|image| image.sighting.device == self.device);
        // Devices are counted anew at every start of the system; what holds other media is no mount
        // point without its drive.
        if was_here || !*self.is_bare.get_or_init(|| is_bare(&self.open).unwrap_or(true)) {
            looked.gone.push(known.sighted());
        } else {
            looked.trees.push((self.root.id, self.place.folder.clone()));
        }
        Ok(())
    }

    fn knows_below(&self, folder: &RelPath) -> Result<bool, ReadError> {
        Ok(!self.known.reader.folders_from(self.root.id, folder)?.is_empty())
    }

    fn complain(&self, name: &[u8], error: &io::Error) {
        tracing::debug!(%error, name = %name.escape_ascii(), "a changed file cannot be looked at");
    }
}
