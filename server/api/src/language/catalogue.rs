//! The catalogue: `messages/LANGUAGE/PAGE.ftl`, of Project Fluent: texts, variables, and selectors by number or by plural.
//!
//! Arguments stand in a message as they are, without the invisible marks of direction that Fluent puts around them unless
//! told otherwise: those would end up in what people copy, and pages show invisible characters. Names that may run from
//! right to left stand in elements of their own.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::{Language, numbers};

/// The files of each language, one for each page or part.
macro_rules! files {
    ($language:literal) => {
        files!(
            $language: "times", "words", "shell", "sign-in", "errors", "denials", "home", "catalog", "lists",
            "requests"
        )
    };
    ($language:literal: $($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../messages/", $language, "/", $name, ".ftl")))),*]
    };
}

/// The texts of the files of a language, with their names.
pub(super) fn files(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::English => files!("en"),
        Language::German => files!("de"),
    }
}

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| read(Language::English));
static GERMAN: LazyLock<Bundle> = LazyLock::new(|| read(Language::German));

fn bundle(language: Language) -> &'static Bundle {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

/// A file with an error keeps its other messages; a test finds the error.
fn read(language: Language) -> Bundle {
    let locale = language.tag().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![locale]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::English => |value, _| number(value, Language::English),
        Language::German => |value, _| number(value, Language::German),
    }));
    for (_, text) in files(language) {
        let resource =
            FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _errors)| resource);
        // A message that is there already keeps its text.
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// A number with the separators of a language.
fn number(value: &FluentValue<'_>, language: Language) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(numbers::grouped(&number.as_string(), language)),
        _ => None,
    }
}

/// The message in the language, or else in English; the key if there is no such message, which a test finds. Arguments that
/// are missing show as their names.
pub(super) fn format(
    language: Language,
    key: &str,
    arguments: impl IntoIterator<Item = (&'static str, FluentValue<'static>)>,
) -> String {
    let arguments: FluentArgs<'_> = arguments.into_iter().collect();
    let found = [bundle(language), &*ENGLISH]
        .into_iter()
        .find_map(|bundle| Some((bundle, bundle.get_message(key)?.value()?)));
    found.map_or_else(
        || key.to_owned(),
        |(bundle, pattern)| {
            let text = bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new());
            text.into_owned()
        },
    )
}
