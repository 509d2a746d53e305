"""groupchat-connect: the command line, standard input and output, and the terminal."""
