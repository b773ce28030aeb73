//! The kinds of files a library holds, how common each is, and what each calls its files.

use std::str::FromStr;

use super::dice::Dice;
use super::file::Container;
use super::recipe::BatchRecipe;
use super::timeline::{Date, Place};
use super::writers::{Writer, writers};

/// A kind of file: container and the way its writer states how the picture was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// AUTOMATIC1111: PNG, infotext in `parameters`.
    A1111Png,
    /// Forge: the same with its own version mark.
    ForgePng,
    /// AUTOMATIC1111: JPEG, infotext as UTF-16BE in the EXIF user comment.
    A1111Jpeg,
    /// AUTOMATIC1111: lossless WebP, infotext as in JPEG.
    A1111Webp,
    /// ComfyUI: PNG, graphs in `prompt` and `workflow`.
    ComfyUiPng,
    /// NovelAI: PNG, JSON in `Comment`.
    NovelAiPng,
    /// PNG without text, infotext in a `.txt` file beside it.
    Sidecar,
    /// PNG without text, a bare caption in a `.txt` file beside it, as in training sets.
    Caption,
    /// PNG without any text.
    Plain,
    /// One program's files of one kind, by its number among all of them.
    Written(u16),
}

/// Every program with every kind of file it writes.
fn pairs() -> impl Iterator<Item = (&'static Writer, Container)> {
    writers().flat_map(|writer| writer.containers.iter().map(move |container| (writer, *container)))
}

impl Dialect {
    /// The commonest, in their order: what a library holds when nothing else is asked for.
    pub const COMMON: [Self; 9] = [
        Self::A1111Png,
        Self::ComfyUiPng,
        Self::ForgePng,
        Self::A1111Jpeg,
        Self::A1111Webp,
        Self::NovelAiPng,
        Self::Sidecar,
        Self::Plain,
        Self::Caption,
    ];

