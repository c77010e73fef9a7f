# The page of a request, and approvals.
keys-off = Turn single-letter keys off
keys-on = Turn single-letter keys on
request-go-to-claim = Go to the claim
request-withdraw = Withdraw request
request-waits-for = Waits for { $who }
request-and = { $one } and { $other }
request-asked = asked { $when }
request-expires = expires { $when }
request-again = Ask again
request-decision = Decision
request-comment = Comment
request-send-comment = Comment
request-needed-to-reject = needed to reject
request-reads-this = { $name } reads this.
request-approve = Approve
request-reject = Reject
request-key-approves = { $keys } approves
request-key-rejects = { $keys } rejects
request-what-happened = What happened
request-add-comment = Add a comment
request-everybody-reads = Everybody who sees this request reads it.
request-step-failed = Failed
request-step-now = Now
request-step-done = Done
request-step-to-come = Still to come
request-nothing-differs = Nothing: it is { $against } as it stands.
request-what-differs = What differs from { $against }
request-take-over = Takes over { $fields } from others who set it.
request-what = What is requested
request-manifest = The whole manifest
request-manifest-frozen = What is approved and applied, unchanged since it was sent.
request-the-manifest = the manifest
request-the-manifest-of = the manifest of { $claim }
request-rules = Rules that require approval
quota = Quota
request-when = When
request-expires-head = Expires
request-if-nobody = If nobody decides before.
request-for = For
price = Price

# Steps of a request.
step-requested = Requested
step-approved = Approved
step-rejected = Rejected
step-approval-undone = Approved, and taken back
step-rejection-undone = Rejected, and taken back
step-waits = Waits for approval
step-apply = Apply it to the control plane
step-delete = Delete it on the control plane
step-applied = Applied to the control plane
step-deleted = Deleted on the control plane
step-refused = Refused by policy
step-withdrawn = Withdrawn
step-expired = Expired: nobody decided in time
step-failed = Failed
step-blocked = Cannot go on as things are
step-commented = Commented

# What a request waits for, or why it ended.
status-seconds = Applied within seconds: until then the approver can take it back
status-applying = Being applied to the control plane
status-rejected = Rejected by { $name }
status-rejected-why = Rejected by { $name }: { $comment }
status-expired = Nobody decided in time. Request it again if you still need it.

# What changes are compared with.
against-live = what is live
against-was-live = what was live
against-defaults = the defaults
against-plan = the plan { $plan }

# Approvals.
approvals-nobody = Nobody waits for you
approvals-nobody-hint = Requests that need your agreement appear here by themselves, the longest waiting first.
approvals-nobody-sentence = Nobody waits for you.
approvals-list = Requests that wait for you
approvals-key-move = next, previous
approvals-key-approve = approve
approvals-key-reject = reject
approvals-key-undo = undo
approvals-action-of = { $action } of { $offering }
approvals-why-you = Why it needs you
approvals-note-from = Note from { $name }
approvals-comments = Comments
approvals-quota = Quota with this one
approvals-price = Price:{ " " }
approvals-all-waiting = All requests that wait
approvals-asked = { $name } asked { $when }
approvals-all-about = All about this request
approvals-next = Open the next one
approvals-comment-anyway = Comment on it anyway.
approvals-taken-back = { $name } took it back: there is nothing left to decide.
approvals-you-approved = You approved it.
approvals-approved = { $name } approved it.
approvals-you-rejected = You rejected it.
approvals-rejected = { $name } rejected it.
approvals-refused = A policy refused it: there is nothing left to decide.
approvals-expired = It expired: nobody decided in time.
approvals-none-needed = It needs no decision.
track-first = { $name }: the first request here
track-applied = { $name }: { $applied } of { $ended } applied
track-rejected = { $count } rejected
track-failed = { $count } failed
track-claims = { $requests }. Claims here: { $claims }
track-health = { $count } { $health }

# Quota and control plane, beside a request.
quota-of = { $resource } of { $tenant }
quota-nearly-full = Nearly full:{ " " }
quota-effect = { $used } of { $limit }
quota-too-much = { $used } of { $limit }: too much by { $more }
quota-less = { $used } of { $limit } (−{ $takes })
quota-more = { $used } of { $limit } (+{ $takes })
quota-with-others =
    { $count ->
        [one] With the other one waiting: { $total }
       *[other] With the { $count } others waiting: { $total }
    }
quota-with-others-too-much =
    { $count ->
        [one] With the other one waiting: { $total }, which is too much
       *[other] With the { $count } others waiting: { $total }, which is too much
    }
placement-in-region = in { $region }
placement-as-well = it would do as well
placement-why-not = Why not another?
approval-none = None needed: it starts at once.

# A request as a sentence.
sentence =
    { $action ->
        [create] A { $offering }
        [create-an] An { $offering }
        [change] A change to the { $offering }
        [renew] Longer life for the { $offering }
        [adopt] Adoption of the { $offering }
       *[delete] The end of the { $offering }
    }{ $has_plan ->
        [yes] , { $plan },
       *[no] { "" }
    }{ $has_name ->
        [yes] { " " }named { $name }
       *[no] { "" }
    } in { $tenant }/{ $environment }{ $has_plane ->
        [yes] { " " }on { $plane }
       *[no] { "" }
    }{ $has_until ->
        [yes] , until { $until }
       *[no] { "" }
    }
