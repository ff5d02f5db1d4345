"""A market on a web page: the JSON API of its index, and the console that shows it."""
