//! How far a new claim is: its steps with their times, and how long others took.

use leptos::prelude::*;
use portico_api::{ClaimPage, Frame, Progress, ProgressStep};

use crate::parts::{duration, exact, icon};

pub(super) fn section(frame: &Frame, page: &ClaimPage) -> Option<AnyView> {
    let progress = page.progress.as_ref()?;
    let request = page.history.first().map(|request| request.href.to_string());
    let steps: Vec<_> = progress
        .steps
        .iter()
        .enumerate()
        .map(|(index, each)| {
            let href = request.clone().filter(|_| index == 0);
            step(frame, each, index, progress.current, href)
        })
        .collect();
    Some(
        view! {
            <section class="progress" aria-label="Progress">
                <ol role="list" class="steps across">{steps}</ol>
                {elapsed(progress)}
            </section>
        }
        .into_any(),
    )
}

fn step(frame: &Frame, step: &ProgressStep, index: usize, current: usize, href: Option<String>) -> AnyView {
    let (class, mark, words) = match index.cmp(&current) {
        std::cmp::Ordering::Less => ("step done", "ready", "Done"),
        std::cmp::Ordering::Equal => ("step current", "pending", "Now"),
        std::cmp::Ordering::Greater => ("step", "pending", "Still to come"),
    };
    let when = step.at.map(|at| {
        let words = step.seconds.map_or_else(
            || crate::parts::relative(frame.now, at),
            |seconds| format!("after {}", duration(seconds)),
        );
        view! { <time datetime=at.to_string() title=exact(at)>{words}</time> }
    });
    let title = match href {
        Some(href) => view! { <a href=href>{step.title.clone()}</a> }.into_any(),
        None => step.title.clone().into_any(),
    };
    view! {
        <li class=class aria-current=(index == current).then_some("step")>
            <span class="step-mark">{icon(mark)}<span class="unseen">{words}": "</span></span>
            <div>
                <p><strong>{title}</strong></p>
                <p class="step-by">{when}</p>
            </div>
        </li>
    }
    .into_any()
}

/// How long it has taken so far, against how long others took.
fn elapsed(progress: &Progress) -> Option<AnyView> {
    let (so_far, usual) = (progress.elapsed_seconds, progress.usual_seconds);
    let words = match usual {
        _ if so_far == 0 => format!("Usually ready {} after it is applied.", duration(usual?)),
        None => format!("{} so far.", duration(so_far)),
        Some(usual) if so_far > usual.saturating_mul(2) => {
            format!(
                "{} so far: longer than usual, which is {}.",
                duration(so_far),
                duration(usual)
            )
        }
        Some(usual) => format!("{} so far, usually {}.", duration(so_far), duration(usual)),
    };
    // Never full: it is not ready before it says so.
    let bar = usual.filter(|usual| *usual > 0).map(|usual| {
        let most = usual.max(so_far).saturating_mul(20) / 19;
        view! { <progress max=most.to_string() value=so_far.to_string() aria-label="Time so far" /> }
    });
    Some(view! { <div class="so-far">{bar}<p class="quiet">{words}</p></div> }.into_any())
}
