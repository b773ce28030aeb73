//! What every route takes and gives, in the order of the table of routes.

use super::answers::{self, Gives};
use super::{Kind, Param, Shape};
use crate::serve::policy::At;
use crate::serve::routes::{
    chat, folders, geninfo, graph, listing, operations, organize, recipes, review, roots, search, system,
    tags, thumbs, topics, undo, zip,
};
use crate::serve::table::{Route, Verb};
use schemars::{JsonSchema, Schema, SchemaGenerator};

const fn param(name: &'static str, kind: Kind) -> Param {
    Param { name, kind }
}

const PATH: Param = param("path", Kind::Needed);
/// Only makes addresses differ.
const T: Param = param("t", Kind::Text);

fn read<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    // By value: names of types are ours, and not clients'.
    T::json_schema(schemas)
}

type Body = fn(&mut SchemaGenerator) -> Schema;

fn asked(says: &'static str, query: &'static [Param], gives: Gives) -> Option<Shape> {
    Some(Shape { says, query, body: None, gives })
}

fn told(says: &'static str, body: Body, gives: fn() -> serde_json::Value) -> Option<Shape> {
    Some(Shape { says, query: &[], body: Some(body), gives: Gives::Json(gives) })
}

/// Of a route; `None` when nobody wrote it down.
pub(super) fn shape(route: &Route) -> Option<Shape> {
    match (route.at, route.method) {
        (At::Root, _) => of_host(route.path),
        (At::Own, Verb::Get) => of_own(route.path),
        (At::Own, _) => of_own_deed(route.path),
        (At::Contract, Verb::Get) => of_contract(route.path),
        (At::Contract, Verb::Post) => of_deed(route.path).or_else(|| of_topic(route.path)),
        (At::Contract, Verb::Delete) => of_removal(route.path),
    }
}

fn of_host(path: &str) -> Option<Shape> {
    use Gives::{Bytes, Json, Page};
    match path {
        "/" | "/favicon.ico" => asked("Our own page", &[], Page),
        "/healthz" => asked("Whether the server is alive", &[], Json(answers::object)),
        "/readyz" => asked("Whether searches are answered, and why not", &[], Json(answers::object)),
        "/metrics" => asked("Counts of requests and of the library", &[], Bytes("text/plain")),
        "/events" => {
            let last = const { &[param("last_event_id", Kind::Text)] };
            asked("Changes as they happen, as server-sent events", last, Bytes("text/event-stream"))
        }
        "/openapi.json" => asked("This document", &[], Json(answers::object)),
        path if path.starts_with("/ui/") => asked("A file of our own page", &[], Page),
        _ => None,
    }
}

fn of_own(path: &str) -> Option<Shape> {
    use Gives::{Bytes, File, Json};
    match path {
        "/search" => {
            let query = const {
                &[
                    param("q", Kind::Text),
                    param("regex", Kind::Text),
                    param("path_only", Kind::Text),
                    param("media", Kind::Text),
                    param("folder", Kind::Text),
                    param("tag", Kind::Text),
                    param("any_tag", Kind::Text),
                    param("not_tag", Kind::Text),
                    param("sort", Kind::Text),
                    param("size", Kind::Count),
                    param("cursor", Kind::Text),
                ]
            };
            asked("Images that match a query", query, Json(answers::page))
        }
        "/image" => {
            let query = const { &[param("path", Kind::Text), param("id", Kind::Count)] };
            asked("Everything known of an image", query, Json(answers::object))
        }
        "/verify" => asked("Whether the data folder is as it should be", &[], Json(answers::object)),
        "/stats" => asked("What the library holds, and what room it takes", &[], Json(answers::object)),
        "/file" => asked("A file as it is", const { &[PATH, param("disposition", Kind::Text), T] }, File),
        "/status" => asked("How the library stands", &[], Json(answers::object)),
        "/review" => asked("Questions about identity that wait for a person", &[], Json(answers::object)),
        "/undo" => {
            let query = const { &[param("before", Kind::Count), param("max", Kind::Count)] };
            asked("What was done, newest first", query, Json(answers::object))
        }
        "/operations" => asked("Operations on files under way", &[], Json(answers::object)),
        "/workflow" => asked("The graphs that a file holds", &[PATH], Json(answers::object)),
        "/doctor" => asked(
            "How reading the files went",
            const { &[param("examples", Kind::Count)] },
            Json(answers::object),
        ),
        "/similar" => {
            let query = const {
                &[
                    PATH,
                    param("top_k", Kind::Count),
                    param("per_prompt", Kind::Count),
                    param("model", Kind::Text),
                ]
            };
            asked("Images whose prompts mean something similar", query, Json(answers::object))
        }
        "/backup" => {
            asked("A copy of everything that must not be lost", &[], Bytes("application/octet-stream"))
        }
        "/backup/paid" => {
            asked("A copy of what an upstream was paid for", &[], Bytes("application/octet-stream"))
        }
        _ => None,
    }
}

