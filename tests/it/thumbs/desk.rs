//! Asking for thumbnails: made once, kept, failures remembered, and left when nobody wants them.

use super::{BOUNDS, Shop, decoded, quarters, source_at};
use image::{DynamicImage, ImageFormat};
use lumidex::projection::thumbs::{Built, Ffmpeg, Frame, Identity, Source, ThumbError, Thumbs};
use lumidex::sys::storage::Disk;
use lumidex::sys::{Stop, Stopper};
use lumidex_schema::id::Timestamp;
use lumidex_schema::media::MediaKind;
use std::fs::{self, File};
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn picture(nth: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(quarters(60 + nth, 60)).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// A source that counts how often it was opened, and does something first.
fn counted(
    path: &Path,
    nth: u64,
    first: impl Fn(usize) -> io::Result<()> + Send + Sync + 'static,
) -> (Source, Arc<AtomicUsize>) {
    let n_opened = Arc::new(AtomicUsize::new(0));
    let (path, counter) = (path.to_owned(), Arc::clone(&n_opened));
    let identity = Identity::of_file(b"counted", nth, Timestamp(0));
    let source = Source::new(identity, MediaKind::Image, move || {
        first(counter.fetch_add(1, Ordering::SeqCst))?;
        File::open(&path)
    });
    (source, n_opened)
}

#[test]
fn however_many_ask_it_is_made_once() {
    let shop = Shop::new();
    let path = shop.folder.path().join("a.jpg");
    fs::write(&path, picture(0)).unwrap();
    let (source, n_opened) = counted(&path, 0, |_| Ok(()));
    std::thread::scope(|scope| {
        let asking = || shop.thumbs.get(&source, Frame::COMMON, &Stop::never()).unwrap();
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(asking)).collect();
        let all: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(all.iter().all(|one| one.bytes == all[0].bytes && one.key == all[0].key));
        assert_eq!(all[0].key, Thumbs::key_of(&source, Frame::COMMON));
    });
    assert_eq!((n_opened.load(Ordering::SeqCst), shop.thumbs.n_made()), (1, 1));
    shop.thumbs.get(&source, Frame::new(20, 20).unwrap(), &Stop::never()).unwrap();
    assert_eq!(shop.thumbs.n_made(), 2, "another size is another thumbnail");
}

#[test]
fn a_broken_file_is_not_tried_again_and_one_that_could_not_be_opened_is() {
    let shop = Shop::new();
    let path = shop.folder.path().join("broken.jpg");
    fs::write(&path, b"\xFF\xD8\xFF\xE0 broken").unwrap();
    let (source, n_opened) = counted(&path, 0, |_| Ok(()));
    for _ in 0..3 {
        let error = shop.thumbs.get(&source, Frame::COMMON, &Stop::never()).unwrap_err();
        assert!(matches!(error, ThumbError::Undecodable(_)), "{error}");
    }
    assert_eq!(n_opened.load(Ordering::SeqCst), 1);

    fs::write(&path, picture(0)).unwrap();
    let away = |nth| if nth == 0 { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) };
    let (source, n_opened) = counted(&path, 1, away);
    let error = shop.thumbs.get(&source, Frame::COMMON, &Stop::never()).unwrap_err();
    assert!(matches!(&error, ThumbError::File(error) if error.kind() == io::ErrorKind::NotFound), "{error}");
    assert!(shop.thumbs.get(&source, Frame::COMMON, &Stop::never()).is_ok());
    assert_eq!(n_opened.load(Ordering::SeqCst), 2);
}

#[test]
fn links_and_folders_are_no_files() {
    let shop = Shop::new();
    let path = shop.folder.path().join("a.jpg");
    fs::write(&path, picture(0)).unwrap();
    let link = shop.folder.path().join("link.jpg");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for odd in [link.as_path(), shop.folder.path()] {
        let error = shop.thumbs.get(&source_at(odd), Frame::COMMON, &Stop::never()).unwrap_err();
        assert!(matches!(error, ThumbError::File(_)), "{error}");
    }
}

