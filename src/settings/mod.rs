//! Every setting, checked and absolute: flags over environment over configuration file over default. Reads the
//! command line, the environment, the file and the host program's configuration, and nothing of the library.

mod address;
mod environment;
mod file;
mod flags;
mod host_ui;
mod known;
mod provider;
mod reached;
mod secret;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::metadata::Hidden;
use crate::projection::thumbs::Frame;
use crate::sys::{PathError, paths};
use crate::upstream;

pub use environment::{Environment, Place};
pub use file::Mistake;
pub use flags::Flags;
pub use known::{KNOWN, Known};
pub use provider::TagGraph;
pub use secret::SecretError;

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
    /// Where that was read from, if from a file; `-` for standard input.
    pub secret_file: Option<PathBuf>,
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
    /// What is logged, as `RUST_LOG` says it; `None` for what people must know.
    pub log: Option<String>,
    /// How it is logged.
    pub log_format: LogFormat,
    /// The configuration file that was read, if there was one.
    pub config: Option<PathBuf>,
    /// What was accepted and has no effect, for people to read.
    pub notices: Vec<String>,
}

/// How messages are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
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
        /// As it was set.
        name: String,
        /// What is wrong with it.
        source: upstream::ConfigError,
    },
    /// The configuration file says what means nothing.
    #[error("{}", mistakes.iter().map(|mistake| {
        format!("{}:{}:{}: {}", path.display(), mistake.line, mistake.column, mistake.text)
    }).collect::<Vec<_>>().join("\n"))]
    Config {
        /// The file.
        path: PathBuf,
        /// All of it, in the order of the file.
        mistakes: Vec<Mistake>,
    },
    /// The secret key is not where it is said to be.
    #[error(transparent)]
    Secret(#[from] SecretError),
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
        let environment = &environment.with_file(&flags)?;
        let flags = with_host_ui(flags, environment)?;
        let place = environment.place();
        let absolute = |path: &Path| paths::absolute_normal(path, &place.cwd);
        let host = host_ui::read(&flags, &place.cwd)?;
        let (origins, strays) = split_origins(flags.allow_cors.clone());
        let typed: Vec<PathBuf> = flags.folders.iter().chain(&strays).cloned().collect();
        refuse_misspelt(&typed, &place.cwd, commands)?;
        let or_set = |typed: Vec<PathBuf>, key| if typed.is_empty() { environment.paths(key) } else { typed };
        let folders = or_set(typed, "folders");
        let extra_paths = or_set(flags.extra_paths.clone(), "extra-paths");
        let ui_dir = flags.ui_dir.clone().or_else(|| environment.path("ui-dir"));
        let cache_dir = environment.path("cache-dir");
        let secret = secret::secret(&flags, environment)?;
        let allowed_entries = environment.list("allowed-paths");
        let allowed =
            |entry: &String| host.allowed(entry).unwrap_or_else(|| vec![absolute(Path::new(entry))]);
        Ok(Self {
            listen: address::listen(&flags, environment)?,
            data_dir: absolute(&data_dir(&flags, environment)?),
            base: address::base(&flags, environment)?,
            ui_dir: ui_dir.map(|dir| absolute(&dir)),
            permission: permission(&flags, environment)?,
            access: flags.access_control.map_or_else(|| environment.access(), Ok)?,
            allowed_paths: allowed_entries.iter().flat_map(allowed).collect(),
            secret: secret.secret,
            secret_file: secret.file,
            insecure_no_auth: flags.insecure_no_auth || environment.is_on("insecure-no-auth")?,
            cors: origins.map_or_else(|| environment.cors(), |origins| Ok(cors(origins)))?,
            allowed_hosts: reached::hosts(&flags.allow_host, environment)?,
            trusted_proxies: reached::proxies(&flags.trusted_proxy, environment)?,
            enable_shutdown: flags.enable_shutdown || environment.is_on("enable-shutdown")?,
            allow_launch: flags.allow_launch || environment.is_on("allow-launch")?,
            opener: flags.opener.clone().or_else(|| environment.path("opener")),
            folders: distinct(folders.iter().map(|path| absolute(path))),
            host_folders: distinct(host.folders.iter().map(|path| absolute(path))),
            cli_paths: distinct(extra_paths.iter().map(|path| absolute(path))),
            open: flags.open || environment.is_on("open")?,
            lang: environment.lang(),
            trend_max_tags: environment.number("trend-max-tags")?.unwrap_or(TREND_TAGS_DEFAULT),
            export_fe_fn: true,
            backups_max: backups_max(environment)?,
            missing_retention_days: missing_retention_days(&flags, environment)?,
            hidden_texts: flags.hidden_texts.map_or_else(|| environment.hidden_texts(), Ok)?,
            cache_dir: cache_dir.map(|dir| absolute(&dir)),
            comfyui_all_prompts: environment.is_on("comfyui-all-prompts")?,
            upstream: provider::upstream(environment)?,
            tag_graph: provider::tag_graph(environment)?,
            home: place.home.clone(),
            cwd: place.cwd.clone(),
            making: making(&flags, environment)?,
            log: environment.text("log"),
            log_format: environment.log_format()?,
            config: environment.file_read(),
            notices: environment.notices().into_iter().chain(secret.notice).collect(),
        })
    }
}

