//! The catalogue: `messages/LANGUAGE/PAGE.ftl`, in the syntax of Project Fluent: texts, variables, and selectors by number
//! or by plural. No terms, functions, attributes or references between messages.
//!
//! Arguments stand in a message as they are, without the invisible marks of direction that other implementations of Fluent
//! put around them: those would end up in what people copy, and pages show invisible characters. Names that may run from
//! right to left stand in elements of their own.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};
use fluent_syntax::parser::{ParserError, parse};
use fluent_syntax::unicode::unescape_unicode;

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

/// An argument in a language.
pub(super) enum Value {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

type Messages = HashMap<&'static str, Pattern<&'static str>>;

static ENGLISH: LazyLock<Messages> = LazyLock::new(|| read(Language::English));
static GERMAN: LazyLock<Messages> = LazyLock::new(|| read(Language::German));

fn messages(language: Language) -> &'static Messages {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

/// A file with an error keeps its other messages; a test finds the error.
fn read(language: Language) -> Messages {
    let entries = files(language).iter().flat_map(|(_, text)| entries(text).0);
    let messages = entries.filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name, message.value?)),
        _ => None,
    });
    messages.collect()
}

/// The entries of a file, and its errors.
pub(super) fn entries(text: &'static str) -> (Vec<Entry<&'static str>>, Vec<ParserError>) {
    match parse(text) {
        Ok(resource) => (resource.body, Vec::new()),
        Err((resource, errors)) => (resource.body, errors),
    }
}

/// The message in the language, or else in English; the key if there is no such message, which a test finds.
pub(super) fn format(language: Language, key: &str, arguments: &[(&'static str, Value)]) -> String {
    let own = messages(language).get(key).map(|pattern| (pattern, language));
    let found = own.or_else(|| Some((ENGLISH.get(key)?, Language::English)));
    found.map_or_else(
        || key.to_owned(),
        |(pattern, language)| {
            let mut out = String::new();
            Words { language, arguments }.pattern(pattern, &mut out);
            out
        },
    )
}

/// What the words of a message depend on.
struct Words<'a> {
    language: Language,
    arguments: &'a [(&'static str, Value)],
}

impl Words<'_> {
    fn pattern(&self, pattern: &Pattern<&str>, out: &mut String) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => out.push_str(value),
                PatternElement::Placeable { expression } => self.expression(expression, out),
            }
        }
    }

    fn expression(&self, expression: &Expression<&str>, out: &mut String) {
        match expression {
            Expression::Inline(inline) => self.inline(inline, out),
            Expression::Select { selector, variants } => {
                let chosen = variants
                    .iter()
                    .find(|variant| self.selects(selector, &variant.key));
                let chosen = chosen.or_else(|| variants.iter().find(|variant| variant.default));
                if let Some(variant) = chosen {
                    self.pattern(&variant.value, out);
                }
            }
        }
    }

    fn inline(&self, inline: &InlineExpression<&str>, out: &mut String) {
        match inline {
            InlineExpression::StringLiteral { value } => {
                // Writing to a `String` does not fail.
                let _ = unescape_unicode(out, value);
            }
            InlineExpression::NumberLiteral { value } => out.push_str(value),
            InlineExpression::VariableReference { id } => match self.argument(id.name) {
                Some(Value::Text(text)) => out.push_str(text),
                Some(Value::Number(number)) => {
                    out.push_str(&numbers::grouped(&number.to_string(), self.language));
                }
                None => {
                    let _ = write!(out, "{{${}}}", id.name);
                }
            },
            InlineExpression::Placeable { expression } => self.expression(expression, out),
            // A test finds these.
            InlineExpression::FunctionReference { .. }
            | InlineExpression::MessageReference { .. }
            | InlineExpression::TermReference { .. } => out.push('…'),
        }
    }

    fn argument(&self, name: &str) -> Option<&Value> {
        let found = self.arguments.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    /// True if the variant is for the value of the selector.
    fn selects(&self, selector: &InlineExpression<&str>, key: &VariantKey<&str>) -> bool {
        let InlineExpression::VariableReference { id } = selector else {
            return false;
        };
        match (self.argument(id.name), key) {
            (Some(Value::Number(number)), VariantKey::Identifier { name }) => {
                *name == plural(self.language, *number)
            }
            (Some(Value::Number(number)), VariantKey::NumberLiteral { value }) => {
                value.parse() == Ok(*number)
            }
            (Some(Value::Text(text)), VariantKey::Identifier { name }) => text == name,
            _ => false,
        }
    }
}

/// The plural category of a whole number (CLDR).
fn plural(language: Language, number: i64) -> &'static str {
    match language {
        Language::English | Language::German => {
            if number == 1 {
                "one"
            } else {
                "other"
            }
        }
    }
}
