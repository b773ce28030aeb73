//! Everything the server does that a person would script has a command: each route has one, or a reason why not.

use clap::CommandFactory as _;
use lumidex::cli::{Args, COMMANDS};
use lumidex::serve::routes;
use std::collections::BTreeSet;
use std::path::Path;

/// How a route is reached from a shell.
#[derive(Clone, Copy)]
enum Reached {
    /// By this command, which asks it.
    Command(&'static str),
    /// By this command, which does the same in another way.
    Instead(&'static str, &'static str),
    /// Not at all, for this reason.
    Nowhere(&'static str),
}

use Reached::{Command, Instead, Nowhere};

const PAGE: Reached = Nowhere("serves the page");
const BYTES: Reached = Nowhere("the bytes of a file that lies on this machine");
const PICTURE: Reached = Nowhere("a picture made for pages");
const FRONT_END: Reached = Nowhere("what front ends keep for themselves, or ask each other");

/// Commands that ask no route.
const WITHOUT_ROUTE: [&str; 5] = ["serve", "config", "inspect", "completions", "man"];

const TABLE: &[(&str, &str, Reached)] = &[
    ("GET", "/", PAGE),
    ("GET", "/ui/*", PAGE),
    ("GET", "/favicon.ico", PAGE),
    ("GET", "/healthz", Command("health")),
    ("GET", "/readyz", Command("health")),
    ("GET", "/metrics", Nowhere("for Prometheus; `status` and `stats` say it to people")),
    ("GET", "/events", Nowhere("a stream without end, for pages; any client of server-sent events reads it")),
    ("GET", "/openapi.json", Nowhere("for who writes clients; it is checked in as `schema/openapi.json`")),
    ("GET", "/api/v1/search", Command("search")),
    ("GET", "/api/v1/image", Command("show")),
    ("GET", "/api/v1/file", BYTES),
    ("GET", "/api/v1/status", Command("status")),
    ("GET", "/api/v1/review", Command("review list")),
    ("POST", "/api/v1/review", Command("review take")),
    ("POST", "/api/v1/roots/accept_empty", Command("roots accept-empty")),
    ("GET", "/api/v1/undo", Command("undo")),
    ("POST", "/api/v1/undo", Command("undo")),
    ("POST", "/api/v1/foresee", Command("move")),
    ("GET", "/api/v1/operations", Command("operations list")),
    ("POST", "/api/v1/operations/stop", Command("operations stop")),
    ("POST", "/api/v1/trash/purge", Command("trash purge")),
    ("GET", "/api/v1/workflow", Command("show")),
    ("GET", "/api/v1/doctor", Command("doctor")),
    ("POST", "/api/v1/doctor/reparse", Command("doctor")),
    ("POST", "/api/v1/auto-tags/apply", Command("tags apply")),
    ("GET", "/api/v1/similar", Command("similar")),
    (
        "POST",
        "/api/v1/topics/stop",
        Nowhere("stops a job of the page; what `cluster` began is done in moments or kept"),
    ),
    ("POST", "/api/v1/text/revert", Command("text revert")),
    ("GET", "/api/v1/backup", Nowhere("`index-tools backup` asks it")),
    ("GET", "/api/v1/backup/paid", Nowhere("`index-tools backup` asks it")),
    ("GET", "/api/v1/verify", Nowhere("`index-tools verify` asks it")),
    ("GET", "/api/v1/stats", Nowhere("`index-tools stats` asks it")),
    ("GET", "{B}", PAGE),
    ("GET", "{B}/fe-static/{*file}", PAGE),
    ("POST", "{B}/delete_files", Command("trash put")),
    ("POST", "{B}/mkdirs", Nowhere("`mkdir` does it, and `move --make-folder`")),
    ("POST", "{B}/copy_files", Command("copy")),
    ("POST", "{B}/move_files", Command("move")),
    ("POST", "{B}/db/rename", Command("rename")),
    ("POST", "{B}/flatten_folder", Command("flatten")),
    ("GET", "{B}/files", Nowhere("`ls` lists folders")),
    ("POST", "{B}/batch_get_files_info", Instead("show", "`show` says more of each file")),
    ("POST", "{B}/check_path_exists", Nowhere("`test -e` does it")),
    ("POST", "{B}/zip", Nowhere("`search -0` gives any program that packs its files")),
    ("POST", "{B}/batch_top_4_media_info", PICTURE),
    ("POST", "{B}/send_img_path", FRONT_END),
    ("GET", "{B}/gen_info_completed", FRONT_END),
    ("GET", "{B}/file", BYTES),
    ("GET", "{B}/image-thumbnail", PICTURE),
    ("GET", "{B}/video_cover", PICTURE),
    ("POST", "{B}/set_target_frame_as_video_cover", PICTURE),
    ("GET", "{B}/stream_video", BYTES),
    ("GET", "{B}/img/{filename}", BYTES),
    ("GET", "{B}/image_geninfo", Instead("show", "`show --text`")),
    ("POST", "{B}/image_geninfo_batch", Instead("show", "`show --text` takes any number")),
    ("POST", "{B}/update_exif", Command("text set")),
    (
        "GET",
        "{B}/image_exif",
        Instead("inspect", "`inspect` says what stands in a file, and `show` what is known"),
    ),
    ("GET", "{B}/db/basic_info", Command("tags list")),
    ("GET", "{B}/db/expired_dirs", Instead("roots list", "`roots` says when each folder was walked last")),
    ("GET", "{B}/db/random_images", Instead("search", "`search --sort random`")),
    ("POST", "{B}/db/update_image_data", Command("update")),
    ("POST", "{B}/db/rebuild_index", Command("update")),
    ("POST", "{B}/db/search_by_substr", Instead("search", "as the page asks it")),
    ("POST", "{B}/db/match_images_by_tags", Instead("search", "`search --tag`")),
    ("GET", "{B}/db/stats/trend", Command("stats")),
    ("GET", "{B}/db/img_selected_custom_tag", Instead("show", "`show` says the tags of a picture")),
    ("POST", "{B}/db/get_image_tags", Instead("show", "`show` says the tags of pictures")),
    ("POST", "{B}/db/add_custom_tag", Command("tags create")),
    (
        "POST",
        "{B}/db/toggle_custom_tag_to_img",
        Instead("tags add", "`tags add` and `tags remove` say which way"),
    ),
    ("POST", "{B}/db/batch_update_image_tag", Command("tags add")),
    ("POST", "{B}/db/remove_custom_tag", Command("tags delete")),
    ("POST", "{B}/db/update_tag", Command("tags color")),
    ("POST", "{B}/db/remove_custom_tag_from_img", Instead("tags remove", "by path, not by id")),
    ("POST", "{B}/ai-chat", Nowhere("the service that is configured can be asked itself")),
    (
        "POST",
        "{B}/db/build_iib_output_embeddings",
        Instead("cluster", "`cluster` and `search --meaning` do it first"),
    ),
    ("POST", "{B}/db/cluster_iib_output_job_start", Command("cluster")),
    ("GET", "{B}/db/cluster_iib_output_job_status", Command("cluster")),
    (
        "POST",
        "{B}/db/cluster_iib_output_cached",
        Instead("cluster", "what is still right is answered at once"),
    ),
    ("POST", "{B}/db/search_iib_output_by_prompt", Command("search")),
    ("POST", "{B}/db/cluster_tag_graph", PICTURE),
    ("POST", "{B}/db/cluster_tag_graph_cluster_paths", Instead("cluster", "`cluster --pictures`")),
    ("POST", "{B}/db/organize_files_start", Command("organize")),
    ("GET", "{B}/db/organize_files_status", Command("organize")),
    ("POST", "{B}/db/organize_files_confirm", Command("organize")),
    ("GET", "{B}/db/extra_paths", Command("roots list")),
    ("POST", "{B}/db/extra_paths", Command("roots add")),
    ("DELETE", "{B}/db/extra_paths", Command("roots remove")),
    ("POST", "{B}/db/alias_extra_path", Command("roots alias")),
    ("GET", "{B}/hello", Instead("health", "`health` asks whether a server answers")),
    ("GET", "{B}/version", Instead("status", "`status` says the version")),
    ("GET", "{B}/global_setting", Command("tags list")),
    ("POST", "{B}/app_fe_setting", FRONT_END),
    ("DELETE", "{B}/app_fe_setting", FRONT_END),
    ("POST", "{B}/open_folder", Command("open")),
    ("POST", "{B}/open_with_default_app", Command("open")),
    ("POST", "{B}/shutdown", Nowhere("whoever started it stops it, by a signal")),
];

/// Every command, subcommands as `tags add`.
fn commands() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for command in Args::command().get_subcommands() {
        all.insert(command.get_name().to_owned());
        for inner in command.get_subcommands() {
            all.insert(format!("{} {}", command.get_name(), inner.get_name()));
        }
    }
    all
}

/// What commands ask, as text.
fn asked() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

fn is(entry: &str, path: &str) -> bool {
    entry.strip_suffix('*').map_or(entry == path, |start| path.starts_with(start))
}

#[test]
fn every_route_has_a_command_or_a_reason() {
    let (commands, asked) = (commands(), asked());
    let mut complaints = Vec::new();
    for row in routes() {
        let path = format!("{}{}", row.prefix, row.path);
        let Some((_, _, from)) =
            TABLE.iter().find(|(method, entry, _)| *method == row.method && is(entry, &path))
        else {
            complaints.push(format!("{} {path} has no command, and no reason for that", row.method));
            continue;
        };
        match *from {
            Command(command) => {
                if !commands.contains(command) {
                    complaints.push(format!("{path}: there is no command `{command}`"));
                }
                let literal = match row.prefix {
                    "{B}" if row.path.starts_with("/db/organize_files_") => {
                        "/iib/db/organize_files_{what}".to_owned()
                    }
                    "{B}" => format!("\"/iib{}\"", row.path),
                    prefix => format!("\"{prefix}{}", row.path),
                };
                if !asked.contains(&literal) {
                    complaints.push(format!("{path}: no command asks {literal}"));
                }
            }
            Instead(command, why) => {
                if !commands.contains(command) {
                    complaints.push(format!("{path}: there is no command `{command}` ({why})"));
                }
            }
            Nowhere(why) => assert!(why.len() > 10, "{path} needs a reason"),
        }
    }
    for (method, entry, _) in TABLE {
        let is_there = |row: lumidex::serve::RouteRow| {
            row.method == *method && is(entry, &format!("{}{}", row.prefix, row.path))
        };
        if !routes().any(is_there) {
            complaints.push(format!("{method} {entry} is no route"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_command_is_there_for_a_route_or_needs_none() {
    let named: BTreeSet<&str> = TABLE
        .iter()
        .filter_map(|(_, _, from)| match *from {
            Command(command) | Instead(command, _) => command.split(' ').next(),
            Nowhere(_) => None,
        })
        .chain(WITHOUT_ROUTE)
        .collect();
    assert_eq!(named, COMMANDS.into_iter().collect());
}
