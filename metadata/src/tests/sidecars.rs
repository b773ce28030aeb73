//! What stands beside a picture: texts, JSON, and the page that Fooocus logs to (group G of the bad inputs).

use super::dialects::extra;
use super::encode::png;
use super::{INFOTEXT, reading};
use crate::{Beside, Bytes, Finding, Log, Reading, auto_tags, log_entry, read, recipe_of};
use lumidex_schema::recipe::Source;
use lumidex_schema::tag::TagKind;

fn beside(file: &[u8], texts: &[(&str, &[u8])]) -> Reading {
    let beside: Vec<_> = texts.iter().map(|(name, bytes)| Beside { name: name.as_bytes(), bytes }).collect();
    read(&Bytes(file), b"a.png", &beside).unwrap()
}

#[test]
fn several_texts_beside_a_picture_are_believed_in_their_order() {
    let swarm = br#"{"sui_image_params": {"prompt": "a tin crow", "steps": 4}}"#;
    let both = beside(&png(&[]), &[("a.swarm.json", swarm), ("a.txt", INFOTEXT.as_bytes())]);
    let recipe = both.recipe.unwrap();
    assert_eq!(
        (recipe.source, recipe.positive.as_str(), recipe.steps),
        (Source::SwarmUi, "a tin crow", Some(4))
    );
    assert_eq!((recipe.seed.as_deref(), both.finding), (Some("42"), Finding::Recipe));
    assert_eq!(both.places, ["beside:a.swarm.json", "beside:a.txt"]);
    assert!(both.provenance.contains(&("positive".to_owned(), "beside:a.swarm.json".to_owned())));
    let embedded = beside(&png(&[("parameters", INFOTEXT)]), &[("a.swarm.json", swarm)]);
    assert_eq!(embedded.recipe.unwrap().positive, "a cat, <lora:soft:0.5>");
    let captioned = beside(&png(&[]), &[("a.txt", b"1girl, red hair"), ("a.swarm.json", swarm)]);
    assert_eq!(captioned.recipe.unwrap().positive, "a tin crow");
    assert_eq!(captioned.description.as_deref(), Some("1girl, red hair"));
}

#[test]
fn side_files_that_say_nothing_of_the_picture_are_silent() {
    for (name, bytes) in [
        ("a.json", &b"{\"category\": \"x\", \"tags\": [\"a\"]}"[..]),
        ("a.json", b"[1, 2]"),
        ("a.json", b"plain words"),
        ("a.yaml", b"prompt: x\nsteps: 5"),
        ("a.civitai.info", b"{\"prompt\": \"x\", \"steps\": 5}"),
        ("a.txt", b" \n"),
        ("a.txt", b"{\"job\": 1}"),
    ] {
        let reading = beside(&png(&[]), &[(name, bytes)]);
        assert_eq!(
            (reading.recipe, reading.description, reading.finding),
            (None, None, Finding::NoText),
            "{name}"
        );
    }
}

#[test]
fn a_caption_in_the_form_of_an_object_beside_a_picture_is_a_caption() {
    let text = r#"{"short_description": "a tin crow", "objects": [], "lighting": {"conditions": "dusk"}}"#;
    for name in ["a.json", "a.txt"] {
        let reading = beside(&png(&[]), &[(name, text.as_bytes())]);
        assert_eq!((reading.recipe, reading.finding), (None, Finding::Caption), "{name}");
        assert_eq!((reading.description.as_deref(), reading.generation_text.as_str()), (Some(text), text));
        assert_eq!(reading.places, [format!("beside:{name}")]);
    }
    let cut = beside(&png(&[]), &[("a.json", &text.as_bytes()[..60])]);
    assert_eq!((cut.description, cut.places.len()), (None, 0));
}

