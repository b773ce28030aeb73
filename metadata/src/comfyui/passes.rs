//! What came after the base pass: enlarged and sampled again, refined by another model, details
//! painted over, or enlarged when finished. Each is a setting under the name the web UI has for it.

use crate::comfyui::graph::{Graph, NodeAt};
use crate::comfyui::route::{self, Route};
use crate::comfyui::sampling::{self, Settings};
use crate::comfyui::text::{self, Prompts};
use crate::comfyui::{model, scalar};
use crate::normal;
use lumidex_schema::recipe::Recipe;

/// How a picture was enlarged.
#[derive(Debug, Default, PartialEq)]
struct Enlarged {
    by: Option<f64>,
    to: Option<(u32, u32)>,
    upscaler: Option<String>,
}

impl Enlarged {
    fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

/// The base pass, which later ones are compared with.
pub(super) struct Base<'r> {
    pub(super) settings: &'r Settings,
    pub(super) model: Option<&'r str>,
    pub(super) prompts: &'r Prompts,
}

/// Adds what a route says of later passes.
pub(super) fn add(graph: &Graph<'_>, route: &Route, base: &Base<'_>, recipe: &mut Recipe) {
    const PASSES_MAX: usize = 8;
    let mut found = Found { recipe, has_hires: false, has_refiner: false, has_details: false };
    if let Some(denoise) = base.settings.denoise.filter(|denoise| *denoise < 1.0) {
        found.put("Denoising strength", Some(denoise.to_string()));
    }
    graph.begin();
    let mut behind = route::way(graph, route.base, false);
    for at in route.later.iter().copied().take(PASSES_MAX) {
        graph.begin();
        let way = route::way(graph, at, false);
        let between: Vec<_> = way.iter().copied().filter(|node| !behind.contains(node)).collect();
        let settings = sampling::of(graph, at);
        if graph.has_any(at, &["bbox_detector", "segs", "detailer_pipe"]) || graph.is_kind(at, &["detailer"])
        {
            found.details(graph, at, &settings);
        } else {
            found.pass(graph, at, &between, &settings, base);
        }
        behind = way;
    }
    graph.begin();
    if let Some((script, _)) = graph.link(route.base, "script") {
        found.script(graph, script);
    }
    let after = enlarged(graph, &route.last_leg, route.later.is_empty());
    if after.upscaler.is_some() || after.by.is_some() {
        found.put("Postprocess upscaler", after.upscaler);
        found.put("Postprocess upscale by", after.by.map(|by| by.to_string()));
    }
}

/// How a picture without any sampler was enlarged.
pub(super) fn upscaled_only(graph: &Graph<'_>, way: &[NodeAt], recipe: &mut Recipe) {
    let after = enlarged(graph, way, true);
    let mut found = Found { recipe, has_hires: false, has_refiner: false, has_details: false };
    found.put("Postprocess upscaler", after.upscaler);
    found.put("Postprocess upscale by", after.by.map(|by| by.to_string()));
}

struct Found<'r> {
    recipe: &'r mut Recipe,
    has_hires: bool,
    has_refiner: bool,
    has_details: bool,
}

