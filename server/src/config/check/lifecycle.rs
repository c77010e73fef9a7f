//! Checks the life of an offering: fields that its stage does not have, the note, the replacement.

use std::collections::BTreeMap;

use portico_domain::documents::{MAX_NOTE_CHARACTERS, Offering, Stage};
use portico_domain::names::OfferingName;

use super::super::finding::Findings;

pub(super) fn lifecycle(
    at: usize,
    offering: &Offering,
    by_name: &BTreeMap<&OfferingName, &Offering>,
    findings: &mut Findings,
) {
    let lifecycle = &offering.spec.lifecycle;
    if lifecycle.stage != Stage::Deprecated {
        let only_deprecated = [
            ("sunset", lifecycle.sunset.is_some(), "a sunset date"),
            ("replacement", lifecycle.replacement.is_some(), "a replacement"),
            (
                "newClaims",
                lifecycle.new_claims.is_some(),
                "a rule for new claims",
            ),
        ];
        for (field, _, what) in only_deprecated.into_iter().filter(|(_, is_set, _)| *is_set) {
            findings.error(
                at,
                format!("spec.lifecycle.{field}"),
                format!("only a deprecated offering has {what}: set `stage: deprecated`, or remove it"),
            );
        }
    }
    if let Some(text) = &lifecycle.note {
        let characters = text.chars().count();
        if lifecycle.stage == Stage::Published {
            findings.error(
                at,
                "spec.lifecycle.note",
                "only a draft or a deprecated offering has a note: set the stage, or use `summary` or `documentation`",
            );
        }
        if text.trim().is_empty() {
            findings.error(
                at,
                "spec.lifecycle.note",
                "is empty: write something, or remove it",
            );
        } else if characters > MAX_NOTE_CHARACTERS {
            let message = format!("has {characters} characters, may have {MAX_NOTE_CHARACTERS} at most");
            findings.error(at, "spec.lifecycle.note", message);
        }
    }
    if let Some(name) = &lifecycle.replacement {
        replacement(at, offering, name, by_name.get(name).copied(), findings);
    }
}

fn replacement(
    at: usize,
    offering: &Offering,
    name: &OfferingName,
    found: Option<&Offering>,
    findings: &mut Findings,
) {
    let field = "spec.lifecycle.replacement";
    if *name == offering.name {
        findings.error(at, field, "must be another offering than this one");
        return;
    }
    let Some(found) = found else {
        findings.missing(at, field, "offering", name.as_str());
        return;
    };
    let problem = match found.spec.lifecycle.stage {
        _ if found.spec.hidden => "is hidden, so nobody is shown the link",
        Stage::Draft => "is a draft, so only platform admins are shown the link",
        Stage::Deprecated => "is deprecated itself",
        Stage::Published => return,
    };
    findings.warning(at, field, format!("{:?} {problem}", name.as_str()));
}
