//! Renders every page with sample content to `target/gallery`, for review in a browser:
//! empty, with one entry and with many; with long names, errors, and an unreachable control plane.
#![expect(
    clippy::expect_used,
    reason = "the names and times of the samples are right, or the gallery says where not"
)]
#![expect(clippy::too_many_lines, reason = "samples are told in one go")]

mod admin;
mod agents;
mod catalog;
mod claims;
mod definitions;
mod form;
mod health_rules;
mod parts;
mod people;
mod publications;
mod requests;
mod several;
mod usage;

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use portico_api::message;
use portico_frontend::pages;

/// The pages that are translated.
const GERMAN: [&str; 33] = [
    "sign-in",
    "sign-in-refused",
    "error",
    "error-stranger",
    "home",
    "home-calm",
    "home-newcomer",
    "home-deprecated",
    "catalog",
    "catalog-no-match",
    "catalog-nothing",
    "catalog-many",
    "catalog-lives",
    "offering",
    "offering-deprecated",
    "offering-draft",
    "offering-ended",
    "offering-refused",
    "claims",
    "claims-nothing",
    "claims-many",
    "claims-filtered",
    "claims-view",
    "claims-deprecated",
    "requests",
    "requests-nothing",
    "request",
    "request-decide",
    "request-failed",
    "approvals",
    "approvals-nothing",
    "approvals-undo",
    "approvals-withdrawn",
];

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let out = root.join("target/gallery");
    fs::create_dir_all(&out)?;
    let mut sheets: Vec<_> = fs::read_dir(root.join("style"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "css"))
        .collect();
    sheets.sort();
    let css: String = sheets
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    fs::write(out.join("style.css"), css)?;
    fs::create_dir_all(out.join("fonts"))?;
    fs::copy(
        root.join("style/fonts/geist.woff2"),
        out.join("fonts/geist.woff2"),
    )?;

    let all = all();
    for (name, html) in &all {
        fs::write(out.join(format!("{name}.html")), html)?;
    }
    // The translated pages once more in German, in a folder of their own.
    fs::create_dir_all(out.join("de/fonts"))?;
    for file in ["style.css", "fonts/geist.woff2"] {
        fs::copy(out.join(file), out.join("de").join(file))?;
    }
    people::IN_GERMAN.store(true, Ordering::Relaxed);
    for (name, html) in self::all() {
        if GERMAN.contains(&name) {
            fs::write(out.join(format!("de/{name}.html")), html)?;
        }
    }
    people::IN_GERMAN.store(false, Ordering::Relaxed);
    let pages = all.iter().map(|(name, html)| (*name, html.as_str())).collect();
    fs::write(out.join("parts.html"), parts::page(&pages))?;
    measure("catalog of 20", || {
        pages::catalog(&people::dana("/catalog"), &catalog::many(20))
    });
    measure("form", || {
        pages::request_form(&people::dana("/catalog"), &form::create())
    });
    println!("rendered to {}", out.display());
    Ok(())
}

fn measure(what: &str, render: impl Fn() -> String) {
    let size = render().len();
    let begun = Instant::now();
    for _ in 0..1000 {
        std::hint::black_box(render());
    }
    println!(
        "{what}: {:?} for {size} bytes, samples included",
        begun.elapsed() / 1000
    );
}

fn all() -> Vec<(&'static str, String)> {
    let mut all = vec![
        (
            "sign-in",
            pages::sign_in(&people::sign_in(None), &people::stranger()),
        ),
        (
            "sign-in-refused",
            pages::sign_in(
                &people::sign_in(Some("Your session has ended. Sign in again to go on.")),
                &people::stranger(),
            ),
        ),
        (
            "error",
            pages::error(
                &people::dana("/nowhere"),
                404,
                &message!("not-found-title"),
                &message!("not-found"),
            ),
        ),
        (
            "error-stranger",
            pages::error(
                &people::stranger(),
                503,
                &message!("busy-title"),
                &message!("busy"),
            ),
        ),
    ];
    all.extend(catalog::pages());
    all.extend(form::pages());
    all.extend(requests::pages());
    all.extend(claims::pages());
    all.extend(several::pages());
    all.extend(admin::pages());
    all.extend(publications::pages());
    all.extend(definitions::pages());
    all.extend(health_rules::pages());
    all.extend(usage::pages());
    all
}
