//! Reverse proxies: what one that is trusted says of the request it passes on, and how a request stands where none
//! does. Refuses to believe anybody else.

use axum::http::{HeaderMap, Uri, header};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// Longest prefix a proxy may say it took off.
const PREFIX_BYTES_MAX: usize = 256;

/// How a request came here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// Whoever asks; `None` when that cannot be told.
    pub(crate) client: Option<IpAddr>,
    /// The authority asked for, lower case.
    pub(crate) host: Option<String>,
    /// Whom the request means.
    pub(crate) meant: Meant,
    /// What a proxy took off the path before it passed the request on: nothing, or slashes and words without one
    /// at the end.
    pub(crate) prefix: String,
}

/// Whom a request means, by the hosts it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Meant {
    /// It names none, and came over no connection: whoever asks is part of the program.
    #[default]
    Nobody,
    /// These, lower case: what its header says, what its line says, and what a trusted proxy says instead of both.
    Hosts(Vec<String>),
    /// It came over a connection and names none, or names several in its header, or something that is no text.
    Unclear,
}

impl Way {
    /// Of a request over a connection of this address, where these proxies are trusted.
    pub(crate) fn of(peer: Option<IpAddr>, uri: &Uri, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let peer = peer.map(|address| address.to_canonical());
        let named = text(headers, header::HOST.as_str()).map(str::to_owned);
        let asked = named.or_else(|| uri.authority().map(ToString::to_string));
        let meant = meant(uri, headers, peer.is_some());
        let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
        let (client, host, prefix, meant) = if peer.is_some_and(is_trusted) {
            let said = last(headers, "x-forwarded-host").map(str::to_owned);
            let meant = said.as_ref().map_or(meant, |said| Meant::Hosts(vec![said.to_ascii_lowercase()]));
            let host = said.or(asked);
            let prefix = last(headers, "x-forwarded-prefix").and_then(prefix).unwrap_or_default();
            (client(peer, headers, is_trusted), host, prefix, meant)
        } else {
            (peer, asked, String::new(), meant)
        };
        Self { client, host: host.map(|host| host.to_ascii_lowercase()), meant, prefix }
    }
}

/// Whom an address is counted as: whoever has one of a network of the sixth version has all of them.
pub(crate) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address => address,
    }
}

/// By its header and its line, both of which have to be right.
fn meant(uri: &Uri, headers: &HeaderMap, came_over_connection: bool) -> Meant {
    let mut named = headers.get_all(header::HOST).iter();
    let header = named.next().map(|value| value.to_str().map(str::to_ascii_lowercase));
    let line = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    match header {
        Some(Err(_)) => Meant::Unclear,
        _ if named.next().is_some() => Meant::Unclear,
        None if line.is_none() && came_over_connection => Meant::Unclear,
        None if line.is_none() => Meant::Nobody,
        header => Meant::Hosts(header.and_then(Result::ok).into_iter().chain(line).collect()),
    }
}

/// The nearest address that is not of a trusted proxy: further ones are whatever that one wrote. The proxy itself
/// when it passes nobody on.
fn client(peer: Option<IpAddr>, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?")).collect();
    let mut nearest = peer;
    for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
        nearest = address(hop.trim());
        match nearest {
            Some(address) if is_trusted(address) => {}
            _ => break,
        }
    }
    nearest
}

