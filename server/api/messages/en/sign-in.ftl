# Signing in and out.
sign-in = Sign in
signed-out = You are signed out.
continue-with = Continue with { $provider }
no-identity-provider = No identity provider is configured. Ask your platform team.
session-ended = Your session has ended
session-ended-hint = Nothing was sent. Sign in again and go on: what you typed is not lost.
sign-in-new-window = Sign in in a new window
signed-in-again = Signed in again in another window? Then go on here:
back-to-typed = Back to what I typed
your-comment = Your comment
your-note = Your note
your-reason = Your reason
