//! Writes the picture and the table of the crates on the architecture page, and checks for banned dependencies.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::crates::{Arrows, Metadata, Package, arrows, folder, metadata, reachable};

/// The page with the picture.
const PAGE: &str = "deploy/docs/architecture.md";
const BEGIN: &str = "<!-- crates: written by `cargo xtask docs` -->";
const END: &str = "<!-- end of crates -->";

/// The crate at the top of the picture.
const PROGRAM: &str = "portico";

/// Dependencies that would make a crate's description untrue.
const BANNED: [(&str, &[&str]); 2] = [
    (
        "portico-domain",
        &["axum", "hyper", "kube", "reqwest", "sqlx", "tokio"],
    ),
    (
        "kube-schema",
        &[
            "axum",
            "hyper",
            "kube",
            "portico-domain",
            "reqwest",
            "sqlx",
            "tokio",
        ],
    ),
];

/// Writes the picture and the table into the page.
pub(super) fn write(root: &Path) -> Result<()> {
    let page = root.join(PAGE);
    let text = fs::read_to_string(&page).with_context(|| format!("reading {PAGE}"))?;
    let current = with_section(&text, &section(&metadata(root)?)?)?;
    fs::write(&page, current).with_context(|| format!("writing {PAGE}"))
}

/// Returns a problem if the picture is out of date, and one for each banned dependency.
pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let metadata = metadata(root)?;
    let mut problems = banned(&metadata);
    let text = fs::read_to_string(root.join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    if with_section(&text, &section(&metadata)?)? != text {
        problems.push(format!(
            "{PAGE}: the picture of the crates is out of date: run cargo xtask docs"
        ));
    }
    Ok(problems)
}

fn with_section(text: &str, section: &str) -> Result<String> {
    let (before, rest) = text
        .split_once(BEGIN)
        .with_context(|| format!("{PAGE} has no line {BEGIN}"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("{PAGE} has no line {END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{section}\n{END}{after}"))
}

fn banned(metadata: &Metadata) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, banned) in BANNED {
        let Some(package) = metadata.packages.iter().find(|package| package.name == name) else {
            continue;
        };
        let used = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none())
            .map(|dependency| dependency.name.as_str())
            .filter(|dependency| banned.contains(dependency));
        problems.extend(used.map(|dependency| format!("{name} must not depend on {dependency}")));
    }
    problems
}

/// True if another dependency of `from` leads to `to` too, so that the picture needs no direct arrow.
fn is_implied(arrows: &Arrows<'_>, from: &str, to: &str) -> bool {
    arrows
        .get(from)
        .into_iter()
        .flatten()
        .filter(|(other, optional)| **other != to && !**optional)
        .any(|(other, _)| reachable(arrows, other).contains(to))
}

fn section(metadata: &Metadata) -> Result<String> {
    let arrows = arrows(metadata);
    let mut shown = reachable(&arrows, PROGRAM);
    shown.insert(PROGRAM);
    let mut packages: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| shown.contains(package.name.as_str()))
        .collect();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    let mut text = String::from("```mermaid\nflowchart TD\n");
    for package in &packages {
        let folder = folder(package, &metadata.workspace_root);
        writeln!(
            text,
            "    {}[\"{}<br/>{folder}\"]",
            id(&package.name),
            package.name
        )?;
    }
    for package in &packages {
        let from = package.name.as_str();
        for (to, optional) in arrows.get(from).into_iter().flatten() {
            if !is_implied(&arrows, from, to) {
                let line = if *optional { "-.->" } else { "-->" };
                writeln!(text, "    {} {line} {}", id(from), id(to))?;
            }
        }
    }
    text.push_str("```\n\n| crate | folder | what it is | uses |\n|---|---|---|---|\n");
    for package in &packages {
        let folder = folder(package, &metadata.workspace_root);
        let uses: Vec<&str> = arrows
            .get(package.name.as_str())
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        writeln!(
            text,
            "| `{}` | `{folder}` | {} | {} |",
            package.name,
            package.description.as_deref().unwrap_or_default(),
            uses.join(", ")
        )?;
    }
    Ok(text)
}

fn id(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crates::Dependency;

    fn package(name: &str, uses: &[(&str, Option<&str>, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            description: Some(format!("what {name} is")),
            manifest_path: format!("/clone/server/{name}/Cargo.toml"),
            dependencies: uses
                .iter()
                .map(|(name, kind, optional)| Dependency {
                    name: (*name).to_owned(),
                    kind: kind.map(str::to_owned),
                    optional: *optional,
                })
                .collect(),
        }
    }

    fn workspace() -> Metadata {
        Metadata {
            workspace_root: "/clone".to_owned(),
            packages: vec![
                package(
                    "portico",
                    &[("web", None, false), ("domain", None, false), ("sim", None, true)],
                ),
                package(
                    "web",
                    &[
                        ("domain", None, false),
                        ("sim", Some("dev"), false),
                        ("serde", None, false),
                    ],
                ),
                package("domain", &[]),
                package("sim", &[("domain", None, false)]),
                package("xtask", &[("domain", None, false)]),
            ],
        }
    }

    #[test]
    fn the_picture_has_what_the_program_is_made_of_and_no_arrow_that_another_implies() {
        let text = section(&workspace()).unwrap();
        assert!(text.contains("    portico --> web\n"), "{text}");
        assert!(text.contains("    web --> domain\n"), "{text}");
        assert!(text.contains("    portico -.-> sim\n"), "{text}");
        for left_out in ["portico --> domain", "web --> sim", "xtask", "serde"] {
            assert!(!text.contains(left_out), "{left_out} in {text}");
        }
        assert!(
            text.contains("| `web` | `server/web` | what web is | domain |"),
            "{text}"
        );
    }

    #[test]
    fn only_what_stands_between_the_marks_is_written() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let once = with_section(&page, "new\n").unwrap();
        assert!(once.starts_with("before\n") && once.ends_with("\nafter\n") && !once.contains("old"));
        assert_eq!(with_section(&once, "new\n").unwrap(), once);
        assert!(with_section("nothing", "new").is_err());
    }

    #[test]
    fn the_domain_does_no_io() {
        let mut workspace = workspace();
        workspace.packages.push(package(
            "portico-domain",
            &[
                ("serde", None, false),
                ("tokio", Some("dev"), false),
                ("sqlx", None, true),
            ],
        ));
        assert_eq!(banned(&workspace), ["portico-domain must not depend on sqlx"]);
    }
}
