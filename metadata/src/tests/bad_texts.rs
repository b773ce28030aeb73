//! Damaged and hostile texts: the groups E and F of the catalogue of bad inputs.

use super::encode::png;
use super::{GRAPH, INFOTEXT, positive, reading};
use crate::limits::VALUE_BYTES_MAX;
use crate::{Complaint, Finding, auto_tags, recipe_of};
use lumidex_schema::recipe::Recipe;
use lumidex_schema::tag::TagKind;

fn of_graph(graph: &str) -> Option<Recipe> {
    reading(&png(&[("prompt", graph)]), "a.png").recipe
}

fn of_infotext(text: &str) -> Recipe {
    reading(&png(&[("parameters", text)]), "a.png").recipe.unwrap()
}

#[test]
fn e1_deep_json_is_given_up_with_a_complaint() {
    let deep = format!("{{\"1\": {{\"class_type\": {}{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    let reading = reading(&png(&[("prompt", &deep)]), "a.png");
    assert_eq!((reading.recipe, reading.generation_text.as_str()), (None, ""));
    assert_eq!(reading.complaints, [Complaint::BrokenGraph { what: "prompt".to_owned() }]);
}

#[test]
fn e2_what_writers_get_wrong_in_json_is_read() {
    let odd = GRAPH.replacen("\"seed\": 7", "\"is_changed\": [NaN], \"x\": -Infinity, \"seed\": 7", 1);
    for graph in [
        odd.clone(),
        format!("\u{feff}{odd}\0\0"),
        format!("{odd} {{\"second\": 1}}"),
        odd.replacen("9}", "9,}", 1),
    ] {
        assert_eq!(of_graph(&graph).unwrap().positive, "a paper boat");
    }
}

#[test]
fn e3_seeds_are_exact_or_absent() {
    let seed =
        |seed: &str| of_graph(&GRAPH.replacen("\"seed\": 7", &format!("\"seed\": {seed}"), 1)).unwrap().seed;
    assert_eq!(seed("18446744073709551615").as_deref(), Some("18446744073709551615"));
    assert_eq!(seed("\"0xABCDEF\"").as_deref(), Some("11259375"));
    assert_eq!(seed("\"12\"").as_deref(), Some("12"));
    assert_eq!(seed("12.0").as_deref(), Some("12"));
    for absurd in ["-1", "1e400", &"7".repeat(400), "null", "[]", "{}"] {
        assert_eq!(seed(absurd), None, "{absurd}");
    }
}

#[test]
fn e4_of_repeated_keys_the_last_counts() {
    assert_eq!(
        of_graph(&GRAPH.replacen("\"seed\": 7", "\"seed\": 5, \"seed\": 6", 1)).unwrap().seed.as_deref(),
        Some("6")
    );
}

#[test]
fn e5_of_json_beyond_the_cap_the_start_is_kept_and_not_taken_for_a_recipe() {
    let long = format!("{{\"prompt\": \"{}\", \"steps\": 3}}", "x, ".repeat(3 << 20));
    let cut = reading(&png(&[("parameters", &long)]), "a.png");
    assert_eq!((cut.recipe, cut.description, cut.finding), (None, None, Finding::Broken));
    assert!(cut.generation_text.starts_with("{\"prompt\": \"x, x") && cut.generation_text.len() <= 1 << 20);
    let limit = VALUE_BYTES_MAX;
    assert!(cut.complaints.contains(&Complaint::ValueTooLong { what: "tEXt".to_owned(), limit }));
}

#[test]
fn e6_cycles_end_and_what_was_found_stays() {
    for (from, to) in [
        ("\"model\": [\"4\", 0], \"clip\"", "\"model\": [\"10\", 0], \"clip\""),
        ("\"latent_image\": [\"5\", 0]", "\"latent_image\": [\"3\", 0]"),
        ("\"text\": \"blur\"", "\"text\": [\"7\", 0]"),
        ("\"negative\": [\"7\", 0]", "\"negative\": [\"3\", 0]"),
        ("\"ckpt_name\": \"SD/toy.safetensors\"", "\"ckpt_name\": [\"4\", 0]"),
    ] {
        let recipe = of_graph(&GRAPH.replacen(from, to, 1)).unwrap();
        assert_eq!((recipe.positive.as_str(), recipe.steps), ("a paper boat", Some(9)), "{to}");
    }
}

#[test]
fn e7_long_chains_and_fans_end() {
    let chain: String = (0..50_000)
        .map(|nth| {
            format!(
                "\"{}\": {{\"class_type\": \"Reroute\", \"inputs\": {{\"any\": [\"{}\", 0]}}}},",
                nth + 100,
                nth + 101
            )
        })
        .collect();
    let long =
        GRAPH.replacen("{\"3\"", &format!("{{{chain}\"3\""), 1).replacen("[\"6\", 0]", "[\"100\", 0]", 1);
    assert_eq!(of_graph(&long).unwrap().steps, Some(9));
    let fan: String = (0..60)
        .map(|nth| {
            let next = nth + 101;
            let inputs: String =
                (0..20).map(|n| format!("\"conditioning_{n}\": [\"{next}\", {n}],")).collect();
            format!(
                "\"{}\": {{\"class_type\": \"ConditioningCombine\", \"inputs\": {{{inputs}}}}},",
                nth + 100
            )
        })
        .collect();
    let wide =
        GRAPH.replacen("{\"3\"", &format!("{{{fan}\"3\""), 1).replacen("[\"6\", 0]", "[\"100\", 0]", 1);
    assert_eq!(of_graph(&wide).unwrap().steps, Some(9));
    let inputs: String = (0..100_000).map(|nth| format!("\"i{nth}\": 1,")).collect();
    let node = format!("{{\"99\": {{\"class_type\": \"Big\", \"inputs\": {{{inputs}}}}}, \"3\"");
    assert_eq!(of_graph(&GRAPH.replacen("{\"3\"", &node, 1)).unwrap().positive, "a paper boat");
}

#[test]
fn e8_e9_odd_links_and_nodes_are_unknown() {
    for link in [
        "[\"404\", 0]",
        "[\"6\", -1]",
        "[\"6\"]",
        "[\"6\", \"0\"]",
        "[6, 0.0]",
        "[null, 0]",
        "[[], {}]",
        "null",
        "{}",
    ] {
        let recipe = of_graph(&GRAPH.replacen("[\"6\", 0]", link, 1)).unwrap();
        assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("", "blur"), "{link}");
    }
    assert_eq!(of_graph(&GRAPH.replacen("[\"6\", 0]", "[6, 0]", 1)).unwrap().positive, "a paper boat");
    for node in [
        "{}",
        "{\"class_type\": 5}",
        "{\"class_type\": \"X\"}",
        "{\"class_type\": \"X\", \"inputs\": []}",
        "[]",
        "\"x\"",
        "1",
    ] {
        let graph = GRAPH.replacen("{\"3\"", &format!("{{\"77\": {node}, \"3\""), 1);
        assert_eq!(of_graph(&graph).unwrap().positive, "a paper boat", "{node}");
    }
}

