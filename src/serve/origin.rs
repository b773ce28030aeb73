//! Which pages may call: the host name asked for, the origin of the page that asks, and the
//! headers that tell a browser what our own pages and files may do.
//!
//! Without these a page anywhere on the web could reach a server on this machine, by pointing a
//! name of its own at 127.0.0.1 or by posting to it blindly.

use super::problem::Problem;
use super::proxied::{Meant, Way};
use super::reach;
use crate::settings::{Cors, Settings};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use std::net::IpAddr;

/// What our own page may do: nothing but its own files.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a page is told that may not call.
pub(crate) const STRANGER: &str = "pages of other origins may not do this; allow them with --allow-cors";

/// What a client may read of an answer from another origin.
const EXPOSED: &str = "content-type, accept-ranges, content-length, content-range, content-disposition, etag, \
    x-lumidex-deed";

/// Decides who may call.
#[derive(Debug)]
pub(crate) struct Origins {
    cors: Cors,
    is_loopback: bool,
    /// Names besides this machine's own.
    hosts: Vec<String>,
}

/// How a request stands to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Our own page, or no page at all.
    Own,
    /// A page of this origin, which is on the list.
    Listed(HeaderValue),
    /// A page from anywhere: credentials do not count.
    Anyone,
    /// Somebody who follows a link from a page that is not on the list: may look, like a stranger in nothing else.
    Visitor,
    /// A page that is not on the list.
    Stranger,
}

impl Origins {
    /// From the settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            cors: settings.cors.clone(),
            is_loopback: reach::is_loopback(settings),
            hosts: settings.allowed_hosts.clone(),
        }
    }

    /// Refuses names that only an attacker's resolver would point here, and pages that may not
    /// change anything.
    ///
    /// # Errors
    /// 400 when it cannot be said whom the request means, 403 for either.
    pub(crate) fn admit(&self, method: &Method, way: &Way, headers: &HeaderMap) -> Result<Caller, Problem> {
        match &way.meant {
            Meant::Unclear => return Err(Problem::bad("a request names the host it means, once")),
            Meant::Hosts(hosts) if !hosts.iter().all(|host| self.is_ours(host)) => {
                return Err(Problem::forbidden(
                    "this server does not answer to that host name; allow it with --allow-host",
                ));
            }
            Meant::Hosts(_) | Meant::Nobody => {}
        }
        // Who passes it on might see where it ends differently than we do.
        if is_ambiguous(headers) {
            return Err(Problem::bad("a body has a length or comes in chunks, not both"));
        }
        let caller = self.caller(way.host.as_deref(), headers);
        let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if changes && matches!(caller, Caller::Stranger | Caller::Visitor) {
            return Err(Problem::forbidden(STRANGER));
        }
        Ok(caller)
    }

    /// Whether the host is one this server is meant by. Who listens for this machine only is never meant by another
    /// name, unless it was told; who listens for others is meant by names as well that nobody out there can have.
    /// Nobody's resolver has a say in an address.
    fn is_ours(&self, host: &str) -> bool {
        let name = name_of(host);
        let is_near = !self.is_loopback && (name.parse::<IpAddr>().is_ok() || is_private_name(name));
        is_local_name(name) || is_near || self.hosts.iter().any(|known| known == name)
    }

    fn caller(&self, host: Option<&str>, headers: &HeaderMap) -> Caller {
        // Browsers say where a request comes from. Another port of this machine is another's page too, which they call
        // the same site.
        let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let is_foreign = said("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
        let Some(origin) = headers.get(header::ORIGIN) else {
            // Whoever follows a link to us sees what we show; the page with the link does not.
            let is_visit =
                said("sec-fetch-mode") == Some("navigate") && said("sec-fetch-dest") == Some("document");
            return match &self.cors {
                _ if !is_foreign => Caller::Own,
                Cors::AnyWithoutCredentials => Caller::Anyone,
                Cors::None | Cors::List(_) if is_visit => Caller::Visitor,
                Cors::None | Cors::List(_) => Caller::Stranger,
            };
        };
        let text = origin.to_str().unwrap_or_default();
        let authority = text.split_once("://").map(|(_, rest)| rest);
        if authority.is_some() && authority == host && !is_foreign {
            return Caller::Own;
        }
        match &self.cors {
            Cors::None => Caller::Stranger,
            Cors::AnyWithoutCredentials => Caller::Anyone,
            Cors::List(list) if list.iter().any(|known| known.trim_end_matches('/') == text) => {
                Caller::Listed(origin.clone())
            }
            Cors::List(_) => Caller::Stranger,
        }
    }
}

/// Whether a body ends where its length says and, at another place, with its last chunk.
pub(crate) fn is_ambiguous(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING) && headers.contains_key(header::CONTENT_LENGTH)
}

/// The answer to a browser that asks whether it may ask; `None` when it does not.
pub(crate) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
    if method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, DELETE"));
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type, authorization, range, if-none-match, if-range"),
    );
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(response)
}

