"""Networks of `keras.applications` as comparators."""
