//! Temporary probe.
use lumidex::library::*;
use lumidex::query::*;
use std::time::Instant;
fn rss() -> String {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .filter(|l| l.starts_with("RssAnon") || l.starts_with("VmHWM"))
        .collect::<Vec<_>>()
        .join(" ")
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = Instant::now();
    let lib =
        Library::open(&LibraryOptions { data_dir: a[2].clone().into(), intake: Default::default() }).unwrap();
    println!("open {:?}", t.elapsed());
    let _ = lib.query().n_images();
    println!("first answer {:?}", t.elapsed());
    let abs = std::fs::canonicalize(&a[1]).unwrap();
    use std::os::unix::ffi::OsStrExt;
    lib.add_extra_path(abs.as_os_str().as_bytes(), &[lumidex_schema::record::PathType::Scanned]).unwrap();
    let t = Instant::now();
    lib.update().unwrap();
    let n = lib.query().n_images().unwrap();
    println!("update {:?} n={} {:.0}/s {}", t.elapsed(), n, n as f64 / t.elapsed().as_secs_f64(), rss());
    let t = Instant::now();
    lib.update().unwrap();
    println!("rescan {:?}", t.elapsed());
    for (n, m) in [("newest", Matching::Everything)]
        .into_iter()
        .chain(
            [
                "girl",
                "masterpiece",
                "zzzqq",
                "xylophone",
                "猫",
                "少女",
                "の",
                "a",
                "qz",
                "seed: 12",
                "1234",
                "007",
                "steps: 20, sampler",
                "png",
                "0001",
                "comfyui_",
                "blue eyes",
                "(",
                ":1.2)",
                "e\nn",
                "ß",
            ]
            .iter()
            .map(|n| (*n, Matching::Substring((*n).to_owned()))),
        )
        .chain(
            ["masterpiece.*night", "[xqz]{4}", "\\bcat\\b", "seed: \\d{3},", "\\d{25}"]
                .iter()
                .map(|n| (*n, Matching::Regex((*n).to_owned()))),
        )
    {
        let s = Search { matching: m, size: 200, ..Search::default() };
        let mut ts = vec![];
        let mut hits = 0;
        let mut err = String::new();
        for _ in 0..if n.contains('\\') || n.contains('[') { 5 } else { 40 } {
            let t = Instant::now();
            match lib.query().search(&s) {
                Ok(p) => hits = p.hits.len(),
                Err(e) => err = e.to_string(),
            };
            ts.push(t.elapsed());
        }
        ts.sort();
        println!("{n:24?} hits {hits:4} p50 {:8.3?} max {:8.3?} {err}", ts[ts.len() / 2], ts[ts.len() - 1]);
    }
    let t = Instant::now();
    let l = lib.query().tag_list().unwrap();
    println!("tags {} {:?}", l.len(), t.elapsed());
    let t = Instant::now();
    let l = lib.query().trend(20).unwrap();
    println!("trend {} days {:?}", l.days.len(), t.elapsed());
    println!("{}", rss());
    let t = Instant::now();
    drop(lib);
    println!("close {:?}", t.elapsed());
}