/// Adds what every answer carries. What a route set itself stays.
pub(crate) fn seal(caller: &Caller, response: &mut Response<Body>) {
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    set(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    set(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    set(header::VARY, HeaderValue::from_static("Origin"));
    let exposed = || HeaderValue::from_static(EXPOSED);
    match caller {
        Caller::Own | Caller::Visitor | Caller::Stranger => {
            set(
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("same-origin"),
            );
        }
        Caller::Anyone => {
            set(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            set(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed());
        }
        Caller::Listed(origin) => {
            set(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            set(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            set(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed());
        }
    }
}

/// An authority without port and brackets.
fn name_of(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    name.trim_start_matches('[').trim_end_matches(']')
}

/// Whether the name means this machine to everyone.
fn is_local_name(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether only people nearby can name something so: one word, or below what is nobody's on the internet.
fn is_private_name(name: &str) -> bool {
    const PRIVATE: [&str; 6] = ["local", "lan", "internal", "localhost", "localdomain", "home.arpa"];
    let is_word = |word: &str| {
        let mut bytes = word.bytes();
        !word.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let below = PRIVATE.iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.'));
    is_word(name) || below.is_some_and(|below| below.split('.').all(is_word))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn admit(cors: Cors, method: &Method, pairs: &[(&'static str, &str)]) -> Option<Caller> {
        admitted(&Settings { cors, ..reach::tests::settings(std::path::Path::new("/")) }, method, pairs)
    }

    fn admitted(settings: &Settings, method: &Method, pairs: &[(&'static str, &str)]) -> Option<Caller> {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let way = Way::of(None, &axum::http::Uri::from_static("/"), &headers, &[]);
        Origins::new(settings).admit(method, &way, &headers).ok()
    }

    #[test]
    fn a_loopback_server_answers_only_to_local_names() {
        for host in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:80", "[::1]", "127.1.2.3"] {
            assert_eq!(
                admit(Cors::AnyWithoutCredentials, &Method::GET, &[("host", host)]),
                Some(Caller::Own),
                "{host}"
            );
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", "192.168.1.1", ""]
        {
            assert_eq!(admit(Cors::AnyWithoutCredentials, &Method::GET, &[("host", host)]), None, "{host}");
        }
    }

    #[test]
    fn names_are_allowed_by_the_user() {
        let local = reach::tests::settings(std::path::Path::new("/"));
        let told = Settings { allowed_hosts: vec!["pics.example".into()], ..local.clone() };
        let open = Settings { listen: "0.0.0.0:80".parse().unwrap(), ..local };
        let open_and_told = Settings { allowed_hosts: told.allowed_hosts.clone(), ..open.clone() };
        let is =
            |settings: &Settings, host: &str| admitted(settings, &Method::GET, &[("host", host)]).is_some();
        for settings in [&told, &open_and_told] {
            assert!(
                is(settings, "pics.example:8443") && is(settings, "localhost"),
                "{:?}",
                settings.allowed_hosts
            );
        }
        for evil in ["evil.example", "local", "evil.local.example", "lan.", "", "a..lan", ".lan", "evil.test"]
        {
            let is_word = evil == "local";
            assert!(!is(&told, evil), "{evil}");
            assert!(is(&open, evil) == is_word && is(&open_and_told, evil) == is_word, "{evil}");
        }
        for near in [
            "nas",
            "nas:8000",
            "nas.local",
            "my-nas.lan:80",
            "a.b.home.arpa",
            "192.168.1.5:80",
            "[fe80::1]:80",
        ] {
            assert!(!is(&told, near) && is(&open, near) && is(&open_and_told, near), "{near}");
        }
        assert!(!is(&told, "pics.example.evil.example") && !is(&told, "xpics.example"));
    }

    #[test]
    fn strangers_change_nothing() {
        let from =
            |origin, cors, method| admit(cors, method, &[("host", "localhost:8000"), ("origin", origin)]);
        assert_eq!(from("http://localhost:8000", Cors::None, &Method::POST), Some(Caller::Own));
        for origin in
            ["http://localhost:9", "http://evil.example", "null", "http://localhost:8000.evil.example"]
        {
            assert_eq!(from(origin, Cors::None, &Method::POST), None, "{origin}");
            assert_eq!(from(origin, Cors::None, &Method::GET), Some(Caller::Stranger), "{origin}");
            assert_eq!(
                from(origin, Cors::AnyWithoutCredentials, &Method::POST),
                Some(Caller::Anyone),
                "{origin}"
            );
        }
        let list = Cors::List(vec!["http://ui.example/".into()]);
        assert!(matches!(from("http://ui.example", list.clone(), &Method::DELETE), Some(Caller::Listed(_))));
        assert_eq!(from("http://ui.example.evil", list, &Method::DELETE), None);
        for site in ["cross-site", "same-site", "?"] {
            let from = [("host", "localhost"), ("sec-fetch-site", site)];
            let visits = [from[0], from[1], ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            let frames = [from[0], from[1], ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
            for headers in [&from[..], &visits, &frames] {
                assert_eq!(admit(Cors::None, &Method::POST, headers), None, "{headers:?}");
            }
            assert_eq!(admit(Cors::None, &Method::GET, &from), Some(Caller::Stranger));
            assert_eq!(admit(Cors::None, &Method::GET, &frames), Some(Caller::Stranger));
            assert_eq!(admit(Cors::None, &Method::GET, &visits), Some(Caller::Visitor));
            assert_eq!(admit(Cors::AnyWithoutCredentials, &Method::GET, &from), Some(Caller::Anyone));
        }
        for site in ["same-origin", "none"] {
            let from = [("host", "localhost"), ("sec-fetch-site", site)];
            assert_eq!(admit(Cors::None, &Method::POST, &from), Some(Caller::Own), "{site}");
        }
    }

    #[test]
    fn a_body_that_could_end_at_two_places_is_refused() {
        let both = [("host", "localhost"), ("content-length", "5"), ("transfer-encoding", "chunked")];
        assert_eq!(admit(Cors::None, &Method::POST, &both), None);
        assert_eq!(admit(Cors::None, &Method::POST, &both[..2]), Some(Caller::Own));
    }
}
