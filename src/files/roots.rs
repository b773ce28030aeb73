//! What the library's folders mean for files: where a trash is, and what must stay where it is.

use super::place::shown;
use super::problem::Problem;
use crate::intake::rules::TRASH;
use crate::ledger::{ReadError, Reader};
use lumidex_schema::path::below;

/// The folders of the library at one moment.
pub(super) struct Roots {
    /// Outermost folders that are indexed.
    roots: Vec<Vec<u8>>,
    /// Folders that a person gave, those within others included.
    given: Vec<Vec<u8>>,
}

impl Roots {
    pub(super) fn read(reader: &Reader) -> Result<Self, ReadError> {
        let wanted = reader.roots()?.into_iter().filter(|(_, root)| !root.retired);
        let roots: Vec<_> = wanted.map(|(_, root)| root.path).collect();
        let given = reader.extra_paths()?.into_iter().map(|(path, _)| path);
        let given = roots.iter().cloned().chain(given).collect();
        Ok(Self { roots, given })
    }

    /// The root that a file or folder belongs to.
    pub(super) fn root_of(&self, path: &[u8]) -> Option<&[u8]> {
        self.roots.iter().map(Vec::as_slice).find(|root| below(path, root).is_some())
    }

    /// Refuses what lies in a trash: it is emptied, or taken back by undoing.
    pub(super) fn outside_trash(&self, path: &[u8]) -> Result<(), Problem> {
        let is_in_trash = |root: &Vec<u8>| {
            below(path, root).is_some_and(|rest| rest.split(|byte| *byte == b'/').next() == Some(TRASH))
        };
        if self.roots.iter().any(is_in_trash) {
            return Err(Problem::refused(format!(
                "{} lies in the trash; undo the deletion, or empty the trash",
                shown(path)
            )));
        }
        Ok(())
    }

    /// Refuses a folder that is one of the library's, or holds one.
    pub(super) fn may_go(&self, folder: &[u8]) -> Result<(), Problem> {
        match self.given.iter().find(|given| below(given, folder).is_some()) {
            Some(given) if given == folder => Err(Problem::refused(format!(
                "{} is a folder of the library; remove it from the library first",
                shown(folder)
            ))),
            Some(given) => Err(Problem::refused(format!(
                "{} holds {}, a folder of the library; remove that from the library first",
                shown(folder),
                shown(given)
            ))),
            None => Ok(()),
        }
    }
}
