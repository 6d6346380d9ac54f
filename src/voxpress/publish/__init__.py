"""Publications: finished files in the form in which another program takes them.

`systems` has one file for each target system. `packs` makes an archive of a rendered folder, with the tree that a
system expects. `mailboxes` reads lists of mailboxes, `greetings` turns them into rows, `voicemail` reads what a project
says of them, and `recordings` looks for what lies in their place.
"""
