//! The words that operators use for states: their meaning, and how to show them.

/// What an operator's word for a state means, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// Something is wrong.
    Failed,
    /// It was told to stop.
    Paused,
    /// Work is in progress.
    Working,
    /// An unknown word.
    Unknown,
    /// It works.
    Ready,
}

/// Words that mean "works" if they are the last word.
const READY: &[&str] = &[
    "accepted",
    "active",
    "alive",
    "applied",
    "available",
    "bound",
    "complete",
    "completed",
    "configured",
    "connected",
    "created",
    "deployed",
    "done",
    "enabled",
    "established",
    "finished",
    "good",
    "green",
    "healthy",
    "installed",
    "live",
    "normal",
    "ok",
    "okay",
    "online",
    "operational",
    "programmed",
    "provisioned",
    "ready",
    "reconciled",
    "resolved",
    "running",
    "serving",
    "stable",
    "succeeded",
    "success",
    "successful",
    "synced",
    "synchronized",
    "true",
    "up",
];

/// Words that negate their neighbour: `NotReady`, `OutOfSync`, `partially available`.
const NEGATIONS: &[&str] = &[
    "not",
    "no",
    "non",
    "out",
    "never",
    "without",
    "partially",
    "partly",
    "almost",
    "nearly",
    "un",
];

/// Words that mean "in progress", besides [`WORKING_STEMS`].
const WORKING: &[&str] = &[
    "pending",
    "new",
    "queued",
    "requested",
    "scheduled",
    "submitted",
    "inprogress",
    "progress",
    "unready",
    "unsynced",
    "bootstrap",
    "init",
];

/// Stems of words in `-ing` that mean "in progress": `Creating`, `backing-up`.
const WORKING_STEMS: &[&str] = &[
    "add",
    "allocat",
    "apply",
    "attach",
    "back",
    "bind",
    "boot",
    "bootstrap",
    "build",
    "catch",
    "chang",
    "clon",
    "configur",
    "connect",
    "convert",
    "copy",
    "creat",
    "delet",
    "deploy",
    "disabl",
    "download",
    "drain",
    "enabl",
    "expand",
    "form",
    "generat",
    "import",
    "initialis",
    "initializ",
    "install",
    "issu",
    "join",
    "load",
    "maintain",
    "migrat",
    "modify",
    "mount",
    "mov",
    "plan",
    "prepar",
    "process",
    "progress",
    "promot",
    "provision",
    "pull",
    "reboot",
    "rebuild",
    "reconcil",
    "recover",
    "register",
    "remov",
    "renew",
    "repair",
    "replicat",
    "request",
    "resiz",
    "restart",
    "restor",
    "resum",
    "roll",
    "rotat",
    "scal",
    "schedul",
    "set",
    "start",
    "stop",
    "switch",
    "sync",
    "terminat",
    "transition",
    "updat",
    "upgrad",
    "upload",
    "validat",
    "verify",
    "wait",
];

/// Words that mean "paused".
const PAUSED: &[&str] = &[
    "paused",
    "suspended",
    "hibernated",
    "sleeping",
    "stopped",
    "cordoned",
];

/// Parts of words that mean "failed".
const FAILURE: &[&str] = &[
    "error",
    "fail",
    "unavailable",
    "invalid",
    "denied",
    "forbidden",
    "exceeded",
    "backoff",
    "unhealthy",
    "unschedulable",
    "degraded",
    "degrading",
    "timeout",
    "timedout",
    "lost",
    "crash",
    "reject",
    "conflict",
    "abort",
    "broken",
    "unrecoverable",
    "stalled",
    "outofmemory",
    "offline",
];

/// Whole words that mean "failed".
const FAILED: &[&str] = &["down", "dead", "red", "critical", "missing"];

/// Returns the meaning of a word in any case and spelling: `CreateFailed`, `in-progress`, `Cluster in healthy state`.
pub(super) fn meaning(said: &str) -> Meaning {
    let words = split_words(said);
    let Some(last) = words.iter().rfind(|word| !is_filler(word)) else {
        return Meaning::Unknown;
    };
    let any = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let is_negated = any(NEGATIONS);
    if sounds_like_failure(said) || any(FAILED) {
        let of_none = words
            .first()
            .is_some_and(|first| matches!(first.as_str(), "no" | "without"));
        return if of_none { Meaning::Ready } else { Meaning::Failed };
    }
    if any(PAUSED) && !is_negated {
        return Meaning::Paused;
    }
    let is_ready = |word: &str| READY.contains(&word);
    let is_at_work = |word: &str| {
        let stem = word.strip_suffix("ing").map(undouble);
        WORKING.contains(&word) || stem.is_some_and(|stem| WORKING_STEMS.contains(&stem))
    };
    if words.iter().any(|word| is_at_work(word) && !is_ready(word)) {
        return Meaning::Working;
    }
    match (
        is_ready(last) || words.concat() == "uptodate" || words.concat() == "insync",
        is_negated,
    ) {
        (true, false) => Meaning::Ready,
        (true, true) => Meaning::Working,
        (false, _) => Meaning::Unknown,
    }
}

