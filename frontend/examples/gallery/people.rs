//! Frames for different viewers.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use portico_api::{
    Crumb, Frame, Language, Link, Notice, NoticeTone, SignInPage, SignInProvider, TenantChoice, Undo, message,
};

pub(crate) fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a time")
}

/// True while the pages are rendered in German.
pub(crate) static IN_GERMAN: AtomicBool = AtomicBool::new(false);

/// The language of the pages.
fn language() -> Language {
    if IN_GERMAN.load(Ordering::Relaxed) {
        Language::German
    } else {
        Language::English
    }
}

/// The languages to choose from: English alone, as where nothing is configured, or both.
fn languages() -> Vec<Language> {
    match language() {
        Language::English => vec![Language::English],
        Language::German => Language::ALL.to_vec(),
    }
}

pub(crate) fn stranger() -> Frame {
    Frame {
        title: "Sign in".into(),
        company: "Acme".into(),
        path: "/sign-in".into(),
        person: None,
        email: None,
        admin: false,
        platform_admin: false,
        approver: false,
        kubectl: true,
        publishes: true,
        waiting: 0,
        tenants: vec![],
        current: None,
        crumbs: vec![],
        notices: vec![],
        language: language(),
        languages: languages(),
        theme: std::env::var("THEME").ok(),
        now: now(),
        csrf: "c0ffee".into(),
        nonce: "n0nce".into(),
        style: "style.css".into(),
        font: "fonts/geist.woff2".into(),
        script: None,
        wasm: None,
    }
}

pub(crate) fn dana(path: &str) -> Frame {
    let tenant = |name: &str, title: &str, level| TenantChoice {
        name: name.parse().expect("a name"),
        title: title.into(),
        parent: (level > 0).then(|| "Payments".into()),
        level,
        environments: vec![
            "dev".parse().expect("a name"),
            "production".parse().expect("a name"),
        ],
    };
    Frame {
        title: "Page".into(),
        path: path.into(),
        person: Some("Dana Developer".into()),
        email: Some("dana@acme.example".into()),
        tenants: vec![
            tenant("payments", "Payments", 0),
            tenant("payments-cards", "Cards", 1),
            tenant("research", "Research and early ideas", 0),
        ],
        current: Some((
            "payments".parse().expect("a name"),
            "dev".parse().expect("a name"),
        )),
        ..stranger()
    }
}

pub(crate) fn ada(path: &str) -> Frame {
    Frame {
        approver: true,
        kubectl: true,
        publishes: true,
        waiting: 3,
        person: Some("Ada Approver".into()),
        ..dana(path)
    }
}

pub(crate) fn pat(path: &str) -> Frame {
    Frame {
        admin: true,
        platform_admin: true,
        person: Some("Pat Platform-Admin of the very long name".into()),
        ..ada(path)
    }
}

pub(crate) fn at(mut frame: Frame, title: &str, crumbs: &[(&str, Link)]) -> Frame {
    frame.title = title.into();
    frame.crumbs = crumbs
        .iter()
        .map(|(title, href)| Crumb {
            title: (*title).into(),
            href: href.clone(),
        })
        .collect();
    frame
}

pub(crate) fn saying(mut frame: Frame, tone: NoticeTone, text: &str) -> Frame {
    frame.notices.push(Notice {
        tone,
        text: text.into(),
        undo: None,
    });
    frame
}

/// The frame after a decision that can still be undone.
pub(crate) fn deciding(mut frame: Frame) -> Frame {
    frame.notices.push(Notice {
        tone: NoticeTone::Good,
        text: message!("notice-approved"),
        undo: Some(Undo {
            request: "0190d3a0-0000-7000-8000-000000000001".parse().expect("an id"),
            until: now() + SignedDuration::from_secs(10),
        }),
    });
    frame
}

pub(crate) fn sign_in(message: Option<&str>) -> SignInPage {
    SignInPage {
        company: "Acme".into(),
        logo: None,
        providers: vec![
            SignInProvider {
                title: match language() {
                    Language::English => "Sign in with Acme SSO".into(),
                    Language::German => message!("continue-with", provider = "Acme SSO"),
                },
                href: "/auth/login".into(),
            },
            SignInProvider {
                title: match language() {
                    Language::English => "Sign in as a contractor".into(),
                    Language::German => message!("continue-with", provider = "Contractors"),
                },
                href: "/auth/login".into(),
            },
        ],
        message: message.map(|text| Notice {
            tone: NoticeTone::Plain,
            text: text.into(),
            undo: None,
        }),
    }
}
