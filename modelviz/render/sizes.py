"""The sizes of the text in a picture, in points: of titles, of names, and of what is smallest."""

TITLE, SMALL, TINY = 10.5, 8.5, 8.5
