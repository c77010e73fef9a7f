//! The frame of every page: navigation rail, top bar, notices.

use leptos::prelude::*;
use portico_api::{Crumb, Frame, Link, Notice, NoticeTone, TenantChoice, Undo, names};

use super::{icon, text, words};

struct NavItem {
    link: Link,
    title: String,
    icon: &'static str,
    count: usize,
}

/// The navigation rail; a bar at the bottom on narrow screens.
pub(crate) fn rail(frame: &Frame) -> AnyView {
    let mut places = vec![
        NavItem {
            link: Link::Home,
            title: text!("home"),
            icon: "home",
            count: 0,
        },
        NavItem {
            link: Link::Catalog,
            title: text!("catalog"),
            icon: "catalog",
            count: 0,
        },
        NavItem {
            link: Link::Claims,
            title: text!("claims"),
            icon: "claims",
            count: 0,
        },
        NavItem {
            link: Link::Requests,
            title: text!("requests"),
            icon: "requests",
            count: 0,
        },
    ];
    if frame.approver {
        places.push(NavItem {
            link: Link::Approvals,
            title: text!("approvals"),
            icon: "approvals",
            count: frame.waiting,
        });
    }
    if frame.platform_admin || !frame.tenants.is_empty() {
        places.push(NavItem {
            link: Link::Usage,
            title: text!("usage"),
            icon: "usage",
            count: 0,
        });
    }
    if frame.admin {
        places.push(NavItem {
            link: if frame.platform_admin {
                Link::ControlPlanes
            } else {
                Link::Tenants
            },
            title: text!("admin"),
            icon: "admin",
            count: 0,
        });
    }
    let links: Vec<_> = places.iter().map(|item| link(item, &frame.path)).collect();
    view! {
        <section class="rail" aria-label=text!("where-to-go")>
            <a class="brand" href=Link::Home.to_string() aria-label=frame.company.clone()>{icon("portico")}<span>{frame.company.clone()}</span></a>
            {switch(frame)}
            <nav class="places" aria-label=text!("main-navigation") data-live="places">
                <ul role="list">{links}</ul>
            </nav>
        </section>
    }
    .into_any()
}

fn link(item: &NavItem, path: &str) -> impl IntoView + use<> {
    let current = match &item.link {
        Link::Home => path == Link::Home.to_string(),
        Link::ControlPlanes | Link::Tenants => path.starts_with(&format!("{}/", Link::Admin)),
        link => path.starts_with(&link.to_string()),
    };
    let count = (item.count > 0).then(|| {
        view! { <span class="count">{item.count}<span class="unseen">{text!("waiting")}</span></span> }
    });
    view! {
        <li>
            <a href=item.link.to_string() aria-current=current.then_some("page")>
                {icon(item.icon)}
                <span>{item.title.clone()}</span>
                {count}
            </a>
        </li>
    }
}

/// The current tenant and environment, and a menu of the others.
fn switch(frame: &Frame) -> Option<AnyView> {
    let (tenant, environment) = frame.current.as_ref()?;
    let title = frame
        .tenants
        .iter()
        .find(|choice| choice.name == *tenant)
        .map_or_else(|| tenant.to_string(), |choice| choice.title.clone());
    let groups: Vec<_> = frame
        .tenants
        .iter()
        .map(|choice| tenant_group(choice, frame))
        .collect();
    let view = view! {
        <details class="switch menu" name="menu">
            <summary>
                <span class="unseen">{text!("working-in")}</span>
                <span class="switch-tenant">{title.clone()}</span>
                <span class="switch-environment">{environment.to_string()}</span>
                {icon("switch")}
            </summary>
            <form class="menu-body" method="post" action=Link::Switch.to_string()>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <input type="hidden" name=names::RETURN_TO value=frame.path.clone() />
                {groups}
            </form>
        </details>
    };
    Some(view.into_any())
}

fn tenant_group(choice: &TenantChoice, frame: &Frame) -> impl IntoView + use<> {
    let environments: Vec<_> = choice
        .environments
        .iter()
        .map(|environment| {
            let current = frame
                .current
                .as_ref()
                .is_some_and(|(tenant, now)| *tenant == choice.name && now == environment);
            view! {
                <button class="menu-item" name=names::WORKSPACE value=format!("{}/{environment}", choice.name)
                    aria-current=current.then_some("true")>
                    <span>{environment.to_string()}</span>
                    {current.then(|| icon("check"))}
                </button>
            }
        })
        .collect();
    // What is in another one is written below it; of what is not in the list, the name says where one is.
    let parent = choice.parent.as_ref().filter(|_| choice.level == 0);
    let parent =
        parent.map(|parent| view! { <span class="menu-within">{text!("within", parent = parent)}</span> });
    view! {
        <fieldset class="menu-group" data-level=(choice.level > 0).then(|| choice.level.to_string())>
            <legend>{choice.title.clone()}{parent}</legend>
            {environments}
        </fieldset>
    }
}

/// The top bar: breadcrumb, search, theme, person.
pub(crate) fn top(frame: &Frame) -> AnyView {
    let crumbs = (!frame.crumbs.is_empty()).then(|| {
        let steps: Vec<_> = frame
            .crumbs
            .iter()
            .map(|crumb| view! { <li><a href=crumb.href.to_string()>{crumb_title(crumb)}</a></li> })
            .collect();
        view! { <nav class="crumbs" aria-label=text!("breadcrumbs")><ol role="list">{steps}</ol></nav> }
    });
    view! {
        <header class="top">
            {crumbs}
            <span class="spring"></span>
            {search_everywhere()}
            {theme_switch(frame)}
            {person(frame)}
        </header>
    }
    .into_any()
}

