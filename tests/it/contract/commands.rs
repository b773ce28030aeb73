//! Commands that ask a library, with a server and without one: the same answers. And what a
//! server does by itself.

use super::served::{png, write_at};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Nothing here takes longer; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of pictures with a question about one of them, and a place for the data.
struct World {
    dir: tempfile::TempDir,
}

/// A running server; killed when dropped, and so is what it left in the lock file.
struct Server(Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("pics")).unwrap();
        let world = Self { dir };
        world.write("x.bmp", b"BM some pixels", "a cat\nSteps: 5, Sampler: Euler, Seed: 1", 1);
        world.write("y.png", &png("a dog"), "", 1);
        world
    }

    fn write(&self, name: &str, content: &[u8], text: &str, nth: u64) {
        let path = self.dir.path().join("pics").join(name);
        write_at(&path, content, Duration::from_secs(2_000_000_000 + nth));
        if !text.is_empty() {
            std::fs::write(path.with_extension("txt"), text).unwrap();
        }
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lumidex"));
        command.env_clear().env("HOME", self.dir.path()).env("TZ", "UTC");
        command
    }

    /// A server that has brought the library up to date.
    fn serve(&self, key: Option<&str>) -> Server {
        let server = self.start(key);
        let update = format!("{}infinite_image_browsing/db/update_image_data", server.1);
        let asked = client().post(update).bearer_auth(key.unwrap_or_default());
        assert_eq!(asked.body("{}").send().unwrap().status(), 200);
        server
    }

    fn start(&self, key: Option<&str>) -> Server {
        let mut command = self.command();
        if let Some(key) = key {
            command.env("LUMIDEX_SECRET_KEY", key);
        }
        command.args(["--port", "0", "--data-dir"]).arg(self.data()).arg(self.dir.path().join("pics"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Server(child, url)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).arg("--data-dir").arg(self.data()).output().unwrap()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?} {said}");
        data(&output)
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(output.stdout, b"");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// What an answer in JSON holds.
#[track_caller]
fn data(output: &Output) -> Value {
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["schema"], 1);
    answer["data"].take()
}

fn client() -> reqwest::blocking::Client {
    crate::live::client()
}

