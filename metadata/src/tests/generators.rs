//! Dialects of services, of unknown programs, and what says who made a picture and not how; see `dialects`.

use super::dialects::{extras, found, keyword, lora, prompts, recipe_at, recipe_in, settings, xmp};
use super::encode::{comment_block, jpeg_exif, png, tiff};
use super::reading;
use crate::slots::{Place, tag};
use lumidex_schema::recipe::Source;
use serde_json::json;

#[test]
fn services_that_run_graphs() {
    let about = json!({"prompt": "a reed hut", "negativePrompt": "mud", "cfgScale": 5, "steps": 25, "seed": 3, "sampler": "Euler a", "width": 64,
        "height": 32, "clipSkip": 2, "baseModel": "SDXL", "workflow": "txt2img", "image": "https://x/y?sig=1",
        "resources": [{"modelVersionId": 333, "strength": 0.6}, {"modelVersionId": 222, "strength": 1}]});
    let job = json!({"1": {"class_type": "LoadImage", "inputs": {"image": "x"}},
        "extra": {"airs": ["urn:air:sdxl:checkpoint:civitai:111@222", "urn:air:sdxl:lora:civitai:9@333"]}, "extraMetadata": about.to_string()});
    let recipe = recipe_in(&jpeg_exif(&comment_block(&job.to_string())));
    prompts(&recipe, Source::Civitai, "a reed hut", "mud");
    settings(&recipe, 25, "Euler a", 5.0, "3", (64, 32), "civitai:222");
    assert_eq!(recipe.loras, [lora("civitai:333", 0.6, None)]);
    extras(&recipe, &[("Clip skip", "2"), ("Base model", "SDXL"), ("Generation mode", "txt2img")]);
    assert!(!recipe.extra.iter().any(|(_, value)| value.contains("sig=")));
    let broken = job.to_string().replace("\\\"prompt\\\"", "prompt");
    let of_graph = reading(&jpeg_exif(&comment_block(&broken)), "a.jpg");
    assert!(of_graph.recipe.is_none_or(|recipe| recipe.source == Source::ComfyUi));

    let tensor = json!({"prompt": "ein Bär", "negativePrompt": "", "width": 64, "height": 32, "steps": 25, "cfgScale": 4, "seed": "-1", "clipSkip": 1,
        "samplerName": "Euler", "schedule": "normal", "sdVae": "Automatic", "guidance": 3.5, "workEngine": "X",
        "baseModel": {"modelFileName": "bear_v1.safetensors", "hash": "ABCD", "label": "Bear"},
        "models": [{"modelFileName": "fur.safetensors", "weight": 0.8}]});
    let recipe = recipe_in(&png(&[("generation_data", &format!("{tensor}\0")), ("prompt", super::GRAPH)]));
    prompts(&recipe, Source::TensorArt, "ein Bär", "");
    // The graph knows the seed that was drawn.
    settings(&recipe, 25, "Euler", 4.0, "7", (64, 32), "bear_v1");
    assert_eq!((recipe.model_hash.as_deref(), recipe.loras), (Some("abcd"), vec![lora("fur", 0.8, None)]));
    let matrix = json!({"PositivePrompt": "a hut\r\nof reed", "NegativePrompt": "mud", "Steps": 9, "Sampler": "Euler Ancestral Karras", "CfgScale": 5.5,
        "Seed": 7, "Width": 64, "Height": 32, "ModelHash": "AB".repeat(32), "ModelName": "hut.safetensors", "ModelVersionId": 5});
    let text = "other\r\nSteps: 1, Seed: 2, RNG: CPU";
    let recipe = recipe_in(&png(&[
        ("parameters", text),
        ("parameters-json", &matrix.to_string()),
        ("smproj", "{\"State\": {}}"),
        ("prompt", super::GRAPH),
    ]));
    prompts(&recipe, Source::StabilityMatrix, "a hut\nof reed", "mud");
    settings(&recipe, 9, "Euler Ancestral Karras", 5.5, "7", (64, 32), "hut");
    extras(&recipe, &[("RNG", "CPU"), ("ModelVersionId", "5")]);
}

