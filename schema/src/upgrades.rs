//! Rows of former formats as rows of today. Pure; a change of a row's type brings a step here.

use crate::id::{TagId, Timestamp};
use crate::pending::Pending;
use crate::record::{Edit, Fingerprint, Malformed, Row};
use serde::Deserialize;

/// [`Pending`] of ledger format 5.
#[derive(Deserialize)]
struct Pending5 {
    path: Vec<u8>,
    tags: Vec<TagId>,
    edit: Option<Edit>,
    ruled: Vec<TagId>,
    at: Timestamp,
}

/// A row of `pending` of ledger format 5 as one of format 6.
///
/// # Errors
/// [`Malformed`] when the bytes are no such row.
pub fn pending_of_5(bytes: &[u8]) -> Result<Pending, Malformed> {
    let before: Pending5 = postcard::from_bytes(bytes).map_err(|_| Malformed { table: Pending::TABLE })?;
    let Pending5 { path, tags, edit, ruled, at } = before;
    let (fingerprint, refused, cover) = (Fingerprint::default(), Vec::new(), None);
    Ok(Pending { path, fingerprint, was_missing: false, tags, refused, ruled, edit, cover, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_in_format_5_waits_on() {
        let edit = Edit { text: crate::id::TextId(3), holes: vec![300], at: Timestamp(-5) };
        let before = (b"/a/b.png".to_vec(), vec![TagId(9)], Some(&edit), vec![TagId(4)], Timestamp(7));
        let bytes = postcard::to_allocvec(&before).expect("a row");
        let upgraded = pending_of_5(&bytes).expect("a row of format 5");
        assert_eq!(upgraded.path, b"/a/b.png");
        assert_eq!((upgraded.tags, upgraded.ruled), (vec![TagId(9)], vec![TagId(4)]));
        assert_eq!((upgraded.edit, upgraded.at), (Some(edit), Timestamp(7)));
        assert_eq!(pending_of_5(&bytes[..3]), Err(Malformed { table: "pending" }));
    }
}