fn of_own_deed(path: &str) -> Option<Shape> {
    match path {
        "/review" => told("Answers a question about identity", read::<review::Answered>, answers::null),
        "/roots/accept_empty" => told("A folder is really empty", read::<roots::Named>, answers::null),
        "/undo" => told("Takes back what was done", read::<undo::Undoing>, answers::object),
        "/foresee" => told("What would become of files", read::<operations::Foreseeing>, answers::object),
        "/operations/stop" => told("Stops an operation on files", read::<undo::Undoing>, answers::null),
        "/trash/purge" => asked("Empties the trash for good", &[], Gives::Json(answers::object)),
        "/doctor/reparse" => asked("Reads every file again", &[], Gives::Json(answers::anything)),
        "/auto-tags/apply" => {
            asked("Puts the rules for tags to every image", &[], Gives::Json(answers::object))
        }
        "/topics/stop" => told("Stops a job that finds topics", read::<topics::Stopping>, answers::anything),
        "/text/revert" => told("Shows what the file says again", read::<recipes::Named>, answers::anything),
        _ => None,
    }
}

fn of_contract(path: &str) -> Option<Shape> {
    use Gives::{File, Json, Page, Picture};
    match path {
        "" => asked("The hosted front end, or the way to our own page", &[], Page),
        "/fe-static/{*file}" => {
            asked("A file of the hosted front end", const { &[param("file", Kind::Part)] }, Page)
        }
        "/files" => asked(
            "What a folder holds",
            const { &[param("folder_path", Kind::Needed)] },
            Json(answers::listing),
        ),
        "/gen_info_completed" => asked("Whether what was handed over is done", &[], Json(answers::anything)),
        "/file" => asked("A file as it is", const { &[PATH, param("disposition", Kind::Text), T] }, File),
        "/image-thumbnail" => {
            asked("A picture made small", const { &[PATH, param("size", Kind::Text), T] }, Picture)
        }
        "/video_cover" => asked("The cover of a film or sound", const { &[PATH, T] }, Picture),
        "/stream_video" => asked("A film, in the part that is asked for", &[PATH], File),
        "/img/{filename}" => {
            asked("An image by its name", const { &[param("filename", Kind::Part), PATH, T] }, File)
        }
        "/image_geninfo" => asked("The generation text of a file", &[PATH], Json(answers::text)),
        "/image_exif" => asked("The metadata of a picture, flat", &[PATH], Json(answers::texts)),
        "/db/basic_info" => asked("Counts and tags", &[], Json(answers::object)),
        "/db/expired_dirs" => asked("Folders that have to be walked", &[], Json(answers::object)),
        "/db/random_images" => asked("Images at random", &[], Json(answers::files)),
        "/db/stats/trend" => asked("Counts over time and the most used", &[], Json(answers::object)),
        "/db/img_selected_custom_tag" => asked("Custom tags of an image", &[PATH], Json(answers::tags)),
        "/db/cluster_iib_output_job_status" => asked(
            "How finding topics stands",
            const { &[param("job_id", Kind::Needed)] },
            Json(answers::object),
        ),
        "/db/organize_files_status" => {
            let query = const { &[param("job_id", Kind::Needed), param("samples", Kind::Count)] };
            asked("How organizing stands", query, Json(answers::object))
        }
        "/db/extra_paths" => asked("Folders that were added", &[], Json(answers::folders)),
        "/hello" => asked("Whether somebody is there", &[], Json(answers::text)),
        "/version" => asked("Which version it is", &[], Json(answers::object)),
        "/global_setting" => asked("What a page has to know", &[], Json(answers::object)),
        _ => None,
    }
}

