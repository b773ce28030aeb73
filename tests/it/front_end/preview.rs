//! 18.5: one picture, film or sound by itself: its text, its bytes, what its file holds; a cover chosen, a
//! prompt edited, tags analysed.

use super::page::{Page, encoded};
use super::searching::by_text;
use super::served::Served;
use super::shapes::{Entry, found, is_object_of_texts};
use crate::support::upstream::Mock;
use base64::Engine as _;
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

reading!(an_image_is_viewed, a_film_and_a_sound_are_played, analysing_without_a_service_says_why_not);
changing!(a_cover_is_chosen, a_prompt_is_edited);

fn an_image_is_viewed(served: &Served) {
    let page = served.page();
    let mut shown = page.list(&served.pics("odd"));
    let (newest, _) = found(&page.post("/db/search_by_substr", &by_text("")));
    shown.extend(newest.into_iter().step_by(7));
    let shown: Vec<&Entry> = shown.iter().filter(|entry| entry.media() == Some("image")).collect();
    assert!(shown.len() > 20);
    for entry in shown {
        let (path, date) = (encoded(&entry.path), encoded(&entry.date));
        let text = page.text_of(&entry.path);
        let batch = page.post("/image_geninfo_batch", &json!({ "paths": [entry.path] }));
        assert_eq!(batch, json!({ &entry.path: text }));
        let route = format!("/img/{}?path={path}&t={date}", encoded(&entry.name));
        let image = page.ask("GET", &route, &Value::Null, &[]);
        assert_eq!(image.status, 200, "{route}: {}", image.text());
        assert!(image.header("content-type").starts_with("image/"), "{route}");
        assert!(image.header("content-disposition").starts_with("inline; filename*=UTF-8''"), "{route}");
        assert_eq!(image.body.len() as u64, entry.bytes);
        // The other viewer.
        let file = page.ask("GET", &format!("/file?path={path}&t={date}"), &Value::Null, &[]);
        assert_eq!((file.status, file.body == image.body), (200, true), "{route}");
        let exif = page.get(&format!("/image_exif?path={path}"));
        assert!(is_object_of_texts(&exif), "{exif}");
    }
}

fn a_film_and_a_sound_are_played(served: &Served) {
    let page = served.page();
    for (name, kind, text) in [("film.mp4", "video/mp4", "a film, oddly named"), ("sound.wav", "audio/", "")]
    {
        let path = served.pics(&format!("odd/{name}"));
        let content = fs::read(&path).unwrap();
        let n = content.len();
        let route = format!("/stream_video?path={}", encoded(&path));
        let whole = page.ask("GET", &route, &Value::Null, &[]);
        assert_eq!((whole.status, &whole.body), (200, &content));
        assert!(whole.header("content-type").starts_with(kind));
        for (range, from, to) in
            [("bytes=0-", 0, n), ("bytes=0-1", 0, 2), ("bytes=10-99999999", 10, n), ("bytes=-5", n - 5, n)]
        {
            let part = page.ask("GET", &route, &Value::Null, &[("range", range)]);
            assert_eq!((part.status, part.body.as_slice()), (206, &content[from..to]), "{range}");
            assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{n}", to - 1));
            assert_eq!(part.header("accept-ranges"), "bytes");
        }
        let beyond = page.ask("GET", &route, &Value::Null, &[("range", "bytes=99999999-")]);
        assert_eq!(beyond.status, 416);
        beyond.problem();
        let told = page.text_of(&path);
        assert!(
            told.starts_with(text) && told.is_empty() == text.is_empty(),
            "the text beside a film is its own"
        );
        assert_eq!(page.get_of("/image_exif", "path", &path), json!({}));
    }
}

