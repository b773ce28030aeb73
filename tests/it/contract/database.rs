//! Contract section 4, 9, 11.6 and 11.11: searches, counts, updates, folders.

use super::served::{FIRST_DATE, PREFIXES, Served, names, png, write_at};
use lumidex_schema::tag::TagKind;
use serde_json::{Value, json};
use std::time::Duration;

const NEWEST_FIRST: [&str; 7] = [
    "a.png",
    "b.png",
    "c.png",
    "猫 100%20 ü.png",
    "noise.wav",
    "<img src=x onerror=alert(1)>.png",
    "broken.png",
];

#[test]
fn a_page_has_the_superset_of_keys_in_both_dialects() {
    let served = Served::new();
    let body = json!({ "surstr": "fluffy", "folder_paths": [], "folder_paths_str": "", "media_type": "all" });
    for prefix in PREFIXES {
        let answer = served.ask("POST", &format!("{prefix}/db/search_by_substr"), &body).json();
        assert_eq!(answer["cursor"], json!({ "has_next": false, "next": "" }));
        let file = &answer["files"][0];
        let is_iib = prefix == "/iib";
        let date = if is_iib { json!(local(FIRST_DATE)) } else { json!(1_795_363_958.25) };
        let bytes = std::fs::metadata(served.path("a.png")).unwrap().len();
        assert_eq!((&file["date"], &file["created_date"]), (&date, &date));
        assert_eq!(file["created_time"].is_string(), is_iib);
        assert_eq!(file["size"], if is_iib { format!("{bytes}.00 B") } else { format!("{bytes}.0 B") });
        assert_eq!(file["bytes"], bytes);
        assert!(file["id"].is_u64());
        for (key, want) in [
            ("type", json!("file")),
            ("name", json!("a.png")),
            ("fullpath", json!(served.path("a.png"))),
            ("is_under_scanned_path", json!(true)),
            ("media_type", json!("image")),
        ] {
            assert_eq!(file[key], want, "{key}");
        }
        assert_eq!(file.get("offline"), None);
    }
}

