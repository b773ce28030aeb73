//! The names of the values that the editor keeps by their order alone. Knows no links.

use crate::json::Value;

/// The order of values of common nodes. Words that say how a seed goes on stand between and are
/// passed over.
const ORDERS: &[(&str, &[&str])] = &[
    ("KSampler", &["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"]),
    (
        "KSamplerAdvanced",
        &[
            "add_noise",
            "noise_seed",
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "start_at_step",
            "end_at_step",
            "return_with_leftover_noise",
        ],
    ),
    ("SamplerCustom", &["add_noise", "noise_seed", "cfg"]),
    ("KSamplerSelect", &["sampler_name"]),
    ("BasicScheduler", &["scheduler", "steps", "denoise"]),
    ("KarrasScheduler", &["steps", "sigma_max", "sigma_min", "rho"]),
    ("ExponentialScheduler", &["steps", "sigma_max", "sigma_min"]),
    ("PolyexponentialScheduler", &["steps", "sigma_max", "sigma_min", "rho"]),
    ("SDTurboScheduler", &["steps", "denoise"]),
    ("AlignYourStepsScheduler", &["model_type", "steps", "denoise"]),
    ("GITSScheduler", &["coeff", "steps", "denoise"]),
    ("BetaSamplingScheduler", &["steps", "alpha", "beta"]),
    ("LTXVScheduler", &["steps", "max_shift", "base_shift", "stretch", "terminal"]),
    ("Flux2Scheduler", &["steps", "width", "height"]),
    ("SplitSigmas", &["step"]),
    ("RandomNoise", &["noise_seed"]),
    ("CFGGuider", &["cfg"]),
    ("DualCFGGuider", &["cfg_conds", "cfg_cond2_negative"]),
    ("FluxGuidance", &["guidance"]),
    ("CLIPTextEncode", &["text"]),
    (
        "CLIPTextEncodeSDXL",
        &["width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"],
    ),
    ("CLIPTextEncodeSDXLRefiner", &["ascore", "width", "height", "text"]),
    ("CLIPTextEncodeFlux", &["clip_l", "t5xxl", "guidance"]),
    ("CLIPTextEncodeSD3", &["clip_l", "clip_g", "t5xxl", "empty_padding"]),
    ("CLIPTextEncodeHiDream", &["clip_l", "clip_g", "t5xxl", "llama"]),
    ("CLIPTextEncodeHunyuanDiT", &["bert", "mt5xl"]),
    ("CLIPTextEncodeLumina2", &["system_prompt", "user_prompt"]),
    ("TextEncodeQwenImageEdit", &["prompt"]),
    ("TextEncodeQwenImageEditPlus", &["prompt"]),
    ("TextEncodeAceStepAudio", &["tags", "lyrics", "lyrics_strength"]),
    ("TextEncodeAceStepAudio1.5", &["tags", "lyrics"]),
    ("CLIPVisionEncode", &["crop"]),
    ("TextEncodeFibo2", &["prompt", "negative_prompt"]),
    ("StringFormat", &["f_string"]),
    ("RegexExtract", &["string", "regex_pattern", "mode"]),
    ("RegexReplace", &["string", "regex_pattern", "replace"]),
    ("JsonExtractString", &["json_string", "key"]),
    ("CustomCombo", &["choice"]),
    ("CLIPSetLastLayer", &["stop_at_clip_layer"]),
    ("CheckpointLoaderSimple", &["ckpt_name"]),
    ("CheckpointLoader", &["config_name", "ckpt_name"]),
    ("UNETLoader", &["unet_name", "weight_dtype"]),
    ("UnetLoaderGGUF", &["unet_name"]),
    ("CLIPLoader", &["clip_name", "type", "device"]),
    ("DualCLIPLoader", &["clip_name1", "clip_name2", "type", "device"]),
    ("DualCLIPLoaderGGUF", &["clip_name1", "clip_name2", "type"]),
    ("TripleCLIPLoader", &["clip_name1", "clip_name2", "clip_name3"]),
    ("QuadrupleCLIPLoader", &["clip_name1", "clip_name2", "clip_name3", "clip_name4"]),
    ("VAELoader", &["vae_name"]),
    ("LoraLoader", &["lora_name", "strength_model", "strength_clip"]),
    ("LoraLoaderModelOnly", &["lora_name", "strength_model"]),
    ("UpscaleModelLoader", &["model_name"]),
    ("EmptyLatentImage", &["width", "height", "batch_size"]),
    ("EmptySD3LatentImage", &["width", "height", "batch_size"]),
    ("EmptyFlux2LatentImage", &["width", "height", "batch_size"]),
    ("EmptyHunyuanLatentVideo", &["width", "height", "length", "batch_size"]),
    ("EmptyLTXVLatentVideo", &["width", "height", "length", "batch_size"]),
    ("EmptyMochiLatentVideo", &["width", "height", "length", "batch_size"]),
    ("WanImageToVideo", &["width", "height", "length", "batch_size"]),
    ("LatentUpscale", &["upscale_method", "width", "height", "crop"]),
    ("LatentUpscaleBy", &["upscale_method", "scale_by"]),
    ("ImageScale", &["upscale_method", "width", "height", "crop"]),
    ("ImageScaleBy", &["upscale_method", "scale_by"]),
    ("ConditioningAverage ", &["conditioning_to_strength"]),
    ("ConditioningAverage", &["conditioning_to_strength"]),
    ("ControlNetApply", &["strength"]),
    ("ControlNetApplyAdvanced", &["strength", "start_percent", "end_percent"]),
    ("SaveImage", &["filename_prefix"]),
    ("PrimitiveInt", &["value"]),
    ("PrimitiveFloat", &["value"]),
    ("PrimitiveString", &["value"]),
    ("PrimitiveStringMultiline", &["value"]),
    ("StringConcatenate", &["string_a", "string_b", "delimiter"]),
    ("StringReplace", &["string", "find", "replace"]),
    ("Text Concatenate", &["delimiter", "clean_whitespace", "text_a", "text_b", "text_c", "text_d"]),
    ("Text Multiline", &["text"]),
    ("Text Find and Replace", &["text", "find", "replace"]),
    ("Text Random Line", &["seed"]),
    ("JWStringConcat", &["a", "b"]),
    ("ShowText|pysssss", &["text_0"]),
    ("PreviewAny", &["preview"]),
    ("Seed (rgthree)", &["seed"]),
    (
        "Lora Loader Stack (rgthree)",
        &[
            "lora_01",
            "strength_01",
            "lora_02",
            "strength_02",
            "lora_03",
            "strength_03",
            "lora_04",
            "strength_04",
        ],
    ),
    (
        "Efficient Loader",
        &[
            "ckpt_name",
            "vae_name",
            "clip_skip",
            "lora_name",
            "lora_model_strength",
            "lora_clip_strength",
            "positive",
            "negative",
            "token_normalization",
            "weight_interpretation",
            "empty_latent_width",
            "empty_latent_height",
            "batch_size",
        ],
    ),
    (
        "KSampler (Efficient)",
        &["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise", "preview_method", "vae_decode"],
    ),
    ("ImpactWildcardProcessor", &["wildcard_text", "populated_text", "mode", "seed"]),
    (
        "ImpactWildcardEncode",
        &["wildcard_text", "populated_text", "mode", "Select to add LoRA", "Select to add Wildcard", "seed"],
    ),
    ("SDXLPromptStyler", &["text_positive", "text_negative", "style"]),
    ("ModelMergeSimple", &["ratio"]),
    (
        "UltimateSDUpscale",
        &[
            "upscale_by",
            "seed",
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "denoise",
            "mode_type",
            "tile_width",
            "tile_height",
        ],
    ),
];

