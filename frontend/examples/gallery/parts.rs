//! All parts on one page, each in its states, cut out of the pages that have them: so they are what people see, and a part
//! that no page has any more is missed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use scraper::{Html, Selector};

/// A state of a part: what it is, the page that has it, and where it is there. What is closed there is opened.
type Sample = (&'static str, &'static str, &'static str);

/// Where the toast is: on no page, since a script makes it.
const TOAST: &str = ".toast";
/// As `toast.rs` of the islands makes it.
const MADE_BY_SCRIPT: &str = "<div class=\"toast\"><p>Your session has ended. What you typed is kept in this tab.</p>\
    <a class=\"button\" href=\"/sign-in\">Sign in</a></div>";

const PARTS: &[(&str, &[Sample])] = &[
    (
        "Button",
        &[
            ("Primary", "claims", "a.button.primary"),
            ("Usual", "claim", "form .button"),
            ("Small", "claim", ".connect-box .button.small"),
            ("Quiet, of something dangerous", "claim", ".button.quiet.danger"),
            ("Dangerous", "claim-delete", ".button.danger"),
            ("Not possible now", "form-nowhere", "button[disabled]"),
            ("Why not", "claim-unreachable", ".why-not"),
            ("Icon alone", "form-rich", "button.icon-button"),
            ("As a link", "form", "button.link"),
        ],
    ),
    (
        "Field",
        &[
            ("With help", "claim-delete", ".field:not(.wrong)"),
            ("With a problem", "claim-delete", ".field.wrong"),
            ("Number with unit", "form", ".field:has(.amount)"),
            ("Checkbox", "claim-delete-control-plane", "label.choice"),
            ("Choice of several", "form", ".field:has(select)"),
            ("Entries", "form-rich", ".items"),
            ("Folded", "form", "details.section"),
        ],
    ),
    (
        "Radio card",
        &[
            ("Plan", "form", ".plan-choices"),
            ("Place", "form", ".place-choices"),
        ],
    ),
    (
        "Table",
        &[
            ("To sort", "claims", "table.sortable"),
            ("Few", "claim", "table.compact"),
            ("Of numbers", "usage-all", "table.numbers:not(.many)"),
            ("Of plans", "offering", "table.plans"),
            ("Pages of it", "claims-many", "nav.pager"),
        ],
    ),
    (
        "Property strip and facts",
        &[("Strip", "claim", "dl.strip"), ("Facts", "claim", "#about + dl")],
    ),
    (
        "Banner",
        &[
            ("It works", "claim", ".verdict.good"),
            ("It is being made", "claim-in-the-making", ".verdict.busy"),
            ("It does not work", "claim-ill", ".verdict.bad"),
            ("Notice", "claim-deprecated", ".notice"),
            ("Good news", "request", ".notice.good"),
            ("A warning", "claim-ending", ".notice.warning"),
            ("A failure", "admin-configuration", ".notice.bad"),
        ],
    ),
    (
        "Badge",
        &[
            ("Good", "claim", ".badge.good"),
            ("Busy", "claim-in-the-making", ".badge.busy"),
            ("To be looked at", "admin-planes", ".badge.warning"),
            ("Bad", "claim-ill", ".badge.bad"),
            ("Neither", "approvals", ".badge"),
            ("Tag", "catalog", ".tag"),
            ("Chip", "catalog", ".chip:not([aria-current])"),
            ("Chosen chip", "catalog", ".chip[aria-current]"),
        ],
    ),
    (
        "Meter",
        &[
            ("Room left", "approvals", "li.meter"),
            ("Nearly full", "admin-tenant", "li.meter.near"),
            ("Over", "request", "li.meter.over"),
        ],
    ),
    ("Tree", &[("Open", "claim", "ul.tree")]),
    (
        "Timeline",
        &[
            ("Of a request", "request", "ol.steps"),
            ("Failed", "request-failed", "ol.steps"),
            ("While it is made", "claim-in-the-making", "ol.steps.across"),
            ("Events", "claim", "ul.events"),
        ],
    ),
    (
        "Code block",
        &[
            ("To copy", "claim", "#yaml-fold .code"),
            (
                "Differences",
                "approvals",
                ".code:has(ins), .code:has(del), .code",
            ),
            ("Hidden values", "claim", "dl.connect"),
        ],
    ),
    (
        "Tabs",
        &[
            ("In a box", "claim", ".tab-box"),
            ("Of a form", "form", "div.tabs"),
            ("Of pages", "admin-planes", "ul.line-tabs"),
        ],
    ),
    (
        "Menu and dialog",
        &[
            ("Where one works", "claim", ".switch .menu-body"),
            ("Person", "claim", ".person .menu-body"),
            ("Search everywhere", "claim", "dialog.palette"),
        ],
    ),
    (
        "Toast",
        &[
            ("Over the page", "", TOAST),
            (
                "With undo, without scripts too",
                "approvals-undo",
                ".notice.undoable",
            ),
        ],
    ),
    (
        "Card",
        &[
            ("Of the catalog", "catalog", "li.card"),
            ("With a note", "catalog-lives", "li.card:has(.card-note)"),
            ("Approval in the inbox", "approvals", "a.inbox-row"),
            ("News", "home", "li.feed-line"),
        ],
    ),
    (
        "Empty state",
        &[
            ("Nothing yet", "claims-nothing", ".empty"),
            ("No match", "catalog-no-match", ".empty"),
        ],
    ),
];

/// The page. Panics with what no page has.
pub(crate) fn page(pages: &BTreeMap<&str, &str>) -> String {
    let shell = pages["error"];
    let head = shell.split_once("<body>").expect("a page has a body").0;
    let symbols: String = include_str!("../../assets/icons.svg")
        .lines()
        .filter(|line| line.starts_with("<symbol"))
        .collect();
    // Scripts would show what works only with them.
    let head = head.replacen("<html", "<html data-alive", 1);
    let mut html = format!(
        "{head}<body><main id=\"main\" class=\"parts\"><h1>Parts</h1><svg class=\"sprite\" aria-hidden=\"true\">{symbols}</svg>"
    );
    let mut missing = Vec::new();
    for (part, samples) in PARTS {
        let _ = write!(html, "<section class=\"part\"><h2>{part}</h2>");
        for (state, page, at) in *samples {
            let found = match *at {
                TOAST => Some(MADE_BY_SCRIPT.to_owned()),
                at => pages.get(page).and_then(|page| cut(page, at)),
            };
            match found {
                Some(cut) => {
                    let _ = write!(html, "<figure><figcaption>{state}</figcaption>{cut}</figure>");
                }
                None => missing.push(format!("{page}: {at}")),
            }
        }
        html.push_str("</section>");
    }
    assert!(missing.is_empty(), "parts that no page has: {missing:#?}");
    html.push_str(LAYOUT);
    html.push_str("</main></body></html>");
    html
}

/// How the page itself is laid out, beside the looks of its parts.
const LAYOUT: &str = "<style>
.parts { grid-template-columns: minmax(0, 1fr); max-inline-size: 80rem; margin-inline: auto; padding: var(--s4); display: grid; gap: var(--s5); }
.part { display: flex; flex-wrap: wrap; gap: var(--s3) var(--s4); }
.part > h2, .part > figure:has(> :is(ul, ol, dl, div:not(.toast, .menu-body), table, nav, fieldset, details)) { inline-size: 100%; }
.part figure { margin: 0; min-inline-size: 0; display: grid; gap: var(--s1); justify-items: start; }
.part figure > :not(figcaption) { max-inline-size: 100%; }
.part figure > :is(ul, ol, dl, div, nav, li, fieldset, details):not(.toast, .menu-body) { inline-size: 100%; }
.part figure:has(> table) { overflow-x: auto; }
.part figcaption { color: var(--quiet); font-size: 0.8125rem; }
.part :is(.menu-body, .toast, dialog) { position: static; display: block; inline-size: fit-content; max-inline-size: 100%; }
</style>";

/// The markup of the first element there.
fn cut(page: &str, at: &str) -> Option<String> {
    let selector = Selector::parse(at).expect("a selector");
    let html = Html::parse_document(page);
    let found = html.select(&selector).next()?.html();
    Some(found.replace("<details", "<details open"))
}