fn of_deed(path: &str) -> Option<Shape> {
    match path {
        "/delete_files" => told("Puts files into the trash", read::<operations::Deletion>, answers::object),
        "/mkdirs" => told("Makes a folder", read::<operations::Folder>, answers::null),
        "/copy_files" => told("Copies files", read::<operations::Transfer>, answers::object),
        "/move_files" => told("Moves files", read::<operations::Transfer>, answers::object),
        "/db/rename" => told("Renames a file or folder", read::<operations::Renaming>, answers::object),
        "/flatten_folder" => {
            told("Moves files up into their folder", read::<operations::Flatten>, answers::object)
        }
        "/batch_get_files_info" => {
            told("Files by their paths", read::<listing::Paths>, answers::files_by_path)
        }
        "/check_path_exists" => told("Which paths are there", read::<listing::Paths>, answers::flags_by_path),
        "/zip" => Some(Shape {
            says: "Several files as one archive",
            query: &[],
            body: Some(read::<zip::Wish>),
            gives: Gives::File,
        }),
        "/batch_top_4_media_info" => {
            told("What stands for folders", read::<listing::Paths>, answers::covers_by_path)
        }
        "/send_img_path" => asked("Hands an image over", &[PATH], Gives::Json(answers::null)),
        "/set_target_frame_as_video_cover" => Some(Shape {
            says: "Chooses the cover of a film",
            query: &[],
            body: Some(read::<thumbs::Chosen>),
            gives: Gives::Picture,
        }),
        "/image_geninfo_batch" => told("Generation texts by paths", read::<geninfo::Paths>, answers::texts),
        "/update_exif" => told("Gives an image a text by hand", read::<recipes::Edit>, answers::anything),
        "/db/update_image_data" => asked("Brings the index up to date", &[], Gives::Json(answers::null)),
        "/db/rebuild_index" => asked("Computes all that is derived again", &[], Gives::Json(answers::null)),
        "/db/search_by_substr" => told("Images by a piece of text", read::<search::BySubstr>, answers::page),
        "/db/match_images_by_tags" => told("Images by tags", read::<search::ByTags>, answers::page),
        "/db/get_image_tags" => told("Custom tags by paths", read::<tags::Paths>, answers::tags_by_path),
        "/db/add_custom_tag" => told("Makes a custom tag", read::<tags::Name>, answers::tag),
        "/db/toggle_custom_tag_to_img" => {
            told("Puts a tag on or takes it off", read::<tags::Toggle>, answers::toggled)
        }
        "/db/batch_update_image_tag" => {
            told("The same for many images", read::<tags::Batch>, answers::anything)
        }
        "/db/remove_custom_tag" => told("Removes a custom tag", read::<tags::Removal>, answers::null),
        "/db/update_tag" => told("Gives a tag a colour", read::<tags::Colour>, answers::null),
        "/db/remove_custom_tag_from_img" => {
            told("Takes a tag off an image", read::<tags::TakeOff>, answers::null)
        }
        "/db/extra_paths" => told("Adds a folder", read::<folders::Entry>, answers::null),
        "/db/alias_extra_path" => told("Names a folder", read::<folders::Alias>, answers::anything),
        "/app_fe_setting" => told("Stores a setting of a client", read::<system::Setting>, answers::null),
        "/open_folder" => told("Shows a folder on the host", read::<system::Opening>, answers::null),
        "/open_with_default_app" => told("Opens media on the host", read::<system::Opening>, answers::null),
        "/shutdown" => asked("Stops the server", &[], Gives::Json(answers::null)),
        _ => None,
    }
}

fn of_topic(path: &str) -> Option<Shape> {
    match path {
        "/ai-chat" => Some(Shape {
            says: "Passes a chat on to the upstream",
            query: &[],
            body: Some(read::<chat::Wish>),
            gives: Gives::File,
        }),
        "/db/build_iib_output_embeddings" => told("Embeds prompts", read::<topics::Embed>, answers::object),
        "/db/cluster_iib_output_job_start" => {
            told("Begins to find topics", read::<topics::Cluster>, answers::object)
        }
        "/db/cluster_iib_output_cached" => {
            told("Topics found before", read::<topics::Cluster>, answers::object)
        }
        "/db/search_iib_output_by_prompt" => {
            told("Images by meaning", read::<topics::Meaning>, answers::object)
        }
        "/db/cluster_tag_graph" => {
            told("Topics and their tags as a graph", read::<graph::Wanted>, answers::object)
        }
        "/db/cluster_tag_graph_cluster_paths" => {
            told("Paths of a topic", read::<graph::Opened>, answers::object)
        }
        "/db/organize_files_start" => told("Begins to organize", read::<organize::Asked>, answers::object),
        "/db/organize_files_confirm" => {
            told("Does what was shown", read::<organize::Confirmed>, answers::object)
        }
        _ => None,
    }
}

fn of_removal(path: &str) -> Option<Shape> {
    match path {
        "/db/extra_paths" => told("Removes a folder", read::<folders::Entry>, answers::null),
        "/app_fe_setting" => told("Removes a setting of a client", read::<system::Name>, answers::null),
        _ => None,
    }
}
