"""Codes that others issue: how they are written, and what their check characters say.

Not here: whether anybody bears such a code; that only its register knows. In reading order:

- `checks`: the check characters
- `organisations`: who an enterprise or a person is (统一社会信用代码, 组织机构代码, 公民身份号码)
- `divisions`: places (行政区划代码, GB/T 2260)
- `industries`: trades at four levels (国民经济行业分类, GB/T 4754)
- `transport`: containers, vehicles and their plates
"""
