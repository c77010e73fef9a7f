//! Extracts links, code spans and anchors from a markdown page.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The parts of a page that the checks use.
#[derive(Default)]
pub(super) struct Page {
    /// The targets of links and images, each with its line.
    pub(super) links: Vec<(usize, String)>,
    /// Links whose text is a code span: line, code, target.
    pub(super) named: Vec<(usize, String, String)>,
    /// Code spans, each with its line.
    pub(super) code: Vec<(usize, String)>,
    /// The anchors of its headings.
    pub(super) anchors: BTreeSet<String>,
}

impl Page {
    /// Parses a page.
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        // The target of the link that is open, before its text.
        let mut opened: Option<String> = None;
        let parser = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
        for (event, range) in parser {
            let line = text[..range.start].matches('\n').count() + 1;
            if let (Some(target), Event::Code(code)) = (opened.take(), &event) {
                page.named.push((line, code.to_string(), target));
            }
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    opened = Some(dest_url.to_string());
                    page.links.push((line, dest_url.into_string()));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let slug = slug(&heading.take().unwrap_or_default());
                    let times = seen.entry(slug.clone()).or_default();
                    page.anchors.insert(match *times {
                        0 => slug,
                        more => format!("{slug}-{more}"),
                    });
                    *times += 1;
                }
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    page.code.push((line, code.into_string()));
                }
                Event::Text(words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        page
    }
}

/// A heading's anchor, as GitHub and other forges form it: lower case, hyphens for spaces, no punctuation.
fn slug(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            letter => letter.is_alphanumeric().then_some(letter),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_pictures_code_and_anchors_are_found_with_their_lines() {
        let page = Page::read(
            "# A page\n\nSee [this](other.md#part) and `server/domain`.\n\n![Seen](a.png)\n\n\
             ## `spec.plans[]`: more?\n\n## A page\n\n```sh\n[no](link)\n```\n",
        );
        assert_eq!(
            page.links,
            [(3, "other.md#part".to_owned()), (5, "a.png".to_owned())]
        );
        assert_eq!(page.code[0], (3, "server/domain".to_owned()));
        let anchors: Vec<&str> = page.anchors.iter().map(String::as_str).collect();
        assert_eq!(anchors, ["a-page", "a-page-1", "specplans-more"]);
    }
}
