# The frame of every page: navigation, search, the person's menu, notices.
skip-to-content = Skip to content
home = Home
catalog = Catalog
claims = Claims
requests = Requests
approvals = Approvals
usage = Usage
admin = Admin
where-to-go = Where to go
main-navigation = Main
waiting = { " " }waiting
working-in = Working in{ " " }
within = in { $parent }
breadcrumbs = Breadcrumbs
search = Search
search-everywhere = Search everywhere
search-found = Found
search-nothing = Nothing is called that.
search-hint = Offerings, claims, requests, pages and what can be done.
theme-system = Theme: as the system has it
theme-light = Theme: light
theme-dark = Theme: dark
language = Language
kubectl-access = kubectl access
what-you-publish = What you publish
signed-in-as = Signed in as { $name }
api-tokens = API tokens
sessions = Sessions
sign-out = Sign out
undo = Undo
undo-seconds = You have { $seconds } seconds. Nothing is applied before.

# Parts of several pages.
copy = Copy
copy-what = Copy { $what }
copy-with-secrets = Copy, with the secrets
differences = Differences
nobodys = Nobody’s
invisible-characters = Contains invisible characters:{ " " }

# What a form did, on the page after it.
notice-submitted = Your request was sent.
notice-approved = You approved the request.
notice-rejected = You rejected the request.
notice-undone = You took your decision back. The request waits for you again.
notice-withdrawn = You took the request back.
notice-commented = Your comment was added.
notice-agent-revoked = The agent is revoked. It is cut off, and refused from now on.
notice-ended = It is ended, and refused from now on.
notice-cordoned = The control plane takes no new claims from now on.
notice-uncordoned = The control plane takes new claims again.
notice-cluster-accepted = You accepted the cluster. Portico connects to it within seconds.
notice-permission-accepted = You accepted the permission.
notice-permission-refused = You refused the permission. That takes effect at once.
notice-acknowledged = You took note of the breaks of the record. They stay listed here.
notice-revoked = The token is revoked. Programs that use it are refused from now on.
notice-record-broken = The record is not as it was written: somebody may have changed the database by hand. See Admin, Record.

form-of-old-session = You signed in again since you opened this form. What you typed is here: look it over and send it.
