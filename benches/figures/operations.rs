//! What a hundred thousand files cost to move: at once, back again, and killed on the way.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::client::Client;
use super::library::OnDisk;
use super::report::Report;
use super::server::{BASE, Program, Server};

/// Files moved by one request.
const FILES: u32 = 100_000;
/// After this an operation counts as hanging.
const PATIENCE: Duration = Duration::from_secs(600);

/// Measures over a folder of its own below `dir`, filled with images of the library.
pub(crate) fn operations(
    program: &Program,
    library: &OnDisk,
    dir: &Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let work = tempfile::Builder::new().prefix("lumidex-operations-").tempdir_in(dir)?;
    let root = work.path().join("root");
    let (from, to) = (root.join("from"), root.join("to"));
    let paths = write(library, &from)?;
    std::fs::create_dir(&to)?;
    let program =
        Program { binary: program.binary.clone(), library: root.clone(), data: work.path().join("data") };
    let mut server = program.start()?;
    let mut client = server.client()?;
    client.post(&format!("{BASE}/db/update_image_data"), &json!({}))?.json()?;

    let wish = json!({ "file_paths": paths, "dest": to });
    let before = server.anonymous_bytes();
    let memory = server.watch_memory();
    let moved = client.post(&format!("{BASE}/move_files"), &wish)?;
    let errors = moved.json()?["errors"].as_array().map_or(1, Vec::len);
    if errors != 0 {
        bail!("{errors} files were not moved");
    }
    let grown = memory.peak_bytes().saturating_sub(before) >> 20;
    report.row(
        &format!("{FILES} files moved, answered when searches show it"),
        format!("{:.2} s, memory grew by {grown} MiB", moved.took.as_secs_f64()),
    );
    settled(&mut client, report)?;
    check(&mut client, &from, &to, 0)?;

    let undone = client.post("/api/v1/undo", &json!({}))?;
    undone.json()?;
    report.row(&format!("{FILES} files moved back by undo"), format!("{:.2} s", undone.took.as_secs_f64()));
    settled(&mut client, report)?;
    check(&mut client, &from, &to, u64::from(FILES))?;
    drop(client);
    killed(&program, server, &wish, (&from, &to), report)
}

/// The images of the library, each under a name of its own in one folder.
fn write(library: &OnDisk, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let mut paths = Vec::new();
    for nth in 0..FILES {
        let image = library.synth.image(nth);
        let ending = Path::new(&image.name).extension().unwrap_or_default().to_owned();
        let path = folder.join(format!("{nth:06}.{}", ending.display()));
        std::fs::write(&path, image.bytes()).with_context(|| format!("writing {}", path.display()))?;
        paths.push(path);
    }
    Ok(paths)
}

/// Kills the server amid a move, and lets the next one go on with it.
fn killed(
    program: &Program,
    mut server: Server,
    wish: &Value,
    (from, to): (&Path, &Path),
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut asking = server.client()?;
    let mut looking = server.client()?;
    let wish = wish.clone();
    // It ends with the server, without an answer.
    let asked = std::thread::spawn(move || asking.post(&format!("{BASE}/move_files"), &wish).is_ok());
    let began = Instant::now();
    let taken = loop {
        let running = looking.get("/api/v1/operations")?.json()?;
        let taken = running["running"][0]["taken"].as_u64().unwrap_or_default();
        if taken >= u64::from(FILES) / 3 {
            break taken;
        }
        if began.elapsed() > PATIENCE {
            bail!("the move does not get anywhere");
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    server.kill()?;
    if asked.join().unwrap_or(true) {
        bail!("the move was over before the server was killed");
    }
    let mut server = program.start()?;
    let mut client = server.client()?;
    loop {
        let deeds = client.get("/api/v1/undo?max=1")?.json()?;
        let is_going_on = deeds["deeds"][0]["lasting"] == "it is under way";
        if !is_going_on {
            break;
        }
        if server.started.elapsed() > PATIENCE {
            bail!("the move is not gone on with");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    report.row(
        &format!("killed after {taken} of {FILES} files: start to the last moved"),
        format!("{:.2} s", server.started.elapsed().as_secs_f64()),
    );
    client.post(&format!("{BASE}/db/update_image_data"), &json!({}))?.json()?;
    let left = std::fs::read_dir(from)?.count() as u64;
    check(&mut client, from, to, left)?;
    report.row("files left behind by the kill, or known elsewhere than they are", left.to_string());
    drop(client);
    server.stop()?;
    Ok(())
}

/// Waits until as many are known as there are: what watching looks at late may be out of sight for a
/// moment.
fn settled(client: &mut Client, report: &mut Report) -> anyhow::Result<()> {
    let began = Instant::now();
    while client.get("/api/v1/status")?.json()?["images"] != json!(FILES) {
        if began.elapsed() > PATIENCE {
            bail!("some files stay out of sight");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    report.row("  after it until all are counted again", format!("{:.2} s", began.elapsed().as_secs_f64()));
    Ok(())
}

/// Every file is in one of the two folders, `left` in the first, and searches say the same.
fn check(client: &mut Client, from: &Path, to: &Path, left: u64) -> anyhow::Result<()> {
    let known = client.get("/api/v1/status")?.json()?["images"].as_u64().unwrap_or_default();
    let on_disk = |folder: &Path| anyhow::Ok(std::fs::read_dir(folder)?.count() as u64);
    let (there, here) = (on_disk(from)?, on_disk(to)?);
    if (there, here, known) != (left, u64::from(FILES) - left, u64::from(FILES)) {
        bail!("{there} files are in one folder, {here} in the other, {known} are known; {left} were to stay");
    }
    for (folder, n) in [(from, there), (to, here)] {
        let found = found(client, folder)?;
        if found != n {
            bail!("searches find {found} of {n} files in {}", folder.display());
        }
    }
    Ok(())
}

fn found(client: &mut Client, folder: &Path) -> anyhow::Result<u64> {
    let (mut n, mut cursor) = (0, String::new());
    loop {
        let body = json!({ "surstr": "", "folder_paths": [folder], "size": 10_000, "cursor": cursor });
        let page = client.post(&format!("{BASE}/db/search_by_substr"), &body)?.json()?;
        n += page["files"].as_array().map_or(0, Vec::len) as u64;
        if page["cursor"]["has_next"] != json!(true) {
            return Ok(n);
        }
        cursor = page["cursor"]["next"].as_str().unwrap_or_default().to_owned();
    }
}
