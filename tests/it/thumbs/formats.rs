//! What comes out of each kind of picture.

use super::{Shop, assert_quarters, quarters};
use image::codecs::gif::GifEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, Frame as Still, ImageFormat, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use std::io::Cursor;

fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png_of(width: u32, height: u32, colour: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    bytes
}

fn rgb_png(image: &image::RgbImage) -> Vec<u8> {
    png_of(image.width(), image.height(), png::ColorType::Rgb, png::BitDepth::Eight, image.as_raw())
}

fn jpeg(image: &image::RgbImage, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 92);
    set(&mut encoder);
    let (width, height) = (image.width() as u16, image.height() as u16);
    encoder.encode(image.as_raw(), width, height, ColorType::Rgb).unwrap();
    bytes
}

#[test]
fn every_format_is_fitted_and_keeps_its_colours() {
    let shop = Shop::new();
    let image = quarters(400, 200);
    let plain = DynamicImage::from(image.clone());
    let mut gif = Vec::new();
    let frames = [plain.to_rgba8(), RgbaImage::new(400, 200)].map(Still::new);
    GifEncoder::new(&mut gif).encode_frames(frames).unwrap();
    let files = [
        ("a.jpg", jpeg(&image, |_| {})),
        ("half.jpg", jpeg(&image, |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2))),
        ("progressive.jpg", jpeg(&image, |encoder| encoder.set_progressive(true))),
        ("a.png", rgb_png(&image)),
        ("a.gif", gif),
        ("a.bmp", written(&plain, ImageFormat::Bmp)),
        ("a.tif", written(&plain, ImageFormat::Tiff)),
        ("lossless.webp", written(&plain, ImageFormat::WebP)),
        ("lossy.webp", webp::Encoder::from_rgb(&image, 400, 200).encode(90.0).to_vec()),
        // Told by content and not by name.
        ("png.jpg", rgb_png(&image)),
        ("jpeg.webp", jpeg(&image, |_| {})),
    ];
    for (name, bytes) in files {
        for (frame, size) in [((100, 100), (100, 50)), ((512, 512), (400, 200)), ((40, 8), (16, 8))] {
            let got = shop.thumbnail(name, &bytes, frame);
            assert_eq!(got.dimensions(), size, "{name} in {frame:?}");
            assert_quarters(&got, &plain.to_rgba8(), name);
        }
    }
}

#[test]
fn inks_greys_palettes_and_deep_colours_are_read() {
    let shop = Shop::new();
    // No cyan, some magenta and yellow, no black: stored inverted, as Adobe does.
    let inks: Vec<u8> = [0, 155, 155, 0].repeat(64 * 64);
    let mut cmyk = Vec::new();
    Encoder::new(&mut cmyk, 95).encode(&inks, 64, 64, ColorType::Cmyk).unwrap();
    let light_red = shop.thumbnail("cmyk.jpg", &cmyk, (32, 32)).get_pixel(16, 16).0;
    assert!(light_red[0] > 200 && light_red[1] < 140 && light_red[2] < 140, "{light_red:?}");

    let wide: Vec<u8> = [0x80, 0xFF].repeat(300 * 100 * 3);
    let deep = png_of(300, 100, png::ColorType::Rgb, png::BitDepth::Sixteen, &wide);
    for (name, bytes, frame) in [
        ("deep.png", deep.clone(), (150, 150)),
        ("deep_small.png", deep, (10, 10)),
        (
            "grey.png",
            png_of(300, 100, png::ColorType::Grayscale, png::BitDepth::Eight, &[128; 30_000]),
            (20, 20),
        ),
        (
            "bits.png",
            png_of(300, 100, png::ColorType::Grayscale, png::BitDepth::Four, &[0x88; 15_000]),
            (20, 20),
        ),
    ] {
        let grey = shop.thumbnail(name, &bytes, frame);
        let pixel = grey.get_pixel(3, 2).0;
        assert!(pixel.iter().take(3).all(|value| value.abs_diff(130) < 10), "{name}: {pixel:?}");
    }

    let mut palette = Vec::new();
    let mut encoder = png::Encoder::new(&mut palette, 16, 16);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_palette(vec![250, 10, 10, 10, 10, 250]);
    encoder.set_trns(vec![255, 0]);
    encoder.write_header().unwrap().write_image_data(&[0xFF, 0x00].repeat(16)).unwrap();
    let got = shop.thumbnail("palette.png", &palette, (16, 16));
    assert_eq!((got.get_pixel(3, 8).0[3], got.get_pixel(12, 8).0[3]), (0, 255));
    assert!(got.get_pixel(12, 8).0[0] > 200);
}

#[test]
fn interlaced_pictures_are_the_same_as_others() {
    let image = quarters(64, 40);
    let (mut packed, passes) = (
        Vec::new(),
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)],
    );
    for (left, top, across, down) in passes {
        for y in (top..40).step_by(down) {
            packed.push(0);
            (left..64).step_by(across).for_each(|x| packed.extend(image.get_pixel(x, y as u32).0));
        }
    }
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zlib, &packed).unwrap();
    let mut header = [64u32.to_be_bytes(), 40u32.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 1]);
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    for (name, content) in [(b"IHDR", header), (b"IDAT", zlib.finish().unwrap()), (b"IEND", Vec::new())] {
        bytes.extend((content.len() as u32).to_be_bytes());
        bytes.extend(name);
        bytes.extend(content);
        // Wrong checksums are no reason to show nothing.
        bytes.extend([0; 4]);
    }
    let shop = Shop::new();
    for frame in [(64, 64), (16, 16)] {
        let got = shop.thumbnail("interlaced.png", &bytes, frame);
        assert_quarters(&got, &DynamicImage::from(image.clone()).to_rgba8(), "interlaced");
    }
}

