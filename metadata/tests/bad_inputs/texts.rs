//! Groups E, F and G: JSON and graphs, the web UI's text, and what stands beside a picture.

use super::{Counted, INFOTEXT, KB, LITTLE, MB, Most, costs, costs_beside, is_read};
use allocation_counter::measure;
use lumidex_metadata::limits::{LOG_ENTRIES_MAX, LORAS_MAX, SIDECAR_BYTES_MAX, SIDECARS_MAX};
use lumidex_metadata::{Bytes, Finding, Hidden, Log, Options, read_with};
use lumidex_synth::container::png;
use lumidex_synth::{Container, Intended, Writer, log_page, writers};
use std::cell::Cell;
use std::fmt::Write as _;

fn graph(text: &str) -> Vec<u8> {
    png(&[("prompt", text)])
}

/// A sampler that takes its texts and its model from these.
fn usual(nodes: &str, positive: &str, model: &str) -> String {
    format!(
        r#"{{{nodes} "3": {{"class_type": "KSampler", "inputs": {{"seed": 7, "steps": 9, "cfg": 4.5, "sampler_name": "euler", "scheduler": "normal",
        "denoise": 1, "model": {model}, "positive": {positive}, "negative": ["7", 0], "latent_image": ["5", 0]}}}},
        "4": {{"class_type": "CheckpointLoaderSimple", "inputs": {{"ckpt_name": "toy.safetensors"}}}},
        "5": {{"class_type": "EmptyLatentImage", "inputs": {{"width": 512, "height": 640, "batch_size": 1}}}},
        "6": {{"class_type": "CLIPTextEncode", "inputs": {{"text": "a cat", "clip": ["4", 1]}}}},
        "7": {{"class_type": "CLIPTextEncode", "inputs": {{"text": "blur", "clip": ["4", 1]}}}},
        "9": {{"class_type": "SaveImage", "inputs": {{"images": ["3", 0]}}}}}}"#
    )
}

const TEXT: &str = r#"["6", 0]"#;
const MODEL: &str = r#"["4", 0]"#;