/// Names for values of unknown nodes.
const UNNAMED: [&str; 16] = [
    "value_0", "value_1", "value_2", "value_3", "value_4", "value_5", "value_6", "value_7", "value_8",
    "value_9", "value_10", "value_11", "value_12", "value_13", "value_14", "value_15",
];

/// The values of a node by name. `inputs` are the names of those inputs that are values, in order: all of them
/// in newer graphs, only those that became links in older ones.
pub(super) fn named<'a>(
    class: &str,
    inputs: &[&'a str],
    values: &'a [Value<'a>],
) -> Vec<(&'a str, &'a Value<'a>)> {
    let (by_inputs, n_taken) = in_order(inputs, values);
    let order = ORDERS.iter().find(|(known, _)| *known == class).map(|(_, order)| *order);
    if !inputs.is_empty()
        && by_inputs.len() == inputs.len()
        && (n_taken == values.len() || order.is_none() && n_taken + 1 >= values.len())
    {
        return by_inputs;
    }
    match order {
        Some(order) => in_order(order, values).0,
        None => guessed(&class.to_ascii_lowercase(), values),
    }
}

/// Values under names of the same order, and how many values that took.
fn in_order<'a>(names: &[&'a str], values: &'a [Value<'a>]) -> (Vec<(&'a str, &'a Value<'a>)>, usize) {
    let mut found = Vec::new();
    let mut nth = 0;
    for name in names {
        let Some(value) = values.get(nth) else { break };
        nth += 1;
        found.push((*name, single(value)));
        if matches!(value, Value::Number(_)) && values.get(nth).is_some_and(|next| is_control(name, next)) {
            nth += 1;
        }
    }
    (found, nth)
}

/// A text node may keep a list of one.
fn single<'a>(value: &'a Value<'a>) -> &'a Value<'a> {
    match value.list() {
        Some([only]) => only,
        _ => value,
    }
}

