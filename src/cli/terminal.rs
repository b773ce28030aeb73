//! How text stands in a terminal: columns, numbers, times. Knows nothing of what it says.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr as _;

/// Columns two blanks apart, as wide as their widest entry in a terminal, where one letter may take two cells or none;
/// nothing behind the last.
///
/// # Errors
/// Only what writing to `out` fails with.
pub(super) fn table<const N: usize>(lines: &[[String; N]], out: &mut dyn Write) -> io::Result<()> {
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for line in lines {
        let padded = line.iter().zip(widths).map(|(entry, width)| {
            let blanks = width.saturating_sub(entry.width());
            format!("{entry}{:blanks$}", "")
        });
        writeln!(out, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A text without what a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// A text of an answer, likewise: names of files come from strangers.
pub(super) fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default())
}

/// Seconds since 1970 as a date and time of this place.
pub(super) fn when(seconds: f64) -> String {
    match Timestamp::from_second(seconds as i64) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        let said = [0, 12, 999, 1_000, 123_456, 1_234_567].map(grouped);
        assert_eq!(said, ["0", "12", "999", "1,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn columns_stand_below_each_other_whatever_they_are_written_in() {
        let lines = [["猫", "1"], ["cat", "2"], ["cafe\u{301}", "3"]].map(|line| line.map(str::to_owned));
        let mut out = Vec::new();
        table(&lines, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "猫    1\ncat   2\ncafe\u{301}  3\n");
    }

    #[test]
    fn a_time_that_cannot_be_is_no_error() {
        assert_eq!(when(1e300), "unknown");
        assert_eq!(when(1_795_363_958.25).len(), "2026-11-22 16:12".len());
    }
}
