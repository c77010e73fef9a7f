# Signing in and out.
sign-in = Anmelden
signed-out = Sie sind abgemeldet.
continue-with = Weiter mit { $provider }
no-identity-provider = Es ist kein Anmeldedienst eingerichtet. Fragen Sie Ihr Plattform-Team.
session-ended = Ihre Sitzung ist beendet
session-ended-hint = Es wurde nichts gesendet. Melden Sie sich wieder an und machen Sie weiter: Ihre Eingaben sind nicht verloren.
sign-in-new-window = In neuem Fenster anmelden
signed-in-again = In einem anderen Fenster wieder angemeldet? Dann machen Sie hier weiter:
back-to-typed = Zurück zu meinen Eingaben
your-comment = Ihr Kommentar
your-note = Ihre Notiz
your-reason = Ihre Begründung
