//! Parts that the form, a request and the approval queue share: quota, placement, approval.

use leptos::prelude::*;
use portico_api::words::PriceWords;
use portico_api::{ApprovalPreview, PlacementView, PriceQuote, QuotaLine};
use portico_domain::quota;

use super::{icon, language, text};

/// The quota after a request: a line and a meter for each resource.
pub(crate) fn quota(lines: &[QuotaLine]) -> AnyView {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let name = name_of(line);
            meter(&name, effect(line), line.after(), line.limit, with_others(line))
        })
        .collect();
    view! { <ul role="list" class="meters">{rows}</ul> }.into_any()
}

/// A resource of the tenant's own quota, or of one above: `CPU of Shop`.
pub(crate) fn name_of(line: &QuotaLine) -> String {
    let resource = quota::title(&line.resource);
    match &line.above {
        Some(owner) => text!("quota-of", resource = resource, tenant = &owner.title),
        None => resource,
    }
}

/// The share of a quota from which on it is marked as nearly full.
const NEARLY_FULL_PERCENT: u64 = 80;

/// True if so much of a limit is used that it is marked, whether it is exceeded or not.
pub(crate) fn is_nearly_full(used: u64, limit: u64) -> bool {
    used.saturating_mul(100) >= limit.saturating_mul(NEARLY_FULL_PERCENT) && limit > 0
}

/// The use of one resource of a quota as a bar with words; marked by icon, word and colour where it is nearly or more than
/// full.
pub(crate) fn meter(name: &str, words: String, used: u64, limit: u64, more: Option<AnyView>) -> AnyView {
    let (class, mark) = match (used > limit, is_nearly_full(used, limit)) {
        (true, _) => ("meter over", Some(view! { {icon("warning")} }.into_any())),
        (false, true) => (
            "meter near",
            Some(
                view! { {icon("warning")}<span class="unseen">{text!("quota-nearly-full")}</span> }
                    .into_any(),
            ),
        ),
        (false, false) => ("meter", None),
    };
    let most = limit.max(1);
    view! {
        <li class=class>
            <span>{name.to_owned()}</span>
            <span class="quiet">{mark}{words}</span>
            <meter aria-label=name.to_owned() min="0" max=most.to_string() value=used.min(most).to_string()></meter>
            {more}
        </li>
    }
    .into_any()
}

/// The words of a price in the language of the page.
pub(crate) fn price_parts(price: &PriceQuote) -> PriceWords {
    PriceWords::in_language(price, language())
}

/// A price in one go: `190 EUR a month, 162 EUR more than now`.
pub(crate) fn price_in_words(price: &PriceQuote) -> String {
    price_parts(price).to_string()
}

/// The price of a request, if its offering has prices.
pub(crate) fn cost(price: Option<&PriceQuote>) -> Option<AnyView> {
    let words = price_parts(price?);
    // The amount is large; what it is compared with is beside it.
    let rest = match words.comparison {
        Some(comparison) => format!(" {}, {comparison}", words.period),
        None => format!(" {}", words.period),
    };
    Some(
        view! { <div class="cost"><h3>{text!("price")}</h3><p><strong>{words.amount}</strong>{rest}</p></div> }
            .into_any(),
    )
}

/// The effect of the request on a quota: `12 of 40 (+2)`.
pub(crate) fn effect(line: &QuotaLine) -> String {
    let (used, limit) = (line.after(), line.limit);
    match line.takes {
        _ if line.exceeds() => text!("quota-too-much", used = used, limit = limit, more = used - limit),
        0 => text!("quota-effect", used = used, limit = limit),
        takes if takes < 0 => {
            text!(
                "quota-less",
                used = used,
                limit = limit,
                takes = takes.unsigned_abs()
            )
        }
        takes => text!("quota-more", used = used, limit = limit, takes = takes),
    }
}

/// The amount with the other pending requests: `With the 2 others waiting: 33`.
fn with_others(line: &QuotaLine) -> Option<AnyView> {
    let (count, total) = (line.others_waiting, line.with_others);
    let (class, words) = match (count, total > line.limit) {
        (0, _) => return None,
        (_, true) => (
            "meter-others caution",
            text!("quota-with-others-too-much", count = count, total = total),
        ),
        (_, false) => (
            "meter-others",
            text!("quota-with-others", count = count, total = total),
        ),
    };
    Some(view! { <span class=class>{words}</span> }.into_any())
}

/// The chosen control plane, the reason, and why others were ruled out.
pub(crate) fn placement(placement: &PlacementView) -> AnyView {
    let chosen = placement.chosen.as_ref().map(|chosen| {
        let candidate = placement
            .candidates
            .iter()
            .find(|candidate| candidate.plane == *chosen);
        let title = candidate.map_or_else(|| chosen.to_string(), |candidate| candidate.title.clone());
        let region = candidate.and_then(|candidate| candidate.region.clone());
        view! {
            <p>
                <strong>{title}</strong>
                {region.map(|region| view! { <span class="quiet">{format!(" {}", text!("placement-in-region", region = region))}</span> })}
            </p>
        }
    });
    let reason = (!placement.reason.is_empty()).then(|| {
        let class = if placement.chosen.is_some() {
            "quiet"
        } else {
            "problem"
        };
        view! { <p class=class>{placement.reason.clone()}</p> }
    });
    let others: Vec<_> = placement
        .candidates
        .iter()
        .filter(|candidate| Some(&candidate.plane) != placement.chosen.as_ref())
        .map(|candidate| {
            let why = match &candidate.not_chosen {
                Some(why) => why.clone(),
                None if candidate.ruled_out.is_empty() => text!("placement-as-well"),
                None => candidate.ruled_out.join("; "),
            };
            let why = format!("{}.", why.trim_end_matches('.'));
            view! { <li><strong>{candidate.title.clone()}</strong>": "<span class="quiet">{why}</span></li> }
        })
        .collect();
    let others = (!others.is_empty()).then(|| {
        let open = placement.chosen.is_none();
        view! {
            <details class="fold" open=open>
                <summary>{icon("right")}{text!("placement-why-not")}</summary>
                <ul role="list" class="lines">{others}</ul>
            </details>
        }
    });
    view! { {chosen}{reason}{others} }.into_any()
}

/// Whether approval is needed, and from whom.
pub(crate) fn approval(preview: &ApprovalPreview) -> AnyView {
    if let Some(why) = &preview.denied {
        return view! { <p class="problem">{icon("bad")}<span>{why.clone()}</span></p> }.into_any();
    }
    if preview.needed.is_empty() {
        return view! { <p class="line">{icon("ready")}<span>{text!("approval-none")}</span></p> }.into_any();
    }
    let needed: Vec<_> = preview
        .needed
        .iter()
        .map(|sentence| view! { <li class="line">{icon("clock")}<span>{sentence.clone()}</span></li> })
        .collect();
    view! { <ul role="list" class="lines">{needed}</ul> }.into_any()
}
