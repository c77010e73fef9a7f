# Zeiten und Daten.

time-now = gerade eben
time-seconds =
    { $count ->
        [one] { $count } Sekunde
       *[other] { $count } Sekunden
    }
time-minutes =
    { $count ->
        [one] { $count } Minute
       *[other] { $count } Minuten
    }
time-hours =
    { $count ->
        [one] { $count } Stunde
       *[other] { $count } Stunden
    }
time-days =
    { $count ->
        [one] { $count } Tag
       *[other] { $count } Tage
    }
time-months =
    { $count ->
        [one] { $count } Monat
       *[other] { $count } Monate
    }
time-years =
    { $count ->
        [one] { $count } Jahr
       *[other] { $count } Jahre
    }
time-seconds-ago =
    { $count ->
        [one] vor { $count } Sekunde
       *[other] vor { $count } Sekunden
    }
time-minutes-ago =
    { $count ->
        [one] vor { $count } Minute
       *[other] vor { $count } Minuten
    }
time-hours-ago =
    { $count ->
        [one] vor { $count } Stunde
       *[other] vor { $count } Stunden
    }
time-days-ago =
    { $count ->
        [one] vor { $count } Tag
       *[other] vor { $count } Tagen
    }
time-months-ago =
    { $count ->
        [one] vor { $count } Monat
       *[other] vor { $count } Monaten
    }
time-years-ago =
    { $count ->
        [one] vor { $count } Jahr
       *[other] vor { $count } Jahren
    }
time-in-seconds =
    { $count ->
        [one] in { $count } Sekunde
       *[other] in { $count } Sekunden
    }
time-in-minutes =
    { $count ->
        [one] in { $count } Minute
       *[other] in { $count } Minuten
    }
time-in-hours =
    { $count ->
        [one] in { $count } Stunde
       *[other] in { $count } Stunden
    }
time-in-days =
    { $count ->
        [one] in { $count } Tag
       *[other] in { $count } Tagen
    }
time-in-months =
    { $count ->
        [one] in { $count } Monat
       *[other] in { $count } Monaten
    }
time-in-years =
    { $count ->
        [one] in { $count } Jahr
       *[other] in { $count } Jahren
    }

time-day = { $day }. { $month } { $year }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