#[test]
fn g3_side_files_of_every_encoding_and_size() {
    let wide: Vec<u8> =
        b"\xff\xfe".iter().copied().chain(INFOTEXT.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(beside(&png(&[]), &[("a.txt", &wide)]).recipe.unwrap().seed.as_deref(), Some("42"));
    for bad in [&b"\x7fELF\0\0"[..], &vec![b'x'; (1 << 20) + 1]] {
        let reading = beside(&png(&[]), &[("a.txt", bad), ("a.json", bad)]);
        assert_eq!((reading.recipe, reading.complaints.len()), (None, 1));
    }
    let many: Vec<_> = (0..100).map(|_| ("a.txt", &b"words"[..])).collect();
    assert_eq!(beside(&png(&[]), &many).places.len(), crate::limits::SIDECARS_MAX);
}

fn block(id: &str, shown: &str, prompt: &str, json: &str) -> String {
    let button = if json.is_empty() {
        String::new()
    } else {
        let argument: String = json.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("<button onclick=\"to_clipboard('{argument}')\">Copy to Clipboard</button>")
    };
    format!(
        "<div id=\"{id}\" class=\"image-container\"><hr><table><tr>\n<td>{shown}</td><td><table class='metadata'>\n\
         <tr><td class='label'>Prompt</td><td class='value'>{prompt}</td></tr>\n\
         <tr><td class='label'>Negative Prompt</td><td class='value'>fog</td></tr>\n\
         <tr><td class='label'>Resolution</td><td class='value'>(1152, 896)</td></tr>\n\
         <tr><td class='label'>Steps</td><td class='value'>30</td></tr>\n\
         <tr><td class='label'>Base Model</td><td class='value'>toy.safetensors</td></tr>\n\
         <tr><td class='label'>LoRA 1</td><td class='value'>soft : 0.25</td></tr>\n\
         </table>{button}</td></tr></table></div>\n\n"
    )
}

fn page(blocks: &[String]) -> String {
    format!(
        "<!DOCTYPE html><html><head></head><body>\n<!--fooocus-log-split-->\n\n{}<!--fooocus-log-split--></body></html>",
        blocks.concat()
    )
}

fn link(name: &str) -> String {
    format!("<a href=\"{name}\" target=\"_blank\"><img src='{name}' onerror=\"x\"/></a><div>{name}</div>")
}

#[test]
fn a_log_describes_the_pictures_of_its_folder() {
    let json = r#"{"prompt": "a </td> fox\n<div id=\"x\">", "negative_prompt": "", "base_model": "toyXL", "seed": "7", "resolution": "(64, 32)", "styles": ["A", "B"], "loras": [["n", 0.5, "ab"]]}"#;
    let page = page(&[
        block("one_png", &link("one.png"), "a </br> fox", json),
        block("two_png", &link("two.png"), "a <b>bear</b> </br> asleep", ""),
        block("one_png", &link("one.png"), "older", ""),
    ]);
    let log = Log::parse(&mut page.as_bytes()).unwrap();
    assert_eq!((log.len(), log.get("three.png")), (2, None));
    let one = recipe_of(log.get("one.png").unwrap()).unwrap();
    assert_eq!(
        (one.source, one.positive.as_str(), one.seed.as_deref()),
        (Source::Fooocus, "a </td> fox\n<div id=\"x\">", Some("7"))
    );
    assert_eq!(
        (one.model.as_deref(), one.loras[0].hash.as_deref(), extra(&one, "Styles")),
        (Some("toyXL"), Some("ab"), Some("A, B"))
    );
    let two = log_entry(&mut page.as_bytes(), "two.png").unwrap().unwrap();
    assert_eq!(
        (two.positive.as_str(), two.negative.as_str(), two.steps),
        ("a <b>bear</b>\nasleep", "fog", Some(30))
    );
    assert_eq!((two.width, two.loras[0].weight), (Some(1152), 0.25));
    let tags = auto_tags(&two);
    assert!(
        tags.contains(&(TagKind::Size, "1152 * 896".to_owned()))
            && tags.contains(&(TagKind::Model, "toy".to_owned()))
    );
    // The text goes the way of any text beside a picture.
    let through = beside(&png(&[]), &[("log.html", log.get("two.png").unwrap().as_bytes())]).recipe.unwrap();
    assert_eq!((through.positive, through.source), (two.positive, Source::Fooocus));
}

#[test]
fn signs_that_a_prompt_spells_out_are_read_as_they_stand_behind_the_button() {
    let json = r#"{"prompt": "a sign that says &amp; and &lt;b&gt; and 100%41"}"#;
    let page = page(&[block("one_png", "<a href=\"a&amp;b%20c.png\">x</a>", "x", json)]);
    let log = Log::parse(&mut page.as_bytes()).unwrap();
    let recipe = recipe_of(log.get("a&b c.png").unwrap()).unwrap();
    assert_eq!(recipe.positive, "a sign that says &amp; and &lt;b&gt; and 100%41");
}

#[test]
fn g2_what_a_block_shows_decides_between_names() {
    let page = page(&[
        block("a_b_png", &link("a.b.png"), "dots", ""),
        block("a_b_png", &link("./a_b.png"), "lines", ""),
        block("c_d_png", "", "bare", ""),
    ]);
    let log = Log::parse(&mut page.as_bytes()).unwrap();
    let positive = |name: &str| recipe_of(log.get(name)?).map(|recipe| recipe.positive);
    assert_eq!(positive("a.b.png").as_deref(), Some("dots"));
    assert_eq!(positive("a_b.png").as_deref(), Some("lines"));
    assert_eq!(positive("c.d.png").as_deref(), Some("bare"));
}

#[test]
fn logs_of_the_first_version_have_paragraphs() {
    let page = "<div id=\"x_png\">\n<p>x.png</p>\n<p>Prompt: <b>a fox</b></p>\n<p>Negative Prompt: <b>fog</b></p>\n<p>Steps: <b>30</b>, Seed: <b>5</b></p>\n\
        <p>LoRA [soft.safetensors] weight: <b>0.5</b></p><p><img src=\"x.png\" width=512></p></div>";
    let recipe = log_entry(&mut page.as_bytes(), "x.png").unwrap().unwrap();
    assert_eq!(
        (recipe.positive.as_str(), recipe.steps, recipe.seed.as_deref()),
        ("a fox", Some(30), Some("5"))
    );
    assert_eq!((recipe.loras[0].name.as_str(), recipe.loras[0].weight), ("soft", 0.5));
}

#[test]
fn g1_long_and_broken_logs_are_read_as_streams() {
    let many: Vec<_> = (0..3_000)
        .map(|nth| block(&format!("p{nth}_png"), &link(&format!("p{nth}.png")), "a fox", ""))
        .collect();
    let whole = page(&many);
    // Any size of what a read gives is the same page.
    for step in [1_000_000, 4_096, 77] {
        let mut slow = Slow { bytes: whole.as_bytes(), step };
        assert_eq!(Log::parse(&mut slow).unwrap().len(), 3_000);
    }
    let cut = &whole.as_bytes()[..whole.len() / 2];
    assert!((1_490..=1_510).contains(&Log::parse(&mut &cut[..]).unwrap().len()));
    let mut unread = Slow { bytes: whole.as_bytes(), step: 4_096 };
    assert!(log_entry(&mut unread, "p3.png").unwrap().is_some());
    assert!(unread.bytes.len() > whole.len() - (256 << 10));
    let huge = page(&[
        block("big_png", &link("big.png"), &"x".repeat(3 << 20), ""),
        block("s_png", &link("s.png"), "a fox", ""),
    ]);
    let log = Log::parse(&mut huge.as_bytes()).unwrap();
    assert_eq!((log.len(), log.get("s.png").is_some()), (1, true));
    for odd in [
        "",
        "<html>",
        "<div id=\"",
        "<div id=\"a\">",
        "\n<div id=\"a_png\" class=\"image-container\"><tr><td class='label'>",
    ] {
        assert!(Log::parse(&mut odd.as_bytes()).unwrap().is_empty(), "{odd}");
    }
}

/// Gives few bytes at a time.
struct Slow<'a> {
    bytes: &'a [u8],
    step: usize,
}

