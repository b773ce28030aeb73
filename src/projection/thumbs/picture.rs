//! Pixels in memory: turned upright, made smaller, and encoded as WebP.

use super::error::ThumbError;
use super::key::Frame;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// What the bytes of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// One byte.
    Grey,
    /// Luma and two of chroma, in the full range of JPEG.
    Ycc,
    /// Three.
    Rgb,
    /// Three, and how opaque.
    Rgba,
}

impl Colours {
    pub(super) fn n_bytes(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Ycc | Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    fn layout(self) -> PixelType {
        match self {
            Self::Grey => PixelType::U8,
            Self::Ycc | Self::Rgb => PixelType::U8x3,
            Self::Rgba => PixelType::U8x4,
        }
    }
}

/// How a picture is to be turned to stand upright: EXIF's numbers 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn(u8);

impl Turn {
    /// It stands upright.
    pub(super) const NONE: Self = Self(1);

    /// Numbers that mean nothing are none.
    pub(super) fn of_exif(number: u8) -> Self {
        if (1..=8).contains(&number) { Self(number) } else { Self::NONE }
    }

    /// Whether width and height change places.
    pub(super) fn is_sideways(self) -> bool {
        self.0 >= 5
    }
}

/// Rows of pixels without gaps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    width: u32,
    height: u32,
    /// How much of width and height the picture takes: where it was reduced, its last column and row may
    /// stand for less than the others.
    extent: (f64, f64),
    colours: Colours,
    pixels: Vec<u8>,
}

impl Picture {
    /// Too few bytes are filled up with zeros.
    pub(super) fn new(width: u32, height: u32, colours: Colours, mut pixels: Vec<u8>) -> Self {
        pixels.resize(width as usize * height as usize * colours.n_bytes(), 0);
        Self { width, height, extent: (f64::from(width), f64::from(height)), colours, pixels }
    }

    /// One of which each pixel stands for a square of so many of the original's.
    pub(super) fn reduced_by(self, square: f64, original: (u32, u32)) -> Self {
        let extent = |side: u32, whole: u32| (f64::from(whole) / square).min(f64::from(side));
        Self { extent: (extent(self.width, original.0), extent(self.height, original.1)), ..self }
    }

    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    #[cfg(test)]
    pub(super) fn pixels(&self) -> (Colours, &[u8]) {
        (self.colours, &self.pixels)
    }

    #[cfg(test)]
    pub(super) fn into_rgb_pixels(self) -> Vec<u8> {
        self.into_rgb().pixels
    }

    /// Made to be of this size.
    ///
    /// # Errors
    /// When it has no pixels.
    pub(super) fn resized(self, width: u32, height: u32) -> Result<Self, ThumbError> {
        if (width, height) == self.size() && self.extent == (f64::from(width), f64::from(height)) {
            return Ok(self);
        }
        let layout = self.colours.layout();
        let from = ImageRef::new(self.width, self.height, &self.pixels, layout)
            .map_err(|error| ThumbError::damaged(error.to_string()))?;
        let mut to = Image::new(width, height, layout);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom)).crop(
            0.0,
            0.0,
            self.extent.0,
            self.extent.1,
        );
        Resizer::new()
            .resize(&from, &mut to, &options)
            .map_err(|error| ThumbError::damaged(error.to_string()))?;
        Ok(Self::new(width, height, self.colours, to.into_vec()))
    }

    /// Fitted into the frame as it will stand when it is turned, and turned.
    ///
    /// # Errors
    /// As [`Picture::resized`].
    pub(super) fn fitted(self, original: (u32, u32), frame: Frame, turn: Turn) -> Result<Self, ThumbError> {
        let frame = if turn.is_sideways() { frame.turned() } else { frame };
        let (width, height) = frame.fit(original.0, original.1);
        Ok(self.resized(width, height)?.turned(turn))
    }

    /// Turned upright.
    fn turned(self, turn: Turn) -> Self {
        if turn == Turn::NONE {
            return self;
        }
        let (width, height) = (self.width as usize, self.height as usize);
        let (new_width, new_height) = if turn.is_sideways() { (height, width) } else { (width, height) };
        let n = self.colours.n_bytes();
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..new_height {
            for x in 0..new_width {
                let (from_x, from_y) = match turn.0 {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    8 => (width - 1 - y, x),
                    _ => (x, y),
                };
                let at = (from_y * width + from_x) * n;
                pixels.extend_from_slice(&self.pixels[at..at + n]);
            }
        }
        // Both were u32 before.
        Self::new(new_width as u32, new_height as u32, self.colours, pixels)
    }

    /// Three or four bytes a pixel.
    fn into_rgb(self) -> Self {
        let pixels = match self.colours {
            Colours::Rgb | Colours::Rgba => return self,
            Colours::Grey => self.pixels.iter().flat_map(|grey| [*grey; 3]).collect(),
            Colours::Ycc => {
                let mut pixels = self.pixels;
                for pixel in pixels.chunks_exact_mut(3) {
                    let rgb = rgb_of(pixel[0], pixel[1], pixel[2]);
                    pixel.copy_from_slice(&rgb);
                }
                pixels
            }
        };
        Self { colours: Colours::Rgb, pixels, ..self }
    }

    /// Lossy WebP of this quality, 0 to 100.
    ///
    /// # Errors
    /// When libwebp refuses it.
    pub(super) fn encoded(self, quality: f32) -> Result<Vec<u8>, ThumbError> {
        let failed = |what: &str| ThumbError::damaged(format!("libwebp refuses the pixels: {what}"));
        let picture = self.into_rgb();
        let mut config = webp::WebPConfig::new().map_err(|()| failed("wrong version"))?;
        config.quality = quality;
        config.method = METHOD;
        config.filter_strength = SMOOTHING;
        let encoder = match picture.colours {
            Colours::Rgba => webp::Encoder::from_rgba(&picture.pixels, picture.width, picture.height),
            _ => webp::Encoder::from_rgb(&picture.pixels, picture.width, picture.height),
        };
        let encoded = encoder.encode_advanced(&config).map_err(|error| failed(&format!("{error:?}")))?;
        Ok(encoded.to_vec())
    }
}

/// Of 0 (fastest) to 6: 1 takes a quarter longer and saves a twenty-fifth of the bytes, 2 takes three
/// quarters longer and saves a sixth; neither looks better.
const METHOD: i32 = 0;
/// Of 0 to 100, how much edges of blocks are smoothed. More than libwebp's own choice of 60: so small a
/// picture is more like the original then, at equal cost.
const SMOOTHING: i32 = 90;

/// The colours of JPEG as red, green and blue.
fn rgb_of(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    // Factors of ITU-R BT.601 in 16 bits of fraction.
    let luma = (i32::from(luma) << 16) + (1 << 15);
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let byte = |value: i32| (value >> 16).clamp(0, 255) as u8;
    [byte(luma + 91_881 * red), byte(luma - 22_554 * blue - 46_802 * red), byte(luma + 116_130 * blue)]
}
