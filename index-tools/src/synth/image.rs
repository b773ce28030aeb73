//! One image of a synthetic library: where it lies, what its bytes are, what they say.

use super::container::{Picture, Png, PngText, jpeg, user_comment, webp};
use super::dialect::Dialect;
use super::dice::{Dice, Subject, scatter32};
use super::graph::{self, api_graph, comfy_scheduler, novelai_comment, novelai_sampler, novelai_time};
use super::infotext::infotext;
use super::recipe::{BatchRecipe, Lora};
use super::timeline::Place;
use super::vocabulary::Language;

/// What a reader should find in an image and beside it. Texts are empty, and options `None`, when
/// the files do not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// Positive prompt; web UIs name adapters in it.
    pub positive: String,
    /// Negative prompt.
    pub negative: String,
    /// Sampling steps.
    pub steps: Option<u32>,
    /// Sampler in the writer's words.
    pub sampler: Option<String>,
    /// Scheduler in the writer's words.
    pub scheduler: Option<String>,
    /// Guidance.
    pub cfg: Option<f64>,
    /// Seed.
    pub seed: Option<u64>,
    /// Width asked for, in pixels.
    pub width: Option<u32>,
    /// Height asked for, in pixels.
    pub height: Option<u32>,
    /// Model without extension.
    pub model: Option<String>,
    /// Model hash, lower case.
    pub model_hash: Option<String>,
    /// Adapters in order.
    pub loras: Vec<Lora>,
    /// The whole web UI text, when the image or its sidecar has one.
    pub infotext: Option<String>,
    /// The bare caption, when the sidecar holds one.
    pub caption: Option<String>,
    /// Width of the file's pixels, far smaller than `width`.
    pub pixel_width: u32,
    /// Height of the file's pixels.
    pub pixel_height: u32,
}

/// One image of a synthetic library.
pub struct SynthImage {
    /// Its place in the library.
    pub index: u32,
    /// What kind of file it is.
    pub dialect: Dialect,
    /// The language of its prompt.
    pub language: Language,
    /// The index of the first image of its batch; images of a batch share all but their seed.
    pub batch: u32,
    /// Folder relative to the library, parts separated by `/`.
    pub folder: String,
    /// File name, unique in its folder.
    pub name: String,
    /// Modification time, nanoseconds since 1970 UTC.
    pub modified_ns: i64,
    /// What a reader should find.
    pub expected: Expected,
    library_seed: u64,
    image_seed: u64,
    block: u64,
    recipe: BatchRecipe,
}

impl SynthImage {
    pub(super) fn throw(library_seed: u64, wanted: &[Dialect], index: u32, place: &Place) -> Self {
        let mut sitting = Dice::of(library_seed, Subject::Image, place.block);
        let dialect = Dialect::throw(wanted, &mut sitting);
        let recipe = BatchRecipe::throw(library_seed, place.block, place.batch, dialect.loras_in_prompt());
        let image_seed = image_seed(dialect, library_seed, index, place);
        let (folder, name) = dialect.location(place, &recipe, image_seed);
        let (pixel_width, pixel_height) = pixel_size(dialect, &recipe);
        let mut expected = expected(dialect, &recipe, place, image_seed);
        expected.pixel_width = pixel_width;
        expected.pixel_height = pixel_height;
        Self {
            index,
            dialect,
            language: recipe.language,
            batch: place.batch as u32,
            folder,
            name,
            modified_ns: place.modified_ns,
            expected,
            library_seed,
            image_seed,
            block: place.block,
            recipe,
        }
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut dice = Dice::of(self.library_seed, Subject::Pixels, u64::from(self.index));
        let picture = Picture::paint(self.expected.pixel_width, self.expected.pixel_height, &mut dice);
        let text = self.expected.infotext.as_deref().unwrap_or_default();
        match self.dialect {
            Dialect::A1111Png => Png::new(&picture).text(self.parameters(text)).bytes(),
            Dialect::ForgePng => Png::new(&picture).text(PngText::Plain("parameters", text)).bytes(),
            Dialect::A1111Jpeg => jpeg(&picture, Some(&user_comment(text))),
            Dialect::A1111Webp => webp(&picture, Some(&user_comment(text))),
            Dialect::ComfyUiPng => {
                let prefix = self.name.split("_0").next().unwrap_or("ComfyUI");
                let prompt = api_graph(&self.recipe, self.image_seed, prefix);
                let workflow = graph::workflow(&self.recipe, self.image_seed);
                Png::new(&picture)
                    .text(PngText::Plain("prompt", &prompt))
                    .text(PngText::Plain("workflow", &workflow))
                    .bytes()
            }
            Dialect::NovelAiPng => {
                let comment = novelai_comment(&self.recipe, self.image_seed);
                let source = format!("{NOVELAI_MODEL} {NOVELAI_HASH}");
                Png::new(&picture)
                    .text(PngText::Plain("Title", "NovelAI generated image"))
                    .text(PngText::Plain("Description", &self.recipe.positive))
                    .text(PngText::Plain("Software", "NovelAI"))
                    .text(PngText::Plain("Source", &source))
                    .text(PngText::Plain("Generation time", &novelai_time(&self.recipe)))
                    .text(PngText::Plain("Comment", &comment))
                    .bytes()
            }
            Dialect::Sidecar | Dialect::Caption | Dialect::Plain => Png::new(&picture).bytes(),
        }
    }

