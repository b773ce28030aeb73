//! What a file is, by its first bytes.

/// Bytes that are needed to tell.
pub(super) const HEAD_BYTES: usize = 1_024;

/// What can be made of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A picture that is decoded here.
    Still(Still),
    /// Something for ffmpeg, which is told to read it as this format and nothing else.
    Foreign(&'static str),
}

/// Formats that are decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Still {
    Jpeg,
    Png,
    Gif,
    WebP,
    Bmp,
    Tiff,
}

/// By the first bytes of a file; `None` when they are of nothing that can be shown.
pub(super) fn content(head: &[u8]) -> Option<Content> {
    let is = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    let stills: [(&[u8], Still); 7] = [
        (b"\xFF\xD8\xFF", Still::Jpeg),
        (b"\x89PNG\r\n\x1A\n", Still::Png),
        (b"GIF87a", Still::Gif),
        (b"GIF89a", Still::Gif),
        (b"BM", Still::Bmp),
        (b"II*\0", Still::Tiff),
        (b"MM\0*", Still::Tiff),
    ];
    if let Some((_, still)) = stills.iter().find(|(magic, _)| is(0, magic)) {
        return Some(Content::Still(*still));
    }
    if is(0, b"RIFF") && is(8, b"WEBP") {
        return Some(Content::Still(Still::WebP));
    }
    foreign(head, is).map(Content::Foreign)
}

/// The name of ffmpeg's reader.
fn foreign(head: &[u8], is: impl Fn(usize, &[u8]) -> bool) -> Option<&'static str> {
    let by_start: [(&[u8], &'static str); 10] = [
        (b"\x1A\x45\xDF\xA3", "matroska"),
        (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "asf"),
        (b"FLV\x01", "flv"),
        (b"OggS", "ogg"),
        (b"fLaC", "flac"),
        (b"ID3", "mp3"),
        (b"\x00\x00\x01\xBA", "mpeg"),
        (b"\xFF\x0A", "jpegxl_pipe"),
        (b"\x00\x00\x00\x0CJXL \r\n\x87\n", "jpegxl_pipe"),
        (b"\xFF\xF1", "aac"),
    ];
    if let Some((_, name)) = by_start.iter().find(|(magic, _)| is(0, magic)) {
        return Some(name);
    }
    let boxes: [&[u8]; 5] = [b"ftyp", b"moov", b"mdat", b"wide", b"free"];
    if boxes.iter().any(|name| is(4, name)) {
        return Some("mov");
    }
    if is(0, b"RIFF") {
        return if is(8, b"AVI ") { Some("avi") } else { is(8, b"WAVE").then_some("wav") };
    }
    // Packets of 188 bytes, bare or behind a time stamp of 4.
    if [(0, 188), (4, 192)].iter().any(|(from, step)| (0..3).all(|nth| is(from + nth * step, b"\x47"))) {
        return Some("mpegts");
    }
    matches!(head, [0xFF, second, ..] if second & 0xE6 == 0xE2).then_some("mp3")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_what_is_in_them() {
        assert_eq!(content(b"\xFF\xD8\xFF\xE0"), Some(Content::Still(Still::Jpeg)));
        assert_eq!(content(b"RIFF\x00\x00\x00\x00WEBPVP8 "), Some(Content::Still(Still::WebP)));
        assert_eq!(content(b"\0\0\0\x20ftypavif"), Some(Content::Foreign("mov")));
        assert_eq!(content(b"\xFF\xFB\x90\x00"), Some(Content::Foreign("mp3")));
        let mut packets = vec![0; HEAD_BYTES];
        (0..5).for_each(|nth| packets[nth * 188] = 0x47);
        assert_eq!(content(&packets), Some(Content::Foreign("mpegts")));
        // What could name other files is nothing.
        for text in
            [&b"#EXTM3U\nfile:///etc/passwd"[..], b"ffconcat version 1.0\n", b"<svg", b"", b"\xFF", b"R"]
        {
            assert_eq!(content(text), None);
        }
    }
}
