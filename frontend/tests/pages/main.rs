//! Guarantees of pages: hostile text is escaped, and every form control is accessible to screen readers.
#![expect(clippy::unwrap_used, reason = "a test that fails here says where")]

mod admin;
mod catalog;
mod form;
mod usage;

use portico_api::{CatalogCard, Frame, Language, OfferingLifecycle};
use portico_domain::documents::Category;

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

fn frame() -> Frame {
    Frame {
        title: HOSTILE.into(),
        company: HOSTILE.into(),
        path: "/catalog".into(),
        person: Some(HOSTILE.into()),
        email: Some(HOSTILE.into()),
        admin: true,
        platform_admin: true,
        approver: true,
        kubectl: true,
        publishes: true,
        waiting: 2,
        tenants: vec![],
        current: None,
        crumbs: vec![],
        notices: vec![],
        language: Language::English,
        languages: vec![Language::English, Language::German],
        theme: Some(HOSTILE.into()),
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
        csrf: "token".into(),
        nonce: "n0nce".into(),
        style: "/assets/style.css".into(),
        font: "/assets/font.woff2".into(),
        script: Some("/assets/portico.js".into()),
        wasm: Some("/assets/portico.wasm".into()),
    }
}

fn card() -> CatalogCard {
    CatalogCard {
        name: "databases.demo.portico.dev".parse().unwrap(),
        title: HOSTILE.into(),
        summary: HOSTILE.into(),
        category: Category::Databases,
        icon: HOSTILE.into(),
        typical_seconds: None,
        needs_approval: None,
        price_from: None,
        planes: vec![],
        unreachable: Vec::new(),
        problem: Some(HOSTILE.into()),
        published_by: Some(HOSTILE.into()),
        lifecycle: OfferingLifecycle::default(),
    }
}

fn assert_tame(html: &str) {
    for markup in ["<script>alert", "<img", "\"'>"] {
        let at = html.find(markup).map(|at| &html[at.saturating_sub(300)..at + 20]);
        assert_eq!(at, None, "markup got through");
    }
    assert!(
        !html.contains(" style=\""),
        "an inline style, which the policy forbids"
    );
    assert!(!html.contains(" onerror=\""), "an inline handler");
    for script in html.split("<script").skip(1) {
        assert!(
            script[..script.find('>').unwrap()].contains("nonce=\"n0nce\""),
            "a script without nonce"
        );
    }
}

/// The HTML without the comments with which Leptos marks the ends of texts.
fn without_marks(html: &str) -> String {
    html.replace("<!>", "")
}