fn below(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

#[test]
fn with_and_without_a_server_the_answers_are_the_same() {
    let world = World::new();
    assert!(world.fails(&["status"], 4).contains("there is no library"));
    let server = world.serve(None);
    let served = world.json(&["status"]);
    assert_eq!((&served["images"], &served["ready"]), (&json!(2), &json!(true)));
    assert_eq!(format!("http://{}/", served["served"].as_str().unwrap()), server.1);
    let roots = world.json(&["roots"]);
    assert_eq!(roots["roots"][0]["path"], below(world.dir.path(), "pics"));
    assert_ne!(roots["roots"][0]["state"], "not served");
    assert_eq!(world.json(&["review"]), json!({ "reviews": [] }));
    let told = String::from_utf8(world.run(&["status"]).stdout).unwrap();
    assert!(told.contains(&server.1) && told.contains("FOLDER"), "{told}");
    drop(server);

    let alone = world.json(&["status"]);
    assert_eq!((&alone["images"], &alone["served"]), (&json!(2), &Value::Null));
    assert_eq!(world.json(&["roots"])["roots"][0]["state"], "not served");
    assert_eq!(world.json(&["review"]), json!({ "reviews": [] }));
}

#[test]
fn questions_are_answered_with_and_without_a_server() {
    let world = World::new();
    drop(world.serve(None));
    world.write("x.bmp", b"BM of another", "a ship\nSteps: 9, Sampler: DDIM, Seed: 2", 2);
    let server = world.serve(None);
    let open = world.json(&["review"]);
    let number = open["reviews"][0]["number"].to_string();
    let image = open["reviews"][0]["choices"][0]["image"].to_string();
    assert_eq!(open["reviews"][0]["kind"], "replaced");
    assert!(world.fails(&["review", "take", &number, "999"], 1).contains("choice"));
    assert!(world.fails(&["review", "keep", "999999"], 4).contains("999999"));
    drop(server);
    assert_eq!(world.json(&["review"]), open, "the list is the same without a server");
    assert!(world.fails(&["review", "take", &number, "999"], 1).contains("choice"));
    assert!(world.run(&["review", "take", &number, &image]).stdout.starts_with(b"done\n"));
    assert!(world.fails(&["review", "take", &number, &image], 4).contains(&number));

    world.write("x.bmp", b"BM of a third", "a tree\nSteps: 1, Sampler: LMS, Seed: 3", 3);
    let _server = world.serve(None);
    let number = world.json(&["review"])["reviews"][0]["number"].to_string();
    assert_eq!(world.json(&["review", "keep", &number])["done"], true);
    assert_eq!(world.json(&["review"]), json!({ "reviews": [] }));
}

#[test]
fn what_cannot_be_understood_is_told_apart_from_what_fails() {
    let world = World::new();
    for bad in [&["review", "keep"][..], &["review", "take", "1"], &["review", "keep", "x"], &["status", "x"]]
    {
        world.fails(bad, 2);
    }
}

#[test]
fn a_server_with_a_key_is_asked_with_it() {
    let world = World::new();
    let _server = world.serve(Some("abc"));
    let mut command = world.command();
    command.args(["status", "--json", "--data-dir"]).arg(world.data()).env("LUMIDEX_SECRET_KEY", "abc");
    let output = command.output().unwrap();
    let status = data(&output);
    assert_eq!((&status["images"], &status["secret"]), (&json!(2), &json!(true)));
}

#[test]
fn the_token_of_the_lock_file_is_enough_for_a_server_with_a_key() {
    let world = World::new();
    drop(world.serve(None));
    world.write("x.bmp", b"BM of another", "a ship\nSteps: 9, Sampler: DDIM, Seed: 2", 2);
    let _server = world.serve(Some("abc"));
    // No key in the environment.
    let status = world.json(&["status"]);
    assert_eq!((&status["images"], &status["secret"]), (&json!(2), &json!(true)));
    assert_eq!(world.json(&["roots"])["roots"][0]["path"], below(world.dir.path(), "pics"));
    let number = world.json(&["review"])["reviews"][0]["number"].to_string();
    assert_eq!(world.json(&["review", "keep", &number])["done"], true);
    assert!(world.fails(&["roots", "accept-empty", "/no/root"], 4).contains("/no/root"));
    // A wrong one does no harm.
    let mut command = world.command();
    command.args(["review", "--json", "--data-dir"]).arg(world.data()).env("LUMIDEX_SECRET_KEY", "wrong");
    let output = command.output().unwrap();
    assert_eq!(data(&output), json!({ "reviews": [] }));
}

#[test]
fn the_library_stops_being_expired_by_itself() {
    let world = World::new();
    let server = world.start(None);
    let (client, began) = (client(), Instant::now());
    let ask = || -> Value {
        let asked = client.get(format!("{}infinite_image_browsing/db/basic_info", server.1)).send();
        asked.unwrap().json().unwrap()
    };
    // Nobody asks for an update.
    let mut info = ask();
    while info["expired"] == true {
        assert!(began.elapsed() < PATIENCE, "{info}");
        std::thread::yield_now();
        info = ask();
    }
    assert_eq!(
        (&info["expired"], &info["expired_dirs"], &info["img_count"]),
        (&json!(false), &json!([]), &json!(2))
    );
}

#[test]
fn a_person_ends_the_doubt_about_an_empty_folder() {
    for has_server in [true, false] {
        let world = World::new();
        drop(world.serve(None));
        let pics = world.dir.path().join("pics");
        std::fs::rename(&pics, world.dir.path().join("away")).unwrap();
        std::fs::create_dir(&pics).unwrap();
        let server = world.serve(None);
        let status = world.json(&["status"]);
        assert_eq!((&status["roots"][0]["state"], &status["images"]), (&json!("offline"), &json!(2)));
        assert_eq!(status["problems"][0]["kind"], "offline");
        if !has_server {
            drop(server);
        }
        let pics = pics.to_str().unwrap();
        assert!(world.fails(&["roots", "accept-empty", "/no/root"], 4).contains("/no/root"));
        let output = world.run(&["roots", "accept-empty", pics]);
        assert_eq!(output.stdout, b"done\n", "{}", String::from_utf8_lossy(&output.stderr));
        let status = world.json(&["status"]);
        assert_eq!((&status["images"], &status["problems"]), (&json!(0), &json!([])));
    }
}

#[test]
fn pictures_are_organized_and_put_back_from_the_command_line() {
    for has_server in [true, false] {
        let world = World::new();
        let server = world.serve(None);
        if !has_server {
            drop(server);
        }
        let (pics, sorted) = (world.dir.path().join("pics"), world.dir.path().join("sorted"));
        let (from, into) = (pics.to_str().unwrap(), sorted.to_str().unwrap());
        let asked = ["organize", from, "--into", into, "--template", "{sampler}"];
        let preview = world.json(&[&asked[..], &["--dry-run"]].concat());
        assert_eq!(
            (&preview["total_files"], preview["all_mappings"].as_array().unwrap().len()),
            (&json!(2), 2)
        );
        assert!(!sorted.exists());
        // Nobody can be asked here.
        let output = world.run(&asked);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stdout).contains("Euler"), "it is shown all the same");
        assert!(!sorted.exists());
        let output = world.run(&[&asked[..], &["--yes"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("moved 2 pictures"), "{said}");
        for name in ["Euler/x.bmp", "Euler/x.txt", "unknown/y.png"] {
            assert!(sorted.join(name).exists(), "{name}");
        }
        let number = said.split("lumidex undo ").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
        assert!(world.run(&["undo", number]).status.success());
        assert!(!sorted.exists() && pics.join("x.bmp").exists() && pics.join("x.txt").exists());
        let said = world.fails(&["organize", from, "--template", "{nothing}"], 1);
        assert!(said.contains("character 1") && said.contains("nothing"), "{said}");
        assert!(world.fails(&["organize", "none"], 1).contains("none"));
    }
}
