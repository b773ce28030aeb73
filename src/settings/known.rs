//! Every setting there is, in one table: what it is called in the configuration file, in the environment and on the
//! command line, what it may be, and what it is. The file is read, and `lumidex config show` is told, by this table
//! alone.

use super::{AccessControl, Cors, Flags, HiddenTexts, Lang, LogFormat, Permission, Settings};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// One setting.
#[derive(Debug)]
pub struct Known {
    /// In the file, and with two dashes before it on the command line where there is a flag.
    pub key: &'static str,
    /// Variables that set it, the first that is set wins.
    pub names: &'static [&'static str],
    /// What it may be.
    pub(super) kind: Kind,
    /// Whether it was typed; `None` where no flag sets it.
    pub(super) typed: Option<fn(&Flags) -> bool>,
    /// What it is.
    pub(super) shown: fn(&Settings) -> Value,
}

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A file or folder; in the file relative to it.
    Path,
    /// Several of these.
    Paths,
    Number,
    Switch,
    List,
    OneOf(&'static [&'static str]),
    /// A text that is never shown.
    Secret,
}

/// Variables of the original that say the same as a setting in another way.
const HIDDEN_TEXTS_TOO: &str = "IIB_ENABLE_SD_WEBUI_STEALTH_PARSER";

/// Every setting, in the order people are shown them.
pub static KNOWN: [Known; 45] = [
    of("folders", &["LUMIDEX_FOLDERS"], Kind::Paths, |s| paths(&s.folders)).typed(|f| !f.folders.is_empty()),
    of("host", &["LUMIDEX_HOST"], Kind::Text, |s| json!(s.listen.ip().to_string()))
        .typed(|f| f.host.is_some()),
    of("port", &["LUMIDEX_PORT"], Kind::Number, |s| json!(s.listen.port())).typed(|f| f.port.is_some()),
    of("data-dir", &["LUMIDEX_DATA_DIR"], Kind::Path, |s| path(Some(&s.data_dir)))
        .typed(|f| f.data_dir.is_some()),
    of("base", &["LUMIDEX_BASE"], Kind::Text, |s| json!(s.base)).typed(|f| f.base.is_some()),
    of("ui-dir", &["LUMIDEX_UI_DIR"], Kind::Path, |s| path(s.ui_dir.as_ref())).typed(|f| f.ui_dir.is_some()),
    of("open", &["LUMIDEX_OPEN"], Kind::Switch, |s| json!(s.open)).typed(|f| f.open),
    of("read-only", &["LUMIDEX_READ_ONLY"], Kind::Switch, |s| json!(s.permission == Permission::ReadOnly))
        .typed(|f| f.read_only),
    of("permission", &["LUMIDEX_PERMISSION", "IIB_ACCESS_CONTROL_PERMISSION"], PERMISSION, |s| {
        match s.permission {
            Permission::ReadWrite => json!("read-write"),
            Permission::ReadOnly => json!("read-only"),
            Permission::WriteOnly => json!("write-only"),
            Permission::NoAccess => json!("no-access"),
        }
    }),
    of("access-control", &["LUMIDEX_ACCESS_CONTROL", "IIB_ACCESS_CONTROL"], ACCESS, |s| match s.access {
        AccessControl::Enable => json!("enable"),
        AccessControl::Disable => json!("disable"),
        AccessControl::Auto => json!("auto"),
    })
    .typed(|f| f.access_control.is_some()),
    of("allowed-paths", &["LUMIDEX_ALLOWED_PATHS", "IIB_ACCESS_CONTROL_ALLOWED_PATHS"], Kind::List, |s| {
        paths(&s.allowed_paths)
    }),
    of("secret-key", &["LUMIDEX_SECRET_KEY", "IIB_SECRET_KEY"], Kind::Secret, |s| {
        masked(s.secret.is_some() && s.secret_file.is_none())
    }),
    of("secret-file", &["LUMIDEX_SECRET_FILE"], Kind::Path, |s| path(s.secret_file.as_ref()))
        .typed(|f| f.secret_file.is_some()),
    of("insecure-no-auth", &["LUMIDEX_INSECURE_NO_AUTH"], Kind::Switch, |s| json!(s.insecure_no_auth))
        .typed(|f| f.insecure_no_auth),
    of("allow-cors", &["LUMIDEX_ALLOW_CORS"], Kind::List, |s| match &s.cors {
        Cors::None => json!([]),
        Cors::AnyWithoutCredentials => json!(["*"]),
        Cors::List(list) => json!(list),
    })
    .typed(|f| f.allow_cors.is_some()),
    of("allow-host", &["LUMIDEX_ALLOW_HOST"], Kind::List, |s| json!(s.allowed_hosts))
        .typed(|f| !f.allow_host.is_empty()),
    of("trusted-proxy", &["LUMIDEX_TRUSTED_PROXY"], Kind::List, |s| {
        s.trusted_proxies.iter().map(ToString::to_string).collect()
    })
    .typed(|f| !f.trusted_proxy.is_empty()),
    of("enable-shutdown", &["LUMIDEX_ENABLE_SHUTDOWN"], Kind::Switch, |s| json!(s.enable_shutdown))
        .typed(|f| f.enable_shutdown),
    of("allow-launch", &["LUMIDEX_ALLOW_LAUNCH"], Kind::Switch, |s| json!(s.allow_launch))
        .typed(|f| f.allow_launch),
    of("opener", &["LUMIDEX_OPENER"], Kind::Path, |s| path(s.opener.as_ref())).typed(|f| f.opener.is_some()),
    of("extra-paths", &["LUMIDEX_EXTRA_PATHS"], Kind::Paths, |s| paths(&s.cli_paths))
        .typed(|f| !f.extra_paths.is_empty()),
    of("sd-webui-config", &["LUMIDEX_SD_WEBUI_CONFIG"], Kind::Path, |s| paths(&s.host_folders))
        .typed(|f| f.sd_webui_config.is_some()),
    of(
        "sd-webui-path-relative-to-config",
        &["LUMIDEX_SD_WEBUI_PATH_RELATIVE_TO_CONFIG"],
        Kind::Switch,
        |s| paths(&s.host_folders),
    )
    .typed(|f| f.sd_webui_path_relative_to_config),
    of("sd-webui-dir", &["LUMIDEX_SD_WEBUI_DIR"], Kind::Path, |s| paths(&s.host_folders))
        .typed(|f| f.sd_webui_dir.is_some()),
    of("missing-retention-days", &["LUMIDEX_MISSING_RETENTION_DAYS"], Kind::Number, |s| {
        json!(s.missing_retention_days)
    })
    .typed(|f| f.missing_retention_days.is_some()),
    of("hidden-texts", &["LUMIDEX_HIDDEN_TEXTS", HIDDEN_TEXTS_TOO], HIDDEN, |s| match s.hidden_texts {
        HiddenTexts::Never => json!("never"),
        HiddenTexts::Cheap => json!("cheap"),
        HiddenTexts::Always => json!("always"),
    })
    .typed(|f| f.hidden_texts.is_some()),
    of(
        "comfyui-all-prompts",
        &["LUMIDEX_COMFYUI_ALL_PROMPTS", "IIB_COMFYUI_EXTRACT_ALL_PROMPTS"],
        Kind::Switch,
        |s| json!(s.comfyui_all_prompts),
    ),
    of("backup-max", &["LUMIDEX_BACKUP_MAX", "IIB_DB_FILE_BACKUP_MAX"], Kind::Number, |s| {
        json!(s.backups_max)
    }),
    of("cache-dir", &["LUMIDEX_CACHE_DIR", "IIB_CACHE_DIR"], Kind::Path, |s| path(s.cache_dir.as_ref())),
    of("lang", &["LUMIDEX_LANG", "IIB_SERVER_LANG"], LANG, |s| match s.lang {
        Lang::Auto => json!("auto"),
        Lang::En => json!("en"),
        Lang::Zh => json!("zh"),
    }),
    of("trend-max-tags", &["LUMIDEX_TREND_MAX_TAGS", "IIB_TREND_MAX_TAGS"], Kind::Number, |s| {
        json!(s.trend_max_tags)
    }),
    of("openai-base-url", &["LUMIDEX_OPENAI_BASE_URL", "OPENAI_BASE_URL"], Kind::Text, |s| {
        json!(s.upstream.as_ref().map(|upstream| upstream.origin()))
    }),
    of("openai-api-key", &["LUMIDEX_OPENAI_API_KEY", "OPENAI_API_KEY"], Kind::Secret, |s| {
        masked(s.upstream.as_ref().is_some_and(|upstream| upstream.has_key()))
    }),
    of("embedding-model", &["LUMIDEX_EMBEDDING_MODEL", "EMBEDDING_MODEL"], Kind::Text, |s| {
        json!(s.upstream.as_ref().map(|upstream| &upstream.embedding_model))
    }),
    of("ai-model", &["LUMIDEX_AI_MODEL", "AI_MODEL"], Kind::Text, |s| {
        json!(s.upstream.as_ref().map(|upstream| &upstream.chat_model))
    }),
    of("topic-title-model", &["LUMIDEX_TOPIC_TITLE_MODEL", "TOPIC_TITLE_MODEL"], Kind::Text, |s| {
        json!(s.upstream.as_ref().map(|upstream| &upstream.title_model))
    }),
    of(
        "tag-graph-max-tags",
        &["LUMIDEX_TAG_GRAPH_MAX_TAGS", "IIB_TAG_GRAPH_MAX_TAGS_FOR_LLM"],
        Kind::Number,
        |s| json!(s.tag_graph.tags_max),
    ),
    of(
        "tag-graph-tags-sent",
        &["LUMIDEX_TAG_GRAPH_TAGS_SENT", "IIB_TAG_GRAPH_TOPK_TAGS_FOR_LLM"],
        Kind::Number,
        |s| json!(s.tag_graph.tags_sent),
    ),
    of(
        "tag-graph-seconds",
        &["LUMIDEX_TAG_GRAPH_SECONDS", "IIB_TAG_GRAPH_LLM_TIMEOUT_SEC"],
        Kind::Number,
        |s| json!(s.tag_graph.within.as_secs()),
    ),
    of(
        "tag-graph-attempts",
        &["LUMIDEX_TAG_GRAPH_ATTEMPTS", "IIB_TAG_GRAPH_LLM_MAX_ATTEMPTS"],
        Kind::Number,
        |s| json!(s.tag_graph.attempts),
    ),
    of("generate-image-cache", &["LUMIDEX_GENERATE_IMAGE_CACHE"], Kind::Switch, |s| {
        json!(s.making.thumbnails.is_some())
    })
    .typed(|f| f.generate_image_cache),
    of("generate-image-cache-size", &["LUMIDEX_GENERATE_IMAGE_CACHE_SIZE"], Kind::Text, |s| {
        json!(s.making.thumbnails.map(|frame| {
            let (width, height) = frame.sides();
            format!("{width}x{height}")
        }))
    })
    .typed(|f| f.generate_image_cache_size.is_some()),
    of("generate-video-cover", &["LUMIDEX_GENERATE_VIDEO_COVER"], Kind::Switch, |s| json!(s.making.covers))
        .typed(|f| f.generate_video_cover),
    of("log", &["RUST_LOG", "LUMIDEX_LOG"], Kind::Text, |s| json!(s.log)),
    of("log-format", &["LUMIDEX_LOG_FORMAT"], LOG_FORMAT, |s| match s.log_format {
        LogFormat::Text => json!("text"),
        LogFormat::Json => json!("json"),
    }),
];

