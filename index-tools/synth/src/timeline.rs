//! Where in time and in its batch each image of a library lies, without looking at the others.
//!
//! Images come in blocks of 64, one block being one sitting; a block is cut into batches of 1 to 8
//! images. Sittings lie on a number of days spread over four years, about four thousand images
//! to a day in a large library, so that dated folders have the size they have in real life.

use super::dice::{Dice, Subject};

/// Images in a block.
const BLOCK: u32 = 64;
/// Images in the largest batch.
const BATCH_MAX: u64 = 8;
/// Images in a dated day of a large library.
const DAY: u32 = 4_096;
/// 1 September 2022, 00:00 UTC, in days since 1970.
const FIRST_DAY: u64 = 19_236;
/// Days between the first and the last image.
const SPAN_DAYS: u64 = 4 * 365;
/// Even small libraries have this many days, if they have as many blocks.
const DAYS_MIN: u32 = 24;

const SECOND_NS: i64 = 1_000_000_000;

/// One image's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) block: u64,
    /// Unique to the batch: the index of its first image.
    pub(crate) batch: u64,
    /// Of this image in its batch.
    pub(crate) batch_position: u32,
    pub(crate) batch_size: u32,
    /// Nanoseconds since 1970, UTC.
    pub(crate) modified_ns: i64,
    pub(crate) date: Date,
    /// Counts the images of the day from 0.
    pub(crate) of_day: u32,
}

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
}

/// How a library of some size is spread over time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    seed: u64,
    images: u32,
    blocks: u32,
    days: u32,
}

impl Timeline {
    pub(crate) fn new(seed: u64, images: u32) -> Self {
        let blocks = images.div_ceil(BLOCK).max(1);
        let days = (images / DAY).max(DAYS_MIN).min(blocks).min(SPAN_DAYS as u32);
        Self { seed, images, blocks, days }
    }

    /// The place of image `index`.
    pub(crate) fn place(&self, index: u32) -> Place {
        let block = index / BLOCK;
        let first_of_block = block * BLOCK;
        // Images asked for beyond the end come in whole blocks.
        let block_len = if index < self.images { BLOCK.min(self.images - first_of_block) } else { BLOCK };
        let (nth_batch, start, len) = self.batch(block, index - first_of_block, block_len);

        // Blocks are dealt to days in order, as evenly as whole numbers allow.
        let day = (u64::from(block) * u64::from(self.days) / u64::from(self.blocks)) as u32;
        let first_block = first_block(day, self.days, self.blocks);
        let blocks_of_day = first_block_after(day, self.days, self.blocks) - first_block;
        let date_days = self.calendar_day(day);

        let block_second =
            7 * 3_600 + u64::from(block - first_block) * (16 * 3_600) / u64::from(blocks_of_day);
        let batch = u64::from(first_of_block + start);
        let position = index - first_of_block - start;
        let second = date_days * 86_400 + block_second;
        let modified_ns = self.moment(block, second, nth_batch, batch, position);
        Place {
            block: u64::from(block),
            batch,
            batch_position: position,
            batch_size: len,
            modified_ns,
            date: civil(date_days),
            of_day: index - first_block * BLOCK,
        }
    }

    /// Which batch of a block holds the image `offset`: its number, first offset and length.
    fn batch(&self, block: u32, offset: u32, block_len: u32) -> (u32, u32, u32) {
        let mut dice = Dice::of(self.seed, Subject::Batch, u64::from(block));
        let mut start = 0;
        let mut nth = 0;
        loop {
            let len = (dice.between(1, BATCH_MAX) as u32).min(block_len - start);
            if offset < start + len || start + len == block_len {
                return (nth, start, len);
            }
            start += len;
            nth += 1;
        }
    }

