//! What one batch was asked for: prompts, model, sampler and the rest of the settings.
//!
//! It knows no file format; `infotext` and `graph` write it down. Models and samplers belong to a
//! block (one sitting of one person), prompts to a batch.

use std::borrow::Cow;
use std::fmt::Write;

use super::dice::{Dice, Subject};
use super::vocabulary::{ENGLISH_OCTAVES, Language, OTHER_OCTAVES};

/// A low-rank adapter named in a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Lora {
    /// Name without extension.
    pub name: String,
    /// Weight in hundredths, so that it prints alike everywhere.
    pub weight_percent: u32,
    /// First twelve hex digits of its hash.
    pub hash: String,
}

/// What all images of a batch share.
#[derive(Clone, Debug)]
pub(crate) struct BatchRecipe {
    pub(crate) language: Language,
    pub(crate) positive: String,
    pub(crate) negative: String,
    pub(crate) loras: Vec<Lora>,
    pub(crate) steps: u32,
    pub(crate) sampler: &'static str,
    pub(crate) comfy_sampler: &'static str,
    pub(crate) scheduler: &'static str,
    pub(crate) cfg_tenths: u32,
    pub(crate) model: &'static str,
    pub(crate) model_hash: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) hires: bool,
    pub(crate) clip_skip: bool,
    pub(crate) states_batch: bool,
}

impl BatchRecipe {
    /// The recipe of `batch`, which lies in `block`. With `loras_in_prompt` the adapters are
    /// named in the positive prompt, as web UIs want it.
    pub(crate) fn throw(seed: u64, block: u64, batch: u64, loras_in_prompt: bool) -> Self {
        let mut sitting = Dice::of(seed, Subject::Block, block);
        let model_rank = sitting.zipf(5) % MODELS.len();
        let (sampler, comfy_sampler) = SAMPLERS[sitting.zipf(3)];
        let scheduler = SCHEDULERS[sitting.zipf(2)];
        let (width, height) = SIZES[sitting.index(SIZES.len())];
        let steps = 4 * sitting.between(3, 12) as u32;
        let cfg_tenths = 5 * sitting.between(2, 18) as u32;
        let hires = sitting.chance(20);
        let clip_skip = sitting.chance(30);
        let states_batch = sitting.chance(25);

        let mut dice = Dice::of(seed, Subject::Prompt, batch);
        let language = language(&mut dice);
        let loras = loras(&mut dice);
        let mut positive =
            if dice.chance(30) { prose(&mut dice, language) } else { tags(&mut dice, language) };
        if loras_in_prompt {
            for lora in &loras {
                let _ = write!(positive, ", <lora:{}:{}>", lora.name, decimal(lora.weight_percent, 2));
            }
        }
        let negative = if dice.chance(10) { String::new() } else { negative(&mut dice) };
        Self {
            language,
            positive,
            negative,
            loras,
            steps,
            sampler,
            comfy_sampler,
            scheduler,
            cfg_tenths,
            model: MODELS[model_rank],
            model_hash: hex(seed ^ model_rank as u64, 10),
            width,
            height,
            hires,
            clip_skip,
            states_batch,
        }
    }
}

/// `value` in units of `10^-places`, as short as it prints: `750` at 2 places is `7.5`.
pub(crate) fn decimal(value: u32, places: u32) -> String {
    let unit = 10_u32.pow(places);
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = format!("{rest:0width$}", width = places as usize);
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// `digits` hex digits that belong to `number`.
pub(crate) fn hex(number: u64, digits: usize) -> String {
    let bits = Dice::of(number, Subject::Block, u64::MAX).bits();
    format!("{bits:016x}")[..digits].to_owned()
}

fn language(dice: &mut Dice) -> Language {
    match dice.below(100) {
        0..72 => Language::English,
        72..82 => Language::Chinese,
        82..90 => Language::Japanese,
        90..95 => Language::German,
        _ => Language::Russian,
    }
}

fn tag(dice: &mut Dice, language: Language) -> Cow<'static, str> {
    // People everywhere mix English quality words into their own language.
    if language == Language::English || dice.chance(25) {
        Language::English.tag(dice.zipf(ENGLISH_OCTAVES))
    } else {
        language.tag(dice.zipf(OTHER_OCTAVES))
    }
}

