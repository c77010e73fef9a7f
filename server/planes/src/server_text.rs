//! What a Kubernetes API server tells by the text of its answers alone. Nothing else in Portico reads these texts; a test
//! holds them against a real API server (`tests/portico/server_text.rs`).
//!
//! Where a `Status` says the same in `reason`, `details` or a cause, that is read instead.

/// What a conflict is about that is none over fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// The object that was meant by its uid is not there, or another of its name is.
    OtherObject,
    /// Another write came between reading the object and writing it.
    OtherWrite,
    /// Something else: an admission webhook's own word, a `Usage` that forbids a deletion.
    Other,
}

/// What a conflict is about. A deletion: `the UID in the precondition (…) does not match the UID in record (…). …` or,
/// where it is noticed later, `Precondition failed: UID in precondition: …, UID in object meta: …`. An apply: `uid
/// mismatch: the provided object specified uid …, and no existing object was found`. Any write: `…: the object has been
/// modified; please apply your changes to the latest version and try again`.
pub(crate) fn conflict(message: &str) -> Conflict {
    let of_others = [
        "UID in precondition: ",
        "the UID in the precondition (",
        "uid mismatch: ",
    ];
    if of_others.iter().any(|text| message.contains(text)) {
        Conflict::OtherObject
    } else if message.contains("the object has been modified; please apply your changes") {
        Conflict::OtherWrite
    } else {
        Conflict::Other
    }
}

/// Whether an object is gone because another one took its name, and not because what was asked for expired.
pub(crate) fn is_of_another_object(message: &str) -> bool {
    conflict(message) == Conflict::OtherObject
}

/// Whether what was not found is this namespace: `namespaces "payments-dev" not found`.
pub(crate) fn is_missing_namespace(message: &str, namespace: &str) -> bool {
    message == format!("namespaces \"{namespace}\" not found")
}

/// What is on its way out, and so takes no new objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminating {
    Namespace,
    Definition,
}

/// What is on its way out, out of a refusal: `… is forbidden: unable to create new content in namespace a because it is
/// being terminated`, `… create not allowed while custom resource definition is terminating`.
pub(crate) fn terminating(message: &str) -> Option<Terminating> {
    if message.contains("while custom resource definition is terminating") {
        Some(Terminating::Definition)
    } else if message.contains("unable to create new content in namespace ")
        && message.ends_with(" because it is being terminated")
    {
        Some(Terminating::Namespace)
    } else {
        None
    }
}

/// The right that is missing, out of `pods "a" is forbidden: User "system:serviceaccount:b:c" cannot get resource "pods"
/// in API group "" in the namespace "d"`: without the name of the account that lacks it, for whoever reads this is
/// somebody else.
pub(crate) fn missing_right(message: &str) -> Option<String> {
    let (_, after) = message.split_once(" is forbidden: User \"")?;
    let (_, lacks) = after.split_once("\" cannot ")?;
    let (verb, rest) = lacks.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let quoted = |before: &str| Some(rest.split_once(before)?.1.split_once('"')?.0);
    let group = quoted("in API group \"").filter(|group| !group.is_empty());
    let group = group.map(|group| format!(".{group}")).unwrap_or_default();
    let place = quoted("in the namespace \"").map(|namespace| format!(" in {namespace}"));
    Some(format!(
        "the right to {verb} {resource}{group}{} is missing",
        place.unwrap_or_default()
    ))
}

/// Who manages a field, out of a cause of a conflict: `conflict with "kubectl-edit" using example.org/v1`.
pub(crate) fn manager(cause: &str) -> Option<String> {
    let (_, after) = cause.split_once("conflict with \"")?;
    Some(after.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhooks_own_words_are_not_taken_for_the_servers() {
        for message in [
            "admission webhook \"owner\" denied the request: set the uid of the owner",
            "the team's budget has been modified",
            "in use by 1 Usage(s)",
        ] {
            assert_eq!(conflict(message), Conflict::Other, "{message}");
        }
        assert!(!is_missing_namespace(
            "no place for payments in these namespaces",
            "payments"
        ));
        assert_eq!(
            terminating("the old plan is being terminated, choose another"),
            None
        );
    }
}
