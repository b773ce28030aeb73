//! Where to listen, and below which prefix.

use super::{BASE_DEFAULT, Environment, Flags, PORT_DEFAULT, SettingsError};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

/// Prefixes that are taken at the host root (design rulings 23 and 24).
const PREFIXES_TAKEN: [&str; 2] = ["iib", "api"];

/// An address with a port; a name is resolved.
pub(super) fn listen(flags: &Flags, environment: &Environment) -> Result<SocketAddr, SettingsError> {
    let port = flags.port.map_or_else(|| environment.number("port"), |port| Ok(Some(port)))?;
    let port = port.unwrap_or(PORT_DEFAULT);
    let host = flags.host.clone().or_else(|| environment.text("host"));
    let Some(host) = host else { return Ok((Ipv4Addr::LOCALHOST, port).into()) };
    if host == "localhost" {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok((address, port).into());
    }
    match (host.as_str(), port).to_socket_addrs().map(|mut found| found.next()) {
        Ok(Some(address)) => Ok(address),
        Ok(None) => Err(SettingsError::Host { host, source: None }),
        Err(error) => Err(SettingsError::Host { host, source: Some(error) }),
    }
}

/// The prefix with a leading slash and without a trailing one.
pub(super) fn base(flags: &Flags, environment: &Environment) -> Result<String, SettingsError> {
    let named = flags.base.clone().or_else(|| environment.text("base"));
    let base = named.as_deref().unwrap_or(BASE_DEFAULT);
    let normal = format!("/{}", base.trim_matches('/'));
    let first = normal.split('/').nth(1).unwrap_or_default();
    // Only the top lies above them.
    if first.is_empty() || PREFIXES_TAKEN.contains(&first) {
        return Err(SettingsError::BaseTaken { base: normal });
    }
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
    };
    if normal.split('/').skip(1).all(is_plain) {
        Ok(normal)
    } else {
        Err(SettingsError::Value {
            name: if flags.base.is_some() { "--base".to_owned() } else { environment.called("base") },
            value: base.to_owned(),
            expected: "a path of letters, digits and `-_.~`",
        })
    }
}
