//! Windows bitmaps: size and where the pixels lie. They have no place for texts.

use crate::field::{decimal, tuple};
use crate::picture::Picture;
use crate::slots::{Slots, Wanted};
use crate::source::Window;
use std::io;

/// Reads the two headers.
pub(super) fn scan(window: &Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut head = [0; 54];
    let n = window.copy(0, &mut head[..54.min(usize::try_from(window.len()).unwrap_or(54))])?;
    let mut picture = Picture::default();
    let u16_at = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let bits;
    // The first kind of header has sides of 16 bits; a negative height means rows that run downward.
    if head[14] == 12 && n >= 26 {
        (picture.width, picture.height, bits) = (u16_at(18).into(), u16_at(20).into(), u16_at(24));
    } else if n >= 26 {
        let side = |at| (u32_at(at) as i32).unsigned_abs();
        (picture.width, picture.height, bits) = (side(18), side(22), u16_at(28));
    } else {
        return Ok(picture);
    }
    let has_more = head[14] != 12 && n == head.len();
    let pixels = u64::from(u32_at(10));
    let there = window.len().saturating_sub(pixels);
    let row = (u64::from(picture.width) * u64::from(bits)).div_ceil(32) * 4;
    let plain = row.saturating_mul(picture.height.into());
    let stated = if has_more && u32_at(30) != 0 { u64::from(u32_at(34)) } else { plain };
    // What is behind the pixels is not the picture's.
    let len = if stated == 0 { there } else { stated.min(there) };
    if pixels > 14 {
        picture.payload.push(pixels, len);
    }
    if has_more && slots.wanted == Wanted::Everything {
        slots.note("compression", u32_at(30).to_string());
        let dots = [38, 42].map(|at| f64::from(u32_at(at) as i32) / 39.3701);
        slots.note("dpi", tuple(&dots.map(decimal)));
    }
    Ok(picture)
}
