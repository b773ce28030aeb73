//! What the system reports of a watched folder, in the words of this room. Pure.

use notify::event::{AccessKind, AccessMode, Event, EventKind, EventKindMask, ModifyKind, RenameMode};

use super::dirty::Change;

/// Everything but opening, and closing what was only read: our own readers would report themselves.
pub(super) fn wanted() -> EventKindMask {
    EventKindMask::CORE | EventKindMask::ACCESS_CLOSE
}

/// What an event says of its paths, if anything: each with what happened there.
pub(super) fn changes(event: &Event) -> impl Iterator<Item = (&std::path::Path, Change)> {
    // Both halves of a move within sight are reported singly as well.
    let change = match event.kind {
        EventKind::Create(notify::event::CreateKind::Folder) => Some(Change::Finished),
        EventKind::Create(_) => Some(Change::Written),
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Change::Finished),
        EventKind::Access(_) => None,
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Some(Change::Finished),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => Some(Change::Gone),
        // Where the system does not say which half it is, looking tells.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => Some(Change::Touched),
        EventKind::Modify(ModifyKind::Name(RenameMode::Any | RenameMode::Other)) => Some(Change::Finished),
        EventKind::Modify(ModifyKind::Metadata(_)) => Some(Change::Touched),
        EventKind::Modify(_) | EventKind::Any | EventKind::Other => Some(Change::Written),
    };
    event.paths.iter().filter_map(move |path| Some((path.as_path(), change?)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, DataChange, MetadataKind, RemoveKind};

    #[test]
    fn finished_files_are_told_from_growing_ones() {
        let said = |kind| changes(&Event::new(kind).add_path("/a/b".into())).next().map(|(_, change)| change);
        assert_eq!(said(EventKind::Create(CreateKind::File)), Some(Change::Written));
        assert_eq!(said(EventKind::Create(CreateKind::Folder)), Some(Change::Finished));
        assert_eq!(said(EventKind::Modify(ModifyKind::Data(DataChange::Any))), Some(Change::Written));
        assert_eq!(said(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any))), Some(Change::Touched));
        assert_eq!(said(EventKind::Modify(ModifyKind::Name(RenameMode::To))), Some(Change::Finished));
        assert_eq!(said(EventKind::Modify(ModifyKind::Name(RenameMode::From))), Some(Change::Gone));
        assert_eq!(said(EventKind::Remove(RemoveKind::Other)), Some(Change::Gone));
        assert_eq!(said(EventKind::Access(AccessKind::Close(AccessMode::Write))), Some(Change::Finished));
        assert_eq!(said(EventKind::Access(AccessKind::Open(AccessMode::Any))), None);
        assert!(!wanted().matches(&EventKind::Access(AccessKind::Open(AccessMode::Any))));
        assert!(!wanted().matches(&EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(wanted().matches(&EventKind::Access(AccessKind::Close(AccessMode::Write))));
    }
}
