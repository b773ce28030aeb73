//! The words prompts are made of: common tags by hand, and a long tail put together from parts.
//!
//! It knows ranks, not chance: rank 0 is the commonest tag of its language. Plural forms are used
//! in German and Russian, because there adjectives agree with nouns of any gender.

use std::borrow::Cow;

/// A language prompts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
    /// Japanese.
    Japanese,
    /// German.
    German,
    /// Russian.
    Russian,
}

/// English has `2^14 - 1` tags.
pub(crate) const ENGLISH_OCTAVES: u32 = 14;
/// Every other language has `2^11 - 1` tags.
pub(crate) const OTHER_OCTAVES: u32 = 11;

impl Language {
    /// The tag of a rank, which must be below the number of tags of the language.
    pub(crate) fn tag(self, rank: usize) -> Cow<'static, str> {
        match self {
            Self::English => english(rank),
            Self::Chinese => pair(rank, &CHINESE_KINDS, &CHINESE_THINGS, ""),
            Self::Japanese => pair(rank, &JAPANESE_KINDS, &JAPANESE_THINGS, ""),
            Self::German => pair(rank, &GERMAN_KINDS, &GERMAN_THINGS, " "),
            Self::Russian => pair(rank, &RUSSIAN_KINDS, &RUSSIAN_THINGS, " "),
        }
    }
}

fn english(rank: usize) -> Cow<'static, str> {
    if let Some(common) = COMMON.get(rank) {
        return Cow::Borrowed(common);
    }
    let tail = rank - COMMON.len();
    match tail % 4 {
        3 => Cow::Owned(format!("by {}", artist(tail / 4))),
        // Singles first: plain nouns are commoner than described ones.
        part if tail / 4 * 3 + part < NOUNS.len() => Cow::Borrowed(NOUNS[tail / 4 * 3 + part]),
        part => pair(tail / 4 * 3 + part - NOUNS.len(), &ADJECTIVES, &NOUNS, " "),
    }
}

/// Every pair once while `rank` is below the number of pairs; neighbours in rank share no part.
fn pair(rank: usize, kinds: &[&str], things: &[&str], between: &str) -> Cow<'static, str> {
    let pairs = kinds.len() * things.len();
    // A prime that divides no list's length, so that the product is a permutation.
    let place = rank * 7_919 % pairs;
    Cow::Owned(format!("{}{between}{}", kinds[place % kinds.len()], things[place / kinds.len()]))
}

/// An invented painter; distinct up to 8,000.
fn artist(number: usize) -> String {
    let syllable = |nth: usize| SYLLABLES[nth % SYLLABLES.len()];
    let mut name = String::with_capacity(16);
    for (nth, part) in [
        syllable(number),
        syllable(number / SYLLABLES.len() + 7),
        " ",
        syllable(number / SYLLABLES.len() / SYLLABLES.len() + 13),
        syllable(number * 7 + 3),
        "n",
    ]
    .into_iter()
    .enumerate()
    {
        if nth == 0 || nth == 3 {
            let mut letters = part.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name.push_str(letters.as_str());
        } else {
            name.push_str(part);
        }
    }
    name
}

#[rustfmt::skip]
const COMMON: [&str; 134] = [
    "masterpiece", "best quality", "highly detailed", "1girl", "solo", "looking at viewer", "long hair", "smile",
    "outdoors", "simple background", "cinematic lighting", "absurdres", "photorealistic", "sharp focus", "depth of field",
    "8k uhd", "blue eyes", "short hair", "dress", "upper body", "landscape", "sky", "night", "portrait", "intricate details",
    "standing", "sitting", "full body", "black hair", "blonde hair", "brown hair", "white hair", "red hair", "green eyes",
    "red eyes", "hat", "jewelry", "flower", "tree", "cloud", "water", "mountains", "forest", "cityscape", "1boy", "2girls",
    "from above", "from below", "from side", "close-up", "wide shot", "bokeh", "soft lighting", "rim light",
    "volumetric light", "golden hour", "sunset", "sunrise", "rain", "snow", "fog", "stars", "full moon", "ocean", "beach",
    "river", "waterfall", "castle", "ruins", "street", "neon lights", "cyberpunk", "steampunk", "fantasy", "science fiction",
    "watercolor", "oil painting", "sketch", "ink drawing", "pixel art", "concept art", "digital painting", "anime style",
    "film grain", "35mm photo", "analog photo", "polaroid", "monochrome", "pastel colors", "vibrant colors", "muted colors",
    "high contrast", "low key", "backlighting", "dramatic shadows", "symmetry", "dynamic pose", "dynamic angle",
    "wind-blown hair", "ponytail", "twin braids", "freckles", "glasses", "scarf", "gloves", "boots", "armor", "cape", "sword",
    "staff", "book", "lantern", "umbrella", "cat", "dog", "bird", "fox", "dragon", "horse", "butterfly", "owl", "robot", "mecha",
    "spaceship", "train", "bicycle", "old car", "tea cup", "window", "stairs", "bridge", "garden", "library", "kitchen",
];

