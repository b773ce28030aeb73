//! Thumbnails of what arrives, before anybody asks.

use super::{Shop, quarters};
use image::{DynamicImage, ImageFormat};
use lumidex::ledger::{Elsewhere, Ledger, Observation, Seen};
use lumidex::projection::thumbs::{Ahead, Frame, Identity, Source, ThumbError};
use lumidex::sys::Stop;
use lumidex_schema::id::Timestamp;
use lumidex_schema::layout;
use lumidex_schema::media::MediaKind;
use lumidex_schema::path::RelPath;
use lumidex_schema::record::{Fingerprint, PathType, Sighting};
use std::time::{Duration, Instant, SystemTime};

const PATIENCE: Duration = Duration::from_secs(60);

fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as i64
}

#[test]
fn what_arrives_has_its_thumbnail_and_what_was_there_before_has_not() {
    let shop = Shop::new();
    let ledger = Ledger::open(&shop.folder.path().join(layout::LEDGER)).unwrap();
    let top = shop.folder.path().to_str().unwrap().as_bytes();
    ledger.add_extra_path(top, &[PathType::Scanned]).unwrap();
    let see = |name: &str, created: i64, content: u8| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        DynamicImage::from(quarters(50 + u32::from(content), 50))
            .write_to(&mut bytes, ImageFormat::Jpeg)
            .unwrap();
        std::fs::write(shop.folder.path().join(name), bytes.into_inner()).unwrap();
        let root = ledger.reader().unwrap().roots().unwrap()[0].0;
        let seen = Seen {
            root,
            folder: RelPath::from_bytes(""),
            name: name.as_bytes().to_vec(),
            sighting: Sighting {
                size: 10,
                modified: Timestamp(created),
                created: Timestamp(created),
                ..Sighting::default()
            },
            fingerprint: Fingerprint([content; 16]),
            media: MediaKind::of_name(name.as_bytes()).unwrap(),
            pixel_width: 50,
            pixel_height: 50,
            text: None,
            holes: Vec::new(),
            rule_tags: Vec::new(),
            complaints: 0,
            note: lumidex_schema::note::Note::default(),
            elsewhere: Elsewhere::default(),
        };
        ledger.observe(vec![Observation::Seen(Box::new(seen))]).unwrap();
    };
    see("before.jpg", now(), 1);
    let ahead = Ahead::start(shop.thumbs.clone(), ledger.clone()).unwrap();
    see("old.jpg", now() - 3_600_000_000_000, 2);
    see("film.mp4", now(), 3);
    see("new.jpg", now(), 4);
    let until = Instant::now() + PATIENCE;
    while shop.thumbs.kept().entries == 0 {
        assert!(Instant::now() < until, "nothing was made ahead");
        std::thread::yield_now();
    }
    drop(ahead);
    assert_eq!(shop.thumbs.n_made(), 1, "and nothing but what is new");
    // Whoever asks finds it, by the identity the ledger gives, without opening the file.
    let path = [top, b"/new.jpg"].concat();
    let image = ledger.reader().unwrap().present_at(&path).unwrap().unwrap().1;
    let source = Source::new(Identity::of_image(&image, &path), MediaKind::Image, || panic!("it is opened"));
    let found: Result<_, ThumbError> = shop.thumbs.get(&source, Frame::COMMON, &Stop::never());
    assert!(found.is_ok() && shop.thumbs.n_made() == 1);
}