/// An address, with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let plain = bare.parse().ok();
    plain
        .or_else(|| text.parse::<SocketAddr>().ok().map(|at| at.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

/// Slashes and words that can stand in a script as they are.
fn prefix(text: &str) -> Option<String> {
    let bare = text.trim_end_matches('/');
    let is_word = |word: &str| {
        !word.is_empty()
            && !word.starts_with('.')
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let is_path = bare.len() <= PREFIX_BYTES_MAX && bare.strip_prefix('/')?.split('/').all(is_word);
    is_path.then(|| bare.to_owned())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What the nearest of several proxies wrote.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    Some(line.rsplit(',').next()?.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn way(peer: &str, pairs: &[(&'static str, &str)]) -> Way {
        let trusted =
            ["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap(), "::1/128".parse().unwrap()];
        let headers =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let headers = headers.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        Way::of(Some(peer.parse().unwrap()), &Uri::from_static("/x"), &headers, &trusted)
    }

    fn client(peer: &str, forwarded: &[&str]) -> Option<String> {
        let pairs: Vec<_> = forwarded.iter().map(|line| ("x-forwarded-for", *line)).collect();
        way(peer, &pairs).client.map(|address| address.to_string())
    }

    #[test]
    fn who_is_no_proxy_of_ours_is_not_believed() {
        let pairs = [
            ("host", "Here:80"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-prefix", "/evil"),
        ];
        let stranger = Way {
            client: "9.9.9.9".parse().ok(),
            host: Some("here:80".into()),
            meant: Meant::Hosts(vec!["here:80".into()]),
            prefix: String::new(),
        };
        assert_eq!(way("9.9.9.9", &pairs), stranger);
        let mapped = way("::ffff:9.9.9.9", &pairs);
        assert_eq!(mapped, stranger);
        let known = Way {
            client: "1.2.3.4".parse().ok(),
            host: Some("evil.example".into()),
            meant: Meant::Hosts(vec!["evil.example".into()]),
            prefix: "/evil".into(),
        };
        assert_eq!(way("10.1.2.3", &pairs), known);
        assert_eq!(way("::ffff:10.1.2.3", &pairs), known);
    }

    #[test]
    fn the_client_is_the_nearest_that_is_no_proxy() {
        assert_eq!(client("127.0.0.1", &[]).unwrap(), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["1.2.3.4"]).unwrap(), "1.2.3.4");
        assert_eq!(client("127.0.0.1", &["127.0.0.1, 1.2.3.4, 10.9.9.9"]).unwrap(), "1.2.3.4");
        assert_eq!(client("127.0.0.1", &["8.8.8.8", "1.2.3.4, 10.9.9.9"]).unwrap(), "1.2.3.4");
        assert_eq!(client("127.0.0.1", &["10.1.1.1"]).unwrap(), "10.1.1.1");
        assert_eq!(client("::1", &["[2001:db8::1]:443"]).unwrap(), "2001:db8::1");
        assert_eq!(client("::1", &["1.2.3.4:5678"]).unwrap(), "1.2.3.4");
        for nonsense in ["unknown", "1.2.3.4, ", "1.2.3.4 5", "_hidden, 10.1.1.1"] {
            assert_eq!(client("127.0.0.1", &[nonsense]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_request_names_the_host_it_means_once() {
        let meant = |uri: &'static str, hosts: &[&str], peer: Option<IpAddr>| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            Way::of(peer, &Uri::from_static(uri), &headers, &[]).meant
        };
        let peer = "9.9.9.9".parse().ok();
        let hosts = |hosts: &[&str]| Meant::Hosts(hosts.iter().map(ToString::to_string).collect());
        assert_eq!(meant("/", &["A"], peer), hosts(&["a"]));
        assert_eq!(meant("http://b/", &["a"], peer), hosts(&["a", "b"]), "both have to be right");
        assert_eq!(meant("http://b/", &[], peer), hosts(&["b"]));
        assert_eq!(meant("/", &[], peer), Meant::Unclear);
        assert_eq!(meant("/", &["a", "a"], peer), Meant::Unclear);
        assert_eq!(meant("/", &[], None), Meant::Nobody);
    }

    #[test]
    fn a_prefix_is_words_between_slashes() {
        let prefix = |text: &str| way("127.0.0.1", &[("x-forwarded-prefix", text)]).prefix;
        assert_eq!(prefix("/gallery"), "/gallery");
        assert_eq!(prefix("/a/b-c_d.e~f/"), "/a/b-c_d.e~f");
        let long = format!("/{}", "a".repeat(PREFIX_BYTES_MAX));
        for nothing in
            ["", "/", "gallery", "//evil.example", "/a//b", "/a/../b", "/\"><script>", "/%2e", "/a b", &long]
        {
            assert_eq!(prefix(nothing), "", "{nothing}");
        }
    }
}
