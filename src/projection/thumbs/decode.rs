//! From the bytes of a picture to a thumbnail. The format is told by content. What a picture claims to
//! be is judged before anything is made of it, and a decoder that panics costs that one picture.

use super::effort::{Effort, Limited, Supply};
use super::error::ThumbError;
use super::key::Frame;
use super::picture::{Colours, Picture, Turn};
use super::rows::{png, too_much};
use super::{jpeg, sniff};
use crate::limits::thumbs::{BOMB_BYTES_MIN, BOMB_RATIO_MAX, FILE_BYTES_MAX, PIXELS_MAX, SIDE_MAX};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use memchr::memmem;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Quality of thumbnails, of 100. From here on they are hardly to be told from the original made small:
/// a structural similarity of 0.97, unless that is all grain.
pub(super) const QUALITY: f32 = 82.0;
/// Bytes looked at for the EXIF block of a JPEG: it stands in one of the first segments.
const EXIF_WITHIN: usize = 256 << 10;

/// A picture at its own size or reduced.
pub(super) struct Sheet {
    pub(super) picture: Picture,
    /// Width and height before it was reduced.
    pub(super) original: (u32, u32),
    pub(super) turn: Turn,
}

impl Sheet {
    /// The thumbnail, as WebP.
    pub(super) fn into_thumbnail(self, frame: Frame, effort: &Effort) -> Result<Vec<u8>, ThumbError> {
        self.fitted(frame, effort)?.encoded(QUALITY)
    }

    pub(super) fn fitted(self, frame: Frame, effort: &Effort) -> Result<Picture, ThumbError> {
        effort.check()?;
        self.picture.fitted(self.original, frame, self.turn)
    }
}

/// Where the bytes are.
pub(super) enum Content<'a> {
    /// In an open file of this many bytes, from its start.
    File(File, u64),
    /// In memory.
    Bytes(&'a [u8]),
}

/// Decodes a picture of `format` to a size from which its thumbnail is made.
///
/// # Errors
/// [`ThumbError`].
pub(super) fn sheet(
    content: Content<'_>,
    format: sniff::Still,
    frame: Frame,
    memory: &Supply,
    effort: &Effort,
) -> Result<Sheet, ThumbError> {
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(content, format, frame, memory, effort)));
    decoded.unwrap_or_else(|_| {
        tracing::warn!(?format, "a decoder panicked on a picture, which has no thumbnail");
        Err(ThumbError::damaged("the decoder gave up"))
    })
}

fn decode(
    content: Content<'_>,
    format: sniff::Still,
    frame: Frame,
    memory: &Supply,
    effort: &Effort,
) -> Result<Sheet, ThumbError> {
    let format = match (format, content) {
        (sniff::Still::Png, Content::File(file, n)) => {
            return png(BufReader::with_capacity(1 << 16, file), n, frame, memory, effort);
        }
        (sniff::Still::Png, Content::Bytes(bytes)) => {
            return png(Cursor::new(bytes), bytes.len() as u64, frame, memory, effort);
        }
        (format, Content::Bytes(bytes)) => return whole(bytes, format, frame, memory, effort),
        (format, Content::File(file, n)) => (format, file, n),
    };
    let (format, file, n) = format;
    if n > FILE_BYTES_MAX {
        return Err(ThumbError::too_large(format!("{} MiB", n >> 20)));
    }
    let _memory = memory.take(n, effort.stop())?.ok_or_else(|| too_much(n))?;
    let mut bytes = Vec::with_capacity(usize::try_from(n).unwrap_or(0));
    let read = Limited::new(file, effort).take(FILE_BYTES_MAX).read_to_end(&mut bytes);
    effort.check()?;
    read?;
    whole(&bytes, format, frame, memory, effort)
}

/// A picture whose file is in memory.
fn whole(
    bytes: &[u8],
    format: sniff::Still,
    frame: Frame,
    memory: &Supply,
    effort: &Effort,
) -> Result<Sheet, ThumbError> {
    if format == sniff::Still::Jpeg
        && let Some(sheet) = reduced_jpeg(bytes, frame, memory, effort)?
    {
        return Ok(sheet);
    }
    general(bytes, format, memory, effort)
}

/// A JPEG read at a part of its size, where that is possible.
fn reduced_jpeg(
    bytes: &[u8],
    frame: Frame,
    memory: &Supply,
    effort: &Effort,
) -> Result<Option<Sheet>, ThumbError> {
    let (size, is_progressive) =
        jpeg::size(bytes).ok_or_else(|| ThumbError::damaged("a JPEG without a frame"))?;
    check_size(size)?;
    if is_progressive {
        return Ok(None);
    }
    let turn = turn_of_jpeg(bytes);
    let upright = if turn.is_sideways() { frame.turned() } else { frame };
    let wanted = upright.fit(size.0, size.1);
    // A quarter of the pixels at most, and the codes once more without stuffing.
    let estimated = u64::from(size.0) * u64::from(size.1) * 3 / 4 + bytes.len() as u64;
    demand_plausible(estimated, bytes.len() as u64)?;
    let _memory = memory.take(estimated, effort.stop())?.ok_or_else(|| too_much(estimated))?;
    let picture = jpeg::reduced(bytes, wanted, &|| effort.goes_on());
    effort.check()?;
    Ok(picture.map(|picture| Sheet { picture, original: size, turn }))
}

