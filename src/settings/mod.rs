//! Every setting, checked and absolute: flags over environment over default. Reads the command line,
//! the environment and the host program's configuration, and nothing of the library.

mod environment;
mod flags;
mod host_ui;
mod provider;
mod reached;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use crate::metadata::Hidden;
use crate::projection::thumbs::Frame;
use crate::sys::{PathError, paths};
use crate::upstream;

pub use environment::{Environment, Place};
pub use flags::Flags;
pub use provider::TagGraph;

/// Where the original server answers, so that its page and its clients work unchanged.
pub const BASE_DEFAULT: &str = "/infinite_image_browsing";
/// The original server's port.
pub const PORT_DEFAULT: u16 = 8000;
/// Daily copies of the ledger that are kept, as in the original.
pub const BACKUPS_DEFAULT: u32 = 4;
/// Days after which what is left of missing files is swept, unless a person did something to them.
pub const MISSING_RETENTION_DAYS_DEFAULT: u32 = 180;
/// Tags in each list of the trend page, as in the original.
pub const TREND_TAGS_DEFAULT: usize = 20;
/// Prefixes that are taken at the host root (design rulings 23 and 24).
const PREFIXES_TAKEN: [&str; 2] = ["iib", "api"];

/// Everything the program may be told. Paths are absolute and lexically normal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Folder of the ledger and everything derived from it.
    pub data_dir: PathBuf,
    /// Prefix of the reference dialect: a leading slash, no trailing one.
    pub base: String,
    /// Folder of the original's built page, if it is to be hosted.
    pub ui_dir: Option<PathBuf>,
    /// What clients may do.
    pub permission: Permission,
    /// Whether clients are confined to the roots.
    pub access: AccessControl,
    /// When not empty, the only folders clients may see.
    pub allowed_paths: Vec<PathBuf>,
    /// What clients must know.
    pub secret: Option<Secret>,
    /// Listen beyond loopback although there is no secret.
    pub insecure_no_auth: bool,
    /// Which other origins may call.
    pub cors: Cors,
    /// Host names that are answered to besides this machine's own: lower case, without ports.
    pub allowed_hosts: Vec<String>,
    /// Reverse proxies that are believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Whether clients may stop the program.
    pub enable_shutdown: bool,
    /// Whether clients elsewhere may start programs here.
    pub allow_launch: bool,
    /// Opens files and folders on the host in place of the desktop's program.
    pub opener: Option<PathBuf>,
    /// Folders to watch and index from now on.
    pub folders: Vec<PathBuf>,
    /// Output folders of the host program, indexed too.
    pub host_folders: Vec<PathBuf>,
    /// Folders that may be browsed but are not indexed.
    pub cli_paths: Vec<PathBuf>,
    /// Open the page in a browser.
    pub open: bool,
    /// Language of messages to clients.
    pub lang: Lang,
    /// Tags in each list of the trend page.
    pub trend_max_tags: usize,
    /// Whether the page publishes its functions to the page around it.
    pub export_fe_fn: bool,
    /// Copies of the ledger that are kept.
    pub backups_max: u32,
    /// Days that a file may be missing before what was read from it goes; 0 keeps it for ever. What a
    /// person did stays all the same.
    pub missing_retention_days: u32,
    /// Where texts hidden in pixels are looked for.
    pub hidden_texts: HiddenTexts,
    /// Thumbnails and covers go below this folder.
    pub cache_dir: Option<PathBuf>,
    /// Take every text of a ComfyUI graph for positive.
    pub comfyui_all_prompts: bool,
    /// The service that embeds and chats, if one is configured.
    pub upstream: Option<upstream::Config>,
    /// What an upstream is asked about the graph of tags.
    pub tag_graph: TagGraph,
    /// Home folder of the user.
    pub home: Option<PathBuf>,
    /// Working directory: what relative paths are relative to.
    pub cwd: PathBuf,
    /// Small pictures to make before anybody asks, instead of serving.
    pub making: MakingFirst,
    /// What was accepted and has no effect, for people to read.
    pub notices: Vec<String>,
}