/// What was typed of the host program, with what is set of it.
fn with_host_ui(flags: Flags, environment: &Environment) -> Result<Flags, SettingsError> {
    let is_relative = environment.is_on("sd-webui-path-relative-to-config")?;
    Ok(Flags {
        sd_webui_config: flags.sd_webui_config.clone().or_else(|| environment.path("sd-webui-config")),
        sd_webui_dir: flags.sd_webui_dir.clone().or_else(|| environment.path("sd-webui-dir")),
        sd_webui_path_relative_to_config: flags.sd_webui_path_relative_to_config || is_relative,
        ..flags
    })
}

/// Fewer than one means none.
fn backups_max(environment: &Environment) -> Result<u32, SettingsError> {
    let number: Option<i64> = environment.number("backup-max")?;
    Ok(number.map_or(BACKUPS_DEFAULT, |n| u32::try_from(n.clamp(0, 1000)).unwrap_or_default()))
}

fn making(flags: &Flags, environment: &Environment) -> Result<MakingFirst, SettingsError> {
    const SIZE: &str = "generate-image-cache-size";
    let expected = "two numbers from 1 to 4096 such as 512x512";
    let frame = match (flags.generate_image_cache_size.as_deref(), environment.text(SIZE)) {
        (Some(size), _) => Frame::parse(size).ok_or_else(|| SettingsError::Value {
            name: "--generate_image_cache_size".to_owned(),
            value: size.to_owned(),
            expected,
        })?,
        (None, Some(size)) => Frame::parse(&size).ok_or_else(|| environment.wrong(SIZE, size, expected))?,
        (None, None) => Frame::COMMON,
    };
    let is_asked = |typed: bool, key| if typed { Ok(true) } else { environment.is_on(key) };
    Ok(MakingFirst {
        thumbnails: is_asked(flags.generate_image_cache, "generate-image-cache")?.then_some(frame),
        covers: is_asked(flags.generate_video_cover, "generate-video-cover")?,
        is_verbose: flags.gen_cache_verbose,
    })
}

fn missing_retention_days(flags: &Flags, environment: &Environment) -> Result<u32, SettingsError> {
    let days = flags
        .missing_retention_days
        .map_or_else(|| environment.number("missing-retention-days"), |days| Ok(Some(days)))?;
    Ok(days.unwrap_or(MISSING_RETENTION_DAYS_DEFAULT))
}

fn data_dir(flags: &Flags, environment: &Environment) -> Result<PathBuf, SettingsError> {
    let named = flags.data_dir.clone().or_else(|| environment.path("data-dir"));
    named.or_else(|| environment.place().data_dir.clone()).ok_or(SettingsError::NoDataDir)
}

fn permission(flags: &Flags, environment: &Environment) -> Result<Permission, SettingsError> {
    let is_read_only = flags.read_only || environment.is_on("read-only")?;
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

fn distinct(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut distinct = Vec::new();
    for path in paths {
        if !distinct.contains(&path) {
            distinct.push(path);
        }
    }
    distinct
}
