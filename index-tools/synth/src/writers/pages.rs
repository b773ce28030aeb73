//! The page that Fooocus logs its pictures to, newest first.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::intended::Intended;

/// How old a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogAge {
    /// Paragraphs with the values in bold.
    Paragraphs,
    /// A table, whose cells were called keys, and adapters named in their labels.
    Keys,
    /// A table, and behind it a button that has all of it once more as JSON.
    Button,
}

/// A page about these pictures, each a file name and what it was asked for, as it is written today.
#[must_use]
pub fn log_page(pictures: &[(&str, &Intended)]) -> String {
    log_page_of(LogAge::Button, pictures)
}

/// The same as it was written at some time. Values stand there as they are, not escaped, line ends as
/// ` </br> `.
#[must_use]
pub fn log_page_of(age: LogAge, pictures: &[(&str, &Intended)]) -> String {
    let mut page = "<!DOCTYPE html><html lang=\"en\"><head><title>Fooocus Log</title><meta charset=\"utf-8\"></head><body>\n\
        <p>Fooocus Log (private)</p>\n<!--fooocus-log-split-->\n\n"
        .to_owned();
    for (name, intended) in pictures {
        let id = name.replace('.', "_");
        let link = format!(
            "<a href=\"{name}\" target=\"_blank\"><img src='{name}' \
             onerror=\"this.closest('.image-container').style.display='none';\" loading='lazy'/></a><div>{name}</div>"
        );
        let rows = rows(intended, age);
        if age == LogAge::Paragraphs {
            let _ = writeln!(page, "<div id=\"{id}\">\n<p>{name}</p>");
            for (label, value) in &rows {
                let _ = writeln!(page, "<p>{label}: <b>{}</b></p>", value.replace('\n', " </br> "));
            }
            let _ = write!(page, "<p><img src=\"{name}\" width=512></p></div><hr>\n\n");
            continue;
        }
        let _ = write!(
            page,
            "<div id=\"{id}\" class=\"image-container\"><hr><table><tr>\n<td>{link}</td><td><table class='metadata'>\n"
        );
        let class = if age == LogAge::Keys { "key" } else { "label" };
        for (label, value) in &rows {
            let value = value.replace('\n', " </br> ");
            let _ = writeln!(page, "<tr><td class='{class}'>{label}</td><td class='value'>{value}</td></tr>");
        }
        if age == LogAge::Keys {
            page.push_str("</table></td></tr></table></div>\n\n");
            continue;
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

fn rows(intended: &Intended, age: LogAge) -> Vec<(String, String)> {
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
        rows.push(match age {
            LogAge::Button => {
                row(&format!("LoRA {}", nth + 1), format!("{}.safetensors : {}", lora.name, lora.weight))
            }
            _ => row(&format!("LoRA [{}.safetensors] weight", lora.name), lora.weight.to_string()),
        });
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
