"""The domain of a secondary node and its wire codecs: values in, bytes out.

Nothing here does IO, reads a clock, draws a random number or logs. In reading order:

* ``faults``      what is wrong with an input, said once, in English and Chinese
* ``names``       handles and prefixes, their grammar and canonical form
* ``values``      typed values of a record
* ``records``     one identifier with all its values, as it is stored
* ``routes``      what a prefix's own record says: who answers for names, how they are computed
* ``directory``   which prefixes this node homes, and for whom
* ``namespaces``  the language of template handles; on ``elements`` (XML) and ``patterns`` (regular
                  expressions), both safe with what strangers write; ``template_handles`` says which
                  names are computed
* ``locations``   10320/loc: several places to go to, and the choice among them
* ``principals``  who asks, and the one ``authorize``
* ``queries``     what a look-up asks for
* ``submissions`` what a caller wants an identifier to be
* ``outcomes``    every way a look-up can end
* ``changes``     what a write leaves behind: record, change, audit entry, stored answer
* ``merkle``      the RFC 9162 tree over audit entries
* ``errors``      what a store may raise, named by what the caller must do
* ``wire``        the codecs: Handle protocol, JSON and CBOR forms
* ``keys``        keys, signatures, answers to challenges
* ``trust``       signed records, certificates, and the chain between them
"""