    /// Every dialect, commonest first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let written = (0..pairs().count()).map(|nth| Self::Written(nth as u16));
        Self::COMMON.into_iter().chain(written).collect()
    }

    /// As the command line calls it: `comfy-ui-png`, `swarmui-webp`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::A1111Png => "a1111-png".to_owned(),
            Self::ForgePng => "forge-png".to_owned(),
            Self::A1111Jpeg => "a1111-jpeg".to_owned(),
            Self::A1111Webp => "a1111-webp".to_owned(),
            Self::ComfyUiPng => "comfy-ui-png".to_owned(),
            Self::NovelAiPng => "novel-ai-png".to_owned(),
            Self::Sidecar => "sidecar".to_owned(),
            Self::Caption => "caption".to_owned(),
            Self::Plain => "plain".to_owned(),
            Self::Written(_) => match self.writer() {
                Some((writer, container)) => format!("{}.{}", writer.name, container.word()),
                None => String::new(),
            },
        }
    }

    /// The program and the kind of file, unless it is one of the commonest, which are written apart.
    #[must_use]
    pub fn writer(self) -> Option<(&'static Writer, Container)> {
        match self {
            Self::Written(nth) => pairs().nth(nth.into()),
            _ => None,
        }
    }

    /// How many of a hundred blocks are of this dialect when the commonest are wanted; of the others there
    /// are about as many together.
    const fn share(self) -> u64 {
        match self {
            Self::A1111Png => 34,
            Self::ComfyUiPng => 22,
            Self::ForgePng => 16,
            Self::A1111Jpeg => 8,
            Self::A1111Webp | Self::NovelAiPng => 6,
            Self::Sidecar | Self::Plain => 3,
            Self::Caption => 2,
            Self::Written(_) => 1,
        }
    }

    /// One of `wanted`, which must not be empty, by their shares.
    pub(crate) fn throw(wanted: &[Self], dice: &mut Dice) -> Self {
        let mut left = dice.below(wanted.iter().map(|dialect| dialect.share()).sum());
        for dialect in wanted {
            match left.checked_sub(dialect.share()) {
                Some(rest) => left = rest,
                None => return *dialect,
            }
        }
        wanted[0]
    }

    /// Whether the writer names adapters in the prompt.
    pub(crate) const fn loras_in_prompt(self) -> bool {
        match self {
            Self::A1111Png | Self::ForgePng | Self::A1111Jpeg | Self::A1111Webp | Self::Sidecar => true,
            Self::ComfyUiPng | Self::NovelAiPng | Self::Caption | Self::Plain | Self::Written(_) => false,
        }
    }

    /// The folder of an image, relative to the library, and its name.
    pub(crate) fn location(self, place: &Place, recipe: &BatchRecipe, seed: u64) -> (String, String) {
        let Date { year, month, day } = place.date;
        let date = format!("{year}-{month:02}-{day:02}");
        let number = place.of_day;
        let tab = if place.block % 5 == 4 { "img2img-images" } else { "txt2img-images" };
        match self {
            Self::A1111Png => {
                (format!("stable-diffusion-webui/outputs/{tab}/{date}"), format!("{number:05}-{seed}.png"))
            }
            Self::ForgePng => (format!("forge/outputs/{tab}/{date}"), format!("{number:05}-{seed}.png")),
            Self::A1111Jpeg => (format!("archive/{year}/jpeg/{date}"), format!("{number:05}-{seed}.jpg")),
            Self::A1111Webp => (
                format!("archive/{year}/webp/{date}"),
                format!("{date}_{number:05}_{}.webp", recipe.model.to_lowercase()),
            ),
            Self::ComfyUiPng => (
                format!("ComfyUI/output/{year}-{month:02}/{date}"),
                format!("{}_{number:05}_.png", COMFY_PREFIXES[place.block as usize % COMFY_PREFIXES.len()]),
            ),
            Self::NovelAiPng => {
                (format!("novelai/{date}"), format!("{} s-{seed}.png", title(&recipe.positive)))
            }
            Self::Sidecar => (format!("api/{year}/{date}"), format!("{date}-{number:06}.png")),
            Self::Caption => (format!("datasets/{date} concept"), format!("image ({number}).png")),
            Self::Plain => {
                (format!("unsorted/{year}"), format!("IMG_{year}{month:02}{day:02}_{number:06}.png"))
            }
            Self::Written(_) => {
                let Some((writer, container)) = self.writer() else { return (date, number.to_string()) };
                let filled = |form: &str| {
                    let form = form.replace("%d", &date).replace("%s", &seed.to_string());
                    form.replace("%n", &format!("{number:05}"))
                };
                (filled(writer.folder), format!("{}.{}", filled(writer.file_name), container.extension()))
            }
        }
    }
}

const COMFY_PREFIXES: [&str; 4] = ["ComfyUI", "ComfyUI", "flux-dev", "upscaled"];

/// The start of a prompt as a browser names a download: no character a file system refuses, at
/// most 40 characters.
fn title(prompt: &str) -> String {
    let kept: String =
        prompt.chars().filter(|c| !matches!(c, '/' | '\\' | ':' | '<' | '>' | '"' | '\n')).take(40).collect();
    kept.trim().to_owned()
}

/// Dialects by a word: `common`, `all`, one of the commonest (`a1111-png`), a program (`swarmui`), or one kind
/// of its files (`swarmui.webp`).
///
/// ```
/// use lumidex_synth::{Dialect, Dialects};
///
/// let common: Dialects = "common".parse().unwrap();
/// assert_eq!(common.0, Dialect::COMMON);
/// assert!("swarmui".parse::<Dialects>().unwrap().0.len() > 1);
/// assert!("paint".parse::<Dialects>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialects(pub Vec<Dialect>);

/// A word that names no dialect.
#[derive(Debug, thiserror::Error)]
#[error("there is no dialect `{0}`; `common` and `all` name several")]
pub struct UnknownDialect(String);

impl FromStr for Dialects {
    type Err = UnknownDialect;

    fn from_str(word: &str) -> Result<Self, UnknownDialect> {
        let is_meant = |dialect: &Dialect| {
            let name = dialect.name();
            name == word || name.split_once('.').is_some_and(|(program, _)| program == word)
        };
        let found: Vec<_> = match word {
            "common" => Dialect::COMMON.to_vec(),
            _ => Dialect::all().into_iter().filter(|dialect| word == "all" || is_meant(dialect)).collect(),
        };
        if found.is_empty() { Err(UnknownDialect(word.to_owned())) } else { Ok(Self(found)) }
    }
}
