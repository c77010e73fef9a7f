//! The form: every control is accessible to screen readers, and hostile text stays text.

use portico_api::{
    ApprovalPreview, CatalogPage, Link, Paged, PlacementView, PricePeriod, PriceQuote, RequestFormPage,
};
use portico_domain::request::Action;
use portico_form::{Branch, Choice, Control, Entry, Field, FieldLock, Form};
use portico_frontend::pages;

use super::{HOSTILE, assert_tame, card, frame};

fn field(name: &str, control: Control) -> Field {
    Field {
        name: name.into(),
        label: format!("Label of {name} {HOSTILE}"),
        help: Some(HOSTILE.into()),
        required: true,
        locked: false,
        locked_by: None,
        lock: None,
        default: None,
        changed: false,
        when_empty: None,
        problems: vec![format!("Wrong: {HOSTILE}")],
        control,
    }
}

fn text() -> Control {
    Control::Text {
        text: HOSTILE.into(),
        multiline: false,
        max_length: None,
        placeholder: None,
        format: None,
        unit: None,
    }
}

fn choices(count: usize) -> Vec<Choice> {
    (0..count)
        .map(|index| Choice {
            value: format!("{index}"),
            label: HOSTILE.into(),
        })
        .collect()
}

/// One field with each control.
fn fields() -> Vec<Field> {
    vec![
        field("/text", text()),
        field(
            "/area",
            Control::Text {
                text: HOSTILE.into(),
                multiline: true,
                max_length: None,
                placeholder: None,
                format: None,
                unit: None,
            },
        ),
        field(
            "/number",
            Control::Number {
                text: HOSTILE.into(),
                integer: true,
                min: Some(1.0),
                max: None,
            },
        ),
        field("/toggle", Control::Toggle { on: true }),
        field("/optional", Control::OptionalToggle { on: None }),
        field(
            "/few",
            Control::Choice {
                chosen: HOSTILE.into(),
                choices: choices(3),
            },
        ),
        field(
            "/many",
            Control::Choice {
                chosen: "1".into(),
                choices: choices(9),
            },
        ),
        field(
            "/object",
            Control::Object {
                fields: vec![field("/object/a", text())],
            },
        ),
        field(
            "/list",
            Control::List {
                items: vec![field("/list/0", text())],
                item_label: "user".into(),
                min_items: None,
                max_items: None,
            },
        ),
        field(
            "/map",
            Control::Map {
                entries: vec![Entry {
                    key_name: "/map/@0/key".into(),
                    key: HOSTILE.into(),
                    key_problems: vec![HOSTILE.into()],
                    value: field("/map/@0/value", text()),
                }],
            },
        ),
        field(
            "/union",
            Control::Union {
                branches: vec![Branch {
                    id: "b".into(),
                    label: HOSTILE.into(),
                    fields: vec![field("/union/c", text())],
                }],
                chosen: "b".into(),
            },
        ),
        field(
            "/yaml",
            Control::Yaml {
                text: format!("</textarea>{HOSTILE}"),
            },
        ),
    ]
}

fn form_page(fields: Vec<Field>) -> RequestFormPage {
    RequestFormPage {
        conflicts: vec![],
        whole: Some(HOSTILE.into()),
        kept: Some(HOSTILE.into()),
        notes: vec![HOSTILE.into()],
        offering: card(),
        action: Action::Create,
        post_to: Link::NewRequest("databases.demo.portico.dev".parse().unwrap()),
        tenant: "payments".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        name: HOSTILE.into(),
        name_problems: vec![HOSTILE.into()],
        plans: vec![],
        plan_facts: vec![],
        plan: None,
        regions: vec![],
        region: None,
        planes: vec![],
        plane: None,
        labels: vec![],
        form: Some(Form {
            main: fields,
            ..Form::default()
        }),
        schema_hash: "hash".into(),
        live_hash: None,
        request_id: "0190d3a0-0000-7000-8000-000000000001".parse().unwrap(),
        yaml: HOSTILE.into(),
        yaml_tab: false,
        yaml_problem: None,
        yaml_problems: Vec::new(),
        sentence: HOSTILE.into(),
        placement: PlacementView {
            chosen: None,
            reason: HOSTILE.into(),
            candidates: vec![],
        },
        approval: ApprovalPreview::default(),
        quota: vec![],
        cost: Some(HOSTILE.into()),
        price: Some(PriceQuote {
            amount: 28.0,
            currency: HOSTILE.into(),
            period: PricePeriod::Month,
            comparison: None,
        }),
        differences: vec![(HOSTILE.into(), HOSTILE.into(), HOSTILE.into())],
        manifest: HOSTILE.into(),
        dry_run: None,
        note: HOSTILE.into(),
        problems: vec![],
        problem_count: 1,
        reviewed: false,
        tried: true,
        checked: true,
        fresh: false,
    }
}