#[test]
fn what_one_gave_up_is_made_for_the_next() {
    let shop = Shop::new();
    let path = shop.folder.path().join("a.jpg");
    fs::write(&path, picture(0)).unwrap();
    let stopper = Stopper::new();
    let stop = stopper.stop();
    let (source, n_opened) = counted(&path, 0, move |nth| {
        if nth == 0 {
            stopper.trigger();
        }
        Ok(())
    });
    let given_up = shop.thumbs.get(&source, Frame::COMMON, &stop).unwrap_err();
    assert!(matches!(given_up, ThumbError::Stopped), "{given_up}");
    assert!(shop.thumbs.get(&source, Frame::COMMON, &Stop::never()).is_ok());
    assert_eq!(n_opened.load(Ordering::SeqCst), 2);
}

#[test]
fn a_restart_finds_what_was_kept() {
    let shop = Shop::new();
    let source = shop.source("a.jpg", &picture(0));
    let made = shop.thumbs.get(&source, Frame::COMMON, &Stop::never()).unwrap();
    let Shop { thumbs, folder } = shop;
    drop(thumbs);
    let cache = folder.path().join("cache");
    let thumbs = Thumbs::open(Arc::new(Disk), &cache, BOUNDS, Ffmpeg::default());
    assert_eq!(thumbs.kept().entries, 1);
    assert_eq!(thumbs.get(&source, Frame::COMMON, &Stop::never()).unwrap().bytes, made.bytes);
    assert_eq!(thumbs.n_made(), 0);
}

#[test]
fn without_a_folder_thumbnails_are_made_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let thumbs = Thumbs::open(Arc::new(Disk), &in_the_way.join("cache"), BOUNDS, Ffmpeg::default());
    let path = folder.path().join("a.jpg");
    fs::write(&path, picture(0)).unwrap();
    assert!(thumbs.get(&source_at(&path), Frame::COMMON, &Stop::never()).is_ok());
    assert_eq!(thumbs.kept().entries, 0);
}

#[test]
fn a_whole_library_is_built_and_goes_on_where_it_was() {
    let shop = Shop::new();
    let names: Vec<_> = (0..40).map(|nth| format!("{nth}.jpg")).collect();
    for (nth, name) in names.iter().enumerate() {
        shop.source(name, &picture(nth as u32));
    }
    shop.source("7.jpg", b"broken");
    let sources = || names.iter().map(|name| source_at(&shop.folder.path().join(name)));
    let stopper = Stopper::new();
    let stop_after_ten = |built: Built| {
        if built.made >= 10 {
            stopper.trigger();
        }
    };
    let first = shop.thumbs.build_all(sources(), Frame::COMMON, &stopper.stop(), &stop_after_ten).unwrap();
    assert!((10..30).contains(&first.made), "{first:?}");
    let rest = shop.thumbs.build_all(sources(), Frame::COMMON, &Stop::never(), &|_| {}).unwrap();
    assert_eq!((rest.present, rest.failed, rest.made), (first.made, 1, 39 - first.made));
    let again = shop.thumbs.build_all(sources(), Frame::COMMON, &Stop::never(), &|_| {}).unwrap();
    assert_eq!(again, Built { made: 0, present: 39, failed: 1 });
}

#[test]
fn an_uploaded_cover_is_a_picture_of_bounded_size() {
    let shop = Shop::new();
    let check = |bytes: &[u8]| shop.thumbs.check_cover(bytes, &Stop::never());
    // Grain, which compresses badly.
    let grain = image::RgbImage::from_fn(1500, 1500, |x, y| {
        let n = (x ^ y.rotate_left(7)).wrapping_mul(2_654_435_761) >> 8;
        image::Rgb([n as u8, (n >> 8) as u8, (n >> 16) as u8])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(grain).write_to(&mut bytes, ImageFormat::WebP).unwrap();
    let cover = check(&bytes.into_inner()).unwrap();
    assert!(cover.len() <= 256 << 10, "{} bytes", cover.len());
    let (width, height) = decoded(&cover).dimensions();
    assert!(width == height && (128..=1024).contains(&width), "{width}");
    let small = decoded(&check(&picture(0)).unwrap());
    assert_eq!(small.dimensions(), (60, 60));
    for bytes in [&b""[..], b"<svg/>", b"\xFF\xD8\xFF\xE0", b"\0\0\0\x20ftypavif"] {
        assert!(matches!(check(bytes), Err(ThumbError::Undecodable(_))));
    }
    assert!(matches!(check(&vec![0xFF; 17 << 20]), Err(ThumbError::TooLarge(_))));
}
