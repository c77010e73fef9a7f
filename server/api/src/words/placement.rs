use portico_domain::placement::{
    Comparison, Exclusion, LabelSource, NotUsable, PlacementFactor, PlacementReason, Point,
};

/// Why placement chose a control plane, or none, as a sentence.
#[must_use]
pub fn placement_reason(reason: &PlacementReason) -> String {
    match reason {
        PlacementReason::Existing { plane } => format!("{plane}: it runs there."),
        PlacementReason::NoneGranted { tenant } => {
            format!("{tenant} may use no control plane. A platform administrator can grant it one.")
        }
        PlacementReason::NoneFits { offering } => {
            format!("No control plane can serve {offering} here just now.")
        }
        PlacementReason::Chosen { plane, factors } => {
            let factors: Vec<String> = factors.iter().map(factor).collect();
            format!("{plane}: {}.", factors.join(", and "))
        }
        PlacementReason::Other { text } => text.clone(),
    }
}

fn factor(factor: &PlacementFactor) -> String {
    match factor {
        PlacementFactor::Dedicated { tenant } => format!("it is {tenant}’s own"),
        PlacementFactor::Requested => "it was requested".to_owned(),
        PlacementFactor::InRegion { region } => format!("it is in {region}, as requested"),
        PlacementFactor::OnlyGranted { tenant } => format!("it is the only one that {tenant} may use"),
        PlacementFactor::OnlyAvailable => "it is the only one that takes it now".to_owned(),
        PlacementFactor::OnlyServing { offering } => format!("it is the only one that serves {offering}"),
        PlacementFactor::Preferred { labels } => {
            format!("it has {}, which is preferred here", labels.join(" and "))
        }
        PlacementFactor::LeastFull {
            among,
            claims,
            capacity,
        } => {
            let load = load(*claims, *capacity);
            format!("it is the least full of {among} that would do ({load})")
        }
        PlacementFactor::FirstOfLight { among } => {
            format!("it is the first by name of {among} that are about equally full")
        }
        PlacementFactor::Shown => "it was shown before, and no other is much less full".to_owned(),
        PlacementFactor::Weight => "it has more weight than another".to_owned(),
        PlacementFactor::Spread {
            over,
            value,
            offering,
            claims,
            of,
        } => {
            let place = place(over, value.as_deref());
            match claims {
                0 if *of == 1 => format!("the only {offering} claim here is not {place}"),
                0 => format!("none of the {of} {offering} claims here is {place} yet"),
                1 => format!("only one of the {of} {offering} claims here is {place}"),
                claims => format!("only {claims} of the {of} {offering} claims here are {place}"),
            }
        }
        PlacementFactor::Service { publisher } => format!("{publisher} publishes it"),
        PlacementFactor::First => "it comes before the others that would do".to_owned(),
        PlacementFactor::Serves { offering } => format!("it serves {offering}"),
    }
}

/// Why a control plane that could serve the claim was not chosen, without a capital letter and a full stop.
#[must_use]
pub fn comparison(comparison: &Comparison) -> String {
    match comparison {
        Comparison::Shared { tenant } => {
            format!("it is shared, and {tenant} has one of its own that takes it")
        }
        Comparison::Claimed => {
            "it was itself requested for a purpose, so it takes other claims only when it is chosen by hand"
                .to_owned()
        }
        Comparison::Service => "it is another team’s service, which comes last".to_owned(),
        Comparison::Behind { ahead, behind } => {
            let ahead: Vec<String> = ahead.iter().map(point_ahead).collect();
            let behind: Vec<String> = behind.iter().map(point_behind).collect();
            let behind = behind.join(", and ");
            match ahead.as_slice() {
                [] => behind,
                ahead => format!("{}, but {behind}", ahead.join(" and ")),
            }
        }
        Comparison::Fuller { claims, capacity } => format!("it is fuller ({})", load(*claims, *capacity)),
        Comparison::ShownStays => "it would do as well, and the one that was shown before is kept".to_owned(),
        Comparison::Later => "it would do as well, and comes later by name".to_owned(),
    }
}