#[test]
fn e1_deep_json() {
    let deep = |start: &str| format!("{start}{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let most = Most { read: 320 * KB, total: MB, at_once: 512 * KB };
    assert_eq!(costs(&graph(&deep("{\"1\": ")), most).recipe, None);
    let read = costs(&png(&[("parameters", &deep("{\"sui_image_params\": "))]), most);
    assert_eq!((read.recipe, read.finding), (None, Finding::Broken));
}

#[test]
fn e2_json_that_is_not_quite() {
    let good = usual("", TEXT, MODEL);
    for text in [
        good.replacen("\"seed\": 7", "\"x\": [NaN, -Infinity], \"seed\": 7", 1),
        format!("\u{feff}{good}\0\0"),
        format!("{good} {{\"second\": 1}}"),
        good.replacen("640, \"batch_size\": 1}", "640, \"batch_size\": 1,}", 1),
    ] {
        assert!(costs(&graph(&text), LITTLE).recipe.is_some());
    }
}

#[test]
fn e3_numbers_of_every_length() {
    for seed in ["18446744073709551615", "-1", "1e400", "\"0xABCDEF\"", &"7".repeat(50_000)] {
        let text = usual("", TEXT, MODEL).replacen("\"seed\": 7", &format!("\"seed\": {seed}"), 1);
        is_read(&costs(&graph(&text), Most { total: 256 * KB, at_once: 192 * KB, ..LITTLE }));
    }
}

#[test]
fn e4_one_key_many_times() {
    let text = usual("", TEXT, MODEL).replacen("\"seed\": 7", &"\"seed\": 5, ".repeat(200), 1);
    let text = text.replacen("5, , ", "5, ", 1);
    is_read(&costs(&graph(&text), Most { total: 96 * KB, ..LITTLE }));
    let flat = format!("{{\"prompt\": \"a cat\", {} \"steps\": 3}}", "\"seed\": 5, ".repeat(100_000));
    is_read(&costs(&png(&[("parameters", &flat)]), Most { read: 2 * MB, total: 12 * MB, at_once: 10 * MB }));
}

#[test]
fn e5_a_value_beyond_the_cap() {
    let long = format!("{{\"prompt\": \"{}\"}}", "x, ".repeat(8 << 20));
    let read =
        costs(&png(&[("parameters", &long)]), Most { read: 10 * MB, total: 56 * MB, at_once: 32 * MB });
    assert!(read.recipe.is_none_or(|recipe| recipe.positive.len() <= 8 * MB as usize));
    assert!(!read.complaints.is_empty() && read.generation_text.len() <= MB as usize);
    // Shorter than the cap, and of more values than are read.
    let many = format!("[{}0]", "0,".repeat(3 << 20));
    costs(&png(&[("parameters", &many)]), Most { read: 10 * MB, total: 48 * MB, at_once: 32 * MB });
}

#[test]
fn e6_graphs_that_lead_to_themselves() {
    for (class, input) in
        [("ConditioningCombine", "conditioning_1"), ("LoraLoader", "model"), ("Text Concatenate", "text_a")]
    {
        let ring = format!(
            "\"100\": {{\"class_type\": \"{class}\", \"inputs\": {{\"{input}\": [\"101\", 0]}}}},
             \"101\": {{\"class_type\": \"{class}\", \"inputs\": {{\"{input}\": [\"100\", 0], \"x\": [\"101\", 0]}}}},"
        );
        for (positive, model) in [("[\"100\", 0]", MODEL), (TEXT, "[\"100\", 0]")] {
            assert_eq!(costs(&graph(&usual(&ring, positive, model)), LITTLE).recipe.unwrap().steps, Some(9));
        }
    }
}

#[test]
fn e7_long_chains_and_wide_fans() {
    let mut chain = String::new();
    for nth in 0..50_000 {
        let _ = write!(
            chain,
            "\"{}\": {{\"class_type\": \"Reroute\", \"inputs\": {{\"any\": [\"{}\", 0]}}}},",
            nth + 100,
            nth + 101
        );
    }
    let long = usual(&chain, "[\"100\", 0]", MODEL);
    let most = Most { read: 8 * MB, total: 16 * long.len() as u64, at_once: 11 * long.len() as u64 };
    assert_eq!(costs(&graph(&long), most).recipe.unwrap().steps, Some(9));
    let mut fan = String::new();
    for nth in 100..160 {
        let inputs: Vec<_> =
            (0..8).map(|n| format!("\"conditioning_{n}\": [\"{}\", {n}]", nth + 1)).collect();
        let _ = write!(
            fan,
            "\"{nth}\": {{\"class_type\": \"ConditioningCombine\", \"inputs\": {{{}}}}},",
            inputs.join(",")
        );
    }
    let most = Most { total: 512 * KB, at_once: 256 * KB, ..LITTLE };
    assert_eq!(costs(&graph(&usual(&fan, "[\"100\", 0]", MODEL)), most).recipe.unwrap().steps, Some(9));
}

#[test]
fn e8_links_of_every_shape() {
    for link in [
        "[\"404\", 0]",
        "[\"6\", -1]",
        "[\"6\"]",
        "[\"6\", \"0\"]",
        "[6, 0.0]",
        "[null, 0]",
        "[[], {}]",
        "[6, 1e99]",
    ] {
        assert_eq!(costs(&graph(&usual("", link, MODEL)), LITTLE).recipe.unwrap().steps, Some(9));
    }
}

#[test]
fn e9_nodes_of_every_shape() {
    for node in
        ["{}", "{\"class_type\": 5}", "{\"class_type\": \"X\", \"inputs\": []}", "[]", "\"x\"", "1", "null"]
    {
        is_read(&costs(&graph(&usual(&format!("\"77\": {node},"), TEXT, MODEL)), LITTLE));
    }
}

#[test]
fn e10_a_prompt_that_is_no_graph() {
    for text in ["\"text\"", "5", "[1, 2]", "null", "plain words", "{}"] {
        assert_eq!(costs(&graph(text), LITTLE).recipe, None);
    }
}

#[test]
fn e11_a_branch_that_leads_nowhere() {
    let other = "\"50\": {\"class_type\": \"CLIPTextEncode\", \"inputs\": {\"text\": \"another\", \"clip\": [\"4\", 1]}},";
    let text = usual(other, TEXT, MODEL);
    is_read(&costs(&graph(&text), LITTLE));
    let unsaved = text
        .replace("SaveImage", "PreviewImage")
        .replace("\"images\": [\"3\", 0]", "\"images\": [\"404\", 0]");
    is_read(&costs(&graph(&unsaved), LITTLE));
}

#[test]
fn e12_subgraphs_within_themselves() {
    let doubling: Vec<_> = (0..30)
        .map(|nth| {
            let next = nth + 1;
            format!(
                r#"{{"id": "s{nth}", "links": [], "nodes": [{{"id": 1, "type": "s{next}"}}, {{"id": 2, "type": "s{next}"}},
                {{"id": 3, "type": "CLIPTextEncode", "widgets_values": ["a cat"]}}]}}"#
            )
        })
        .collect();
    let own = r#"{"id": "s0", "links": [], "nodes": [{"id": 1, "type": "s0"}, {"id": 3, "type": "CLIPTextEncode", "widgets_values": ["a cat"]}]}"#;
    for definitions in [own, &doubling.join(",")] {
        let text = format!(
            "{{\"nodes\": [{{\"id\": 1, \"type\": \"s0\"}}], \"links\": [], \"definitions\": {{\"subgraphs\": [{definitions}]}}}}"
        );
        // Twenty thousand nodes, of a text of a few kilobytes.
        is_read(&costs(&png(&[("workflow", &text)]), Most { total: 28 * MB, at_once: 14 * MB, ..LITTLE }));
    }
}

