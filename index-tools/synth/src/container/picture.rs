//! The pixels of a synthetic image: a soft gradient of two colours, with noise in the lowest bit
//! that is the image's own, so that no two images share their content.

use crate::dice::Dice;

/// A small picture of 8-bit RGB pixels.
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Row by row from the top, three bytes each.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Paints `width` by `height` pixels.
    pub(crate) fn paint(width: u32, height: u32, dice: &mut Dice) -> Self {
        let corner = |dice: &mut Dice| [0; 3].map(|_: u8| dice.below(256) as i64);
        let [top, bottom, right] = [corner(dice), corner(dice), corner(dice)];
        let mut rgb = Vec::with_capacity((width * height * 3) as usize);
        let mut noise = 0;
        let mut noise_left = 0;
        for y in 0..i64::from(height) {
            for x in 0..i64::from(width) {
                for channel in 0..3 {
                    if noise_left == 0 {
                        noise = dice.bits();
                        noise_left = 64;
                    }
                    let down = (bottom[channel] - top[channel]) * y / i64::from(height);
                    let across = (right[channel] - 128) * x / i64::from(width) / 2;
                    let shade = (top[channel] + down + across).clamp(0, 255) as u8;
                    rgb.push((shade & 0xfe) | (noise & 1) as u8);
                    noise >>= 1;
                    noise_left -= 1;
                }
            }
        }
        Self { width, height, rgb }
    }
}
