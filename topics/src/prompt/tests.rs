//! What cleaning answers, by example and by property.

use proptest::prelude::*;

use super::rules::{BOILERPLATE, BOILERPLATE_IN_WORDS};
use super::{TOKENS_MAX, cleaned, estimated_tokens, hash, short};

#[track_caller]
fn check(positive: &str, expected: &str) {
    assert_eq!(cleaned(positive, 4_000).as_deref(), Some(expected), "{positive}");
}

#[test]
fn weights_brackets_adapters_and_bold_markers_go() {
    check("(red fox:1.2), [snow], {pine tree}, ((moon))", "red fox，snow，pine tree，moon");
    check("<lora:detail_tweaker:0.8> red fox <lyco:a b:1>, **deep snow**", "red fox，deep snow");
    check("1.5::red fox::, 0.8::snow ::", "red fox，snow");
    check(r"hatsune miku \(cosplay\), [day:night:0.5]", "hatsune miku cosplay，day:night");
    check("red fox BREAK deep snow", "red fox，deep snow");
    check("red fox++, (snow)1.3, (blue)-eyed cat", "red fox，snow，blue -eyed cat");
}

#[test]
fn boilerplate_goes_in_english_and_chinese() {
    check("masterpiece, best quality, 8k uhd, highly detailed, red fox", "red fox");
    check("score_9, score_8_up, RAW photo, 85mm lens, f/1.8, ISO 200, 1/200s, depth of field, owl", "owl");
    check(
        "shot on Canon EOS R5, sharp focus, absurdres, 1920x1080, lighthouse at dusk",
        "lighthouse at dusk",
    );
    check("杰作，最佳质量，8K高清，超精细，浅景深，狐狸，雪地", "狐狸，雪地");
    check("a photo of a girl holding a camera", "a photo of a girl holding a camera");
}

#[test]
fn pieces_are_split_and_short_ones_dropped() {
    check("red fox; a,  ab ,  deep   snow\nmoon，pine", "red fox，deep snow，moon，pine");
    // Two ideographs are a word, one is not.
    check("狐狸,雪,山水", "狐狸，山水");
}

#[test]
fn a_text_of_boilerplate_alone_stays_as_it_is() {
    check("masterpiece, best quality", "masterpiece, best quality");
    assert_eq!(cleaned("  \n ", 4_000), None);
    assert_eq!(cleaned("Negative prompt: hands", 4_000), None);
}

#[test]
fn the_negative_prompt_is_no_part() {
    check("red fox\nNEGATIVE prompt: blue fox", "red fox");
}

#[test]
fn long_texts_are_cut() {
    assert_eq!(cleaned("red fox jumping", 7).as_deref(), Some("red fox"));
    let long = "狐狸山水".repeat(10_000);
    let text = cleaned(&long, 100_000).unwrap();
    assert_eq!(estimated_tokens(&text), TOKENS_MAX);
    assert_eq!(estimated_tokens("abcde"), 2);
    assert_eq!(short("red fox", 4), "red");
}

#[test]
fn other_texts_have_other_names() {
    assert_ne!(hash("red fox"), hash("red  fox"));
    assert_eq!(hash("red fox"), hash("red fox"));
}

proptest! {
    #[test]
    fn cleaning_is_bounded_and_says_something_of_any_text(text in "\\PC{0,200}", max in 0usize..300) {
        match cleaned(&text, max) {
            None => {}
            Some(clean) => {
                prop_assert!(!clean.trim().is_empty());
                prop_assert!(estimated_tokens(&clean) <= TOKENS_MAX);
                prop_assert!(!clean.chars().any(char::is_control) || clean == text.trim());
            }
        }
    }
}

/// Texts of boilerplate, of other words and of what looks like either, with and without blanks between them.
fn mixed() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "masterpiece",
        "best",
        "quality",
        "high res",
        "hdr",
        "8\u{212a}",
        "4k",
        "dof",
        "\u{17f}core_9",
        "shot on Canon",
        "f/1.8",
        "35 mm",
        "1920×1080",
        "é",
        "ß",
        "\u{301}",
        "狐",
        "杰作",
        "景深",
        "超高清",
        "大师级",
        "ア",
        "owl",
        "_",
        "-",
        ".",
        " ",
        "3",
        "٣",
    ]);
    prop::collection::vec(words, 0..8).prop_map(|words| words.concat())
}

proptest! {
    /// The fast way to see that there is nothing to take out never errs.
    #[test]
    fn boilerplate_is_missed_in_no_script(text in prop_oneof![mixed(), ".{0,30}"]) {
        prop_assert!(BOILERPLATE_IN_WORDS.is_match(&text) || !BOILERPLATE.is_match(&text), "{:?}", text);
    }
}
