"""The business of a node (二级节点业务): whom it takes in, and what they are allotted.

In reading order:

- `ports`: what it needs of a store
- `personal`: personal data, sealed and opened
- `admissions`: applications, from the first to the approval
"""