/// Small pictures of the whole library to make, instead of serving.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MakingFirst {
    /// Those of images, in this box.
    pub thumbnails: Option<Frame>,
    /// Those of films and sounds.
    pub covers: bool,
    /// Says more of it.
    pub is_verbose: bool,
}

impl MakingFirst {
    /// Whether anything is to be made.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.thumbnails.is_some() || self.covers
    }
}

/// What clients may do (contract 13.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Permission {
    /// Everything.
    #[default]
    ReadWrite,
    /// No changes.
    ReadOnly,
    /// Changes only.
    WriteOnly,
    /// Neither.
    NoAccess,
}

/// Whether clients are confined to the roots (design ruling 21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum AccessControl {
    /// Always.
    Enable,
    /// Never.
    Disable,
    /// Whenever the program listens beyond loopback.
    #[default]
    Auto,
}

/// Where texts hidden in pixels are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum HiddenTexts {
    /// Nowhere.
    Never,
    /// Where it costs little: in PNG files.
    #[default]
    Cheap,
    /// In lossless WebP files too, which are decoded for it.
    Always,
}

impl From<HiddenTexts> for Hidden {
    fn from(texts: HiddenTexts) -> Self {
        match texts {
            HiddenTexts::Never => Self::Never,
            HiddenTexts::Cheap => Self::Cheap,
            HiddenTexts::Always => Self::Always,
        }
    }
}

/// Which other origins may call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// None.
    #[default]
    None,
    /// Any, without credentials.
    AnyWithoutCredentials,
    /// These.
    List(Vec<String>),
}

/// Language of messages to clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// The client's.
    #[default]
    Auto,
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why the settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value means nothing.
    #[error("`{value}` is no value for {name}: {expected}")]
    Value {
        /// Flag or variable.
        name: String,
        /// As given.
        value: String,
        /// What it could be.
        expected: &'static str,
    },
    /// A variable of our own that does not exist.
    #[error("there is no setting `{name}`{}", suggestion.map_or(String::new(), |s| format!("; did you mean `{s}`?")))]
    Unknown {
        /// As given.
        name: String,
        /// What it resembles.
        suggestion: Option<&'static str>,
    },
    /// The prefix lies at, above or below one that is taken.
    #[error("the base `{base}` is taken: it may not be equal to, above or below `/iib` or `/api`")]
    BaseTaken {
        /// In normal form.
        base: String,
    },
    /// The name of the host cannot be resolved.
    #[error("the host `{host}` cannot be resolved")]
    Host {
        /// As given.
        host: String,
        /// Why, when the system says.
        source: Option<std::io::Error>,
    },
    /// A relative name that is nothing, most likely a misspelt command.
    #[error(
        "there is no folder `{name}`{}",
        suggestion.map_or(String::new(), |command| format!("; did you mean the command `{command}`?"))
    )]
    FolderAbsent {
        /// As given.
        name: String,
        /// The command it resembles.
        suggestion: Option<&'static str>,
    },
    /// There is no home folder to put the data into.
    #[error("there is no home folder to keep the data in; name one with --data-dir")]
    NoDataDir,
    /// The service that embeds and chats cannot be asked so.
    #[error("{name} cannot be used: {source}")]
    Upstream {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        source: upstream::ConfigError,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] PathError),
    /// The host program's configuration is no JSON object.
    #[error("`{}` is no JSON object", path.display())]
    HostConfig {
        /// The file.
        path: PathBuf,
    },
}

