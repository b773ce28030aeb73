//! Which format a file has, by its first bytes alone. Names decide only where content cannot:
//! whether unknown content was meant to be a picture, and sound from film in shared containers.

use lumidex_schema::media::MediaKind;

/// The format of a file, by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// PNG and APNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF.
    Tiff,
    /// AVIF.
    Avif,
    /// HEIC and HEIF.
    Heif,
    /// JPEG XL.
    Jxl,
    /// A film: ISO-BMFF, EBML, AVI, FLV, ASF, MPEG-TS.
    Video,
    /// Sound: ID3, MPEG audio, RIFF WAVE, Ogg, FLAC, M4A.
    Audio,
    /// None of these, under a name that does not say picture.
    Unknown,
    /// Empty, or none of these under the name of a picture.
    Unreadable,
}

impl Container {
    /// Decides by the first bytes, best at least 600 of them.
    #[must_use]
    pub fn of(head: &[u8], name: &[u8]) -> Self {
        if let Some(known) = picture(head).or_else(|| iso(head, name)).or_else(|| film_or_sound(head, name)) {
            return known;
        }
        if head.is_empty() || MediaKind::of_name(name) == Some(MediaKind::Image) {
            Self::Unreadable
        } else {
            Self::Unknown
        }
    }

    /// What kind of media the content is; `None` for unknown and unreadable content.
    #[must_use]
    pub const fn media(self) -> Option<MediaKind> {
        match self {
            Self::Png
            | Self::Jpeg
            | Self::WebP
            | Self::Gif
            | Self::Bmp
            | Self::Tiff
            | Self::Avif
            | Self::Heif
            | Self::Jxl => Some(MediaKind::Image),
            Self::Video => Some(MediaKind::Video),
            Self::Audio => Some(MediaKind::Audio),
            Self::Unknown | Self::Unreadable => None,
        }
    }

    /// The content type of a picture; `None` for everything else, whose kind the content alone
    /// does not settle.
    #[must_use]
    pub const fn content_type(self) -> Option<&'static str> {
        match self {
            Self::Png => Some("image/png"),
            Self::Jpeg => Some("image/jpeg"),
            Self::WebP => Some("image/webp"),
            Self::Gif => Some("image/gif"),
            Self::Bmp => Some("image/bmp"),
            Self::Tiff => Some("image/tiff"),
            Self::Avif => Some("image/avif"),
            Self::Heif => Some("image/heif"),
            Self::Jxl => Some("image/jxl"),
            Self::Video | Self::Audio | Self::Unknown | Self::Unreadable => None,
        }
    }
}

fn picture(head: &[u8]) -> Option<Container> {
    let riff = head.starts_with(b"RIFF");
    match head {
        _ if head.starts_with(b"\x89PNG\r\n\x1a\n") => Some(Container::Png),
        _ if head.starts_with(b"\xff\xd8\xff") => Some(Container::Jpeg),
        _ if riff && head.get(8..12) == Some(b"WEBP") => Some(Container::WebP),
        _ if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") => Some(Container::Gif),
        _ if head.starts_with(b"BM") && is_bitmap(head) => Some(Container::Bmp),
        _ if head.starts_with(b"II*\0") || head.starts_with(b"MM\0*") => Some(Container::Tiff),
        _ if head.starts_with(b"II+\0\x08\0\0\0") => Some(Container::Tiff),
        _ if head.starts_with(b"MM\0+\0\x08\0\0") => Some(Container::Tiff),
        _ if head.starts_with(b"\xff\x0a") => Some(Container::Jxl),
        _ if head.starts_with(b"\0\0\0\x0cJXL \r\n\x87\n") => Some(Container::Jxl),
        _ => None,
    }
}

