//! The person on whose behalf a call is made, and the impersonation headers for it.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use portico_domain::authz::{Granted, Operation, SystemAuthority};
use portico_domain::documents::PassedOn;
use portico_domain::tenancy::Viewer;

const USER: HeaderName = HeaderName::from_static("impersonate-user");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");

/// Longest name that is passed on, in bytes; well below the limit of a header.
const MAX_NAME_BYTES: usize = 1024;
/// Groups passed on at most: more would not fit into the request headers.
const MAX_GROUPS: usize = 500;

/// On whose behalf a call is made. A control plane with `actAs: person` gets the call in the person's name, any other
/// one in Portico's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// `None`: Portico itself. No person is ever mistaken for it, whatever their name.
    person: Option<Person>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Person {
    subject: String,
    provider: String,
    groups: BTreeSet<String>,
}

impl Actor {
    /// Portico itself: watches, and background work.
    #[must_use]
    pub fn system(_: &SystemAuthority) -> Self {
        Self::portico()
    }

    /// A person with their [`portico_domain::tenancy::Person::subject`] and the groups that the identity provider
    /// `provider` says they are in.
    #[must_use]
    pub fn requester(
        _: &SystemAuthority,
        subject: String,
        provider: String,
        groups: BTreeSet<String>,
    ) -> Self {
        Self::person(subject, provider, groups)
    }

    /// Portico itself: watching.
    pub(crate) fn portico() -> Self {
        Self { person: None }
    }

    fn person(subject: String, provider: String, groups: BTreeSet<String>) -> Self {
        Self {
            person: Some(Person {
                subject,
                provider,
                groups,
            }),
        }
    }

    /// True for Portico itself.
    #[must_use]
    pub fn is_portico(&self) -> bool {
        self.person.is_none()
    }
}

impl From<&Viewer> for Actor {
    fn from(viewer: &Viewer) -> Self {
        Self::person(
            viewer.person().subject.clone(),
            viewer.provider().to_owned(),
            viewer.groups().clone(),
        )
    }
}

impl<T, O: Operation> From<&Granted<T, O>> for Actor {
    fn from(grant: &Granted<T, O>) -> Self {
        Self::person(
            grant.person().subject.clone(),
            grant.provider().to_owned(),
            grant.groups().clone(),
        )
    }
}

/// The person's name cannot be passed on unchanged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidUserName;

/// The impersonation headers of a call (Kubernetes, "User impersonation"); empty for Portico itself. Groups that may
/// not be passed on are left out. A person whose name cannot be passed on is an error: without it the call would be
/// made as Portico.
pub(crate) fn impersonation(actor: &Actor, passed_on: &PassedOn) -> Result<HeaderMap, InvalidUserName> {
    let mut headers = HeaderMap::new();
    let Some(person) = &actor.person else {
        return Ok(headers);
    };
    headers.insert(USER, name(&person.subject).ok_or(InvalidUserName)?);
    let groups = person
        .groups
        .iter()
        .filter(|group| passed_on.lets_through(&person.provider, group));
    for group in groups.filter_map(|group| name(group)).take(MAX_GROUPS) {
        headers.append(GROUP, group);
    }
    Ok(headers)
}

