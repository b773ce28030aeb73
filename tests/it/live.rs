//! The real program as its user meets it: started, asked, killed, stopped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lumidex_index_tools::synth::Library;
use serde_json::{Value, json};

/// How long anything here may take before it is called broken.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Program {
    pub(super) child: Child,
    pub(super) url: String,
    pub(super) client: reqwest::blocking::Client,
}

/// Asks programs on this machine, without any certificates.
pub(super) fn client() -> reqwest::blocking::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::builder().timeout(PATIENCE).no_proxy();
    client.tls_certs_only([]).build().unwrap()
}

impl Program {
    /// Starts the program on a free port and waits until it says where it listens.
    pub(super) fn start(data: &Path, folders: &[&Path]) -> Self {
        Self::start_as(command(data), folders)
    }

    /// The same of a command that was prepared.
    pub(super) fn start_as(command: Command, folders: &[&Path]) -> Self {
        Self::start_logging(command, folders, Stdio::null())
    }

    /// The same with its log going there.
    pub(super) fn start_logging(mut command: Command, folders: &[&Path], log: Stdio) -> Self {
        let mut child = command.args(folders).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        let client = client();
        Self { child, url: url.trim_end_matches('/').to_owned(), client }
    }

    pub(super) fn get(&self, route: &str) -> Value {
        self.client.get(format!("{}{route}", self.url)).send().unwrap().json().unwrap()
    }

    pub(super) fn post(&self, route: &str, body: &Value) -> reqwest::Result<Value> {
        self.client.post(format!("{}{route}", self.url)).json(body).send()?.json()
    }

    pub(super) fn reference(&self, route: &str, body: &Value) -> Value {
        self.post(&format!("/infinite_image_browsing{route}"), body).unwrap()
    }

    fn terminate(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lumidex"));
    command.env_clear().env("HOME", data).args(["--port", "0", "--data-dir"]).arg(data);
    command
}

/// A folder of synthetic pictures.
pub(super) fn pictures(dir: &Path, images: u32) -> Library {
    let library = Library::new(7, images);
    library.write_to(dir, 0..images, &|_| {}).unwrap();
    library
}

#[test]
fn a_folder_is_indexed_and_found_by_a_piece_of_a_prompt() {
    let dir = tempfile::tempdir().unwrap();
    let pics = dir.path().join("pics");
    let library = pictures(&pics, 60);
    let program = Program::start(&dir.path().join("data"), &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    assert_eq!(program.get("/infinite_image_browsing/db/basic_info")["img_count"], 60);
    let mut asked = 0;
    for index in 0..library.len() {
        let image = library.image(index);
        let Some(piece) = image.expected.positive.split(',').map(str::trim).find(|piece| piece.len() > 3)
        else {
            continue;
        };
        let found = program.reference("/db/search_by_substr", &json!({ "surstr": piece.to_uppercase() }));
        let paths: Vec<&str> =
            found["files"].as_array().unwrap().iter().map(|f| f["fullpath"].as_str().unwrap()).collect();
        assert!(paths.iter().any(|path| path.ends_with(&image.name)), "`{piece}` of `{}`", image.name);
        asked += 1;
    }
    assert!(asked > 30, "{asked} images have prompts");
}

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let dir = tempfile::tempdir().unwrap();
    let (pics, data) = (dir.path().join("pics"), dir.path().join("data"));
    pictures(&pics, 40);
    let program = Program::start(&data, &[&pics]);
    program.reference("/db/update_image_data", &json!({}));
    let all = program.reference("/db/search_by_substr", &json!({ "surstr": "" }));
    let paths: Vec<String> =
        all["files"].as_array().unwrap().iter().map(|f| f["fullpath"].as_str().unwrap().to_owned()).collect();
    let tag = program.reference("/db/add_custom_tag", &json!({ "tag_name": "kept" }))["id"].clone();
    program.kill();
    let mut acknowledged: Vec<&str> = Vec::new();
    for (round, chunk) in paths.chunks(10).enumerate() {
        let program = Program::start(&data, &[]);
        for path in &chunk[..round + 2] {
            let said = program
                .reference("/db/toggle_custom_tag_to_img", &json!({ "img_path": path, "tag_id": tag }));
            assert_eq!(said, json!({ "is_remove": false }), "{path}");
            acknowledged.push(path);
        }
        program.kill();
    }
    let program = Program::start(&data, &[]);
    let found = program.reference("/db/match_images_by_tags", &json!({ "and_tags": [tag] }));
    let mut found: Vec<&str> =
        found["files"].as_array().unwrap().iter().map(|f| f["fullpath"].as_str().unwrap()).collect();
    found.sort_unstable();
    acknowledged.sort_unstable();
    assert_eq!(found, acknowledged);
}

#[test]
fn a_walk_that_was_killed_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (pics, data) = (dir.path().join("pics"), dir.path().join("data"));
    pictures(&pics, 3_000);
    for _ in 0..3 {
        // Killed wherever it happens to be.
        let program = Program::start(&data, &[&pics]);
        program.get("/infinite_image_browsing/db/expired_dirs");
        program.kill();
    }
    let program = Program::start(&data, &[]);
    program.reference("/db/update_image_data", &json!({}));
    let info = program.get("/infinite_image_browsing/db/basic_info");
    assert_eq!((&info["img_count"], &info["expired"]), (&json!(3_000), &json!(false)));
}

#[test]
fn a_second_program_is_refused_and_told_who_the_first_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let program = Program::start(&data, &[]);
    let second = command(&data).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains(&format!("process {}", program.child.id())), "{said}");
    assert!(said.contains(program.url.trim_start_matches("http://")), "{said}");
}

#[test]
fn a_signal_stops_it_gracefully_and_soon() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(&dir.path().join("data"), &[]);
    assert_eq!(program.get("/infinite_image_browsing/hello"), "hello");
    let began = Instant::now();
    program.terminate();
    let status = program.child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(began.elapsed() < Duration::from_secs(10), "stopping is bounded");
}

#[test]
fn without_a_folder_it_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    std::fs::create_dir_all(home.join("ComfyUI/output")).unwrap();
    let mut child = command(&dir.path().join("data"))
        .env("HOME", &home)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(said.contains("lumidex ") && said.contains("ComfyUI/output"), "{said}");
}