impl Found<'_> {
    fn put(&mut self, key: &str, value: Option<String>) {
        super::put(self.recipe, key, value);
    }

    /// A sampler behind the base one.
    fn pass(
        &mut self,
        graph: &Graph<'_>,
        at: NodeAt,
        between: &[NodeAt],
        settings: &Settings,
        base: &Base<'_>,
    ) {
        let enlarged = enlarged(graph, between, true);
        let is_partial = settings.denoise.is_some_and(|denoise| denoise < 1.0);
        let own_model = model::of(graph, at).model.filter(|model| Some(model.as_str()) != base.model);
        let starts_late = settings.start_at.is_some_and(|start| start > 0);
        if (enlarged.is_any() || is_partial && !starts_late && own_model.is_none()) && !self.has_hires {
            self.has_hires = true;
            self.hires(graph, at, &enlarged, settings, base);
            self.put("Hires checkpoint", own_model);
        } else if (starts_late || own_model.is_some()) && !self.has_refiner {
            self.has_refiner = true;
            self.put("Refiner", own_model);
            let whole = settings.steps.or(base.settings.steps).filter(|steps| *steps > 0);
            if let (Some(start), Some(steps)) = (settings.start_at.filter(|_| starts_late), whole) {
                self.put("Refiner switch at", Some((f64::from(start) / f64::from(steps)).to_string()));
                self.put(
                    "Refiner steps",
                    steps.checked_sub(start).filter(|left| *left > 0).map(|left| left.to_string()),
                );
            } else {
                self.put("Refiner steps", settings.steps.map(|steps| steps.to_string()));
            }
        }
    }

    fn hires(
        &mut self,
        graph: &Graph<'_>,
        at: NodeAt,
        enlarged: &Enlarged,
        settings: &Settings,
        base: &Base<'_>,
    ) {
        self.put("Hires upscale", enlarged.by.map(|by| by.to_string()));
        self.put("Hires resize", enlarged.to.map(|(width, height)| format!("{width}x{height}")));
        self.put("Hires upscaler", enlarged.upscaler.clone());
        self.put("Hires steps", settings.steps.map(|steps| steps.to_string()));
        self.put("Denoising strength", settings.denoise.map(|denoise| denoise.to_string()));
        self.put("Hires CFG Scale", settings.cfg.map(|cfg| cfg.to_string()));
        let other = |own: &Option<String>, of_base: &Option<String>| own.clone().filter(|_| own != of_base);
        self.put("Hires sampler", other(&settings.sampler, &base.settings.sampler));
        self.put("Hires schedule type", other(&settings.scheduler, &base.settings.scheduler));
        let prompts = text::prompts(graph, at);
        let differs =
            |own: String, of_base: &String| Some(own).filter(|own| own != of_base && !own.is_empty());
        self.put("Hires prompt", differs(prompts.positive, &base.prompts.positive));
        self.put("Hires negative prompt", differs(prompts.negative, &base.prompts.negative));
    }

    /// A second pass that the sampler itself makes, as a script beside it says.
    fn script(&mut self, graph: &Graph<'_>, mut at: NodeAt) {
        while graph.step(at) && !graph.has(at, "hires_steps") {
            let Some((next, _)) = graph.link(at, "script") else { return };
            at = next;
        }
        if !graph.has(at, "hires_steps") || std::mem::replace(&mut self.has_hires, true) {
            return;
        }
        let is_pixel = scalar::first(graph, at, &["upscale_type"]).as_deref() == Some("pixel");
        let upscaler = if is_pixel { "pixel_upscaler" } else { "latent_upscaler" };
        let number = |names: &[&str]| scalar::number(graph, at, names).map(|number| number.to_string());
        self.put("Hires upscale", number(&["upscale_by"]));
        self.put(
            "Hires upscaler",
            scalar::first(graph, at, &[upscaler]).and_then(|name| normal::model(&name)),
        );
        self.put("Hires steps", number(&["hires_steps"]));
        self.put("Denoising strength", number(&["denoise"]));
    }

    /// A pass over what a detector found.
    fn details(&mut self, graph: &Graph<'_>, at: NodeAt, settings: &Settings) {
        if std::mem::replace(&mut self.has_details, true) {
            return;
        }
        let links = ["bbox_detector", "segm_detector_opt"];
        let (mut from, mut detector) = (Some(at), None);
        while detector.is_none()
            && let Some(at) = from
            && graph.step(at)
        {
            detector = graph.first_link(at, &links).map(|(target, _)| target);
            from = graph.first_link(at, &["detailer_pipe", "segs"]).map(|(target, _)| target);
        }
        let name = detector.and_then(|at| scalar::first(graph, at, &["model_name"]));
        self.put("Detailer model", name.and_then(|name| normal::model(&name)));
        self.put("Detailer steps", settings.steps.map(|steps| steps.to_string()));
        self.put("Detailer denoising strength", settings.denoise.map(|denoise| denoise.to_string()));
    }
}

/// How a picture was enlarged on its way through some nodes. Where only enlarging by a model or by a
/// factor counts, a resize alone is none.
fn enlarged(graph: &Graph<'_>, nodes: &[NodeAt], with_resize: bool) -> Enlarged {
    const FACTORS: [&str; 10] = [
        "upscale_by",
        "scale_by",
        "rescale_factor",
        "scale_factor",
        "upscale_factor",
        "scale",
        "upscale",
        "factor",
        "resize_scale",
        "multiplier",
    ];
    const METHODS: [&str; 6] =
        ["upscale_method", "rescale_method", "scale_method", "resampling_method", "interpolation", "method"];
    let mut found = Enlarged::default();
    let mut method = None;
    for at in nodes.iter().copied() {
        if !graph.step(at) || !(graph.is_kind(at, &["scale", "resize"]) || graph.has(at, "upscale_model")) {
            continue;
        }
        let linked = graph.link(at, "upscale_model").map(|(target, _)| target);
        let name = linked.and_then(|at| scalar::first(graph, at, &["model_name", "upscale_model", "name"]));
        let own = || scalar::first(graph, at, &["upscale_model", "upscaler", "upscaler_name"]);
        let of_kind = || {
            if graph.is_kind(at, &["upscale"]) && graph.has(at, "image") {
                scalar::first(graph, at, &["model_name"])
            } else {
                None
            }
        };
        let name = name.or_else(own).or_else(of_kind).and_then(|name| normal::model(&name));
        found.upscaler = found.upscaler.or(name);
        found.by = found.by.or_else(|| scalar::number(graph, at, &FACTORS).filter(|by| *by > 0.0));
        if with_resize && found.to.is_none() && found.by.is_none() {
            let side =
                |name: &str| scalar::count(graph, at, &[name]).filter(|side| (1..=65_535).contains(side));
            found.to = side("width").zip(side("height"));
        }
        if method.is_none() {
            method = scalar::first(graph, at, &METHODS).map(|method| {
                if graph.is_kind(at, &["latent"]) { format!("Latent ({method})") } else { method }
            });
        }
    }
    if found.is_any() {
        found.upscaler = found.upscaler.or(method);
    }
    if found.upscaler.is_some() && found.by.is_some() && found.to.is_some() {
        found.to = None;
    }
    found
}