#[test]
fn flat_json_of_unknown_programs() {
    let space = json!({"prompt": "a loom", "negative_prompt": "dust", "resolution": "832 x 1216", "guidance_scale": 7, "num_inference_steps": 28, "seed": 4,
        "sampler": "Euler a", "style_preset": "None", "Model": "loomXL", "Model hash": "ab12", "use_upscaler":
        {"upscale_method": "nearest", "upscaler_strength": 0.55, "upscale_by": 1.5, "upscale_steps": 10, "new_resolution": "1 x 1"}});
    let recipe = recipe_in(&png(&[("parameters", &space.to_string())]));
    prompts(&recipe, Source::HfSpace, "a loom", "dust");
    settings(&recipe, 28, "Euler a", 7.0, "4", (832, 1216), "loomXL");
    extras(
        &recipe,
        &[
            ("Hires upscaler", "nearest"),
            ("Hires upscale", "1.5"),
            ("Hires steps", "10"),
            ("Denoising strength", "0.55"),
        ],
    );
    let other = json!({"prompt": "a loom", "negativePrompt": "dust", "num_steps": 4, "scale": 2, "noise_seed": "0x10", "checkpoint": "a/b.ckpt", "scheduler": "ddim", "width": 8, "height": 8});
    let recipe = recipe_in(&jpeg_exif(&comment_block(&other.to_string())));
    prompts(&recipe, Source::Generic, "a loom", "dust");
    settings(&recipe, 4, "ddim", 2.0, "16", (8, 8), "b");
    let structured = json!({"short_description": "a loom", "objects": [], "lighting": "dim"}).to_string();
    let reading = reading(&png(&[("parameters", &structured)]), "a.png");
    assert_eq!((reading.recipe, reading.description), (None, Some(structured)));
}

#[test]
fn midjourney_takes_its_parameters_apart() {
    let text = "a glass anchor, 3::1 on wet sand --ar 3:2 —v 6.1 --no rope, net --s 250 --tile Job ID: 00000000-1111-4222-8333-444444444444";
    let recipe = recipe_in(&png(&[
        ("Description", text),
        ("Author", "someone"),
        ("Creation Time", "Tue, 01 Jul 2031"),
    ]));
    let in_xmp = recipe_at(&[
        (xmp("dc:description"), text),
        (xmp("Iptc4xmpExt:DigitalSourceType"), "http://x/trainedAlgorithmicMedia"),
    ]);
    for recipe in [&recipe, &in_xmp] {
        prompts(recipe, Source::Midjourney, "a glass anchor, 3::1 on wet sand", "rope, net");
        assert_eq!((recipe.model.as_deref(), recipe.raw.as_str()), (Some("Midjourney v6.1"), text));
        extras(
            recipe,
            &[
                ("Job ID", "00000000-1111-4222-8333-444444444444"),
                ("aspect", "3:2"),
                ("stylize", "250"),
                ("tile", "true"),
            ],
        );
    }
    extras(&recipe, &[("Author", "someone")]);
    extras(&in_xmp, &[("AI generated", "true")]);
    assert_eq!(reading(&png(&[("Description", "a cat --ar 3:2")]), "a.png").recipe, None);
}

#[test]
fn midjourney_calls_its_models_and_parameters_in_short() {
    let text = "a moth --niji 6 --c 5 --q 2 --w 100 --iw 0.5 --raw --seed 7 --style cute --sref https://cdn.example/s.png \
                Job ID: 00000000-1111-4222-8333-444444444444";
    let recipe = recipe_in(&png(&[("Description", text)]));
    prompts(&recipe, Source::Midjourney, "a moth", "");
    assert_eq!((recipe.model.as_deref(), recipe.seed.as_deref()), (Some("Midjourney niji 6"), Some("7")));
    extras(
        &recipe,
        &[
            ("chaos", "5"),
            ("quality", "2"),
            ("weird", "100"),
            ("iw", "0.5"),
            ("raw", "true"),
            ("style", "cute"),
        ],
    );
    assert!(!recipe.extra.iter().any(|(_, value)| value.contains("://")), "{:?}", recipe.extra);
}