#[test]
fn e13_json_in_json_in_json() {
    let comment = r#"{"prompt": "a cat", "uc": "fog", "n_samples": 1, "v4_prompt": [1], "v4_negative_prompt": {"caption": 5}}"#;
    is_read(&costs(&png(&[("Comment", comment)]), LITTLE));
    // Each layer doubles what escapes the one before.
    let wrapped = (0..10).fold(comment.to_owned(), |text, _| {
        format!("{{\"Software\": \"NovelAI\", \"Comment\": {}}}", serde_json::Value::from(text))
    });
    let len = wrapped.len() as u64;
    let read = costs(&png(&[("Comment", &wrapped)]), Most { total: 8 * len, at_once: 6 * len, ..LITTLE });
    assert_eq!(read.recipe.map(|recipe| recipe.positive).unwrap_or_default(), "");
}

#[test]
fn e14_odd_letters() {
    let odd = "\\u0000\\ud800\\u202e\\u0007".repeat(2_000);
    let text = format!("{{\"prompt\": \"a{odd}\", \"steps\": 3, \"k{odd}\": \"x\", \"plain\": \"a{odd}\"}}");
    let read = costs(&png(&[("parameters", &text)]), Most { read: 256 * KB, total: MB, at_once: 512 * KB });
    assert!(!read.generation_text.contains('\0') && read.recipe.is_some());
}

#[track_caller]
fn of_infotext(text: &str, times: u64) {
    let len = text.len() as u64;
    let most = Most { read: 96 * KB + len, total: 64 * KB + times * len, at_once: 64 * KB + times * len };
    assert!(costs(&png(&[("parameters", text)]), most).recipe.is_some());
}

#[test]
fn f1_words_that_look_like_parts() {
    let lines = "Steps: 3 of them, all red\nsays Negative prompt: not really\n".repeat(5_000);
    of_infotext(&format!("{lines}Negative prompt: fog\nSteps: 7, Seed: 1"), 6);
}

#[test]
fn f2_parts_alone() {
    for text in ["Steps: 5, Seed: 1", "Negative prompt: fog", "only words"] {
        of_infotext(text, 0);
    }
    for blank in ["", " \n \n", &"\n ".repeat(20_000)] {
        assert_eq!(costs(&png(&[("parameters", blank)]), LITTLE).recipe, None);
    }
}

#[test]
fn f3_everything_in_one_line() {
    of_infotext(
        &format!("{} Negative prompt: fog. Steps: 5, Sampler: Euler, Seed: 1", "a cat. ".repeat(20_000)),
        6,
    );
}

#[test]
fn f4_adapters_in_the_last_line() {
    of_infotext(&format!("a cat\n{}", "<lora:a:1>, ".repeat(20_000)), 6);
}

