//! The page that Fooocus logs its pictures to, newest first.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::intended::Intended;

/// A page about these pictures, each a file name and what it was asked for. Values stand there as they are,
/// not escaped, line ends as ` </br> `; the button behind each block has all of it once more as JSON.
#[must_use]
pub fn log_page(pictures: &[(&str, &Intended)]) -> String {
    let mut page = "<!DOCTYPE html><html lang=\"en\"><head><title>Fooocus Log</title><meta charset=\"utf-8\"></head><body>\n\
        <p>Fooocus Log (private)</p>\n<!--fooocus-log-split-->\n\n"
        .to_owned();
    for (name, intended) in pictures {
        let _ = write!(
            page,
            "<div id=\"{}\" class=\"image-container\"><hr><table><tr>\n<td><a href=\"{name}\" target=\"_blank\"><img src='{name}' \
             onerror=\"this.closest('.image-container').style.display='none';\" loading='lazy'/></a><div>{name}</div></td>\
             <td><table class='metadata'>\n",
            name.replace('.', "_")
        );
        let rows = rows(intended);
        for (label, value) in &rows {
            let value = value.replace('\n', " </br> ");
            let _ = writeln!(page, "<tr><td class='label'>{label}</td><td class='value'>{value}</td></tr>");
        }
        let all: Map<String, Value> = rows.into_iter().map(|(label, value)| (label, value.into())).collect();
        let _ = write!(
            page,
            "</table><button onclick=\"to_clipboard('{}')\">Copy to Clipboard</button></td></tr></table></div>\n\n",
            percent(&Value::Object(all).to_string())
        );
    }
    page + "<!--fooocus-log-split--></body></html>"
}

fn rows(intended: &Intended) -> Vec<(String, String)> {
    let row = |label: &str, value: String| (label.to_owned(), value);
    let mut rows = vec![
        row("Prompt", intended.positive.clone()),
        row("Negative Prompt", intended.negative.clone()),
        row("Fooocus V2 Expansion", "highly detailed, sharp focus".to_owned()),
        row("Styles", "['Fooocus V2', 'Fooocus Enhance']".to_owned()),
        row("Performance", "Speed".to_owned()),
        row("Steps", intended.steps.to_string()),
        row("Resolution", format!("({}, {})", intended.width, intended.height)),
        row("Guidance Scale", intended.cfg.to_string()),
        row("Sharpness", "2.0".to_owned()),
        row("ADM Guidance", "(1.5, 0.8, 0.3)".to_owned()),
        row("Base Model", format!("{}.safetensors", intended.model)),
        row("Refiner Model", "None".to_owned()),
        row("Refiner Switch", "0.5".to_owned()),
        row("Sampler", intended.sampler.clone()),
        row("Scheduler", intended.scheduler.clone()),
        row("VAE", format!("{}.safetensors", intended.vae)),
        row("Seed", intended.seed.to_string()),
    ];
    for (nth, lora) in intended.loras.iter().enumerate() {
        rows.push(row(&format!("LoRA {}", nth + 1), format!("{}.safetensors : {}", lora.name, lora.weight)));
    }
    rows.push(row("Metadata Scheme", "False".to_owned()));
    rows.push(row("Version", "Fooocus v2.5.5".to_owned()));
    rows
}

/// As a part of an address: all but letters, digits and `_.-~` as bytes in hex.
fn percent(text: &str) -> String {
    let mut kept = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) {
            kept.push(char::from(byte));
        } else {
            let _ = write!(kept, "%{byte:02X}");
        }
    }
    kept
}