impl std::io::Read for Slow<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.step.min(buf.len()).min(self.bytes.len());
        buf[..n].copy_from_slice(&self.bytes[..n]);
        self.bytes = &self.bytes[n..];
        Ok(n)
    }
}

#[test]
fn findings_say_why_there_is_no_recipe() {
    let finding = |texts: &[(&str, &str)]| reading(&png(texts), "a.png").finding;
    assert_eq!(finding(&[("parameters", INFOTEXT)]), Finding::Recipe);
    assert_eq!(finding(&[("Description", "a wall")]), Finding::Caption);
    assert_eq!(finding(&[]), Finding::NoText);
    assert_eq!(finding(&[("Software", "gimp"), ("Comment", "Created with GIMP")]), Finding::OnlyRemarks);
    assert_eq!(finding(&[("chara", "eyJuYW1lIjogIngifQ==")]), Finding::NoText);
    assert_eq!(finding(&[("mxfile", "%3Cmxfile%3E")]), Finding::NoText);
    assert_eq!(finding(&[("Comment", "{\"job\": 1}")]), Finding::UnknownText);
    assert_eq!(finding(&[("workflow", "{\"nodes\": [], \"links\": []}")]), Finding::UnknownText);
    assert_eq!(finding(&[("parameters", "{\"prompt")]), Finding::Broken);
    assert_eq!(finding(&[("parameters", "{\"job\": {\"a\": 1, \"b")]), Finding::Broken);
}

#[test]
fn json_is_no_prompt_even_where_it_is_broken() {
    for text in ["{\"a\": 1, \"b", "[{\"a\": 1}]", "{\n  \"x\": \"y\"", "[\"a\", \"b\"]"] {
        let reading = reading(&png(&[("parameters", text)]), "a.png");
        assert_eq!((reading.recipe, reading.description), (None, None), "{text}");
    }
    for prompt in ["{a|b} cat, {c}", "[cat:dog:0.5], hat", "[1girl], hat", "{{best}}, \"so\": x"] {
        assert_eq!(super::positive(&png(&[("parameters", prompt)])).as_deref(), Some(prompt));
    }
}