/// What says how a seed goes on; a truth value in the oldest graphs.
fn is_control(name: &str, value: &Value<'_>) -> bool {
    match value {
        Value::Text(word) => ["fixed", "randomize", "increment", "decrement"].contains(&word.as_ref()),
        Value::Bool(_) => name.ends_with("seed"),
        _ => false,
    }
}

/// Names by what the values look like.
fn guessed<'a>(kind: &str, values: &'a [Value<'a>]) -> Vec<(&'a str, &'a Value<'a>)> {
    let mut found: Vec<(&'a str, &'a Value<'a>)> = Vec::new();
    let prompt = prompt(kind, values);
    let is_latent = kind.contains("empty") && kind.contains("latent");
    for (nth, value) in values.iter().enumerate().take(UNNAMED.len()) {
        let value = single(value);
        let name = match value {
            Value::Text(_) if Some(nth) == prompt => Some("prompt"),
            Value::Text(text) => of_text(kind, text),
            Value::Number(_) if values.get(nth + 1).is_some_and(|next| is_control("", next)) => Some("seed"),
            // What makes an empty latent begins with its size.
            Value::Number(_) if is_latent => ["width", "height"].get(nth).copied(),
            Value::Null | Value::List(_) => continue,
            _ => None,
        };
        let is_new = |name: &&str| !found.iter().any(|(known, _)| known == name);
        found.push((name.filter(is_new).unwrap_or(UNNAMED[nth]), value));
    }
    found
}

fn of_text(kind: &str, text: &str) -> Option<&'static str> {
    const SAMPLERS: [&str; 12] = [
        "euler",
        "dpmpp_",
        "dpm_",
        "ddim",
        "uni_pc",
        "lcm",
        "heun",
        "res_",
        "deis",
        "ipndm",
        "er_sde",
        "sa_solver",
    ];
    const SCHEDULERS: [&str; 9] = [
        "normal",
        "karras",
        "simple",
        "exponential",
        "sgm_uniform",
        "ddim_uniform",
        "beta",
        "linear_quadratic",
        "kl_optimal",
    ];
    let is_file = crate::comfyui::strings::is_path(text);
    if is_file {
        let of = [
            ("lora", "lora_name"),
            ("vae", "vae_name"),
            ("clip", "clip_name"),
            ("unet", "unet_name"),
            ("checkpoint", "ckpt_name"),
        ];
        return of.iter().find(|(word, _)| kind.contains(word)).map(|(_, name)| *name).or(Some("model_name"));
    }
    if SCHEDULERS.contains(&text) {
        return Some("scheduler");
    }
    if SAMPLERS.iter().any(|start| text.starts_with(start)) && !text.contains(' ') {
        return Some("sampler_name");
    }
    is_about_texts(kind).then_some("text")
}

/// What makes a picture or a voice of a text is not about the text.
fn is_about_texts(kind: &str) -> bool {
    let is_encoder = kind.contains("encode") && !kind.contains("vision");
    let is_text = kind.contains("text")
        && !["textto", "text2", "kontext", "context"].iter().any(|word| kind.contains(word));
    is_encoder || is_text || ["prompt", "string"].iter().any(|word| kind.contains(word))
}

/// Which value of a node that is not about texts is what it was asked for: the first that reads like a
/// sentence, as what comes later is said to the service in general. Those of tools are what one chose.
fn prompt(kind: &str, values: &[Value<'_>]) -> Option<usize> {
    const TOOLS: [&str; 12] = [
        "resize",
        "enhance",
        "voice",
        "selector",
        "shader",
        "math",
        "expression",
        "save",
        "load",
        "combo",
        "regex",
        "json",
    ];
    if is_about_texts(kind) || TOOLS.iter().any(|word| kind.contains(word)) {
        return None;
    }
    let is_sentence = |value: &Value<'_>| single(value).text().is_some_and(is_sentence);
    values.iter().take(UNNAMED.len()).position(is_sentence)
}

/// Several words of which not all are names, or words of a script without blanks.
fn is_sentence(text: &str) -> bool {
    const WORDS_MIN: usize = 3;
    const LETTERS_MIN: usize = 6;
    let words = || text.split_whitespace().filter(|word| word.contains(char::is_alphabetic));
    let is_of_words =
        words().nth(WORDS_MIN - 1).is_some() && words().any(|word| word.starts_with(char::is_lowercase));
    is_of_words || text.chars().filter(|letter| is_ideograph(*letter)).nth(LETTERS_MIN - 1).is_some()
}

fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}
