//! What other programs get of a library: documents for search engines, XMP files for photo programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lumidex::ledger::Ledger;
use lumidex::ledger::backup::Existing;
use lumidex::sys::Stop;
use lumidex_index_tools::export::{ExportError, Ndjson, Sidecars, Target, Where, ndjson, sidecars};
use lumidex_index_tools::synth;
use lumidex_schema::layout;
use lumidex_schema::record::PathType;
use serde_json::Value;

/// A library of a few files on the disk, walked.
struct Walked {
    dir: tempfile::TempDir,
}

impl Walked {
    fn new() -> Self {
        let walked = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(walked.data()).unwrap();
        synth::Library::new(11, 80).write_to(&walked.pictures(), 0..80, &|_| {}).unwrap();
        let path = walked.pictures().to_str().unwrap().as_bytes().to_vec();
        walked.ledger().add_extra_path(&path, &[PathType::Scanned]).unwrap();
        let library = lumidex_index_tools::reindex::Library::open(&walked.data()).unwrap();
        library.read_again(&Stop::never(), &mut |_| {}).unwrap();
        walked
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn pictures(&self) -> PathBuf {
        self.dir.path().join("pictures")
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.data().join(layout::LEDGER)).unwrap()
    }

    /// Paths of images, sorted.
    fn paths(&self) -> Vec<PathBuf> {
        let ledger = self.ledger();
        let reader = ledger.reader().unwrap();
        let mut paths = Vec::new();
        for n in 1..=reader.last_image().unwrap().0 {
            let image = reader.image(lumidex_schema::id::ImageId(n)).unwrap().unwrap();
            paths.push(PathBuf::from(String::from_utf8(reader.path_of(&image).unwrap()).unwrap()));
        }
        paths.sort();
        paths
    }

    fn tag(&self, name: &str, path: &Path) {
        let ledger = self.ledger();
        let tag = ledger.make_tag(name).unwrap().1;
        let image = ledger.reader().unwrap().image_at(path.to_str().unwrap().as_bytes()).unwrap().unwrap().0;
        ledger.toggle_tag(tag, image).unwrap();
    }

    fn ndjson(&self, name: &str, bulk: bool) -> Result<(Ndjson, Vec<Value>), ExportError> {
        let path = self.dir.path().join(name);
        let target = Target::File(&path, Existing::Keep);
        let ledger = self.ledger();
        let reader = ledger.reader().unwrap();
        let done = ndjson(&reader, target, "pictures", bulk, &Stop::never(), &mut |_| {})?;
        let text = fs::read_to_string(&path).unwrap();
        Ok((done, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()))
    }

    fn sidecars(&self, place: Where<'_>) -> Sidecars {
        let ledger = self.ledger();
        sidecars(&ledger.reader().unwrap(), place, &Stop::never(), &mut |_| {}).unwrap()
    }
}