#[test]
fn f5_settings_of_megabytes() {
    for settings in [
        "a: ",
        ", ",
        "k: {",
        "k: \"",
        "k: [\"",
        "a,b",
        "Hashes: {{",
        "Lora hashes: \"a: b, ",
        "Civitai resources: [{",
    ] {
        let settings = settings.repeat((1 << 20) / settings.len());
        of_infotext(&format!("a cat\nSteps: 5, {settings}"), 6);
    }
}

#[test]
fn f6_quotes_braces_and_keys_without_end() {
    for settings in [
        "Key: v, ".repeat(10_000),
        format!("{}: v", "k".repeat(1 << 20)),
        format!("Hashes: {{\"model\": {}", "{".repeat(1 << 20)),
        format!("A: \"{}", "\\\"".repeat(1 << 19)),
    ] {
        of_infotext(&format!("a cat\nSteps: 5, {settings}"), 9);
    }
}

#[test]
fn f7_absurd_values() {
    for size in ["0x0", "99999999x1", "x", &"9x".repeat(20_000)] {
        of_infotext(&format!("a cat\nSteps: 5, Size: {size}, CFG scale: 7,5, Seed: -1, Clip skip: 1e999"), 6);
    }
}

#[test]
fn f8_ends_of_lines() {
    for end in ["\r", "\r\n", "\u{2028}", "\u{a0}\n\t"] {
        let text = ["a cat", "b", "Negative prompt: c", "Steps: 5,\u{a0}Seed:\t1"].join(&end.repeat(5_000));
        of_infotext(&text, 7);
    }
}

#[test]
fn f9_adapters_without_end_or_number() {
    let many: String = (0..50_000).map(|nth| format!("<lora:l{nth}:1>")).collect();
    let len = many.len() as u64;
    let read = costs(
        &png(&[("parameters", &format!("{many}\nSteps: 1"))]),
        Most { read: 96 * KB + len, total: 6 * len, at_once: 5 * len },
    );
    assert_eq!(read.recipe.unwrap().loras.len(), LORAS_MAX);
    for odd in ["<lora:", "<lora::1>", "<lora:a:b:c:d>", "<lora:a:nan>", "<<lora:a", "<lora:猫/<"] {
        of_infotext(&format!("{}\nSteps: 1", odd.repeat(50_000)), 6);
    }
}

#[test]
fn f10_prompts_of_megabytes() {
    for words in
        ["x".repeat(1 << 20), "word, ".repeat(100_000), "(".repeat(1 << 20), "BREAK ".repeat(100_000)]
    {
        of_infotext(&format!("{words}\nSteps: 1, Seed: 2"), 6);
    }
}

#[test]
fn f11_markup_and_commands() {
    let prompt =
        "<script>alert(1)</script>, '; DROP TABLE x; --, ../../etc/passwd, \u{1b}[31mred\n".repeat(2_000);
    of_infotext(&format!("{prompt}Steps: 1, Seed: 1"), 6);
}

#[test]
fn g1_a_log_of_a_hundred_thousand_pictures() {
    let block =
        log_page(&[("%", &Intended { positive: "a cat".to_owned(), seed: 7, ..Intended::default() })]);
    let start = block.find("<div id=").unwrap();
    let block = &block[start..block.rfind("<!--").unwrap()];
    struct Page<'a>(&'a str, u32, Vec<u8>);
    impl std::io::Read for Page<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            if self.2.is_empty() && self.1 > 0 {
                self.1 -= 1;
                self.2 = self.0.replace('%', &format!("{}.png", self.1)).into_bytes();
            }
            let n = buf.len().min(self.2.len());
            buf[..n].copy_from_slice(&self.2[..n]);
            self.2.drain(..n);
            Ok(n)
        }
    }
    let n = 2_000;
    let mut log = None;
    let info = measure(|| log = Some(Log::parse(&mut Page(block, n, Vec::new())).unwrap()));
    assert_eq!(log.unwrap().len(), n as usize);
    // What is held is what is kept of each and one block; the page itself is long gone.
    assert!(info.bytes_max <= MB + 2 * KB * u64::from(n), "{info:?}");
    const { assert!(LOG_ENTRIES_MAX <= 100_000) };
}

