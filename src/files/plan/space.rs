//! Whether there is room for what is to be copied.

use crate::files::place::on_disk;
use crate::files::problem::{Problem, Wrong};
use crate::limits::files as limits;
use crate::sys::tree::Tree;
use std::collections::BTreeMap;

/// Bytes to be written, by device.
#[derive(Debug, Default)]
pub(super) struct Space {
    wanted: BTreeMap<u64, Wanted>,
}

#[derive(Debug)]
struct Wanted {
    /// Some folder on the device.
    folder: Vec<u8>,
    bytes: u64,
}

impl Space {
    pub(super) fn add(&mut self, device: u64, folder: &[u8], bytes: u64) {
        let wanted =
            self.wanted.entry(device).or_insert_with(|| Wanted { folder: folder.to_vec(), bytes: 0 });
        wanted.bytes = wanted.bytes.saturating_add(bytes);
    }

    /// # Errors
    /// A problem with all items: there is not enough on one of them, or it cannot be asked.
    pub(super) fn check(&self, tree: &dyn Tree) -> Result<(), Wrong> {
        for Wanted { folder, bytes } in self.wanted.values().filter(|wanted| wanted.bytes > 0) {
            let folder = on_disk(folder);
            let free = tree.free_bytes(&folder)?;
            if bytes.saturating_add(limits::RESERVE_BYTES) > free {
                return Err(Problem::refused(format!(
                    "there is no room: {bytes} bytes are to be written to the disk of `{}`, which has {free} left",
                    folder.display()
                ))
                .into());
            }
        }
        Ok(())
    }
}
