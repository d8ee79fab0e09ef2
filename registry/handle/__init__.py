"""Administration over the Handle protocol: messages in, messages out, in the registry process.

Nothing here decides about rights: `registry.service` does. In reading order:

* ``turns``         one request under way, and what is told about it
* ``challenges``, ``sessions``, ``logins``  who is known, or will be, and for how long
* ``sealing``       MACs and encryption within sessions, signed replies
* ``proving``       who makes a request
* ``requests``      which command of the registry a message is
* ``replies``       which reply an answer of the registry is
* ``lookups``       resolutions for somebody who is known
* ``operations``    what messages ask for
* ``homing``        prefixes, for server administrators
* ``logging_in``, ``establishing``  the operations that make somebody known
* ``service``       all of it together
"""
