//! The catalogue as a whole: it is complete, it is used, and both languages say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser;

use super::Language;
use super::catalogue::files;
use crate::message;

/// Messages that are the same in both languages.
const SAME: [&str; 10] = [
    "head-name",
    "head-plan",
    "head-version",
    "month-11",
    "month-4",
    "month-8",
    "month-9",
    "placement-in-region",
    "track-health",
    "within",
];

/// The source folders whose code names messages.
const SOURCES: [&str; 3] = ["frontend/src", "server/api/src", "server/web/src"];

/// What stands before the key of a message in the code.
const CALLS: [&str; 2] = ["message!(", "text!("];

/// The entries of a file.
fn entries(file: &str, text: &'static str) -> Vec<Entry<&'static str>> {
    let resource = parser::parse(text).unwrap_or_else(|(_, errors)| panic!("{file}: {errors:?}"));
    resource.body
}

/// The messages of a language by key.
fn messages(language: Language) -> BTreeMap<&'static str, Pattern<&'static str>> {
    let mut found = BTreeMap::new();
    for (file, text) in files(language) {
        for entry in entries(file, text) {
            if let Entry::Message(message) = entry {
                let (key, text) = (message.id.name, message.value.unwrap());
                let double = found.insert(key, text);
                assert_eq!(double, None, "{file} has {key}, which is there already");
            }
        }
    }
    found
}

/// The variables of a message.
fn variables(pattern: &Pattern<&'static str>) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else {
            continue;
        };
        let inline = match expression {
            Expression::Inline(inline) => inline,
            Expression::Select { selector, variants } => {
                found.extend(variants.iter().flat_map(|variant| variables(&variant.value)));
                selector
            }
        };
        if let InlineExpression::VariableReference { id } = inline {
            found.insert(id.name);
        }
    }
    found
}

/// The keys that the code names.
fn used() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut waiting: Vec<_> = SOURCES.iter().map(|folder| root.join(folder)).collect();
    let mut found = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text: String = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| [line, "\n"])
                .collect();
            for call in CALLS {
                for (at, _) in text.match_indices(call) {
                    let rest = text[at + call.len()..].trim_start();
                    let Some(rest) = rest.strip_prefix('"') else {
                        continue;
                    };
                    let (key, _) = rest.split_once('"').unwrap();
                    found.insert(key.to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn every_file_is_without_errors() {
    for language in Language::ALL {
        for (file, text) in files(language) {
            for entry in entries(file, text) {
                let is_known = match &entry {
                    Entry::Message(message) => message.value.is_some() && message.attributes.is_empty(),
                    Entry::Comment(_) => true,
                    _ => false,
                };
                assert!(is_known, "{}/{file}: {entry:?}", language.tag());
            }
        }
    }
}

#[test]
fn the_code_names_only_messages_that_exist_and_all_of_them() {
    let known: BTreeSet<String> = messages(Language::English)
        .into_keys()
        .map(str::to_owned)
        .collect();
    let used = used();
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(
        missing.is_empty(),
        "in the code, but not in the catalogue: {missing:?}"
    );
    let unused: Vec<_> = known.difference(&used).collect();
    assert!(
        unused.is_empty(),
        "in the catalogue, but not in the code: {unused:?}"
    );
}

#[test]
fn german_has_every_message_with_the_same_variables() {
    let (english, german) = (messages(Language::English), messages(Language::German));
    for (key, text) in &english {
        let translated = german
            .get(key)
            .unwrap_or_else(|| panic!("{key} is missing in German"));
        assert_eq!(variables(text), variables(translated), "{key}");
    }
    let more: Vec<_> = german.keys().filter(|key| !english.contains_key(**key)).collect();
    assert!(more.is_empty(), "only in German: {more:?}");
}

#[test]
fn what_is_the_same_in_both_languages_is_listed() {
    let (english, german) = (messages(Language::English), messages(Language::German));
    let same: Vec<&str> = english
        .iter()
        .filter(|(key, text)| german.get(*key) == Some(text))
        .map(|(key, _)| *key)
        .collect();
    assert_eq!(same, SAME);
}

#[test]
fn a_message_without_words_is_its_key_and_never_a_panic() {
    let unknown = crate::Text::message("no-such-message", Vec::new());
    assert_eq!(unknown.in_language(Language::German), "no-such-message");
    // An argument that is missing shows as its name.
    assert_eq!(
        crate::Text::message("within", Vec::new()).in_language(Language::German),
        "in {$parent}"
    );
}

#[test]
fn nothing_invisible_is_put_around_the_arguments() {
    let text = message!("within", parent = "مدفوعات");
    assert_eq!(text.to_string(), "in مدفوعات");
}

#[test]
fn plurals_and_numbers_are_those_of_the_language() {
    for (count, english, german) in [
        (1, "1 claim", "1 Ressource"),
        (0, "0 claims", "0 Ressourcen"),
        (1234, "1,234 claims", "1.234 Ressourcen"),
    ] {
        let text = message!("count-claims", count = count);
        assert_eq!(text.to_string(), english);
        assert_eq!(text.in_language(Language::German), german);
    }
}
