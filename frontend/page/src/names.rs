//! Names of form inputs other than the fields of a claim. Those are JSON pointers and begin with `/`.

/// The CSRF token, in every form.
pub const CSRF: &str = "_csrf";
/// The claim's name, or a token's.
pub const NAME: &str = "_name";
/// The plan.
pub const PLAN: &str = "_plan";
/// The plan with which the form was made, so that its presets can be replaced by another plan's.
pub const PLAN_WAS: &str = "_plan_was";
/// `request_id` of the view model of a form, of a deletion or of a claim: sending a form twice creates one request.
pub const REQUEST: &str = "_request";
/// The preferred region; empty for any.
pub const REGION: &str = "_region";
/// The preferred control plane; empty for any.
pub const PLANE: &str = "_plane";
/// The requester's note.
pub const NOTE: &str = "_note";
/// Prefix of a label's key: the value that the control plane's label must have.
pub const LABEL: &str = "_label:";
/// `RequestFormPage::schema_hash` of the view model when the form was made.
pub const SCHEMA: &str = "_schema";
/// A health rule: `ready` of `health` in the offering's document.
pub const HEALTH_READY: &str = "_ready";
/// A health rule: `failed`.
pub const HEALTH_FAILED: &str = "_failed";
/// A health rule: `message`.
pub const HEALTH_MESSAGE: &str = "_message";
/// The control plane that the view model's placement chose when the form was made.
pub const PLACED: &str = "_placed";
/// `RequestFormPage::live_hash` of the view model when the form was made.
pub const LIVE: &str = "_live";
/// `RequestFormPage::whole` of the view model: the object, if the form does not show all of it.
pub const WHOLE: &str = "_whole";
/// `RequestFormPage::kept` of the view model: values entered for another control plane that have no field here.
pub const KEPT: &str = "_kept";
/// The object as YAML; used when [`TAB`] is `yaml`.
pub const YAML: &str = "_yaml";
/// The posted tab: `form` or `yaml`.
pub const TAB: &str = "_tab";
/// The action of a button. In the request form: `update` (make the form again, for another plan or region), `review`
/// (check everything, with the control plane's dry run), `submit`, `tab:form`, `tab:yaml`, and those of
/// `portico_form::Control` (`add:`, `remove:`, `up:`, `down:`, `branch:`). The Enter key sends a form without one,
/// which counts as `review`, so the form's first button is a `review`.
pub const DO: &str = "_do";
/// `RequestPage::revision` of the view model, with a decision.
pub const REVISION: &str = "_revision";
/// `approve` or `reject` of a request; [`ACCEPT`] or [`REFUSE`] of a permission.
pub const DECISION: &str = "_decision";
/// Accepts a permission.
pub const ACCEPT: &str = "accept";
/// Refuses a permission.
pub const REFUSE: &str = "refuse";
/// The permission that is decided on.
pub const PERMISSION: &str = "_permission";
/// `PermissionView::asked` of the view model: a decision on something else is refused.
pub const ASKED: &str = "_asked";
/// The approver's comment.
pub const COMMENT: &str = "_comment";
/// `DeletePage::uid` of the view model of the page: another claim created under the name is not deleted.
pub const UID: &str = "_uid";
/// `PlaneResidents::hash` of the view model: something else on the control plane is not abandoned.
pub const RESIDENTS: &str = "_residents";
/// Set once the form was sent or reviewed: the list of problems stays.
pub const TRIED: &str = "_tried";
/// Set if the claims on a control plane that is deleted are to be abandoned.
pub const ABANDON: &str = "_abandon";
/// Fields to take over from other field managers: one value each.
pub const TAKE_OVER: &str = "_take_over";
/// One of several claims, as `plane/offering/namespace/name`: one value each.
pub const CLAIM: &str = "claim";
/// An offering, in addresses.
pub const OFFERING: &str = "offering";
/// What is done with several claims: the slug of a `SeveralAction`.
pub const ACTION: &str = "action";
/// The claim's name, typed to confirm its deletion; for several claims their number.
pub const CONFIRM: &str = "_confirm";
/// The key of a secret to reveal, [`ALL_KEYS`] or [`ADDRESS_KEY`].
pub const KEY: &str = "_key";
/// All keys of a secret at once; no key of a secret can have this name.
pub const ALL_KEYS: &str = "*";
/// The whole URL, made of parts of the secret; no key of a secret can have this name.
pub const ADDRESS_KEY: &str = "@address";
/// `tenant/environment`: posted to `/switch`, and with a request form as its workspace, so that the form does not
/// follow a switch in another tab.
pub const WORKSPACE: &str = "_work_in";
/// Why a control plane is cordoned.
pub const REASON: &str = "_reason";
/// The cluster that is on record for a control plane.
pub const CLUSTER_WAS: &str = "was";
/// The cluster that answers for it now; empty if it does not say who it is.
pub const CLUSTER_IS: &str = "is";
/// The changed definition to try, as YAML.
pub const DEFINITION: &str = "_definition";
/// The validity of a token in days.
pub const DAYS: &str = "_days";
/// The scope of a token: `TokenScope::slug`.
pub const SCOPE: &str = "_scope";
/// The path to return to.
pub const RETURN_TO: &str = "_return_to";
/// The language that somebody chose.
pub const LANGUAGE: &str = "_language";

/// A header of requests for a list that the person searches, so that the server remembers their filter.
pub const SEARCH_HEADER: &str = "x-portico-search";

/// A session's id.
pub const SESSION: &str = "session";

/// An API token's id.
pub const TOKEN: &str = "token";

/// The name of an input of one of several claims: `of` that claim, which is written as in [`CLAIM`].
#[must_use]
pub fn of_claim(of: &str, claim: &str) -> String {
    format!("{of}:{claim}")
}
