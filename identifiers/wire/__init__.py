"""The codecs: bytes in, values out, and back. No IO.

In reading order:

* ``cursor``     the one bounds-checked cursor and ``ProtocolError``
* ``handle``     the Handle protocol (RFC 3652) as it is spoken
* ``rows``       what every reader of bulk input gives: rows with their numbers and offsets
* ``members``    reading one object of a document, all faults noted
* ``jsonload``   the strict JSON loader
* ``dataform``   the data of a value as a document; ``siteform`` for site records and keys
* ``jsonform``   the Handle JSON form of values and identifiers, in and out
* ``plainvalues``  values that are nothing but text, straight into that form
* ``jsonfast``   the same for bulk input, typed and fast
* ``jsonlines``  identifiers as newline-delimited JSON; ``jsonbatch`` as one document
* ``cborform``   the same form in CBOR, and CBOR sequences (RFC 8742)
* ``csvform``    identifiers as tables; ``gb18030`` as Chinese Excel encodes them
"""