/// Two letters are too little to tell a bitmap by; its header size must be a known one.
fn is_bitmap(head: &[u8]) -> bool {
    matches!(head.get(14..18), Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

fn iso(head: &[u8], name: &[u8]) -> Option<Container> {
    let kind = head.get(4..8)?;
    if kind != b"ftyp" {
        // Old QuickTime files begin with one of these instead.
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let old = matches!(kind, b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot");
        return (old && (size == 1 || size >= 8)).then_some(Container::Video);
    }
    let declared = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let brands = head.get(8..declared.clamp(8, 256).min(head.len()))?;
    let mut brands = brands.chunks_exact(4).enumerate().filter(|(nth, _)| *nth != 1).map(|(_, brand)| brand);
    let found = brands.find_map(|brand| match brand {
        b"avif" | b"avis" => Some(Container::Avif),
        b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" => Some(Container::Heif),
        b"M4A " | b"M4B " => Some(Container::Audio),
        b"isom" | b"mp41" | b"mp42" | b"qt  " | b"M4V " | b"iso2" | b"avc1" => Some(Container::Video),
        _ => None,
    });
    match found {
        Some(Container::Video) if MediaKind::of_name(name) == Some(MediaKind::Audio) => {
            Some(Container::Audio)
        }
        Some(found) => Some(found),
        None if matches!(head.get(8..12), Some(b"mif1" | b"msf1")) => Some(Container::Heif),
        None => Some(Container::Video),
    }
}

fn film_or_sound(head: &[u8], name: &[u8]) -> Option<Container> {
    let by_name = |otherwise| match MediaKind::of_name(name) {
        Some(MediaKind::Audio) => Container::Audio,
        Some(MediaKind::Video) => Container::Video,
        Some(MediaKind::Image) | None => otherwise,
    };
    let riff = head.starts_with(b"RIFF");
    match head {
        _ if head.starts_with(b"\x1a\x45\xdf\xa3") => Some(by_name(Container::Video)),
        _ if riff && head.get(8..12) == Some(b"AVI ") => Some(Container::Video),
        _ if riff && head.get(8..12) == Some(b"WAVE") => Some(Container::Audio),
        _ if head.starts_with(b"FLV\x01") => Some(Container::Video),
        _ if head.starts_with(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") => Some(by_name(Container::Video)),
        _ if head.starts_with(b"OggS") => Some(by_name(Container::Audio)),
        _ if head.starts_with(b"fLaC") || head.starts_with(b"ID3") => Some(Container::Audio),
        [0xff, 0xf1 | 0xf9 | 0xfa | 0xfb | 0xf2 | 0xf3, ..] => Some(Container::Audio),
        _ if is_transport_stream(head) => Some(Container::Video),
        _ => None,
    }
}

/// A sync byte at the start of each of three packets, of 188 bytes or of 192 with a time stamp
/// in front. A file of one packet is too short to tell.
fn is_transport_stream(head: &[u8]) -> bool {
    [(0, 188), (4, 192)]
        .iter()
        .any(|(first, step)| (0..3).all(|nth| head.get(first + nth * step) == Some(&0x47)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &[u8], name: &str, expected: Container) {
        assert_eq!(Container::of(head, name.as_bytes()), expected);
    }

    #[test]
    fn content_decides_not_the_name() {
        check(b"\xff\xd8\xff\xe0", "a.png", Container::Jpeg);
        check(b"\x89PNG\r\n\x1a\n", "a.jpg", Container::Png);
        check(b"RIFF\x10\0\0\0WEBPVP8 ", "a.jpeg", Container::WebP);
        check(b"\x1a\x45\xdf\xa3\x01", "a.mp4", Container::Video);
        check(b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", "a.mp4", Container::Avif);
        check(b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1", "a.png", Container::Heif);
    }

    #[test]
    fn films_are_known_by_content_only() {
        check(b"#EXTM3U\n", "a.ts", Container::Unknown);
        check(b"just some text, long enough to fool nobody", "a.mkv", Container::Unknown);
        check(b"\0\0\0\x18ftypisom\0\0\0\0", "a.mkv", Container::Video);
        check(b"\0\0\0\x08wide\0\0\0\0mdat", "a.mov", Container::Video);
        check(b"RIFF\x10\0\0\0AVI LIST", "a.avi", Container::Video);
        check(b"FLV\x01\x05", "a.flv", Container::Video);
        check(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "a.wmv", Container::Video);
        check(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "a.wma", Container::Audio);
        let mut stream = vec![0; 600];
        for nth in 0..3 {
            stream[nth * 188] = 0x47;
        }
        check(&stream, "a.ts", Container::Video);
        check(&[b'G'; 100], "a.ts", Container::Unknown);
    }

    #[test]
    fn one_to_eleven_bytes_of_a_signature_are_unreadable() {
        for whole in [&b"\x89PNG\r\n\x1a\n"[..], b"RIFF\x10\0\0\0WEB", b"GIF89", b"II*", b"\xff\xd8"] {
            for len in 0..whole.len() {
                check(&whole[..len], "a.png", Container::Unreadable);
            }
        }
        check(b"", "a.mkv", Container::Unreadable);
        check(&[0; 64], "a.png", Container::Unreadable);
        check(b"<html><script>", "a.png", Container::Unreadable);
    }
}
