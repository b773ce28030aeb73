//! Which files are media, and what kind.

use serde::{Deserialize, Serialize};

/// What kind of media a file is, by its extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MediaKind {
    /// A still or animated picture.
    #[default]
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
}

impl MediaKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Image, Self::Video, Self::Audio];

    /// By the extension of a file name, in any case of letters; `None` when it is not media.
    #[must_use]
    pub fn of_name(name: &[u8]) -> Option<Self> {
        Some(entry_of(name)?.1)
    }

    /// The tag name in the `Media Type` section.
    #[must_use]
    pub const fn tag_name(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Video => "Video",
            Self::Audio => "Audio",
        }
    }

    /// The word used for it in requests and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }
}

/// The content type of a media file, by the extension of its name.
#[must_use]
pub fn content_type(name: &[u8]) -> Option<&'static str> {
    Some(entry_of(name)?.2)
}

fn entry_of(name: &[u8]) -> Option<&'static (&'static str, MediaKind, &'static str)> {
    let dot = name.iter().rposition(|b| *b == b'.')?;
    let extension = &name[dot + 1..];
    EXTENSIONS.iter().find(|(known, _, _)| known.as_bytes().eq_ignore_ascii_case(extension))
}

use MediaKind::{Audio, Image, Video};

/// Extensions of contract 15.1 and the still formats of design ruling 13.
const EXTENSIONS: [(&str, MediaKind, &str); 30] = [
    ("png", Image, "image/png"),
    ("jpg", Image, "image/jpeg"),
    ("jpeg", Image, "image/jpeg"),
    ("webp", Image, "image/webp"),
    ("jpe", Image, "image/jpeg"),
    ("gif", Image, "image/gif"),
    ("bmp", Image, "image/bmp"),
    ("avif", Image, "image/avif"),
    ("tif", Image, "image/tiff"),
    ("tiff", Image, "image/tiff"),
    ("heic", Image, "image/heic"),
    ("heif", Image, "image/heif"),
    ("jxl", Image, "image/jxl"),
    ("mp4", Video, "video/mp4"),
    ("m4v", Video, "video/x-m4v"),
    ("avi", Video, "video/x-msvideo"),
    ("mkv", Video, "video/x-matroska"),
    ("mov", Video, "video/quicktime"),
    ("wmv", Video, "video/x-ms-wmv"),
    ("flv", Video, "video/x-flv"),
    ("ts", Video, "video/mp2t"),
    ("webm", Video, "video/webm"),
    ("mp3", Audio, "audio/mpeg"),
    ("wav", Audio, "audio/wav"),
    ("ogg", Audio, "audio/ogg"),
    ("flac", Audio, "audio/flac"),
    ("m4a", Audio, "audio/mp4"),
    ("aac", Audio, "audio/aac"),
    ("wma", Audio, "audio/x-ms-wma"),
    ("opus", Audio, "audio/ogg"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_count_in_any_case_and_only_the_last() {
        assert_eq!(MediaKind::of_name(b"a.PNG"), Some(Image));
        assert_eq!(MediaKind::of_name(b"a.png.txt"), None);
        assert_eq!(MediaKind::of_name(b"png"), None);
        assert_eq!(MediaKind::of_name(b"clip.WebM"), Some(Video));
    }
}
