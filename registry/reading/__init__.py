"""Reading bulk input: octets in, judged rows out, in a process of its own.

Reading and judging a row takes as long as everything else that is done with it, and needs nothing
but the row. So the registry process sends the octets to a reader process (decision 11), which may
run on another processor and is niced, and goes on with rows whose values have their wire form.

In reading order: ``judging`` (pure: a judged row), ``alike`` (pure: lines that are judged by one of
them), ``rows`` (pure: a body cut into judged rows), ``wire`` (pure: what the two processes say to
each other), ``reader`` (who is asked for rows), ``process`` (who answers).
"""
