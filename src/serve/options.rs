//! What the HTTP layer needs to know of the settings, checked.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Below this prefix the iib dialect is spoken.
pub(crate) const IIB_PREFIX: &str = "/iib";
/// Below this prefix stands what the contract does not know.
pub(crate) const OWN_PREFIX: &str = "/api/v1";

/// How to listen, and who may do what.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Prefix of the reference dialect, with a leading slash and without a trailing one.
    pub base: String,
    /// The secret key, if there is one.
    pub secret: Option<String>,
    /// Listens beyond loopback without a secret.
    pub insecure_no_auth: bool,
    /// What clients may do at all.
    pub permission: Permission,
    /// Whether reads and writes are confined to the roots.
    pub access: AccessControl,
    /// When not empty, only these folders are roots, whatever the library holds.
    pub allowed_paths: Vec<Vec<u8>>,
    /// Browse-only roots from the command line.
    pub cli_paths: Vec<Vec<u8>>,
    /// Which other origins may call.
    pub cors: Cors,
    /// Whether `/shutdown` works.
    pub enable_shutdown: bool,
    /// Whether programs may be started on the host although the listener is not loopback.
    pub allow_launch: bool,
    /// The program that opens files and folders on the host; by default the desktop's.
    pub opener: Option<PathBuf>,
    /// Home folder of the user.
    pub home: Option<PathBuf>,
    /// Working directory: what relative paths are relative to.
    pub cwd: PathBuf,
    /// How many tags each list of the trend has at most.
    pub trend_max_tags: usize,
}

/// What clients may do at all (contract 13.2, design ruling 21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Permission {
    /// Everything.
    #[default]
    ReadWrite,
    /// No changes.
    ReadOnly,
    /// Changes only; reads are refused.
    WriteOnly,
    /// Neither.
    NoAccess,
}

impl Permission {
    /// Whether routes that write are refused.
    #[must_use]
    pub fn is_readonly(self) -> bool {
        match self {
            Self::ReadWrite | Self::WriteOnly => false,
            Self::ReadOnly | Self::NoAccess => true,
        }
    }

    /// Whether routes that read are refused.
    #[must_use]
    pub fn is_blind(self) -> bool {
        match self {
            Self::ReadWrite | Self::ReadOnly => false,
            Self::WriteOnly | Self::NoAccess => true,
        }
    }
}

/// Whether reads and writes are confined to the roots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessControl {
    /// Always.
    Enable,
    /// Never.
    Disable,
    /// When listening beyond loopback.
    #[default]
    Auto,
}

/// Which other origins may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// None.
    #[default]
    Own,
    /// Any, without credentials.
    Any,
    /// These (`scheme://host[:port]`), with credentials.
    Origins(Vec<String>),
}

/// Why these options are refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOptions {
    /// Everyone in reach could read and change everything.
    #[error(
        "listening on `{0}` without a secret key would open the library to everyone in reach; set IIB_SECRET_KEY, \
         listen on 127.0.0.1, or insist with --insecure-no-auth"
    )]
    Open(SocketAddr),
    /// The base would hide, or be hidden by, another prefix.
    #[error(
        "the base `{0}` is not a prefix of its own: it may not be empty, and not lie at, above or below `/iib` or `/api`"
    )]
    Base(String),
}

impl Options {
    /// Loopback, everything allowed, nothing confined: for the person at this machine.
    #[must_use]
    pub fn local(port: u16, cwd: PathBuf) -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port),
            base: "/infinite_image_browsing".to_owned(),
            secret: None,
            insecure_no_auth: false,
            permission: Permission::ReadWrite,
            access: AccessControl::Auto,
            allowed_paths: Vec::new(),
            cli_paths: Vec::new(),
            cors: Cors::Own,
            enable_shutdown: false,
            allow_launch: false,
            opener: None,
            home: None,
            cwd,
            trend_max_tags: 20,
        }
    }

    /// The same with the base in normal form.
    ///
    /// # Errors
    /// [`BadOptions`] when they would open the library unasked, or the prefixes clash.
    pub fn checked(mut self) -> Result<Self, BadOptions> {
        self.base = format!("/{}", self.base.trim_matches('/'));
        if !is_free(&self.base) {
            return Err(BadOptions::Base(self.base));
        }
        let has_secret = self.secret.as_ref().is_some_and(|secret| !secret.is_empty());
        if !self.is_loopback() && !has_secret && !self.insecure_no_auth {
            return Err(BadOptions::Open(self.listen));
        }
        Ok(self)
    }

    /// Whether only this machine can connect.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// Whether reads and writes are confined to the roots.
    #[must_use]
    pub fn is_confined(&self) -> bool {
        match self.access {
            AccessControl::Enable => true,
            AccessControl::Disable => false,
            AccessControl::Auto => !self.is_loopback(),
        }
    }

    /// Whether programs may be started on the host.
    #[must_use]
    pub fn may_launch(&self) -> bool {
        self.is_loopback() || self.allow_launch
    }
}

/// Whether a base has its part of the address space for itself.
fn is_free(base: &str) -> bool {
    let plain = base.split('/').skip(1).all(|part| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
    });
    let first = base.split('/').nth(1).unwrap_or_default();
    let taken = ["iib", "api", "ui", "healthz", "readyz", "metrics", "openapi.json", "events"];
    plain && !taken.contains(&first) && ![".", ".."].contains(&first)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::local(0, PathBuf::from("/"))
    }

    #[test]
    fn beyond_loopback_a_secret_is_needed_unless_insisted() {
        let beyond = Options { listen: "0.0.0.0:80".parse().unwrap(), ..options() };
        assert_eq!(beyond.clone().checked().unwrap_err(), BadOptions::Open(beyond.listen));
        assert!(Options { secret: Some(String::new()), ..beyond.clone() }.checked().is_err());
        assert!(Options { secret: Some("k".into()), ..beyond.clone() }.checked().is_ok());
        assert!(Options { insecure_no_auth: true, ..beyond }.checked().is_ok());
        assert!(options().checked().is_ok());
    }

    #[test]
    fn a_base_gets_its_slash_and_keeps_off_other_prefixes() {
        let base = |base: &str| Options { base: base.into(), ..options() }.checked().map(|o| o.base);
        assert_eq!(base("pics/").unwrap(), "/pics");
        assert_eq!(base("/a/b").unwrap(), "/a/b");
        for bad in ["", "/", "/iib", "iib/x", "/api", "/api/v1", "/ui", "/a/{x}", "/a//b", "/.."] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn auto_confines_beyond_loopback() {
        assert!(!options().is_confined());
        assert!(Options { listen: "192.168.1.5:80".parse().unwrap(), ..options() }.is_confined());
        assert!(Options { access: AccessControl::Enable, ..options() }.is_confined());
    }
}
