//! Class 20, as far as it fits one request: texts, counts and numbers beyond all measure cost a clear refusal, or an
//! answer, and never the server.

use crate::contract::served::Served;
use lumidex::serve::routes;
use serde_json::{Value, json};

#[test]
fn a_body_nested_beyond_measure_is_refused_or_passed_over() {
    let served = Served::new();
    for depth in [1_000, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let deep_object = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        for row in routes().filter(|row| row.method != "GET" && row.path != "/shutdown") {
            let uri = format!("{}{}", row.prefix.replace("{B}", "/iib"), row.path);
            for field in
                ["paths", "path", "file_paths", "folder_paths", "messages", "name", "nobody-knows-this"]
            {
                for deep in [&deep, &deep_object] {
                    let body = format!("{{\"{field}\":{deep}}}");
                    let request = axum::http::Request::builder().method(row.method).uri(&uri);
                    let reply = served.send(request.body(body.into()).unwrap());
                    assert!(reply.status < 500, "{uri} {field} {depth}: {} {}", reply.status, reply.text());
                }
            }
        }
    }
}

#[test]
fn more_than_one_request_may_hold_is_refused() {
    let served = Served::new();
    let paths: Vec<String> = (0..100_001).map(|nth| format!("/x/{nth}")).collect();
    for (route, field) in [
        ("/batch_get_files_info", "paths"),
        ("/check_path_exists", "paths"),
        ("/batch_top_4_media_info", "paths"),
        ("/image_geninfo_batch", "paths"),
        ("/db/get_image_tags", "paths"),
        ("/zip", "paths"),
        ("/delete_files", "file_paths"),
        ("/db/search_by_substr", "folder_paths"),
        ("/db/match_images_by_tags", "folder_paths"),
    ] {
        served.refused("POST", route, &json!({ field: paths }), 400);
    }
    let ids: Vec<u32> = (1..100_001).collect();
    for field in ["and_tags", "or_tags", "not_tags"] {
        served.refused("POST", "/db/match_images_by_tags", &json!({ field: ids }), 400);
    }
    let words = "word ".repeat(1_000_000);
    served.refused("POST", "/db/search_by_substr", &json!({ "surstr": words }), 400);
    served.refused(
        "POST",
        "/db/search_by_substr",
        &json!({ "surstr": "x", "regexp": "a|".repeat(500_000) }),
        400,
    );
    served.refused(
        "POST",
        "/db/search_iib_output_by_prompt",
        &json!({ "query": words, "folder": served.path("") }),
        400,
    );
    served.refused("POST", "/db/add_custom_tag", &json!({ "tag_name": words }), 400);
    served.refused("POST", "/app_fe_setting", &json!({ "name": words, "value": "1" }), 400);
    served.refused("POST", "/mkdirs", &json!({ "dest_folder": format!("/{words}") }), 400);
}

#[test]
fn a_search_of_many_terms_or_a_costly_expression_is_answered_or_refused() {
    let served = Served::new();
    let terms = "a ".repeat(8_000);
    let nested = format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000));
    let nots = "-".repeat(10_000);
    let ors = "a OR ".repeat(3_000);
    for query in [&terms, &nested, &nots, &ors] {
        let uri = format!("/api/v1/search?q={}", crate::contract::served::encode(query));
        let reply = served.ask("GET", &uri, &Value::Null);
        assert!([200, 400].contains(&reply.status), "{} {}", reply.status, reply.text());
    }
    for expression in [
        "(a+)+$",
        "(a|aa)+$",
        "(.*a){25}",
        "(x+x+)+y",
        "(?:a{0,1000}){1000}",
        "((a{1,100}){1,100}){1,100}",
        "\\pL{1000}",
        "[^a]{1,5000}b",
        "(",
        "(?<=a)b",
        "(a)\\1",
        ".{99999999999}",
    ] {
        let body = json!({ "regexp": expression });
        for prefix in crate::contract::served::PREFIXES {
            let reply = served.ask("POST", &format!("{prefix}/db/search_by_substr"), &body);
            assert!([200, 400].contains(&reply.status), "{expression} {} {}", reply.status, reply.text());
        }
    }
}

#[test]
fn numbers_that_fit_nothing_are_refused_or_bounded() {
    let served = Served::new();
    for number in [
        "-1",
        "0",
        "1e400",
        "1e18",
        "18446744073709551616",
        "-9223372036854775809",
        "1.5",
        "\"x\"",
        "null",
        "true",
    ] {
        for (uri, body) in [
            ("/iib/db/search_by_substr", "{\"surstr\":\"\",\"size\":#}"),
            ("/iib/db/match_images_by_tags", "{\"and_tags\":[#],\"size\":#}"),
            ("/iib/db/update_tag", "{\"id\":#,\"color\":\"#fff\"}"),
            ("/iib/db/remove_custom_tag", "{\"tag_id\":#}"),
            ("/iib/db/remove_custom_tag_from_img", "{\"img_id\":#,\"tag_id\":#}"),
            ("/api/v1/undo", "{\"number\":#}"),
            ("/api/v1/operations/stop", "{\"number\":#}"),
            ("/api/v1/review", "{\"number\":#,\"take\":#}"),
        ] {
            let body = body.replace('#', number);
            let request = axum::http::Request::post(uri);
            let reply = served.send(request.body(body.clone().into()).unwrap());
            assert!(reply.status < 500, "{uri} {body} {} {}", reply.status, reply.text());
        }
    }
    for cursor in ["x", "AAAA", &"A".repeat(5_000), "../../etc", "{\"x\":1}", "\u{0}"] {
        let reply =
            served.ask("POST", "/iib/db/search_by_substr", &json!({ "surstr": "", "cursor": cursor }));
        assert_eq!(reply.status, 400, "{cursor}");
    }
}