#[test]
fn g2_names_that_a_log_cannot_tell_apart() {
    let meant = |positive: &str| Intended { positive: positive.to_owned(), seed: 7, ..Intended::default() };
    let (one, two) = (meant("a cat"), meant("other"));
    let page = log_page(&[("a_b.png", &one), ("a.b.png", &two)]);
    let log = Log::parse(&mut page.as_bytes()).unwrap();
    for (name, prompt) in [("a_b.png", "a cat"), ("a.b.png", "other")] {
        let text = log.get(name).unwrap();
        let read = costs_beside(&Bytes(&png(&[])), name, &[("log.html", text.as_bytes())], LITTLE);
        assert_eq!(read.recipe.unwrap().positive, prompt);
    }
}

#[test]
fn g3_side_files_of_every_size_and_code() {
    let wide: Vec<u8> =
        b"\xff\xfe".iter().copied().chain(INFOTEXT.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    is_read(&costs_beside(&Bytes(&png(&[])), "a.png", &[("a.txt", &wide)], LITTLE));
    let long = vec![b'x'; SIDECAR_BYTES_MAX as usize + 1];
    let read = costs_beside(&Bytes(&png(&[])), "a.png", &[("a.txt", &long), ("a.json", &long)], LITTLE);
    assert_eq!((read.recipe, read.description, read.complaints.len()), (None, None, 1));
    let whole = "word ".repeat(200_000);
    let many = vec![("a.txt", whole.as_bytes()); 100];
    let most = Most { total: 24 * MB, at_once: 4 * MB, ..LITTLE };
    assert_eq!(costs_beside(&Bytes(&png(&[])), "a.png", &many, most).places.len(), SIDECARS_MAX);
}

#[test]
fn g9_a_cut_or_changed_file_costs_no_more_than_a_whole_one() {
    let meant = Intended {
        positive: "a cat".to_owned(),
        steps: 4,
        width: 64,
        height: 64,
        seed: 7,
        ..Intended::default()
    };
    let most = Most { total: 384 * KB, at_once: 192 * KB, ..LITTLE };
    for (writer, container) in
        writers().filter_map(|writer: &Writer| Some((writer, *writer.containers.first()?)))
    {
        let file = writer.file(container, &meant, 3).bytes;
        let step = (file.len() / 12).max(1);
        for at in (0..file.len()).step_by(step) {
            costs(&file[..at], most);
            let mut changed = file.clone();
            changed[at] ^= 1 << (at % 8);
            costs(&changed, most);
        }
    }
    for container in Container::ALL {
        let file = Writer::named("a1111").unwrap().file(container, &meant, 3).bytes;
        for at in (0..file.len()).step_by((file.len() / 30).max(1)) {
            costs(&file[..at], most);
        }
    }
}

#[test]
fn g6_ten_thousand_bad_files_in_a_row() {
    let good = png(&[("parameters", INFOTEXT)]);
    let bad: [&[u8]; 6] = [
        b"",
        b"plain words",
        &good[..40],
        &good[..good.len() - 30],
        b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXtparameters\0a cat",
        &graph("{\"1\": {\"class_type\": [[[["),
    ];
    let options = Options { hidden: Hidden::Always };
    let read = |nth: usize| {
        let file = Counted { file: &Bytes(bad[nth % bad.len()]), n_read: Cell::default() };
        let complaints = read_with(&file, b"a.png", &[], &options).unwrap().complaints;
        (file.n_read.get(), !complaints.is_empty())
    };
    // What a thread keeps between files is there from the first ones on.
    (0..bad.len()).for_each(|nth| assert!(read(nth).1, "{nth}"));
    let mut n_read = 0;
    let info = measure(|| n_read = (0..10_000).map(|nth| read(nth).0).sum::<u64>());
    let said = format!("{n_read} bytes read, {info:?}");
    // Nothing is kept of any, and the last costs what the first did.
    assert!(n_read <= 10_000 * 128 && info.bytes_total <= 10_000 * 4 * KB, "{said}");
    assert!(info.bytes_max <= LITTLE.at_once && info.bytes_current <= 0, "{said}");
}
