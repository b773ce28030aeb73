//! Who is asking: the secret as cookie or bearer token, compared in constant time, wrong ones
//! counted per address. Refuses to know what the secret opens.

use super::limits::{FAILURE_FORGOTTEN, FAILURES_MAX, SUSPECTS_MAX};
use super::problem::Problem;
use axum::http::{HeaderMap, header};
use lumidex_schema::problem::Code;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;

/// Name of the cookie that carries the hashed secret.
const COOKIE: &str = "IIB_S";
/// Header of the owner's token. No page of another origin can send it.
const TOKEN: &str = "x-lumidex-token";

/// Checks secrets. Without a configured one, everyone passes.
#[derive(Debug)]
pub(crate) struct Auth {
    secret: Option<Secret>,
    /// SHA-256 of the owner's token, if there is one.
    owner: Option<[u8; 32]>,
    suspects: Mutex<HashMap<IpAddr, Suspect>>,
}

#[derive(Debug)]
struct Secret {
    /// What the cookie must hold: lower-case hex of SHA-256 over `<key>_ciallo`.
    cookie: String,
    /// SHA-256 of the key; a bearer token is compared by its digest, so its length tells nothing.
    bearer: [u8; 32],
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    failures: u32,
    since: Instant,
}

impl Auth {
    /// For this secret and this token of the owner; empty ones count as none.
    pub(crate) fn new(secret: Option<&str>, token: &str) -> Self {
        let owner = (!token.is_empty()).then(|| Sha256::digest(token).into());
        let secret = secret.filter(|key| !key.is_empty()).map(|key| Secret {
            cookie: hex(&Sha256::digest(format!("{key}_ciallo"))),
            bearer: Sha256::digest(key).into(),
        });
        Self { secret, owner, suspects: Mutex::new(HashMap::new()) }
    }

    /// Whether a request shows the token that only the owner of the data folder can read. Too long
    /// to be guessed, so nobody is counted for a wrong one.
    pub(crate) fn is_owner(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(TOKEN).map(|value| Sha256::digest(value.as_bytes()));
        given.zip(self.owner).is_some_and(|(given, owner)| given.ct_eq(&owner).into())
    }

    /// Whether a secret is configured.
    pub(crate) fn is_guarded(&self) -> bool {
        self.secret.is_some()
    }

    /// Lets a request pass, or says why not. `now` is the time of the request.
    ///
    /// # Errors
    /// 401 when the secret is missing or wrong; 429 when this address sent too many wrong ones,
    /// whatever it sends now, so that guessing is slow.
    pub(crate) fn check(&self, headers: &HeaderMap, peer: IpAddr, now: Instant) -> Result<(), Problem> {
        let Some(secret) = &self.secret else { return Ok(()) };
        let mut suspects = self.suspects.lock();
        if let Some(wait) = suspects.get(&peer).and_then(|suspect| suspect.wait(now)) {
            let seconds = wait.as_secs() + 1;
            return Err(Problem::busy(Code::TooMany, "too many wrong secret keys; try again later", seconds));
        }
        match secret.verdict(headers) {
            Verdict::Right => {
                suspects.remove(&peer);
                Ok(())
            }
            // Nothing was guessed: a browser that has not been asked for the key yet.
            Verdict::Absent => Err(Problem::secret()),
            Verdict::Wrong => {
                if suspects.len() >= SUSPECTS_MAX {
                    suspects.retain(|_, suspect| suspect.left(now) > 0);
                }
                if suspects.len() >= SUSPECTS_MAX {
                    suspects.retain(|_, suspect| suspect.left(now) > 1);
                }
                let failures = suspects.get(&peer).map_or(0, |suspect| suspect.left(now)) + 1;
                suspects.insert(peer, Suspect { failures, since: now });
                Err(Problem::secret())
            }
        }
    }
}

