//! Thumbnails and covers through their public surface: what comes out of each kind of file, what is
//! refused, what is made once, and what is kept.

mod ahead;
mod bombs;
mod desk;
mod films;
mod formats;

use image::RgbImage;
use lumidex::projection::thumbs::{CacheBounds, Ffmpeg, Frame, Identity, Source, ThumbError, Thumbs};
use lumidex::sys::Stop;
use lumidex::sys::storage::Disk;
use lumidex_schema::id::Timestamp;
use lumidex_schema::media::MediaKind;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Enough for any test.
pub const BOUNDS: CacheBounds = CacheBounds { bytes: 64 << 20, segment_bytes: 4 << 20 };

/// Files, and a desk at which to ask for their thumbnails.
pub struct Shop {
    pub thumbs: Thumbs,
    pub folder: TempDir,
}

impl Shop {
    pub fn new() -> Self {
        Self::with(Ffmpeg::default())
    }

    pub fn with(ffmpeg: Ffmpeg) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let thumbs = Thumbs::open(Arc::new(Disk), &folder.path().join("cache"), BOUNDS, ffmpeg);
        Self { thumbs, folder }
    }

    /// Writes a file; it as a source.
    pub fn source(&self, name: &str, bytes: &[u8]) -> Source {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        source_at(&path)
    }

    /// The pixels of the thumbnail of a file with these bytes.
    pub fn thumbnail(&self, name: &str, bytes: &[u8], frame: (u32, u32)) -> image::RgbaImage {
        let frame = Frame::new(frame.0, frame.1).unwrap();
        let made = self.thumbs.get(&self.source(name, bytes), frame, &Stop::never());
        decoded(&made.unwrap_or_else(|error| panic!("{name}: {error}")).bytes)
    }

    pub fn refusal(&self, name: &str, bytes: &[u8]) -> ThumbError {
        self.thumbs.get(&self.source(name, bytes), Frame::COMMON, &Stop::never()).unwrap_err()
    }
}

pub fn source_at(path: &Path) -> Source {
    let bytes = path.to_str().unwrap().as_bytes();
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let media = MediaKind::of_name(bytes).unwrap_or_default();
    Source::at(bytes, Identity::of_file(bytes, size, Timestamp(1)), media)
}

/// The pixels of a WebP.
pub fn decoded(webp: &[u8]) -> image::RgbaImage {
    assert!(webp.starts_with(b"RIFF") && webp[8..12] == *b"WEBP" && webp[12..15] == *b"VP8");
    image::load_from_memory_with_format(webp, image::ImageFormat::WebP).unwrap().to_rgba8()
}

/// Red, green, blue and white quarters.
pub fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => image::Rgb([220, 30, 30]),
        (false, true) => image::Rgb([30, 200, 30]),
        (true, false) => image::Rgb([30, 30, 220]),
        (false, false) => image::Rgb([240, 240, 240]),
    })
}

/// The middles of the quarters of a picture are those of another.
pub fn assert_quarters(got: &image::RgbaImage, wanted: &image::RgbaImage, what: &str) {
    for (x, y) in [(1, 1), (3, 1), (1, 3), (3, 3)] {
        let at = |image: &image::RgbaImage| image.get_pixel(image.width() * x / 4, image.height() * y / 4).0;
        let (got, wanted) = (at(got), at(wanted));
        let is_near = got.iter().zip(wanted).all(|(got, wanted)| got.abs_diff(wanted) < 24);
        assert!(is_near, "{what}: {got:?} instead of {wanted:?} at {x}/4, {y}/4");
    }
}

/// The program, or `None` with a word when there is none and tests may be left out.
pub fn ffmpeg_or_leave_out(what: &str) -> Option<PathBuf> {
    let found = std::process::Command::new("ffmpeg").arg("-version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(PathBuf::from("ffmpeg"));
    }
    assert!(std::env::var_os("LUMIDEX_TEST_ALL").is_none(), "{what} needs ffmpeg");
    eprintln!("left out for want of ffmpeg: {what}");
    None
}
