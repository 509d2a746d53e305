"""
The ledger in PostgreSQL, which several nodes share. Its modules need psycopg, which comes with
``pip install "groupchat[postgresql]"``.
"""
