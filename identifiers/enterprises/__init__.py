"""Enterprises (企业): what they tell of themselves, and how that is reviewed.

In reading order:

- `fields`: the language in which documents are described, and their reader
- `tables`: the fields of the national tables T1 and T6, once, with all their names
- `particulars`: what an enterprise tells of itself, and what must hang together in it
- `masking`: how personal data is taken apart and shown
- `review`: the way of an application through two reviews
- `ledger`: applications, enterprises, and what stands beside them, as they are kept
- `files`: documents that go with applications
- `differences`: what changed between two versions of an enterprise
- `certificates`: what an enterprise certificate says, and whether it holds
"""
