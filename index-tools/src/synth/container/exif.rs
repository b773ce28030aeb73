//! EXIF: the smallest TIFF block that holds a user comment, big-endian.

/// A TIFF block with `text` as a user comment of code `UNICODE` in UTF-16BE without mark: what
/// web UIs write. Tags: Exif 2.32, sections 4.6.3 and 4.6.5.
pub(crate) fn user_comment(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let comment_bytes = 8 + 2 * units.len() as u32;
    let mut block = Vec::with_capacity(44 + comment_bytes as usize);
    block.extend_from_slice(b"MM\0*");
    block.extend_from_slice(&8_u32.to_be_bytes());
    // IFD0: one entry, the pointer (tag 0x8769, LONG) to the Exif IFD right behind.
    directory(&mut block, 0x8769, 4, 1, 26);
    // Exif IFD: one entry, the comment (tag 0x9286, UNDEFINED) right behind.
    directory(&mut block, 0x9286, 7, comment_bytes, 44);
    block.extend_from_slice(b"UNICODE\0");
    for unit in units {
        block.extend_from_slice(&unit.to_be_bytes());
    }
    block
}

/// A directory of one entry and no successor: 18 bytes.
fn directory(block: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: u32) {
    block.extend_from_slice(&1_u16.to_be_bytes());
    block.extend_from_slice(&tag.to_be_bytes());
    block.extend_from_slice(&kind.to_be_bytes());
    block.extend_from_slice(&count.to_be_bytes());
    block.extend_from_slice(&value.to_be_bytes());
    block.extend_from_slice(&0_u32.to_be_bytes());
}
