//! Which bytes of a file a client asks for, and whether it has them already. Pure (RFC 9110,
//! sections 13 and 14).

use super::limits::RANGES_MAX;
use axum::http::{HeaderMap, HeaderName, header};
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

/// What the conditions of a request come to (RFC 9110, section 13.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be answered.
    Send,
    /// The client has this version.
    Known,
    /// The client wanted another version or none.
    Failed,
}

/// What tells one state of a file from another.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Quoted, strong.
    pub(crate) etag: String,
    /// Modification time in whole seconds.
    pub(crate) modified: SystemTime,
}

/// What the conditions of a request for this version come to, in the order the standard gives them.
pub(crate) fn judged(headers: &HeaderMap, version: &Version) -> Verdict {
    let is_wanted = match tags(headers, &header::IF_MATCH) {
        // A weak tag says of nothing that it is this very file.
        Some(tags) => tags.iter().any(|tag| *tag == "*" || *tag == version.etag),
        None => date(headers, &header::IF_UNMODIFIED_SINCE).is_none_or(|date| version.modified <= date),
    };
    let is_known = match tags(headers, &header::IF_NONE_MATCH) {
        Some(tags) => {
            tags.iter().any(|tag| *tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == version.etag)
        }
        None => date(headers, &header::IF_MODIFIED_SINCE).is_some_and(|date| version.modified <= date),
    };
    match (is_wanted, is_known) {
        (false, _) => Verdict::Failed,
        (true, true) => Verdict::Known,
        (true, false) => Verdict::Send,
    }
}

/// The entity tags a header lists; `None` when there is no such header. None of ours holds a comma.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Vec<&'a str>> {
    headers.contains_key(name).then(|| {
        let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).map(str::trim).collect()
    })
}

/// The date of a header; `None` when there is none or it is no date.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

/// Which bytes of a file of this length and version are asked for. A range that ends beyond the
/// file is clamped; a header that cannot be understood, or asks for more than the whole in pieces,
/// gets the whole.
pub(crate) fn wanted(headers: &HeaderMap, version: &Version, len: u64) -> Wanted {
    let Some(specs) = specs(headers, version) else { return Wanted::Whole };
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
    let total: u128 = parts.iter().map(|range| u128::from(range.end - range.start)).sum();
    match parts.len() {
        0 => Wanted::Nothing,
        1 => Wanted::Parts(parts),
        _ if total > len.into() => Wanted::Whole,
        _ => Wanted::Parts(parts),
    }
}

/// As [`wanted`], for players that understand one range: of several the first counts, and one that
/// cannot be understood is refused.
pub(crate) fn first_wanted(headers: &HeaderMap, version: &Version, len: u64) -> Wanted {
    let Some(specs) = specs(headers, version) else { return Wanted::Whole };
    let first = specs.split(',').map(str::trim).find(|spec| !spec.is_empty()).unwrap_or_default();
    match part(first, len) {
        Part::Of(range) => Wanted::Parts(vec![range]),
        Part::Beyond | Part::Malformed => Wanted::Nothing,
    }
}