fn point_ahead(point: &Point) -> String {
    match point {
        Point::Labels { labels } => format!("it is nearer to the preference for {}", labels.join(" and ")),
        Point::Weight => "it has more weight".to_owned(),
        Point::Spread { over, offering, .. } => {
            format!(
                "it would spread the {offering} claims here better over {}",
                short(over)
            )
        }
    }
}

fn point_behind(point: &Point) -> String {
    match point {
        Point::Labels { labels } => format!("it lacks {}, which is preferred here", labels.join(" and ")),
        Point::Weight => "it has less weight".to_owned(),
        Point::Spread {
            over,
            value,
            offering,
            claims,
            of,
        } => already(over, value.as_deref(), offering, *claims, *of),
    }
}

/// How many of an environment's claims have a value: "3 of the 4 PostgreSQL claims here are already in region eu".
fn already(over: &str, value: Option<&str>, offering: &str, claims: u32, of: u32) -> String {
    let place = place(over, value);
    match (claims, of) {
        (1, 1) => format!("the only {offering} claim here is already {place}"),
        (1, of) => format!("one of the {of} {offering} claims here is already {place}"),
        (claims, of) if claims == of => format!("all {of} {offering} claims here are already {place}"),
        (claims, of) => format!("{claims} of the {of} {offering} claims here are already {place}"),
    }
}

/// "in region eu".
fn place(over: &str, value: Option<&str>) -> String {
    let over = short(over);
    match value {
        Some(value) => format!("in {over} {value}"),
        None => format!("without a {over}"),
    }
}

/// The name of a label without its prefix.
fn short(label: &str) -> &str {
    label.rsplit_once('/').map_or(label, |(_, name)| name)
}

fn load(claims: usize, capacity: Option<u32>) -> String {
    capacity.map_or_else(
        || format!("{claims} claims"),
        |capacity| format!("{claims} of {capacity} claims"),
    )
}

/// Why a control plane is ruled out, without a capital letter and a full stop.
#[must_use]
pub fn exclusion(exclusion: &Exclusion) -> String {
    match exclusion {
        Exclusion::OtherPlaneRequested => "another control plane was requested".to_owned(),
        Exclusion::OtherRegion {
            region: Some(region),
            requested,
        } => format!("it is in {region}, and {requested} was requested"),
        Exclusion::OtherRegion {
            region: None,
            requested,
        } => format!("it has no region, and {requested} was requested"),
        Exclusion::OtherEnvironment { environment } => format!("it does not serve {environment}"),
        Exclusion::MissingLabel {
            required_by,
            key,
            value,
        } => {
            let whose = match required_by {
                LabelSource::Request => "the request",
                LabelSource::Environment => "the environment",
                LabelSource::Offering => "the offering",
            };
            format!("{whose} needs the label {key}={value}, which it does not have")
        }
        Exclusion::NotServed { offering } => format!("it does not serve {offering}"),
        Exclusion::Unusable { offering, problem } => format!("its {offering} cannot be used: {problem}"),
        Exclusion::Cordoned { reason: None } => "it is cordoned: it takes no new claims".to_owned(),
        Exclusion::Cordoned { reason: Some(reason) } => {
            format!("it is cordoned: it takes no new claims ({reason})")
        }
        Exclusion::Maintenance { until, reason } => {
            let until = until.strftime("%-d %b %H:%M UTC");
            match reason {
                None => format!("it is being worked on until {until}"),
                Some(reason) => format!("it is being worked on until {until} ({reason})"),
            }
        }
        Exclusion::NotUsable { why } => not_usable(why),
        Exclusion::Full { claims, capacity } => format!("it is full: it has {claims} of {capacity} claims"),
        Exclusion::NotSpread { over, offering } => {
            let over = short(over);
            format!("{offering} claims must be spread over {over} here, and it has no {over}")
        }
        Exclusion::Spread {
            over,
            offering,
            value: None,
            ..
        } => {
            let over = short(over);
            format!(
                "{offering} claims must be spread over {over} here, and there are more where it is than elsewhere"
            )
        }
        Exclusion::Spread {
            over,
            offering,
            value,
            claims,
            of,
        } => {
            let over_value = already(over, value.as_deref(), offering, *claims, *of);
            format!("{over_value}, and they must be spread over {}", short(over))
        }
        Exclusion::Other { text } => text.clone(),
    }
}

