"""Whether static files are all there and served right: a site asked as browsers do, a directory looked at."""