#[test]
fn second_passes_and_refiners_of_canvases() {
    let invoke = json!({"positive_prompt": "a jade fish", "steps": 9, "seed": 7, "app_version": "3.6.2", "hrf_enabled": true,
        "hrf_method": "ESRGAN", "hrf_strength": 0.45, "refiner_model": {"model_name": "gloss-refiner"}, "refiner_start": 0.8,
        "canvas_v2_metadata": {"layers": ["never"]}, "model": {"model_name": "jade", "base_model": "sdxl", "model_type": "main"}});
    let recipe = recipe_in(&png(&[("invokeai_metadata", &invoke.to_string())]));
    prompts(&recipe, Source::InvokeAi, "a jade fish", "");
    extras(
        &recipe,
        &[
            ("Hires upscaler", "ESRGAN"),
            ("Denoising strength", "0.45"),
            ("Refiner", "gloss-refiner"),
            ("Refiner switch at", "0.8"),
            ("Base model", "sdxl"),
        ],
    );
    assert!(!recipe.extra.iter().any(|(_, value)| value.contains("never")));
    let swarm = json!({"sui_image_params": {"prompt": "a chalk owl", "seed": 9, "steps": "20", "initimagecreativity": 0.35,
        "model": "SDXL/chalk.safetensors", "swarm_version": "0.9.7.0"}});
    let recipe = recipe_in(&png(&[("parameters", &swarm.to_string())]));
    prompts(&recipe, Source::SwarmUi, "a chalk owl", "");
    extras(&recipe, &[("Denoising strength", "0.35")]);
}

#[test]
fn midjourney_names_pictures_before_the_prompt() {
    let of = |prompt: &str| {
        let text = format!("{prompt} --v 7 Job ID: 00000000-1111-4222-8333-444444444444");
        recipe_in(&png(&[("Description", &text)]))
    };
    let recipe = of(
        "https://cdn.example/a.png?ex=1&hm=2  <https://s.example/b>\n<c3> a glass <b>anchor</b> https://x.example/",
    );
    prompts(&recipe, Source::Midjourney, "a glass <b>anchor</b> https://x.example/", "");
    extras(&recipe, &[("Image prompts", "3")]);
    assert_eq!(of("http://cdn.example/a.png").positive, "");
    assert_eq!(of("<> <a b> reeds").positive, "<> <a b> reeds");
}

#[test]
fn content_credentials_name_a_vendor_and_no_prompt() {
    let of = |generator: &str, agent: &str, kind: &str| {
        let kind = format!("http://cv.iptc.org/newscodes/digitalsourcetype/{kind}");
        let places = [("generator", generator), ("agent", agent), ("source type", kind.as_str())];
        found(&places.map(|(name, text)| (Place::Credential(name), text))).map(|found| found.recipe)
    };
    let made = "trainedAlgorithmicMedia";
    let recipe = of("ChatGPT", "GPT-4o", made).unwrap();
    prompts(&recipe, Source::OpenAi, "", "");
    assert_eq!(recipe.model.as_deref(), Some("GPT-4o"));
    extras(&recipe, &[("AI generated", "true"), ("Credits", "ChatGPT")]);
    assert_eq!(of("Google C2PA Core Generator Library", "", made).unwrap().source, Source::Google);
    assert_eq!(
        of("Adobe_Firefly", "Adobe Firefly", "compositeWithTrainedAlgorithmicMedia").unwrap().source,
        Source::Adobe
    );
    assert_eq!(of("Some Studio 2", "", made).unwrap().source, Source::Generic);
    for other in ["digitalCapture", "notTrainedAlgorithmicMedia", "trainedAlgorithmicMediaX"] {
        assert!(of("Adobe_Photoshop/26", "Adobe Photoshop", other).is_none(), "{other}");
    }
    let beside = recipe_at(&[
        (keyword("parameters"), super::INFOTEXT),
        (Place::Credential("generator"), "Adobe_Photoshop"),
        (Place::Credential("agent"), "Adobe Firefly"),
        (Place::Credential("source type"), made),
    ]);
    assert_eq!((beside.source, beside.model.as_deref()), (Source::A1111, Some("tin_v3")));
    extras(&beside, &[("AI generated", "true")]);
}