#[rustfmt::skip]
const ADJECTIVES: [&str; 90] = [
    "ancient", "amber", "angular", "ashen", "azure", "bare", "bent", "blooming", "bright", "broken", "bronze", "carved",
    "checkered", "cobalt", "coiled", "copper", "cracked", "crimson", "crooked", "crystal", "curved", "dark", "delicate",
    "distant", "dotted", "drifting", "dusty", "elegant", "embroidered", "empty", "enormous", "faded", "feathered", "floating",
    "flowering", "folded", "forgotten", "frozen", "gilded", "glass", "glowing", "golden", "graceful", "hanging", "hidden",
    "hollow", "indigo", "iridescent", "iron", "ivory", "jade", "lacquered", "layered", "leafy", "lonely", "luminous", "marble",
    "mechanical", "mirrored", "misty", "mossy", "narrow", "ornate", "overgrown", "painted", "pale", "paper", "patterned",
    "polished", "porcelain", "quiet", "ragged", "rippling", "rusty", "scarlet", "shimmering", "silken", "silver", "sleeping",
    "slender", "smoky", "spiral", "striped", "sunlit", "tangled", "tiny", "translucent", "velvet", "weathered", "wooden",
];

#[rustfmt::skip]
const NOUNS: [&str; 154] = [
    "airship", "alley", "anchor", "apron", "aqueduct", "arch", "armchair", "astronaut", "attic", "aurora", "balcony", "banner",
    "barn", "basket", "bell tower", "bench", "birdcage", "boat", "bonfire", "bottle", "bouquet", "bracelet", "brooch",
    "buttons", "cabin", "cactus", "campfire", "candle", "canyon", "caravan", "carousel", "carp", "cathedral", "cave", "chain",
    "chandelier", "chessboard", "chimney", "clock", "cloak", "cobblestones", "comet", "compass", "coral reef", "corridor",
    "courtyard", "crane", "crown", "curtain", "dandelion", "deer", "desert", "diner", "dolphin", "doorway", "dragonfly", "drum",
    "dunes", "eagle", "earrings", "elephant", "engine", "fan", "feather", "fern", "ferry", "field", "fireflies", "fireplace",
    "fjord", "flute", "fountain", "garland", "gate", "gears", "giraffe", "glacier", "globe", "greenhouse", "guitar", "hairpin",
    "harbor", "headphones", "hedgehog", "helmet", "heron", "hills", "hourglass", "house", "hummingbird", "iceberg", "island",
    "jacket", "jellyfish", "jungle", "kettle", "kimono", "kite", "koi pond", "ladder", "lake", "leaves", "lighthouse", "lily",
    "locomotive", "lotus", "mandolin", "map", "market", "mask", "meadow", "mill", "moon gate", "mushroom", "nebula", "necklace",
    "oak", "observatory", "octopus", "orchard", "orchid", "otter", "pagoda", "panther", "parrot", "path", "pavilion", "peacock",
    "pearls", "petals", "piano", "pier", "pillar", "pine", "planet", "pocket watch", "poppies", "portal", "raven", "reeds",
    "ribbon", "rooftop", "sail", "satellite", "shrine", "skeleton key", "sleeve", "swan", "telescope", "temple", "tulip",
    "violin", "whale", "windmill",
];

const SYLLABLES: [&str; 20] = [
    "ka", "vel", "mo", "ri", "tan", "su", "lo", "bre", "ni", "dor", "fe", "mar", "ze", "ol", "qui", "hal",
    "ba", "ser", "ju", "wen",
];

#[rustfmt::skip]
const CHINESE_KINDS: [&str; 40] = [
    "红色", "金色", "古老的", "飘动的", "发光的", "白色", "黑色", "蓝色", "透明的", "破旧的", "华丽的", "精致的", "巨大的", "小小的",
    "安静的", "冰冻的", "燃烧的", "夜晚的", "春天的", "秋天的", "雪中的", "雨中的", "水墨", "机械", "木制", "石头", "银色", "紫色",
    "绿色", "粉色", "古风", "未来的", "梦幻的", "神秘的", "阳光下的", "月光下的", "孤独的", "盛开的", "漂浮的", "远方的",
];

#[rustfmt::skip]
const CHINESE_THINGS: [&str; 53] = [
    "女孩", "长发", "裙子", "天空", "城市", "街道", "樱花", "灯笼", "山水", "森林", "宫殿", "龙", "凤凰", "竹林", "湖泊", "小船", "桥",
    "古塔", "雨伞", "扇子", "眼睛", "微笑", "少年", "盔甲", "长剑", "猫", "狐狸", "鲤鱼", "荷花", "梅花", "书房", "窗户", "茶杯", "花园",
    "瀑布", "星空", "月亮", "云海", "雪山", "沙漠", "大海", "灯塔", "火车", "机器人", "飞船", "面具", "项链", "耳环", "汉服", "庭院", "屋顶",
    "石阶", "蝴蝶",
];

