"""What is in an image, who owns it, what of it is waste. Nothing of the image is executed or stored.

The way of the data, each step a module:

    layers ─ read (one streaming pass each) ─ Entries ─ merge ─ Merged ─ attribute ─ Analysis ─ rules ─ Findings

`model` is where to begin: an `Analysis` is columns of numbers (`entries.Entries`, one row for each member of each
layer), a merged tree that maps paths to rows, and an owner for each row. 60,000 rows are usual, a million must fit, so
there is no object for each of them.
"""
