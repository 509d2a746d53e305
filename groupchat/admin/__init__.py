"""``groupchat-admin``, and what it and the server say to each other over the admin socket."""