const PERMISSION: Kind = Kind::OneOf(&["read-write", "read-only", "write-only", "no-access"]);
const ACCESS: Kind = Kind::OneOf(&["enable", "disable", "auto"]);
const HIDDEN: Kind = Kind::OneOf(&["never", "cheap", "always"]);
const LANG: Kind = Kind::OneOf(&["auto", "en", "zh"]);
const LOG_FORMAT: Kind = Kind::OneOf(&["text", "json"]);

const fn of(
    key: &'static str,
    names: &'static [&'static str],
    kind: Kind,
    shown: fn(&Settings) -> Value,
) -> Known {
    Known { key, names, kind, typed: None, shown }
}

impl Known {
    const fn typed(self, typed: fn(&Flags) -> bool) -> Self {
        Self { typed: Some(typed), ..self }
    }

    /// The setting of this key.
    pub(super) fn named(key: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.key == key)
    }

    /// Its value, as people may see it: of a secret, that it is set.
    #[must_use]
    pub fn value(&self, settings: &Settings) -> Value {
        (self.shown)(settings)
    }
}

fn path(path: Option<&PathBuf>) -> Value {
    json!(path.map(|path| Path::new(path).display().to_string()))
}

fn paths(paths: &[PathBuf]) -> Value {
    paths.iter().map(|path| path.display().to_string()).collect()
}

/// That it is set is all that is said of a secret.
fn masked(is_set: bool) -> Value {
    if is_set { json!("(hidden)") } else { Value::Null }
}