/// The ranges of bytes that are asked of this version, as they stand in the header.
fn specs<'a>(headers: &'a HeaderMap, version: &Version) -> Option<&'a str> {
    let text = headers.get(header::RANGE)?.to_str().ok().filter(|_| is_for(headers, version))?;
    let (unit, specs) = text.trim().split_once('=')?;
    unit.trim().eq_ignore_ascii_case("bytes").then_some(specs)
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
        true => Some(text.parse().unwrap_or(u128::MAX)),
        false => None,
    };
    let within = |n: u128| u64::try_from(n).unwrap_or(u64::MAX).min(len);
    let range = match (first.is_empty(), last.is_empty()) {
        (true, false) => number(last).map(|n| len - within(n)..len),
        (false, true) => number(first).map(|start| within(start)..len),
        (false, false) => match (number(first), number(last)) {
            (Some(start), Some(last)) if start <= last => Some(within(start)..within(last.saturating_add(1))),
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
    fn conditions_are_judged_in_order() {
        let judged = |pairs: &[(HeaderName, &str)]| judged(&headers(pairs), &version());
        let (then, before) = ("Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:46:39 GMT");
        for value in ["\"a-1\"", "W/\"a-1\"", "\"x\", \"a-1\"", "*"] {
            assert_eq!(judged(&[(header::IF_NONE_MATCH, value)]), Verdict::Known, "{value}");
        }
        assert_eq!(judged(&[(header::IF_NONE_MATCH, "\"a-2\"")]), Verdict::Send);
        assert_eq!(judged(&[(header::IF_MODIFIED_SINCE, then)]), Verdict::Known);
        assert_eq!(judged(&[(header::IF_MODIFIED_SINCE, before)]), Verdict::Send);
        assert_eq!(judged(&[(header::IF_MODIFIED_SINCE, "yesterday")]), Verdict::Send);
        // The tag decides where there is one.
        assert_eq!(
            judged(&[(header::IF_NONE_MATCH, "\"a-2\""), (header::IF_MODIFIED_SINCE, then)]),
            Verdict::Send
        );
        for value in ["\"a-1\"", "\"x\", \"a-1\"", "*"] {
            assert_eq!(judged(&[(header::IF_MATCH, value)]), Verdict::Send, "{value}");
        }
        for value in ["\"a-2\"", "W/\"a-1\""] {
            assert_eq!(judged(&[(header::IF_MATCH, value)]), Verdict::Failed, "{value}");
        }
        assert_eq!(judged(&[(header::IF_UNMODIFIED_SINCE, then)]), Verdict::Send);
        assert_eq!(judged(&[(header::IF_UNMODIFIED_SINCE, before)]), Verdict::Failed);
        assert_eq!(judged(&[(header::IF_UNMODIFIED_SINCE, "yesterday")]), Verdict::Send);
        assert_eq!(judged(&[(header::IF_MATCH, "*"), (header::IF_UNMODIFIED_SINCE, before)]), Verdict::Send);
        // What fails is not told to be known.
        let both = [(header::IF_MATCH, "\"a-2\""), (header::IF_NONE_MATCH, "\"a-1\"")];
        assert_eq!(judged(&both), Verdict::Failed);
        let both = [(header::IF_MATCH, "\"a-1\""), (header::IF_NONE_MATCH, "\"a-1\"")];
        assert_eq!(judged(&both), Verdict::Known);
    }

    #[test]
    fn players_get_the_first_range_or_none() {
        let first = |range: &str| first_wanted(&headers(&[(header::RANGE, range)]), &version(), 100);
        assert_eq!(first("bytes=10-19, 40-"), Wanted::Parts(vec![10..20]));
        assert_eq!(first("bytes=10-199"), Wanted::Parts(vec![10..100]));
        assert_eq!(first("bytes=-7,x"), Wanted::Parts(vec![93..100]));
        assert_eq!(first("pages=1-2"), Wanted::Whole);
        for refused in
            ["bytes=", "bytes=a-b", "bytes=9-1", "bytes=-", "bytes=100-", "bytes=-0", "bytes=100-,0-0"]
        {
            assert_eq!(first(refused), Wanted::Nothing, "{refused}");
        }
        assert_eq!(first_wanted(&HeaderMap::new(), &version(), 100), Wanted::Whole);
    }

    /// What is asked for, read letter by letter with the grammar of RFC 9110 beside it.
    /// `None`: the whole.
    fn reference(text: &str, len: u128) -> Option<Vec<(u128, u128)>> {
        let mut letters = text.trim_matches([' ', '\t']).chars().peekable();
        let mut unit = String::new();
        while let Some(letter) = letters.next_if(|letter| *letter != '=') {
            unit.push(letter);
        }
        letters.next()?;
        if unit.trim_matches([' ', '\t']).to_lowercase() != "bytes" {
            return None;
        }
        let specs: String = letters.collect();
        let (mut parts, mut n, mut total) = (Vec::new(), 0, 0);
        for spec in specs.split(',') {
            let spec = spec.trim_matches([' ', '\t']);
            if spec.is_empty() {
                continue;
            }
            n += 1;
            let dash = spec.find('-')?;
            let ends = [&spec[..dash], &spec[dash + 1..]].map(|end| end.trim_matches([' ', '\t']));
            for end in ends {
                if end.chars().any(|letter| !letter.is_ascii_digit()) {
                    return None;
                }
            }
            // Longer numbers than these letters hold are not generated.
            let [first, last] = ends.map(|end| end.parse::<u128>().ok());
            let (from, to) = match (first, last) {
                (None, None) => return None,
                (Some(first), None) => (first, len),
                (Some(first), Some(last)) if last < first => return None,
                (Some(first), Some(last)) => (first, len.min(last + 1)),
                (None, Some(suffix)) => (len.saturating_sub(suffix), len),
            };
            if from < to {
                parts.push((from, to));
                total += to - from;
            }
        }
        if n == 0 || n > RANGES_MAX || (parts.len() > 1 && total > len) { None } else { Some(parts) }
    }

    #[test]
    fn generated_ranges_are_read_as_an_independent_reading_has_them() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut seen = [0; 4];
        for _ in 0..200_000 {
            let len = *random.choice(&[0, 1, 2, 10, 100, u64::from(u32::MAX) + 5, u64::MAX]).unwrap();
            let number = |random: &mut fastrand::Rng| match random.u8(..10) {
                0 => String::new(),
                1 => "99999999999999999999999".to_owned(),
                2 => len.to_string(),
                3 => len.saturating_sub(1).to_string(),
                4 => u64::MAX.to_string(),
                _ => random.u64(..120).to_string(),
            };
            let n = if random.u8(..50) == 0 { RANGES_MAX + random.usize(..3) } else { random.usize(..4) };
            let specs: Vec<String> = (0..n)
                .map(|_| {
                    let [space, other] = [(); 2].map(|()| *random.choice(&["", "", "", " ", "\t"]).unwrap());
                    format!("{space}{}-{other}{}{space}", number(&mut random), number(&mut random))
                })
                .collect();
            let unit = *random.choice(&["bytes", "bytes", "bytes", "Bytes ", " bytes", "byte", ""]).unwrap();
            let mut text: Vec<char> = format!("{unit}={}", specs.join(",")).chars().collect();
            if random.u8(..4) == 0 && !text.is_empty() {
                let at = random.usize(..text.len());
                match random.u8(..3) {
                    0 => drop(text.remove(at)),
                    1 => text.insert(at, *random.choice(&['-', ',', '=', 'x', ' ', '+', '7']).unwrap()),
                    _ => text.truncate(at),
                }
            }
            let text: String = text.into_iter().collect();
            let want = match reference(&text, len.into()) {
                None => Wanted::Whole,
                Some(parts) if parts.is_empty() => Wanted::Nothing,
                Some(parts) => {
                    let narrow = |end: u128| u64::try_from(end).unwrap();
                    Wanted::Parts(parts.into_iter().map(|(from, to)| narrow(from)..narrow(to)).collect())
                }
            };
            seen[match &want {
                Wanted::Whole => 0,
                Wanted::Nothing => 1,
                Wanted::Parts(parts) if parts.len() == 1 => 2,
                Wanted::Parts(_) => 3,
            }] += 1;
            let got = wanted(&headers(&[(header::RANGE, &text)]), &version(), len);
            assert_eq!(got, want, "{text:?} of {len} bytes");
        }
        assert!(seen.iter().all(|n| *n > 1_000), "every kind of answer is tried: {seen:?}");
    }
}
