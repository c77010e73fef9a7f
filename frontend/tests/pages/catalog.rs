//! The catalog and the page of an offering.

use portico_api::words::Denial;
use portico_api::{
    Allowed, CatalogCard, CatalogPage, ConnectionOutline, Link, OfferingLifecycle, OfferingPage, Paged,
    PlaneChoice, Replacement,
};
use portico_domain::documents::{NewClaims, Phase, Stage};
use portico_frontend::pages;

use super::{HOSTILE, assert_tame, card, frame, without_marks};

fn offering_page(support: &str) -> OfferingPage {
    OfferingPage {
        card: card(),
        kind: HOSTILE.into(),
        group: HOSTILE.into(),
        owner: Some(HOSTILE.into()),
        support: Some(support.into()),
        documentation_html: None,
        plans: vec![],
        facts: vec![],
        receives: vec![],
        connection: ConnectionOutline::default(),
        served_on: vec![],
        claims: vec![],
        may_request: Allowed::yes(),
    }
}

#[test]
fn a_card_names_unreachable_control_planes() {
    let plane = |name: &str| PlaneChoice {
        name: name.parse().unwrap(),
        title: name.to_uppercase(),
        region: None,
    };
    let shown = |planes: &[&str], dead: &[&str]| {
        let card = CatalogCard {
            planes: planes.iter().map(|name| plane(name)).collect(),
            unreachable: dead.iter().map(|name| name.parse().unwrap()).collect(),
            problem: None,
            published_by: None,
            lifecycle: OfferingLifecycle::default(),
            ..card()
        };
        let page = CatalogPage {
            query: String::new(),
            category: None,
            plane: None,
            categories: vec![],
            planes: vec![],
            all: 1,
            cards: Paged::cut(vec![card], 1, 20),
        };
        without_marks(&pages::catalog(&frame(), &page))
    };
    let both = shown(&["eu", "us"], &["us"]);
    assert!(
        both.contains(">EU</span><span class=\"tag\">US (does not answer)</span>"),
        "{both}"
    );
    assert!(!shown(&["eu", "us"], &[]).contains("does not answer"));
    let many = shown(&["a", "b", "c"], &["b"]);
    assert!(
        many.contains("3 control planes, of which 1 is not answering"),
        "{many}"
    );
}

#[test]
fn an_offering_links_to_its_support() {
    for (support, text) in [
        ("mailto:databases@example.com", "databases@example.com"),
        ("https://chat.example.com/databases", "chat.example.com/databases"),
    ] {
        let html = without_marks(&pages::offering(&frame(), &offering_page(support)));
        assert_tame(&html);
        let link = format!("<a href=\"{support}\">{text}</a>");
        assert!(html.contains(&link), "{link} is not in {html}");
    }
    assert_tame(&pages::offering(&frame(), &offering_page(HOSTILE)));
}

fn deprecated(phase: Phase) -> OfferingLifecycle {
    OfferingLifecycle {
        stage: Stage::Deprecated,
        phase,
        sunset: Some(jiff::civil::date(2027, 3, 1)),
        note: Some(HOSTILE.into()),
        replacement: Some(Replacement {
            name: "others.demo.portico.dev".parse().unwrap(),
            title: HOSTILE.into(),
            href: Link::Offering("others.demo.portico.dev".parse().unwrap()),
        }),
        new_claims: NewClaims::Refused,
    }
}

#[test]
fn a_deprecated_offering_says_when_it_ends_why_and_what_replaces_it() {
    for (phase, word, sentence) in [
        (Phase::Deprecated, "Deprecated", "ends on 1 March 2027."),
        (Phase::Ending, "Ends soon", "ends on 1 March 2027."),
        (Phase::Ended, "Ended", "ended on 1 March 2027."),
    ] {
        let mut page = offering_page("https://chat.example.com");
        page.card.lifecycle = deprecated(phase);
        page.may_request = Allowed::no(Denial::OfferingDeprecated {
            offering: HOSTILE.into(),
            replacement: Some(HOSTILE.into()),
        });
        let html = pages::offering(&frame(), &page);
        assert_tame(&html);
        let link = "<a href=\"/catalog/others.demo.portico.dev\">";
        for part in [word, sentence, link, "takes no new claims"] {
            assert!(html.contains(part), "{phase:?}: {part} is not in {html}");
        }
        assert!(!html.contains("/request\""), "{phase:?}: no way to the form");

        let catalog = CatalogPage {
            query: String::new(),
            category: None,
            plane: None,
            categories: vec![],
            planes: vec![],
            all: 1,
            cards: Paged::cut(
                vec![CatalogCard {
                    problem: None,
                    ..page.card
                }],
                1,
                20,
            ),
        };
        let html = pages::catalog(&frame(), &catalog);
        assert_tame(&html);
        for part in [word, link] {
            assert!(html.contains(part), "{phase:?}: {part} is not in {html}");
        }
    }
}

#[test]
fn a_published_offering_has_no_badge() {
    let html = pages::offering(&frame(), &offering_page("https://chat.example.com"));
    for word in ["Draft", "Deprecated", "Ends soon", "Ended"] {
        assert!(!html.contains(word), "{word}");
    }
}