fn local(since_1970: Duration) -> String {
    let time = jiff::Timestamp::from_second(since_1970.as_secs().cast_signed()).unwrap();
    time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[test]
fn substrings_are_found_literally_in_any_case_and_language() {
    let served = Served::new();
    let check = |body: Value, want: &[&str]| {
        assert_eq!(names(&served.get("POST", "/db/search_by_substr", &body)), want, "{body}");
    };
    check(json!({ "surstr": "BLUE sky" }), &["b.png"]);
    check(json!({ "surstr": "猫" }), &["猫 100%20 ü.png"]);
    check(json!({ "surstr": "KÄTZ" }), &["猫 100%20 ü.png"]);
    check(json!({ "surstr": "100%" }), &["a.png", "猫 100%20 ü.png"]);
    check(json!({ "surstr": "100%", "path_only": true }), &["猫 100%20 ü.png"]);
    check(json!({ "surstr": "dog_house" }), &["a.png"]);
    check(json!({ "surstr": "dog%house" }), &[]);
    check(json!({ "surstr": "nowhere" }), &[]);
    check(json!({ "surstr": "", "regexp": null, "size": null, "path_only": null }), &NEWEST_FIRST);
    check(json!({}), &NEWEST_FIRST);
    check(json!({ "regexp": "^steps: [23]0" }), &["a.png", "b.png"]);
    check(json!({ "regexp": "cat.*euler", "surstr": "ignored" }), &["a.png"]);
    check(json!({ "surstr": "onerror" }), &["<img src=x onerror=alert(1)>.png"]);
}

#[test]
fn media_types_and_folders_narrow_a_search() {
    let served = Served::new();
    let check = |body: Value, want: &[&str]| {
        assert_eq!(names(&served.get("POST", "/db/search_by_substr", &body)), want, "{body}");
    };
    check(json!({ "media_type": "audio" }), &["noise.wav"]);
    check(json!({ "media_type": "video" }), &[]);
    check(json!({ "media_type": null, "folder_paths": null, "size": 1 }), &["a.png"]);
    check(json!({ "folder_paths": [served.path("sub")] }), &["c.png", "猫 100%20 ü.png"]);
    check(json!({ "folder_paths": [format!("{}/./deep/", served.path("sub"))] }), &["猫 100%20 ü.png"]);
    check(json!({ "folder_paths": ["pics/sub/deep"] }), &["猫 100%20 ü.png"]);
    check(json!({ "folder_paths": ["", "  "] }), &NEWEST_FIRST);
    check(json!({ "folder_paths": [served.path("su")] }), &[]);
    check(json!({ "folder_paths": [served.path("s_b"), served.path("%")] }), &[]);
    for bad in ["picture", "", "Image"] {
        served.refused("POST", "/db/search_by_substr", &json!({ "media_type": bad }), 400);
    }
}

#[test]
fn bad_regexes_and_cursors_are_bad_requests() {
    let served = Served::new();
    for body in [
        json!({ "regexp": "(" }),
        json!({ "regexp": "(?=look)around" }),
        json!({ "cursor": "2026-11-22 16:12:38|69" }),
        json!({ "cursor": "zz" }),
        json!({ "size": "many" }),
        json!({ "surstr": "x".repeat(20_000) }),
    ] {
        served.refused("POST", "/db/search_by_substr", &body, 400);
    }
    served.refused("POST", "/db/match_images_by_tags", &json!({ "cursor": "17", "random_sort": true }), 400);
    let next = served.get("POST", "/db/search_by_substr", &json!({ "size": 1 }))["cursor"]["next"].clone();
    served.refused("POST", "/db/search_by_substr", &json!({ "surstr": "cat", "cursor": next }), 400);
}

#[test]
fn pages_follow_each_other_and_sizes_are_clamped() {
    let served = Served::new();
    for (size, n_pages) in [(1, 7), (3, 3), (7, 1), (0, 7), (-1, 7), (99_999_999, 1)] {
        let (mut cursor, mut seen, mut pages) = (json!(""), Vec::new(), 0);
        loop {
            let answer =
                served.get("POST", "/db/search_by_substr", &json!({ "size": size, "cursor": cursor }));
            seen.extend(names(&answer).into_iter().map(str::to_owned));
            pages += 1;
            if answer["cursor"]["has_next"] == false {
                break;
            }
            cursor = answer["cursor"]["next"].clone();
        }
        assert_eq!((pages, seen.as_slice()), (n_pages, NEWEST_FIRST.map(str::to_owned).as_slice()), "{size}");
    }
}

#[test]
fn random_pages_partition_the_result() {
    let served = Served::new();
    let (mut cursor, mut seen) = (json!(""), Vec::new());
    loop {
        let body = json!({ "random_sort": true, "size": 2, "cursor": cursor, "folder_paths": [], "folder_paths_str": "" });
        let answer = served.get("POST", "/db/match_images_by_tags", &body);
        seen.extend(names(&answer).into_iter().map(str::to_owned));
        cursor = answer["cursor"]["next"].clone();
        if answer["cursor"]["has_next"] == false {
            break;
        }
    }
    seen.sort();
    let mut all = NEWEST_FIRST.map(str::to_owned);
    all.sort();
    assert_eq!(seen, all);
}

#[test]
fn tags_are_anded_ored_and_excluded() {
    let served = Served::new();
    let (fav, rare) = (served.tagged("fav", &["a.png", "b.png"]), served.tagged("rare", &["b.png"]));
    let sampler = served.tag(TagKind::Sampler, "Euler a");
    let check = |body: Value, want: &[&str]| {
        assert_eq!(names(&served.get("POST", "/db/match_images_by_tags", &body)), want, "{body}");
    };
    check(json!({ "and_tags": [fav, rare] }), &["b.png"]);
    check(json!({ "and_tags": [fav, fav, fav.to_string()] }), &["a.png", "b.png"]);
    check(json!({ "and_tags": [fav], "not_tags": [rare] }), &["a.png"]);
    check(json!({ "or_tags": [rare, sampler] }), &["a.png", "b.png"]);
    check(json!({ "and_tags": [fav], "folder_paths": [served.path("sub")] }), &[]);
    check(json!({ "and_tags": null, "or_tags": [], "random_sort": null }), &NEWEST_FIRST);
    for unknown in [json!(999_999), json!(0), json!(-1), json!("123456"), json!(1_u64 << 40)] {
        served.refused("POST", "/db/match_images_by_tags", &json!({ "and_tags": [unknown] }), 404);
        served.refused("POST", "/db/match_images_by_tags", &json!({ "not_tags": [unknown] }), 404);
    }
    served.refused("POST", "/db/match_images_by_tags", &json!({ "and_tags": ["x"] }), 400);
}

#[test]
fn basic_info_counts_exactly() {
    let served = Served::new();
    served.tagged("fav", &["a.png"]);
    for prefix in PREFIXES {
        let answer = served.ask("GET", &format!("{prefix}/db/basic_info"), &Value::Null).json();
        assert_eq!(
            (&answer["img_count"], &answer["expired"], &answer["expired_dirs"]),
            (&json!(7), &json!(false), &json!([]))
        );
        let tags = answer["tags"].as_array().unwrap();
        let tag = |name: &str| tags.iter().find(|tag| tag["name"] == name).unwrap();
        assert_eq!(
            (&tag("fav")["count"], &tag("like")["count"], &tag("2 × 1")["count"]),
            (&json!(1), &json!(0), &json!(5))
        );
        let kind = if prefix == "/iib" { "Sampler" } else { "auto" };
        assert_eq!((&tag("DDIM")["type"], &tag("fav")["type"]), (&json!(kind), &json!("custom")));
        for key in ["id", "name", "type", "color", "count", "display_name", "score"] {
            assert!(tag("fav").get(key).is_some(), "{key}");
        }
    }
    served.check(
        "GET",
        "/db/expired_dirs",
        &Value::Null,
        200,
        &json!({ "expired": false, "expired_dirs": [] }),
    );
}

#[test]
fn random_images_are_a_bare_list() {
    let served = Served::new();
    let answer = served.get("GET", "/db/random_images", &Value::Null);
    let mut names = names(&answer);
    names.sort_unstable();
    let mut all = NEWEST_FIRST;
    all.sort_unstable();
    assert_eq!(names, all);
}

#[test]
fn update_and_rebuild_answer_when_what_they_found_is_searchable() {
    let served = Served::new();
    let find = || served.get("POST", "/db/search_by_substr", &json!({ "surstr": "fresh" }));
    write_at(&served.path("fresh.png").into(), &png("something fresh"), FIRST_DATE);
    assert_eq!(names(&find()), [] as [&str; 0]);
    served.check("POST", "/db/update_image_data", &json!({ "ignored": true }), 200, &Value::Null);
    assert_eq!(names(&find()), ["fresh.png"]);
    let ids = |answer: Value| {
        answer["files"].as_array().unwrap().iter().map(|f| f["id"].clone()).collect::<Vec<_>>()
    };
    let before = ids(served.get("POST", "/db/search_by_substr", &json!({})));
    served.check("POST", "/db/rebuild_index", &Value::Null, 200, &Value::Null);
    assert_eq!(ids(served.get("POST", "/db/search_by_substr", &json!({}))), before);
}

#[test]
fn a_read_never_writes_and_a_file_that_is_gone_stays_until_the_next_walk() {
    let served = Served::new();
    std::fs::remove_file(served.path("a.png")).unwrap();
    let head = served.library.ledger().head();
    for _ in 0..2 {
        assert_eq!(
            names(&served.get("POST", "/db/search_by_substr", &json!({ "surstr": "fluffy" }))),
            ["a.png"]
        );
        served.get("GET", "/db/random_images", &Value::Null);
    }
    assert_eq!(served.library.ledger().head(), head);
}

#[test]
fn the_trend_has_all_eight_keys() {
    let served = Served::new();
    let answer = served.get("GET", "/db/stats/trend", &Value::Null);
    assert_eq!(answer["total_images"], 7);
    assert!(answer["total_disk_usage"].as_u64().unwrap() > 300);
    let day = answer["daily_contributions"][0]["date"].as_str().unwrap();
    assert_eq!((day.len(), &answer["monthly_trends"][0]["month"]), (10, &json!(day[..7])));
    let counts =
        |key: &str| answer[key].as_array().unwrap().iter().map(|c| c["count"].as_u64().unwrap()).sum::<u64>();
    assert_eq!((counts("daily_contributions"), counts("monthly_trends")), (7, 7));
    assert_eq!(
        answer["top_samplers"],
        json!([{ "name": "Euler a", "count": 1 }, { "name": "DDIM", "count": 1 }])
    );
    assert_eq!(answer["top_source"], json!([{ "name": "Stable Diffusion web UI", "count": 4 }]));
    for key in ["top_models", "top_lora"] {
        assert_eq!(answer[key], json!([]), "{key}");
    }
}

#[test]
fn folders_are_added_named_and_removed() {
    let served = Served::new();
    let (pics, private) =
        (served.path("").trim_end_matches('/').to_owned(), served.dir.path().join("private"));
    let entry = |types: Value, alias: &str| json!({ "path": pics, "types": types, "alias": alias });
    served.check("GET", "/db/extra_paths", &Value::Null, 200, &json!([entry(json!(["scanned"]), "")]));
    served.check(
        "POST",
        "/db/extra_paths",
        &json!({ "path": format!("{pics}/"), "types": ["walk", "scan"] }),
        200,
        &Value::Null,
    );
    served.check(
        "POST",
        "/db/alias_extra_path",
        &json!({ "path": pics, "alias": "My pics" }),
        200,
        &entry(json!(["scanned", "walk"]), "My pics"),
    );
    served.check("DELETE", "/db/extra_paths", &json!({ "path": pics, "types": ["walk"] }), 200, &Value::Null);
    served.check("GET", "/db/extra_paths", &Value::Null, 200, &json!([entry(json!(["scanned"]), "My pics")]));
    assert_eq!(
        served.get("GET", "/db/basic_info", &Value::Null)["img_count"],
        7,
        "one type of two removed no row"
    );

    served.check(
        "POST",
        "/db/extra_paths",
        &json!({ "path": private, "types": ["scanned-fixed"] }),
        200,
        &Value::Null,
    );
    served.check(
        "GET",
        "/db/expired_dirs",
        &Value::Null,
        200,
        &json!({ "expired": true, "expired_dirs": [private] }),
    );
    served.check("DELETE", "/db/extra_paths", &json!({ "path": private, "types": [] }), 200, &Value::Null);
    served.check("DELETE", "/db/extra_paths", &json!({ "path": private }), 200, &Value::Null);
    served.check("GET", "/db/extra_paths", &Value::Null, 200, &json!([entry(json!(["scanned"]), "My pics")]));

    for bad in [
        json!({ "path": pics, "types": [] }),
        json!({ "path": pics }),
        json!({ "path": pics, "types": ["cli_access_only"] }),
        json!({ "path": pics, "types": ["Walk"] }),
        json!({ "types": ["walk"] }),
        json!({ "path": "", "types": ["walk"] }),
        json!({ "path": format!("{pics}/gone"), "types": ["walk"] }),
        json!({ "path": format!("{pics}/a.png"), "types": ["walk"] }),
    ] {
        served.refused("POST", "/db/extra_paths", &bad, 400);
    }
    served.refused("DELETE", "/db/extra_paths", &json!({ "path": pics, "types": ["nonsense"] }), 400);
    served.refused("POST", "/db/alias_extra_path", &json!({ "path": private, "alias": "x" }), 400);
}
