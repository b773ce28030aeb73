//! Which bytes of a file a client asks for, and whether it has them already. Pure (RFC 9110,
//! sections 13 and 14).

use super::limits::RANGES_MAX;
use axum::http::{HeaderMap, header};
use std::ops::Range;
use std::time::SystemTime;

/// Which bytes to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of them.
    Whole,
    /// These, one or more.
    Parts(Vec<Range<u64>>),
    /// None of what is asked for is there.
    Nothing,
}

/// What tells one state of a file from another.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Quoted, strong.
    pub(crate) etag: String,
    /// Modification time in whole seconds.
    pub(crate) modified: SystemTime,
}

/// Whether the client has this version.
pub(crate) fn is_known(headers: &HeaderMap, version: &Version) -> bool {
    let mut tags =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
    if tags.peek().is_some() {
        return tags
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == version.etag);
    }
    let since = headers
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    since.is_some_and(|since| version.modified <= since)
}

/// Which bytes of a file of this length and version are asked for. A range that ends beyond the
/// file is clamped; a header that cannot be understood, or asks for more than the whole in pieces,
/// gets the whole.
pub(crate) fn wanted(headers: &HeaderMap, version: &Version, len: u64) -> Wanted {
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Wanted::Whole;
    };
    if !is_for(headers, version) {
        return Wanted::Whole;
    }
    let specs = text.trim().split_once('=').filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"));
    let Some((_, specs)) = specs else { return Wanted::Whole };
    let mut parts = Vec::new();
    let specs: Vec<&str> = specs.split(',').map(str::trim).filter(|spec| !spec.is_empty()).collect();
    if specs.is_empty() || specs.len() > RANGES_MAX {
        return Wanted::Whole;
    }
    for spec in specs {
        match part(spec, len) {
            Part::Of(range) => parts.push(range),
            Part::Beyond => {}
            Part::Malformed => return Wanted::Whole,
        }
    }
    let total: u64 = parts.iter().map(|range| range.end - range.start).fold(0, u64::saturating_add);
    match parts.len() {
        0 => Wanted::Nothing,
        1 => Wanted::Parts(parts),
        _ if total > len => Wanted::Whole,
        _ => Wanted::Parts(parts),
    }
}

/// Whether a range is asked of this version, if the client says of which.
fn is_for(headers: &HeaderMap, version: &Version) -> bool {
    let Some(condition) = headers.get(header::IF_RANGE).and_then(|value| value.to_str().ok()) else {
        return true;
    };
    if condition.starts_with('"') {
        return condition == version.etag;
    }
    httpdate::parse_http_date(condition).is_ok_and(|date| date == version.modified)
}

enum Part {
    Of(Range<u64>),
    Beyond,
    Malformed,
}

fn part(spec: &str, len: u64) -> Part {
    let Some((first, last)) = spec.split_once('-').map(|(a, b)| (a.trim(), b.trim())) else {
        return Part::Malformed;
    };
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        // More digits than a number holds lie beyond every file.
        true => Some(text.parse().unwrap_or(u64::MAX)),
        false => None,
    };
    let range = match (first.is_empty(), last.is_empty()) {
        (true, false) => number(last).map(|n| len.saturating_sub(n)..len),
        (false, true) => number(first).map(|start| start..len),
        (false, false) => match (number(first), number(last)) {
            (Some(start), Some(last)) if start <= last => Some(start..last.saturating_add(1).min(len)),
            _ => None,
        },
        (true, true) => None,
    };
    match range {
        None => Part::Malformed,
        Some(range) if range.start >= range.end => Part::Beyond,
        Some(range) => Part::Of(range),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
mod tests {
    use super::*;
    use axum::http::HeaderName;
    use std::time::Duration;

    fn version() -> Version {
        Version {
            etag: "\"a-1\"".into(),
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
        }
    }

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn check(range: &str, want: Wanted) {
        assert_eq!(wanted(&headers(&[(header::RANGE, range)]), &version(), 100), want, "{range}");
    }

    #[test]
    fn ranges_are_clamped_and_nonsense_gets_the_whole() {
        check("bytes=0-9", Wanted::Parts(vec![0..10]));
        check("bytes=90-", Wanted::Parts(vec![90..100]));
        check("bytes=90-200", Wanted::Parts(vec![90..100]));
        check("bytes=-10", Wanted::Parts(vec![90..100]));
        check("bytes=-1000", Wanted::Parts(vec![0..100]));
        check("bytes=0-99999999999999999999999", Wanted::Parts(vec![0..100]));
        check("Bytes = 0-0 , 5-5", Wanted::Parts(vec![0..1, 5..6]));
        check("bytes=0-0,100-", Wanted::Parts(vec![0..1]));
        check("bytes=100-", Wanted::Nothing);
        check("bytes=-0", Wanted::Nothing);
        for nonsense in
            ["bytes=", "bytes=a-b", "bytes=9-1", "bytes=-", "lines=1-2", "bytes", "bytes=+1-2", "bytes=0-1,x"]
        {
            check(nonsense, Wanted::Whole);
        }
        check("bytes=0-99,0-99", Wanted::Whole);
        check(&format!("bytes={}", vec!["1-1"; RANGES_MAX + 1].join(",")), Wanted::Whole);
        assert_eq!(wanted(&headers(&[(header::RANGE, "bytes=0-")]), &version(), 0), Wanted::Nothing);
    }

    #[test]
    fn a_range_of_another_version_gets_the_whole() {
        let with = |condition: &str| {
            wanted(&headers(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, condition)]), &version(), 100)
        };
        assert_eq!(with("\"a-1\""), Wanted::Parts(vec![0..1]));
        assert_eq!(with("Sun, 09 Sep 2001 01:46:40 GMT"), Wanted::Parts(vec![0..1]));
        for other in ["\"a-2\"", "W/\"a-1\"", "Sun, 09 Sep 2001 01:46:41 GMT", "x"] {
            assert_eq!(with(other), Wanted::Whole, "{other}");
        }
    }

    #[test]
    fn a_known_version_is_recognised() {
        let known = |name: HeaderName, value: &str| is_known(&headers(&[(name, value)]), &version());
        for value in ["\"a-1\"", "W/\"a-1\"", "\"x\", \"a-1\"", "*"] {
            assert!(known(header::IF_NONE_MATCH, value), "{value}");
        }
        assert!(!known(header::IF_NONE_MATCH, "\"a-2\""));
        assert!(known(header::IF_MODIFIED_SINCE, "Sun, 09 Sep 2001 01:46:40 GMT"));
        assert!(!known(header::IF_MODIFIED_SINCE, "Sun, 09 Sep 2001 01:46:39 GMT"));
        let both = [
            (header::IF_NONE_MATCH, "\"a-2\""),
            (header::IF_MODIFIED_SINCE, "Sun, 09 Sep 2001 01:46:40 GMT"),
        ];
        assert!(!is_known(&headers(&both), &version()));
    }
}