impl Settings {
    /// From what was typed and the environment. `commands` are the words a misspelt folder may have
    /// meant.
    ///
    /// # Errors
    /// [`SettingsError`]: the first thing that is wrong.
    pub fn resolve(
        flags: Flags,
        environment: &Environment,
        commands: &[&'static str],
    ) -> Result<Self, SettingsError> {
        environment.refuse_unknown()?;
        let place = environment.place();
        let absolute = |path: &Path| paths::absolute_normal(path, &place.cwd);
        let host = host_ui::read(&flags, &place.cwd)?;
        let (origins, strays) = split_origins(flags.allow_cors.clone());
        let folders: Vec<PathBuf> = flags.folders.iter().chain(&strays).cloned().collect();
        refuse_misspelt(&folders, &place.cwd, commands)?;
        let ui_dir = flags.ui_dir.clone().or_else(|| environment.path(&["LUMIDEX_UI_DIR"]));
        let cache_dir = environment.path(&["LUMIDEX_CACHE_DIR", "IIB_CACHE_DIR"]);
        let allowed_entries = environment.list("IIB_ACCESS_CONTROL_ALLOWED_PATHS");
        let allowed =
            |entry: &String| host.allowed(entry).unwrap_or_else(|| vec![absolute(Path::new(entry))]);
        Ok(Self {
            listen: listen(&flags, environment)?,
            data_dir: absolute(&data_dir(&flags, environment)?),
            base: base(&flags, environment)?,
            ui_dir: ui_dir.map(|dir| absolute(&dir)),
            permission: permission(&flags, environment)?,
            access: flags.access_control.map_or_else(|| environment.access(), Ok)?,
            allowed_paths: allowed_entries.iter().flat_map(allowed).collect(),
            secret: environment.secret(&["LUMIDEX_SECRET_KEY", "IIB_SECRET_KEY"]),
            insecure_no_auth: flags.insecure_no_auth,
            cors: origins.map_or_else(|| environment.cors(), |origins| Ok(cors(origins)))?,
            allowed_hosts: reached::hosts(&flags.allow_host, environment)?,
            trusted_proxies: reached::proxies(&flags.trusted_proxy, environment)?,
            enable_shutdown: flags.enable_shutdown || environment.is_on("LUMIDEX_ENABLE_SHUTDOWN")?,
            allow_launch: flags.allow_launch,
            opener: flags.opener.clone(),
            folders: distinct(folders.iter().map(|path| absolute(path))),
            host_folders: distinct(host.folders.iter().map(|path| absolute(path))),
            cli_paths: distinct(flags.extra_paths.iter().map(|path| absolute(path))),
            open: flags.open,
            lang: environment.lang(),
            trend_max_tags: environment.number("IIB_TREND_MAX_TAGS")?.unwrap_or(TREND_TAGS_DEFAULT),
            export_fe_fn: true,
            backups_max: backups_max(environment)?,
            missing_retention_days: missing_retention_days(&flags, environment)?,
            hidden_texts: flags.hidden_texts.map_or_else(|| environment.hidden_texts(), Ok)?,
            cache_dir: cache_dir.map(|dir| absolute(&dir)),
            comfyui_all_prompts: environment.is_on("IIB_COMFYUI_EXTRACT_ALL_PROMPTS")?,
            upstream: provider::upstream(environment)?,
            tag_graph: provider::tag_graph(environment)?,
            home: place.home.clone(),
            cwd: place.cwd.clone(),
            making: making(&flags)?,
            notices: environment.notices(),
        })
    }
}

/// Fewer than one means none.
fn backups_max(environment: &Environment) -> Result<u32, SettingsError> {
    let ours = environment.number("LUMIDEX_BACKUP_MAX")?;
    let number: Option<i64> =
        ours.map_or_else(|| environment.number("IIB_DB_FILE_BACKUP_MAX"), |n| Ok(Some(n)))?;
    Ok(number.map_or(BACKUPS_DEFAULT, |n| u32::try_from(n.clamp(0, 1000)).unwrap_or_default()))
}

fn making(flags: &Flags) -> Result<MakingFirst, SettingsError> {
    let size = flags.generate_image_cache_size.as_deref();
    let wrong = |size: &str| SettingsError::Value {
        name: "--generate_image_cache_size".to_owned(),
        value: size.to_owned(),
        expected: "two numbers from 1 to 4096 such as 512x512",
    };
    let frame = match size {
        Some(size) => Frame::parse(size).ok_or_else(|| wrong(size))?,
        None => Frame::COMMON,
    };
    Ok(MakingFirst {
        thumbnails: flags.generate_image_cache.then_some(frame),
        covers: flags.generate_video_cover,
        is_verbose: flags.gen_cache_verbose,
    })
}

fn missing_retention_days(flags: &Flags, environment: &Environment) -> Result<u32, SettingsError> {
    let days = flags
        .missing_retention_days
        .map_or_else(|| environment.number("LUMIDEX_MISSING_RETENTION_DAYS"), |days| Ok(Some(days)))?;
    Ok(days.unwrap_or(MISSING_RETENTION_DAYS_DEFAULT))
}

fn data_dir(flags: &Flags, environment: &Environment) -> Result<PathBuf, SettingsError> {
    let named = flags.data_dir.clone().or_else(|| environment.path(&["LUMIDEX_DATA_DIR"]));
    named.or_else(|| environment.place().data_dir.clone()).ok_or(SettingsError::NoDataDir)
}

fn permission(flags: &Flags, environment: &Environment) -> Result<Permission, SettingsError> {
    let is_read_only = flags.read_only || environment.is_on("LUMIDEX_READ_ONLY")?;
    Ok(if is_read_only { Permission::ReadOnly } else { environment.permission() })
}

/// Values of `--allow-cors` that are origins, `None` when the flag was not given; and those that are
/// not, which are folders that happened to stand behind it.
fn split_origins(given: Option<Vec<String>>) -> (Option<Vec<String>>, Vec<PathBuf>) {
    let Some(given) = given else { return (None, Vec::new()) };
    let (origins, strays): (Vec<_>, Vec<_>) =
        given.into_iter().partition(|value| value.contains("://") || value == "*");
    (Some(origins), strays.into_iter().map(PathBuf::from).collect())
}

fn cors(origins: Vec<String>) -> Cors {
    if origins.is_empty() || origins.iter().any(|origin| origin == "*") {
        Cors::AnyWithoutCredentials
    } else {
        Cors::List(origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect())
    }
}

/// A bare relative word that is no folder was hardly meant as one. Other paths may be drives that
/// are away at the moment; whoever knows the roots judges them.
fn refuse_misspelt(folders: &[PathBuf], cwd: &Path, commands: &[&'static str]) -> Result<(), SettingsError> {
    for folder in folders {
        let name = folder.to_string_lossy();
        if !name.contains(['/', '\\']) && !cwd.join(folder).exists() {
            let suggestion = environment::nearest(&name, commands.iter().copied());
            return Err(SettingsError::FolderAbsent { name: name.into_owned(), suggestion });
        }
    }
    Ok(())
}

fn listen(flags: &Flags, environment: &Environment) -> Result<SocketAddr, SettingsError> {
    let port = flags.port.map_or_else(|| environment.number("LUMIDEX_PORT"), |port| Ok(Some(port)))?;
    let port = port.unwrap_or(PORT_DEFAULT);
    let host = flags.host.clone().or_else(|| environment.text(&["LUMIDEX_HOST"]));
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
fn base(flags: &Flags, environment: &Environment) -> Result<String, SettingsError> {
    let named = flags.base.clone().or_else(|| environment.text(&["LUMIDEX_BASE"]));
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
            name: "--base".to_owned(),
            value: base.to_owned(),
            expected: "a path of letters, digits and `-_.~`",
        })
    }
}

fn distinct(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut distinct = Vec::new();
    for path in paths {
        if !distinct.contains(&path) {
            distinct.push(path);
        }
    }
    distinct
}