#[test]
fn e10_a_prompt_that_is_no_graph_falls_through() {
    for text in ["\"text\"", "5", "[1, 2]", "null", "plain words", "{}", "{\"prompt\": {\"prompt\": {}}}"] {
        let reading = reading(&png(&[("prompt", text)]), "a.png");
        assert_eq!((reading.recipe, reading.generation_text.as_str()), (None, text), "{text}");
    }
}

#[test]
fn e11_a_prompt_of_a_branch_that_leads_nowhere_is_not_taken() {
    let other = r#"{"50": {"class_type": "CLIPTextEncode", "inputs": {"text": "a much longer prompt of another branch", "clip": ["4", 1]}},
        "51": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 99, "positive": ["50", 0], "negative": ["50", 0], "latent_image": ["5", 0]}},"#;
    let both = GRAPH.replacen('{', other, 1);
    let recipe = of_graph(&both).unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.steps), ("a paper boat", Some(9)));
    // Nothing is saved, but something is looked at; and then not even that.
    let shown = both.replace("SaveImage", "PreviewImage");
    assert_eq!(of_graph(&shown).unwrap().positive, "a paper boat");
    let nowhere = GRAPH.replace("\"images\": [\"8\", 0]", "\"images\": [\"404\", 0]");
    assert_eq!(of_graph(&nowhere).unwrap().positive, "a paper boat");
}

#[test]
fn e13_wrapped_graphs_are_unwrapped_a_few_times() {
    let wrapped =
        |times: usize| (0..times).fold(GRAPH.to_owned(), |text, _| serde_json::to_string(&text).unwrap());
    assert_eq!(
        of_graph(&format!("{{\"prompt\": {GRAPH}, \"workflow\": {{}}}}")).unwrap().positive,
        "a paper boat"
    );
    assert_eq!(of_graph(&wrapped(1)).unwrap().positive, "a paper boat");
    assert_eq!(of_graph(&wrapped(5)), None);
    let odd = r#"{"prompt": "x", "uc": "y", "n_samples": 1, "v4_prompt": [1], "v4_negative_prompt": {"caption": 5}}"#;
    let recipe = reading(&png(&[("Comment", odd)]), "a.png").recipe.unwrap();
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("x", "y"));
}

#[test]
fn f1_markers_inside_a_prompt_stay_prompt() {
    let text = "a sign\nSteps: 3 of them, all red\nsays Negative prompt: not really\nNegative prompt: fog\nSteps: 7, Seed: 1";
    let recipe = of_infotext(text);
    assert_eq!(recipe.positive, "a sign\nSteps: 3 of them, all red\nsays Negative prompt: not really");
    assert_eq!((recipe.negative.as_str(), recipe.steps), ("fog", Some(7)));
}

