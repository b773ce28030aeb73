//! What the settings mean for who can reach the server and what they may do there.

use super::front::{FrontEnd, Unusable};
use crate::settings::{AccessControl, Permission, Settings};
use std::net::SocketAddr;

/// Below this prefix the iib dialect is spoken.
pub(crate) const IIB_PREFIX: &str = "/iib";
/// Below this prefix stands what the contract does not know.
pub(crate) const OWN_PREFIX: &str = "/api/v1";
/// First parts of addresses that stand at the host root, or will.
const TAKEN: [&str; 8] = ["iib", "api", "ui", "healthz", "readyz", "metrics", "openapi.json", "events"];

/// Why these settings are refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Everyone in reach could read and change everything.
    #[error(
        "listening on `{0}` without a secret key would open the library to everyone in reach; set \
         LUMIDEX_SECRET_KEY or name a file with --secret-file, listen on 127.0.0.1, or insist with --insecure-no-auth"
    )]
    Open(SocketAddr),
    /// The base would hide, or be hidden by, something at the host root.
    #[error("the base `{0}` is taken; choose another word for --base")]
    Base(String),
    /// There is no front end where one is to be hosted from.
    #[error(transparent)]
    FrontEnd(#[from] Unusable),
}

/// Whether a server may run with these settings.
///
/// # Errors
/// [`Refused`] when it would open the library unasked, prefixes clash, or there is no front end to host.
pub fn check(settings: &Settings) -> Result<(), Refused> {
    let first = settings.base.split('/').nth(1).unwrap_or_default();
    if first.is_empty() || TAKEN.contains(&first) {
        return Err(Refused::Base(settings.base.clone()));
    }
    if !is_loopback(settings) && secret(settings).is_none() && !settings.insecure_no_auth {
        return Err(Refused::Open(settings.listen));
    }
    settings.ui_dir.as_deref().map(FrontEnd::open).transpose()?;
    Ok(())
}

/// The secret key; an empty one is none.
pub(crate) fn secret(settings: &Settings) -> Option<&str> {
    settings.secret.as_ref().map(|secret| secret.0.as_str()).filter(|key| !key.is_empty())
}

/// Whether only this machine can connect.
pub(crate) fn is_loopback(settings: &Settings) -> bool {
    settings.listen.ip().to_canonical().is_loopback()
}

/// Whether reads and writes are confined to the roots.
pub(crate) fn is_confined(settings: &Settings) -> bool {
    match settings.access {
        AccessControl::Enable => true,
        AccessControl::Disable => false,
        AccessControl::Auto => !is_loopback(settings),
    }
}

/// Whether programs may be started on the host.
pub(crate) fn may_launch(settings: &Settings) -> bool {
    is_loopback(settings) || settings.allow_launch
}

/// Whether routes that write are refused.
pub(crate) fn is_readonly(permission: Permission) -> bool {
    match permission {
        Permission::ReadWrite | Permission::WriteOnly => false,
        Permission::ReadOnly | Permission::NoAccess => true,
    }
}

/// Whether routes that read are refused.
pub(crate) fn is_blind(permission: Permission) -> bool {
    match permission {
        Permission::ReadWrite | Permission::ReadOnly => false,
        Permission::WriteOnly | Permission::NoAccess => true,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::settings::{Environment, Flags, Place, Secret};
    use std::path::Path;

    /// As for a person at this machine who works in this folder.
    pub(crate) fn settings(cwd: &Path) -> Settings {
        let place =
            Place { cwd: cwd.to_owned(), home: None, data_dir: Some(cwd.join("data")), ..Place::default() };
        Settings::resolve(Flags::default(), &Environment::with(place, &[]), &[]).unwrap()
    }

    #[test]
    fn beyond_loopback_a_secret_is_needed_unless_insisted() {
        let local = settings(Path::new("/w"));
        assert_eq!(check(&local), Ok(()));
        let beyond = Settings { listen: "0.0.0.0:80".parse().unwrap(), ..local };
        assert_eq!(check(&beyond), Err(Refused::Open(beyond.listen)));
        let with = |key: &str| Settings { secret: Some(Secret(key.to_owned())), ..beyond.clone() };
        assert!(check(&with("")).is_err());
        assert_eq!(check(&with("k")), Ok(()));
        assert_eq!(check(&Settings { insecure_no_auth: true, ..beyond }), Ok(()));
    }

    #[test]
    fn a_base_keeps_off_what_stands_at_the_host_root() {
        let base = |base: &str| check(&Settings { base: base.to_owned(), ..settings(Path::new("/w")) });
        assert_eq!(base("/pics/all"), Ok(()));
        for taken in ["/", "/iib", "/iib/x", "/api", "/ui", "/healthz", "/metrics"] {
            assert_eq!(base(taken), Err(Refused::Base(taken.to_owned())));
        }
    }

    #[test]
    fn auto_confines_beyond_loopback() {
        let local = settings(Path::new("/w"));
        assert!(!is_confined(&local));
        assert!(is_confined(&Settings { listen: "192.168.1.5:80".parse().unwrap(), ..local.clone() }));
        assert!(is_confined(&Settings { access: AccessControl::Enable, ..local }));
    }
}
