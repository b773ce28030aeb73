//! One image of a synthetic library: where it lies, what its bytes are, what they say.

use super::container::{Picture, Png, comment_block, jpeg_of, webp_of};
use super::dialect::Dialect;
use super::dice::{Dice, Subject, scatter32};
use super::file::Container;
use super::graph::{self, api_graph, comfy_scheduler, novelai_comment, novelai_sampler, novelai_time};
use super::infotext::infotext;
use super::intended::{Adapter, Field, Intended};
use super::recipe::{BatchRecipe, Lora};
use super::timeline::Place;
use super::vocabulary::Language;
use super::writers::Written;

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
    /// Width of the file's pixels, far smaller than `width`; 0 where the file has no picture to show, or one
    /// made as large as its text.
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
    /// What a program is told, where the dialect is one of those.
    wanted: Option<Intended>,
}

/// An image as it is written.
pub(crate) struct Files {
    pub(crate) bytes: Vec<u8>,
    /// Name and bytes of each file beside it.
    pub(crate) beside: Vec<(String, Vec<u8>)>,
    /// Whether the log of the folder tells of it.
    pub(crate) is_logged: bool,
}

impl SynthImage {
    pub(crate) fn throw(library_seed: u64, wanted: &[Dialect], index: u32, place: &Place) -> Self {
        let mut sitting = Dice::of(library_seed, Subject::Image, place.block);
        let dialect = Dialect::throw(wanted, &mut sitting);
        let recipe = BatchRecipe::throw(library_seed, place.block, place.batch, dialect.loras_in_prompt());
        let image_seed = image_seed(dialect, library_seed, index, place);
        let (folder, name) = dialect.location(place, &recipe, image_seed);
        let (pixel_width, pixel_height) = pixel_size(dialect, &recipe);
        let wanted = dialect.writer().map(|(writer, _)| {
            let mut sitting = Dice::of(library_seed, Subject::Storage, place.block);
            Intended::of(&recipe, image_seed, writer.of_comfy, &mut sitting)
        });
        let mut expected = match (dialect.writer(), &wanted) {
            (Some((writer, _)), Some(wanted)) => said(writer.says, &writer.intended(wanted)),
            _ => expected(dialect, &recipe, place, image_seed),
        };
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
            wanted,
        }
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut dice = self.dice();
        if let Some(written) = self.written(&mut dice) {
            return written.bytes;
        }
        let picture = Picture::paint(self.expected.pixel_width, self.expected.pixel_height, &mut dice);
        let text = self.expected.infotext.as_deref().unwrap_or_default();
        let png = || Png::new(picture.width, picture.height);
        match self.dialect {
            Dialect::A1111Png => self.saved_again(&picture, text),
            Dialect::ForgePng => png().pillow("parameters", text).pixels(&picture).end(),
            Dialect::A1111Jpeg => {
                jpeg_of(&picture, &[(0xe1, &[b"Exif\0\0", &comment_block(text)[..]].concat())])
            }
            Dialect::A1111Webp => webp_of(&picture, &[(b"EXIF", &comment_block(text))]),
            Dialect::ComfyUiPng => {
                let prefix = self.name.split("_0").next().unwrap_or("ComfyUI");
                let prompt = api_graph(&self.recipe, self.image_seed, prefix);
                let workflow = graph::workflow(&self.recipe, self.image_seed);
                png().pillow("prompt", &prompt).pillow("workflow", &workflow).pixels(&picture).end()
            }
            Dialect::NovelAiPng => png()
                .pillow("Title", "NovelAI generated image")
                .pillow("Description", &self.recipe.positive)
                .pillow("Software", "NovelAI")
                .pillow("Source", &format!("{NOVELAI_MODEL} {NOVELAI_HASH}"))
                .pillow("Generation time", &novelai_time(&self.recipe))
                .pillow("Comment", &novelai_comment(&self.recipe, self.image_seed))
                .pixels(&picture)
                .end(),
            Dialect::Sidecar | Dialect::Caption | Dialect::Plain | Dialect::Written(_) => {
                png().pixels(&picture).end()
            }
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
            | Dialect::Written(_)
            | Dialect::Plain => None,
        }
    }

    /// Files beside it: name and bytes.
    #[must_use]
    pub fn beside(&self) -> Vec<(String, Vec<u8>)> {
        self.files().beside
    }

    /// The file, and those beside it.
    pub(crate) fn files(&self) -> Files {
        let stem = self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem);
        let named = |(end, bytes): (&str, Vec<u8>)| (format!("{stem}.{end}"), bytes);
        match self.written(&mut self.dice()) {
            Some(Written { bytes, beside, is_logged }) => {
                Files { bytes, beside: beside.into_iter().map(named).collect(), is_logged }
            }
            None => {
                let text = self.sidecar().map(|text| ("txt", text.into_bytes()));
                Files { bytes: self.bytes(), beside: text.into_iter().map(named).collect(), is_logged: false }
            }
        }
    }

    /// What the log of its folder says of it, where it says nothing itself.
    #[must_use]
    pub fn logged(&self) -> Option<Intended> {
        let (writer, container) = self.dialect.writer()?;
        let intended = writer.intended(self.wanted.as_ref()?);
        (writer.write)(&intended, container, &mut self.dice()).is_logged.then_some(intended)
    }

    /// The word of the source that a reader should name; `None` when it should find no recipe.
    #[must_use]
    pub fn source(&self) -> Option<&'static str> {
        match self.dialect {
            Dialect::A1111Png | Dialect::A1111Jpeg | Dialect::A1111Webp | Dialect::Sidecar => Some("a1111"),
            Dialect::ForgePng => Some("forge"),
            Dialect::ComfyUiPng => Some("comfyui"),
            Dialect::NovelAiPng => Some("novelai"),
            Dialect::Caption | Dialect::Plain => None,
            Dialect::Written(_) => self.dialect.writer().and_then(|(writer, _)| writer.source),
        }
    }

    fn dice(&self) -> Dice {
        Dice::of(self.library_seed, Subject::Pixels, u64::from(self.index))
    }

    fn written(&self, dice: &mut Dice) -> Option<Written> {
        let (writer, container) = self.dialect.writer()?;
        let side = |side: u32| (side / 32).next_multiple_of(8);
        let picture = Picture::paint(side(self.recipe.width), side(self.recipe.height), dice);
        Some(writer.file_of(container, &picture, self.wanted.as_ref()?, dice))
    }

    /// A few sittings were saved again by a program that moves or compresses texts.
    fn saved_again(&self, picture: &Picture, text: &str) -> Vec<u8> {
        let png = Png::new(picture.width, picture.height);
        match Dice::of(self.library_seed, Subject::Image, !self.block).below(25) {
            0 => png.itxt_compressed("parameters", text).pixels(picture),
            1 => png.pixels(picture).packed("parameters", text),
            _ => png.pillow("parameters", text).pixels(picture),
        }
        .end()
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
        Dialect::NovelAiPng | Dialect::Written(_) => u64::from(scatter32(index, library_seed)),
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
        Dialect::Written(_) => {
            let is_shown = dialect.writer().is_some_and(|(writer, container)| {
                let kinds = [
                    Container::Png,
                    Container::Jpeg,
                    Container::Webp,
                    Container::Gif,
                    Container::Tiff,
                    Container::Bmp,
                ];
                kinds.contains(&container) && !writer.name.ends_with("-hidden")
            });
            let side = |side: u32| if is_shown { (side / 32).next_multiple_of(8) } else { 0 };
            (side(recipe.width), side(recipe.height))
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

/// What of an intention a file says.
fn said(says: &[Field], intended: &Intended) -> Expected {
    let has = |field: Field| says.contains(&field);
    let text = |field: Field, text: &String| has(field).then(|| text.clone());
    let adapter = |lora: &Adapter| Lora {
        name: lora.name.clone(),
        weight_percent: (lora.weight * 100.0).round() as u32,
        hash: lora.hash.clone(),
    };
    Expected {
        positive: text(Field::Positive, &intended.positive).unwrap_or_default(),
        negative: text(Field::Negative, &intended.negative).unwrap_or_default(),
        steps: has(Field::Steps).then_some(intended.steps),
        sampler: text(Field::Sampler, &intended.sampler),
        scheduler: text(Field::Scheduler, &intended.scheduler),
        cfg: has(Field::Cfg).then_some(intended.cfg),
        seed: has(Field::Seed).then_some(intended.seed),
        width: has(Field::Size).then_some(intended.width),
        height: has(Field::Size).then_some(intended.height),
        model: text(Field::Model, &intended.model),
        model_hash: text(Field::ModelHash, &intended.model_hash),
        loras: if has(Field::Loras) { intended.loras.iter().map(adapter).collect() } else { Vec::new() },
        caption: text(Field::Description, &intended.positive),
        ..Expected::default()
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