#[test]
fn general_fields_describe_and_only_say_a_prompt_of_what_a_machine_made() {
    let kind = (xmp("Iptc4xmpExt:DigitalSourceType"), "http://x/trainedAlgorithmicMedia");
    let told = recipe_at(&[
        kind.clone(),
        (xmp("Iptc4xmpExt:AIPromptInformation"), "a copper fern"),
        (xmp("Iptc4xmpExt:AISystemUsed"), "Imagen 9"),
        (xmp("dc:subject"), "fern"),
        (Place::Iptc(25), "copper"),
        (xmp("dc:description"), "a wall"),
    ]);
    prompts(&told, Source::Google, "a copper fern", "");
    extras(&told, &[("Keywords", "fern, copper"), ("Description", "a wall"), ("AI generated", "true")]);
    let made = recipe_at(&[kind, (xmp("dc:description"), "a copper fern")]);
    prompts(&made, Source::Generic, "a copper fern", "");
    assert!(found(&[(xmp("dc:description"), "a wall"), (xmp("dc:subject"), "stone")]).is_none());
    for label in [
        "{\"Label\": \"1\", \"ContentProducer\": \"P\"}",
        r#""{\"Label\": \"1\", \"ContentProducer\": \"P\"}""#,
    ] {
        let labelled = recipe_in(&png(&[("AIGC", label)]));
        prompts(&labelled, Source::Generic, "", "");
        extras(&labelled, &[("AI generated", "true"), ("ContentProducer", "P")]);
    }
}

#[test]
fn cameras_are_no_graphs_and_graphs_no_cameras() {
    let exposure = [0, 0, 0, 1, 0, 0, 0, 125];
    let block = tiff(
        false,
        &[(0x010e, 2, b"Holiday at the sea\0"), (0x010f, 2, b"Maker\0"), (0x0110, 2, b"M-1\0")],
        &[(0x829a, 5, &exposure)],
    );
    // The writer of the tests counts bytes, a fraction has eight.
    let block: Vec<u8> = {
        let mut block = block;
        let entry = [0x82, 0x9a, 0, 5, 0, 0, 0, 8];
        let at = block.windows(8).position(|bytes| bytes == entry).unwrap();
        block[at + 7] = 1;
        block
    };
    let read = reading(&jpeg_exif(&block), "a.jpg");
    let recipe = read.recipe.unwrap();
    prompts(&recipe, Source::Camera, "", "");
    assert_eq!((recipe.model.as_deref(), read.description.as_deref()), (None, Some("Holiday at the sea")));
    extras(
        &recipe,
        &[
            ("Camera make", "Maker"),
            ("Camera model", "M-1"),
            ("Exposure time", "0.008"),
            ("Description", "Holiday at the sea"),
        ],
    );
    let graph = format!("prompt:{}\0", super::GRAPH);
    let workflow = (Place::Exif(tag::MAKE), "workflow:{\"nodes\": []}");
    let recipe =
        recipe_at(&[workflow, (Place::Exif(tag::MODEL), &graph), (Place::Exif(tag::EXPOSURE_TIME), "0.008")]);
    assert_eq!(recipe.source, Source::ComfyUi);
}