/// The title of a breadcrumb: pages of the navigation have it in the language of the page.
fn crumb_title(crumb: &Crumb) -> String {
    match crumb.href {
        Link::Catalog => text!("catalog"),
        Link::Claims => text!("claims"),
        Link::Requests => text!("requests"),
        Link::Approvals => text!("approvals"),
        _ => crumb.title.clone(),
    }
}

/// The languages to choose from, each in its own name; nothing if there is only one. Works without scripts and before
/// sign-in.
pub(crate) fn languages(frame: &Frame) -> Option<AnyView> {
    (frame.languages.len() > 1).then(|| {
        let buttons: Vec<_> = frame
            .languages
            .iter()
            .map(|language| {
                let current = *language == frame.language;
                view! {
                    <button class="menu-item" name=names::LANGUAGE value=language.tag() lang=language.tag()
                        aria-current=current.then_some("true")>
                        <span>{language.name()}</span>
                        {current.then(|| icon("check"))}
                    </button>
                }
            })
            .collect();
        view! {
            <form method="get" action=Link::Language.to_string() class="languages" role="group" aria-label=text!("language")>
                <input type="hidden" name=names::RETURN_TO value=frame.path.clone() />
                {buttons}
            </form>
        }
        .into_any()
    })
}

/// The search dialog and the button that opens it; without scripts a link to the catalog.
fn search_everywhere() -> AnyView {
    view! {
        <a class="search-button" href=Link::Catalog.to_string()>
            {icon("search")}
            <span>{text!("search")}</span>
            <kbd class="when-alive" aria-hidden="true">"Ctrl K"</kbd>
        </a>
        <dialog class="palette" aria-label=text!("search-everywhere")>
            <input type="text" role="combobox" aria-expanded="true" aria-controls="palette-results" aria-label=text!("search-everywhere")
                placeholder=text!("search-everywhere") autocomplete="off" spellcheck="false" />
            <ul role="listbox" id="palette-results" aria-label=text!("search-found")></ul>
            <p class="palette-hint" role="status" data-none=text!("search-nothing")>
                {text!("search-hint")}
            </p>
        </dialog>
    }
    .into_any()
}

/// The button that cycles through the themes.
fn theme_switch(frame: &Frame) -> AnyView {
    let (system, light, dark) = (text!("theme-system"), text!("theme-light"), text!("theme-dark"));
    let title = match frame.theme.as_deref() {
        Some("light") => light.clone(),
        Some("dark") => dark.clone(),
        _ => system.clone(),
    };
    view! {
        <button type="button" class="icon-button theme when-alive" aria-label=title.clone() title=title data-system=system data-light=light data-dark=dark>
            {icon("auto")}
            {icon("sun")}
            {icon("moon")}
        </button>
    }
    .into_any()
}

fn person(frame: &Frame) -> Option<AnyView> {
    let name = frame.person.clone()?;
    let kubectl = frame.kubectl.then(|| {
        view! { <a class="menu-item" href=Link::Kubectl.to_string()>{icon("kubernetes")}<span>{text!("kubectl-access")}</span></a> }
    });
    let publishes = frame.publishes.then(|| {
        view! { <a class="menu-item" href=Link::Publications.to_string()>{icon("network")}<span>{text!("what-you-publish")}</span></a> }
    });
    let view = view! {
        <details class="person menu end" name="menu">
            <summary aria-label=text!("signed-in-as", name = &name)>
                {icon("person")}
                <span class="person-name">{name.clone()}</span>
            </summary>
            <div class="menu-body">
                <p class="menu-text"><strong>{name.clone()}</strong>{frame.email.clone().map(|email| view! { <br />{email} })}</p>
                {kubectl}
                {publishes}
                <a class="menu-item" href=Link::Tokens.to_string()>{icon("key")}<span>{text!("api-tokens")}</span></a>
                <a class="menu-item" href=Link::Sessions.to_string()>{icon("shield")}<span>{text!("sessions")}</span></a>
                {languages(frame)}
                <form method="post" action=Link::SignOut.to_string()>
                    <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                    <button class="menu-item">{icon("sign-out")}<span>{text!("sign-out")}</span></button>
                </form>
            </div>
        </details>
    };
    Some(view.into_any())
}

/// The notices of a page.
pub(crate) fn notices(frame: &Frame) -> Option<AnyView> {
    (!frame.notices.is_empty()).then(|| {
        let rows: Vec<_> = frame
            .notices
            .iter()
            .map(|each| match &each.undo {
                Some(undo) => undoable(frame, each, undo),
                None => notice(each).into_any(),
            })
            .collect();
        view! { <div class="notices">{rows}</div> }.into_any()
    })
}

/// What was decided, with the button that takes it back. Scripts remove the button in its time.
fn undoable(frame: &Frame, notice: &Notice, undo: &Undo) -> AnyView {
    let left = undo.until.duration_since(frame.now).as_secs().max(0);
    view! {
        <div class="notice good undoable" role="status">
            {icon("ready")}
            <p>{words(&notice.text)}</p>
            <form method="post" action=Link::UndoDecision(undo.request).to_string() data-undo=left.to_string()>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <button class="button small">{icon("undo")}{text!("undo")}</button>
                <span>{text!("undo-seconds", seconds = left)}</span>
            </form>
        </div>
    }
    .into_any()
}

/// A notice.
pub(crate) fn notice(notice: &Notice) -> impl IntoView + use<> {
    let (class, name, role) = match notice.tone {
        NoticeTone::Good => ("notice good", "ready", "status"),
        NoticeTone::Plain => ("notice", "warning", "status"),
        NoticeTone::Warning => ("notice warning", "degraded", "status"),
        NoticeTone::Bad => ("notice bad", "bad", "alert"),
    };
    view! { <div class=class role=role>{icon(name)}<p>{words(&notice.text)}</p></div> }
}