fn not_usable(why: &NotUsable) -> String {
    match why {
        NotUsable::Misconfigured => "it is not set up correctly".to_owned(),
        NotUsable::Connecting => "it is still being connected to".to_owned(),
        NotUsable::Unreachable { since: None } => "it does not answer".to_owned(),
        NotUsable::Unreachable { since: Some(since) } => {
            format!("it has not answered since {}", since.strftime("%-d %b %H:%M UTC"))
        }
        NotUsable::MayNotRead => "Portico may not read it there".to_owned(),
        NotUsable::MayNotCreate => "Portico may not create it there".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(factors: Vec<PlacementFactor>) -> String {
        placement_reason(&PlacementReason::Chosen {
            plane: "EU shared".into(),
            factors,
        })
    }

    #[test]
    fn says_why_a_control_plane_was_chosen() {
        let (tenant, offering) = (|| "Payments".to_owned(), || "PostgreSQL".to_owned());
        for (factor, said) in [
            (
                PlacementFactor::OnlyGranted { tenant: tenant() },
                "EU shared: it is the only one that Payments may use.",
            ),
            (
                PlacementFactor::OnlyServing { offering: offering() },
                "EU shared: it is the only one that serves PostgreSQL.",
            ),
            (
                PlacementFactor::OnlyAvailable,
                "EU shared: it is the only one that takes it now.",
            ),
            (
                PlacementFactor::First,
                "EU shared: it comes before the others that would do.",
            ),
            (
                PlacementFactor::Serves { offering: offering() },
                "EU shared: it serves PostgreSQL.",
            ),
        ] {
            assert_eq!(chosen(vec![factor]), said);
        }
        let least_full = |capacity| PlacementFactor::LeastFull {
            among: 2,
            claims: 3,
            capacity,
        };
        assert_eq!(
            chosen(vec![
                PlacementFactor::Dedicated { tenant: tenant() },
                least_full(Some(100))
            ]),
            "EU shared: it is Payments’s own, and it is the least full of 2 that would do (3 of 100 claims)."
        );
        let region = "eu".to_owned();
        assert_eq!(
            chosen(vec![PlacementFactor::InRegion { region }, least_full(None)]),
            "EU shared: it is in eu, as requested, and it is the least full of 2 that would do (3 claims)."
        );
    }

    #[test]
    fn says_how_few_claims_are_there() {
        for (claims, of, said) in [
            (
                0,
                1,
                "EU shared: the only PostgreSQL claim here is not in zone a.",
            ),
            (
                0,
                2,
                "EU shared: none of the 2 PostgreSQL claims here is in zone a yet.",
            ),
            (
                1,
                4,
                "EU shared: only one of the 4 PostgreSQL claims here is in zone a.",
            ),
            (
                2,
                5,
                "EU shared: only 2 of the 5 PostgreSQL claims here are in zone a.",
            ),
        ] {
            let factor = PlacementFactor::Spread {
                over: "example.org/zone".into(),
                value: Some("a".into()),
                offering: "PostgreSQL".into(),
                claims,
                of,
            };
            assert_eq!(chosen(vec![factor]), said);
        }
    }

    #[test]
    fn says_why_another_that_would_do_was_not_chosen() {
        let labels = || vec!["region=eu".to_owned()];
        let spread = |claims, of| Point::Spread {
            over: "topology.kubernetes.io/region".into(),
            value: Some("eu".into()),
            offering: "PostgreSQL".into(),
            claims,
            of,
        };
        for (code, said) in [
            (
                Comparison::Behind {
                    ahead: vec![Point::Labels { labels: labels() }],
                    behind: vec![spread(3, 4)],
                },
                "it is nearer to the preference for region=eu, but 3 of the 4 PostgreSQL claims here are already in \
                 region eu",
            ),
            (
                Comparison::Behind {
                    ahead: vec![spread(2, 2)],
                    behind: vec![Point::Labels { labels: labels() }, Point::Weight],
                },
                "it would spread the PostgreSQL claims here better over region, but it lacks region=eu, which is \
                 preferred here, and it has less weight",
            ),
            (
                Comparison::Behind {
                    ahead: Vec::new(),
                    behind: vec![spread(1, 1)],
                },
                "the only PostgreSQL claim here is already in region eu",
            ),
            (
                Comparison::Fuller {
                    claims: 80,
                    capacity: Some(100),
                },
                "it is fuller (80 of 100 claims)",
            ),
            (Comparison::Later, "it would do as well, and comes later by name"),
        ] {
            assert_eq!(comparison(&code), said);
        }
        assert_eq!(
            exclusion(&Exclusion::Spread {
                over: "zone".into(),
                offering: "PostgreSQL".into(),
                value: Some("a".into()),
                claims: 2,
                of: 3,
            }),
            "2 of the 3 PostgreSQL claims here are already in zone a, and they must be spread over zone"
        );
    }

    #[test]
    fn says_why_there_is_no_control_plane() {
        let tenant = "Payments".into();
        assert_eq!(
            placement_reason(&PlacementReason::NoneGranted { tenant }),
            "Payments may use no control plane. A platform administrator can grant it one."
        );
        let offering = "PostgreSQL".into();
        assert_eq!(
            placement_reason(&PlacementReason::NoneFits { offering }),
            "No control plane can serve PostgreSQL here just now."
        );
    }

    #[test]
    fn says_what_rules_a_control_plane_out() {
        let bare = "it is cordoned: it takes no new claims";
        assert_eq!(exclusion(&Exclusion::Cordoned { reason: None }), bare);
        let reason = Some("it is rebuilt on Friday".to_owned());
        assert_eq!(
            exclusion(&Exclusion::Cordoned { reason }),
            format!("{bare} (it is rebuilt on Friday)")
        );
        let requested = || "eu".to_owned();
        for (code, said) in [
            (
                Exclusion::OtherRegion {
                    region: Some("us".into()),
                    requested: requested(),
                },
                "it is in us, and eu was requested",
            ),
            (
                Exclusion::OtherRegion {
                    region: None,
                    requested: requested(),
                },
                "it has no region, and eu was requested",
            ),
            (
                Exclusion::OtherEnvironment {
                    environment: "production".into(),
                },
                "it does not serve production",
            ),
            (
                Exclusion::MissingLabel {
                    required_by: LabelSource::Environment,
                    key: "tier".into(),
                    value: "gold".into(),
                },
                "the environment needs the label tier=gold, which it does not have",
            ),
            (
                Exclusion::NotServed {
                    offering: "PostgreSQL".into(),
                },
                "it does not serve PostgreSQL",
            ),
            (
                Exclusion::Full {
                    claims: 100,
                    capacity: 100,
                },
                "it is full: it has 100 of 100 claims",
            ),
            (
                Exclusion::NotUsable {
                    why: NotUsable::Unreachable { since: None },
                },
                "it does not answer",
            ),
            (
                Exclusion::NotUsable {
                    why: NotUsable::Unreachable {
                        since: Some("2026-03-01T09:05:00Z".parse().unwrap()),
                    },
                },
                "it has not answered since 1 Mar 09:05 UTC",
            ),
            (
                Exclusion::NotUsable {
                    why: NotUsable::MayNotCreate,
                },
                "Portico may not create it there",
            ),
        ] {
            assert_eq!(exclusion(&code), said);
        }
    }
}
