//! JPEG: size, EXIF, XMP, IPTC, credentials and comments before the picture's data. Does not look behind
//! its start.

use crate::complaint::Complaint;
use crate::field::{decimal, tuple};
use crate::limits::{BYTES_PER_FILE_MAX, CHUNKS_PER_FILE_MAX, RESYNC_BYTES_MAX};
use crate::picture::Picture;
use crate::segments::Parts;
use crate::slots::{Place, Slots, Wanted};
use crate::source::Window;
use crate::{decode, exif, xmp};
use std::io;

/// Walks the segments up to the picture's data.
pub(super) fn scan(window: &mut Window<'_>, slots: &mut Slots) -> io::Result<Picture> {
    let mut picture = Picture::default();
    let mut parts = Parts::default();
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
        match mark[1] {
            0xc0..=0xcf => frame(window, mark[1], (start, len), slots, &mut picture)?,
            mark => segment(window, mark, (start, len), slots, &mut parts)?,
        }
        at = start + len;
    }
    parts.read(slots);
    Ok(picture)
}

fn frame(
    window: &Window<'_>,
    mark: u8,
    (start, len): (u64, u64),
    slots: &mut Slots,
    picture: &mut Picture,
) -> io::Result<()> {
    if matches!(mark, 0xc4 | 0xc8 | 0xcc) || len < 5 {
        return Ok(());
    }
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
    Ok(())
}

fn segment(
    window: &mut Window<'_>,
    mark: u8,
    (start, len): (u64, u64),
    slots: &mut Slots,
    parts: &mut Parts,
) -> io::Result<()> {
    const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    let len = usize::try_from(len).unwrap_or(0);
    let mut first = [0; 36];
    let n = window.copy(start, &mut first[..len.min(36)])?;
    let first = &first[..n];
    let is_exif = mark == 0xe1 && first.starts_with(b"Exif\0\0");
    let is_xmp = mark == 0xe1 && first.starts_with(XMP);
    let is_part = Parts::are_in(mark, first) && slots.wanted == Wanted::Recipe;
    if !(is_exif || is_xmp || is_part || mark == 0xfe) {
        if slots.wanted == Wanted::Everything {
            remark(mark, first, slots);
        }
        return Ok(());
    }
    if window.budget() < len as u64 {
        slots.complain(Complaint::TooMuchMetadata { limit: BYTES_PER_FILE_MAX });
        return Ok(());
    }
    let data = window.slice(start, len)?;
    if is_exif {
        exif::read(&data, slots);
    } else if is_xmp {
        xmp::take(&data[XMP.len()..], slots);
    } else if is_part {
        parts.take(mark, &data);
    } else {
        slots.add(Place::Comment, decode::text(&data));
    }
    Ok(())
}

/// What is only for showing.
fn remark(mark: u8, data: &[u8], slots: &mut Slots) {
    match (mark, data) {
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
        (0xee, [b'A', b'd', b'o', b'b', b'e', v1, v0, _, _, _, _, transform, ..]) => {
            slots.note("adobe", u16::from_be_bytes([*v1, *v0]).to_string());
            slots.note("adobe_transform", transform.to_string());
        }
        _ => {}
    }
}

/// The next place that looks like the start of a segment.
fn resync(window: &mut Window<'_>, from: u64) -> io::Result<Option<u64>> {
    let bytes = window.slice(from, RESYNC_BYTES_MAX)?;
    let is_mark = |pair: &[u8]| matches!(pair, [0xff, 0xc0..=0xcf | 0xda..=0xef | 0xfe]);
    Ok(bytes.windows(2).position(is_mark).map(|found| from + found as u64))
}
