use leptos::prelude::*;
use portico_api::{Link, ReadySeconds, ReadyTimes, UsagePage};

use super::numbers;
use crate::parts::chart::{Alternative, Bar, bars};
use crate::parts::duration;
use crate::parts::text::{counted, grouped};

/// How long claims took until they were ready, by offering.
pub(super) fn section(page: &UsagePage) -> AnyView {
    let most = page.ready_times.iter().filter_map(|times| times.seconds);
    let most = most.map(|seconds| number(seconds.p90)).fold(0.0, f64::max);
    let body = if page.ready_times.is_empty() {
        view! { <p class="chart-none quiet">"No claim became ready in this time."</p> }.into_any()
    } else {
        let offerings: Vec<_> = page
            .ready_times
            .iter()
            .enumerate()
            .map(|(index, times)| offering(index, times, most))
            .collect();
        view! { <ul role="list" class="usage-ready">{offerings}</ul>{table(&page.ready_times)} }.into_any()
    };
    view! {
        <section class="usage-part" aria-labelledby="usage-ready">
            <div class="section-head"><h2 id="usage-ready">"Time to ready"</h2><p class="quiet">"From the creation of a claim until it could be used."</p></div>
            {body}
        </section>
    }
    .into_any()
}

fn offering(index: usize, times: &ReadyTimes, most: f64) -> impl IntoView + use<> {
    let count = counted(times.claims, "claim", "claims");
    let body = match times.seconds {
        Some(seconds) => chart(index, times, seconds, most),
        None => view! { <p class="quiet">"Too few to say: it takes 5 claims to compare."</p> }.into_any(),
    };
    view! {
        <li>
            <div class="usage-resource-head">
                <h3><a href=Link::Offering(times.offering.clone()).to_string()>{times.offering_title.clone()}</a></h3>
                <p class="quiet">{count}</p>
            </div>
            {body}
        </li>
    }
}

fn chart(index: usize, times: &ReadyTimes, seconds: ReadySeconds, most: f64) -> AnyView {
    let (half, most_of_them) = (duration(seconds.p50), duration(seconds.p90));
    let alternative = Alternative {
        id: format!("chart-ready-{index}"),
        title: format!("Time to ready of {}", times.offering_title),
        finding: format!(
            "Half of {} were ready within {half}, nine of ten within {most_of_them}.",
            counted(times.claims, "claim", "claims")
        ),
    };
    let bar = |class, label, words, value| Bar {
        class,
        label,
        words,
        value: number(value),
    };
    let lines = [
        bar("half", "Half", half, seconds.p50),
        bar("nine", "9 of 10", most_of_them, seconds.p90),
    ];
    bars(&alternative, &lines, most)
}

fn table(times: &[ReadyTimes]) -> AnyView {
    let heads = ["Claims", "Half within (p50)", "9 of 10 within (p90)"].map(str::to_owned);
    let rows = times.iter().map(|times| {
        let seconds = |of: fn(ReadySeconds) -> u64| {
            let seconds = times.seconds.map(of);
            seconds.map_or_else(
                || "–".to_owned(),
                |seconds| format!("{} s", portico_api::words::grouped(&seconds.to_string())),
            )
        };
        let cells = vec![grouped(times.claims), seconds(|it| it.p50), seconds(|it| it.p90)];
        (times.offering_title.clone(), cells)
    });
    numbers("Times to ready in numbers".to_owned(), "Offering", &heads, rows)
}

/// Seconds as a length: times are far below 2^32 seconds.
fn number(seconds: u64) -> f64 {
    f64::from(u32::try_from(seconds).unwrap_or(u32::MAX))
}
