//! EXIF: TIFF blocks of two directories, in either order of bytes.
//!
//! Layout: TIFF 6.0, section 2; tags: Exif 2.32, sections 4.6.3 and 4.6.5.

/// The tag of a user comment.
pub const USER_COMMENT: u16 = 0x9286;

/// A TIFF block: entries of IFD0, then entries of the Exif directory. An entry is its tag, its kind and
/// its value in bytes; kinds of several bytes are not for this writer, which counts bytes.
#[must_use]
pub fn tiff(little: bool, ifd0: &[(u16, u16, &[u8])], exif: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let w16 = |n: usize| if little { (n as u16).to_le_bytes() } else { (n as u16).to_be_bytes() };
    let w32 = |n: usize| if little { (n as u32).to_le_bytes() } else { (n as u32).to_be_bytes() };
    let mut block = if little { b"II".to_vec() } else { b"MM".to_vec() };
    block.extend(w16(42));
    block.extend(w32(8));
    let has_exif = usize::from(!exif.is_empty());
    let n_first = ifd0.len() + has_exif;
    let exif_at = 8 + 2 + n_first * 12 + 4;
    let mut data_at = if exif.is_empty() { exif_at } else { exif_at + 2 + exif.len() * 12 + 4 };
    let mut data = Vec::new();
    for (nth, entries) in [ifd0, exif].into_iter().enumerate() {
        if nth == 1 && exif.is_empty() {
            break;
        }
        block.extend(w16(if nth == 0 { n_first } else { entries.len() }));
        for (tag, kind, value) in entries {
            block.extend(w16(usize::from(*tag)));
            block.extend(w16(usize::from(*kind)));
            block.extend(w32(value.len()));
            if value.len() <= 4 {
                block.extend(value.iter().copied().chain([0; 4]).take(4));
            } else {
                block.extend(w32(data_at));
                data_at += value.len();
                data.extend_from_slice(value);
            }
        }
        if nth == 0 && has_exif == 1 {
            block.extend(w16(0x8769));
            block.extend(w16(4));
            block.extend(w32(1));
            block.extend(w32(exif_at));
        }
        block.extend([0; 4]);
    }
    [block, data].concat()
}

/// `UNICODE\0` and UTF-16 without mark: what web UIs call a user comment.
#[must_use]
pub fn unicode(text: &str, little: bool) -> Vec<u8> {
    let order = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    b"UNICODE\0".iter().copied().chain(text.encode_utf16().flat_map(order)).collect()
}

/// The block that web UIs write: one user comment, big-endian throughout.
#[must_use]
pub fn comment_block(text: &str) -> Vec<u8> {
    tiff(false, &[], &[(USER_COMMENT, 7, &unicode(text, false))])
}
