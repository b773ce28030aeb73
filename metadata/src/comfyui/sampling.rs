//! The settings of one sampler: own inputs, or those of the nodes that feed a composed one.

use crate::comfyui::graph::{Graph, NodeAt};
use crate::comfyui::{pass, scalar};
use crate::normal;

/// What a pass was set to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) steps: Option<u32>,
    pub(super) seed: Option<String>,
    pub(super) cfg: Option<f64>,
    pub(super) sampler: Option<String>,
    pub(super) scheduler: Option<String>,
    pub(super) denoise: Option<f64>,
    pub(super) start_at: Option<u32>,
    /// Distilled guidance that the sampler itself takes.
    pub(super) guidance: Option<f64>,
}

/// The settings of a sampler or of another pass.
pub(super) fn of(graph: &Graph<'_>, at: NodeAt) -> Settings {
    graph.begin();
    let linked = |name: &str| graph.link(at, name).map(|(target, _)| target);
    let first = |at: Option<NodeAt>, names: &[&str]| at.and_then(|at| scalar::first(graph, at, names));
    let own = |names: &[&str]| first(Some(at), names);
    let guider = linked("guider")
        .and_then(|at| passed(graph, at, "guider", &["positive", "conditioning", "cond1", "cfg"]));
    let schedule = linked("sigmas").and_then(|at| passed(graph, at, "sigmas", &["steps", "scheduler"]));
    let noise = linked("noise").and_then(|at| passed(graph, at, "noise", &["noise_seed", "seed"]));
    let solver = linked("sampler").and_then(|at| passed(graph, at, "sampler", &["sampler_name"]));
    let bundled = if pass::has_bundle(graph, at) { loader(graph, at) } else { None };
    let seed = own(&["seed", "noise_seed", "seed_num", "base_seed"])
        .or_else(|| first(noise, &["noise_seed", "seed"]));
    let steps = own(&["steps", "base_steps", "total_steps", "num_inference_steps"]);
    let steps = steps.or_else(|| first(schedule, &["steps", "num_steps"]));
    let cfg = own(&["cfg", "cfg_scale", "guidance_scale", "true_gs", "cfg_scale_start"]);
    let cfg = cfg.or_else(|| first(guider, &["cfg", "cfg_conds", "cfg1", "cfg_scale"]));
    let cfg = cfg.and_then(|cfg| normal::number(&cfg));
    let is_unguided = || guider.is_some_and(|at| graph.is_kind(at, &["basicguider"]));
    let is_word = |word: &String| !crate::comfyui::strings::is_path(word);
    let name = own(&["sampler_name", "solver"]).or_else(|| first(solver, &["sampler_name", "sampler"]));
    let name =
        name.or_else(|| own_word(graph, at, "sampler")).or_else(|| class_of(graph, solver, "sampler_name"));
    let scheduler = own(&["scheduler", "scheduler_name", "sigma_schedule"]);
    let scheduler = scheduler.or_else(|| first(schedule, &["scheduler", "scheduler_name"]));
    let scheduler = scheduler.or_else(|| class_of(graph, schedule, "scheduler"));
    let denoise = own(&["denoise", "denoise_strength"]).or_else(|| first(schedule, &["denoise"]));
    Settings {
        steps: steps.and_then(|steps| normal::count(&steps)),
        seed: seed.or_else(|| first(bundled, &["seed"])).and_then(|seed| self::seed(&seed)),
        cfg: cfg.or_else(|| is_unguided().then_some(1.0)),
        sampler: name.filter(is_word).and_then(|name| normal::word(&name)),
        scheduler: scheduler.filter(is_word).and_then(|name| normal::word(&name)),
        denoise: denoise.and_then(|denoise| normal::number(&denoise)),
        start_at: scalar::count(graph, at, &["start_at_step", "start_step"]),
        guidance: scalar::number(graph, at, &["embedded_guidance_scale", "guidance"]),
    }
}

/// A seed as graphs hold it: also a float with an exponent.
fn seed(text: &str) -> Option<String> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    normal::seed(text).or_else(|| {
        let number = text.contains(['e', 'E']).then(|| normal::number(text)).flatten()?;
        (number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number)).then(|| format!("{number:.0}"))
    })
}

/// A sampler whose name is a word in the input that others link.
fn own_word(graph: &Graph<'_>, at: NodeAt, name: &str) -> Option<String> {
    graph.text(at, name).map(str::to_owned)
}

/// The first node upward through links of one name that has one of several inputs; the last one on
/// the way where none has.
fn passed(graph: &Graph<'_>, mut at: NodeAt, name: &str, wanted: &[&str]) -> Option<NodeAt> {
    const LINKS_MAX: u32 = 64;
    for _ in 0..LINKS_MAX {
        if graph.has_any(at, wanted) || !graph.step(at) {
            return Some(at);
        }
        let branch = match pass::chosen(graph, at) {
            Some(crate::comfyui::graph::Input::Link(target, _)) => Some(target),
            _ => None,
        };
        let plural =
            graph.links(at).find(|(known, _)| known.starts_with(name)).map(|(_, (target, _))| target);
        let next = branch.or_else(|| graph.link(at, name).map(|(target, _)| target));
        let only = || graph.only_link(at).map(|(target, _)| target).filter(|_| graph.inputs(at).count() == 1);
        let Some(next) = next.or(plural).or_else(only) else { return Some(at) };
        at = next;
    }
    None
}

/// The class of a node that stands for a name it does not hold.
fn class_of(graph: &Graph<'_>, at: Option<NodeAt>, name: &str) -> Option<String> {
    let at = at.filter(|at| !graph.has(*at, name))?;
    // What was not resolved up to a source is no name.
    let is_source =
        !graph.has_any(at, &["sigmas", "sampler"]) && !graph.is_kind(at, &["reroute", "switch", "manual"]);
    is_source.then(|| graph.class(at).to_owned())
}

/// The node at the top of a chain of bundles.
fn loader(graph: &Graph<'_>, at: NodeAt) -> Option<NodeAt> {
    const LINKS_MAX: u32 = 64;
    let mut at = at;
    for _ in 0..LINKS_MAX {
        if !graph.step(at) {
            return None;
        }
        match pass::bundle(graph, at) {
            Some((target, _)) => at = target,
            None => return Some(at),
        }
    }
    None
}
