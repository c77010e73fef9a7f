use std::fmt;

use fluent_bundle::FluentValue;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::Language;
use super::catalogue;

/// A text for people that is put into words late. `Display` and JSON have it in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// A message of the catalogue; made by [`crate::message!`].
    Message {
        /// Its key.
        key: &'static str,
        /// Its arguments by name.
        arguments: Vec<(&'static str, Arg)>,
    },
    /// What is data and stays as it is: names, messages of control planes.
    Data(String),
    /// Texts one after the other, with a separator between them.
    Joined(Vec<Text>, &'static str),
}

/// An argument of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// A number. Messages can choose the plural by it.
    Number(i64),
    /// A text.
    Text(Box<Text>),
    /// A day: `1 March 2027`.
    Day(Date),
}

impl Text {
    /// A message of the catalogue. Use [`crate::message!`].
    #[must_use]
    pub fn message(key: &'static str, arguments: Vec<(&'static str, Arg)>) -> Self {
        Self::Message { key, arguments }
    }

    /// A message with one more argument. Other texts stay as they are.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        if let Self::Message { arguments, .. } = &mut self {
            arguments.push((name, value.into()));
        }
        self
    }

    /// The text in a language; where that has no words for it, in English.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match self {
            Self::Data(text) => text.clone(),
            Self::Joined(texts, separator) => {
                let texts: Vec<String> = texts.iter().map(|text| text.in_language(language)).collect();
                texts.join(separator)
            }
            Self::Message { key, arguments } => {
                let arguments = arguments
                    .iter()
                    .map(|(name, value)| (*name, value.in_language(language)));
                catalogue::format(language, key, arguments)
            }
        }
    }

    /// True if it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Data(text) => text.is_empty(),
            Self::Joined(texts, _) => texts.iter().all(Self::is_empty),
            Self::Message { .. } => false,
        }
    }
}

impl Arg {
    fn in_language(&self, language: Language) -> FluentValue<'static> {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.in_language(language).into(),
            Self::Day(date) => crate::time::day_in(*date, language).into(),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Language::English))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Data(String::new())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Data(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Data(text.to_owned())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::Data(text.clone())
    }
}

impl From<Text> for Arg {
    fn from(text: Text) -> Self {
        Self::Text(Box::new(text))
    }
}

impl From<&Text> for Arg {
    fn from(text: &Text) -> Self {
        text.clone().into()
    }
}

impl From<Date> for Arg {
    fn from(date: Date) -> Self {
        Self::Day(date)
    }
}

/// Arguments that are texts as they are.
macro_rules! as_text {
    ($($name:ty),* $(,)?) => {
        $(impl From<$name> for Arg {
            fn from(text: $name) -> Self {
                Self::Text(Box::new(Text::Data(text.to_string())))
            }
        })*
    };
}

as_text!(&str, String, &String);

/// Numbers that do not fit are shown as the largest that does.
macro_rules! as_number {
    ($($name:ty),* $(,)?) => {
        $(impl From<$name> for Arg {
            fn from(number: $name) -> Self {
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        })*
    };
}

as_number!(i32, i64, u16, u32, u64, usize);
