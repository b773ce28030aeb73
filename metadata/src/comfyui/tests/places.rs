//! Where graphs stand in files.

use super::{LATENT, MODEL, NEGATIVE, POSITIVE, SAMPLER, extra, graph};
use crate::claim::Claim;
use crate::comfyui::find;
use crate::complaint::Complaint;
use crate::sheet::Sheet;
use crate::slots::{Place, Slots, Wanted, tag};

const EDITOR: &str = r#"{"nodes": [{"id": 1, "type": "CLIPTextEncode", "widgets_values": ["of the editor"],
    "properties": {"cnr_id": "comfy-core", "ver": "0.3.40"}}], "links": []}"#;

fn run() -> String {
    graph(&[SAMPLER, MODEL, LATENT, POSITIVE, NEGATIVE])
}

fn claim(texts: &[(Place, &str)]) -> (Option<Claim>, Vec<Complaint>) {
    let mut slots = Slots::new(Wanted::Recipe);
    for (place, text) in texts {
        slots.add(place.clone(), (*text).to_owned());
    }
    let sheet = Sheet::new(&slots, "x.png");
    (find(&sheet), sheet.into_complaints())
}

#[track_caller]
fn positive(texts: &[(Place, &str)]) -> String {
    claim(texts).0.unwrap().recipe.positive
}

fn keyword(name: &str) -> Place {
    Place::Keyword(name.to_owned())
}

#[test]
fn a_graph_is_found_wherever_writers_put_it() {
    let run = run();
    let both = format!("{{\"prompt\": {run}, \"workflow\": {EDITOR}}}");
    let quoted = format!("{{\"prompt\": {}, \"workflow\": {EDITOR}}}", serde_json::Value::from(run.as_str()));
    for place in ["prompt", "Prompt", "PROMPT"] {
        assert_eq!(positive(&[(keyword(place), &run)]), "a boat");
    }
    for label in ["prompt:", "Prompt: ", "PROMPT :"] {
        for tag in [tag::MODEL, tag::MAKE, tag::DESCRIPTION, tag::COPYRIGHT, tag::USER_COMMENT] {
            assert_eq!(positive(&[(Place::Exif(tag), &format!("{label}{run}"))]), "a boat");
        }
    }
    for place in [
        Place::Exif(tag::USER_COMMENT),
        Place::Comment,
        keyword("comment"),
        keyword("COMMENT"),
        Place::Xmp("tool:metadata".to_owned()),
        Place::Hidden,
    ] {
        assert_eq!(positive(&[(place.clone(), &both)]), "a boat");
        assert_eq!(positive(&[(place, &quoted)]), "a boat");
    }
    assert_eq!(positive(&[(Place::Xmp("tool:prompt".to_owned()), &run)]), "a boat");
    for (place, text) in [
        (keyword("workflow"), EDITOR.to_owned()),
        (keyword("WORKFLOW"), EDITOR.to_owned()),
        (Place::Exif(tag::MAKE), format!("workflow:{EDITOR}")),
        (Place::Exif(tag::COPYRIGHT), format!("Workflow: {EDITOR}")),
        (Place::Xmp("tool:workflow".to_owned()), EDITOR.to_owned()),
        (keyword("comment"), format!("{{\"workflow\": {EDITOR}}}")),
        (
            keyword("request"),
            format!("{{\"extra_data\": {{\"extra_pnginfo\": {{\"workflow\": {EDITOR}}}}}}}"),
        ),
    ] {
        assert_eq!(positive(&[(place, &text)]), "of the editor", "{text}");
    }
}

#[test]
fn what_was_run_speaks_before_the_editor() {
    let run = run();
    let (found, complaints) = claim(&[(keyword("workflow"), EDITOR), (keyword("prompt"), &run)]);
    let found = found.unwrap();
    assert_eq!((found.recipe.positive.as_str(), found.place.as_str()), ("a boat", "text:prompt"));
    assert_eq!((extra(&found.recipe, "Version"), complaints), (Some("0.3.40"), vec![]));
    // What a text node showed is kept by the editor alone.
    let silent = run.replace("\"a boat\"", "[\"20\", 0]");
    assert_eq!(positive(&[(keyword("workflow"), EDITOR), (keyword("prompt"), &silent)]), "of the editor");
}

#[test]
fn a_cut_graph_is_a_complaint_and_tells_what_it_can() {
    let run = run();
    let cut = &run[..run.len() - 40];
    let (found, complaints) = claim(&[(keyword("prompt"), cut)]);
    assert_eq!(complaints, [Complaint::BrokenGraph { what: "prompt".to_owned() }]);
    let recipe = found.unwrap().recipe;
    assert_eq!((recipe.positive.as_str(), recipe.negative.as_str()), ("a boat", ""));
    let (found, complaints) = claim(&[(keyword("prompt"), cut), (keyword("workflow"), EDITOR)]);
    assert_eq!((found.unwrap().recipe.positive.as_str(), complaints.len()), ("a boat", 1));
    let (found, _) =
        claim(&[(keyword("prompt"), "{\"1\": {\"class_type\": \"KSam"), (keyword("workflow"), EDITOR)]);
    assert_eq!(found.unwrap().recipe.positive, "of the editor");
}

#[test]
fn what_others_write_is_not_taken() {
    for text in [
        "plain words",
        "{a|b} plain words",
        "{\"sui_image_params\": {\"prompt\": \"x\"}}",
        "{\"prompt\": \"x\", \"uc\": \"y\"}",
        "[1, 2]",
        "null",
        "{\"nodes\": [], \"links\": []}",
        "{\"nodes\": 5, \"type\": 1}",
    ] {
        for place in
            [keyword("prompt"), keyword("workflow"), keyword("Comment"), Place::Exif(tag::USER_COMMENT)]
        {
            let (found, complaints) = claim(&[(place, text)]);
            assert!(found.is_none() && complaints.is_empty(), "{text}");
        }
    }
}

#[test]
fn e14_odd_letters_are_kept_out_of_the_way() {
    let run = run().replace("a boat", "a\\u0000 b\\u202eoat \\ud800 \\u0007");
    let recipe = claim(&[(keyword("prompt"), &run)]).0.unwrap().recipe;
    assert_eq!(recipe.positive, "a b\u{202e}oat \u{fffd} \u{7}");
}
