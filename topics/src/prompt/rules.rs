//! The rules themselves: what is markup, where a prompt is split, and which words are boilerplate.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Adapters and embeddings in angle brackets: `<lora:name:0.8>`.
static ANGLED: LazyLock<Regex> = LazyLock::new(|| compile(r"<\s*[A-Za-z_][\w ]*:[^<>]*>"));
/// The weight before a closing bracket: `(fox:1.2)`, `[fox:0.5]`; and Compel's `(fox)1.2`, `fox++`.
static WEIGHT: LazyLock<Regex> = LazyLock::new(|| compile(r":\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*([)\]}>）】])"));
static COMPEL: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\)(?:[+-]{1,4}(?:[\s,)]|$)|\d+\.\d+)|[+]{2,4}(?:[\s,)]|$)"));
/// NovelAI's numbers: `1.5::fox::`.
static NUMERIC: LazyLock<Regex> = LazyLock::new(|| compile(r"-?\d*\.?\d*::"));
static BREAK: LazyLock<Regex> = LazyLock::new(|| compile(r"\bBREAK\b"));

/// Words and phrases that are taken out wherever they stand.
pub(super) static BOILERPLATE: LazyLock<Regex> =
    LazyLock::new(|| compile(&format!("(?i){}", ANYWHERE.join("|"))));
/// The same wherever words end, so it matches in every text that [`BOILERPLATE`] matches in. Ends of words are what the
/// fast engine cannot tell beyond ASCII: for those texts it says whether the slow one, some fifty times slower, is needed.
pub(super) static BOILERPLATE_IN_WORDS: LazyLock<Regex> =
    LazyLock::new(|| compile(&format!("(?i){}", ANYWHERE.join("|").replace(r"\b", ""))));
/// Pieces that are dropped if this is all they say.
static WHOLE: LazyLock<RegexSet> = LazyLock::new(|| {
    let rules = ALONE.iter().map(|rule| format!("(?i)^(?:{rule})$"));
    RegexSet::new(rules).expect("the rules are expressions, as the tests show")
});

const ANYWHERE: &[&str] = &[
    // Quality.
    r"\b(?:absolute |true |official )?masterpiece\b",
    r"\b(?:best|top|high(?:est)?|amazing|great|good|normal|ultra|super|extreme(?:ly)? high|very high|professional|award[- ]winning)[- _](?:image |picture |photo )?(?:quality|qualities)\b",
    r"\b(?:ultra|super|highly|extremely|insanely|hyper|very|incredibly|intricately|finely|exquisitely|amazingly)[- _]?(?:fine[- ])?detail(?:ed|s)?(?: face| skin| eyes| hair)?\b",
    r"\b(?:intricate|fine|high|rich|extreme|insane|amazing)[- _]details?\b",
    r"\b(?:very |most )?aesthetic(?:ally pleasing)?\b",
    r"\bscore_\d+(?:_up)?\b|\b(?:source|rating)_\w+\b",
    r"\b(?:award[- ]winning|professional)(?: photo(?:graph(?:y)?)?)?\b",
    r"\btrending on (?:artstation|pixiv|deviantart)\b|\bartstation(?: hq)?\b|\bcgsociety\b|\bunreal engine(?: \d)?\b|\boctane render\b",
    r"\b(?:sharp|soft|crisp) focus\b|\bin focus\b|\bno blur\b|\bphoto[- ]?realistic\b|\bhyper[- ]?realis(?:tic|m)\b|\bultra[- ]?realistic\b",
    // Resolution.
    r"\b(?:\d{1,2}[kK]|\d{3,4}p)(?:[- ]?(?:uhd|hdr|hd|resolution|wallpaper|quality|texture|photo|render))*\b",
    r"\b(?:u|f|ultra[- ]?|full[- ]?)?hd[r]?\b|\b(?:absurd|high|incredibly_absurd|ultra[- ]?high|hi)[- _]?res(?:olution)?\b|\bhighres\b|\b\d{3,5} ?[x×] ?\d{3,5}\b",
    // Cameras, lenses, exposure.
    r"\braw (?:photo|image|picture)\b|\bdslr\b|\bmirrorless\b",
    r"\b(?:shot|taken|captured|photographed)(?: (?:on|with|by))(?: an?)? (?:canon|nikon|sony|fuji(?:film)?|leica|hasselblad|iphone|kodak|arri)[\w -]*",
    r"\b(?:canon|nikon|sony|fujifilm|leica|hasselblad|pentax|olympus)[ -](?:eos|[a-z]{0,2}\d{1,4}[a-z]*|alpha|z\d|rf|xt\d?|m\d+)[\w -]*",
    r"\bf ?/ ?\d+(?:\.\d+)?\b|\bf\d\.\d\b|\biso ?-?\d{2,6}\b|\b1/\d{2,5} ?s(?:ec(?:onds?)?)?\b|\b1/\d{2,5}\b",
    r"\b\d{1,3}(?:-\d{1,3})? ?mm(?: (?:prime |macro |portrait |telephoto |wide[- ]angle )?lens)?\b",
    r"\b(?:wide[- ]angle|telephoto|macro|fish[- ]?eye|prime|zoom|anamorphic) lens\b|\blens flare\b|\bchromatic aberration\b|\bfilm grain\b",
    r"\b(?:shallow |deep )?depth of field\b|\bdof\b|\bbokeh\b|\b(?:long|double|over|under)[- ]?exposure\b|\bexposure\b|\bshutter speed\b|\baperture\b|\bwhite balance\b|\bvignett(?:e|ing)\b",
    // Chinese: quality, resolution, cameras, lenses, exposure.
    "杰作|(?:最高|最佳|最好|顶级|极高|超高|高)(?:画质|质量|品质|质素)|(?:最高|最佳|頂級|極高|超高|高)(?:畫質|質量|品質)|画质(?:极佳|超高)",
    "(?:超|极|極|高)(?:级|級|其)?(?:清晰|精细|精細|精致|精緻|细节|細節|细致|細緻|详细|詳細)|(?:丰富|豐富|精致|精細|精细|完美|惊人|极致|極致)的?(?:细节|細節)|(?:细节|細節)(?:丰富|豐富|清晰|拉满)",
    "(?:超|全|高)?高清(?:晰度?|画质|壁纸)?|(?:超|极)?高(?:分辨率|解析度)|(?:4|8|16)[kK](?:分辨率|高清|画质|壁纸)?|大师(?:级|作品|之作)+|大師(?:級|作品|之作)+|获奖(?:作品|摄影)|获奖",
    "(?:单反|數碼|数码|佳能|尼康|索尼|徕卡|哈苏|富士)(?:相机|相機|镜头|鏡頭|拍摄|拍攝)|(?:广角|廣角|长焦|長焦|微距|定焦|变焦|鱼眼)(?:镜头|鏡頭)|\\d+ ?(?:mm|毫米)(?:镜头|鏡頭|焦距)?",
    "(?:浅|淺)?景深|大?光圈|快门速度?|快門速度?|(?:长时间|長時間|过度|多重)?曝光|感光度|焦距|散景|锐利对焦|胶片颗粒|噪点|白平衡|照片级真实感?",
];

