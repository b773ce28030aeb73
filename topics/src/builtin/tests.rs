//! What vectors promise: length, sameness, topics, and that no bytes harm the reader of models.

use proptest::prelude::*;

use super::{DIM, FORMAT, Malformed, Model};
use crate::vector::dot;
use crate::{Stopped, Unwatched};

/// Prompts of three topics.
fn prompts() -> Vec<String> {
    let topics = [
        ["red fox", "snow", "forest", "winter", "paw", "fur", "wild animal"],
        ["neon city", "rain", "street", "night", "car", "skyline", "cyberpunk"],
        ["狐狸", "雪地", "森林", "冬天", "动物", "毛皮", "白色"],
    ];
    let of = |topic: &[&str; 7], at: usize| {
        (0..4).map(|n| topic[(at * (n + 1) + n * n) % 7]).collect::<Vec<_>>().join("，")
    };
    (0..60).map(|at| of(&topics[at % 3], at / 3)).collect()
}

fn model() -> Model {
    Model::fit(&prompts(), &mut Unwatched).unwrap()
}

fn vector(model: &Model, prompt: &str) -> Vec<f32> {
    let mut vector = vec![9.0; DIM];
    model.embed(prompt, &mut vector);
    vector
}

fn query(model: &Model, query: &str) -> Vec<f32> {
    let mut vector = vec![9.0; DIM];
    model.embed_query(query, &mut vector);
    vector
}

#[test]
fn prompts_of_a_topic_are_near_and_others_are_not() {
    let model = model();
    let fox = vector(&model, "red fox，snow，fur");
    let other_fox = vector(&model, "forest，winter，paw");
    let city = vector(&model, "neon city，rain，car");
    assert!(dot(&fox, &other_fox) > 0.85, "{}", dot(&fox, &other_fox));
    assert!(dot(&fox, &city) < 0.3, "{}", dot(&fox, &city));
}

#[test]
fn any_script_and_unseen_words_say_something() {
    let model = model();
    for (one, alike, other) in [
        ("лисица в лесу", "лисицы в лесах", "ночной город"),
        ("白狐狸", "狐狸", "都市夜景"),
        ("watercolour lighthouse", "watercolor lighthouses", "steam locomotive"),
        ("여우 눈", "여우 숲", "도시 밤"),
    ] {
        let asked = query(&model, one);
        assert!(dot(&asked, &query(&model, alike)) > dot(&asked, &query(&model, other)) + 0.2, "{one}");
    }
}

#[test]
fn a_model_of_nothing_tells_words_apart() {
    let none: [&str; 0] = [];
    let model = Model::fit(&none[..], &mut Unwatched).unwrap();
    assert_eq!((model.fitted_on(), model.n_terms(), model.dim()), (0, 0, DIM));
    let fox = vector(&model, "red fox，deep snow");
    assert!(dot(&fox, &vector(&model, "deep snow，red fox")) > 0.999);
    assert!(dot(&fox, &vector(&model, "neon city")) < 0.5);
}

#[test]
fn what_says_nothing_is_zero() {
    let model = model();
    for silent in ["", " ，,;", "1 22 333", "the of and"] {
        assert!(vector(&model, silent).iter().all(|value| *value == 0.0), "{silent:?}");
    }
}

#[test]
fn the_same_prompts_give_the_same_bits() {
    assert_eq!(model().encode(), model().encode());
}

#[test]
fn who_watches_may_stop_it() {
    for stop_after in 0..5 {
        let mut n_asked = 0;
        let mut last = 0.0;
        let stopped = Model::fit(&prompts(), &mut |done: f32| {
            assert!((last..=1.0).contains(&done), "{done} after {last}");
            last = done;
            n_asked += 1;
            n_asked <= stop_after
        });
        assert_eq!(stopped, Err(Stopped), "after {stop_after}");
    }
}

#[test]
fn models_come_back_from_their_bytes() {
    let model = model();
    let bytes = model.encode();
    let back = Model::decode(&bytes).unwrap();
    assert_eq!(back.encode(), bytes);
    assert_eq!(vector(&back, "red fox，snow"), vector(&model, "red fox，snow"));
}

#[test]
fn damaged_and_foreign_bytes_are_refused() {
    let bytes = model().encode();
    assert_eq!(Model::decode(b"PK"), Err(Malformed::Foreign));
    assert_eq!(Model::decode(&[]), Err(Malformed::Foreign));
    let mut later = bytes.clone();
    later[4] += 1;
    assert_eq!(Model::decode(&later), Err(Malformed::Format(FORMAT + 1)));
    for len in [5, 8, 24, 31, bytes.len() - 1] {
        assert_eq!(Model::decode(&bytes[..len]), Err(Malformed::Damaged), "{len}");
    }
    for at in (8..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert_eq!(Model::decode(&damaged), Err(Malformed::Damaged), "{at}");
    }
}

/// Bytes with a right checksum but any body.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"LXTM".to_vec();
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(body);
    let sum = crate::vector::hash(&bytes, u64::from(FORMAT));
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn vectors_are_of_length_one_or_zero(text in "\\PC{0,120}") {
        let model = model_once();
        for vector in [vector(model, &text), query(model, &text)] {
            let norm = dot(&vector, &vector);
            prop_assert!(norm == 0.0 || (norm - 1.0).abs() < 1e-4, "{norm}");
        }
    }

    #[test]
    fn no_bytes_harm_the_reader(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Model::decode(&body);
        if let Ok(model) = Model::decode(&sealed(&body)) {
            let norm = { let v = vector(&model, "red fox"); dot(&v, &v) };
            prop_assert!((norm - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_claim_of_many_terms_needs_their_bytes(n in 1u32..) {
        let mut body = vec![0; 12];
        body.extend_from_slice(&n.to_le_bytes());
        prop_assert_eq!(Model::decode(&sealed(&body)), Err(Malformed::Damaged));
    }
}

fn model_once() -> &'static Model {
    static MODEL: std::sync::OnceLock<Model> = std::sync::OnceLock::new();
    MODEL.get_or_init(model)
}