#[rustfmt::skip]
const JAPANESE_KINDS: [&str; 40] = [
    "青い", "赤い", "白い", "黒い", "古い", "美しい", "小さな", "大きな", "静かな", "輝く", "夜の", "夏の", "冬の", "春の", "秋の", "雨の",
    "雪の", "夕暮れの", "朝焼けの", "幻想的な", "神秘的な", "透明な", "金色の", "銀色の", "紫の", "緑の", "桃色の", "壊れた", "揺れる",
    "空飛ぶ", "眠る", "燃える", "凍った", "木の", "石の", "紙の", "ガラスの", "機械の", "遠い", "懐かしい",
];

#[rustfmt::skip]
const JAPANESE_THINGS: [&str; 53] = [
    "少女", "少年", "空", "海", "桜", "神社", "鳥居", "提灯", "制服", "着物", "浴衣", "猫", "狐", "金魚", "電車", "駅", "校舎", "教室", "窓",
    "傘", "花火", "星空", "月", "雲", "山", "森", "川", "滝", "橋", "城", "刀", "鎧", "扇子", "髪", "瞳", "笑顔", "リボン", "帽子", "眼鏡",
    "ワンピース", "ロボット", "ドラゴン", "宇宙船", "図書館", "喫茶店", "ケーキ", "紅茶", "ひまわり", "紫陽花", "紅葉", "路地", "屋根", "蝶",
];

#[rustfmt::skip]
const GERMAN_KINDS: [&str; 40] = [
    "alte", "goldene", "leuchtende", "verschneite", "blaue", "grüne", "dunkle", "helle", "zerbrochene", "hölzerne", "gläserne",
    "silberne", "stille", "große", "winzige", "schwebende", "blühende", "neblige", "verlassene", "prächtige", "rostige",
    "gefrorene", "bunte", "schwarze", "weiße", "rote", "steile", "enge", "weite", "glänzende", "mächtige", "zarte", "schmale",
    "krumme", "tiefe", "märchenhafte", "düstere", "sonnige", "stürmische", "ferne",
];

#[rustfmt::skip]
const GERMAN_THINGS: [&str; 53] = [
    "Häuser", "Türme", "Wälder", "Berge", "Schlösser", "Brücken", "Straßen", "Gassen", "Gärten", "Fenster", "Laternen", "Kerzen",
    "Bücher", "Uhren", "Schiffe", "Züge", "Wolken", "Sterne", "Monde", "Flüsse", "Seen", "Inseln", "Felder", "Blumen", "Rosen",
    "Bäume", "Vögel", "Eulen", "Füchse", "Katzen", "Hirsche", "Drachen", "Ritter", "Rüstungen", "Schwerter", "Kronen", "Mäntel",
    "Kleider", "Hüte", "Masken", "Ringe", "Spiegel", "Treppen", "Dächer", "Mauern", "Brunnen", "Mühlen", "Leuchttürme", "Dörfer",
    "Märkte", "Küchen", "Bibliotheken", "Kathedralen",
];

#[rustfmt::skip]
const RUSSIAN_KINDS: [&str; 40] = [
    "старые", "золотые", "белые", "чёрные", "красные", "синие", "зелёные", "серебряные", "деревянные", "каменные", "светящиеся",
    "туманные", "снежные", "тихие", "большие", "маленькие", "далёкие", "забытые", "сказочные", "древние", "ледяные", "огненные",
    "прозрачные", "цветущие", "весенние", "осенние", "зимние", "ночные", "утренние", "лунные", "солнечные", "тёмные", "яркие",
    "узкие", "широкие", "высокие", "глубокие", "пустые", "волшебные", "железные",
];

#[rustfmt::skip]
const RUSSIAN_THINGS: [&str; 53] = [
    "дома", "башни", "леса", "горы", "мосты", "улицы", "сады", "окна", "фонари", "свечи", "книги", "часы", "корабли", "поезда",
    "облака", "звёзды", "реки", "озёра", "острова", "поля", "цветы", "розы", "деревья", "птицы", "совы", "лисы", "кошки", "олени",
    "драконы", "рыцари", "доспехи", "мечи", "короны", "плащи", "платья", "шляпы", "маски", "кольца", "зеркала", "лестницы", "крыши",
    "стены", "фонтаны", "мельницы", "маяки", "деревни", "рынки", "кухни", "купола", "берёзы", "тропинки", "ворота", "снежинки",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_rank_is_a_tag_of_its_own() {
        for (language, octaves) in [
            (Language::English, ENGLISH_OCTAVES),
            (Language::Chinese, OTHER_OCTAVES),
            (Language::Japanese, OTHER_OCTAVES),
            (Language::German, OTHER_OCTAVES),
            (Language::Russian, OTHER_OCTAVES),
        ] {
            let ranks = (1_usize << octaves) - 1;
            let tags: HashSet<_> = (0..ranks).map(|rank| language.tag(rank)).collect();
            assert_eq!(tags.len(), ranks, "{language:?}");
        }
    }

    #[test]
    fn tags_hold_nothing_that_would_split_them() {
        for rank in 0..(1 << ENGLISH_OCTAVES) - 1 {
            let tag = Language::English.tag(rank);
            assert!(!tag.contains([',', ':', '\n', '<', '(', '"']), "{tag}");
        }
    }
}
