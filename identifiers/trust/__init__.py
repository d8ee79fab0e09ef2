"""Trusted resolution (可信解析): signed records, certificates, and the chain between them.

A value of type HS_SIGNATURE holds the digests of other values of its record, signed by somebody; a
value of type HS_CERT says which key somebody has and what he may sign for, signed by somebody else;
and so on, up to a key that whoever asks has trusted from the start. Pure: certificates are fetched
by the caller, and the time is an argument. In reading order:

* ``errors``        the one error of this package
* ``jws``           the compact form in which both travel
* ``digests``       the digest of one value
* ``permissions``   what a certificate lets its subject sign for
* ``claims``        what signatures and certificates say
* ``roots``         keys that are trusted from the start
* ``verification``  from an answer to trusted, untrusted or unknown, step by step
* ``signing``       making signatures and certificates
"""