    /// Text of the file beside it, whose name is the image's with the extension `txt`.
    #[must_use]
    pub fn sidecar(&self) -> Option<String> {
        match self.dialect {
            Dialect::Sidecar => self.expected.infotext.clone(),
            Dialect::Caption => self.expected.caption.clone(),
            Dialect::A1111Png
            | Dialect::ForgePng
            | Dialect::A1111Jpeg
            | Dialect::A1111Webp
            | Dialect::ComfyUiPng
            | Dialect::NovelAiPng
            | Dialect::Plain => None,
        }
    }

    /// A few sittings were saved again by a program that moves or compresses texts.
    fn parameters<'a>(&self, text: &'a str) -> PngText<'a> {
        match Dice::of(self.library_seed, Subject::Image, !self.block).below(25) {
            0 => PngText::Compressed("parameters", text),
            1 => PngText::Behind("parameters", text),
            _ => PngText::Plain("parameters", text),
        }
    }
}

const NOVELAI_MODEL: &str = "Stable Diffusion XL";
const NOVELAI_HASH: &str = "7BCCAA2C";

/// Web UIs count up within a batch; others throw anew.
fn image_seed(dialect: Dialect, library_seed: u64, index: u32, place: &Place) -> u64 {
    match dialect {
        Dialect::ComfyUiPng => {
            // Fifteen digits, within what a double holds exactly.
            100_000_000_000_000 + u64::from(scatter32(index, library_seed)) * 229_001
        }
        Dialect::NovelAiPng => u64::from(scatter32(index, library_seed)),
        Dialect::A1111Png
        | Dialect::ForgePng
        | Dialect::A1111Jpeg
        | Dialect::A1111Webp
        | Dialect::Sidecar
        | Dialect::Caption
        | Dialect::Plain => {
            u64::from(scatter32(place.batch as u32, library_seed)) + u64::from(place.batch_position)
        }
    }
}

/// A sixty-fourth of the size asked for; a thirty-second, in whole blocks, for JPEG.
fn pixel_size(dialect: Dialect, recipe: &BatchRecipe) -> (u32, u32) {
    match dialect {
        Dialect::A1111Jpeg => {
            ((recipe.width / 32).next_multiple_of(8), (recipe.height / 32).next_multiple_of(8))
        }
        _ => (recipe.width / 64, recipe.height / 64),
    }
}

fn expected(dialect: Dialect, recipe: &BatchRecipe, place: &Place, seed: u64) -> Expected {
    match dialect {
        Dialect::Plain => return Expected::default(),
        Dialect::Caption => {
            let caption = caption(&recipe.positive);
            return Expected { caption: Some(caption), ..Expected::default() };
        }
        _ => {}
    }
    let infotext = match dialect {
        Dialect::ComfyUiPng | Dialect::NovelAiPng => None,
        _ => Some(infotext(dialect, recipe, place, seed)),
    };
    let (sampler, scheduler) = match dialect {
        Dialect::ComfyUiPng => (recipe.comfy_sampler.to_owned(), comfy_scheduler(recipe)),
        Dialect::NovelAiPng => (novelai_sampler(recipe), comfy_scheduler(recipe)),
        _ => (recipe.sampler.to_owned(), recipe.scheduler),
    };
    let (model, model_hash) = match dialect {
        Dialect::ComfyUiPng => (recipe.model, None),
        Dialect::NovelAiPng => (NOVELAI_MODEL, Some(NOVELAI_HASH.to_lowercase())),
        _ => (recipe.model, Some(recipe.model_hash.clone())),
    };
    Expected {
        positive: recipe.positive.clone(),
        negative: recipe.negative.clone(),
        steps: Some(recipe.steps),
        sampler: Some(sampler),
        scheduler: Some(scheduler.to_owned()),
        cfg: Some(f64::from(recipe.cfg_tenths) / 10.0),
        seed: Some(seed),
        width: Some(recipe.width),
        height: Some(recipe.height),
        model: Some(model.to_owned()),
        model_hash,
        loras: if dialect == Dialect::NovelAiPng { Vec::new() } else { recipe.loras.clone() },
        infotext,
        caption: None,
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// A prompt as training sets caption it: one line, no weights.
fn caption(prompt: &str) -> String {
    let prompt = prompt.replace('\n', " ").replace(" BREAK ", ", ");
    let plain = |part: &str| {
        let part = part.trim_matches(['(', ')', '[', ']', ' ']);
        part.split_once(':').map_or(part, |(before, _)| before).to_owned()
    };
    prompt.split(',').map(plain).collect::<Vec<_>>().join(", ")
}
