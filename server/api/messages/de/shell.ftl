# The frame of every page: navigation, search, the person's menu, notices.
skip-to-content = Zum Inhalt springen
home = Start
catalog = Katalog
claims = Ressourcen
requests = Anträge
approvals = Freigaben
usage = Nutzung
admin = Verwaltung
where-to-go = Wohin
main-navigation = Hauptnavigation
waiting = { " " }warten
working-in = Sie arbeiten in{ " " }
within = in { $parent }
breadcrumbs = Pfad
search = Suchen
search-everywhere = Überall suchen
search-found = Gefunden
search-nothing = Nichts heißt so.
search-hint = Angebote, Ressourcen, Anträge, Seiten und was Sie tun können.
theme-system = Farben: wie im System eingestellt
theme-light = Farben: hell
theme-dark = Farben: dunkel
language = Sprache
kubectl-access = Zugang mit kubectl
what-you-publish = Was Sie anbieten
signed-in-as = Angemeldet als { $name }
api-tokens = API-Tokens
sessions = Sitzungen
sign-out = Abmelden
undo = Rückgängig machen
undo-seconds = Sie haben { $seconds } Sekunden Zeit. Vorher wird nichts ausgeführt.

# Parts of several pages.
copy = Kopieren
copy-what = Kopieren: { $what }
copy-with-secrets = Mit den Geheimnissen kopieren
differences = Unterschiede
nobodys = Von niemandem
invisible-characters = Enthält unsichtbare Zeichen:{ " " }

# What a form did, on the page after it.
notice-submitted = Ihr Antrag wurde gesendet.
notice-approved = Sie haben den Antrag freigegeben.
notice-rejected = Sie haben den Antrag abgelehnt.
notice-undone = Sie haben Ihre Entscheidung zurückgenommen. Der Antrag wartet wieder auf Sie.
notice-withdrawn = Sie haben den Antrag zurückgezogen.
notice-commented = Ihr Kommentar wurde hinzugefügt.
notice-agent-revoked = Der Agent ist gesperrt. Seine Verbindung ist getrennt, und er wird ab jetzt abgewiesen.
notice-ended = Beendet. Ab jetzt wird der Zugriff abgewiesen.
notice-cordoned = Die Control Plane nimmt ab jetzt keine neuen Ressourcen an.
notice-uncordoned = Die Control Plane nimmt wieder neue Ressourcen an.
notice-cluster-accepted = Sie haben den Cluster anerkannt. Portico verbindet sich in wenigen Sekunden mit ihm.
notice-permission-accepted = Sie haben die Erlaubnis erteilt.
notice-permission-refused = Sie haben die Erlaubnis verweigert. Das gilt sofort.
notice-acknowledged = Sie haben die Brüche im Protokoll zur Kenntnis genommen. Sie bleiben hier aufgeführt.
notice-revoked = Der Token ist gesperrt. Programme, die ihn verwenden, werden ab jetzt abgewiesen.
notice-record-broken = Das Protokoll ist nicht mehr, wie es geschrieben wurde: Vielleicht hat jemand die Datenbank von Hand geändert. Siehe Verwaltung, Protokoll.

form-of-old-session = Sie haben sich wieder angemeldet, seit Sie dieses Formular geöffnet haben. Ihre Eingaben sind hier: Sehen Sie sie durch und senden Sie sie.
