//! JPEG: size, EXIF and comments before the picture's data. Does not look behind its start.

use crate::complaint::Complaint;
use crate::field::{decimal, tuple};
use crate::limits::{BYTES_PER_FILE_MAX, CHUNKS_PER_FILE_MAX, RESYNC_BYTES_MAX};
use crate::picture::Picture;
use crate::slots::{Place, Slots, Wanted};
use crate::source::Window;
use crate::{decode, exif};
use std::io;

/// Walks the segments up to the picture's data.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    let mut at = 2;
    for n_segments in 0.. {
        let Some(mark) = window.array::<2>(at)? else { break };
        if n_segments >= CHUNKS_PER_FILE_MAX {
            slots.complain(Complaint::TooManyChunks { limit: CHUNKS_PER_FILE_MAX });
            break;
        }
        let len = match mark {
            [0xff, 0xff] => {
                at += 1;
                continue;
            }
            [0xff, 0x01 | 0xd0..=0xd8] => {
                at += 2;
                continue;
            }
            [0xff, 0xd9] => break,
            [0xff, 0xda] => {
                picture.payload.push(at, window.len() - at);
                break;
            }
            [0xff, 0xc0..=0xfe] => window.array::<2>(at + 2)?.map_or(0, u16::from_be_bytes),
            _ => 0,
        };
        if len < 2 {
            slots.complain(Complaint::Damaged { what: "JPEG".to_owned() });
            let Some(next) = resync(window, at + 1)? else { break };
            at = next;
            continue;
        }
        let (start, len) = (at + 4, u64::from(len) - 2);
        if start + len > window.len() {
            slots.complain(Complaint::Truncated { what: format!("FF{:02X}", mark[1]) });
            break;
        }
        segment(window, mark[1], (start, len), slots, &mut picture)?;
        at = start + len;
    }
    Ok(picture)
}

fn segment(
    window: &mut Window<'_>,
    mark: u8,
    (start, len): (u64, u64),
    slots: &mut Slots,
    picture: &mut Picture,
) -> io::Result<()> {
    match mark {
        0xc0..=0xcf if !matches!(mark, 0xc4 | 0xc8 | 0xcc) && len >= 5 => {
            if let Some([_, h1, h0, w1, w0]) = window.array::<5>(start)?
                && picture.width == 0
            {
                picture.height = u32::from(u16::from_be_bytes([h1, h0]));
                picture.width = u32::from(u16::from_be_bytes([w1, w0]));
            }
            if mark == 0xc2 {
                slots.note("progressive", "1");
                slots.note("progression", "1");
            }
        }
        0xe1 | 0xfe if window.budget() < len => {
            slots.complain(Complaint::TooMuchMetadata { limit: BYTES_PER_FILE_MAX });
        }
        0xe1 if window.array::<6>(start)? == Some(*b"Exif\0\0") => {
            let block = window.slice(start, usize::try_from(len).unwrap_or(0))?;
            exif::read(&block, slots);
        }
        0xe0 | 0xe1 | 0xee if slots.wanted == Wanted::Everything => {
            remark(window, mark, (start, len), slots)?;
        }
        0xfe => {
            let text = decode::text(&window.slice(start, usize::try_from(len).unwrap_or(0))?);
            slots.add(Place::Comment, text);
        }
        _ => {}
    }
    Ok(())
}

/// What is only for showing.
fn remark(window: &mut Window<'_>, mark: u8, (start, len): (u64, u64), slots: &mut Slots) -> io::Result<()> {
    const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    let mut data = [0; 29];
    let n = window.copy(start, &mut data[..29.min(usize::try_from(len).unwrap_or(29))])?;
    match (mark, &data[..n]) {
        (0xe0, [b'J', b'F', b'I', b'F', 0, v1, v0, unit, x1, x0, y1, y0, ..]) => {
            let (x, y) = (u16::from_be_bytes([*x1, *x0]), u16::from_be_bytes([*y1, *y0]));
            slots.note("jfif", u16::from_be_bytes([*v1, *v0]).to_string());
            slots.note("jfif_version", format!("({v1}, {v0})"));
            slots.note("jfif_unit", unit.to_string());
            slots.note("jfif_density", format!("({x}, {y})"));
            let per_inch = |dots: u16| decimal(f64::from(dots) * 2.54);
            match unit {
                1 => slots.note("dpi", format!("({x}, {y})")),
                2 => slots.note("dpi", tuple(&[per_inch(x), per_inch(y)])),
                _ => {}
            }
        }
        (0xe1, XMP) => {
            let start = start + XMP.len() as u64;
            if let Some(text) = window.value(start, len - XMP.len() as u64, "xmp", slots)? {
                slots.note("xmp", decode::text(&text));
            }
        }
        (0xee, [b'A', b'd', b'o', b'b', b'e', v1, v0, _, _, _, _, transform, ..]) => {
            slots.note("adobe", u16::from_be_bytes([*v1, *v0]).to_string());
            slots.note("adobe_transform", transform.to_string());
        }
        _ => {}
    }
    Ok(())
}

/// The next place that looks like the start of a segment.
fn resync(window: &mut Window<'_>, from: u64) -> io::Result<Option<u64>> {
    let bytes = window.slice(from, RESYNC_BYTES_MAX)?;
    let is_mark = |pair: &[u8]| matches!(pair, [0xff, 0xc0..=0xcf | 0xda..=0xef | 0xfe]);
    Ok(bytes.windows(2).position(is_mark).map(|found| from + found as u64))
}
