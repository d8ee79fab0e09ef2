"""The SNMS-style interface (二级标识业务管理系统): its documents, to ours and back. Pure.

In reading order:

- `lenient`: documents that were written from contradicting tables
- `envelope`: what every answer is wrapped in, and the sentences that clients compare
- `objects`: identifiers
- `templates`: metadata templates
- `applications`: applications of enterprises
- `routes`: where the names of a prefix are answered

Source: CAICT, documentation of the interface of SNMS v3 and v5. Where its tables and its examples
differ both are taken: ``status`` is a number, numbers may be written as texts, misprinted names
count as what they stand for, and what is not known is passed over.
"""
