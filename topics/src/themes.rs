//! A library as a person might have it: pictures of a dozen subjects in plain words, as tags or as sentences, with
//! styles and light that any subject may have, and some that are of nothing in particular. A pure function of a seed.

use crate::planted::Library;
use crate::vector::SplitMix;

/// A subject: what it is called, how prompts name it, and what is seen of it.
pub struct Theme {
    /// For people who read what was found.
    pub name: &'static str,
    named: &'static [&'static str],
    seen: &'static [&'static str],
}

/// Every subject.
pub const THEMES: [Theme; 12] = [
    Theme {
        name: "foxes in winter",
        named: &["red fox", "fox", "arctic fox"],
        seen: &[
            "snow",
            "birch forest",
            "frozen lake",
            "paw prints",
            "bushy tail",
            "frost",
            "pine trees",
            "winter",
            "den",
        ],
    },
    Theme {
        name: "lighthouses",
        named: &["lighthouse", "old lighthouse"],
        seen: &[
            "cliff",
            "stormy sea",
            "crashing waves",
            "seagulls",
            "rocky coast",
            "beam of light",
            "fog",
            "harbour",
        ],
    },
    Theme {
        name: "cities of the future",
        named: &["cyberpunk city", "futuristic street"],
        seen: &[
            "neon signs",
            "flying cars",
            "rain",
            "holograms",
            "skyscrapers",
            "street food stall",
            "reflections",
            "crowd",
            "cables",
        ],
    },
    Theme {
        name: "knights",
        named: &["knight", "knight in armor"],
        seen: &[
            "plate armor",
            "longsword",
            "shield",
            "castle",
            "banner",
            "battlefield",
            "war horse",
            "helmet",
            "chainmail",
        ],
    },
    Theme {
        name: "cakes",
        named: &["chocolate cake", "strawberry cake", "layer cake"],
        seen: &[
            "whipped cream",
            "berries",
            "powdered sugar",
            "plate",
            "fork",
            "frosting",
            "bakery",
            "mint leaf",
            "caramel",
        ],
    },
    Theme {
        name: "spaceships",
        named: &["spaceship", "space station"],
        seen: &[
            "nebula",
            "planet rings",
            "asteroids",
            "engine glow",
            "stars",
            "docking bay",
            "astronaut",
            "solar panels",
        ],
    },
    Theme {
        name: "gardens in bloom",
        named: &["flower garden", "rose garden"],
        seen: &[
            "roses",
            "lavender",
            "bees",
            "stone path",
            "greenhouse",
            "tulips",
            "watering can",
            "butterflies",
            "ivy",
        ],
    },
    Theme {
        name: "portraits of old people",
        named: &["old man", "old woman"],
        seen: &[
            "wrinkles",
            "grey beard",
            "wise eyes",
            "knitted scarf",
            "glasses",
            "weathered skin",
            "smile",
            "woolen hat",
        ],
    },
    Theme {
        name: "dragons",
        named: &["dragon", "fire-breathing dragon"],
        seen: &["scales", "wings", "treasure hoard", "cave", "flames", "claws", "volcano", "horns", "smoke"],
    },
    Theme {
        name: "mountain lakes",
        named: &["mountain lake", "alpine valley"],
        seen: &[
            "snowy peaks",
            "wooden cabin",
            "mirror reflection",
            "meadow",
            "hiking trail",
            "waterfall",
            "larch trees",
            "canoe",
        ],
    },
    Theme {
        name: "racing cars",
        named: &["sports car", "racing car"],
        seen: &[
            "race track",
            "motion blur",
            "carbon fiber",
            "burning tires",
            "pit lane",
            "spoiler",
            "asphalt",
            "headlights",
        ],
    },
    Theme {
        name: "cats at home",
        named: &["tabby cat", "sleeping cat", "kitten"],
        seen: &[
            "windowsill",
            "blanket",
            "whiskers",
            "yarn ball",
            "sofa",
            "sunbeam",
            "fluffy fur",
            "bookshelf",
            "teacup",
        ],
    },
];

/// What any subject may have.
const LIGHT: [&str; 10] = [
    "golden hour",
    "moonlight",
    "soft light",
    "dramatic lighting",
    "backlit",
    "overcast sky",
    "candlelight",
    "sunset",
    "night",
    "volumetric light",
];
const STYLE: [&str; 10] = [
    "oil painting",
    "watercolor",
    "photograph",
    "35mm film",
    "concept art",
    "pencil sketch",
    "digital painting",
    "studio photo",
    "anime style",
    "low poly",
];
const QUALITY: [&str; 8] = [
    "masterpiece",
    "best quality",
    "highly detailed",
    "8k",
    "sharp focus",
    "(intricate details:1.2)",
    "<lora:add_detail:0.6>",
    "absurdres",
];
/// Of nothing in particular.
const STRAY: [&str; 24] = [
    "umbrella",
    "chess board",
    "violin",
    "abstract shapes",
    "broken clock",
    "paper boat",
    "spiral staircase",
    "mask",
    "keyhole",
    "marbles",
    "origami",
    "telescope",
    "anchor",
    "typewriter",
    "compass",
    "hot air balloon",
    "mushroom",
    "glass bottle",
    "windmill",
    "puppet",
    "sundial",
    "ferris wheel",
    "feather",
    "tin robot",
];

/// So many distinct prompts; a topic is an index into [`THEMES`].
#[must_use]
pub fn themed(seed: u64, n_prompts: usize) -> Library {
    let mut random = SplitMix(seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1));
    let mut library = Library { prompts: Vec::new(), topics: Vec::new() };
    let mut known = std::collections::BTreeSet::new();
    while library.prompts.len() < n_prompts {
        let theme = (random.below(20) != 0).then(|| random.below(THEMES.len()));
        let (named, seen) = match theme {
            Some(theme) => (THEMES[theme].named, THEMES[theme].seen),
            None => (&STRAY[..], &STRAY[..]),
        };
        let subject = named[random.below(named.len())];
        let n_seen = 2 + random.below(4);
        let seen = drawn(seen, n_seen, &mut random);
        let light = drawn(&LIGHT, 1 + random.below(2), &mut random);
        let style = STYLE[random.below(STYLE.len())];
        let n_quality = random.below(5);
        let quality = drawn(&QUALITY, n_quality, &mut random);
        let prompt = if random.below(3) == 0 {
            format!(
                "A {style} of a {subject} with {}, {}, {}",
                seen.join(" and "),
                light.join(", "),
                quality.join(", ")
            )
        } else {
            let all = quality.iter().chain([&subject]).chain(&seen).chain(&light).chain([&style]);
            all.copied().collect::<Vec<_>>().join(", ")
        };
        if known.insert(prompt.clone()) {
            library.prompts.push(prompt);
            library.topics.push(theme);
        }
    }
    library
}

fn drawn(words: &[&'static str], n: usize, random: &mut SplitMix) -> Vec<&'static str> {
    let mut drawn: Vec<&str> = Vec::new();
    while drawn.len() < n.min(words.len()) {
        let word = words[random.below(words.len())];
        if !drawn.contains(&word) {
            drawn.push(word);
        }
    }
    drawn
}
