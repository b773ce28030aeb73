//! Every route there is, with its policy. The router is built from this table and from nothing
//! else, so a route without a policy cannot exist.

use super::answer::Outcome;
use super::policy::{At, Paths, Policy};
use super::routes::{
    chat, events, folders, front, geninfo, graph, handover, listing, media, operations, organize, own, page,
    recipes, review, roots, search, status, system, tags, thumbs, topics, undo, zip,
};
use super::server::Call;

/// A route.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Verb,
    pub(crate) at: At,
    /// Below its prefix.
    pub(crate) path: &'static str,
    pub(crate) policy: Policy,
    pub(crate) work: Work,
}

/// The method of a route. `Get` answers `HEAD` as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Delete,
}

/// A handler, and where it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// On the async thread: touches neither store nor disk.
    Inline(fn(&Call<'_>) -> Outcome),
    /// Asks the library; bounded by the number of processors.
    Engine(fn(&Call<'_>) -> Outcome),
    /// Opens files; bounded apart from the engine, so that slow disks do not hold up searches.
    Files(fn(&Call<'_>) -> Outcome),
    /// May take minutes; has no time limit.
    Long(fn(&Call<'_>) -> Outcome),
}

use At::{Contract, Own, Root};
use Verb::{Delete, Get, Post};
use Work::{Engine, Files, Inline, Long};

const READ_PATHS: Policy = Policy::READ.with_paths(Paths::Read);
const LIST_PATHS: Policy = Policy::READ.with_paths(Paths::List);
/// Answers with what files hold, and may leave an archive of them on the server.
const TAKE_PATHS: Policy = Policy { reads: true, ..Policy::WRITE }.with_paths(Paths::Read);
/// Names an image and gets nothing of it.
const HAND_OVER: Policy = Policy::KNOWN.with_paths(Paths::Read);
const WRITE_PATHS: Policy = Policy::WRITE.with_paths(Paths::Write);
/// Says what would become of files, and so what is on the disk. Changes nothing, so a read-only server answers too, but
/// says it only of files that could be changed.
const FORESEE: Policy = Policy::READ.with_paths(Paths::Write);
/// Shows what folders hold, and may have an upstream paid for it.
const BUY: Policy = Policy { reads: true, ..Policy::WRITE }.with_paths(Paths::Read).costing();
/// Opens something of the host in a program of the host: reads the path, changes the screen.
const LAUNCH: Policy = Policy::WRITE.with_paths(Paths::Read).launching();

/// Every route.
pub(crate) static ROUTES: [Route; 109] = [
    // The page, and what runs a server.
    route(Get, Root, "/", Policy::OPEN, Inline(page::index)),
    route(Get, Root, "/ui/app.js", Policy::OPEN, Inline(page::app)),
    route(Get, Root, "/ui/ask.js", Policy::OPEN, Inline(page::ask)),
    route(Get, Root, "/ui/deeds.js", Policy::OPEN, Inline(page::deeds)),
    route(Get, Root, "/ui/detail.js", Policy::OPEN, Inline(page::detail)),
    route(Get, Root, "/ui/doctor.js", Policy::OPEN, Inline(page::doctor)),
    route(Get, Root, "/ui/grid.js", Policy::OPEN, Inline(page::grid)),
    route(Get, Root, "/ui/key.js", Policy::OPEN, Inline(page::key)),
    route(Get, Root, "/ui/live.js", Policy::OPEN, Inline(page::live)),
    route(Get, Root, "/ui/organize.js", Policy::OPEN, Inline(page::organize)),
    route(Get, Root, "/ui/review.js", Policy::OPEN, Inline(page::review)),
    route(Get, Root, "/ui/status.js", Policy::OPEN, Inline(page::status)),
    route(Get, Root, "/ui/topics.js", Policy::OPEN, Inline(page::topics)),
    route(Get, Root, "/ui/app.css", Policy::OPEN, Inline(page::style)),
    route(Get, Root, "/ui/icon.svg", Policy::OPEN, Inline(page::icon)),
    // Browsers ask for it unasked.
    route(Get, Root, "/favicon.ico", Policy::OPEN, Inline(page::icon)),
    route(Get, Root, "/healthz", Policy::OPEN, Inline(system::healthz)),
    route(Get, Root, "/readyz", Policy::KNOWN, Engine(status::readyz)),
    route(Get, Root, "/metrics", Policy::KNOWN, Engine(system::metrics)),
    route(Get, Root, "/events", Policy::READ, Inline(events::events)),
    route(Get, Root, "/openapi.json", Policy::KNOWN, Inline(system::openapi)),
    // What the contract does not know.
    route(Get, Own, "/search", READ_PATHS, Engine(own::search)),
    route(Get, Own, "/image", READ_PATHS, Files(own::image)),
    route(Get, Own, "/file", READ_PATHS, Files(media::file)),
    route(Get, Own, "/status", Policy::READ, Engine(status::status)),
    route(Get, Own, "/review", READ_PATHS, Engine(review::list)),
    route(Post, Own, "/review", WRITE_PATHS, Engine(review::settle)),
    route(Post, Own, "/roots/accept_empty", WRITE_PATHS, Long(roots::accept_empty)),
    route(Get, Own, "/undo", READ_PATHS, Engine(undo::list)),
    route(Post, Own, "/undo", WRITE_PATHS, Long(undo::undo)),
    route(Post, Own, "/foresee", FORESEE, Long(operations::foresee)),
    route(Get, Own, "/operations", Policy::READ, Engine(undo::running)),
    route(Post, Own, "/operations/stop", Policy::WRITE, Engine(undo::stop)),
    route(Post, Own, "/trash/purge", Policy::WRITE, Long(undo::purge)),
    route(Get, Own, "/workflow", READ_PATHS, Files(recipes::workflow)),
    route(Get, Own, "/doctor", Policy::READ, Engine(recipes::doctor)),
    route(Post, Own, "/doctor/reparse", Policy::WRITE, Engine(recipes::reparse)),
    route(Post, Own, "/auto-tags/apply", Policy::WRITE, Long(recipes::apply_rules)),
    route(Get, Own, "/similar", READ_PATHS, Long(topics::similar)),
    route(Post, Own, "/topics/stop", Policy::WRITE, Engine(topics::stop)),
    route(Post, Own, "/text/revert", WRITE_PATHS, Engine(recipes::revert)),
    route(Get, Own, "/backup", Policy::OWNER, Long(own::backup)),
    route(Get, Own, "/backup/paid", Policy::OWNER, Long(own::backup_paid)),
    route(Get, Own, "/verify", Policy::OWNER, Long(own::verify)),
    route(Get, Own, "/stats", Policy::OWNER, Long(own::stats)),
    // The contract, section by section.
    route(Get, Contract, "", Policy::OPEN, Files(front::page)),
    route(Get, Contract, "/fe-static/{*file}", Policy::OPEN, Files(front::file)),
    route(Post, Contract, "/delete_files", WRITE_PATHS, Long(operations::delete)),
    route(Post, Contract, "/mkdirs", WRITE_PATHS, Long(operations::mkdirs)),
    route(Post, Contract, "/copy_files", WRITE_PATHS, Long(operations::copy)),
    route(Post, Contract, "/move_files", WRITE_PATHS, Long(operations::shift)),
    route(Post, Contract, "/db/rename", WRITE_PATHS, Long(operations::rename)),
    route(Post, Contract, "/flatten_folder", WRITE_PATHS, Long(operations::flatten)),
    route(Get, Contract, "/files", LIST_PATHS, Files(listing::files)),
    route(Post, Contract, "/batch_get_files_info", LIST_PATHS, Files(listing::batch)),
    route(Post, Contract, "/check_path_exists", LIST_PATHS, Files(listing::exists)),
    route(Post, Contract, "/zip", TAKE_PATHS, Long(zip::zip)),
    route(Post, Contract, "/batch_top_4_media_info", READ_PATHS, Engine(listing::covers)),
    route(Post, Contract, "/send_img_path", HAND_OVER, Engine(handover::send_img_path)),
    route(Get, Contract, "/gen_info_completed", Policy::KNOWN, Inline(handover::gen_info_completed)),
    route(Get, Contract, "/file", READ_PATHS, Files(media::file)),
    route(Get, Contract, "/image-thumbnail", READ_PATHS, Files(thumbs::thumbnail)),
    route(Get, Contract, "/video_cover", READ_PATHS, Files(thumbs::cover)),
    route(Post, Contract, "/set_target_frame_as_video_cover", WRITE_PATHS, Files(thumbs::choose_cover)),
    route(Get, Contract, "/stream_video", READ_PATHS, Files(media::stream_video)),
    route(Get, Contract, "/img/{filename}", READ_PATHS, Files(media::img)),
    route(Get, Contract, "/image_geninfo", READ_PATHS, Files(geninfo::one)),
    route(Post, Contract, "/image_geninfo_batch", READ_PATHS, Files(geninfo::batch)),
    route(Post, Contract, "/update_exif", WRITE_PATHS, Engine(recipes::update_exif)),
    route(Get, Contract, "/image_exif", READ_PATHS, Files(geninfo::exif)),
    route(Get, Contract, "/db/basic_info", Policy::READ, Engine(search::basic_info)),
    route(Get, Contract, "/db/expired_dirs", Policy::READ, Engine(search::expired_dirs)),
    route(Get, Contract, "/db/random_images", READ_PATHS, Engine(search::random_images)),
    route(Post, Contract, "/db/update_image_data", Policy::KNOWN, Long(search::update)),
    route(Post, Contract, "/db/rebuild_index", Policy::WRITE, Long(search::rebuild)),
    route(Post, Contract, "/db/search_by_substr", READ_PATHS, Engine(search::by_substr)),
    route(Post, Contract, "/db/match_images_by_tags", READ_PATHS, Engine(search::by_tags)),
    route(Get, Contract, "/db/stats/trend", Policy::READ, Engine(search::trend)),
    route(Get, Contract, "/db/img_selected_custom_tag", READ_PATHS, Engine(tags::of_image)),
    route(Post, Contract, "/db/get_image_tags", READ_PATHS, Engine(tags::of_images)),
    route(Post, Contract, "/db/add_custom_tag", Policy::WRITE, Engine(tags::add)),
    route(Post, Contract, "/db/toggle_custom_tag_to_img", WRITE_PATHS, Engine(tags::toggle)),
    route(Post, Contract, "/db/batch_update_image_tag", WRITE_PATHS, Engine(tags::batch)),
    route(Post, Contract, "/db/remove_custom_tag", Policy::WRITE, Engine(tags::remove)),
    route(Post, Contract, "/db/update_tag", Policy::WRITE, Engine(tags::update)),
    route(Post, Contract, "/db/remove_custom_tag_from_img", Policy::WRITE, Engine(tags::take_off)),
    route(Post, Contract, "/ai-chat", Policy::WRITE.costing(), Long(chat::ai_chat)),
    route(Post, Contract, "/db/build_iib_output_embeddings", BUY, Long(topics::embed)),
    route(Post, Contract, "/db/cluster_iib_output_job_start", BUY, Engine(topics::start)),
    route(Get, Contract, "/db/cluster_iib_output_job_status", Policy::READ, Engine(topics::status)),
    route(Post, Contract, "/db/cluster_iib_output_cached", READ_PATHS, Long(topics::cached)),
    route(Post, Contract, "/db/search_iib_output_by_prompt", BUY, Long(topics::by_meaning)),
    route(Post, Contract, "/db/cluster_tag_graph", READ_PATHS, Long(graph::graph)),
    route(Post, Contract, "/db/cluster_tag_graph_cluster_paths", READ_PATHS, Engine(graph::paths)),
    route(Post, Contract, "/db/organize_files_start", WRITE_PATHS, Files(organize::start)),
    route(Get, Contract, "/db/organize_files_status", Policy::READ, Engine(organize::status)),
    route(Post, Contract, "/db/organize_files_confirm", WRITE_PATHS, Engine(organize::confirm)),
    route(Get, Contract, "/db/extra_paths", Policy::READ, Engine(folders::list)),
    route(Post, Contract, "/db/extra_paths", WRITE_PATHS, Engine(folders::add)),
    route(Delete, Contract, "/db/extra_paths", WRITE_PATHS, Engine(folders::remove)),
    route(Post, Contract, "/db/alias_extra_path", WRITE_PATHS, Engine(folders::alias)),
    route(Get, Contract, "/hello", Policy::OPEN, Inline(system::hello)),
    route(Get, Contract, "/version", Policy::KNOWN, Inline(system::version)),
    route(Get, Contract, "/global_setting", Policy::KNOWN, Engine(system::global_setting)),
    route(Post, Contract, "/app_fe_setting", Policy::WRITE, Engine(system::put_setting)),
    route(Delete, Contract, "/app_fe_setting", Policy::WRITE, Engine(system::remove_setting)),
    route(Post, Contract, "/open_folder", LAUNCH, Files(system::open_folder)),
    route(Post, Contract, "/open_with_default_app", LAUNCH, Files(system::open_with_default_app)),
    route(Post, Contract, "/shutdown", Policy::KNOWN, Inline(system::shutdown)),
];

/// A route as documents and tests list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRow {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// `{B}`, `/api/v1` or nothing for the host root.
    pub prefix: &'static str,
    /// Below the prefix.
    pub path: &'static str,
    /// Needs the secret when one is configured.
    pub auth: bool,
    /// For the owner of the data folder alone, who needs no secret and is not refused reading.
    pub owner: bool,
    /// Refused where reading is not allowed.
    pub reads: bool,
    /// Refused where writing is not allowed.
    pub writes: bool,
    /// Takes paths, or answers with files, all of them checked.
    pub paths: bool,
    /// What for: `read`, `write`, or `list`, which may be above a root as well; nothing where it takes none.
    pub checked_for: &'static str,
    /// May cost money upstream.
    pub upstream: bool,
    /// Starts a program on the host.
    pub launches: bool,
}

/// Every route there is.
pub fn routes() -> impl Iterator<Item = RouteRow> {
    ROUTES.iter().map(|route| {
        let Route { method, at, path, policy, work: _ } = route;
        let Policy { auth, owner, reads, writes, paths, upstream, launches } = *policy;
        let checked_for = match paths {
            Paths::None => "",
            Paths::Read => "read",
            Paths::Write => "write",
            Paths::List => "list",
        };
        let paths = paths != Paths::None;
        RouteRow {
            method: method.word(),
            prefix: at.word(),
            path,
            auth,
            owner,
            reads,
            writes,
            paths,
            checked_for,
            upstream,
            launches,
        }
    })
}

const fn route(method: Verb, at: At, path: &'static str, policy: Policy, work: Work) -> Route {
    Route { method, at, path, policy, work }
}

impl Verb {
    /// As it stands in a request.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}
