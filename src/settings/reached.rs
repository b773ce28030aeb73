//! By which names the server is reached, and by way of which proxies.

use super::{Environment, SettingsError};
use ipnet::IpNet;
use std::net::IpAddr;

/// Host names as requests have them.
pub(super) fn hosts(typed: &[String], environment: &Environment) -> Result<Vec<String>, SettingsError> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b))
    };
    let host = |name: String| {
        let bare = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_fine = is_name(&bare) && (!bare.contains(':') || bare.parse::<IpAddr>().is_ok());
        let expected = "a host name without scheme, port and path, such as pics.example.org";
        if is_fine { Ok(bare) } else { Err(wrong("--allow-host", name, expected)) }
    };
    given(typed, environment, "allow-host").into_iter().map(host).collect()
}

/// Addresses, and networks of addresses.
pub(super) fn proxies(typed: &[String], environment: &Environment) -> Result<Vec<IpNet>, SettingsError> {
    let net = |text: String| {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let expected = "an address or a network such as 127.0.0.1 or 10.0.0.0/8";
        address.or_else(|_| text.parse()).map_err(|_| wrong("--trusted-proxy", text, expected))
    };
    given(typed, environment, "trusted-proxy").into_iter().map(net).collect()
}

/// What was typed, or else the list of a variable.
fn given(typed: &[String], environment: &Environment, key: &'static str) -> Vec<String> {
    if typed.is_empty() {
        return environment.list(key);
    }
    typed.iter().flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()).collect()
}

fn wrong(name: &str, value: String, expected: &'static str) -> SettingsError {
    SettingsError::Value { name: name.to_owned(), value, expected }
}
