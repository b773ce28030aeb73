//! How long an upstream is waited for, how often it is asked again, and how long one waits before. Pure:
//! nobody waits here.

use crate::limits::upstream::RETRY_AFTER_MAX;
use std::time::Duration;

/// How patient one is with an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// For a connection.
    pub connect: Duration,
    /// For a whole answer, or the beginning of a stream.
    pub answer: Duration,
    /// For the next piece of a stream.
    pub piece: Duration,
    /// How often something is asked for before it is given up.
    pub attempts: u32,
    /// Before it is asked for the second time; twice as long before each further one.
    pub pause: Duration,
    /// The longest such pause.
    pub pause_max: Duration,
}

impl Pace {
    /// As the contract says (16.1, 16.3), with pauses that outlast a short trouble: with five attempts some 8
    /// to 15 seconds in all.
    pub const USUAL: Self = Self {
        connect: Duration::from_secs(10),
        answer: Duration::from_secs(120),
        piece: Duration::from_secs(120),
        attempts: 5,
        pause: Duration::from_secs(1),
        pause_max: Duration::from_secs(30),
    };

    /// The pause after the attempt with this number, counted from 1: what the upstream asked for, within
    /// bounds, or a random part between half and all of what is due, so that many who failed together do not
    /// come back together. `chance` is from 0 to 1.
    #[must_use]
    pub fn pause_after(&self, attempt: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1).min(31)).unwrap_or(u32::MAX);
        let due = self.pause.saturating_mul(doubled).min(self.pause_max);
        let due = due.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        match asked {
            // Never sooner than what is due: an upstream that always asks for nothing is asked no faster.
            Some(asked) => asked.min(RETRY_AFTER_MAX).max(due),
            None => due,
        }
    }
}

/// What a `Retry-After` header asks for: seconds, or a date.
pub(super) fn retry_after(header: &str, now: std::time::SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::SystemTime;

    #[test]
    fn pauses_double_up_to_a_bound_and_what_is_asked_for_counts() {
        let pace = Pace::USUAL;
        let pauses =
            |chance| [1, 2, 3, 4, 9, 4_000].map(|nth| pace.pause_after(nth, None, chance).as_millis());
        assert_eq!(pauses(1.0), [1_000, 2_000, 4_000, 8_000, 30_000, 30_000]);
        assert_eq!(pauses(0.0), [500, 1_000, 2_000, 4_000, 15_000, 15_000]);
        let asked = |seconds| pace.pause_after(1, Some(Duration::from_secs(seconds)), 1.0).as_secs();
        assert_eq!([0, 7, 86_400].map(asked), [1, 7, 60]);
    }

    #[test]
    fn a_date_and_a_number_ask_for_the_same() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_363_958);
        let date = httpdate::fmt_http_date(now + Duration::from_secs(20));
        for (header, want) in [
            ("20", Some(20)),
            (" 20 ", Some(20)),
            (date.as_str(), Some(20)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("inf", None),
            ("NaN", None),
            ("", None),
        ] {
            assert_eq!(retry_after(header, now).map(|pause| pause.as_secs()), want, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_pause_leaves_its_bounds(
            attempt in any::<u32>(), asked in proptest::option::of(any::<u32>()), chance in any::<f64>()
        ) {
            let asked = asked.map(|asked| Duration::from_secs(asked.into()));
            let pause = Pace::USUAL.pause_after(attempt, asked, chance);
            prop_assert!(pause <= RETRY_AFTER_MAX.max(Pace::USUAL.pause_max));
            prop_assert!(pause >= Pace::USUAL.pause / 2);
        }
    }
}
