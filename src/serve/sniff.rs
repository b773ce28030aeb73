//! Whether bytes begin like media. Decides what may leave the roots (design ruling 21), so a
//! name alone never suffices; refuses to judge whether the rest is sound.

use lumidex_schema::media::MediaKind;

/// Bytes of a file's head that [`kind`] looks at.
pub(crate) const HEAD_BYTES: usize = 400;

/// What the head of a file looks like, if it looks like media.
pub(crate) fn kind(head: &[u8]) -> Option<MediaKind> {
    let at = |from: usize, what: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(what));
    let image = at(0, b"\x89PNG\r\n\x1a\n")
        || at(0, b"\xff\xd8\xff")
        || at(0, b"GIF87a")
        || at(0, b"GIF89a")
        || (at(0, b"BM") && at(6, b"\0\0\0\0"))
        || at(0, b"II*\0")
        || at(0, b"MM\0*")
        || at(0, b"\xff\x0a")
        || at(0, b"\0\0\0\x0cJXL \r\n\x87\n");
    if image {
        return Some(MediaKind::Image);
    }
    if at(0, b"RIFF") {
        return riff(head.get(8..12)?);
    }
    if at(4, b"ftyp") {
        return Some(brand(head.get(8..12)?));
    }
    if at(0, b"\x1a\x45\xdf\xa3") || at(0, b"FLV\x01") || is_transport_stream(head) {
        return Some(MediaKind::Video);
    }
    // The container of wmv and wma; the name tells which.
    if at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") {
        return Some(MediaKind::Video);
    }
    let audio = at(0, b"OggS") || at(0, b"fLaC") || at(0, b"ID3") || is_audio_frame(head);
    audio.then_some(MediaKind::Audio)
}

fn riff(form: &[u8]) -> Option<MediaKind> {
    match form {
        b"WEBP" => Some(MediaKind::Image),
        b"AVI " => Some(MediaKind::Video),
        b"WAVE" => Some(MediaKind::Audio),
        _ => None,
    }
}

fn brand(brand: &[u8]) -> MediaKind {
    match brand {
        b"avif" | b"avis" | b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => {
            MediaKind::Image
        }
        b"M4A " | b"M4B " => MediaKind::Audio,
        _ => MediaKind::Video,
    }
}

/// Packets of 188 bytes, each of which begins with the same byte.
fn is_transport_stream(head: &[u8]) -> bool {
    head.len() > 376 && [0, 188, 376].iter().all(|at| head[*at] == 0x47)
}

/// An MPEG audio or ADTS frame header, reserved values excluded.
fn is_audio_frame(head: &[u8]) -> bool {
    let [0xff, second, third, ..] = head else { return false };
    let is_mpeg = second & 0xe0 == 0xe0
        && second & 0x18 != 0x08
        && second & 0x06 != 0
        && third >> 4 != 0xf
        && third & 0x0c != 0x0c;
    let is_adts = second & 0xf6 == 0xf0 && (third >> 2) & 0xf < 13;
    is_mpeg || is_adts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_known_by_its_first_bytes() {
        for (head, want) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some(MediaKind::Image)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(MediaKind::Image)),
            (b"RIFF\x10\0\0\0WAVEfmt ", Some(MediaKind::Audio)),
            (b"\0\0\0\x1cftypavif", Some(MediaKind::Image)),
            (b"\0\0\0\x1cftypisom", Some(MediaKind::Video)),
            (b"\x1a\x45\xdf\xa3\x01", Some(MediaKind::Video)),
            (b"\xff\xfb\x90\x44", Some(MediaKind::Audio)),
            (b"root:x:0:0:root:/root:/bin/sh\n", None),
            (b"<svg xmlns=", None),
            (b"BM, said the engine", None),
            (b"\xff\xfe\x3c\0h\0", None),
            (b"-----BEGIN OPENSSH PRIVATE KEY-----", None),
            (b"RIFF", None),
            (b"", None),
        ] {
            assert_eq!(kind(head), want, "{head:?}");
        }
    }
}