/// Returns the stem without a letter that doubles before `-ing`: `setting`, `stopping`, but `rolling`, `installing`.
fn undouble(stem: &str) -> &str {
    let mut letters = stem.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(before)) if last == before && !WORKING_STEMS.contains(&stem) => {
            stem.strip_suffix(last).unwrap_or(stem)
        }
        _ => stem,
    }
}

/// True for last words without meaning: `Running state`, `Ready phase`.
fn is_filler(word: &str) -> bool {
    matches!(word, "state" | "status" | "phase")
}

/// Returns the words of a text in lower case, split at `CamelCase`; at most twelve.
fn split_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut begin = true;
    let mut before_was_lower = false;
    for letter in text.chars().take(200) {
        if !letter.is_alphanumeric() {
            begin = true;
            before_was_lower = false;
            continue;
        }
        if begin || letter.is_uppercase() && before_was_lower {
            if words.len() == 12 {
                break;
            }
            words.push(String::new());
            begin = false;
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        before_was_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    words
}

/// True if a reason or message reports a failure.
pub(super) fn sounds_like_failure(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    FAILURE.iter().any(|sound| text.contains(sound))
}

/// True if a message says that something is waited for.
pub(super) fn sounds_like_waiting(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "wait",
        "pending",
        "progress",
        "not yet",
        "creating",
        "initializ",
        "provisioning",
        "starting",
        "retry",
    ]
    .iter()
    .any(|sound| text.contains(sound))
}

/// Converts a `CamelCase` reason to words: from a small dictionary, else split at capitals.
pub(super) fn humanize(reason: &str) -> String {
    match reason {
        "Creating" | "Provisioning" => return "Being created".to_owned(),
        "Unavailable" => return "Not available at the moment".to_owned(),
        "Pending" | "Progressing" | "InProgress" | "Reconciling" => return "Being worked on".to_owned(),
        "Deleting" | "Terminating" => return "Being deleted".to_owned(),
        _ => {}
    }
    if reason.contains(char::is_whitespace) {
        return reason.to_owned();
    }
    let mut words = String::new();
    let mut before_was_lower = false;
    for letter in reason.chars() {
        if letter.is_uppercase() && before_was_lower {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(if letter == '_' || letter == '-' {
                ' '
            } else {
                letter
            });
        }
        before_was_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_the_same_in_any_case_and_spelling() {
        for (word, expected) in [
            ("Running", Meaning::Ready),
            ("running", Meaning::Ready),
            ("RUNNING", Meaning::Ready),
            ("operational", Meaning::Ready),
            ("Cluster in healthy state", Meaning::Ready),
            ("UpToDate", Meaning::Ready),
            ("up-to-date", Meaning::Ready),
            ("ClusterRunning", Meaning::Ready),
            ("Finished", Meaning::Ready),
            ("CreateFailed", Meaning::Failed),
            ("failed", Meaning::Failed),
            ("UNHEALTHY", Meaning::Failed),
            ("Failing over", Meaning::Failed),
            ("SyncFailed", Meaning::Failed),
            ("incompatible-parameters-error", Meaning::Failed),
            ("Creating", Meaning::Working),
            ("in-progress", Meaning::Working),
            ("IN_PROGRESS", Meaning::Working),
            ("NotReady", Meaning::Working),
            ("Not ready", Meaning::Working),
            ("partially available", Meaning::Working),
            ("configuring-enhanced-monitoring", Meaning::Working),
            ("paused", Meaning::Paused),
            ("Suspended", Meaning::Paused),
            ("Purring", Meaning::Unknown),
            ("Setting up primary", Meaning::Working),
            ("stopping", Meaning::Working),
            ("NoErrors", Meaning::Ready),
            ("Quiescent", Meaning::Unknown),
            ("", Meaning::Unknown),
            ("***", Meaning::Unknown),
            ("v1.34.1", Meaning::Unknown),
        ] {
            assert_eq!(meaning(word), expected, "{word:?}");
        }
    }

    #[test]
    fn a_reason_reads_as_words() {
        assert_eq!(humanize("WaitingForVolume"), "Waiting for volume");
        assert_eq!(humanize("sync_failed"), "Sync failed");
        assert_eq!(humanize("Not enough disk space"), "Not enough disk space");
    }
}
