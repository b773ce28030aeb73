//! Contract section 5 and 11.7: custom tags.

use super::served::{FIRST_DATE, PREFIXES, Served, png, write_at};
use lumidex_schema::tag::TagKind;
use serde_json::{Value, json};

#[test]
fn a_tag_is_made_once() {
    let served = Served::new();
    let first = served.get("POST", "/db/add_custom_tag", &json!({ "tag_name": "fav" }));
    let again = served.get("POST", "/db/add_custom_tag", &json!({ "tag_name": "fav", "more": 1 }));
    assert_eq!(first, again);
    let id = &first["id"];
    assert_eq!(
        first,
        json!({ "id": id, "name": "fav", "type": "custom", "kind": "custom", "color": "", "count": 0, "score": 0, "display_name": null })
    );
    let iib = served.ask("POST", "/iib/db/add_custom_tag", &json!({ "tag_name": "fav" })).json();
    assert_eq!(
        iib,
        json!({ "id": id, "name": "fav", "type": "custom", "color": "", "count": 0, "score": 0, "display_name": null })
    );
    for bad in [
        "",
        "   ",
        "one two three four five six seven eight nine and more words",
        "一二三四五六七八九十一二三",
    ] {
        served.refused("POST", "/db/add_custom_tag", &json!({ "tag_name": bad }), 400);
    }
    served.refused("POST", "/db/add_custom_tag", &json!({}), 400);
    served.refused("POST", "/db/add_custom_tag", &json!({ "tag_name": null }), 400);
}

#[test]
fn a_tag_is_toggled_and_shown_at_once() {
    let served = Served::new();
    let tag = served.get("POST", "/db/add_custom_tag", &json!({ "tag_name": "fav" }))["id"].clone();
    let body = json!({ "img_path": served.path("a.png"), "tag_id": tag.to_string() });
    let shown = |prefix: &str| {
        let route = format!("{prefix}/db/img_selected_custom_tag?path={}", served.encoded("a.png"));
        served.ask("GET", &route, &Value::Null).json()
    };
    for prefix in PREFIXES {
        let toggle = || served.ask("POST", &format!("{prefix}/db/toggle_custom_tag_to_img"), &body).json();
        assert_eq!(toggle(), json!({ "is_remove": false }));
        assert_eq!((&shown(prefix)[0]["id"], &shown(prefix)[0]["count"]), (&tag, &json!(1)));
        assert_eq!(toggle(), json!({ "is_remove": true }));
        assert_eq!(shown(prefix), json!([]));
    }
}

#[test]
fn get_image_tags_leaves_out_paths_without_tags() {
    let served = Served::new();
    let tag = served.tagged("fav", &["a.png"]);
    let odd = format!("{}/./sub/../a.png", served.path("").trim_end_matches('/'));
    let body = json!({ "paths": [served.path("a.png"), served.path("b.png"), "/nowhere/x.png", odd, odd] });
    let answer = served.get("POST", "/db/get_image_tags", &body);
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, [&odd, &served.path("a.png")]);
    assert_eq!(answer[&odd][0]["id"], tag);
    served.check("POST", "/db/get_image_tags", &json!({ "paths": [] }), 200, &json!({}));
    served.check("POST", "/db/get_image_tags", &json!({ "paths": null }), 200, &json!({}));
    served.check("GET", "/db/img_selected_custom_tag?path=%2Fnowhere.png", &Value::Null, 200, &json!([]));
    served.refused("GET", "/db/img_selected_custom_tag", &Value::Null, 400);
}

#[test]
fn a_batch_is_checked_whole_before_anything_changes() {
    let served = Served::new();
    let tag = served.tagged("fav", &[]);
    let has = |name: &str| {
        served.get("GET", &format!("/db/img_selected_custom_tag?path={}", served.encoded(name)), &Value::Null)
            != json!([])
    };
    let batch = |names: &[&str], action: &str| {
        let paths: Vec<String> = names.iter().map(|name| served.path(name)).collect();
        json!({ "img_paths": paths, "action": action, "tag_id": tag })
    };
    served.refused("POST", "/db/batch_update_image_tag", &batch(&["a.png", "gone.png"], "add"), 404);
    served.refused("POST", "/db/batch_update_image_tag", &batch(&["a.png", "notes.txt"], "add"), 400);
    assert!(!has("a.png"));
    served.check(
        "POST",
        "/db/batch_update_image_tag",
        &batch(&["a.png", "b.png", "a.png"], "add"),
        200,
        &Value::Null,
    );
    assert!(has("a.png") && has("b.png"));
    served.check("POST", "/db/batch_update_image_tag", &batch(&["a.png"], "remove"), 200, &Value::Null);
    assert!(!has("a.png") && has("b.png"));
    served.refused("POST", "/db/batch_update_image_tag", &batch(&["a.png"], "toggle"), 400);
    served.refused("POST", "/db/batch_update_image_tag", &json!({ "img_paths": [], "tag_id": tag }), 400);
}