/// Distinct tags, some with a weight, sometimes on several lines or in two parts.
fn tags(dice: &mut Dice, language: Language) -> String {
    let wanted = dice.between(16, 58) as usize;
    let break_at = if dice.chance(6) { dice.index(wanted) } else { 0 };
    let line_at = if dice.chance(20) { dice.index(wanted) } else { 0 };
    let mut seen: Vec<Cow<'static, str>> = Vec::with_capacity(wanted);
    let mut text = String::with_capacity(wanted * 16);
    for nth in 0..wanted {
        let tag = tag(dice, language);
        let style = dice.below(100);
        if seen.contains(&tag) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(match nth {
                _ if nth == break_at => " BREAK ",
                _ if nth == line_at => ",\n",
                _ => ", ",
            });
        }
        match style {
            0..8 => {
                let weight = decimal(10 + 1 + dice.below(5) as u32, 1);
                let _ = write!(text, "({tag}:{weight})");
            }
            8..12 => {
                let _ = write!(text, "({tag})");
            }
            12..14 => {
                let _ = write!(text, "[{tag}]");
            }
            _ => text.push_str(&tag),
        }
        seen.push(tag);
    }
    text
}

/// Sentences, as newer models want them.
fn prose(dice: &mut Dice, language: Language) -> String {
    let patterns: &[&str] = match language {
        Language::English => &ENGLISH_SENTENCES,
        Language::Chinese => &CHINESE_SENTENCES,
        Language::Japanese => &JAPANESE_SENTENCES,
        Language::German => &GERMAN_SENTENCES,
        Language::Russian => &RUSSIAN_SENTENCES,
    };
    let octaves = if language == Language::English { ENGLISH_OCTAVES } else { OTHER_OCTAVES };
    let mut text = String::with_capacity(600);
    for nth in 0..dice.between(3, 9) {
        let between = language_space(language);
        if nth > 0 {
            text.push_str(between);
        }
        for (part_nth, part) in dice.pick(patterns).split('*').enumerate() {
            if part_nth > 0 {
                text.push_str(&language.tag(dice.zipf(octaves)));
            }
            text.push_str(part);
        }
    }
    text
}

fn language_space(language: Language) -> &'static str {
    match language {
        Language::Chinese | Language::Japanese => "",
        Language::English | Language::German | Language::Russian => " ",
    }
}

fn negative(dice: &mut Dice) -> String {
    let wanted = dice.between(4, 26) as usize;
    let mut seen = [false; NEGATIVES.len()];
    let mut text = String::with_capacity(wanted * 14);
    for _ in 0..wanted {
        let rank = dice.zipf(6) % NEGATIVES.len();
        if std::mem::replace(&mut seen[rank], true) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        if dice.chance(5) {
            let _ = write!(text, "({}:1.{})", NEGATIVES[rank], dice.between(1, 4));
        } else {
            text.push_str(NEGATIVES[rank]);
        }
    }
    text
}

fn loras(dice: &mut Dice) -> Vec<Lora> {
    let mut loras: Vec<Lora> = Vec::new();
    for _ in 0..[0, 0, 0, 1, 1, 2, 3][dice.index(7)] {
        let rank = dice.zipf(9);
        let weight_percent = 5 * dice.between(4, 24) as u32;
        let subject = LORA_SUBJECTS[rank % LORA_SUBJECTS.len()];
        let kind = LORA_KINDS[rank / LORA_SUBJECTS.len() % LORA_KINDS.len()];
        let name = format!("{subject}{kind}_v{}", 1 + rank % 4);
        if loras.iter().all(|lora| lora.name != name) {
            let hash = hex(rank as u64 ^ 0x10_0000, 12);
            loras.push(Lora { name, weight_percent, hash });
        }
    }
    loras
}

#[rustfmt::skip]
const MODELS: [&str; 31] = [
    "dawnMix_v40", "paperLantern_xl", "kestrelReal_v6", "moonbirchAnime_v11", "tinMix_v3", "aspenDiffusion_v2", "glassRiver_xl10",
    "northlight_v51", "inkwellXL_v8", "cedarPhoto_fp16", "velvetNoise_v3", "harborFlux_dev", "silverfinch_v7", "driftwood_b2",
    "quietStorm_v12", "maplePony_v6", "orchardXL_turbo", "lumenPastel_v2", "graniteReal_v9", "foxfireMix_v5", "saltAndLight_v1",
    "opaline_v4", "ravenInk_xl", "brassGear_v3", "meadowVAE-baked_v2", "auroraSD_15", "nightmarket_v33", "plumBlossom_v10",
    "coralBay_xl", "emberglow_v21", "windmillDreams_v1",
];

