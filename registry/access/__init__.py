"""Who may come in, and how much of the node he may use.

In reading order:

- `ports`: what this needs of a store
- `passwords`: what people prove themselves by, hashed slowly
- `programs`: what programs prove themselves by, sealed
- `accounts`: accounts are made, changed, disabled
- `keys`: API keys of enterprises, which never give more than their makers have
- `bounds`: until when and from where the keys of identities count; `key_pairs`: who says so
- `limits`: how many requests an enterprise may make; `quotas`: how many identifiers it may have
- `logins`: a name and a proof become a token; a token becomes an account
"""
