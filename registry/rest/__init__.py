"""The REST form of Handle.Net 9, for everything that needs somebody to be known.

Workers answer what anybody may look up; all other calls come over the relay. It is a second
translation of what the Handle protocol speaks with too (`registry.handle`). In reading order:

* ``asks``            one request, and its parameters
* ``replies``         one answer: which status a response code has, which document
* ``credentials``     what an Authorization header says (pure)
* ``sessions``        ids and nonces; who is logged in
* ``authentication``  from a request to an identity
* ``handles``         GET, PUT and DELETE of one identifier
* ``lists``           identifiers by prefix, page by page; prefixes; homing
* ``proofs``          sessions and verifications
* ``reverse``         reverse look-up (``/hrls``)
* ``app``             the routes
"""