#[test]
fn f2_parts_may_stand_alone() {
    let parts = |text: &str| {
        let Recipe { positive, negative, steps, .. } = of_infotext(text);
        (positive, negative, steps)
    };
    assert_eq!(parts("Steps: 5, Seed: 1"), (String::new(), String::new(), Some(5)));
    assert_eq!(parts("Negative prompt: fog"), (String::new(), "fog".to_owned(), None));
    assert_eq!(parts("only words"), ("only words".to_owned(), String::new(), None));
    for blank in ["", " \n \n"] {
        assert_eq!(reading(&png(&[("parameters", blank)]), "a.png").recipe, None);
    }
}

#[test]
fn f3_a_text_on_one_line_is_split() {
    let recipe = of_infotext("a cat. Negative prompt: fog. Steps: 5, Sampler: Euler, Seed: 1");
    assert_eq!(
        (recipe.positive.as_str(), recipe.negative.as_str(), recipe.steps),
        ("a cat.", "fog.", Some(5))
    );
}

#[test]
fn f4_a_last_line_of_adapters_is_no_settings_line() {
    let recipe = of_infotext("a cat\n<lora:a:1>, <lora:b:1>, <lora:c:1>");
    assert_eq!((recipe.loras.len(), recipe.extra.len()), (3, 0));
    assert_eq!(recipe.positive, "a cat\n<lora:a:1>, <lora:b:1>, <lora:c:1>");
}

#[test]
fn f5_f6_hostile_settings_are_bounded() {
    for settings in [
        "a: ".repeat(1 << 20),
        ", ".repeat(1 << 20),
        "k: {".repeat(1 << 19),
        "k: \"".repeat(1 << 19),
        "k: [\"".repeat(1 << 19),
        "Key: v, ".repeat(10_000),
        format!("{}: v", "k".repeat(1 << 20)),
        format!("Hashes: {{\"model\": {}", "{".repeat(1 << 20)),
        "a,b".repeat(1 << 20),
    ] {
        let recipe = of_infotext(&format!("a cat\nSteps: 5, {settings}"));
        assert_eq!((recipe.positive.as_str(), recipe.steps), ("a cat", Some(5)));
        assert!(recipe.extra.len() <= 1_000);
    }
    let recipe = of_infotext(
        "x\nSteps: 5, A: \"open, B: 2, Hashes: {\"model\": 1, Seed: 3, C: k: v, D: \"q: \\\"1\\\", 2\"",
    );
    assert_eq!(recipe.seed.as_deref(), Some("3"));
    assert!(recipe.extra.contains(&("B".to_owned(), "2".to_owned())));
    assert!(recipe.extra.contains(&("D".to_owned(), "q: \"1\", 2".to_owned())));
}

#[test]
fn f7_absurd_values_are_absent_and_kept_as_text() {
    let recipe = of_infotext("x\nSteps: 5, Size: 0x0, CFG scale: 7,5, Seed: -1");
    assert_eq!((recipe.width, recipe.cfg, recipe.seed), (None, Some(7.5), None));
    assert_eq!(recipe.extra, [("Size".to_owned(), "0x0".to_owned()), ("Seed".to_owned(), "-1".to_owned())]);
    let spaced = of_infotext("x\nSteps: 5, Size: 1024 x 768");
    assert_eq!((spaced.width, spaced.height), (Some(1024), Some(768)));
}

#[test]
fn f8_all_line_ends_are_line_ends() {
    for end in ["\r", "\r\n", "\u{2028}"] {
        let recipe = of_infotext(&["a", "b", "Negative prompt: c", "Steps: 5,\u{a0}Seed:\t1"].join(end));
        assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a\nb", "c"), "{end:?}");
        assert_eq!((recipe.steps, recipe.seed.as_deref()), (Some(5), Some("1")));
    }
}

#[test]
fn f9_f10_tags_are_bounded() {
    let many = of_infotext(&format!(
        "{}\nSteps: 1",
        (0..50_000).map(|n| format!("<lora:l{n}:1>")).collect::<String>()
    ));
    assert_eq!(many.loras.len(), 1_000);
    let words =
        of_infotext(&format!("{}\nSteps: 1", (0..100_000).map(|n| format!("w{n}, ")).collect::<String>()));
    assert_eq!(auto_tags(&words).iter().filter(|(kind, _)| *kind == TagKind::Pos).count(), 1_000);
}

#[test]
fn f11_markup_is_plain_text() {
    let prompt = "<script>alert(1)</script>, '; DROP TABLE x; --, ../../etc/passwd, \u{1b}[31mred";
    assert_eq!(
        positive(&png(&[("parameters", &format!("{prompt}\nSteps: 1, Seed: 1"))])).as_deref(),
        Some(prompt)
    );
}

#[test]
fn json_is_never_taken_for_an_infotext() {
    let unknown = "{\"job\": {\"prompt\": \"x Steps: 20, y\", \"steps\": 3}}";
    let reading = reading(&png(&[("parameters", unknown)]), "a.png");
    assert_eq!((reading.recipe, reading.generation_text.as_str()), (None, unknown));
    assert_eq!(recipe_of(unknown), None);
    assert!(recipe_of(INFOTEXT).is_some());
}