impl Suspect {
    /// Failures not yet forgotten.
    fn left(&self, now: Instant) -> u32 {
        let forgotten = now.saturating_duration_since(self.since).as_millis() / FAILURE_FORGOTTEN.as_millis();
        self.failures.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    /// How long until it may try again, if it may not now.
    fn wait(&self, now: Instant) -> Option<Duration> {
        (self.left(now) >= FAILURES_MAX).then(|| {
            let excess = self.failures - FAILURES_MAX + 1;
            (FAILURE_FORGOTTEN * excess).saturating_sub(now.saturating_duration_since(self.since))
        })
    }
}

enum Verdict {
    Right,
    Wrong,
    Absent,
}

impl Secret {
    fn verdict(&self, headers: &HeaderMap) -> Verdict {
        let mut verdict = Verdict::Absent;
        for given in cookies(headers) {
            if bool::from(given.as_bytes().ct_eq(self.cookie.as_bytes())) {
                return Verdict::Right;
            }
            verdict = Verdict::Wrong;
        }
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
        if let Some(token) = token {
            if bool::from(Sha256::digest(token).ct_eq(&self.bearer)) {
                return Verdict::Right;
            }
            verdict = Verdict::Wrong;
        }
        verdict
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.trim_matches('"'))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    /// printf abc_ciallo | sha256sum
    const ABC: &str = "03992ba946d12d239f5dc12bad9cf6dc59d0b07909343cdee2a9f5646c49ee4e";

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    fn code(result: Result<(), Problem>) -> u16 {
        result.map_or_else(|problem| problem.code().status(), |()| 200)
    }

    #[test]
    fn the_cookie_or_the_key_itself_opens() {
        let auth = Auth::new(Some("abc"), "");
        let now = Instant::now();
        let with = |name, value: &str| code(auth.check(&headers(name, value), PEER, now));
        assert_eq!(with(header::COOKIE, &format!("a=b; IIB_S={ABC}; c=d")), 200);
        assert_eq!(with(header::AUTHORIZATION, "bearer abc"), 200);
        assert_eq!(with(header::AUTHORIZATION, "Bearer abcd"), 401);
        assert_eq!(with(header::AUTHORIZATION, "Basic abc"), 401);
        assert_eq!(with(header::COOKIE, "IIB_S=abc"), 401);
        assert_eq!(with(header::COOKIE, &format!("iib_s={ABC}")), 401);
        assert_eq!(code(auth.check(&HeaderMap::new(), PEER, now)), 401);
        assert_eq!(code(Auth::new(Some(""), "").check(&HeaderMap::new(), PEER, now)), 200);
    }

    #[test]
    fn guessing_is_slow_and_forgotten_in_time() {
        let auth = Auth::new(Some("abc"), "");
        let start = Instant::now();
        let (wrong, right) =
            (headers(header::COOKIE, "IIB_S=x"), headers(header::AUTHORIZATION, "Bearer abc"));
        for _ in 0..FAILURES_MAX {
            assert_eq!(code(auth.check(&wrong, PEER, start)), 401);
        }
        assert_eq!(code(auth.check(&right, PEER, start)), 429);
        assert_eq!(code(auth.check(&right, [10, 0, 0, 1].into(), start)), 200);
        assert_eq!(code(auth.check(&HeaderMap::new(), PEER, start)), 429);
        assert_eq!(code(auth.check(&wrong, PEER, start + FAILURE_FORGOTTEN)), 401);
        assert_eq!(code(auth.check(&right, PEER, start + FAILURE_FORGOTTEN)), 429);
        assert_eq!(code(auth.check(&right, PEER, start + FAILURE_FORGOTTEN * 2)), 200);
    }

    #[test]
    fn asking_without_a_key_is_no_guess() {
        let auth = Auth::new(Some("abc"), "");
        for _ in 0..=FAILURES_MAX {
            assert_eq!(code(auth.check(&HeaderMap::new(), PEER, Instant::now())), 401);
        }
    }

    #[test]
    fn the_owner_is_who_shows_the_token() {
        let header = header::HeaderName::from_static(TOKEN);
        let shown =
            |token: &str, value: &str| Auth::new(None, token).is_owner(&headers(header.clone(), value));
        assert!(shown("0123", "0123"));
        assert!(!shown("0123", "0124") && !shown("0123", "01230") && !shown("0123", ""));
        assert!(!shown("", ""), "without a token there is no owner");
        assert!(!Auth::new(None, "0123").is_owner(&HeaderMap::new()));
    }
}