#[test]
fn what_is_transparent_stays_so_and_does_not_bleed() {
    // Transparent red beside opaque blue: halfway it is a thin blue, not violet.
    let image =
        RgbaImage::from_fn(
            640,
            640,
            |x, _| if x % 8 < 4 { Rgba([255, 0, 0, 0]) } else { Rgba([0, 0, 255, 255]) },
        );
    let png = png_of(640, 640, png::ColorType::Rgba, png::BitDepth::Eight, image.as_raw());
    let webp = written(&DynamicImage::from(image), ImageFormat::WebP);
    let shop = Shop::new();
    for (name, bytes, frame) in
        [("a.png", &png, (40, 40)), ("b.png", &png, (300, 300)), ("a.webp", &webp, (40, 40))]
    {
        let got = shop.thumbnail(name, bytes, frame);
        let mean = |channel: usize| {
            got.pixels().map(|p| u64::from(p.0[channel])).sum::<u64>() / got.pixels().len() as u64
        };
        assert!(mean(3).abs_diff(128) < 12, "{name}: opacity {}", mean(3));
        let visible: Vec<_> = got.pixels().filter(|pixel| pixel.0[3] > 100).collect();
        assert!(!visible.is_empty());
        assert!(visible.iter().all(|pixel| pixel.0[0] < 60 && pixel.0[2] > 180), "{name} bleeds");
    }
}

/// An EXIF block that says nothing but how a picture lies.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

#[test]
fn all_eight_orientations_are_turned_upright() {
    let shop = Shop::new();
    let image = quarters(240, 120);
    for number in 1..=8 {
        let mut upright = DynamicImage::from(image.clone());
        upright.apply_orientation(Orientation::from_exif(number).unwrap());
        let upright = upright.to_rgba8();

        let marked = [b"Exif\0\0".to_vec(), exif(number)].concat();
        let jpeg = jpeg(&image, |encoder| encoder.add_app_segment(1, marked).unwrap());
        let plain = rgb_png(&image);
        let mut png = plain[..33].to_vec();
        let block = exif(number);
        png.extend((block.len() as u32).to_be_bytes());
        png.extend(b"eXIf");
        png.extend(&block);
        png.extend([0; 4]);
        png.extend(&plain[33..]);
        let simple = webp::Encoder::from_rgb(&image, 240, 120).encode(90.0).to_vec();
        let webp = extended_webp(&simple[12..], 240, 120, &block);
        for (name, bytes) in [("a.jpg", jpeg), ("a.png", png), ("a.webp", webp)] {
            let name = format!("{number}{name}");
            for (frame, divided) in [((240, 240), 1), ((60, 60), 4)] {
                let got = shop.thumbnail(&name, &bytes, frame);
                let size = (upright.width() / divided, upright.height() / divided);
                assert_eq!(got.dimensions(), size, "{name} in {frame:?}");
                assert_quarters(&got, &upright, &name);
            }
        }
    }
}

/// The chunks of a WebP and an EXIF block in an extended one.
fn extended_webp(chunks: &[u8], width: u32, height: u32, exif: &[u8]) -> Vec<u8> {
    let mut body = b"WEBPVP8X\x0A\0\0\0\x08\0\0\0".to_vec();
    body.extend(&(width - 1).to_le_bytes()[..3]);
    body.extend(&(height - 1).to_le_bytes()[..3]);
    body.extend(chunks);
    body.extend(b"EXIF");
    body.extend((exif.len() as u32).to_le_bytes());
    body.extend(exif);
    [b"RIFF".to_vec(), (body.len() as u32).to_le_bytes().to_vec(), body].concat()
}

#[test]
fn an_animated_picture_shows_its_first_frame() {
    let shop = Shop::new();
    let first = DynamicImage::from(quarters(80, 80)).to_rgba8();
    let second = RgbaImage::from_pixel(80, 80, Rgba([0, 0, 0, 255]));
    let mut config = webp::WebPConfig::new().unwrap();
    config.quality = 90.0;
    let mut encoder = webp::AnimEncoder::new(80, 80, &config);
    encoder.add_frame(webp::AnimFrame::from_rgba(&first, 80, 80, 0));
    encoder.add_frame(webp::AnimFrame::from_rgba(&second, 80, 80, 100));
    let animated = encoder.encode().to_vec();
    assert_quarters(&shop.thumbnail("a.webp", &animated, (64, 64)), &first, "animated WebP");

    let mut apng = Vec::new();
    let mut encoder = png::Encoder::new(&mut apng, 80, 80);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&first).unwrap();
    writer.write_image_data(&second).unwrap();
    drop(writer);
    assert_quarters(&shop.thumbnail("a.png", &apng, (64, 64)), &first, "animated PNG");
}

#[test]
fn the_thinnest_pictures_keep_a_pixel() {
    let shop = Shop::new();
    for (width, height, expected) in
        [(4000, 1, (100, 1)), (1, 4000, (1, 100)), (1, 1, (1, 1)), (2000, 3, (100, 1))]
    {
        let bytes = rgb_png(&quarters(width, height));
        assert_eq!(
            shop.thumbnail(&format!("{width}.{height}.png"), &bytes, (100, 100)).dimensions(),
            expected
        );
        let bytes = jpeg(&quarters(width, height), |_| {});
        assert_eq!(
            shop.thumbnail(&format!("{width}.{height}.jpg"), &bytes, (100, 100)).dimensions(),
            expected
        );
    }
}