    /// Days since 1970 of the library's nth day; each lies in a stretch of its own.
    fn calendar_day(&self, day: u32) -> u64 {
        let stretch = |day: u32| u64::from(day) * SPAN_DAYS / u64::from(self.days);
        let free = stretch(day + 1) - stretch(day);
        FIRST_DAY + stretch(day) + Dice::of(self.seed, Subject::Day, u64::from(day)).below(free)
    }

    /// When an image was written. Whole batches share a second; some share the nanosecond too,
    /// because copying tools and file systems cut times short; some blocks were unpacked at once.
    fn moment(&self, block: u32, second: u64, nth_batch: u32, batch: u64, position: u32) -> i64 {
        let mut sitting = Dice::of(self.seed, Subject::Day, (1 << 40) | u64::from(block));
        let at = |seconds: u64, nanoseconds: u64| seconds as i64 * SECOND_NS + nanoseconds as i64;
        if sitting.chance(6) {
            return at(second, 0);
        }
        let pace = sitting.between(8, 25);
        let second = second + u64::from(nth_batch) * pace;
        let mut dice = Dice::of(self.seed, Subject::Batch, (1 << 40) | batch);
        match dice.below(4) {
            0 => at(second, 0),
            1 => at(second + u64::from(position), dice.below(1_000_000_000)),
            _ => at(second, dice.below(900_000_000) + u64::from(position) * 10_000_019),
        }
    }
}

/// The first block that falls on `day`, by the rule that deals blocks to days.
fn first_block(day: u32, days: u32, blocks: u32) -> u32 {
    (u64::from(day) * u64::from(blocks)).div_ceil(u64::from(days)) as u32
}

fn first_block_after(day: u32, days: u32, blocks: u32) -> u32 {
    first_block(day + 1, days, blocks)
}

/// Calendar date of a day since 1970 (Hinnant's `civil_from_days`, for days after 1970).
fn civil(days: u64) -> Date {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Date { year: year_of_era + era * 400 + u64::from(month <= 2), month, day }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        assert_eq!(civil(0), Date { year: 1970, month: 1, day: 1 });
        assert_eq!(civil(FIRST_DAY), Date { year: 2022, month: 9, day: 1 });
        assert_eq!(civil(19_782), Date { year: 2024, month: 2, day: 29 });
    }

    #[test]
    fn blocks_are_dealt_to_days_without_gap_or_overlap() {
        for images in [1, 63, 64, 65, 1_000, 5_000, 200_000, 1_000_000] {
            let timeline = Timeline::new(1, images);
            let mut next = 0;
            for day in 0..timeline.days {
                let first = first_block(day, timeline.days, timeline.blocks);
                assert_eq!(first, next, "{images} images, day {day}");
                next = first_block_after(day, timeline.days, timeline.blocks);
                assert!(next > first);
                for block in [first, next - 1] {
                    let dealt = u64::from(block) * u64::from(timeline.days) / u64::from(timeline.blocks);
                    assert_eq!(dealt, u64::from(day));
                }
            }
            assert_eq!(next, timeline.blocks);
        }
    }

    #[test]
    fn batches_partition_a_library() {
        let timeline = Timeline::new(9, 1_000);
        let mut expected_position = 0;
        for index in 0..1_000 {
            let place = timeline.place(index);
            assert_eq!(place.batch_position, expected_position);
            assert_eq!(place.batch + u64::from(place.batch_position), u64::from(index));
            assert!((1..=8).contains(&place.batch_size));
            expected_position = (expected_position + 1) % place.batch_size;
        }
    }

    #[test]
    fn numbers_within_a_day_are_distinct_and_dates_span_years() {
        let timeline = Timeline::new(5, 20_000);
        let mut seen = std::collections::HashSet::new();
        for index in 0..20_000 {
            let place = timeline.place(index);
            assert!(seen.insert((place.date.year, place.date.month, place.date.day, place.of_day)));
        }
        let first = timeline.place(0).modified_ns;
        let last = timeline.place(19_999).modified_ns;
        assert!((last - first) / SECOND_NS > 3 * 365 * 86_400);
    }
}