const ALONE: &[&str] = &[
    r"(?:best|good|high|great|perfect|quality|detailed|details?|realistic|realism|beautiful|stunning|gorgeous|amazing|perfect|epic|professional|cinematic|newest|recent|official art|wallpaper|artwork|digital art|illustration|render|3d render|cg|extremely|ultra|sharp|clear|crisp|clean|vivid|uncensored|sfw|safe|general)(?: (?:lighting|quality|composition|colou?rs?|image|picture|photo|photography|art|artwork|illustration|render|background details))?",
    r"(?:photo|photograph|photography|picture|image|camera|lens|macro|resolution|focus|hdr|blurry background|blurred background)",
    r"(?:rough|smooth|detailed|perfect|natural) (?:skin|face|skin texture|anatomy|hands|eyes)",
    "质量|質量|画质|畫質|细节|細節|高质量|清晰|精细|精細|精美|唯美|真实|真實|写实|寫實|摄影|攝影|照片|镜头|鏡頭|相机|相機|对焦|壁纸|壁紙|插画细节|电影感|电影级|完美",
];

fn compile(rule: &str) -> Regex {
    Regex::new(rule).expect("the rules are expressions, as the tests show")
}

/// Text without weights, adapters, brackets and bold markers.
pub(super) fn without_markup(text: &str) -> String {
    let text = ANGLED.replace_all(text, " ");
    let text = WEIGHT.replace_all(&text, "$1");
    let text = COMPEL.replace_all(&text, " ,");
    let text = NUMERIC.replace_all(&text, " ");
    let text = BREAK.replace_all(&text, ",");
    let mut bare = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '\\' | '*' | '`' => bare.push(' '),
            '（' | '）' | '【' | '】' | '「' | '」' | '『' | '』' | '《' | '》' => bare.push(' '),
            control if control.is_control() && control != '\n' && control != '\r' => bare.push(' '),
            other => bare.push(other),
        }
    }
    bare.replace("__", " ")
}

/// Where a prompt is split.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '，', '、', ';', '；', '\n', '\r']).filter(|piece| !piece.trim().is_empty())
}

/// What a piece says beside boilerplate, blanks collapsed; nothing if it says nothing else.
pub(super) fn without_boilerplate(piece: &str) -> String {
    let spoken = match piece.is_ascii() || BOILERPLATE_IN_WORDS.is_match(piece) {
        true => BOILERPLATE.replace_all(piece, " "),
        false => Cow::Borrowed(piece),
    };
    let mut text = String::with_capacity(spoken.len());
    for word in spoken.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    let trimmed = text.trim_matches(|letter: char| {
        letter.is_whitespace()
            || matches!(letter, '.' | ':' | '-' | '_' | '/' | '+' | '!' | '。' | '：' | '|' | '"')
    });
    let is_idle = trimmed.chars().all(|letter| letter.is_ascii_digit() || letter.is_ascii_punctuation());
    if is_idle || WHOLE.is_match(trimmed) { String::new() } else { trimmed.to_owned() }
}
