"""Backups of a node: made while it serves, for the holders of a key alone, and put back.

A backup is one file in the form of age, and in it a tar of everything that a city needs to go on:
settings, keys, trust bundles, and each row of the store as of one instant. Its last member is a
manifest that the city signed: whoever knows the recipients' keys, which are no secret, can make no
backup that passes for the city's.

What is refused: a file that was cut or changed anywhere, a log in it that does not lead to every
checkpoint which the city signed, and a place to restore to that is not empty. What is checked
elsewhere: whether partners know a newer log than the backup has (`node.services.log_asking`).
"""
