//! Named formats (`library.Format`).

use cel::common::types::{CelList, CelOptional, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env};

use super::overload::value_type;
use crate::format::FormatRule;
use crate::names;
use crate::net::url::parse_request;

/// A format by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format(&'static str);

value_type!(Format, "kubernetes.NamedFormat");

/// The names of all formats.
const FORMATS: [&str; 13] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(Format::cel_type().to_owned())?;
    macro_rules! constants {
        ($($function:ident: $name:literal),* $(,)?) => {$(
            fn $function() -> Format {
                Format($name)
            }
            cel::add_overload!(env, fn $function: () -> Format, name = concat!("format.", $name))?;
        )*};
    }
    constants!(
        dns1123_label: "dns1123Label",
        dns1123_subdomain: "dns1123Subdomain",
        dns1035_label: "dns1035Label",
        qualified_name: "qualifiedName",
        dns1123_label_prefix: "dns1123LabelPrefix",
        dns1123_subdomain_prefix: "dns1123SubdomainPrefix",
        dns1035_label_prefix: "dns1035LabelPrefix",
        label_value: "labelValue",
        uri: "uri",
        uuid: "uuid",
        byte: "byte",
        date: "date",
        datetime: "datetime",
    );
    cel::add_overload!(env, fn named: (CelString) -> CelOptional, name = "format.named")?;
    cel::add_member_overload!(env, fn validate: (Format, CelString) -> CelOptional)
}

fn named(name: &CelString<'_>) -> CelOptional<'static> {
    match FORMATS.iter().find(|format| **format == name.inner()) {
        Some(format) => CelOptional::of(Box::new(Format(format))),
        None => CelOptional::none(),
    }
}

fn validate(format: &Format, text: &CelString<'_>) -> CelOptional<'static> {
    let problems = format.problems(text.inner());
    if problems.is_empty() {
        return CelOptional::none();
    }
    let items = problems
        .into_iter()
        .map(|problem| Box::new(CelString::from(problem)) as Box<dyn Val>);
    CelOptional::of(Box::new(CelList::from(items.collect::<Vec<_>>())))
}

impl Format {
    fn problems(self, text: &str) -> Vec<String> {
        let masked = || names::masked(text);
        let unless = |rule: FormatRule, words: &str| {
            if rule.matches(text) {
                Vec::new()
            } else {
                vec![words.to_owned()]
            }
        };
        match self.0 {
            "dns1123Label" => names::label(text),
            "dns1123LabelPrefix" => names::label(&masked()),
            "dns1123Subdomain" => names::subdomain(text, false),
            "dns1123SubdomainPrefix" => names::subdomain(text, true),
            "dns1035Label" => names::dns1035_label(text),
            "dns1035LabelPrefix" => names::dns1035_label(&masked()),
            "qualifiedName" => names::qualified(text),
            "labelValue" => names::label_value(text),
            "uri" => parse_request(text).err().into_iter().collect(),
            "uuid" => unless(FormatRule::Uuid, "does not match the UUID format"),
            "byte" => unless(FormatRule::Byte, "invalid base64"),
            "date" => unless(FormatRule::Date, "invalid date"),
            _ => unless(FormatRule::DateTime, "invalid datetime"),
        }
    }
}
