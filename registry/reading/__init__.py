"""Reading bulk input: octets in, judged rows out, in a process of its own.

Reading and judging a row takes as long as everything else that is done with it, and needs nothing
but the row. So the registry process sends the octets to a reader process (decision 11), which may
run on another processor and is niced, and goes on with rows whose values have their wire form.

In reading order: ``rows`` (pure: what a row is, and how it is judged), ``wire`` (pure: what the two
processes say to each other), ``reader`` (who is asked for rows), ``process`` (who answers).
"""
