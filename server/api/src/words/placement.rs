use portico_domain::placement::{Exclusion, LabelSource, NotUsable, PlacementFactor, PlacementReason};

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
            let load = capacity.map_or_else(
                || format!("{claims} claims"),
                |capacity| format!("{claims} of {capacity} claims"),
            );
            format!("it is the least full of {among} that would do ({load})")
        }
        PlacementFactor::Service { publisher } => format!("{publisher} publishes it"),
        PlacementFactor::First => "it comes before the others that would do".to_owned(),
        PlacementFactor::Serves { offering } => format!("it serves {offering}"),
    }
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
