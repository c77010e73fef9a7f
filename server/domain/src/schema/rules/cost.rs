//! What Kubernetes' functions cost, reckoned before they run: some make much of little.

use cel::common::types::{CelList, CelString};
use cel::common::value::CowVal;
use cel::{ExecutionError, FunctionContext};

use super::work::{self, of_bytes, weight};

/// More digits than this are asked of no number, before or after its point.
const DIGITS: usize = 400;

/// Takes what a call costs off the budget.
///
/// # Errors
/// When it costs more than is left.
pub(super) fn charge(name: &str, call: &FunctionContext<'_, '_>) -> Result<(), ExecutionError> {
    let this = call.this.as_ref();
    let values = || this.into_iter().chain(&call.args);
    let steps = match (name, this, call.args.as_slice()) {
        ("replace", Some(this), [from, to, ..]) => {
            let places = length(this) / length(from).max(1) + 1;
            of_bytes(length(this).saturating_add(places.saturating_mul(length(to))))
        }
        ("split", Some(this), _) => length(this),
        ("join", Some(this), [between]) => of_bytes(items(this).saturating_mul(length(between))),
        ("format", Some(this), _) => format(this, &call.args),
        ("sets.contains" | "sets.equivalent" | "sets.intersects", _, [left, right]) => {
            weight(left.as_ref()).saturating_mul(weight(right.as_ref()))
        }
        ("quantity" | "isQuantity", _, [text]) if has_huge_exponent(text) => usize::MAX,
        _ => 0,
    };
    let handed_over: usize = values().map(|value| weight(value.as_ref()) - 1).sum();
    work::charge(steps.saturating_add(handed_over))
}

/// Each placeholder may repeat the heaviest argument, or ask for digits without end.
fn format(template: &CowVal<'_, '_>, args: &[CowVal<'_, '_>]) -> usize {
    let Some(text) = template.downcast_ref::<CelString>() else {
        return 0;
    };
    let mut places = 0_usize;
    for part in text.inner().split('%').skip(1) {
        places += 1;
        let digits = part.trim_start_matches('.');
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if end > 0
            && digits[..end]
                .parse::<usize>()
                .is_ok_and(|digits| digits <= DIGITS)
        {
            continue;
        }
        if end > 0 {
            return usize::MAX;
        }
    }
    let heaviest: usize = args.iter().map(|arg| weight(arg.as_ref())).sum();
    places.saturating_mul(heaviest)
}

fn has_huge_exponent(text: &CowVal<'_, '_>) -> bool {
    let Some(text) = text.downcast_ref::<CelString>() else {
        return false;
    };
    let Some((_, exponent)) = text.inner().trim_end().rsplit_once(['e', 'E']) else {
        return false;
    };
    let digits = exponent.trim_start_matches(['+', '-']);
    // What has too many digits to be read is huge, too; what is no number is no exponent.
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<usize>().map_or(true, |exponent| exponent > DIGITS)
}

fn length(value: &CowVal<'_, '_>) -> usize {
    value
        .downcast_ref::<CelString>()
        .map_or(0, |text| text.inner().len())
}

fn items(value: &CowVal<'_, '_>) -> usize {
    value
        .downcast_ref::<CelList>()
        .map_or(0, |list| list.inner().len())
}
