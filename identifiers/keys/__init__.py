"""Keys, signatures and message authentication of the Handle protocol and its Chinese dialect.

Pure: private keys, random bytes and the time are arguments, and nothing is read or drawn here.
In reading order:

* ``errors``       the one error of this package
* ``curve``        the points of the curve SM2
* ``native``       SM2 by the system's libcrypto, where there is one
* ``sm2``          SM2 signatures with SM3, and how their keys are written
* ``public``       public keys as HS_PUBKEY values hold them, and verifying with them
* ``signers``      whoever holds a private key
* ``keyfiles``     how private keys are written
* ``responses``    answers to challenges, for public keys and for secret keys
* ``sessions``     session keys: agreed on, carried, encrypting
* ``credentials``  HS_MAC and HS_SIGNED of messages
* ``bounds``       until when and from where a key counts
"""
