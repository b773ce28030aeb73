//! The flags as they are typed. Both spellings of the original's flags are accepted; what they mean
//! is decided in [`super::Settings::resolve`].

use std::path::PathBuf;

use super::{AccessControl, HiddenTexts};

/// Folders and flags of `lumidex` and `lumidex serve`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Flags {
    /// Folders to index, watch and serve. They are remembered; a folder called like a command is
    /// named as in `./search`
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,

    /// Address to listen on [default: 127.0.0.1] [env: LUMIDEX_HOST]
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,

    /// Port to listen on; 0 takes a free one [default: 8000] [env: LUMIDEX_PORT]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,

    /// Folder of the index [default: the platform's data folder] [env: LUMIDEX_DATA_DIR]
    #[arg(long, value_name = "DIR", alias = "data_dir")]
    pub data_dir: Option<PathBuf>,

    /// Configuration file [default: config.toml in the platform's folder for it, see `lumidex config path`]
    /// [env: LUMIDEX_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Prefix of the HTTP interface [default: /infinite_image_browsing] [env: LUMIDEX_BASE]
    #[arg(long, value_name = "PATH")]
    pub base: Option<String>,

    /// Folder of infinite-image-browsing's built front end, to host it at /iib [env: LUMIDEX_UI_DIR]
    #[arg(long, value_name = "DIR", alias = "ui_dir")]
    pub ui_dir: Option<PathBuf>,

    /// Open the page in a browser
    #[arg(long)]
    pub open: bool,

    /// Refuse every change [env: LUMIDEX_READ_ONLY]
    #[arg(long, alias = "read_only")]
    pub read_only: bool,

    /// Days after which what was read from a missing file is forgotten; tags you gave stay. 0 keeps
    /// it for ever [default: 180] [env: LUMIDEX_MISSING_RETENTION_DAYS]
    #[arg(long, value_name = "DAYS", alias = "missing_retention_days")]
    pub missing_retention_days: Option<u32>,

    /// Where pictures without any text are searched for one hidden in their pixels: `cheap` in PNG files,
    /// `always` in lossless WebP files too, which are decoded for it; files that were read before are read
    /// again by `lumidex doctor --reparse` [default: cheap] [env: LUMIDEX_HIDDEN_TEXTS]
    #[arg(long, value_name = "WHERE", alias = "hidden_texts")]
    pub hidden_texts: Option<HiddenTexts>,

    /// Confine clients to the indexed folders [default: auto, when listening beyond loopback]
    /// [env: IIB_ACCESS_CONTROL]
    #[arg(long, value_name = "WHEN", alias = "access_control")]
    pub access_control: Option<AccessControl>,

    /// File whose first line is the secret key that clients must know; `-` reads it from standard input
    /// [env: LUMIDEX_SECRET_FILE]
    #[arg(long, value_name = "FILE", alias = "secret_file")]
    pub secret_file: Option<PathBuf>,

    /// Other origins that may call, such as `https://example.org`; without one, any origin without
    /// credentials [env: LUMIDEX_ALLOW_CORS]
    #[arg(long, value_name = "ORIGIN", num_args = 0.., alias = "allow_cors")]
    pub allow_cors: Option<Vec<String>>,

    /// Host name that this server answers to besides localhost; beyond loopback any, unless one is given
    /// [env: LUMIDEX_ALLOW_HOST]
    #[arg(long, value_name = "NAME", alias = "allow_host")]
    pub allow_host: Vec<String>,

    /// Reverse proxy whose X-Forwarded-For, -Host and -Prefix are believed: an address or a network such as
    /// 10.0.0.0/8 [env: LUMIDEX_TRUSTED_PROXY]
    #[arg(long, value_name = "ADDRESS", alias = "trusted_proxy")]
    pub trusted_proxy: Vec<String>,

    /// Let clients stop the program [env: LUMIDEX_ENABLE_SHUTDOWN]
    #[arg(long, alias = "enable_shutdown")]
    pub enable_shutdown: bool,

    /// Listen beyond loopback without a secret key
    #[arg(long, alias = "insecure_no_auth")]
    pub insecure_no_auth: bool,

    /// Let clients on other machines open files and folders on this one
    #[arg(long, alias = "allow_launch")]
    pub allow_launch: bool,

    /// Program that opens files and folders [default: the desktop's]
    #[arg(long, value_name = "PROGRAM")]
    pub opener: Option<PathBuf>,

    /// Folders that can be browsed but are not indexed
    #[arg(long = "extra_paths", value_name = "FOLDER", num_args = 1.., alias = "extra-paths")]
    pub extra_paths: Vec<PathBuf>,

    /// Configuration of a Stable Diffusion web UI, whose output folders are indexed
    #[arg(long = "sd_webui_config", value_name = "FILE", alias = "sd-webui-config")]
    pub sd_webui_config: Option<PathBuf>,

    /// Output folders in that configuration are relative to its folder
    #[arg(long = "sd_webui_path_relative_to_config", alias = "sd-webui-path-relative-to-config")]
    pub sd_webui_path_relative_to_config: bool,

    /// Folder of a Stable Diffusion web UI, for its configuration and relative output folders
    #[arg(long = "sd_webui_dir", value_name = "DIR", alias = "sd-webui-dir")]
    pub sd_webui_dir: Option<PathBuf>,

    /// Accepted for compatibility: folders are always brought up to date at start
    #[arg(long = "update_image_index", alias = "update-image-index", hide = true)]
    pub update_image_index: bool,

    /// Make the covers of all films and sounds that are not kept yet, then exit
    #[arg(long = "generate_video_cover", alias = "generate-video-cover")]
    pub generate_video_cover: bool,

    /// Make the thumbnails of all pictures that are not kept yet, then exit
    #[arg(long = "generate_image_cache", alias = "generate-image-cache")]
    pub generate_image_cache: bool,

    /// Size of those thumbnails [default: 512x512]
    #[arg(long = "generate_image_cache_size", value_name = "WxH", alias = "generate-image-cache-size")]
    pub generate_image_cache_size: Option<String>,

    /// Say more while thumbnails are made
    #[arg(long = "gen_cache_verbose", alias = "gen-cache-verbose", hide = true)]
    pub gen_cache_verbose: bool,

    /// Accepted for compatibility: always on
    #[arg(long = "export_fe_fn", alias = "export-fe-fn", hide = true)]
    pub export_fe_fn: bool,
}
