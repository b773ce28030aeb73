//! What a route demands before its handler runs. Data only: the door in `router` enforces it.

/// What a route demands. Every route states all of it; there is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The secret is needed when one is configured.
    pub(crate) auth: bool,
    /// Only the owner of the data folder may ask, from this machine, with the token of the lock file.
    pub(crate) owner: bool,
    /// It answers with what the library or the disk holds: refused by `no-access` and `write-only`.
    pub(crate) reads: bool,
    /// It changes something: refused in read-only mode.
    pub(crate) writes: bool,
    /// What its path arguments are checked for.
    pub(crate) paths: Paths,
    /// It costs money upstream.
    pub(crate) upstream: bool,
    /// It starts a program on the host: only where the listener is loopback, or by explicit flag.
    pub(crate) launches: bool,
}

/// What the path arguments of a route are checked for when access control is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paths {
    /// It takes no path. Asking for one is an error of the program.
    None,
    /// In or below a root.
    Read,
    /// In or below a root; the route changes something there.
    Write,
    /// In, below or above a root: ancestors are listable.
    List,
}

/// Where a route is reachable, and so which dialects it answers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Below the base (reference dialect) and below `/iib` (iib dialect).
    Contract,
    /// Below `/api/v1`, once, without dialect.
    Own,
    /// At the host root.
    Root,
}

impl Policy {
    /// Open to everyone.
    pub(crate) const OPEN: Self = Self {
        auth: false,
        owner: false,
        reads: false,
        writes: false,
        paths: Paths::None,
        upstream: false,
        launches: false,
    };
    /// Needs the secret; tells nothing of the library.
    pub(crate) const KNOWN: Self = Self { auth: true, ..Self::OPEN };
    /// Needs the secret and shows what the library holds.
    pub(crate) const READ: Self = Self { reads: true, ..Self::KNOWN };
    /// For the owner of the data folder alone: shows everything.
    pub(crate) const OWNER: Self = Self { owner: true, ..Self::READ };
    /// Needs the secret and changes something.
    pub(crate) const WRITE: Self = Self { writes: true, ..Self::KNOWN };

    /// The same, with paths checked for this.
    pub(crate) const fn with_paths(self, paths: Paths) -> Self {
        Self { paths, ..self }
    }

    /// The same, and costs money upstream.
    pub(crate) const fn costing(self) -> Self {
        Self { upstream: true, ..self }
    }

    /// The same, and starts a program.
    pub(crate) const fn launching(self) -> Self {
        Self { launches: true, ..self }
    }
}

impl At {
    /// How metrics and listings name the place.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Contract => "{B}",
            Self::Own => "/api/v1",
            Self::Root => "",
        }
    }
}
