"""Static files of a front end: which are worth compressing, their sidecars, their times, and nginx over them."""
