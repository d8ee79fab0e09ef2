"""Metadata templates (元数据模板): which values an identifier has, and of what kind each is.

In reading order:

- `types`: kinds of values and their one canonical text
- `items`: one entry of a template (数据项) with its rules
- `templates`: a template, how it is read and how it grows
- `checking`: values against a template, attributes to values and back
- `layouts`: a template made ready for registration
- `book`: the templates that are in force at one moment
"""