#[test]
fn hostile_text_is_escaped() {
    let html = pages::request_form(&frame(), &form_page(fields()));
    assert_tame(&html);
    assert!(
        html.contains("Differs from the defaults"),
        "there are no plans to differ from"
    );
    assert_tame(&pages::error(&frame(), 404, &HOSTILE.into(), &HOSTILE.into()));
    let catalog = CatalogPage {
        query: HOSTILE.into(),
        category: None,
        plane: None,
        categories: vec![],
        planes: vec![],
        cards: Paged::cut(vec![card()], 1, 20),
        all: 1,
    };
    assert_tame(&pages::catalog(&frame(), &catalog));
}

#[test]
fn a_locked_form_shows_and_posts_every_value() {
    let locked = fields()
        .into_iter()
        .map(|field| Field {
            locked: true,
            ..field
        })
        .collect();
    let html = pages::request_form(&frame(), &form_page(locked));
    assert_tame(&html);
    for name in [
        "/text",
        "/area",
        "/number",
        "/toggle",
        "/optional",
        "/few",
        "/many",
        "/object/a",
        "/list/0",
        "/map/@0/key",
        "/map/@0/value",
        "/union/@branch",
        "/union/c",
        "/yaml/@yaml",
    ] {
        assert!(html.contains(&format!("name=\"{name}\"")), "{name} is not posted");
    }
    assert!(!html.contains("value=\"add:"), "a locked list grows");
}

#[test]
fn a_default_is_one_of_the_choices_and_leaves_the_field_unset_until_one_is_made() {
    let radios = |chosen: &str| {
        let choice = |value: &str| Choice {
            value: value.into(),
            label: value.into(),
        };
        let version = Field {
            required: false,
            default: Some("17".into()),
            ..field(
                "/version",
                Control::Choice {
                    chosen: chosen.into(),
                    choices: vec![choice("16"), choice("17")],
                },
            )
        };
        let html = pages::request_form(&frame(), &form_page(vec![version]));
        assert!(!html.contains("Default ("), "the default is not offered twice");
        html.split("<input ")
            .filter(|input| input.contains("type=\"radio\"") && input.contains("name=\"/version\""))
            .map(|input| {
                let input = &input[..input.find('>').unwrap()];
                let value = input.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
                (value.to_owned(), input.contains("checked"))
            })
            .collect::<Vec<_>>()
    };
    let of = |radios: [(&str, bool); 2]| {
        radios
            .map(|(value, checked)| (value.to_owned(), checked))
            .to_vec()
    };
    assert_eq!(radios(""), of([("16", false), ("", true)]));
    assert_eq!(radios("16"), of([("16", true), ("17", false)]));
    assert_eq!(radios("17"), of([("16", false), ("17", true)]));
}

#[test]
fn what_the_plan_sets_is_one_folded_line_and_is_posted() {
    let of_plan = fields()
        .into_iter()
        .filter(|field| {
            matches!(
                field.control,
                Control::Text { .. } | Control::Number { .. } | Control::Choice { .. } | Control::Yaml { .. }
            )
        })
        .map(|field| Field {
            locked: true,
            lock: Some(FieldLock::Plan),
            locked_by: Some("Set by the plan Small".into()),
            problems: vec![],
            ..field
        });
    let free = field("/free", Control::Toggle { on: true });
    let html = pages::request_form(&frame(), &form_page(of_plan.chain([free]).collect()));
    assert_tame(&html);
    assert_eq!(html.matches("Set by the plan Small").count(), 1);
    for name in ["/text", "/number", "/few", "/yaml/@yaml"] {
        let posted = format!("name=\"{name}\"");
        assert_eq!(html.matches(&posted).count(), 1, "{name} is posted once");
    }
    let fold = html.find("id=\"set-by-plan\"").unwrap();
    assert!(
        html.find("name=\"/free\"").unwrap() < fold,
        "what is asked comes first"
    );
}

#[test]
fn every_control_has_a_label_and_describes_its_problem() {
    let html = pages::request_form(&frame(), &form_page(fields()));
    for name in [
        "/text",
        "/area",
        "/number",
        "/toggle",
        "/optional",
        "/few",
        "/many",
        "/object",
        "/list",
        "/map",
        "/union",
        "/yaml",
        "/object/a",
        "/list/0",
        "/map/@0/value",
        "/union/c",
    ] {
        let id = format!("f{name}");
        let tag = html
            .split('<')
            .find(|tag| tag.contains(&format!(" id=\"{id}\"")))
            .unwrap_or_else(|| panic!("{name} has no control"));
        let labelled = html.contains(&format!("for=\"{id}\""))
            || tag.starts_with("fieldset")
            || tag.contains("type=\"checkbox\"");
        assert!(labelled, "{name} has no label: {tag}");
        assert!(
            tag.contains(&format!("{id}-problems")),
            "{name} does not refer to its problem: {tag}"
        );
        assert!(
            html.contains(&format!("id=\"{id}-problems\"")),
            "{name} does not show its problem"
        );
        assert!(
            html.contains(&format!("href=\"#{id}\"")),
            "the summary does not lead to {name}"
        );
    }
}
