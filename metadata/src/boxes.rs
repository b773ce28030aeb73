//! Boxes of ISO files: a length, a type, and what is inside, which may be boxes again.

use crate::credentials;
use crate::slots::{Slots, Wanted};
use crate::source::Window;
use std::io;

/// A box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Boxed {
    pub(super) kind: [u8; 4],
    /// Where its content starts.
    pub(super) start: u64,
    /// Where its content ends by its own account or where the room around it does.
    pub(super) end: u64,
    /// Whether it says that it is longer than the room around it.
    pub(super) is_cut: bool,
}

impl Boxed {
    /// Bytes of its content.
    pub(super) fn len(&self) -> u64 {
        self.end - self.start
    }
}

/// The box at `at` in a room that ends at `room`; `None` where none fits or its length is none.
/// A box ends behind its start, so that whoever walks gets on.
pub(super) fn read(window: &Window<'_>, at: u64, room: u64) -> io::Result<Option<Boxed>> {
    let room = room.min(window.len());
    let Some([l0, l1, l2, l3, kind @ ..]) = window.array::<8>(at)?.filter(|_| room >= 8 && at <= room - 8)
    else {
        return Ok(None);
    };
    let (len, head) = match u32::from_be_bytes([l0, l1, l2, l3]) {
        0 => (room - at, 8),
        1 => (window.array::<8>(at + 8)?.map_or(0, u64::from_be_bytes), 16),
        len => (u64::from(len), 8),
    };
    let stated = at.saturating_add(len);
    let (start, end) = (at + head, stated.min(room));
    if len < head || start > end {
        return Ok(None);
    }
    Ok(Some(Boxed { kind, start, end, is_cut: stated > room }))
}

/// Reads the content credentials that a box `jumb`, or a box `uuid` under their identity, holds.
pub(super) fn credentials(window: &mut Window<'_>, found: Boxed, slots: &mut Slots) -> io::Result<()> {
    if slots.wanted != Wanted::Recipe {
        return Ok(());
    }
    if found.kind == *b"jumb" {
        if let Some(store) = window.value(found.start, found.len(), "jumb", slots)? {
            credentials::read_inside(&store, slots);
        }
    } else if found.len() > 16
        && window.array::<16>(found.start)? == Some(credentials::IDENTITY)
        && let Some(data) = window.value(found.start + 16, found.len() - 16, "uuid", slots)?
    {
        credentials::read_behind_purpose(&data, slots);
    }
    Ok(())
}