#[test]
fn a_file_that_is_not_known_yet_is_read_before_it_is_tagged() {
    let served = Served::new();
    let tag = served.tagged("fav", &[]);
    write_at(&served.path("fresh.png").into(), &png("fresh"), FIRST_DATE);
    let toggle = |path: &str| json!({ "img_path": path, "tag_id": tag });
    let answer = served.get("POST", "/db/toggle_custom_tag_to_img", &toggle(&served.path("fresh.png")));
    assert_eq!(answer, json!({ "is_remove": false }));
    served.refused("POST", "/db/toggle_custom_tag_to_img", &toggle(&served.path("gone.png")), 404);
    let outside = served.dir.path().join("private/real.png");
    served.refused("POST", "/db/toggle_custom_tag_to_img", &toggle(outside.to_str().unwrap()), 400);
}

#[test]
fn unknown_tags_are_not_found_and_automatic_ones_are_refused() {
    let served = Served::new();
    let auto = served.tag(TagKind::Sampler, "DDIM");
    let path = served.path("a.png");
    let image =
        served.get("POST", "/db/search_by_substr", &json!({ "surstr": "fluffy" }))["files"][0]["id"].clone();
    for (id, status) in
        [(json!(auto), 400), (json!(999_999), 404), (json!(-3), 404), (json!([]), 400), (Value::Null, 400)]
    {
        served.refused(
            "POST",
            "/db/toggle_custom_tag_to_img",
            &json!({ "img_path": path, "tag_id": id }),
            status,
        );
        served.refused(
            "POST",
            "/db/batch_update_image_tag",
            &json!({ "img_paths": [path], "action": "add", "tag_id": id }),
            status,
        );
        served.refused(
            "POST",
            "/db/remove_custom_tag_from_img",
            &json!({ "img_id": image, "tag_id": id }),
            status,
        );
    }
    served.refused("POST", "/db/remove_custom_tag", &json!({ "tag_id": auto }), 400);
    let like = served.tag(TagKind::Custom, "like");
    served.refused("POST", "/db/remove_custom_tag", &json!({ "tag_id": like }), 400);
    served.check("POST", "/db/remove_custom_tag", &json!({ "tag_id": 999_999 }), 200, &Value::Null);
    served.check("POST", "/db/update_tag", &json!({ "id": 999_999, "color": "red" }), 200, &Value::Null);
}

#[test]
fn a_removed_tag_is_gone_from_its_images() {
    let served = Served::new();
    let tag = served.tagged("fav", &["a.png"]);
    served.check("POST", "/db/remove_custom_tag", &json!({ "tag_id": tag.to_string() }), 200, &Value::Null);
    served.check("POST", "/db/get_image_tags", &json!({ "paths": [served.path("a.png")] }), 200, &json!({}));
    served.refused("POST", "/db/match_images_by_tags", &json!({ "and_tags": [tag] }), 404);
    assert_ne!(served.tagged("fav", &[]), tag, "ids are never used again");
}

#[test]
fn only_the_colour_of_a_tag_changes() {
    let served = Served::new();
    let tag = served.tagged("fav", &[]);
    let whole = json!({ "id": tag, "name": "renamed?", "type": "pos", "color": "#ff0000", "count": 9, "display_name": null });
    served.check("POST", "/db/update_tag", &whole, 200, &Value::Null);
    let known = served.get("GET", "/db/basic_info", &Value::Null);
    let known = known["tags"].as_array().unwrap().iter().find(|known| known["id"] == tag).unwrap().clone();
    assert_eq!(
        (&known["name"], &known["color"], &known["count"]),
        (&json!("fav"), &json!("#ff0000"), &json!(0))
    );
    served.refused("POST", "/db/update_tag", &json!({ "color": "red" }), 400);
    served.refused("POST", "/db/update_tag", &json!({ "id": tag, "color": "x".repeat(200) }), 400);
}

#[test]
fn a_tag_is_taken_off_by_the_id_of_its_image() {
    let served = Served::new();
    let tag = served.tagged("fav", &["a.png"]);
    let image =
        served.get("POST", "/db/search_by_substr", &json!({ "surstr": "fluffy" }))["files"][0]["id"].clone();
    served.check(
        "POST",
        "/db/remove_custom_tag_from_img",
        &json!({ "img_id": image, "tag_id": tag.to_string() }),
        200,
        &Value::Null,
    );
    served.check("POST", "/db/get_image_tags", &json!({ "paths": [served.path("a.png")] }), 200, &json!({}));
    served.refused(
        "POST",
        "/db/remove_custom_tag_from_img",
        &json!({ "img_id": 424_242, "tag_id": tag }),
        404,
    );
}