fn a_cover_is_chosen(served: &mut Served) {
    let page = served.page();
    let film = page.looked_up(&[&served.pics("odd/film.mp4")]).remove(0);
    let still = page.looked_up(&[&served.pics("odd/a b.png")]).remove(0);
    let frame = thumbnail(&page, &still);
    let data = base64::engine::general_purpose::STANDARD.encode(&frame);
    let route = "/set_target_frame_as_video_cover";
    let body = json!({ "path": film.path, "base64_img": format!("data:image/webp;base64,{data}"),
        "updated_time": film.date });
    let kept = page.ask("POST", route, &body, &[]);
    assert_eq!((kept.status, kept.header("content-type")), (200, "image/webp"), "{}", kept.text());
    let (path, date) = (encoded(&film.path), encoded(&film.date));
    let cover = page.ask("GET", &format!("/video_cover?path={path}&mt={date}"), &Value::Null, &[]);
    assert_eq!((cover.status, cover.header("cache-control")), (200, "no-store"));
    assert!(cover.body == kept.body, "it is the one that was chosen");
    let no_picture =
        json!({ "path": film.path, "base64_img": "data:image/webp;base64,AAAA", "updated_time": film.date });
    page.refused("POST", route, &no_picture, 400);
}

fn thumbnail(page: &Page, entry: &Entry) -> Vec<u8> {
    let (path, date) = (encoded(&entry.path), encoded(&entry.date));
    let reply =
        page.ask("GET", &format!("/image-thumbnail?path={path}&size=512x512&t={date}"), &Value::Null, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.body
}

fn a_prompt_is_edited(served: &mut Served) {
    let page = served.page();
    let copy = json!({ "file_paths": [served.pics("odd/猫 ü.png")], "dest": served.pics("~edited"),
        "create_dest_folder": true, "continue_on_error": false });
    page.post("/copy_files", &copy);
    page.does("POST", "/db/update_image_data", &json!({}));
    let image = page.looked_up(&[&served.pics("~edited/猫 ü.png")]).remove(0);
    assert!(page.text_of(&image.path).contains("oddly named"));
    let settings = "a kingfisher, drawn by hand\nNegative prompt: blurry, two beaks\nSteps: 31, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x512";
    for text in [settings.to_owned(), format!("{settings}\nextraJsonMetaInfo: {{\"mood\":\"calm, 猫\"}}")] {
        let said = page.post("/update_exif", &json!({ "path": image.path, "exif": text }));
        assert!(said["success"] == true && said["message"].is_string(), "{said}");
        assert_eq!(page.text_of(&image.path), text);
    }
    let (entries, next) = found(&page.post("/db/search_by_substr", &by_text("KINGFISHER")));
    assert_eq!(
        (entries.iter().map(|entry| &entry.path).collect::<Vec<_>>(), next),
        (vec![&image.path], None)
    );
    let unknown = json!({ "path": served.pics("odd/gone.png"), "exif": settings });
    page.refused("POST", "/update_exif", &unknown, 404);
}

/// What the page sends when tags are analysed.
fn question() -> Value {
    json!({ "messages": [{ "role": "system", "content": "You sort tags." }, { "role": "user", "content": "fox, ink" }],
        "temperature": 0.3, "max_tokens": 200 })
}

fn analysing_without_a_service_says_why_not(served: &Served) {
    let why = served.page().refused("POST", "/ai-chat", &question(), 500);
    assert!(why.contains("OPENAI_API_KEY"), "{why}");
}

#[test]
fn tags_are_analysed_by_the_service_that_is_set() {
    let mock = Mock::start();
    let served = Served::empty();
    served.library().use_upstream(Arc::new(mock.upstream()));
    mock.chats(|_| "animals: fox; styles: ink".to_owned());
    let answer = served.page().post("/ai-chat", &question());
    assert_eq!(answer["choices"][0]["message"]["content"], "animals: fox; styles: ink");
    let asked = mock.asked().remove(0).body;
    assert_eq!(
        (&asked["temperature"], &asked["max_tokens"], &asked["stream"]),
        (&json!(0.3), &json!(200), &json!(false))
    );
}
