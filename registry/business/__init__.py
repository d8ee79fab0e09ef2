"""The business of a node (二级节点业务): whom it takes in, and what they are allotted.

In reading order:

- `ports`: what it needs of a store
- `asking`: what its commands are told, and what they leave behind
- `personal`: personal data, sealed and opened
- `admissions`: applications, from the first to the verdicts; `refusals`: why one is not taken;
  `approvals`: what an approval makes
- `national`: what the national node is told, and its verdicts
- `documents`: documents of applications
- `members`: enterprises that were taken in; `farewell`: what becomes of their prefixes
- `certificates`: enterprise certificates
- `prefix_ports`: what prefixes need of a store; `placing` (pure): where they may stand
- `prefixes`: states, transfer, quotas, allotment; `hosting`: where their names live
- `prefix_applications`: enterprises ask for prefixes more
- `templates`: metadata templates; `codes`: code rules, and the codes that they give
- `shown`: how all of them are shown
"""
