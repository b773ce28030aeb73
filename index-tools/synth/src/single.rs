//! One picture at a time, for tests of what becomes of a file when its pixels or its texts change.

use super::container::{Picture, Png};
use super::dice::{Dice, Subject};

/// A PNG of 16 by 16 pixels, another for each `pixels`, with this infotext if any. The same pixels give
/// the same data whatever the text.
///
/// ```
/// use lumidex_synth::png;
///
/// assert_eq!(png(1, None), png(1, None));
/// assert_ne!(png(1, None), png(2, None));
/// ```
#[must_use]
pub fn png(pixels: u64, infotext: Option<&str>) -> Vec<u8> {
    let picture = Picture::paint(16, 16, &mut Dice::of(0, Subject::Pixels, pixels));
    let png = Png::new(picture.width, picture.height);
    let png = match infotext {
        Some(text) => png.pillow("parameters", text),
        None => png,
    };
    png.pixels(&picture).end()
}
