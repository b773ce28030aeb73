//! The kinds of files a library holds, how common each is, and what each calls its files.

use super::dice::Dice;
use super::recipe::BatchRecipe;
use super::timeline::{Date, Place};

/// A kind of file: container and the way its writer states how the picture was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "kebab-case")]
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
}

impl Dialect {
    /// Every dialect, commonest first.
    pub const ALL: [Self; 9] = [
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

    /// How many of a hundred blocks are of this dialect when all are wanted.
    const fn share(self) -> u64 {
        match self {
            Self::A1111Png => 34,
            Self::ComfyUiPng => 22,
            Self::ForgePng => 16,
            Self::A1111Jpeg => 8,
            Self::A1111Webp | Self::NovelAiPng => 6,
            Self::Sidecar | Self::Plain => 3,
            Self::Caption => 2,
        }
    }

    /// One of `wanted`, which must not be empty, by their shares.
    pub(super) fn throw(wanted: &[Self], dice: &mut Dice) -> Self {
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
    pub(super) const fn loras_in_prompt(self) -> bool {
        match self {
            Self::A1111Png | Self::ForgePng | Self::A1111Jpeg | Self::A1111Webp | Self::Sidecar => true,
            Self::ComfyUiPng | Self::NovelAiPng | Self::Caption | Self::Plain => false,
        }
    }

    /// The folder of an image, relative to the library, and its name.
    pub(super) fn location(self, place: &Place, recipe: &BatchRecipe, seed: u64) -> (String, String) {
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
