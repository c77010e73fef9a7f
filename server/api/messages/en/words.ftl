# Words that stand for themselves: states, kinds, badges.
health-pending = Pending
health-ready = Ready
health-degraded = Degraded
health-paused = Paused
health-deleting = Deleting
health-gone = Gone
health-unreachable = Unreachable
health-unknown = Unknown
state-draft = Draft
state-submitted = Submitted
state-awaiting-approval = Awaiting approval
state-approved = Approved
state-applying = Applying
state-fulfilled = Applied
state-rejected = Rejected
state-withdrawn = Withdrawn
state-expired = Expired
state-failed = Failed
action-create = New
action-change = Change
action-renew = Renewal
action-adopt = Adoption
action-delete = Deletion
category-databases = Databases
category-queues = Queues and streams
category-clusters = Clusters
category-storage = Storage
category-other = Other
phase-draft = Draft
phase-deprecated = Deprecated
phase-ending = Ends soon
phase-ended = Ended
plane-cordoned = Cordoned
plane-ready = Ready
plane-connecting = Connecting
plane-unreachable = Unreachable
plane-misconfigured = Misconfigured

# Counts.
count-claims =
    { $count ->
        [one] { $count } claim
       *[other] { $count } claims
    }
count-offerings =
    { $count ->
        [one] { $count } offering
       *[other] { $count } offerings
    }

# Prices.
price-month = a month
price-same = as now
price-more = { $amount } more than now
price-less = { $amount } less than now
price-replaces = in place of { $amount } { $period }
price-ends = no longer

# Where an offering is in its life.
lifecycle-draft = { $offering } is a draft: only platform admins see it in the catalog and can request it.
lifecycle-ended = { $offering } is deprecated and ended on { $day }.
lifecycle-ends = { $offering } is deprecated and ends on { $day }.
lifecycle-deprecated = { $offering } is deprecated.
lifecycle-claim-ended = This claim stays until somebody deletes it, but do not rely on it any longer.
lifecycle-claim-ends = This claim goes on until then, and stays until somebody deletes it.
lifecycle-none-new = It takes no new claims; existing ones can be changed.
lifecycle-none-new-ended = It takes no new claims; existing ones stay.
lifecycle-ends-on = Ends on { $day }.
lifecycle-ended-on = Ended on { $day }.
lifecycle-instead = Use { $other } instead.

# Pages of a list.
pager-nothing = Nothing on this page
pager-range-of = { $first }–{ $last } of { $total }
pager-range = { $first }–{ $last }
pager-previous = Previous
pager-next = Next
pager-label = Pages
filters = Filters
all = All
only-mine = Only mine
new-request = New request
look-through-catalog = Look through the catalog
take-away-filter = Take away a filter to see more.

# Tables of claims and requests.
head-name = Name
head-health = Health
head-offering = Offering
head-version = Version
head-plan = Plan
head-environment = Environment
head-plane = Control plane
head-age = Age
head-request = Request
head-state = State
head-requested-by = Requested by
head-moved = Moved
select-all = Select all on this page
select-one = Select { $name }
last-seen = Last seen { $when }
ran-out = Ran out
renew-or-delete = Renew it or delete it
offering-ended-on = Its offering ended on { $day }.
offering-ends-on = Its offering ends on { $day }.

# Health within a sentence.
is-pending = pending
is-ready = ready
is-degraded = degraded
is-paused = paused
is-deleting = deleting
is-gone = gone
is-unreachable = unreachable
is-unknown = unknown