fn turn_of_jpeg(bytes: &[u8]) -> Turn {
    let start = &bytes[..bytes.len().min(EXIF_WITHIN)];
    let exif = memmem::find(start, b"Exif\0\0").map(|at| &start[at + 6..]);
    turn_of(exif.and_then(Orientation::from_exif_chunk))
}

fn turn_of(orientation: Option<Orientation>) -> Turn {
    orientation.map_or(Turn::NONE, |orientation| Turn::of_exif(orientation.to_exif()))
}

/// A picture decoded in whole.
fn general(
    bytes: &[u8],
    format: sniff::Still,
    memory: &Supply,
    effort: &Effort,
) -> Result<Sheet, ThumbError> {
    let failed = |error: image::ImageError| match effort.check() {
        Err(over) => over,
        Ok(()) => ThumbError::damaged(error.to_string()),
    };
    let source = BufReader::with_capacity(1 << 16, Limited::new(Cursor::new(bytes), effort));
    let mut decoder = decoder(source, format).map_err(failed)?;
    let size = decoder.dimensions();
    check_size(size)?;
    let n_pixels = u64::from(size.0) * u64::from(size.1);
    // Its pixels as they are stored and as they are wanted, and what the decoder needs itself.
    let needs = match format {
        sniff::Still::Jpeg if jpeg::size(bytes).is_some_and(|(_, is_progressive)| is_progressive) => 6,
        sniff::Still::WebP | sniff::Still::Gif => 4,
        _ => 1,
    };
    let estimated = decoder.total_bytes().saturating_add(n_pixels * needs);
    demand_plausible(estimated, bytes.len() as u64)?;
    let _memory = memory.take(estimated, effort.stop())?.ok_or_else(|| too_much(estimated))?;
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(estimated + n_pixels * 4);
    decoder.set_limits(limits).map_err(failed)?;
    let turn = turn_of(decoder.orientation().ok());
    let picture = picture_of(DynamicImage::from_decoder(decoder).map_err(failed)?);
    Ok(Sheet { picture, original: size, turn })
}

fn decoder<'a>(
    source: impl std::io::BufRead + Seek + 'a,
    format: sniff::Still,
) -> image::ImageResult<impl ImageDecoder + 'a> {
    let format = match format {
        sniff::Still::Jpeg => ImageFormat::Jpeg,
        sniff::Still::Gif => ImageFormat::Gif,
        sniff::Still::WebP => ImageFormat::WebP,
        sniff::Still::Bmp => ImageFormat::Bmp,
        sniff::Still::Tiff => ImageFormat::Tiff,
        sniff::Still::Png => ImageFormat::Png,
    };
    let mut reader = ImageReader::with_format(source, format);
    // Judged by ourselves as soon as the size is known.
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(crate::limits::thumbs::DECODED_BYTES_MAX);
    reader.limits(limits);
    reader.into_decoder()
}

fn picture_of(image: DynamicImage) -> Picture {
    let (width, height) = (image.width(), image.height());
    let colour = image.color();
    let (colours, pixels) = if colour.has_alpha() {
        (Colours::Rgba, image.into_rgba8().into_raw())
    } else if colour.has_color() {
        (Colours::Rgb, image.into_rgb8().into_raw())
    } else {
        (Colours::Grey, image.into_luma8().into_raw())
    };
    Picture::new(width, height, colours, pixels)
}

/// Refuses what no picture of a library is, before anything is made of it.
pub(super) fn check_size((width, height): (u32, u32)) -> Result<(), ThumbError> {
    if width == 0 || height == 0 {
        return Err(ThumbError::damaged("it has no pixels"));
    }
    if width > SIDE_MAX || height > SIDE_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(ThumbError::too_large(format!("{width} x {height} pixels")));
    }
    Ok(())
}

/// Refuses what would take much memory and is far too short to be a picture of that size.
pub(super) fn demand_plausible(estimated: u64, n_bytes: u64) -> Result<(), ThumbError> {
    if estimated > BOMB_BYTES_MIN && estimated / BOMB_RATIO_MAX > n_bytes {
        return Err(ThumbError::too_large(format!(
            "{n_bytes} bytes that claim to be {} MiB",
            estimated >> 20
        )));
    }
    Ok(())
}
