# Times and dates.

time-now = just now
time-seconds = { $count } s
time-minutes = { $count } min
time-hours = { $count } h
time-days =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
time-months = { $count } months
time-years = { $count } years
time-seconds-ago = { $count } s ago
time-minutes-ago = { $count } min ago
time-hours-ago = { $count } h ago
time-days-ago =
    { $count ->
        [one] { $count } day ago
       *[other] { $count } days ago
    }
time-months-ago = { $count } months ago
time-years-ago = { $count } years ago
time-in-seconds = in { $count } s
time-in-minutes = in { $count } min
time-in-hours = in { $count } h
time-in-days =
    { $count ->
        [one] in { $count } day
       *[other] in { $count } days
    }
time-in-months = in { $count } months
time-in-years = in { $count } years

time-day = { $day } { $month } { $year }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