/// A name as a header value, checked in the form in which it arrives: receivers trim white space (RFC 9110, section
/// 5.5), and proxies may split at commas. `None` if it would arrive as another name or as one in the `system:`
/// namespace.
fn name(text: &str) -> Option<HeaderValue> {
    let arrives_as_it_is = text.trim() == text && !text.is_empty() && text.len() <= MAX_NAME_BYTES;
    let known = |c: char| c.is_alphanumeric() || c == ' ' || c.is_ascii_punctuation();
    let own = |part: &str| {
        let part = part.trim();
        part.get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("system:"))
    };
    if !arrives_as_it_is || !text.chars().all(known) || text.split([',', ';']).any(own) {
        return None;
    }
    HeaderValue::from_bytes(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(
        subject: &str,
        groups: &[&str],
        passed_on: &PassedOn,
    ) -> Result<Vec<(String, String)>, InvalidUserName> {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let headers = impersonation(
            &Actor::person(subject.to_owned(), "sso".to_owned(), groups),
            passed_on,
        )?;
        Ok(headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8(value.as_bytes().to_vec()).unwrap();
                (name.to_string(), value)
            })
            .collect())
    }

    fn groups_sent(groups: &[&str], passed_on: &PassedOn) -> Vec<String> {
        let sent = sent("idp#dana", groups, passed_on).unwrap();
        sent.into_iter().skip(1).map(|(_, group)| group).collect()
    }

    #[test]
    fn does_not_pass_on_groups_of_another_provider() {
        let of = |provider: Option<&str>| PassedOn {
            provider: provider.map(str::to_owned),
            groups: vec!["auditors".to_owned()],
            ..PassedOn::default()
        };
        assert_eq!(groups_sent(&["auditors"], &of(None)), ["auditors"]);
        assert_eq!(groups_sent(&["auditors"], &of(Some("sso"))), ["auditors"]);
        assert_eq!(groups_sent(&["auditors"], &of(Some("partners"))), [""; 0]);
        let every = PassedOn {
            provider: Some("partners".to_owned()),
            ..PassedOn::default()
        };
        assert_eq!(groups_sent(&["auditors"], &every), [""; 0]);
    }

    #[test]
    fn passes_on_a_person_and_their_groups() {
        let everything = PassedOn::default();
        assert_eq!(
            sent(
                "https://sso.example.org#dana",
                &["payments-developers"],
                &everything
            ),
            Ok(vec![
                ("impersonate-user".into(), "https://sso.example.org#dana".into()),
                ("impersonate-group".into(), "payments-developers".into()),
            ])
        );
        let usual = [
            "/parent/child",
            "CN=Dev Team,OU=IT",
            "Entwickler Zürich",
            "a:b",
            "f0e1-2",
        ];
        let mut found = groups_sent(&usual, &everything);
        found.sort();
        assert_eq!(
            found,
            usual
                .iter()
                .copied()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn no_spelling_of_a_group_arrives_as_a_system_group() {
        let around = [
            "", " ", "\t", "  ", "\u{a0}", "\u{200b}", "\u{3000}", "\u{feff}", "\u{b}", "\u{c}", "\r", "\n",
            "\0",
        ];
        for word in [
            "system:masters",
            "SYSTEM:masters",
            "System:Masters",
            "system:",
            "system:nodes,x",
            "x,system:masters",
            "x, system:masters",
        ] {
            for before in around {
                for after in around {
                    let group = format!("{before}{word}{after}");
                    assert_eq!(groups_sent(&[&group], &PassedOn::default()), [""; 0], "{group:?}");
                    assert_eq!(
                        sent(&group, &[], &PassedOn::default()),
                        Err(InvalidUserName),
                        "{group:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn does_not_send_names_that_would_change_on_the_way() {
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        for group in [
            " team",
            "team ",
            "\tteam",
            "te\u{202e}am",
            "te\u{200b}am",
            "te\nam",
            "te\u{7f}am",
            "",
            " ",
            &long,
        ] {
            assert_eq!(groups_sent(&[group], &PassedOn::default()), [""; 0], "{group:?}");
            assert_eq!(
                sent(group, &[], &PassedOn::default()),
                Err(InvalidUserName),
                "{group:?}"
            );
        }
    }

    #[test]
    fn passes_on_only_groups_that_the_document_names() {
        let passed_on = PassedOn {
            provider: None,
            groups: vec!["auditors".into()],
            group_prefixes: vec!["payments-".into()],
        };
        let groups = [
            "auditors",
            "auditors2",
            "cluster-admins",
            "payments-developers",
            "xpayments-",
        ];
        assert_eq!(
            groups_sent(&groups, &passed_on),
            ["auditors", "payments-developers"]
        );
    }

    #[test]
    fn portico_impersonates_nobody_and_nobody_is_mistaken_for_it() {
        let everything = PassedOn::default();
        assert!(impersonation(&Actor::portico(), &everything).unwrap().is_empty());
        assert_eq!(sent("", &[], &everything), Err(InvalidUserName));
        assert!(!Actor::person(String::new(), String::new(), BTreeSet::new()).is_portico());
    }
}
