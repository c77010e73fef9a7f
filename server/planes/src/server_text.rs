//! Texts of the Kubernetes API server that Portico has to interpret, because its `Status` says the same nowhere else.
//! No other code interprets such texts; `tests/portico/server_text.rs` tests them against a real API server.

/// The cause of a conflict that is not about fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// The uid in the request belongs to no object, or not to the object with that name.
    OtherObject,
    /// Another write happened between the server's read and write.
    OtherWrite,
    /// Anything else, such as an admission webhook's message or a `Usage` that blocks a deletion.
    Other,
}

/// Classifies the message of a conflict.
///
/// - Deletion: `the UID in the precondition (…) does not match the UID in record (…). …` or `Precondition failed: UID
///   in precondition: …, UID in object meta: …`.
///
/// - Apply: `uid mismatch: the provided object specified uid …, and no existing object was found`.
///
/// - Any write: `…: the object has been modified; please apply your changes to the latest version and try again`.
pub(crate) fn conflict(message: &str) -> Conflict {
    let uid_texts = [
        "UID in precondition: ",
        "the UID in the precondition (",
        "uid mismatch: ",
    ];
    if uid_texts.iter().any(|text| message.contains(text)) {
        Conflict::OtherObject
    } else if message.contains("the object has been modified; please apply your changes") {
        Conflict::OtherWrite
    } else {
        Conflict::Other
    }
}

/// True if the object is gone because the uid did not match. 410 also means an expired watch version.
pub(crate) fn is_uid_mismatch(message: &str) -> bool {
    conflict(message) == Conflict::OtherObject
}

/// True if the namespace was not found: `namespaces "payments-dev" not found`.
pub(crate) fn is_missing_namespace(message: &str, namespace: &str) -> bool {
    message == format!("namespaces \"{namespace}\" not found")
}

/// What is being deleted and therefore accepts no new objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminating {
    Namespace,
    Definition,
}

/// Finds out from a refusal what is being deleted: `… is forbidden: unable to create new content in namespace a
/// because it is being terminated`, `… create not allowed while custom resource definition is terminating`.
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

/// The missing right from `pods "a" is forbidden: User "system:serviceaccount:b:c" cannot get resource "pods" in API
/// group "" in the namespace "d"`, without the name of the account: the reader is somebody else.
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

/// The field manager from a conflict's cause: `conflict with "kubectl-edit" using example.org/v1`.
pub(crate) fn manager(cause: &str) -> Option<String> {
    let (_, after) = cause.split_once("conflict with \"")?;
    Some(after.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_misread_messages_of_webhooks() {
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