/// As web UIs call them, and as ComfyUI does.
const SAMPLERS: [(&str, &str); 7] = [
    ("Euler a", "euler_ancestral"),
    ("DPM++ 2M", "dpmpp_2m"),
    ("DPM++ SDE", "dpmpp_sde"),
    ("Euler", "euler"),
    ("DDIM", "ddim"),
    ("UniPC", "uni_pc"),
    ("DPM++ 2M SDE", "dpmpp_2m_sde"),
];

const SCHEDULERS: [&str; 3] = ["Karras", "Exponential", "SGM Uniform"];

/// Multiples of 64.
const SIZES: [(u32, u32); 10] = [
    (512, 512),
    (512, 768),
    (768, 512),
    (640, 960),
    (1024, 1024),
    (832, 1216),
    (1216, 832),
    (896, 1152),
    (1344, 768),
    (768, 1344),
];

#[rustfmt::skip]
const NEGATIVES: [&str; 46] = [
    "lowres", "bad anatomy", "worst quality", "bad hands", "low quality", "blurry", "watermark", "text", "signature", "extra digits",
    "missing fingers", "jpeg artifacts", "cropped", "deformed", "ugly", "username", "error", "mutated hands", "extra limbs",
    "poorly drawn face", "disfigured", "out of frame", "duplicate", "bad proportions", "long neck", "fused fingers", "grainy",
    "oversaturated", "overexposed", "underexposed", "monochrome", "greyscale", "3d render", "cartoon", "sketch", "logo", "frame",
    "border", "cloned face", "malformed limbs", "missing arms", "extra legs", "bad_hands_v4", "soft_negative_v2", "noise",
    "out of focus",
];

#[rustfmt::skip]
const LORA_SUBJECTS: [&str; 34] = [
    "rust", "detail", "lantern", "origami", "watercolor", "noir", "glow", "ukiyo", "knit", "clay", "film", "pixel", "fresco",
    "stained-glass", "botanic", "gothic", "retro", "vapor", "sumi", "charcoal", "porcelain", "mech", "fairy", "storybook", "comic",
    "neon", "pastel", "lineart", "impasto", "mosaic", "felt", "marble", "paper", "chrome",
];
const LORA_KINDS: [&str; 15] = [
    "Style", "Slider", "_lora", "XL", "-concept", "Light", "Mood", "World", "Outfit", "Pose", "Hands",
    "Eyes", "Tweaker", "FX", "Mix",
];

// Each star is a tag.
const ENGLISH_SENTENCES: [&str; 8] = [
    "A wide view of * with * in the distance.",
    "The scene shows *, surrounded by * and *.",
    "In the foreground there is *, lit by *.",
    "Behind it one can make out * under *.",
    "The mood recalls *, with hints of * and *.",
    "Rendered with great care, it combines * and *; the viewer's eye is drawn to *.",
    "Someone has left * next to * \u{2014} nobody knows why.",
    "Shot at f/1.8, 85mm: *, *, and a touch of *.",
];
const CHINESE_SENTENCES: [&str; 5] = [
    "画面中央是*，背景是*。",
    "一位旅人站在*旁边，手里拿着*。",
    "光线照在*上，显得十分美丽。",
    "远处可以看到*和*，气氛宁静。",
    "风格细腻，色彩柔和，突出*与*。",
];
const JAPANESE_SENTENCES: [&str; 5] = [
    "*と*が描かれている。",
    "手前には*があり、奥には*が見える。",
    "柔らかな光が*を照らしている。",
    "*の隣に立つ人物、背景は*。",
    "全体に*の雰囲気が漂う。",
];
const GERMAN_SENTENCES: [&str; 5] = [
    "Im Vordergrund stehen *, dahinter *.",
    "Das Licht fällt auf * und *.",
    "Man sieht *, umgeben von *.",
    "Über allem liegt eine ruhige Stimmung; * spiegeln sich im Wasser.",
    "Ein Gemälde, das * und * zeigt, fein ausgearbeitet.",
];
const RUSSIAN_SENTENCES: [&str; 5] = [
    "На переднем плане *, а вдали видны *.",
    "Мягкий свет падает на *.",
    "Здесь изображены * и *.",
    "Вокруг *, воздух прозрачен и тих.",
    "Подробная иллюстрация: * среди *.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_print_as_generators_print_them() {
        assert_eq!(decimal(70, 1), "7");
        assert_eq!(decimal(65, 1), "6.5");
        assert_eq!(decimal(105, 2), "1.05");
        assert_eq!(decimal(80, 2), "0.8");
    }

    #[test]
    fn every_language_is_written() {
        let mut seen = std::collections::HashMap::new();
        for batch in 0..500 {
            *seen.entry(BatchRecipe::throw(3, 0, batch, true).language).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 5, "{seen:?}");
    }
}
