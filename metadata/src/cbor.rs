//! A CBOR reader: to the values that `json` has, with numbers as their text and bytes left out. Depth and
//! size are bounded. Knows no meaning.

use crate::json::Value;
use crate::limits::{CBOR_DEPTH_MAX, CBOR_VALUES_MAX};
use std::borrow::Cow;

/// The first value; `None` where there is none within the bounds.
pub(super) fn parse(bytes: &[u8]) -> Option<Value<'_>> {
    Reader { rest: bytes, n_values: 0 }.value(0)
}

struct Reader<'a> {
    rest: &'a [u8],
    n_values: usize,
}

/// What stands before a value: its kind, a small number, and the number that counts.
struct Head {
    kind: u8,
    small: u8,
    number: u64,
}

/// Says that as many follow until an end.
const OPEN: u8 = 31;
const END: u8 = 0xff;

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    fn head(&mut self) -> Option<Head> {
        let first = self.take(1)?[0];
        let (kind, small) = (first >> 5, first & 31);
        let number = match small {
            0..24 => u64::from(small),
            24..28 => {
                let bytes = self.take(1 << (small - 24))?;
                bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
            }
            OPEN => 0,
            _ => return None,
        };
        Some(Head { kind, small, number })
    }

    /// Takes the end of something open.
    fn ends(&mut self) -> bool {
        let ends = self.rest.first() == Some(&END);
        self.rest = &self.rest[usize::from(ends)..];
        ends
    }

    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        self.n_values += 1;
        if depth >= CBOR_DEPTH_MAX || self.n_values > CBOR_VALUES_MAX {
            return None;
        }
        let mut head = self.head()?;
        let mut n_tags = 0;
        while head.kind == 6 {
            n_tags += 1;
            head = self.head().filter(|_| n_tags < CBOR_DEPTH_MAX)?;
        }
        let Head { kind, small, number } = head;
        Some(match kind {
            0 => Value::Text(number.to_string().into()),
            1 => Value::Text((-1 - i128::from(number)).to_string().into()),
            2 => {
                self.string(2, small, number)?;
                Value::Null
            }
            3 => Value::Text(self.text(small, number)?),
            4 => {
                let mut items = Vec::new();
                while if small == OPEN { !self.ends() } else { (items.len() as u64) < number } {
                    items.push(self.value(depth + 1)?);
                }
                Value::List(items)
            }
            5 => {
                let mut members = Vec::new();
                while if small == OPEN { !self.ends() } else { (members.len() as u64) < number } {
                    let key = match self.value(depth + 1)? {
                        Value::Text(key) => key,
                        _ => Cow::Borrowed(""),
                    };
                    members.push((key, self.value(depth + 1)?));
                }
                Value::Map(members)
            }
            _ => match small {
                20 => Value::Bool(false),
                21 => Value::Bool(true),
                OPEN => return None,
                _ => Value::Null,
            },
        })
    }

    fn text(&mut self, small: u8, number: u64) -> Option<Cow<'a, str>> {
        Some(match self.string(3, small, number)? {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        })
    }

    /// Bytes, or pieces of them until an end.
    fn string(&mut self, kind: u8, small: u8, number: u64) -> Option<Cow<'a, [u8]>> {
        if small != OPEN {
            return self.take(usize::try_from(number).ok()?).map(Cow::Borrowed);
        }
        let mut all = Vec::new();
        while !self.ends() {
            let head = self.head().filter(|head| head.kind == kind && head.small != OPEN)?;
            all.extend_from_slice(self.take(usize::try_from(head.number).ok()?)?);
        }
        Some(Cow::Owned(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], want: &str) {
        assert_eq!(parse(bytes).map(|value| value.to_string()).as_deref(), Some(want));
    }

    #[test]
    fn values_of_every_kind() {
        check(b"\x17", "\"23\"");
        check(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "\"18446744073709551615\"");
        check(b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "\"-18446744073709551616\"");
        check(b"\x63abc", "\"abc\"");
        check(b"\x7f\x62ab\x61c\xff", "\"abc\"");
        check(b"\x43\x01\x02\x03", "null");
        check(b"\x83\xf4\xf5\xf6", "[false,true,null]");
        check(b"\x9f\x80\xa0\xff", "[[],{}]");
        check(b"\xa2\x61a\x01\x02\x61b", "{\"a\":\"1\",\"2\":\"b\"}");
        check(b"\xbf\x61a\xc0\xc1\x61b\xff", "{\"a\":\"b\"}");
        check(b"\xfb\x3f\xf0\0\0\0\0\0\0", "null");
        check(b"\x62\xff\xfe", "\"\u{fffd}\u{fffd}\"");
    }

    #[test]
    fn what_is_cut_or_goes_beyond_is_none() {
        for bytes in [
            &b""[..],
            b"\x18",
            b"\x63ab",
            b"\x81",
            b"\xa1\x61a",
            b"\x7f\x61a",
            b"\x9f",
            b"\x1c",
            b"\xff",
            b"\x7f\x41a\xff",
        ] {
            assert_eq!(parse(bytes), None, "{bytes:?}");
        }
        assert_eq!(parse(&b"\x81".repeat(100_000)), None);
        assert_eq!(parse(&b"\xc1".repeat(100_000)), None);
        assert_eq!(parse(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01"), None);
        assert_eq!(parse(b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x01"), None);
        let many = [&b"\x9f"[..], &b"\x01".repeat(CBOR_VALUES_MAX), b"\xff"].concat();
        assert_eq!(parse(&many), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