#[test]
fn documents_say_of_each_image_what_its_file_says() {
    let library = Walked::new();
    let paths = library.paths();
    library.tag("mine <1>", &paths[0]);
    let (done, documents) = library.ndjson("all.ndjson", false).unwrap();
    assert_eq!((done.documents, documents.len()), (paths.len() as u64, paths.len()));
    let mut found: Vec<PathBuf> =
        documents.iter().map(|document| PathBuf::from(document["path"].as_str().unwrap())).collect();
    found.sort();
    assert_eq!(found, paths);
    let ids: BTreeSet<u64> = documents.iter().map(|document| document["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), documents.len());
    for document in &documents {
        let path = Path::new(document["path"].as_str().unwrap());
        assert_eq!(document["size"], path.metadata().unwrap().len());
        assert_eq!(document["name"], path.file_name().unwrap().to_str().unwrap());
        assert_eq!(document["folder"], path.parent().unwrap().to_str().unwrap());
        let text = document["text"].as_str().unwrap();
        if let Some(prompt) = document["prompt"].as_str() {
            assert!(text.contains(prompt), "{document:#}");
        }
        let modified: jiff::Timestamp = document["modified"].as_str().unwrap().parse().unwrap();
        let on_disk = path.metadata().unwrap().modified().unwrap();
        assert_eq!(modified, jiff::Timestamp::try_from(on_disk).unwrap());
    }
    let n_with = |field: &str| documents.iter().filter(|document| !document[field].is_null()).count();
    for field in
        ["prompt", "model", "sampler", "seed", "steps", "cfg", "source", "keywords", "content", "width"]
    {
        assert!(n_with(field) > paths.len() / 3, "{field}: {}", n_with(field));
    }
    let tagged: Vec<&Value> = documents.iter().filter(|document| !document["tags"].is_null()).collect();
    assert_eq!((tagged.len(), &tagged[0]["tags"]), (1, &serde_json::json!(["mine <1>"])));

    // Every field is one that both configurations know.
    let [elastic, quickwit] = <[PathBuf; 2]>::try_from(done.configurations).unwrap();
    let config = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let (elastic, quickwit) = (config(&elastic), config(&quickwit));
    assert_eq!(quickwit["index_id"], "pictures");
    for field in documents.iter().flat_map(|document| document.as_object().unwrap().keys()) {
        assert!(elastic["mappings"]["properties"][field].is_object(), "{field}");
        let mappings = quickwit["doc_mapping"]["field_mappings"].as_array().unwrap();
        assert!(mappings.iter().any(|mapping| mapping["name"] == **field), "{field}");
    }
}

#[test]
fn bulk_lines_stand_before_each_document_and_files_are_not_replaced() {
    let library = Walked::new();
    let (done, lines) = library.ndjson("all.ndjson", true).unwrap();
    assert_eq!(lines.len() as u64, 2 * done.documents);
    for pair in lines.chunks(2) {
        assert_eq!(pair[0]["index"]["_index"], "pictures");
        assert_eq!(pair[0]["index"]["_id"], pair[1]["id"].to_string());
    }
    assert!(matches!(library.ndjson("all.ndjson", false), Err(ExportError::Exists { .. })));
    // Nor is a configuration.
    fs::write(library.dir.path().join("b.ndjson.quickwit.json"), "mine").unwrap();
    assert!(matches!(library.ndjson("b.ndjson", false), Err(ExportError::Exists { .. })));
    assert!(!library.dir.path().join("b.ndjson").exists());
}

#[test]
fn xmp_files_say_what_a_person_did_and_those_of_others_stay() {
    let library = Walked::new();
    let paths = library.paths();
    let beside = |path: &Path| PathBuf::from(format!("{}.xmp", path.display()));
    library.tag("like", &paths[0]);
    library.tag("<herons> & \"co\"", &paths[0]);
    library.tag("plain", &paths[1]);
    library.tag("plain", &paths[2]);
    let ledger = library.ledger();
    let plain = ledger.make_tag("plain").unwrap().1;
    ledger.color_tag(plain, "#11aa22").unwrap();
    drop(ledger);
    let foreign = beside(&paths[2]);
    fs::write(&foreign, "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>").unwrap();
    let done = library.sidecars(Where::Beside);
    assert_eq!(done, Sidecars { written: 2, same: 0, foreign: 1, absent: 0 });
    let first = fs::read_to_string(beside(&paths[0])).unwrap();
    assert!(first.contains("<rdf:li>&lt;herons&gt; &amp; \"co\"</rdf:li>"), "{first}");
    assert!(first.contains("xmp:Rating=\"5\"") && !first.contains("<rdf:li>like"), "{first}");
    let second = fs::read_to_string(beside(&paths[1])).unwrap();
    assert!(second.contains("xmp:Label=\"Green\"") && second.contains("<rdf:li>plain</rdf:li>"), "{second}");
    assert!(!second.contains("xmp:Rating"), "{second}");
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>");
    // Our own reader understands it, and lumidex takes no XMP file for a picture.
    assert_eq!(library.paths(), paths);

    assert_eq!(library.sidecars(Where::Beside), Sidecars { written: 0, same: 2, foreign: 1, absent: 0 });
    library.tag("more", &paths[1]);
    fs::remove_file(&paths[0]).unwrap();
    let done = library.sidecars(Where::Beside);
    assert_eq!(done, Sidecars { written: 1, same: 0, foreign: 1, absent: 1 });
    assert!(fs::read_to_string(beside(&paths[1])).unwrap().contains("<rdf:li>more</rdf:li>"));

    let elsewhere = library.dir.path().join("xmp");
    let done = library.sidecars(Where::Below(&elsewhere));
    assert_eq!(done, Sidecars { written: 2, same: 0, foreign: 0, absent: 1 });
    let below = elsewhere.join(beside(&paths[2]).strip_prefix("/").unwrap());
    assert!(fs::read_to_string(below).unwrap().contains("<rdf:li>plain</rdf:li>"));
}
